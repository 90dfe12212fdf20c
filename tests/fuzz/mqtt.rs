//! A client that is nearly right, against one session whose hub answers as it likes.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use edgectl::clock::Now;
use edgectl::edgehub::{Delivery, Event, Feature, Guarantee, Receipt, Refusal, Request, Target};
use edgectl::message::Message;
use edgectl::mqtt::bag::{self, Author};
use edgectl::mqtt::packet::{Connect, Packet, PacketId, Publish, PublishQos, Qos, Subscribe, Unsubscribe, Will};
use edgectl::mqtt::{Limits, Output, Session, codec, topic};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::mutation::{mutated, mutated_text};

const TOPICS: &[&str] = &[
    "devices/d/modules/m/messages/events/%24.on=output1&%24.ct=application%2Fjson&%24.ce=utf-8&a=b/",
    "devices/d/modules/m/messages/events/",
    "devices/other/messages/events/%24.mid=1",
    "$iothub/twin/GET/?$rid=1",
    "$iothub/twin/PATCH/properties/reported/?$rid=2&$version=7",
    "$iothub/methods/res/200/?$rid=3",
    "devices/d/modules/m/inputs/#",
    "$iothub/methods/POST/#",
    "$iothub/twin/PATCH/properties/desired/#",
    "$iothub/twin/res/#",
    "devices/d/messages/devicebound/#",
];
const WORDS: &[&str] =
    &["%", "%2", "%24.", "&", "=", "/", "?", "$rid=", "#", "+", "\0", "é", "$iothub/", "messages/events/", "-1"];

#[derive(Debug, Clone)]
enum Step {
    Say(Vec<u8>),
    Hear(Event),
    LetIn,
    TurnAway,
    Wait(u64),
    End,
}

fn id() -> impl Strategy<Value = PacketId> {
    (1..40_u16).prop_map(|number| PacketId::new(number).expect("not zero"))
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![select(TOPICS).prop_map(str::to_owned), mutated_text(TOPICS, WORDS)]
}

fn connect() -> impl Strategy<Value = Packet> {
    let username = prop_oneof![
        6 => Just("hub.example/d/m/?api-version=2018-06-30&DeviceClientType=x".to_owned()),
        1 => mutated_text(&["hub.example/d/m/?api-version=2018-06-30&model-id=y"], &["?", "/", "&auth-chain=", "%"]),
    ];
    let will = proptest::option::of((text(), any::<u8>()));
    (username, will, any::<bool>(), any::<u16>()).prop_map(|(username, will, clean_session, keep_alive)| {
        let will = will.map(|(topic, byte)| Will {
            topic,
            payload: Bytes::from(vec![byte]),
            qos: Qos::AtMostOnce,
            retain: false,
        });
        let password = Some(Bytes::from_static(b"SharedAccessSignature sr=h&sig=AA%3D%3D&se=1"));
        Packet::Connect(Box::new(Connect {
            client_id: "d/m".to_owned(),
            clean_session,
            keep_alive,
            will,
            username: Some(username),
            password,
        }))
    })
}

fn packet() -> impl Strategy<Value = Packet> {
    let level = select(&[Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce][..]);
    let qos = (any::<bool>(), id()).prop_map(|(surely, id)| match surely {
        true => PublishQos::AtLeastOnce(id),
        false => PublishQos::AtMostOnce,
    });
    prop_oneof![
        6 => (text(), qos, vec(any::<u8>(), 0..20), any::<bool>()).prop_map(|(topic, qos, payload, retain)| {
            Packet::Publish(Publish { duplicate: false, retain, qos, topic, payload: payload.into() })
        }),
        3 => (id(), vec((text(), level), 1..3)).prop_map(|(id, filters)| Packet::Subscribe(Subscribe { id, filters })),
        1 => (id(), vec(text(), 1..3)).prop_map(|(id, filters)| Packet::Unsubscribe(Unsubscribe { id, filters })),
        2 => id().prop_map(Packet::PubAck),
        1 => Just(Packet::PingReq),
        1 => connect(),
        1 => select(vec![Packet::Disconnect, Packet::PingResp]),
    ]
}

/// The bytes of a packet; nothing for one that has no form on the wire.
fn bytes(packet: &Packet) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    match codec::encode(packet, &mut bytes) {
        Ok(()) => bytes.to_vec(),
        Err(_) => Vec::new(),
    }
}

fn event() -> impl Strategy<Value = Event> {
    let guarantee = select(&[Guarantee::AtMostOnce, Guarantee::AtLeastOnce][..]);
    let target = prop_oneof![text().prop_map(|input| Target::Input(input.into())), Just(Target::CloudToDevice)];
    let message = || {
        vec((text(), proptest::option::of(text())), 0..3)
            .prop_map(|properties| Message { properties, ..Message::default() })
    };
    prop_oneof![
        (0..20_u64).prop_map(|receipt| Event::Accepted { receipt: Receipt(receipt) }),
        (any::<u64>(), guarantee, target, message()).prop_map(|(delivery, guarantee, target, message)| {
            Event::Deliver { delivery: Delivery(delivery), guarantee, target, message: message.into() }
        }),
        (text(), any::<u16>(), any::<Option<u64>>()).prop_map(|(rid, status, version)| Event::TwinAnswer {
            rid,
            status,
            version,
            body: Bytes::new()
        }),
        any::<u64>().prop_map(|version| Event::DesiredChanged { version, patch: Bytes::from_static(b"{}") }),
        (text(), text()).prop_map(|(rid, name)| Event::CallMethod { rid, name, payload: Bytes::new() }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => packet().prop_map(|packet| Step::Say(bytes(&packet))),
        4 => mutated(packet().prop_map(|packet| bytes(&packet)), WORDS).prop_map(Step::Say),
        4 => event().prop_map(Step::Hear),
        1 => Just(Step::LetIn),
        1 => Just(Step::TurnAway),
        1 => (0..1000_u64).prop_map(Step::Wait),
        1 => Just(Step::End),
    ]
}

/// A session with its clock, and what must hold of it at every moment.
struct Watched {
    session: Session,
    now: Now,
    is_closed: bool,
}

impl Watched {
    fn take(&mut self, step: &Step) {
        match step {
            Step::Say(bytes) => self.session.handle_bytes(self.now, BytesMut::from(&bytes[..])),
            Step::Hear(event) => self.session.handle_event(self.now, event.clone()),
            Step::LetIn => self.session.connected(self.now, Some(&[(Feature::Inputs, Guarantee::AtLeastOnce)])),
            Step::TurnAway => self.session.refused(&Refusal::NotAuthorized("no".to_owned())),
            Step::Wait(seconds) => {
                self.now.monotonic += Duration::from_secs(*seconds);
                self.session.handle_timeout(self.now);
            }
            Step::End => self.session.handle_end(),
        }
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.poll() {
            assert!(!self.is_closed, "{output:?} after the end");
            match output {
                Output::Send(bytes) => check_packets(&bytes),
                Output::Request(Request::Publish { message, .. }) => assert!(message.properties.len() <= 1000),
                Output::Notice(notice) => assert!(notice.to_string().len() < 2000, "{notice}"),
                Output::Close(_) => self.is_closed = true,
                Output::Connect(_) | Output::Misfit(_) | Output::Request(_) => {}
            }
        }
        assert!(!self.is_closed || !self.session.wants_read() && self.session.deadline().is_none());
    }
}

/// Checks that another codec understands what the session says.
fn check_packets(bytes: &Bytes) {
    let mut rest = BytesMut::from(&bytes[..]);
    while !rest.is_empty() {
        rumqttc::mqttbytes::v4::Packet::read(&mut rest, usize::MAX).expect("the session speaks MQTT");
    }
}

proptest! {
    #[test]
    fn no_client_and_no_hub_breaks_a_session(connect in connect(), start in 0..10_u8, steps in vec(step(), 0..40)) {
        let session = Session::new(Now::default(), Limits::default());
        let mut watched = Watched { session, now: Now::default(), is_closed: false };
        if start > 0 {
            watched.take(&Step::Say(bytes(&connect)));
            watched.take(&Step::LetIn);
        }
        steps.iter().for_each(|step| watched.take(step));
    }

    #[test]
    fn a_stream_cut_elsewhere_means_the_same(packets in vec(packet(), 0..6), cuts in vec(1..40_usize, 1..20)) {
        let stream: Vec<u8> = packets.iter().flat_map(bytes).collect();
        let run = |parts: &mut dyn Iterator<Item = &[u8]>| {
            let mut session = Session::new(Now::default(), Limits::default());
            let mut said = Vec::new();
            session.handle_bytes(Now::default(), BytesMut::from(CONNECT));
            session.connected(Now::default(), None);
            for part in std::iter::once(&b""[..]).chain(parts) {
                session.handle_bytes(Now::default(), BytesMut::from(part));
                while let Some(output) = session.poll() {
                    if !matches!(output, Output::Send(_)) {
                        said.push(output);
                    }
                }
            }
            said
        };
        let mut rest = &stream[..];
        let mut parts = Vec::new();
        let mut sizes = cuts.iter().cycle();
        while !rest.is_empty() {
            let (part, more) = rest.split_at(rest.len().min(*sizes.next().expect("it goes round")));
            parts.push(part);
            rest = more;
        }
        prop_assert_eq!(run(&mut parts.into_iter()), run(&mut std::iter::once(&stream[..])));
    }

    #[test]
    fn topics_and_bags_are_read_without_panic(text in text()) {
        let device = edgectl::identity::DeviceId::parse("d").expect("valid");
        let module = edgectl::identity::ModuleId::parse("m").expect("valid");
        let identity = edgectl::identity::Identity::of_module(device, module);
        let _ = (topic::FromClient::parse(&text), topic::FromHub::parse(&text), topic::parse_filter(&text, &identity));
        let mut message = Message::default();
        if bag::parse(&text, Author::Client, &mut message).is_ok() {
            let (mut again, mut written) = (Message::default(), String::new());
            bag::put(&message, Author::Client, &mut written);
            prop_assert!(bag::parse(&written, Author::Client, &mut again).is_ok());
        }
    }
}

const CONNECT: &[u8] = b"\x10\x36\x00\x04MQTT\x04\x82\x00\x3c\x00\x03d/m\x00\x25h.example/d/m/?api-version=2018-06-30";
