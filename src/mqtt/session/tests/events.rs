//! What the hub says, as the client hears it (protocol.md §4.4).

use bytes::Bytes;

use super::{Client, Seen, deliver, delivery, id, puback, publish};
use crate::edgehub::{Delivery, Event, Feature, Guarantee, Request};
use crate::message::Message;
use crate::mqtt::packet::{Packet, PublishQos, Qos};
use crate::mqtt::session::{Closed, Notice, Output};

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
