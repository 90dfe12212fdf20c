//! Twins.

use super::*;
use crate::amqp::message::Body as MessageBody;

fn watching() -> Client {
    let mut client = Client::entered();
    client.attach(1, receiver(&format!("{MODULE}/twin")));
    client.attach(2, sender(&format!("{MODULE}/twin")));
    client.credit(1, 50);
    client.frames.clear();
    client.outputs.clear();
    client
}

fn ask(client: &mut Client, operation: &str, resource: Option<&str>, id: &str) {
    ask_as(client, operation, resource, Some(MessageId::String(id.into())));
}

fn ask_as(client: &mut Client, operation: &str, resource: Option<&str>, id: Option<MessageId>) {
    let mut builder = Builder::default();
    builder.annotate("operation", operation.to_owned());
    if let Some(resource) = resource {
        builder.annotate("resource", resource.to_owned());
    }
    builder.properties.correlation_id = id;
    client.send(2, 0, &builder.with_data(b"{}"));
}

fn answered(client: &mut Client) -> (Option<MessageId>, Option<Value>, Bytes) {
    let (_, message) = client.message();
    let status = message.annotation("status").cloned();
    let body = message.body_bytes().expect("data");
    (message.properties.correlation_id, status, body)
}

const NOTIFICATIONS: Option<&str> = Some("/notifications/twin/properties/desired");

#[test]
fn a_twin_is_answered_with_the_id_and_an_int() {
    // protocol.md §0.17, §5.4
    let mut client = watching();
    ask(&mut client, "GET", None, "Get0f");
    assert_eq!(client.requests(), [Request::GetTwin { rid: "1".into() }]);
    let body = Bytes::from_static(b"{\"desired\":{}}");
    client.hear(ME, Event::TwinAnswer { rid: "1".into(), status: 200, version: None, body: body.clone() });
    assert_eq!(answered(&mut client), (Some(MessageId::String("Get0f".into())), Some(Value::Int(200)), body));
}

#[test]
fn a_patch_is_answered_204() {
    let mut client = watching();
    ask(&mut client, "PATCH", Some("/properties/reported"), "p");
    assert_eq!(client.requests(), [Request::PatchReported { rid: "1".into(), patch: Bytes::from_static(b"{}") }]);
    client.hear(ME, Event::TwinAnswer { rid: "1".into(), status: 204, version: Some(2), body: Bytes::new() });
    assert_eq!(answered(&mut client).1, Some(Value::Int(204)));
}

#[test]
fn changes_are_told_from_put_to_delete_and_without_an_id() {
    // protocol.md §5.4
    let mut client = watching();
    let feature = Feature::DesiredUpdates;
    ask(&mut client, "PUT", NOTIFICATIONS, "a");
    assert_eq!(client.requests(), [Request::Subscribe { feature, guarantee: Guarantee::AtMostOnce }]);
    assert_eq!(answered(&mut client).1, Some(Value::Int(200)));
    let patch = Bytes::from_static(b"{\"$version\":2}");
    client.hear(ME, Event::DesiredChanged { version: 2, patch: patch.clone() });
    assert_eq!(answered(&mut client), (None, None, patch));
    ask(&mut client, "DELETE", NOTIFICATIONS, "b");
    assert_eq!(client.requests(), [Request::Unsubscribe { feature }]);
    assert_eq!(answered(&mut client).1, Some(Value::Int(200)));
}

#[test]
fn what_no_hub_knows_is_answered_400() {
    let mut client = watching();
    ask(&mut client, "PATCH", Some("/properties/desired"), "x");
    assert_eq!(answered(&mut client).1, Some(Value::Int(400)));
    assert_eq!(client.requests(), []);
}

#[test]
fn a_refusal_has_no_body_that_node_could_read_as_json() {
    // protocol.md §5.4
    let mut client = watching();
    for (status, body) in [(400, MessageBody::None), (204, MessageBody::Data(Bytes::new()))] {
        ask(&mut client, "PATCH", Some("/properties/reported"), "p");
        let Some(Request::PatchReported { rid, .. }) = client.requests().pop() else { panic!("a request") };
        client.hear(ME, Event::TwinAnswer { rid, status, version: None, body: Bytes::new() });
        assert_eq!(client.message().1.body, body);
    }
}

#[test]
fn a_client_that_asks_and_never_listens_is_throttled() {
    let mut client = watching();
    for _ in 0..257 {
        ask(&mut client, "GET", None, "x");
    }
    assert_eq!(client.requests().len(), 256);
    assert_eq!(answered(&mut client).1, Some(Value::Int(429)));
}

#[test]
fn the_end_of_the_link_ends_both_subscriptions() {
    let mut client = watching();
    let detach = fe2o3_amqp_types::performatives::Detach { handle: Handle(1), closed: true, error: None };
    client.say(0, Performative::Detach(detach));
    let lost = [Feature::TwinAnswers, Feature::DesiredUpdates];
    assert_eq!(client.requests(), lost.map(|feature| Request::Unsubscribe { feature }));
}

#[test]
fn what_has_no_id_gets_no_answer_that_would_pass_for_a_change() {
    // protocol.md §5.4
    let mut client = watching();
    for (operation, resource) in [("GET", None), ("PUT", NOTIFICATIONS), ("DELETE", NOTIFICATIONS), ("x", None)] {
        ask_as(&mut client, operation, resource, None);
    }
    assert_eq!(client.requests(), []);
    ask_as(&mut client, "PATCH", Some("/properties/reported"), None);
    assert_eq!(client.requests(), [Request::PatchReported { rid: "1".into(), patch: Bytes::from_static(b"{}") }]);
    client.frames.clear();
    client.hear(ME, Event::TwinAnswer { rid: "1".into(), status: 204, version: Some(2), body: Bytes::new() });
    assert!(client.frames.is_empty());
}
