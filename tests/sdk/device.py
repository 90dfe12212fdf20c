"""A child device on the unmodified Azure IoT SDK for Python; steps and events as in module.py, but for

    send JSON [NAME=VALUE]…          telemetry

and the event `message` for a message from the cloud. The variables are those that `edgectl credentials` prints.
"""

import os
import sys

from azure.iot.device import X509, IoTHubDeviceClient, Message

from module import Module, main, options, tell


class Device(Module):
    def tell_input(self, message):
        tell("message", body=message.data.decode(), properties=message.custom_properties)

    def send(self, body, *properties):
        message = Message(body, content_encoding="utf-8", content_type="application/json")
        message.custom_properties = dict(text.split("=", 1) for text in properties)
        self.client.send_message(message)
        tell("send")


def create_client():
    text = os.environ["IOTHUB_DEVICE_CONNECTION_STRING"]
    with open(os.environ["IOTEDGE_ROOT_CA_CERT_PATH"]) as file:
        authority = file.read()
    if not text.endswith(";x509=true"):
        return IoTHubDeviceClient.create_from_connection_string(text, server_verification_cert=authority, **options())
    parts = dict(part.split("=", 1) for part in text.split(";"))
    return IoTHubDeviceClient.create_from_x509_certificate(
        x509=X509(os.environ["X509_CERT_FILE"], os.environ["X509_KEY_FILE"]),
        hostname=parts["HostName"],
        device_id=parts["DeviceId"],
        gateway_hostname=parts["GatewayHostName"],
        server_verification_cert=authority,
        **options(),
    )


sys.exit(main(create_client, Device))
