//! Messages of the client, and when they are acknowledged (protocol.md §4.3, §4.5).

use std::time::Duration;

use bytes::Bytes;

use super::{Client, OUTPUT_OF_NODE, Seen, id, puback, publish, publish_once, sent};
use crate::edgehub::{Event, Receipt, Request};
use crate::mqtt::codec::ProtocolError;
use crate::mqtt::packet::{Packet, Publish, PublishQos};
use crate::mqtt::session::{Notice, Violation};
use crate::mqtt::topic::NotATwinTopic;

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
