//! One client against one session, on a virtual clock, with the texts that the SDKs for Python and Node send.

mod connecting;
mod endings;
mod events;
mod publishes;
mod subscriptions;

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::clock::Now;
use crate::edgehub::{Delivery, Event, Feature, Guarantee, Request, Target};
use crate::message::{Message, system};
use crate::mqtt::codec::{decode, encode};
use crate::mqtt::packet::{
    ConnAck, Connect, ConnectRefusal, Packet, PacketId, Publish, PublishQos, Qos, SubAck, Subscribe,
};
use crate::mqtt::session::{Closed, Limits, Login, LoginError, Notice, Output, Session};

const PYTHON: &str = "hub.example/d/m/?api-version=2019-10-01&DeviceClientType=azure-iot-device-iothub-py%2F2.14.0";
const TOKEN: &str = "SharedAccessSignature sr=hub.example%2Fdevices%2Fd%2Fmodules%2Fm&sig=AA%3D%3D&se=1";
const OUTPUT_OF_NODE: &str = "devices/d/modules/m/messages/events/%24.on=output1/";

/// A client with a clock. Its methods return what the session wants done, bytes decoded.
struct Client {
    session: Session,
    seconds: u64,
}

/// [`Output`] with its bytes read.
#[derive(Debug, PartialEq)]
enum Seen {
    Packet(Packet),
    Login(Login),
    Misfit(LoginError),
    Request(Request),
    Notice(Notice),
    Closed(Closed),
}

impl Client {
    fn new() -> Self {
        Self { session: Session::new(Now::default(), Limits::default()), seconds: 0 }
    }

    /// A module that is in, with `remembered` of an earlier connection.
    fn remembered(remembered: Option<&[(Feature, Guarantee)]>) -> Self {
        let mut client = Self::new();
        client.say(&[connect()]);
        client.session.connected(client.now(), remembered);
        client.drain();
        client
    }

    fn open() -> Self {
        Self::remembered(None)
    }

    fn subscribed(filters: &[(&str, Qos)]) -> Self {
        let mut client = Self::open();
        client.say(&[subscribe(1, filters)]);
        client
    }

    fn now(&self) -> Now {
        Now { monotonic: Duration::from_secs(self.seconds), unix: Duration::from_secs(1_700_000_000 + self.seconds) }
    }

    fn say(&mut self, packets: &[Packet]) -> Vec<Seen> {
        let mut bytes = BytesMut::new();
        for packet in packets {
            encode(packet, &mut bytes).expect("the packet fits");
        }
        self.say_bytes(&bytes)
    }

    fn say_bytes(&mut self, bytes: &[u8]) -> Vec<Seen> {
        self.session.handle_bytes(self.now(), BytesMut::from(bytes));
        self.drain()
    }

    fn hear(&mut self, event: Event) -> Vec<Seen> {
        self.session.handle_event(self.now(), event);
        self.drain()
    }

    fn close(&mut self, why: Closed) -> Vec<Seen> {
        self.session.close(why);
        self.drain()
    }

    fn wait(&mut self, seconds: u64) -> Vec<Seen> {
        self.seconds += seconds;
        self.session.handle_timeout(self.now());
        self.drain()
    }

    fn drain(&mut self) -> Vec<Seen> {
        let mut seen = Vec::new();
        while let Some(output) = self.session.poll() {
            match output {
                Output::Send(bytes) => {
                    let mut bytes = BytesMut::from(bytes);
                    while let Some(packet) = decode(&mut bytes, usize::MAX).expect("the session speaks MQTT") {
                        seen.push(Seen::Packet(packet));
                    }
                }
                Output::Misfit(error) => seen.push(Seen::Misfit(error)),
                Output::Connect(login) => seen.push(Seen::Login(*login)),
                Output::Request(request) => seen.push(Seen::Request(request)),
                Output::Notice(notice) => seen.push(Seen::Notice(notice)),
                Output::Close(closed) => seen.push(Seen::Closed(closed)),
            }
        }
        seen
    }
}

fn connect_with(change: impl FnOnce(&mut Connect)) -> Packet {
    let mut connect = Connect {
        client_id: "d/m".into(),
        clean_session: false,
        keep_alive: 60,
        will: None,
        username: Some(PYTHON.into()),
        password: Some(Bytes::from_static(TOKEN.as_bytes())),
    };
    change(&mut connect);
    Packet::Connect(Box::new(connect))
}

fn connect() -> Packet {
    connect_with(|_| {})
}

fn id(number: u16) -> PacketId {
    PacketId::new(number).expect("not zero")
}

fn publish(qos: PublishQos, topic: &str, payload: &'static str) -> Packet {
    let payload = Bytes::from_static(payload.as_bytes());
    Packet::Publish(Publish { duplicate: false, retain: false, qos, topic: topic.into(), payload })
}

fn publish_once(number: u16, topic: &str) -> Packet {
    publish(PublishQos::AtLeastOnce(id(number)), topic, "{}")
}

fn subscribe(number: u16, filters: &[(&str, Qos)]) -> Packet {
    let filters = filters.iter().map(|(filter, qos)| ((*filter).to_owned(), *qos)).collect();
    Packet::Subscribe(Subscribe { id: id(number), filters })
}

fn suback(number: u16, granted: &[Option<Qos>]) -> Seen {
    Seen::Packet(Packet::SubAck(SubAck { id: id(number), granted: granted.to_vec() }))
}

fn puback(number: u16) -> Seen {
    Seen::Packet(Packet::PubAck(id(number)))
}

fn subscribed_to(feature: Feature, guarantee: Guarantee) -> Seen {
    Seen::Request(Request::Subscribe { feature, guarantee })
}

fn delivery(number: u64, guarantee: Guarantee) -> Event {
    let mut message = Message { body: Bytes::from_static(b"{}"), ..Message::default() };
    message.set_system(system::CONNECTION_DEVICE_ID, "d");
    message.set_system(system::CONNECTION_MODULE_ID, "sensor");
    deliver(number, guarantee, message)
}

fn deliver(number: u64, guarantee: Guarantee, message: Message) -> Event {
    let (delivery, target) = (Delivery(number), Target::Input("input1".into()));
    Event::Deliver { delivery, guarantee, target, message: message.into() }
}

fn sent(body: &'static str, output: &str) -> Message {
    let mut message = Message { body: Bytes::from_static(body.as_bytes()), ..Message::default() };
    message.set_system(system::OUTPUT_NAME, output);
    message
}

fn refused(code: ConnectRefusal) -> Seen {
    Seen::Packet(Packet::ConnAck(ConnAck::Refused(code)))
}

proptest::proptest! {
    #[test]
    fn byte_soup_is_no_panic(soup in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        Client::new().say_bytes(&soup);
        Client::open().say_bytes(&soup);
    }
}
