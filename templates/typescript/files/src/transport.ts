import device from 'azure-iot-device';
import mqtt from 'azure-iot-device-mqtt';

interface Call {
  requestId: string;
  methods: { methodName: string };
}

/**
 * MQTT, answering a direct method that nobody registered with 404.
 *
 * The SDK announces a call of `name` as the event `method_name` and forgets it when nobody listens, so that its caller
 * would wait for the timeout.
 */
export class Transport extends mqtt.Mqtt {
  override emit(event: string | symbol, ...details: unknown[]): boolean {
    const called = typeof event === 'string' && event.startsWith('method_');
    if (called && this.listenerCount(event) === 0) {
      const { requestId, methods } = details[0] as Call;
      const response = new device.DeviceMethodResponse(requestId, this);
      response.send(404, { error: `there is no method ${methods.methodName}` }, () => {});
    }
    return super.emit(event, ...details);
  }
}
