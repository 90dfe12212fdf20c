"""An IoT Edge module that forwards telemetry above a threshold.

A message on `input1` whose temperature is above the threshold leaves on `output1` with `"alert": true` and a running
`"count"`; any other is dropped. The threshold is the desired property `threshold` of the module's twin, and is
reported back. The direct method `status` tells the counters, `ping` answers `"pong"`.
"""

import asyncio
import concurrent.futures
import json
import logging
import signal

from azure.iot.device import Message, MethodResponse
from azure.iot.device.aio import IoTHubModuleClient

from filter import Filter

log = logging.getLogger("module")


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
        self.client.on_connection_state_change = self.on_connection
        await self.read_twin()
        self.configured.set_result(None)

    async def read_twin(self):
        twin = await self.client.get_twin()
        # A threshold that is not there is the default, as one that is null.
        self.filter.apply({"threshold": None, **twin["desired"]})
        await self.report()

    async def on_connection(self):
        # The SDK subscribes again after a lost connection, but does not ask what changed meanwhile.
        if self.client.connected and self.configured.done():
            await self.read_twin()

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
        match request.name:
            case "status":
                status, payload = 200, self.filter.status()
            case "ping":
                status, payload = 200, "pong"
            case name:
                status, payload = 404, {"error": f"there is no method {name}"}
        response = MethodResponse.create_from_method_request(request, status, payload)
        await self.client.send_method_response(response)

    async def report(self):
        threshold = self.filter.threshold
        if threshold == self.reported:
            return
        self.reported = threshold
        await self.client.patch_twin_reported_properties({"threshold": threshold})
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
