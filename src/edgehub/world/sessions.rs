//! What is remembered of a client.

use super::*;

fn saved_sessions(world: &mut World) -> Option<Value> {
    let saved = world.taken(|output| match output {
        Output::Store(ToStore::Save { name, document, .. }) if name == "hub/sessions" => Some(document.clone()),
        _ => None,
    });
    saved.last().cloned()
}

#[test]
fn subscriptions_survive_a_restart_of_the_hub() {
    let mut world = World::new(vec![]);
    let b = world.connect("b");
    world.subscribe(b, Feature::Methods);
    let sessions = saved_sessions(&mut world);
    assert_eq!(sessions, Some(json!({"d1/b": {"methods": "atLeastOnce"}})));
    let mut world = World::recovered(vec![], Recovered { sessions, ..Recovered::default() });
    let b = world.connect("b");
    assert!(world.outputs.contains(&Output::Connected {
        connection: b,
        remembered: Some(vec![(Feature::Methods, Guarantee::AtLeastOnce)])
    }));
    world.pass(Duration::from_secs(1));
    assert!(world.hub.clients.ready(&identity("b"), Feature::Methods).is_some());
}

#[test]
fn a_clean_session_forgets() {
    let mut world = World::new(vec![]);
    let b = world.connect("b");
    world.subscribe(b, Feature::Methods);
    let credential = world.token("b", 1_700_003_600);
    let b = world.connect_with("b", credential, Session::Clean);
    assert!(world.outputs.contains(&Output::Connected { connection: b, remembered: None }));
    assert_eq!(saved_sessions(&mut world), Some(json!({})));
}
