//! Tokens: who is let in, what is answered, several identities on one connection.

use super::*;
use fe2o3_amqp_types::messaging::DeliveryState;
use serde_amqp::primitives::Uuid;

fn statuses(client: &mut Client) -> Vec<(Option<MessageId>, Option<Value>)> {
    let mut answers = Vec::new();
    while let Some((_, performative, payload)) = client.frames.pop_front() {
        if let Some(Performative::Transfer(_)) = performative {
            let sections = decode(&payload).expect("an answer");
            let status = sections.application("status-code").cloned();
            answers.push((sections.properties.correlation_id, status));
        }
    }
    answers
}

#[test]
fn a_token_is_accepted_first_and_answered_when_the_hub_has_spoken() {
    // protocol.md §5.2
    let mut client = Client::open();
    client.attach_cbs();
    client.frames.clear();
    client.put_token(7, TOKEN, Some(MessageId::String("id".into())));
    let Performative::Disposition(accepted) = client.next() else { panic!("no disposition") };
    assert_eq!((accepted.first, accepted.settled), (7, true));
    assert!(matches!(accepted.state, Some(DeliveryState::Accepted(_))));
    let login = Login { identity: identity("d/m"), credential: Credential::Sas(TOKEN.into()) };
    assert_eq!(client.outputs(), [Output::Connect { speaker: ME, login: Box::new(login) }]);
    assert_eq!(statuses(&mut client), []);
    client.connected(ME);
    assert_eq!(statuses(&mut client), [(Some(MessageId::String("id".into())), Some(Value::Int(200)))]);
}

#[test]
fn the_answer_repeats_the_id_in_its_own_type() {
    // protocol.md §0.15
    let uuid = Uuid::from([7; 16]);
    for id in [MessageId::String("s".into()), MessageId::Uuid(uuid), MessageId::Ulong(9)] {
        let mut client = Client::open();
        client.attach_cbs();
        client.put_token(1, TOKEN, Some(id.clone()));
        client.connected(ME);
        assert_eq!(statuses(&mut client), [(Some(id), Some(Value::Int(200)))]);
    }
}

#[test]
fn a_refused_token_is_answered_401_and_may_be_followed_by_a_better_one() {
    let mut client = Client::open();
    client.attach_cbs();
    client.put_token(1, TOKEN, None);
    client.refused(ME, "it is forged");
    assert_eq!(statuses(&mut client), [(None, Some(Value::Int(401)))]);
    assert!(client.outputs().contains(&Output::Left { speaker: ME, why: "it is forged".into() }));
    client.put_token(2, TOKEN, None);
    client.connected(Speaker(2));
    assert_eq!(statuses(&mut client), [(None, Some(Value::Int(200)))]);
}

#[test]
fn what_is_no_token_is_answered_400() {
    let mut client = Client::open();
    client.attach_cbs();
    client.put_token(1, "SharedAccessSignature sr=hub&sig=AA%3D%3D&se=1", None);
    assert_eq!(statuses(&mut client), [(None, Some(Value::Int(400)))]);
    let audience = "the `sr` of the SAS token has not the form `host/devices/id` or `host/devices/id/modules/id`";
    assert_eq!(client.outputs(), [Output::Misfit(audience.into())]);
    client.send(100, 2, b"\x00\x53\x77\x40");
    assert_eq!(statuses(&mut client), [(None, Some(Value::Int(400)))]);
}

#[test]
fn a_newer_token_renews_without_a_second_login() {
    let mut client = Client::entered();
    client.put_token(2, TOKEN, None);
    assert_eq!(client.requests(), [Request::Renew { credential: Credential::Sas(TOKEN.into()) }]);
    client.hear(ME, Event::Renewed { result: Ok(()) });
    assert_eq!(statuses(&mut client), [(None, Some(Value::Int(200)))]);
    client.put_token(3, TOKEN, None);
    client.outputs.clear();
    client.hear(ME, Event::Renewed { result: Err(Refusal::NotAuthorized("expired".into())) });
    assert_eq!(statuses(&mut client), [(None, Some(Value::Int(401)))]);
    let notice = Notice::NotRenewed("expired".into());
    assert_eq!(client.outputs(), [Output::Notice { speaker: ME, notice }], "and nobody is sent away");
}

#[test]
fn several_identities_share_a_connection_and_end_apart() {
    // protocol.md §5.2
    let mut client = Client::entered();
    let leaf = TOKEN.replace("%2Fmodules%2Fm", "").replace("%2Fd&", "%2Fleaf&");
    client.put_token(2, &leaf, None);
    let login = Login { identity: identity("leaf"), credential: Credential::Sas(leaf) };
    assert_eq!(client.outputs(), [Output::Connect { speaker: Speaker(2), login: Box::new(login) }]);
    client.connected(Speaker(2));
    client.attach(1, sender("/devices/leaf/messages/events"));
    client.attach(2, sender(&format!("{MODULE}/messages/events")));
    assert_eq!(handles(&client.frames), [1, 2]);
    client.frames.clear();
    client.head.dismiss(client.now(), Speaker(2), "it connected again");
    client.drain();
    let Performative::Detach(detach) = client.next() else { panic!("no detach") };
    assert_eq!((detach.handle, detach.closed), (Handle(1), true));
    assert_eq!(client.outputs(), [Output::Left { speaker: Speaker(2), why: "it connected again".into() }]);
}

#[test]
fn a_link_waits_for_the_hub_s_word_on_the_token() {
    let mut client = Client::open();
    client.attach_cbs();
    client.put_token(1, TOKEN, None);
    client.frames.clear();
    client.attach(1, sender(&format!("{MODULE}/messages/events")));
    assert_eq!(handles(&client.frames), [0; 0]);
    client.connected(ME);
    assert_eq!(handles(&client.frames), [1]);
}

#[test]
fn a_link_without_a_token_is_refused_as_unauthorized() {
    // protocol.md §5.2
    let mut client = Client::entered();
    client.attach(1, sender("/devices/d/modules/other/messages/events"));
    let Performative::Attach(attach) = client.next() else { panic!("no attach") };
    assert_eq!(attach.target, None, "a refused link has no end");
    let Performative::Detach(detach) = client.next() else { panic!("no detach") };
    let error = detach.error.expect("a reason");
    assert_eq!(error.condition, fe2o3_amqp_types::definitions::AmqpError::UnauthorizedAccess.into());
    assert_eq!(error.description.as_deref(), Some("no token was put for `d/other`"));
    assert_eq!(client.outputs(), [Output::Misfit("no token was put for `d/other`".into())], "the developer is told");
}

#[test]
fn a_device_s_token_lets_its_modules_in() {
    // protocol.md §3.2
    let mut client = Client::open();
    client.attach_cbs();
    let device = TOKEN.replace("%2Fmodules%2Fm", "");
    client.put_token(1, &device, None);
    client.connected(ME);
    client.outputs.clear();
    client.attach(1, sender(&format!("{MODULE}/messages/events")));
    let login = Login { identity: identity("d/m"), credential: Credential::Sas(device) };
    assert_eq!(client.outputs(), [Output::Connect { speaker: Speaker(2), login: Box::new(login) }]);
}

#[test]
fn a_device_with_a_certificate_needs_no_token() {
    // protocol.md §5.1
    let shown = crate::identity::Thumbprints::of(b"certificate");
    let mut client =
        Client { head: Head::new(Now::default(), Limits::default(), Some(shown.clone())), ..Client::new() };
    client.say_bytes(Preamble::Amqp.bytes());
    client.say(0, Performative::Open(open()));
    client.say(0, Performative::Begin(begin()));
    client.attach(1, sender("/devices/leaf/messages/events"));
    let login = Login { identity: identity("leaf"), credential: Credential::Certificate(shown) };
    assert_eq!(client.outputs(), [Output::Connect { speaker: ME, login: Box::new(login) }]);
}
