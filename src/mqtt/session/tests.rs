//! One client against one session, on a virtual clock, with the texts that the SDKs for Python and Node send.

use bytes::{Bytes, BytesMut};

use super::*;
use crate::edgehub::{Credential, Delivery, Receipt, Session as Kept, Target};
use crate::message::{Message, system};
use crate::mqtt::codec::{decode, encode};
use crate::mqtt::packet::{PacketId, Publish, PublishQos, Qos, SubAck, Subscribe, Unsubscribe};

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

// Connecting (protocol.md §3.6, §4.1).

#[test]
fn a_connect_is_shown_to_the_hub_and_answered_when_it_has_decided() {
    let mut client = Client::new();
    let login = Login {
        identity: Identity {
            device: "d".to_owned().try_into().expect("an id"),
            module: Some("m".to_owned().try_into().expect("an id")),
        },
        credential: Credential::Sas(TOKEN.into()),
        session: Kept::Kept,
        model_id: None,
        client_type: Some("azure-iot-device-iothub-py/2.14.0".into()),
    };
    assert_eq!(client.say(&[connect()]), [Seen::Login(login)]);
    client.session.connected(client.now(), None);
    assert_eq!(client.drain(), [Seen::Packet(Packet::ConnAck(ConnAck::Accepted { session_present: false }))]);
}

#[test]
fn a_remembered_session_is_present() {
    let mut client = Client::new();
    client.say(&[connect()]);
    client.session.connected(client.now(), Some(&[]));
    assert_eq!(client.drain(), [Seen::Packet(Packet::ConnAck(ConnAck::Accepted { session_present: true }))]);
}

#[test]
fn a_clean_session_is_asked_for() {
    let seen = Client::new().say(&[connect_with(|connect| connect.clean_session = true)]);
    let [Seen::Login(login)] = &seen[..] else { panic!("a login, found {seen:?}") };
    assert_eq!(login.session, Kept::Clean);
}

#[test]
fn a_wrong_client_id_is_refused_with_code_5() {
    let why = "the client id is `d/other`, expected `d/m` as the user name says";
    let mut client = Client::new();
    let seen = client.say(&[connect_with(|connect| connect.client_id = "d/other".into()), Packet::PingReq]);
    let [Seen::Misfit(misfit)] = &seen[..] else { panic!("not fit to connect, found {seen:?}") };
    assert_eq!(misfit.to_string(), why);
    client.session.connected(client.now(), None);
    client.session.refused(&Refusal::NotAuthorized(why.into()));
    let expected = [refused(ConnectRefusal::NotAuthorized), Seen::Closed(Closed::Refused(why.into()))];
    assert_eq!(client.drain(), expected, "nothing but a refusal is taken");
}

#[test]
fn a_refusal_of_the_hub_is_code_5_and_its_trouble_code_3() {
    let mut client = Client::new();
    client.say(&[connect()]);
    client.session.refused(&Refusal::NotAuthorized("expired".into()));
    let expected = [refused(ConnectRefusal::NotAuthorized), Seen::Closed(Closed::Refused("expired".into()))];
    assert_eq!(client.drain(), expected);

    let mut client = Client::new();
    client.say(&[connect()]);
    client.session.unavailable("the disk is full");
    let expected = [refused(ConnectRefusal::Unavailable), Seen::Closed(Closed::Refused("the disk is full".into()))];
    assert_eq!(client.drain(), expected);
}

#[test]
fn another_version_of_mqtt_is_refused_with_code_1() {
    let version_5 = [0x10, 0x0d, 0, 4, b'M', b'Q', b'T', b'T', 5, 2, 0, 60, 0, 0, 0];
    let why = Violation::Protocol(ProtocolError::ProtocolLevel(5)).into();
    assert_eq!(Client::new().say_bytes(&version_5), [refused(ConnectRefusal::ProtocolVersion), Seen::Closed(why)]);
}

#[test]
fn the_first_packet_has_to_be_a_connect() {
    let closed = [Seen::Closed(Violation::ConnectExpected.into())];
    assert_eq!(Client::new().say(&[Packet::PingReq]), closed);
    assert_eq!(Client::new().say(&[publish_once(1, OUTPUT_OF_NODE)]), closed);
}

#[test]
fn a_second_connect_ends_the_connection() {
    assert_eq!(Client::open().say(&[connect()]), [Seen::Closed(Violation::SecondConnect.into())]);
}

#[test]
fn a_connect_has_to_come_within_60_seconds() {
    let mut client = Client::new();
    assert_eq!(client.session.deadline(), Some(Duration::from_secs(60)));
    assert_eq!(client.wait(59), []);
    assert_eq!(client.wait(1), [Seen::Closed(Closed::NoConnect(Duration::from_secs(60)))]);
}

#[test]
fn what_comes_before_the_hub_has_decided_waits() {
    let mut client = Client::new();
    client.say(&[connect()]);
    assert!(!client.session.wants_read());
    assert_eq!(client.say(&[Packet::PingReq]), []);
    client.session.connected(client.now(), None);
    let answer = Seen::Packet(Packet::ConnAck(ConnAck::Accepted { session_present: false }));
    assert_eq!(client.drain(), [answer, Seen::Packet(Packet::PingResp)]);
}

#[test]
fn bytes_may_come_one_by_one() {
    let mut bytes = BytesMut::new();
    encode(&connect(), &mut bytes).expect("the packet fits");
    let mut client = Client::new();
    let (last, first) = bytes.split_last().expect("bytes");
    for byte in first {
        assert_eq!(client.say_bytes(&[*byte]), []);
    }
    assert!(matches!(client.say_bytes(&[*last])[..], [Seen::Login(_)]));
}

// Silence and the end.

#[test]
fn silence_ends_the_connection_after_one_and_a_half_keep_alives() {
    let mut client = Client::open();
    assert_eq!(client.wait(89), []);
    assert_eq!(client.say(&[Packet::PingReq]), [Seen::Packet(Packet::PingResp)]);
    assert_eq!(client.wait(89), []);
    assert_eq!(client.wait(1), [Seen::Closed(Closed::Silent(Duration::from_secs(90)))]);
}

#[test]
fn no_silence_is_longer_than_ten_minutes() {
    for keep_alive in [0, 1_000] {
        let mut client = Client::new();
        client.say(&[connect_with(|connect| connect.keep_alive = keep_alive)]);
        client.session.connected(client.now(), None);
        assert_eq!(client.session.deadline(), Some(Duration::from_secs(600)), "{keep_alive}");
    }
}

fn with_will(topic: &str) -> Client {
    let mut client = Client::new();
    let will = Will { topic: topic.into(), payload: Bytes::from_static(b"bye"), qos: Qos::AtLeastOnce, retain: true };
    client.say(&[connect_with(|connect| connect.will = Some(will))]);
    client.session.connected(client.now(), None);
    client.drain();
    client
}

#[test]
fn the_will_is_published_when_a_client_vanishes() {
    let mut message = sent("bye", "last");
    message.properties.push(("mqtt-MessageType".into(), Some("Will".into())));
    let will = || Seen::Request(Request::Publish { receipt: None, message: message.clone() });
    let topic = "devices/d/modules/m/messages/events/%24.on=last";
    assert_eq!(with_will(topic).close(Closed::Gone), [will(), Seen::Closed(Closed::Gone)]);
    assert_eq!(with_will(topic).close(Closed::Superseded), [will(), Seen::Closed(Closed::Superseded)]);
    assert_eq!(with_will(topic).wait(90), [will(), Seen::Closed(Closed::Silent(Duration::from_secs(90)))]);
    assert_eq!(with_will("garbage").close(Closed::Gone), [Seen::Closed(Closed::Gone)]);
}

#[test]
fn a_disconnect_takes_the_will_back_and_what_follows_is_not_read() {
    let mut client = with_will("devices/d/modules/m/messages/events/");
    let seen = client.say(&[Packet::Disconnect, publish_once(1, OUTPUT_OF_NODE)]);
    assert_eq!(seen, [Seen::Closed(Closed::Disconnected)]);
    assert_eq!(client.close(Closed::Gone), []);
    assert_eq!(client.say(&[Packet::PingReq]), []);
}

#[test]
fn a_will_of_who_was_never_let_in_is_not_published() {
    let mut client = Client::new();
    let will =
        Will { topic: "devices/d/messages/events/".into(), payload: Bytes::new(), qos: Qos::AtMostOnce, retain: false };
    client.say(&[connect_with(|connect| connect.will = Some(will))]);
    assert_eq!(client.close(Closed::Gone), [Seen::Closed(Closed::Gone)]);
}

// Messages of the client (protocol.md §4.3, §4.5).

#[test]
fn an_output_is_acknowledged_when_the_hub_has_stored_it() {
    let mut client = Client::open();
    let request = Request::Publish { receipt: Some(Receipt(0)), message: sent("{}", "output1") };
    assert_eq!(client.say(&[publish_once(7, OUTPUT_OF_NODE)]), [Seen::Request(request)]);
    assert_eq!(client.hear(Event::Accepted { receipt: Receipt(0) }), [puback(7)]);
}

#[test]
fn the_authenticated_identity_counts_and_not_the_one_in_the_topic() {
    let foreign = "devices/other/modules/else/messages/events/%24.on=output1&%24.cmid=else";
    let request = Request::Publish { receipt: None, message: sent("{}", "output1") };
    assert_eq!(Client::open().say(&[publish(PublishQos::AtMostOnce, foreign, "{}")]), [Seen::Request(request)]);
}

#[test]
fn acknowledgements_keep_the_order_of_the_publishes() {
    let mut client = Client::open();
    client.say(&[publish_once(1, OUTPUT_OF_NODE), publish_once(2, OUTPUT_OF_NODE)]);
    let seen = client.say(&[publish_once(3, "$iothub/twin/GET/?$rid=1")]);
    assert_eq!(seen, [Seen::Request(Request::GetTwin { rid: "1".into() })]);
    assert_eq!(client.hear(Event::Accepted { receipt: Receipt(1) }), []);
    assert_eq!(client.hear(Event::Accepted { receipt: Receipt(0) }), [puback(1), puback(2), puback(3)]);
}

#[test]
fn reading_pauses_at_16_unacknowledged_publishes() {
    let mut client = Client::open();
    let burst: Vec<Packet> = (1..=20).map(|number| publish_once(number, OUTPUT_OF_NODE)).collect();
    assert_eq!(client.say(&burst).len(), 16);
    assert!(!client.session.wants_read());
    // The next one is read as soon as there is room.
    let request = Request::Publish { receipt: Some(Receipt(16)), message: sent("{}", "output1") };
    assert_eq!(client.hear(Event::Accepted { receipt: Receipt(0) }), [Seen::Request(request), puback(1)]);
    for receipt in 1..=3 {
        assert_eq!(client.hear(Event::Accepted { receipt: Receipt(receipt) }).len(), 2);
    }
    assert!(!client.session.wants_read());
    assert_eq!(client.hear(Event::Accepted { receipt: Receipt(4) }), [puback(5)]);
    assert!(client.session.wants_read());
}

#[test]
fn a_paused_client_is_not_silent() {
    let mut client = Client::open();
    let burst: Vec<Packet> = (1..=16).map(|number| publish_once(number, OUTPUT_OF_NODE)).collect();
    client.say(&burst);
    assert_eq!(client.session.deadline(), None);
    assert_eq!(client.wait(1_000), []);
    client.hear(Event::Accepted { receipt: Receipt(0) });
    assert_eq!(client.session.deadline(), Some(Duration::from_secs(1_090)));
}

#[test]
fn flags_of_a_publish_become_properties() {
    let topic = "devices/d/modules/m/messages/events/a=1&mqtt-retain=no".to_owned();
    let qos = PublishQos::AtLeastOnce(id(1));
    let packet = Publish { duplicate: true, retain: true, qos, topic, payload: Bytes::new() };
    let seen = Client::open().say(&[Packet::Publish(packet)]);
    let [Seen::Request(Request::Publish { message, .. })] = &seen[..] else { panic!("a publish, found {seen:?}") };
    let property = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
    let expected = [property("a", "1"), property("mqtt-retain", "true"), property("mqtt-dup", "true")];
    assert_eq!(message.properties, expected);
}

#[test]
fn a_publish_of_level_2_ends_the_connection() {
    let twice = publish(PublishQos::ExactlyOnce(id(1)), OUTPUT_OF_NODE, "{}");
    assert_eq!(Client::open().say(&[twice]), [Seen::Closed(Violation::ExactlyOnce.into())]);
}

#[test]
fn garbage_is_acknowledged_and_dropped() {
    let topic = "devices/d/modules/m/messages/evnts/";
    let notice = Seen::Notice(Notice::UnknownTopic(topic.into()));
    assert_eq!(Client::open().say(&[publish_once(1, topic)]), [notice, puback(1)]);
}

#[test]
fn an_unreadable_twin_topic_ends_the_connection() {
    let closed = Seen::Closed(Violation::TwinTopic(NotATwinTopic).into());
    assert_eq!(Client::open().say(&[publish_once(1, "$iothub/twin/GTE/?$rid=1")]), [closed]);
}

#[test]
fn a_message_of_256_kib_is_taken_and_a_longer_one_ends_the_connection() {
    let topic = "devices/d/modules/m/messages/events/";
    let of = |length: usize| Publish {
        duplicate: false,
        retain: false,
        qos: PublishQos::AtMostOnce,
        topic: topic.into(),
        payload: vec![b'x'; length - topic.len() - 2].into(),
    };
    assert_eq!(Client::open().say(&[Packet::Publish(of(262_144))]).len(), 1);
    let why = ProtocolError::TooLarge { length: 262_145, max: 262_144 };
    let closed = Seen::Closed(Violation::Protocol(why).into());
    assert_eq!(Client::open().say(&[Packet::Publish(of(262_145))]), [closed]);
}

#[test]
fn packets_that_only_servers_send_end_the_connection() {
    for packet in [Packet::PingResp, Packet::UnsubAck(id(1)), Packet::PubRec(id(1)), Packet::PubRel(id(1))] {
        assert_eq!(Client::open().say(&[packet]), [Seen::Closed(Violation::NotForServers.into())]);
    }
}

// Subscriptions (protocol.md §4.4).

#[test]
fn every_filter_is_granted_in_its_order() {
    let filters = [
        ("$iothub/twin/res/#", Qos::AtMostOnce),
        ("devices/d/modules/m/inputs/#", Qos::AtLeastOnce),
        ("$iothub/methods/POST/#", Qos::ExactlyOnce),
        ("some/filter/#", Qos::AtLeastOnce),
    ];
    let expected = [
        subscribed_to(Feature::TwinAnswers, Guarantee::AtMostOnce),
        subscribed_to(Feature::Inputs, Guarantee::AtLeastOnce),
        subscribed_to(Feature::Methods, Guarantee::AtLeastOnce),
        Seen::Notice(Notice::UnknownFilter("some/filter/#".into())),
        suback(9, &[Some(Qos::AtMostOnce), Some(Qos::AtLeastOnce), Some(Qos::AtLeastOnce), Some(Qos::AtLeastOnce)]),
    ];
    assert_eq!(Client::open().say(&[subscribe(9, &filters)]), expected);
}

#[test]
fn the_wide_filter_of_csharp_subscribes_to_the_inputs() {
    let seen = Client::open().say(&[subscribe(1, &[("devices/d/modules/m/#", Qos::AtLeastOnce)])]);
    assert_eq!(seen[0], subscribed_to(Feature::Inputs, Guarantee::AtLeastOnce));
}

#[test]
fn a_feature_lives_as_long_as_one_of_its_filters() {
    let (wide, narrow) = ("devices/d/modules/m/#", "devices/d/modules/m/inputs/#");
    let mut client = Client::subscribed(&[(wide, Qos::AtMostOnce), (narrow, Qos::AtLeastOnce)]);
    let unsubscribe =
        |number, filter: &str| Packet::Unsubscribe(Unsubscribe { id: id(number), filters: vec![filter.into()] });
    let lower = subscribed_to(Feature::Inputs, Guarantee::AtMostOnce);
    assert_eq!(client.say(&[unsubscribe(2, narrow)]), [lower, Seen::Packet(Packet::UnsubAck(id(2)))]);
    let none = Seen::Request(Request::Unsubscribe { feature: Feature::Inputs });
    assert_eq!(client.say(&[unsubscribe(3, wide)]), [none, Seen::Packet(Packet::UnsubAck(id(3)))]);
    assert_eq!(client.say(&[unsubscribe(4, "x")]), [Seen::Packet(Packet::UnsubAck(id(4)))]);
}

#[test]
fn a_client_has_at_most_64_filters() {
    let mut client = Client::open();
    let filters: Vec<String> = (0..65).map(|n| format!("$iothub/methods/POST/{n}/#")).collect();
    let filters: Vec<(&str, Qos)> = filters.iter().map(|filter| (filter.as_str(), Qos::AtMostOnce)).collect();
    let seen = client.say(&[subscribe(1, &filters)]);
    let Some(Seen::Packet(Packet::SubAck(answer))) = seen.last() else { panic!("an answer") };
    assert_eq!((answer.granted[63], answer.granted[64]), (Some(Qos::AtMostOnce), None));
}

// What the hub says (protocol.md §4.4).

#[test]
fn a_delivery_is_done_when_the_client_acknowledges_it() {
    let mut client = Client::subscribed(&[("devices/d/modules/m/inputs/#", Qos::AtLeastOnce)]);
    let topic = "devices/d/modules/m/inputs/input1/%24.cdid=d&%24.cmid=sensor";
    let first = publish(PublishQos::AtLeastOnce(id(1)), topic, "{}");
    assert_eq!(client.hear(delivery(70, Guarantee::AtLeastOnce)), [Seen::Packet(first)]);
    let second = publish(PublishQos::AtLeastOnce(id(2)), topic, "{}");
    assert_eq!(client.hear(delivery(71, Guarantee::AtLeastOnce)), [Seen::Packet(second)]);
    let done = Seen::Request(Request::Acknowledge { delivery: Delivery(71) });
    assert_eq!(client.say(&[Packet::PubAck(id(2))]), [done]);
    assert_eq!(client.say(&[Packet::PubAck(id(2))]), []);
}

#[test]
fn a_delivery_of_level_0_has_no_number() {
    let mut client = Client::subscribed(&[("devices/d/modules/m/inputs/#", Qos::AtMostOnce)]);
    let topic = "devices/d/modules/m/inputs/input1/%24.cdid=d&%24.cmid=sensor";
    let expected = publish(PublishQos::AtMostOnce, topic, "{}");
    let done = Seen::Request(Request::Acknowledge { delivery: Delivery(1) });
    assert_eq!(client.hear(delivery(1, Guarantee::AtMostOnce)), [done, Seen::Packet(expected)]);
}

#[test]
fn what_is_said_in_one_turn_is_one_write() {
    let mut client = Client::subscribed(&[("devices/d/modules/m/inputs/#", Qos::AtLeastOnce)]);
    for number in 0..3 {
        client.session.handle_event(client.now(), delivery(number, Guarantee::AtLeastOnce));
    }
    assert!(matches!(client.session.poll(), Some(Output::Send(_))));
    assert_eq!(client.session.poll(), None);
}

#[test]
fn a_message_that_fits_in_no_topic_is_given_up() {
    let mut client = Client::subscribed(&[("devices/d/modules/m/inputs/#", Qos::AtLeastOnce)]);
    let big = ("big".into(), Some("x".repeat(70_000)));
    let message = Message { properties: vec![big], ..Message::default() };
    let done = Seen::Request(Request::Acknowledge { delivery: Delivery(5) });
    let seen = client.hear(deliver(5, Guarantee::AtLeastOnce, message));
    assert_eq!(seen, [Seen::Notice(Notice::Undeliverable), done]);
}

#[test]
fn twins_are_answered_with_the_request_id_byte_for_byte() {
    let mut client = Client::subscribed(&[("$iothub/twin/res/#", Qos::AtLeastOnce)]);
    let rid = "a1b2-%20c";
    let get = publish(PublishQos::AtLeastOnce(id(1)), &format!("$iothub/twin/GET/?$rid={rid}"), " ");
    assert_eq!(client.say(&[get]), [Seen::Request(Request::GetTwin { rid: rid.into() }), puback(1)]);
    let answer = Event::TwinAnswer { rid: rid.into(), status: 200, version: None, body: Bytes::from_static(b"{}") };
    let expected = publish(PublishQos::AtMostOnce, &format!("$iothub/twin/res/200/?$rid={rid}"), "{}");
    assert_eq!(client.hear(answer), [Seen::Packet(expected)]);
}

#[test]
fn a_patch_is_handed_over_as_it_came_and_answered_with_its_version() {
    let mut client = Client::subscribed(&[("$iothub/twin/res/#", Qos::AtMostOnce)]);
    let topic = "$iothub/twin/PATCH/properties/reported/?$rid=2";
    let request = Request::PatchReported { rid: "2".into(), patch: Bytes::from_static(b"{\"a\":1}") };
    assert_eq!(client.say(&[publish(PublishQos::AtMostOnce, topic, "{\"a\":1}")]), [Seen::Request(request)]);
    let answer = Event::TwinAnswer { rid: "2".into(), status: 204, version: Some(7), body: Bytes::new() };
    let expected = publish(PublishQos::AtMostOnce, "$iothub/twin/res/204/?$rid=2&$version=7", "");
    assert_eq!(client.hear(answer), [Seen::Packet(expected)]);
}

#[test]
fn a_change_of_desired_properties_is_told_to_who_subscribed() {
    let change = Event::DesiredChanged { version: 4, patch: Bytes::from_static(b"{\"$version\":4}") };
    assert_eq!(Client::open().hear(change.clone()), []);
    let mut client = Client::subscribed(&[("$iothub/twin/PATCH/properties/desired/#", Qos::AtLeastOnce)]);
    let topic = "$iothub/twin/PATCH/properties/desired/?$version=4";
    assert_eq!(client.hear(change), [Seen::Packet(publish(PublishQos::AtMostOnce, topic, "{\"$version\":4}"))]);
}

#[test]
fn a_method_is_called_and_answered() {
    let mut client = Client::subscribed(&[("$iothub/methods/POST/#", Qos::AtMostOnce)]);
    let call = Event::CallMethod { rid: "1".into(), name: "reset".into(), payload: Bytes::new() };
    let expected = publish(PublishQos::AtMostOnce, "$iothub/methods/POST/reset/?$rid=1", "null");
    assert_eq!(client.hear(call), [Seen::Packet(expected)]);
    let answer = publish(PublishQos::AtMostOnce, "$iothub/methods/res/200/?$rid=1", "{\"n\":1}");
    let payload = Bytes::from_static(b"{\"n\":1}");
    let request = Request::AnswerMethod { rid: "1".into(), status: 200, payload };
    assert_eq!(client.say(&[answer]), [Seen::Request(request)]);
}

#[test]
fn a_remembered_subscription_works_without_a_new_subscribe() {
    // Python does not subscribe again after a reconnect (protocol.md §0.22).
    let mut client = Client::remembered(Some(&[(Feature::TwinAnswers, Guarantee::AtLeastOnce)]));
    let answer = Event::TwinAnswer { rid: "1".into(), status: 204, version: None, body: Bytes::new() };
    assert_eq!(client.hear(answer).len(), 1);
}

#[test]
fn the_hub_cannot_speak_to_who_is_gone() {
    let mut client = Client::subscribed(&[("devices/d/modules/m/inputs/#", Qos::AtLeastOnce)]);
    client.close(Closed::Superseded);
    assert_eq!(client.hear(delivery(1, Guarantee::AtLeastOnce)), []);
    assert!(!client.session.wants_read());
    assert_eq!(client.session.deadline(), None);
}

proptest::proptest! {
    #[test]
    fn byte_soup_is_no_panic(soup in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        Client::new().say_bytes(&soup);
        Client::open().say_bytes(&soup);
    }
}
