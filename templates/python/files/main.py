"""An IoT Edge module that forwards telemetry above a threshold.

A message on `input1` whose `temperature` is above the threshold leaves on `output1` with `"alert": true` and a running
`"count"`; any other is dropped. The threshold is the desired property `threshold` of the module's twin, and is
reported back. The direct method `status` tells the counters.
"""

import asyncio
import concurrent.futures
import json
import logging
import signal

from azure.iot.device import Message, MethodResponse
from azure.iot.device.aio import IoTHubModuleClient

DEFAULT_THRESHOLD = 25

log = logging.getLogger("module")


class Filter:
    """What the module decides; knows nothing of the hub."""

    def __init__(self):
        self.threshold = DEFAULT_THRESHOLD
        self.received = 0
        self.forwarded = 0

    def apply(self, desired):
        """Takes over desired properties; a threshold of `null` is the default again."""
        threshold = desired.get("threshold", self.threshold)
        if threshold is None:
            self.threshold = DEFAULT_THRESHOLD
        elif is_number(threshold):
            self.threshold = threshold
        else:
            log.warning("ignored the threshold %r: expected a number", threshold)

    def handle(self, data):
        """Returns the document to forward, or `None` to drop the message."""
        self.received += 1
        try:
            body = json.loads(data)
        except ValueError:
            log.warning("dropped a message that is not JSON")
            return None
        temperature = body.get("temperature") if isinstance(body, dict) else None
        if not is_number(temperature) or temperature <= self.threshold:
            return None
        self.forwarded += 1
        return {**body, "alert": True, "count": self.forwarded}

    def status(self):
        return {"received": self.received, "forwarded": self.forwarded, "threshold": self.threshold}


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class Module:
    """Ties the filter to the hub. The SDK runs the handlers on an event loop and a thread of their own."""

    def __init__(self, client):
        self.client = client
        self.filter = Filter()
        self.reported = None
        self.configured = concurrent.futures.Future()

    async def start(self):
        # Setting the first handler connects, and the hub may deliver at once: handlers come first, and wait for
        # the twin before they decide anything.
        self.client.on_message_received = self.on_message
        self.client.on_twin_desired_properties_patch_received = self.on_desired
        self.client.on_method_request_received = self.on_method
        twin = await self.client.get_twin()
        self.filter.apply(twin["desired"])
        await self.report()
        self.configured.set_result(None)

    async def on_message(self, message):
        await asyncio.wrap_future(self.configured)
        if message.input_name != "input1":
            return
        body = self.filter.handle(message.data)
        if body is None:
            return
        output = Message(json.dumps(body), content_encoding="utf-8", content_type="application/json")
        properties = message.custom_properties.items()
        output.custom_properties = {name: value for name, value in properties if not name.startswith("$.")}
        await self.client.send_message_to_output(output, "output1")

    async def on_desired(self, patch):
        await asyncio.wrap_future(self.configured)
        self.filter.apply(patch)
        await self.report()

    async def on_method(self, request):
        known = request.name == "status"
        payload = self.filter.status() if known else {"error": f"there is no method {request.name}"}
        response = MethodResponse.create_from_method_request(request, 200 if known else 404, payload)
        await self.client.send_method_response(response)

    async def report(self):
        threshold = self.filter.threshold
        if threshold == self.reported:
            return
        await self.client.patch_twin_reported_properties({"threshold": threshold})
        self.reported = threshold
        log.info("the threshold is %s", threshold)


async def main():
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("azure").setLevel(logging.WARNING)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    client = IoTHubModuleClient.create_from_edge_environment()
    try:
        await Module(client).start()
        await stop.wait()
        log.info("stopping")
    finally:
        await client.shutdown()


if __name__ == "__main__":
    asyncio.run(main())
