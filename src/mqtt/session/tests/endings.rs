//! Silence, wills and goodbyes.

use std::time::Duration;

use bytes::Bytes;

use super::{Client, OUTPUT_OF_NODE, Seen, connect_with, publish_once, sent};
use crate::edgehub::Request;
use crate::mqtt::packet::{Packet, Qos, Will};
use crate::mqtt::session::Closed;

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
