//! From the first byte to being let in, or not (protocol.md §3.6, §4.1).

use std::time::Duration;

use bytes::BytesMut;

use super::{Client, OUTPUT_OF_NODE, Seen, TOKEN, connect, connect_with, publish_once, refused};
use crate::edgehub::{Credential, Refusal, Request, Session as Kept};
use crate::identity::Identity;
use crate::mqtt::codec::{ProtocolError, encode};
use crate::mqtt::packet::{ConnAck, ConnectRefusal, Packet};
use crate::mqtt::session::{Closed, Login, Violation};

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
fn a_model_is_announced_once_the_client_is_in() {
    // protocol.md §7.1
    let mut client = Client::new();
    let username = "hub.example/d/m/?api-version=2020-09-30&model-id=dtmi%3Aexample%3AFilter%3B1";
    client.say(&[connect_with(|connect| connect.username = Some(username.into()))]);
    client.session.connected(client.now(), None);
    let announced = Seen::Request(Request::Announce { model: "dtmi:example:Filter;1".into() });
    assert_eq!(client.drain()[0], announced);
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
