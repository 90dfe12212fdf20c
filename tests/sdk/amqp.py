"""A strict peer: a module or device on Qpid Proton, an AMQP client of its own kind, driven and watched by a test.

Each line of stdin is a step, and its end disconnects:

    token SECONDS      puts a token that is good for so long
    send COUNT         so many messages on an output, each awaited
    large KILOBYTES    a message that is cut into frames
    receive WORD…      takes messages and answers each with the next word: accept, reject, release, or keep for none
    attach ADDRESS     a link that the hub refuses
    twin, report JSON  asks for the twin; reports
    watch, change      wants to hear of changes of desired properties; awaits one
    answer STATUS      awaits a call of a method and answers it
    again              leaves and comes back

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

from proton import Delivery, Message, SSLDomain, int32, symbol
from proton.utils import BlockingConnection, LinkDetached, SendException

environment = os.environ
text = environment.get("EdgeHubConnectionString") or environment["IOTHUB_DEVICE_CONNECTION_STRING"]
given = dict(part.split("=", 1) for part in text.split(";"))
is_module = "ModuleId" in given
base = f"/devices/{given['DeviceId']}" + (f"/modules/{given['ModuleId']}" if is_module else "")
incoming = f"{base}/messages/events" if is_module else f"{base}/messages/devicebound"


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
    domain.set_trusted_ca_db(environment.get("EdgeModuleCACertificateFile") or environment["IOTEDGE_ROOT_CA_CERT_PATH"])
    # A name can be compared, an address not.
    domain.set_peer_authentication(SSLDomain.VERIFY_PEER)
    mechanism = "ANONYMOUS"
    if "X509_CERT_FILE" in environment:
        domain.set_credentials(environment["X509_CERT_FILE"], environment["X509_KEY_FILE"], None)
        mechanism = "EXTERNAL"
    url = f"amqps://{given['GatewayHostName']}:5671"
    return BlockingConnection(url, timeout=10, ssl_domain=domain, heartbeat=10, allowed_mechs=mechanism)


class Peer:
    def __init__(self):
        self.connection = connect()
        self.pairs = {}
        status = None
        if "X509_CERT_FILE" not in environment:
            self.requests = self.connection.create_sender("$cbs")
            self.answers = self.connection.create_receiver("$cbs", credit=10)
            status = self.put_token(3600)["status"]
        tell("connected" if status in (None, 200) else "failure", status=status)

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
            properties = {"iothub-outputname": "output1"} if is_module else None
            message = Message(properties=properties, body=body, inferred=True)
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
        receiver = self.connection.create_receiver(incoming, credit=1)
        bodies = []
        for word in words:
            # The body is a view into the message.
            message = receiver.receive()
            bodies.append(bytes(message.body).decode())
            if word == "keep":
                continue
            # Not as a failed delivery, so that the outcome is `released` and not `modified`.
            getattr(receiver, word)(*([False] if word == "release" else []))
        receiver.close()
        tell("receive", bodies=bodies)

    def attach(self, address):
        try:
            self.connection.create_sender(address)
        except LinkDetached as error:
            tell("attach", condition=error.condition)

    def pair(self, address):
        """Opens the two links of the twin, or of methods, at their first use."""
        if address not in self.pairs:
            sender = self.connection.create_sender(base + address)
            self.pairs[address] = sender, self.connection.create_receiver(base + address, credit=10)
        return self.pairs[address]

    def ask(self, body=b"", **annotations):
        sender, receiver = self.pair("/twin")
        annotations = {symbol(name): value for name, value in annotations.items()}
        request = Message(correlation_id=str(uuid.uuid4()), annotations=annotations, body=body, inferred=True)
        sender.send(request)
        answer = receiver.receive()
        # A refusal has no body.
        body = bytes(answer.body or b"")
        return {
            "status": answer.annotations[symbol("status")],
            "echoed": answer.correlation_id == request.correlation_id,
            "twin": json.loads(body) if body else "",
        }

    def twin(self):
        tell("twin", **self.ask(operation="GET"))

    def report(self, patch):
        tell("report", **self.ask(patch.encode(), operation="PATCH", resource="/properties/reported"))

    def watch(self):
        tell("watch", **self.ask(operation="PUT", resource="/notifications/twin/properties/desired"))

    def change(self):
        message = self.pair("/twin")[1].receive()
        tell("change", patch=json.loads(bytes(message.body)), id=message.correlation_id)

    def answer(self, status):
        sender, receiver = self.pair("/methods/devicebound")
        call = receiver.receive()
        properties = {"IoThub-status": int32(int(status))}
        # A UUID, as Java's.
        sender.send(Message(correlation_id=call.correlation_id, properties=properties, body=b'{"answer":1}', inferred=True))
        tell("answer", name=call.properties["IoThub-methodname"], payload=json.loads(bytes(call.body)))

    def again(self):
        self.connection.close()
        self.__init__()
        tell("again")


def main():
    peer = Peer()
    for line in sys.stdin:
        word, *arguments = line.split()
        try:
            getattr(peer, word)(*arguments)
        except Exception as error:
            tell("failure", step=word, type=type(error).__name__, message=str(error))
    peer.connection.close()
    tell("disconnected")


main()
