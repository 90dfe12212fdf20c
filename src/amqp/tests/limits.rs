//! What a peer cannot do to us, whatever it sends.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn violation(client: &mut Client) -> String {
    match client.outputs().pop() {
        Some(Output::Close(Closed::Violation(reason))) => reason,
        other => panic!("not closed: {other:?}"),
    }
}

#[test]
fn a_frame_longer_than_agreed_ends_the_connection_before_it_has_come() {
    let mut client = Client::open();
    client.say_bytes(&[0, 1, 0, 1, 2, 0, 0, 0]);
    assert_eq!(violation(&mut client), "a frame has 65537 bytes, and 65536 were agreed");
}

#[test]
fn a_message_without_credit_ends_its_link() {
    let mut client = Client::entered();
    client.attach(1, sender(&format!("{MODULE}/messages/events")));
    let message = Builder::default().with_data(b"x");
    for delivery in 0..100 {
        client.send(1, delivery, &message);
    }
    client.frames.clear();
    client.send(1, 100, &message);
    let Performative::Detach(detach) = client.next() else { panic!("no detach") };
    let reason = detach.error.and_then(|error| error.description);
    assert_eq!((detach.handle, reason.as_deref()), (Handle(1), Some("a message was sent without credit")));
}

#[test]
fn reading_pauses_while_64_messages_wait_for_the_hub() {
    let mut client = Client::entered();
    client.attach(1, sender(&format!("{MODULE}/messages/events")));
    for delivery in 0..64 {
        assert!(client.head.wants_read());
        client.send(1, delivery, &Builder::default().with_data(b"x"));
    }
    assert!(!client.head.wants_read());
    client.hear(ME, Event::Accepted { receipt: crate::edgehub::Receipt(1) });
    assert!(client.head.wants_read());
}

#[test]
fn rules_of_sessions_and_links_end_the_connection() {
    type Say = fn(&mut Client);
    let wrong: [(&str, Say); 6] = [
        ("a second open came", |client| client.say(0, Performative::Open(open()))),
        ("session 0 is open, or too high a number", |client| client.say(0, Performative::Begin(begin()))),
        ("session 9 is not open", |client| client.say(9, Performative::Flow(flow(0, 1)))),
        ("no link has the handle 7", |client| client.credit(7, 1)),
        ("handle 100 is in use, or above 255", |client| client.attach(100, sender("$cbs"))),
        ("a message was sent on a link that only receives", |client| client.send(101, 0, b"")),
    ];
    for (reason, say) in wrong {
        let mut client = Client::entered();
        say(&mut client);
        assert_eq!(violation(&mut client), reason);
    }
}

#[test]
fn links_have_a_limit_over_all_sessions() {
    let mut client = Client::with_limits(Limits { links: 2, ..Limits::default() });
    client.say_bytes(Preamble::Amqp.bytes());
    client.say(0, Performative::Open(open()));
    client.say(0, Performative::Begin(begin()));
    client.attach_cbs();
    client.attach(1, sender("$cbs"));
    assert_eq!(violation(&mut client), "there are 2 links already");
}

/// The frames of an honest client, to be damaged.
fn honest() -> Vec<u8> {
    let mut bytes = BytesMut::from(&Preamble::Amqp.bytes()[..]);
    let said = [
        (Performative::Open(open()), Bytes::new()),
        (Performative::Begin(begin()), Bytes::new()),
        (Performative::Attach(Attach { handle: Handle(100), ..sender("$cbs") }), Bytes::new()),
        (Performative::Attach(Attach { handle: Handle(101), ..receiver("$cbs") }), Bytes::new()),
        (Performative::Flow(flow(101, 10)), Bytes::new()),
        (Performative::Transfer(transfer(100, 0)), put_token(TOKEN, Some(MessageId::String("id".into())))),
        (Performative::Attach(Attach { handle: Handle(1), ..sender(&format!("{MODULE}/twin")) }), Bytes::new()),
    ];
    for (performative, payload) in said {
        frame::encode(0, &performative, &payload, &mut bytes);
    }
    bytes.to_vec()
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), is_sasl: bool) {
        let mut client = Client::new();
        let preamble = if is_sasl { Preamble::Sasl } else { Preamble::Amqp };
        client.head.handle_bytes(Now::default(), BytesMut::from(&preamble.bytes()[..]));
        client.head.handle_bytes(Now::default(), BytesMut::from(&bytes[..]));
        while client.head.poll().is_some() {}
    }

    #[test]
    fn arbitrary_bodies_of_frames_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200), code in 0x10_u8..0x19) {
        let mut client = Client::entered();
        let body = [&[0x00, 0x53, code][..], &body].concat();
        let length = u32::try_from(body.len() + 8).expect("short");
        let frame = [&length.to_be_bytes()[..], &[2, 0, 0, 0], &body].concat();
        client.head.handle_bytes(Now::default(), BytesMut::from(&frame[..]));
        while client.head.poll().is_some() {}
    }

    #[test]
    fn a_damaged_conversation_never_panics(place in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>()) {
        let mut bytes = honest();
        let length = bytes.len();
        bytes[place.index(length)] = byte;
        let mut client = Client::new();
        let (first, second) = bytes.split_at(cut.index(length));
        for part in [first, second] {
            client.head.handle_bytes(Now::default(), BytesMut::from(part));
            while client.head.poll().is_some() {}
        }
        client.head.connected(Now::default(), ME);
        while client.head.poll().is_some() {}
    }

    #[test]
    fn arbitrary_messages_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), section in 0x70_u8..0x79) {
        let bytes = Bytes::from([&[0x00, 0x53, section][..], &bytes].concat());
        let _ = translate::telemetry(&bytes);
        let _ = translate::twin_request(&bytes);
        let _ = translate::method_answer(&bytes);
        let _ = super::super::cbs::put_token(&bytes);
        let _ = super::super::message::unpack(&bytes);
    }
}

#[test]
fn a_conversation_may_come_byte_by_byte() {
    let mut client = Client::new();
    for byte in honest() {
        client.say_bytes(&[byte]);
    }
    client.connected(ME);
    assert_eq!(handles(&client.frames), [100, 101, 1]);
}
