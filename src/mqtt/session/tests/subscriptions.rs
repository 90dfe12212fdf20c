//! Filters, and what the hub is asked for by them (protocol.md §4.4).

use super::{Client, Seen, id, suback, subscribe, subscribed_to};
use crate::edgehub::{Feature, Guarantee, Request};
use crate::mqtt::packet::{Packet, Qos, Unsubscribe};
use crate::mqtt::session::Notice;

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
