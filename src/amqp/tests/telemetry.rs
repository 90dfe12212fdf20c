//! Messages of the client: what they become, and when they are settled.

use super::*;
use crate::edgehub::Receipt;
use crate::message::{Message, system};
use fe2o3_amqp_types::messaging::DeliveryState;

fn sending() -> Client {
    let mut client = Client::entered();
    client.attach(1, sender(&format!("{MODULE}/messages/events")));
    client.frames.clear();
    client
}

fn settled(client: &mut Client) -> Vec<(u32, Option<u32>, bool)> {
    let frames = std::mem::take(&mut client.frames);
    let dispositions = frames.into_iter().filter_map(|(_, performative, _)| match performative {
        Some(Performative::Disposition(d)) => {
            Some((d.first, d.last, matches!(d.state, Some(DeliveryState::Accepted(_)))))
        }
        _ => None,
    });
    dispositions.collect()
}

fn body(text: &str) -> Bytes {
    Builder::default().with_data(text.as_bytes())
}

#[test]
fn a_client_gets_credit_for_50_messages_and_more_when_half_is_used() {
    // protocol.md §5.3
    let mut client = Client::entered();
    client.attach(1, sender(&format!("{MODULE}/messages/events")));
    client.next();
    let Performative::Flow(flow) = client.next() else { panic!("no flow") };
    assert_eq!((flow.handle, flow.link_credit), (Some(Handle(1)), Some(100)));
    for n in 0..50 {
        client.send(1, n, &body("x"));
        client.hear(ME, Event::Accepted { receipt: Receipt(u64::from(n) + 1) });
    }
    let flows = client.frames.iter().filter_map(|(_, performative, _)| match performative {
        Some(Performative::Flow(flow)) => Some((flow.delivery_count, flow.link_credit)),
        _ => None,
    });
    assert_eq!(flows.collect::<Vec<_>>(), [(Some(50), Some(100))]);
}

#[test]
fn properties_and_annotations_are_those_of_the_hub() {
    // protocol.md §5.4
    let mut builder = Builder::default();
    builder.properties.message_id = Some(MessageId::String("m1".into()));
    builder.properties.correlation_id = Some(MessageId::Ulong(5));
    builder.properties.user_id = Some(b"u".to_vec().into());
    builder.properties.content_type = Some(symbol("application/json"));
    builder.properties.content_encoding = Some(symbol("utf-8"));
    builder.properties.absolute_expiry_time =
        Some(serde_amqp::primitives::Timestamp::from_milliseconds(1_700_000_000_042));
    for (name, value) in [
        ("iothub-outputname", text("out")),
        ("iothub-message-schema", text("s")),
        ("colour", text("blue")),
        ("count", Value::Int(-3)),
        ("none", Value::Null),
    ] {
        builder.application.insert(name.into(), value);
    }
    builder.annotate("dt-subject", "part".to_owned());
    let mut client = sending();
    client.send(1, 0, &builder.with_data(b"{}"));
    let mut expected = Message { body: Bytes::from_static(b"{}"), ..Message::default() };
    expected.properties = [("colour", Some("blue")), ("count", Some("-3")), ("none", None)]
        .map(|(k, v)| (k.into(), v.map(str::to_owned)))
        .into();
    for (name, value) in [
        (system::MESSAGE_ID, "m1"),
        (system::CORRELATION_ID, "5"),
        (system::USER_ID, "u"),
        (system::CONTENT_TYPE, "application/json"),
        (system::CONTENT_ENCODING, "utf-8"),
        (system::EXPIRY, "2023-11-14T22:13:20.042Z"),
        (system::OUTPUT_NAME, "out"),
        (system::MESSAGE_SCHEMA, "s"),
        (system::COMPONENT, "part"),
    ] {
        expected.set_system(name, value);
    }
    assert_eq!(client.requests(), [Request::Publish { receipt: Some(Receipt(1)), message: expected }]);
}

#[test]
fn a_message_is_settled_when_the_hub_has_accepted_it_and_neighbours_in_one() {
    let mut client = sending();
    (0..3).for_each(|n| client.send(1, n, &body("x")));
    assert_eq!(settled(&mut client), []);
    let now = client.now();
    for receipt in [1, 2, 3] {
        client.head.handle_event(now, ME, Event::Accepted { receipt: Receipt(receipt) });
    }
    client.drain();
    assert_eq!(settled(&mut client), [(0, Some(2), true)]);
}

#[test]
fn a_settled_message_asks_for_no_receipt() {
    let mut client = sending();
    client.say_with(0, Performative::Transfer(Transfer { settled: Some(true), ..transfer(1, 0) }), &body("x"));
    assert!(matches!(client.requests()[..], [Request::Publish { receipt: None, .. }]));
    assert_eq!(settled(&mut client), []);
}

#[test]
fn a_batch_is_parted_and_accepted_as_one() {
    // protocol.md §5.4, §9.2
    let mut batch = BytesMut::new();
    for text in ["1", "2", "3"] {
        batch.extend_from_slice(&Builder::default().with_data(&body(text)));
    }
    let mut client = sending();
    let format = Transfer { message_format: Some(0x8001_3700), ..transfer(1, 0) };
    client.say_with(0, Performative::Transfer(format), &batch);
    let seen: Vec<_> = client
        .requests()
        .into_iter()
        .map(|request| match request {
            Request::Publish { receipt, message } => (receipt, message.body),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected =
        [(None, "1"), (None, "2"), (Some(Receipt(1)), "3")].map(|(r, b)| (r, Bytes::from_static(b.as_bytes())));
    assert_eq!(seen, expected);
    client.hear(ME, Event::Accepted { receipt: Receipt(1) });
    assert_eq!(settled(&mut client), [(0, None, true)]);
}

#[test]
fn a_message_in_several_frames_is_one() {
    let whole = body(&"x".repeat(1000));
    let mut client = sending();
    for (n, part) in whole.chunks(300).enumerate() {
        let mut part_of = Transfer { more: n < 3, ..transfer(1, 0) };
        if n > 0 {
            (part_of.delivery_id, part_of.delivery_tag, part_of.message_format) = (None, None, None);
        }
        client.say_with(0, Performative::Transfer(part_of), part);
    }
    let [Request::Publish { message, .. }] = &client.requests()[..] else { panic!("one message") };
    assert_eq!(message.body.len(), 1000);
}

#[test]
fn an_aborted_message_was_never_there() {
    let mut client = sending();
    client.say_with(0, Performative::Transfer(Transfer { more: true, ..transfer(1, 0) }), b"half");
    client.say(0, Performative::Transfer(Transfer { aborted: true, ..transfer(1, 0) }));
    client.send(1, 1, &body("x"));
    assert_eq!(client.requests().len(), 1);
}

#[test]
fn a_message_that_is_too_large_is_rejected_with_its_condition_and_the_link_goes_on() {
    // protocol.md §5.4
    let mut client = sending();
    let part = vec![b'x'; 60_000];
    for n in 0..7 {
        client.say_with(0, Performative::Transfer(Transfer { more: n < 6, ..transfer(1, 0) }), &part);
    }
    let Performative::Disposition(rejected) = client.next() else { panic!("no disposition") };
    let Some(DeliveryState::Rejected(rejected)) = rejected.state else { panic!("not rejected") };
    let error = rejected.error.expect("a reason");
    assert_eq!(error.condition, fe2o3_amqp_types::definitions::LinkError::MessageSizeExceeded.into());
    client.outputs.clear();
    client.send(1, 1, &body("x"));
    assert_eq!(client.requests().len(), 1);
}

#[test]
fn what_is_no_message_is_rejected_and_told() {
    let mut client = sending();
    client.send(1, 0, b"\x00\x53\x75\xa0");
    assert_eq!(settled(&mut client), [(0, None, false)]);
    let notice = Notice::Rejected("the message cannot be read: a value breaks off".into());
    assert_eq!(client.outputs(), [Output::Notice { speaker: ME, notice }]);
}

#[test]
fn a_value_that_is_a_text_is_a_body_too() {
    let mut client = sending();
    client.send(1, 0, &Builder::default().with_value(&text("hello")));
    let [Request::Publish { message, .. }] = &client.requests()[..] else { panic!("one message") };
    assert_eq!(message.body, "hello");
}
