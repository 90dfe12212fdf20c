//! How connections begin and end: SASL, time-outs, closes.

use super::*;
use fe2o3_amqp_types::definitions::{AmqpError, ConnectionError};
use fe2o3_amqp_types::performatives::Close;

#[track_caller]
fn closed(client: &mut Client) -> Closed {
    match client.outputs().pop() {
        Some(Output::Close(closed)) => closed,
        other => panic!("not closed: {other:?}"),
    }
}

#[track_caller]
fn close(client: &mut Client) -> fe2o3_amqp_types::definitions::Error {
    while let Some((_, performative, _)) = client.frames.pop_front() {
        if let Some(Performative::Close(close)) = performative {
            return close.error.expect("a reason");
        }
    }
    panic!("no close came");
}

#[test]
fn nobody_within_a_minute_is_a_reason_to_close() {
    let mut client = Client::open();
    assert_eq!(client.head.deadline(), Some(Duration::from_secs(60)));
    client.wait(60);
    assert_eq!(close(&mut client).condition, AmqpError::UnauthorizedAccess.into());
    assert_eq!(closed(&mut client), Closed::NoLogin(Duration::from_secs(60)));
}

#[test]
fn whoever_is_in_hears_a_sign_of_life_every_minute_and_may_be_silent_for_four() {
    // protocol.md §5.1
    let mut client = Client::entered();
    for minute in 1..4 {
        client.wait(60);
        assert_eq!(client.frames.pop_front().map(|(_, performative, _)| performative), Some(None), "minute {minute}");
    }
    client.wait(60);
    assert_eq!(closed(&mut client), Closed::Silent(Duration::from_secs(240)));
}

#[test]
fn a_client_s_own_time_out_is_halved_and_one_below_5_seconds_refused() {
    // protocol.md §5.1
    let mut client = Client::new();
    client.say_bytes(Preamble::Amqp.bytes());
    client.say(0, Performative::Open(Open { idle_time_out: Some(10_000), ..open() }));
    let Performative::Open(answer) = client.next() else { panic!("no open") };
    assert_eq!(answer.idle_time_out, Some(120_000), "half of what is waited for");
    assert_eq!(client.head.deadline(), Some(Duration::from_secs(5)));
    let mut hasty = Client::new();
    hasty.say_bytes(Preamble::Amqp.bytes());
    hasty.say(0, Performative::Open(Open { idle_time_out: Some(4_999), ..open() }));
    assert_eq!(close(&mut hasty).condition, AmqpError::NotAllowed.into());
}

#[test]
fn a_close_is_answered_and_what_was_said_before_it_counts() {
    let mut client = Client::entered();
    client.attach(1, sender(&format!("{MODULE}/messages/events")));
    client.outputs.clear();
    let mut bytes = BytesMut::new();
    let settled = Transfer { settled: Some(true), ..transfer(1, 0) };
    frame::encode(0, &Performative::Transfer(settled), &Builder::default().with_data(b"x"), &mut bytes);
    frame::encode(0, &Performative::Close(Close { error: None }), &[], &mut bytes);
    client.frames.clear();
    client.say_bytes(&bytes);
    assert!(matches!(client.next(), Performative::Close(_)));
    let outputs = client.outputs();
    assert!(matches!(outputs[0], Output::Request { request: Request::Publish { .. }, .. }), "{outputs:?}");
    assert_eq!(outputs[1..], [Output::Close(Closed::Disconnected)]);
}

#[test]
fn the_only_client_s_dismissal_closes_the_connection() {
    let mut client = Client::entered();
    client.head.dismiss(client.now(), ME, "the same identity connected again");
    client.drain();
    assert_eq!(close(&mut client).condition, ConnectionError::ConnectionForced.into());
    let why = "the same identity connected again".to_owned();
    assert_eq!(client.outputs(), [Output::Left { speaker: ME, why: why.clone() }, Output::Close(Closed::Stopped(why))]);
}

fn sasl(init: &[u8]) -> Client {
    let mut client = Client::new();
    client.say_bytes(Preamble::Sasl.bytes());
    let length = u32::try_from(init.len() + 8).expect("short");
    client.say_bytes(&[&length.to_be_bytes()[..], &[2, 1, 0, 0], init].concat());
    client
}

#[test]
fn sasl_offers_four_mechanisms() {
    // protocol.md §5.1
    let mut client = Client::new();
    client.say_bytes(Preamble::Sasl.bytes());
    let mechanisms: fe2o3_amqp_types::sasl::SaslMechanisms = value(&client.wire[8..]);
    let names: Vec<_> = mechanisms.sasl_server_mechanisms.0.iter().map(|name| name.as_str().to_owned()).collect();
    assert_eq!(names, ["MSSBCBS", "ANONYMOUS", "PLAIN", "EXTERNAL"]);
}

#[test]
fn plain_is_decided_by_the_hub() {
    // protocol.md §5.1
    let response = b"\0d/modules/m@sas.hub\0token";
    let init = [&b"\x00\x53\x41\xc0\x24\x02\xa3\x05PLAIN\xa0\x1a"[..], response].concat();
    let mut client = sasl(&init);
    client.wire.clear();
    let login = Login { identity: identity("d/m"), credential: Credential::Sas("token".into()) };
    assert_eq!(client.outputs(), [Output::Connect { speaker: ME, login: Box::new(login) }]);
    client.connected(ME);
    assert_eq!(client.wire[8..], *b"\x00\x53\x44\xc0\x03\x01\x50\x00", "the outcome is ok");
    client.wire.clear();
    client.say_bytes(Preamble::Amqp.bytes());
    client.say(0, Performative::Open(open()));
    client.say(0, Performative::Begin(begin()));
    client.attach(1, sender(&format!("{MODULE}/messages/events")));
    assert_eq!(handles(&client.frames), [1], "no token is needed");

    let mut refused = sasl(&init);
    refused.wire.clear();
    refused.refused(ME, "expired");
    assert_eq!(refused.wire[8..], *b"\x00\x53\x44\xc0\x03\x01\x50\x01", "the outcome is a refusal");
    assert_eq!(closed(&mut refused), Closed::Refused("expired".into()));
}

#[test]
fn a_client_of_something_else_is_told_what_is_spoken() {
    let mut client = Client::new();
    client.say_bytes(b"GET / HTTP/1.1\r\n");
    assert_eq!(client.preambles, 1);
    assert_eq!(closed(&mut client), Closed::Violation("the first bytes are no AMQP 1.0 header".into()));
}
