package module;

import com.microsoft.azure.sdk.iot.device.IotHubClientProtocol;
import com.microsoft.azure.sdk.iot.device.IotHubMessageResult;
import com.microsoft.azure.sdk.iot.device.Message;
import com.microsoft.azure.sdk.iot.device.MessageProperty;
import com.microsoft.azure.sdk.iot.device.ModuleClient;
import com.microsoft.azure.sdk.iot.device.exceptions.IotHubClientException;
import com.microsoft.azure.sdk.iot.device.transport.IotHubConnectionStatus;
import com.microsoft.azure.sdk.iot.device.twin.DirectMethodResponse;
import com.microsoft.azure.sdk.iot.device.twin.Twin;
import com.microsoft.azure.sdk.iot.device.twin.TwinCollection;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * An IoT Edge module that forwards telemetry above a threshold.
 *
 * <p>A message on {@code input1} whose temperature is above the threshold leaves on {@code output1} with
 * {@code "alert": true} and a running {@code "count"}; any other is dropped. The threshold is the desired property
 * {@code threshold} of the module's twin, and is reported back. The direct method {@code status} tells the counters,
 * {@code ping} answers {@code "pong"}.
 */
public final class Main {
    private final Filter filter = new Filter();
    private final CountDownLatch configured = new CountDownLatch(1);
    /** The SDK's own thread must not wait for an answer of the hub. */
    private final ExecutorService worker = Executors.newSingleThreadExecutor();
    private final ModuleClient client;
    private Number reported;

    private Main(ModuleClient client) {
        this.client = client;
    }

    public static void main(String[] args) throws Exception {
        CountDownLatch stop = new CountDownLatch(1);
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            stop.countDown();
            try {
                stopped.await();
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
            }
        }));
        ModuleClient client = ModuleClient.createFromEnvironment(new WorkloadSocket(), IotHubClientProtocol.MQTT);
        try {
            new Main(client).start();
            stop.await();
            System.out.println("stopping");
        } finally {
            client.close();
            stopped.countDown();
        }
    }

    private void start() throws IotHubClientException, InterruptedException {
        // The hub may deliver at once: the handler is there before the connection is opened, and waits for the twin
        // before it decides anything.
        client.setMessageCallback("input1", (message, context) -> handle(message), null);
        client.setMessageCallback((message, context) -> IotHubMessageResult.COMPLETE, null);
        client.setConnectionStatusChangeCallback(change -> {
            System.out.println("the connection: " + change.getNewStatus() + ", " + change.getNewStatusReason());
            if (change.getNewStatus() == IotHubConnectionStatus.CONNECTED) {
                worker.execute(this::readTwin);
            }
        }, null);
        client.open(true);
        client.subscribeToMethods((name, payload, context) -> answer(name), null);
        client.subscribeToDesiredProperties((twin, context) -> {
            filter.apply(twin.getDesiredProperties());
            worker.execute(this::report);
        }, null);
        readTwin();
    }

    /** Reads the twin: the SDK does not ask what changed while the connection was lost. */
    private void readTwin() {
        try {
            Twin twin = client.getTwin();
            // A threshold that is not there is the default, as one that is null.
            Map<String, Object> desired = new HashMap<>();
            desired.put("threshold", null);
            desired.putAll(twin.getDesiredProperties());
            filter.apply(desired);
            configured.countDown();
            report();
        } catch (IotHubClientException | InterruptedException | IllegalStateException error) {
            System.err.println("cannot read the twin: " + error.getMessage());
        }
    }

    /** Leaves the message to the worker; it is complete at once, for the SDK waits for nothing else meanwhile. */
    private IotHubMessageResult handle(Message message) {
        worker.execute(() -> {
            try {
                configured.await();
                forward(message);
            } catch (IotHubClientException | InterruptedException | IllegalStateException error) {
                System.err.println("cannot forward a message: " + error.getMessage());
            }
        });
        return IotHubMessageResult.COMPLETE;
    }

    private void forward(Message message) throws IotHubClientException, InterruptedException {
        Optional<String> body = filter.handle(message.getBytes());
        if (body.isEmpty()) {
            return;
        }
        Message output = new Message(body.get().getBytes(StandardCharsets.UTF_8));
        output.setContentType("application/json");
        output.setContentEncoding("utf-8");
        for (MessageProperty property : message.getProperties()) {
            output.setProperty(property.getName(), property.getValue());
        }
        client.sendEvent(output, "output1");
    }

    private DirectMethodResponse answer(String method) {
        return switch (method) {
            case "status" -> new DirectMethodResponse(200, filter.status());
            case "ping" -> new DirectMethodResponse(200, "pong");
            default -> new DirectMethodResponse(404, Map.of("error", "there is no method " + method));
        };
    }

    private synchronized void report() {
        Number threshold = filter.threshold();
        if (threshold.equals(reported)) {
            return;
        }
        TwinCollection patch = new TwinCollection();
        patch.put("threshold", threshold);
        try {
            client.updateReportedProperties(patch);
            reported = threshold;
            System.out.println("the threshold is " + threshold);
        } catch (IotHubClientException | InterruptedException | IllegalStateException error) {
            System.err.println("cannot report the threshold: " + error.getMessage());
        }
    }
}
