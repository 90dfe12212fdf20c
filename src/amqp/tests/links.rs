//! What a link says of itself, and which links of one client stand beside each other.

use super::*;
use fe2o3_amqp_types::definitions::{ErrorCondition, LinkError};
use fe2o3_amqp_types::performatives::Detach;
use serde_amqp::primitives::OrderedMap;

fn with_property(name: &str, value: &str, attach: Attach) -> Attach {
    let mut properties = OrderedMap::new();
    properties.insert(symbol(name), text(value));
    Attach { properties: Some(properties), ..attach }
}

fn of_pair(id: &str, attach: Attach) -> Attach {
    with_property("com.microsoft:channel-correlation-id", id, attach)
}

fn twin_receiver() -> Attach {
    receiver(&format!("{MODULE}/twin"))
}

fn twin_sender() -> Attach {
    sender(&format!("{MODULE}/twin"))
}

/// Returns the links that the hub ended since the last look, and why.
fn ended(client: &mut Client) -> Vec<(u32, Option<ErrorCondition>)> {
    let frames = std::mem::take(&mut client.frames).into_iter();
    let detached = frames.filter_map(|(_, performative, _)| match performative {
        Some(Performative::Detach(Detach { handle, error, .. })) => Some((handle.0, error.map(|e| e.condition))),
        _ => None,
    });
    detached.collect()
}

fn stolen(handle: u32) -> (u32, Option<ErrorCondition>) {
    (handle, Some(LinkError::Stolen.into()))
}

#[test]
fn the_links_of_a_pair_have_one_id_whatever_stands_before_it() {
    // protocol.md §5.3
    let mut client = Client::entered();
    client.attach(1, of_pair("twin:7f", twin_receiver()));
    client.attach(2, of_pair("Twin:7f", twin_sender()));
    client.attach(3, of_pair("methods:9", receiver(&format!("{MODULE}/methods/devicebound"))));
    client.attach(4, of_pair("methods:9", sender(&format!("{MODULE}/methods/devicebound"))));
    // The SDK for Node gives the id of its twin links to this one too.
    client.attach(5, of_pair("twin:7f", sender(&format!("{MODULE}/messages/events"))));
    assert_eq!(ended(&mut client), []);
}

#[test]
fn a_link_of_another_pair_ends_the_older_partner() {
    // protocol.md §5.3
    for (first, second) in [(twin_receiver(), twin_sender()), (twin_sender(), twin_receiver())] {
        let mut client = Client::entered();
        client.attach(1, of_pair("twin:a", first.clone()));
        client.attach(2, of_pair("twin:b", second));
        assert_eq!(ended(&mut client), [stolen(1)]);
        client.say(0, Performative::Detach(Detach { handle: Handle(1), closed: true, error: None }));
        client.attach(1, of_pair("twin:b", first));
        assert_eq!(ended(&mut client), [], "now they are a pair");
    }
}

#[test]
fn the_end_of_a_partner_is_the_end_of_what_it_subscribed_to() {
    let mut client = Client::entered();
    client.attach(1, of_pair("twin:a", twin_receiver()));
    client.requests();
    client.attach(2, of_pair("twin:b", twin_sender()));
    let lost = [Feature::TwinAnswers, Feature::DesiredUpdates];
    assert_eq!(client.requests(), lost.map(|feature| Request::Unsubscribe { feature }));
}

#[test]
fn a_second_link_to_an_address_ends_the_first() {
    for attach in [
        sender(&format!("{MODULE}/messages/events")),
        receiver(&format!("{MODULE}/messages/events")),
        receiver(&format!("{MODULE}/methods/devicebound")),
        twin_sender(),
    ] {
        let mut client = Client::entered();
        client.attach(1, attach.clone());
        client.attach(2, attach);
        assert_eq!(ended(&mut client), [stolen(1)]);
    }
}

#[test]
fn a_link_may_name_a_model() {
    // protocol.md §5.3
    let mut client = Client::entered();
    client.attach(1, with_property("com.microsoft:model-id", "dtmi:a;1", sender(&format!("{MODULE}/messages/events"))));
    assert_eq!(client.requests(), [Request::Announce { model: "dtmi:a;1".into() }]);
}
