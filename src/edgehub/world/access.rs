//! Who is let in.

use super::*;

fn refusals(world: &mut World) -> Vec<String> {
    world.taken(|output| match output {
        Output::Refused { refusal: Refusal::NotAuthorized(reason), .. } => Some(reason.clone()),
        _ => None,
    })
}

#[test]
fn a_module_with_its_own_token_is_let_in() {
    let mut world = World::new(vec![]);
    let connection = world.connect("a");
    assert_eq!(world.outputs.pop_back(), Some(Output::Connected { connection, remembered: None }));
    assert!(world.hub.client(&identity("a")).connected);
}

#[test]
fn a_foreign_an_expired_and_a_missing_token_are_refused() {
    let mut world = World::new(vec![]);
    let foreign = world.token("b", 1_700_003_600);
    world.connect_with("a", foreign, Session::Kept);
    let expired = world.token("a", 1_699_990_000);
    world.connect_with("a", expired, Session::Kept);
    world.connect_with("a", Credential::None, Session::Kept);
    world.connect_with("stranger", Credential::None, Session::Kept);
    assert_eq!(refusals(&mut world).len(), 4);
    assert!(!world.hub.client(&identity("a")).connected);
}

#[test]
fn a_second_connection_of_an_identity_closes_the_first() {
    let mut world = World::new(vec![]);
    let (first, second) = (world.connect("a"), world.connect("a"));
    let closed = world.taken(|output| match output {
        Output::Close { connection, identity, .. } => Some((*connection, identity.clone())),
        _ => None,
    });
    assert_eq!(closed, [(first, identity("a"))]);
    world.input(Input::Disconnect { connection: first });
    assert!(world.hub.client(&identity("a")).connected, "the end of {first:?} does not touch {second:?}");
}

/// protocol.md §9.3
#[test]
fn one_client_more_than_asked_for_is_refused_and_a_second_connection_is_not() {
    let mut world = World::new(vec![]);
    world.hub.limit_clients(2);
    let (a, _b, _c) = (world.connect("a"), world.connect("b"), world.connect("c"));
    let refused = world.taken(|output| match output {
        Output::Refused { identity, refusal, .. } => Some((identity.clone(), refusal.clone())),
        _ => None,
    });
    assert_eq!(refused, [(identity("c"), Refusal::TooManyClients(2))]);
    world.connect("b");
    assert!(world.hub.client(&identity("b")).connected, "it takes the place of its first connection");
    world.input(Input::Disconnect { connection: a });
    world.connect("c");
    assert!(world.hub.client(&identity("c")).connected);
}

#[test]
fn nobody_speaks_before_being_let_in() {
    let mut world = World::new(vec![route("up", "FROM /* INTO $upstream")]);
    world.publish(ConnectionId(99), 1, telemetry("o", "x"));
    assert!(world.outputs.is_empty());
}

#[test]
fn a_module_that_is_removed_is_shut_out_with_all_that_was_known_of_it() {
    let mut world = World::new(vec![]);
    let (a, b) = (world.connect("a"), world.connect("b"));
    world.subscribe(b, Feature::Methods);
    let own = world.known().into_iter().filter(|known| known.identity != identity("b")).collect();
    world.input(Input::Own(own));
    assert!(world.hub.client(&identity("a")).connected && world.hub.speaker(a).is_some());
    let closed = world.taken(|output| match output {
        Output::Close { connection, reason, .. } => Some((*connection, *reason)),
        _ => None,
    });
    assert_eq!(closed, [(b, "the module was removed from the device")]);
    let again = world.connect("b");
    assert!(world.outputs.iter().any(|o| matches!(o, Output::Refused { connection, .. } if *connection == again)));
    let all = world.known();
    world.input(Input::Own(all));
    let back = world.connect("b");
    assert!(world.outputs.contains(&Output::Connected { connection: back, remembered: None }), "as if it were new");
}
