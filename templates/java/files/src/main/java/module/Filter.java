package module;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonSyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What the module decides; knows nothing of the hub. */
final class Filter {
    private static final double DEFAULT_THRESHOLD = 25;

    private double threshold = DEFAULT_THRESHOLD;
    private int received;
    private int forwarded;

    /** Takes over desired properties; a threshold of {@code null} is the default again. */
    synchronized void apply(Map<String, Object> desired) {
        if (!desired.containsKey("threshold")) {
            return;
        }
        Object value = desired.get("threshold");
        if (value == null) {
            threshold = DEFAULT_THRESHOLD;
        } else if (value instanceof Number number) {
            threshold = number.doubleValue();
        } else {
            System.err.println("ignored the threshold " + value + ": expected a number");
        }
    }

    /** Returns the document to forward; empty to drop the message. */
    synchronized Optional<String> handle(byte[] data) {
        received += 1;
        JsonElement parsed;
        try {
            parsed = JsonParser.parseString(new String(data, StandardCharsets.UTF_8));
        } catch (JsonSyntaxException error) {
            System.err.println("dropped a message that is not JSON");
            return Optional.empty();
        }
        if (!parsed.isJsonObject() || !isAbove(parsed.getAsJsonObject().get("temperature"))) {
            return Optional.empty();
        }
        forwarded += 1;
        JsonObject body = parsed.getAsJsonObject();
        body.addProperty("alert", true);
        body.addProperty("count", forwarded);
        return Optional.of(body.toString());
    }

    synchronized Number threshold() {
        return plain(threshold);
    }

    /** Returns the counters and the threshold in force. */
    synchronized Map<String, Object> status() {
        Map<String, Object> status = new LinkedHashMap<>();
        status.put("received", received);
        status.put("forwarded", forwarded);
        status.put("threshold", threshold());
        return status;
    }

    private boolean isAbove(JsonElement temperature) {
        return temperature != null
                && temperature.isJsonPrimitive()
                && temperature.getAsJsonPrimitive().isNumber()
                && temperature.getAsDouble() > threshold;
    }

    /** Returns a whole number as such, so that 1000 is not told as 1000.0. */
    private static Number plain(double value) {
        if (value == Math.rint(value) && Math.abs(value) < 1L << 53) {
            return (long) value;
        }
        return value;
    }
}
