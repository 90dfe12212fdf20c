"""Sends a message that is larger than the hub takes, over bare MQTT: the SDKs refuse to.

Tells `connected`, then `closed` when the hub ends the connection, or `failure` if it takes the message.
"""

import base64
import hashlib
import hmac
import json
import os
import ssl
import time
from urllib.parse import quote

import paho.mqtt.client as mqtt

SIZE = 300 * 1024

given = dict(part.split("=", 1) for part in os.environ["EdgeHubConnectionString"].split(";"))
identity = "{DeviceId}/{ModuleId}".format(**given)


def token():
    resource = quote("{HostName}/devices/{DeviceId}/modules/{ModuleId}".format(**given), safe="")
    expiry = int(time.time()) + 3600
    key = base64.b64decode(given["SharedAccessKey"])
    signature = base64.b64encode(hmac.digest(key, f"{resource}\n{expiry}".encode(), hashlib.sha256))
    return f"SharedAccessSignature sr={resource}&sig={quote(signature, safe='')}&se={expiry}"


def tell(event):
    print(json.dumps({"event": event}), flush=True)


def on_connect(client, _data, _flags, code):
    tell("connected" if code == 0 else "failure")
    topic = "devices/{DeviceId}/modules/{ModuleId}/messages/events/".format(**given)
    client.publish(topic, b"x" * SIZE, qos=1)


def on_publish(client, _data, _id):
    tell("failure")
    client.disconnect()


def on_disconnect(client, _data, code):
    if code != 0:
        tell("closed")
    client.loop_stop()
    os._exit(0)


client = mqtt.Client(client_id=identity, clean_session=False)
client.username_pw_set("{0}/{1}/?api-version=2021-04-12".format(given["HostName"], identity), token())
client.tls_set(os.environ["EdgeModuleCACertificateFile"], tls_version=ssl.PROTOCOL_TLSv1_2)
client.on_connect, client.on_publish, client.on_disconnect = on_connect, on_publish, on_disconnect
client.connect(given["GatewayHostName"], 8883)
client.loop_forever()
