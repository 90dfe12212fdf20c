package module;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FilterTest {
    private final Filter filter = new Filter();

    private Optional<String> handle(String body) {
        return filter.handle(body.getBytes(StandardCharsets.UTF_8));
    }

    private void checkStatus(String expected) {
        assertEquals(expected, filter.status().toString());
    }

    @Test
    void onlyWhatIsAboveTheThresholdPasses() {
        assertEquals(Optional.empty(), handle("{\"temperature\":25}"));
        Optional<String> passed = handle("{\"unit\":\"C\",\"temperature\":25.10}");
        assertEquals(Optional.of("{\"unit\":\"C\",\"temperature\":25.10,\"alert\":true,\"count\":1}"), passed);
        checkStatus("{received=2, forwarded=1, threshold=25}");
    }

    @Test
    void theTemperatureOfTheMachineComesFirst() {
        Optional<String> passed = handle("{\"machine\":{\"temperature\":25.5},\"temperature\":21}");
        String expected = "{\"machine\":{\"temperature\":25.5},\"temperature\":21,\"alert\":true,\"count\":1}";
        assertEquals(Optional.of(expected), passed);
        assertEquals(Optional.empty(), handle("{\"machine\":{\"temperature\":20},\"temperature\":40}"));
        passed = handle("{\"machine\":{\"pressure\":1},\"temperature\":26}");
        expected = "{\"machine\":{\"pressure\":1},\"temperature\":26,\"alert\":true,\"count\":2}";
        assertEquals(Optional.of(expected), passed);
        assertEquals(Optional.empty(), handle("{\"machine\":26}"));
        checkStatus("{received=4, forwarded=2, threshold=25}");
    }

    @Test
    void whatHasNoTemperatureIsDroppedAndCounted() {
        String[] bodies = {
            "", "[]", "{}", "26", "{\"temperature\":\"26\"}", "{\"temperature\":null}", "{\"temperature\":true}",
            "{temperature:26}", "{\"temperature\":26} x", "{\"temperature\":1e999}", "{\"temperature\":NaN}",
        };
        for (String body : bodies) {
            assertEquals(Optional.empty(), handle(body), body);
        }
        checkStatus("{received=11, forwarded=0, threshold=25}");
    }

    @Test
    void theThresholdFollowsTheDesiredProperties() {
        filter.apply(Map.of("threshold", 30.5));
        assertEquals(30.5, filter.threshold());
        filter.apply(Map.of("other", 1));
        assertEquals(30.5, filter.threshold());
        filter.apply(Map.of("threshold", "hot"));
        assertEquals(30.5, filter.threshold());
        Map<String, Object> deleted = new HashMap<>();
        deleted.put("threshold", null);
        filter.apply(deleted);
        assertEquals(25L, filter.threshold());
    }
}
