"""A strict peer: a module on Qpid Proton, an AMQP client of its own kind, driven and watched by a test.

Each line of stdin is a step, and its end disconnects:

    token SECONDS      puts a token that is good for so long
    send COUNT         so many messages on an output, each awaited
    large KILOBYTES    a message that is cut into frames
    receive WORD…      takes messages of inputs and answers each with the next word: accept, reject or release
    attach ADDRESS     a link that the hub refuses

Each line of stdout is a JSON object whose `event` is the step's word or one of `connected`, `disconnected`, `failure`.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.parse
import uuid

from proton import Delivery, Message, SSLDomain, Timeout
from proton.utils import BlockingConnection, LinkDetached, SendException

given = dict(part.split("=", 1) for part in os.environ["EdgeHubConnectionString"].split(";"))
base = f"/devices/{given['DeviceId']}/modules/{given['ModuleId']}"


def tell(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


def token(seconds):
    resource = urllib.parse.quote(f"{given['HostName']}{base}", safe="")
    expiry = int(time.time()) + seconds
    signed = hmac.new(base64.b64decode(given["SharedAccessKey"]), f"{resource}\n{expiry}".encode(), hashlib.sha256)
    signature = urllib.parse.quote(base64.b64encode(signed.digest()).decode(), safe="")
    return f"SharedAccessSignature sr={resource}&sig={signature}&se={expiry}"


def connect():
    domain = SSLDomain(SSLDomain.MODE_CLIENT)
    domain.set_trusted_ca_db(os.environ["EdgeModuleCACertificateFile"])
    # A name can be compared, an address not.
    domain.set_peer_authentication(SSLDomain.VERIFY_PEER)
    url = f"amqps://{given['GatewayHostName']}:5671"
    return BlockingConnection(url, timeout=10, ssl_domain=domain, heartbeat=10, allowed_mechs="ANONYMOUS")


class Peer:
    def __init__(self, connection):
        self.connection = connection
        self.requests = connection.create_sender("$cbs")
        self.answers = connection.create_receiver("$cbs", credit=10)

    def put_token(self, seconds):
        fields = {"operation": "put-token", "type": "servicebus.windows.net:sastoken", "name": base}
        # A UUID, as Java's.
        request = Message(id=uuid.uuid4(), reply_to="cbs", properties=fields, body=token(seconds))
        self.requests.send(request)
        answer = self.answers.receive()
        return {"status": answer.properties["status-code"], "echoed": answer.correlation_id == request.id}

    def token(self, seconds):
        tell("token", **self.put_token(int(seconds)))

    def send(self, count):
        sender = self.connection.create_sender(f"{base}/messages/events")
        outcomes = []
        for n in range(1, int(count) + 1):
            body = json.dumps({"n": n}).encode()
            message = Message(properties={"iothub-outputname": "output1"}, body=body, inferred=True)
            message.content_type, message.content_encoding = "application/json", "utf-8"
            outcomes.append("accepted" if sender.send(message).remote_state == Delivery.ACCEPTED else "other")
        sender.close()
        tell("send", outcomes=outcomes)

    def large(self, kilobytes):
        sender = self.connection.create_sender(f"{base}/messages/events")
        try:
            sender.send(Message(body=b"x" * (int(kilobytes) * 1024), inferred=True))
            outcome = "accepted"
        except SendException as error:
            outcome = "rejected" if error.state == Delivery.REJECTED else str(error.state)
        sender.close()
        tell("large", outcome=outcome)

    def receive(self, *words):
        receiver = self.connection.create_receiver(f"{base}/messages/events", credit=1)
        bodies = []
        for word in words:
            # The body is a view into the message.
            message = receiver.receive()
            bodies.append(bytes(message.body).decode())
            # Not as a failed delivery, so that the outcome is `released` and not `modified`.
            getattr(receiver, word)(*([False] if word == "release" else []))
        receiver.close()
        tell("receive", bodies=bodies)

    def attach(self, address):
        try:
            self.connection.create_sender(address)
        except LinkDetached as error:
            tell("attach", condition=error.condition)


def main():
    peer = Peer(connect())
    status = peer.put_token(3600)["status"]
    tell("connected" if status == 200 else "failure", status=status)
    for line in sys.stdin:
        word, *arguments = line.split()
        try:
            getattr(peer, word)(*arguments)
        except Exception as error:
            tell("failure", step=word, type=type(error).__name__, message=str(error))
    peer.connection.close()
    tell("disconnected")


main()
