//! Messages to the client: credit, tags, outcomes.

use std::sync::Arc;

use super::*;
use crate::edgehub::{Delivery, Target};
use crate::message::{Message, system};
use fe2o3_amqp_types::messaging::{Accepted, DeliveryState, Modified, Rejected, Released};
use fe2o3_amqp_types::performatives::{Detach, Disposition};

const INPUTS: Feature = Feature::Inputs;

fn deliver(client: &mut Client, delivery: u64, body: &'static str) {
    deliver_as(client, Guarantee::AtLeastOnce, delivery, body);
}

fn deliver_as(client: &mut Client, guarantee: Guarantee, delivery: u64, body: &'static str) {
    let mut message = Message { body: Bytes::from_static(body.as_bytes()), ..Message::default() };
    message.properties.push(("colour".into(), Some("blue".into())));
    for (name, value) in [
        (system::CONNECTION_DEVICE_ID, "d"),
        (system::CONNECTION_MODULE_ID, "a"),
        (system::ENQUEUED_TIME, "2023-11-14T22:13:20.042Z"),
        (system::MESSAGE_ID, "m1"),
        (system::OUTPUT_NAME, "out"),
        (system::CONTENT_TYPE, "application/json"),
    ] {
        message.set_system(name, value);
    }
    let target = Target::Input("in".into());
    client.hear(ME, Event::Deliver { delivery: Delivery(delivery), guarantee, target, message: Arc::new(message) });
}

fn receiving(credit: u32) -> Client {
    let mut client = Client::entered();
    client.attach(1, receiver(&format!("{MODULE}/messages/events")));
    client.credit(1, credit);
    client.frames.clear();
    client.outputs.clear();
    client
}

/// Number 0 of the session's deliveries was the answer to the token.
fn say_outcome(client: &mut Client, first: u32, last: Option<u32>, is_settled: bool, state: DeliveryState) {
    let disposition =
        Disposition { role: Role::Receiver, first, last, settled: is_settled, state: Some(state), batchable: false };
    client.say(0, Performative::Disposition(disposition));
}

#[test]
fn a_link_for_inputs_subscribes_with_as_much_room_as_its_credit() {
    // protocol.md §5.3
    for address in ["messages/events", "messages/deviceBound"] {
        let mut client = Client::entered();
        client.attach(1, receiver(&format!("{MODULE}/{address}")));
        let subscribe = Request::Subscribe { feature: INPUTS, guarantee: Guarantee::AtLeastOnce };
        assert_eq!(client.requests(), [Request::Allow { feature: INPUTS, total: 0 }, subscribe]);
        client.credit(1, 20);
        assert_eq!(client.requests(), [Request::Allow { feature: INPUTS, total: 20 }]);
        deliver(&mut client, 1, "x");
        client.say(0, Performative::Flow(Flow { delivery_count: Some(1), ..flow(1, 20) }));
        assert_eq!(client.requests(), [Request::Allow { feature: INPUTS, total: 21 }]);
    }
}

#[test]
fn a_delivery_has_the_annotations_of_inputs_and_a_tag_of_16_bytes() {
    // protocol.md §0.17, §5.4
    let mut client = receiving(10);
    deliver(&mut client, 0x0102, "{}");
    let (transfer, message) = client.message();
    let tag = transfer.delivery_tag.expect("a tag");
    assert_eq!((tag.len(), transfer.settled), (16, Some(false)));
    assert_eq!(message.annotation("x-opt-input-name"), Some(&text("in")));
    assert_eq!(message.annotation("iothub-connection-device-id"), Some(&text("d")));
    assert_eq!(message.annotation("iothub-connection-module-id"), Some(&text("a")));
    assert_eq!(message.annotation("x-opt-sequence-number"), Some(&Value::Ulong(0x0102)));
    let token = "00000000-0000-0000-0000-000000000102";
    assert_eq!(message.annotation("x-opt-lock-token"), Some(&text(token)));
    let of_token = uuid::Uuid::parse_str(token).expect("a GUID").to_bytes_le();
    assert_eq!(tag.as_slice(), of_token, "C# makes a GUID of the tag");
    let time = serde_amqp::primitives::Timestamp::from_milliseconds(1_700_000_000_042);
    assert_eq!(message.annotation("iothub-enqueuedtime"), Some(&Value::Timestamp(time)));
    assert_eq!(message.properties.message_id, Some(MessageId::String("m1".into())));
    assert_eq!(message.properties.content_type, Some(symbol("application/json")));
    assert_eq!(message.application("colour"), Some(&text("blue")));
    assert_eq!(message.application("iothub-outputname"), None, "the output is the sender's business");
    assert_eq!(message.body_bytes().expect("data"), "{}");
}

#[test]
fn a_message_from_the_cloud_names_its_device() {
    // protocol.md §5.4
    let mut client = Client::open();
    client.attach_cbs();
    client.put_token(1, &TOKEN.replace("%2Fmodules%2Fm", ""), None);
    client.connected(ME);
    client.attach(1, receiver("/devices/d/messages/devicebound"));
    client.credit(1, 1);
    client.frames.clear();
    let (target, guarantee) = (Target::CloudToDevice, Guarantee::AtLeastOnce);
    let message = Arc::new(Message::default());
    client.hear(ME, Event::Deliver { delivery: Delivery(1), guarantee, target, message });
    let (transfer, message) = client.message();
    assert_eq!(transfer.delivery_tag.map(|tag| tag.len()), Some(16));
    assert_eq!(message.properties.to.as_deref(), Some("/devices/d"));
    assert_eq!(message.annotation("x-opt-input-name"), None);
}

#[test]
fn every_outcome_has_its_word_to_the_hub() {
    // protocol.md §5.4
    let modified = Modified { delivery_failed: Some(true), undeliverable_here: None, message_annotations: None };
    let delivery = Delivery(7);
    for (state, request) in [
        (DeliveryState::Accepted(Accepted {}), Request::Acknowledge { delivery }),
        (DeliveryState::Rejected(Rejected { error: None }), Request::Reject { delivery }),
        (DeliveryState::Released(Released {}), Request::Release { delivery }),
        (DeliveryState::Modified(modified), Request::Release { delivery }),
    ] {
        let mut client = receiving(1);
        deliver(&mut client, 7, "x");
        client.frames.clear();
        say_outcome(&mut client, 1, None, true, state);
        assert_eq!(client.requests(), [request]);
        assert!(client.frames.is_empty(), "the client has settled it");
    }
}

#[test]
fn a_client_that_settles_second_is_answered() {
    // protocol.md §5.3
    let mut client = receiving(5);
    (1..=3).for_each(|n| deliver(&mut client, n, "x"));
    client.frames.clear();
    say_outcome(&mut client, 1, Some(2), false, DeliveryState::Accepted(Accepted {}));
    let Performative::Disposition(settled) = client.next() else { panic!("no disposition") };
    assert_eq!((settled.role, settled.first, settled.last, settled.settled), (Role::Sender, 1, Some(2), true));
    let done = [1, 2].map(|n| Request::Acknowledge { delivery: Delivery(n) });
    assert_eq!(client.requests(), done);
    say_outcome(&mut client, 1, Some(2), true, DeliveryState::Accepted(Accepted {}));
    assert_eq!(client.requests(), [], "that was settled");
}

#[test]
fn the_modes_that_the_client_asks_for_are_answered() {
    // protocol.md §5.3
    let mut client = Client::entered();
    let wanted = Attach {
        snd_settle_mode: SenderSettleMode::Settled,
        rcv_settle_mode: ReceiverSettleMode::Second,
        ..receiver(&format!("{MODULE}/messages/events"))
    };
    client.attach(1, wanted);
    let Performative::Attach(answer) = client.next() else { panic!("no attach") };
    assert_eq!(answer.snd_settle_mode, SenderSettleMode::Settled);
    assert_eq!(answer.rcv_settle_mode, ReceiverSettleMode::Second);
    let subscribe = Request::Subscribe { feature: INPUTS, guarantee: Guarantee::AtMostOnce };
    assert_eq!(client.requests()[1], subscribe);
}

#[test]
fn a_settled_delivery_is_done_once_it_is_sent() {
    let mut client = Client::entered();
    let settled =
        Attach { snd_settle_mode: SenderSettleMode::Settled, ..receiver(&format!("{MODULE}/messages/events")) };
    client.attach(1, settled);
    client.credit(1, 5);
    client.requests();
    deliver_as(&mut client, Guarantee::AtMostOnce, 1, "x");
    assert_eq!(client.requests(), [Request::Acknowledge { delivery: Delivery(1) }]);
}

#[test]
fn what_a_link_left_unsettled_is_given_back() {
    let mut client = receiving(5);
    deliver(&mut client, 1, "x");
    client.frames.clear();
    client.say(0, Performative::Detach(Detach { handle: Handle(1), closed: true, error: None }));
    assert!(matches!(client.next(), Performative::Detach(_)));
    let given_back = Request::Release { delivery: Delivery(1) };
    assert_eq!(client.requests(), [Request::Unsubscribe { feature: INPUTS }, given_back]);
    deliver(&mut client, 2, "late");
    assert_eq!(client.requests(), [Request::Release { delivery: Delivery(2) }]);
}

#[test]
fn a_client_that_drains_gets_what_there_is_and_its_credit_used_up() {
    let mut client = receiving(0);
    client.say(0, Performative::Flow(Flow { drain: true, ..flow(1, 5) }));
    assert_eq!(client.requests(), [Request::Allow { feature: INPUTS, total: 5 }]);
    deliver(&mut client, 1, "x");
    assert_eq!(client.message().1.body_bytes().expect("data"), "x");
    client.head.handle_timeout(Now { monotonic: Duration::from_millis(100), ..client.now() });
    client.drain();
    let Performative::Flow(answer) = client.next() else { panic!("no flow") };
    assert_eq!((answer.delivery_count, answer.link_credit, answer.drain), (Some(5), Some(0), true));
    assert_eq!(client.requests(), [Request::Allow { feature: INPUTS, total: 1 }]);
}

#[test]
fn a_client_that_thinks_better_of_it_is_not_drained() {
    let mut client = receiving(0);
    client.say(0, Performative::Flow(Flow { drain: true, ..flow(1, 5) }));
    client.credit(1, 5);
    client.wait(1);
    assert_eq!(client.requests(), [Request::Allow { feature: INPUTS, total: 5 }]);
}

#[test]
fn credit_and_windows_without_end_do_not_end() {
    // protocol.md §5.1: the SDK for C tells of such a window.
    let mut client = receiving(u32::MAX);
    deliver(&mut client, 1, "x");
    deliver(&mut client, 2, "y");
    client.frames.clear();
    let seen =
        Flow { incoming_window: u32::MAX, delivery_count: Some(1), next_incoming_id: Some(2), ..flow(1, u32::MAX) };
    client.say(0, Performative::Flow(seen));
    assert_eq!(client.requests(), [Request::Allow { feature: INPUTS, total: 2 + u64::from(u32::MAX) - 1 }]);
    deliver(&mut client, 3, "z");
    assert_eq!(client.message().1.body_bytes().expect("data"), "z");
}

#[test]
fn a_message_is_cut_to_the_client_s_frames_and_waits_for_its_window() {
    // protocol.md §5.1
    let mut client = Client::new();
    client.say_bytes(Preamble::Amqp.bytes());
    client.say(0, Performative::Open(Open { max_frame_size: MaxFrameSize(4096), ..open() }));
    client.say(0, Performative::Begin(Begin { incoming_window: 3, ..begin() }));
    client.attach_cbs();
    client.put_token(1, TOKEN, None);
    client.connected(ME);
    client.attach(1, receiver(&format!("{MODULE}/messages/events")));
    client.say(0, Performative::Flow(Flow { incoming_window: 3, ..flow(1, 1) }));
    client.frames.clear();
    let message = Arc::new(Message { body: Bytes::from(vec![b'x'; 10_000]), ..Message::default() });
    let (target, guarantee) = (Target::Input("in".into()), Guarantee::AtLeastOnce);
    client.hear(ME, Event::Deliver { delivery: Delivery(1), guarantee, target, message });
    let mores = |client: &mut Client| {
        let frames = std::mem::take(&mut client.frames).into_iter();
        let parts = frames.map(|(_, performative, payload)| match performative {
            Some(Performative::Transfer(transfer)) => (transfer.more, payload.len()),
            other => panic!("{other:?}"),
        });
        parts.collect::<Vec<_>>()
    };
    // One frame of the window was the answer to the token.
    let first = mores(&mut client);
    assert_eq!(first.iter().map(|(more, _)| *more).collect::<Vec<_>>(), [true, true]);
    assert!(first.iter().all(|(_, length)| *length > 3900 && *length < 4096));
    client.say(
        0,
        Performative::Flow(Flow {
            next_incoming_id: Some(3),
            handle: None,
            delivery_count: None,
            link_credit: None,
            ..flow(1, 1)
        }),
    );
    assert_eq!(mores(&mut client).iter().map(|(more, _)| *more).collect::<Vec<_>>(), [false]);
}

#[test]
fn a_message_larger_than_the_link_takes_is_dropped_and_told() {
    let mut client = Client::entered();
    client.attach(1, Attach { max_message_size: Some(50), ..receiver(&format!("{MODULE}/messages/events")) });
    client.credit(1, 5);
    client.outputs.clear();
    deliver(&mut client, 1, "x");
    let notice = Output::Notice { speaker: ME, notice: Notice::Undeliverable(50) };
    let reject = Request::Reject { delivery: Delivery(1) };
    let room = Request::Allow { feature: INPUTS, total: 6 };
    let [reject, room] = [reject, room].map(|request| Output::Request { speaker: ME, request });
    assert_eq!(client.outputs(), [notice, reject, room]);
}
