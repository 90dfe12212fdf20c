//! Direct methods.

use super::*;
use serde_amqp::primitives::Uuid;

fn callable() -> Client {
    let mut client = Client::entered();
    client.attach(1, receiver(&format!("{MODULE}/methods/deviceBound")));
    client.attach(2, sender(&format!("{MODULE}/methods/deviceBound")));
    client.credit(1, 50);
    client.frames.clear();
    client.outputs.clear();
    client
}

fn call(client: &mut Client, rid: &str) -> Uuid {
    let payload = Bytes::from_static(b"{\"a\":1}");
    client.hear(ME, Event::CallMethod { rid: rid.into(), name: "reset".into(), payload });
    let (_, message) = client.message();
    assert_eq!(message.application("IoThub-methodname"), Some(&text("reset")));
    assert_eq!(message.body_bytes().expect("data"), "{\"a\":1}");
    match message.properties.correlation_id {
        Some(MessageId::Uuid(id)) => id,
        other => panic!("the id is a UUID: {other:?}"),
    }
}

fn answer(id: MessageId, status: Value) -> Bytes {
    let mut builder = Builder::default();
    builder.properties.correlation_id = Some(id);
    builder.application.insert("IoThub-status".into(), status);
    builder.with_data(b"7")
}

#[test]
fn a_link_for_calls_subscribes_to_methods() {
    let mut client = Client::entered();
    client.attach(1, receiver(&format!("{MODULE}/methods/devicebound")));
    let guarantee = Guarantee::AtLeastOnce;
    assert_eq!(client.requests(), [Request::Subscribe { feature: Feature::Methods, guarantee }]);
}

#[test]
fn a_call_has_a_uuid_and_its_answer_may_have_a_uuid_or_a_text() {
    // protocol.md §0.16
    let mut client = callable();
    let id = call(&mut client, "17");
    let done = Request::AnswerMethod { rid: "17".into(), status: 200, payload: Bytes::from_static(b"7") };
    client.send(2, 0, &answer(MessageId::Uuid(id), Value::Int(200)));
    assert_eq!(client.requests(), [done]);
    let id = call(&mut client, "18");
    let as_text = uuid::Uuid::from_bytes(id.into_inner()).to_string();
    client.send(2, 1, &answer(MessageId::String(as_text), Value::Long(404)));
    let done = Request::AnswerMethod { rid: "18".into(), status: 404, payload: Bytes::from_static(b"7") };
    assert_eq!(client.requests(), [done]);
}

#[test]
fn a_second_answer_and_one_to_no_call_are_nothing() {
    let mut client = callable();
    let id = call(&mut client, "17");
    for n in 0..2 {
        client.send(2, n, &answer(MessageId::Uuid(id.clone()), Value::Int(200)));
    }
    client.send(2, 2, &answer(MessageId::Uuid(Uuid::from([9; 16])), Value::Int(200)));
    client.send(2, 3, &answer(MessageId::String("x".into()), Value::Int(200)));
    assert_eq!(client.requests().len(), 1);
}

#[test]
fn a_call_without_payload_says_null() {
    // protocol.md §0.23
    let mut client = callable();
    client.hear(ME, Event::CallMethod { rid: "1".into(), name: "x".into(), payload: Bytes::new() });
    assert_eq!(client.message().1.body_bytes().expect("data"), "null");
}
