package module;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.TypeAdapter;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What the module decides; knows nothing of the hub. */
final class Filter {
    private static final double DEFAULT_THRESHOLD = 25;
    private static final TypeAdapter<JsonElement> JSON = new Gson().getAdapter(JsonElement.class);

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
            parsed = parse(new String(data, StandardCharsets.UTF_8));
        } catch (IOException | JsonParseException error) {
            System.err.println("dropped a message that is not JSON");
            return Optional.empty();
        }
        if (!parsed.isJsonObject() || !isAbove(temperatureOf(parsed.getAsJsonObject()))) {
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

    /** Returns the machine's temperature, as the simulated sensor sends it, or else the one at the top. */
    private static JsonElement temperatureOf(JsonObject body) {
        JsonElement machine = body.get("machine");
        if (machine != null && machine.isJsonObject() && isNumber(machine.getAsJsonObject().get("temperature"))) {
            return machine.getAsJsonObject().get("temperature");
        }
        return body.get("temperature");
    }

    private boolean isAbove(JsonElement temperature) {
        return isNumber(temperature) && temperature.getAsDouble() > threshold;
    }

    private static boolean isNumber(JsonElement value) {
        return value != null
                && value.isJsonPrimitive()
                && value.getAsJsonPrimitive().isNumber()
                && Double.isFinite(value.getAsDouble());
    }

    /** Reads one document, and JSON only: {@code JsonParser} also reads what only looks like it. */
    private static JsonElement parse(String text) throws IOException {
        JsonReader reader = new JsonReader(new StringReader(text));
        JsonElement parsed = JSON.read(reader);
        if (reader.peek() != JsonToken.END_DOCUMENT) {
            throw new IOException("more than one document");
        }
        return parsed;
    }

    /** Returns a whole number as such, so that 1000 is not told as 1000.0. */
    private static Number plain(double value) {
        if (value == Math.rint(value) && Math.abs(value) < 1L << 53) {
            return (long) value;
        }
        return value;
    }
}
