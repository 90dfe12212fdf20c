"""A module on the unmodified Azure IoT SDK for Python, driven and watched by a test.

    python module.py [mqtt|mqtt-ws] [SECONDS between two tokens]

Everything else about the connection comes from the environment. Each line of stdin is a step:

    send OUTPUT JSON [NAME=VALUE]…   telemetry on an output
    twin                             the whole twin
    report JSON                      a patch of the reported properties
    invoke DEVICE/MODULE NAME JSON   a direct method of another module

and the end of stdin disconnects. Each line of stdout is a JSON object whose `event` is the step's word or one of
`connected`, `input`, `desired`, `method`, `disconnected`, `failure`. A direct method answers `{"calls": N, "payload": …}`
with status 200; the method `refuse` answers 409.
"""

import json
import sys
import threading

from azure.iot.device import IoTHubModuleClient, Message, MethodResponse

# The SDK renews a token so many seconds before its end.
RENEWED_BEFORE = 120

printing = threading.Lock()


def tell(event, **facts):
    with printing:
        print(json.dumps({"event": event, **facts}), flush=True)


def tell_failure(step, error):
    tell("failure", step=step, type=type(error).__name__, message=str(error), cause=type(error.__cause__).__name__)


class Module:
    def __init__(self, client):
        self.client = client
        self.calls = 0

    def listen(self):
        self.client.on_message_received = self.tell_input
        self.client.on_twin_desired_properties_patch_received = lambda patch: tell("desired", patch=patch)
        self.client.on_method_request_received = self.answer

    def tell_input(self, message):
        system = {
            "messageId": message.message_id,
            "contentType": message.content_type,
            "contentEncoding": message.content_encoding,
        }
        body = message.data.decode("utf-8", "replace")
        tell("input", input=message.input_name, body=body, properties=message.custom_properties, system=system)

    def answer(self, request):
        self.calls += 1
        tell("method", name=request.name, payload=request.payload)
        status = 409 if request.name == "refuse" else 200
        payload = {"calls": self.calls, "payload": request.payload}
        self.client.send_method_response(MethodResponse.create_from_method_request(request, status, payload))

    def send(self, output, body, *properties):
        message = Message(body, content_encoding="utf-8", content_type="application/json")
        message.custom_properties = dict(text.split("=", 1) for text in properties)
        self.client.send_message_to_output(message, output)
        tell("send", output=output)

    def twin(self):
        tell("twin", twin=self.client.get_twin())

    def report(self, patch):
        self.client.patch_twin_reported_properties(json.loads(patch))
        tell("report")

    def invoke(self, target, name, payload):
        device, module = target.split("/")
        call = {"methodName": name, "payload": json.loads(payload), "responseTimeoutInSeconds": 10, "connectTimeoutInSeconds": 5}
        tell("invoke", answer=self.client.invoke_method(call, device, module))


def run_steps(module):
    steps = {"send": module.send, "twin": module.twin, "report": module.report, "invoke": module.invoke}
    for line in sys.stdin:
        word, *arguments = line.split()
        try:
            steps[word](*arguments)
        except Exception as error:
            tell_failure(word, error)


def options():
    """What the arguments say, as options of every client."""
    chosen = {"websockets": "mqtt-ws" in sys.argv}
    if len(sys.argv) > 2:
        chosen["sastoken_ttl"] = RENEWED_BEFORE + int(sys.argv[2])
    return chosen


def from_environment():
    return IoTHubModuleClient.create_from_edge_environment(**options())


def main(create_client=from_environment, kind=Module):
    try:
        client = create_client()
        client.connect()
    except Exception as error:
        tell_failure("connect", error)
        return 1
    module = kind(client)
    module.listen()
    tell("connected")
    run_steps(module)
    client.shutdown()
    tell("disconnected")
    return 0


if __name__ == "__main__":
    sys.exit(main())
