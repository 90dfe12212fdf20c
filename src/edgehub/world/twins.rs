//! Twins at the edge.

use super::*;

fn get(world: &mut World, connection: ConnectionId, rid: &str) -> Vec<Value> {
    world.request(connection, Request::GetTwin { rid: rid.into() });
    answers(world, connection)
}

fn answers(world: &mut World, connection: ConnectionId) -> Vec<Value> {
    let told = world.told(connection).into_iter();
    told.map(|event| match event {
        Event::TwinAnswer { rid, status, body, .. } => {
            json!([rid, status, serde_json::from_slice::<Value>(&body).unwrap_or_default()])
        }
        Event::DesiredChanged { version, patch } => {
            json!([version, serde_json::from_slice::<Value>(&patch).expect("JSON")])
        }
        other => panic!("unexpected {other:?}"),
    })
    .collect()
}

fn online() -> (World, ConnectionId) {
    let mut world = World::new(vec![]);
    world.input(Input::Link(Link::Online));
    let a = world.connect("a");
    world.cloud_twin("a", json!({"threshold": 25, "$version": 1}));
    world.told_cloud();
    (world, a)
}

#[test]
fn an_unknown_twin_is_empty_with_versions_when_offline() {
    let mut world = World::new(vec![]);
    let a = world.connect("a");
    let empty = json!({"desired": {"$version": 1}, "reported": {"$version": 1}});
    assert_eq!(get(&mut world, a, "r1"), [json!(["r1", 200, empty])]);
}

#[test]
fn online_the_cloud_is_asked_and_its_answer_kept() {
    let (mut world, a) = online();
    assert_eq!(get(&mut world, a, "r1"), [Value::Null; 0]);
    assert_eq!(world.told_cloud(), [ToCloud::GetTwin { identity: identity("a") }]);
    world.cloud_twin("a", json!({"threshold": 30, "$version": 2}));
    let twin = json!({"desired": {"threshold": 30, "$version": 2}, "reported": {"$version": 1}});
    assert_eq!(answers(&mut world, a), [json!(["r1", 200, twin])]);
    world.input(Input::Link(Link::Offline));
    assert_eq!(get(&mut world, a, "r2"), [json!(["r2", 200, twin])]);
}

#[test]
fn a_request_that_waits_for_the_cloud_is_answered_when_the_link_goes() {
    let (mut world, a) = online();
    get(&mut world, a, "r1");
    world.input(Input::Link(Link::Offline));
    assert_eq!(answers(&mut world, a).len(), 1);
}

#[test]
fn a_reported_patch_is_answered_when_stored_and_told_to_the_cloud() {
    let (mut world, a) = online();
    let patch = Bytes::from_static(b"{\"state\":\"up\"}");
    world.request(a, Request::PatchReported { rid: "r".into(), patch });
    assert_eq!(world.told(a), []);
    world.store();
    assert_eq!(answers(&mut world, a), [json!(["r", 204, null])]);
    let told = ToCloud::Reported { identity: identity("a"), patch: object(json!({"state": "up"})) };
    assert_eq!(world.told_cloud(), [told]);
}

#[test]
fn the_cloud_is_told_before_the_hub_keeps_what_it_promises() {
    let (mut world, a) = online();
    world.outputs.clear();
    world.request(a, Request::PatchReported { rid: "r".into(), patch: Bytes::from_static(b"{\"x\":1}") });
    let order: Vec<&str> = world
        .outputs
        .iter()
        .map(|output| match output {
            Output::Cloud(ToCloud::Reported { .. }) => "cloud",
            Output::Store(ToStore::Save { .. }) => "save",
            other => panic!("unexpected {other:?}"),
        })
        .collect();
    assert_eq!(order, ["cloud", "save"]);
}

#[test]
fn patches_reported_offline_reach_the_cloud_as_one() {
    let (mut world, a) = online();
    world.input(Input::Link(Link::Offline));
    for patch in [r#"{"x":1,"y":{"z":1}}"#, r#"{"x":null,"y":{"w":2}}"#] {
        world.request(a, Request::PatchReported { rid: "r".into(), patch: Bytes::from(patch) });
    }
    assert_eq!(world.told_cloud(), []);
    world.input(Input::Link(Link::Online));
    let merged = object(json!({"x": null, "y": {"z": 1, "w": 2}}));
    assert_eq!(world.told_cloud()[0], ToCloud::Reported { identity: identity("a"), patch: merged });
}

#[test]
fn an_invalid_patch_is_answered_with_400_and_changes_nothing() {
    let (mut world, a) = online();
    for patch in ["no JSON", "[1]", r#"{"a.b":1}"#] {
        world.request(a, Request::PatchReported { rid: "r".into(), patch: Bytes::from(patch) });
        assert_eq!(answers(&mut world, a), [json!(["r", 400, null])], "{patch}");
    }
    assert_eq!(world.told_cloud(), []);
}

#[test]
fn the_next_desired_version_is_forwarded_as_it_is() {
    let (mut world, a) = online();
    world.subscribe(a, Feature::DesiredUpdates);
    let patch = object(json!({"threshold": null, "mode": "x", "$version": 2}));
    world.input(Input::Cloud(FromCloud::DesiredPatch { identity: identity("a"), patch: patch.clone() }));
    assert_eq!(answers(&mut world, a), [json!([2, patch])]);
}

#[test]
fn a_remembered_subscription_gets_a_change_at_once() {
    let (mut world, a) = online();
    world.subscribe(a, Feature::DesiredUpdates);
    world.input(Input::Disconnect { connection: a });
    let a = world.connect("a");
    let patch = object(json!({"threshold": 30, "$version": 2}));
    world.input(Input::Cloud(FromCloud::DesiredPatch { identity: identity("a"), patch: patch.clone() }));
    assert_eq!(answers(&mut world, a), [json!([2, patch])], "nobody would tell it later");
}

#[test]
fn after_a_gap_the_difference_is_told() {
    let (mut world, a) = online();
    world.subscribe(a, Feature::DesiredUpdates);
    let patch = object(json!({"mode": "y", "$version": 5}));
    world.input(Input::Cloud(FromCloud::DesiredPatch { identity: identity("a"), patch }));
    assert_eq!(answers(&mut world, a), [Value::Null; 0]);
    world.cloud_twin("a", json!({"mode": "y", "$version": 5}));
    assert_eq!(answers(&mut world, a), [json!([5, {"threshold": null, "mode": "y", "$version": 5}])]);
}

#[test]
fn a_reported_change_is_a_message_of_twin_change_notifications() {
    let text = "FROM /twinChangeNotifications INTO BrokeredEndpoint(\"/modules/b/inputs/twins\")";
    let mut world = World::new(vec![route("changes", text)]);
    let (a, b) = (world.connect("a"), world.connect("b"));
    world.subscribe(b, Feature::Inputs);
    world.request(a, Request::PatchReported { rid: "r".into(), patch: Bytes::from_static(b"{\"x\":1}") });
    assert_eq!(world.bodies(b), ["{\"x\":1}"]);
}
