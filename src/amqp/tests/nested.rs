//! Edge hubs below, which put one token and attach links for those below them (protocol.md §5.3).

use super::*;
use crate::identity::AuthChain;
use fe2o3_amqp_types::definitions::Fields;

/// The token of the hub of `line3`; who signed it nobody asks here.
fn token() -> String {
    TOKEN.replace("%2Fd%2Fmodules%2Fm", "%2Fline3%2Fmodules%2F%24edgeHub")
}

fn on_behalf(address: &str, chain: &str) -> Attach {
    let mut properties = Fields::default();
    properties.insert("com.microsoft:auth-chain".into(), Value::String(chain.to_owned()));
    Attach { properties: Some(properties), ..sender(address) }
}

fn credential(chain: &str, token: &str) -> Credential {
    let chain = AuthChain::parse(chain).expect("names").expect("two");
    Credential::OnBehalf { chain, token: token.to_owned() }
}

/// A client that has put that token.
fn client() -> Client {
    let mut client = Client::open();
    client.attach_cbs();
    client.put_token(1, &token(), Some(MessageId::String("id".into())));
    client
}

#[test]
fn the_token_of_an_edge_hub_is_proved_by_the_links_that_rely_on_it() {
    // protocol.md §5.2, §5.3
    let mut client = client();
    assert_eq!(client.outputs(), [], "nobody is let in by a token alone");
    client.attach(1, on_behalf("/devices/leaf1/messages/events", "leaf1;line3"));
    let login = Login { identity: identity("leaf1"), credential: credential("leaf1;line3", &token()) };
    assert_eq!(client.outputs(), [Output::Connect { speaker: ME, login: Box::new(login) }]);
    client.attach(2, sender("/devices/line3/modules/%24edgeHub/messages/events"));
    let own = Login { identity: identity("line3/$edgeHub"), credential: Credential::Sas(token()) };
    assert_eq!(client.outputs(), [Output::Connect { speaker: Speaker(2), login: Box::new(own) }]);
    client.frames.clear();
    client.connected(ME);
    client.connected(Speaker(2));
    assert_eq!(handles(&client.frames), [1, 2]);
}

#[test]
fn a_chain_needs_the_token_of_its_last_device() {
    let mut client = client();
    client.attach(1, on_behalf("/devices/leaf1/messages/events", "leaf1;line4"));
    let reason = "no token was put for `line4/$edgeHub`, which speaks for `leaf1`";
    assert_eq!(client.outputs(), [Output::Misfit(reason.into())]);
    client.attach(2, on_behalf("/devices/leaf1/messages/events", "leaf1"));
    assert_eq!(client.outputs(), [Output::Misfit("no token was put for `leaf1`".into())]);
}

#[test]
fn a_newer_token_renews_all_whom_the_hub_speaks_for() {
    let mut client = client();
    client.attach(1, on_behalf("/devices/leaf1/messages/events", "leaf1;line3"));
    client.connected(ME);
    client.outputs.clear();
    let newer = token().replace("se=", "se=9");
    client.put_token(2, &newer, None);
    assert_eq!(client.requests(), [Request::Renew { credential: credential("leaf1;line3", &newer) }]);
}
