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

// protocol.md §7.5
#[test]
fn an_unknown_twin_is_empty_with_versions_when_offline() {
    let mut world = World::new(vec![]);
    let a = world.connect("a");
    let empty = json!({"desired": {"$version": 1}, "reported": {"$version": 1}});
    assert_eq!(get(&mut world, a, "r1"), [json!(["r1", 200, empty])]);
}

// protocol.md §7.5
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

// protocol.md §7.5
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

fn report(world: &mut World, connection: ConnectionId, patch: &'static str) {
    world.request(connection, Request::PatchReported { rid: "r".into(), patch: Bytes::from(patch) });
}

/// Returns the reported patches among what the cloud was told since the last look.
fn reported(world: &mut World) -> Vec<Value> {
    let told = world.told_cloud().into_iter();
    told.filter_map(|told| if let ToCloud::Reported { patch, .. } = told { Some(Value::Object(patch)) } else { None })
        .collect()
}

#[test]
fn what_the_cloud_did_not_confirm_is_told_again_as_one() {
    let (mut world, a) = online();
    report(&mut world, a, r#"{"x":1}"#);
    report(&mut world, a, r#"{"y":1}"#);
    report(&mut world, a, r#"{"y":null}"#);
    world.input(Input::Cloud(FromCloud::Confirmed { identity: identity("a") }));
    assert_eq!(reported(&mut world), [json!({"x": 1}), json!({"y": 1}), json!({"y": null})]);
    world.input(Input::Link(Link::Offline));
    report(&mut world, a, r#"{"z":1}"#);
    world.input(Input::Link(Link::Online));
    assert_eq!(reported(&mut world), [json!({"y": null, "z": 1})], "`x` has arrived");
}

// protocol.md §7.5
#[test]
fn what_was_removed_offline_and_made_anew_holds_nothing_of_before() {
    let (mut world, a) = online();
    world.input(Input::Link(Link::Offline));
    report(&mut world, a, r#"{"x":null}"#);
    report(&mut world, a, r#"{"x":{"new":1}}"#);
    world.input(Input::Link(Link::Online));
    assert_eq!(reported(&mut world), [json!({"x": null}), json!({"x": {"new": 1}})]);
}

#[test]
fn what_was_reported_offline_outlives_the_hub() {
    let (mut world, a) = online();
    world.input(Input::Link(Link::Offline));
    report(&mut world, a, r#"{"x":1}"#);
    let held = serde_json::json!(world.hub.twins.held(&identity("a")));
    let twins = [(identity("a"), serde_json::from_value(held).expect("as it was written"))].into_iter().collect();
    let mut world = World::recovered(vec![], Recovered { twins, ..Recovered::default() });
    world.input(Input::Link(Link::Online));
    assert_eq!(reported(&mut world), [json!({"x": 1})]);
    world.input(Input::Cloud(FromCloud::Confirmed { identity: identity("a") }));
    world.input(Input::Link(Link::Offline));
    world.input(Input::Link(Link::Online));
    assert_eq!(reported(&mut world), [Value::Null; 0]);
}

#[test]
fn an_unconfirmed_report_is_not_overwritten_by_what_the_cloud_knew_before() {
    let (mut world, a) = online();
    report(&mut world, a, r#"{"x":1}"#);
    world.cloud_twin("a", json!({"$version": 1}));
    world.input(Input::Link(Link::Offline));
    world.told(a);
    let twin = json!({"desired": {"$version": 1}, "reported": {"$version": 2, "x": 1}});
    assert_eq!(get(&mut world, a, "r1"), [json!(["r1", 200, twin])]);
}

// protocol.md §7.2
#[test]
fn an_invalid_patch_is_answered_with_400_and_changes_nothing() {
    let (mut world, a) = online();
    for patch in ["no JSON", "[1]", r#"{"a.b":1}"#] {
        world.request(a, Request::PatchReported { rid: "r".into(), patch: Bytes::from(patch) });
        assert_eq!(answers(&mut world, a), [json!(["r", 400, null])], "{patch}");
    }
    assert_eq!(world.told_cloud(), []);
}

// protocol.md §7.5
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

// protocol.md §7.5
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
fn a_desired_change_is_not_told_to_who_did_not_subscribe() {
    let (mut world, a) = online();
    let patch = object(json!({"threshold": 30, "$version": 2}));
    world.input(Input::Cloud(FromCloud::DesiredPatch { identity: identity("a"), patch }));
    assert_eq!(answers(&mut world, a), [Value::Null; 0]);
    world.input(Input::Link(Link::Offline));
    let twin = json!({"desired": {"threshold": 30, "$version": 2}, "reported": {"$version": 1}});
    assert_eq!(get(&mut world, a, "r1"), [json!(["r1", 200, twin])], "but the hub knows it");
}

// protocol.md §7.5
#[test]
fn the_link_coming_back_tells_a_subscriber_what_changed_meanwhile() {
    let (mut world, a) = online();
    world.subscribe(a, Feature::DesiredUpdates);
    world.input(Input::Link(Link::Offline));
    world.input(Input::Link(Link::Online));
    assert!(world.told_cloud().contains(&ToCloud::GetTwin { identity: identity("a") }));
    world.cloud_twin("a", json!({"threshold": 40, "$version": 7}));
    assert_eq!(answers(&mut world, a), [json!([7, {"threshold": 40, "$version": 7}])]);
}

// protocol.md §7.5: source, system properties and body of the message that a reported change makes.
#[test]
fn a_reported_change_is_a_message_of_twin_change_notifications() {
    let text = "FROM /twinChangeNotifications WHERE $connectionModuleId = '$edgeHub' AND $rpSenderModuleId = 'a' \
        INTO BrokeredEndpoint(\"/modules/b/inputs/twins\")";
    let body = "FROM /twinChangeNotifications WHERE is_defined($body.x) INTO $upstream";
    let mut world = World::new(vec![route("changes", text), route("body", body)]);
    let (a, b) = (world.connect("a"), world.connect("b"));
    world.subscribe(b, Feature::Inputs);
    report(&mut world, a, "{\"x\":1}");
    let told = world.told(b);
    let [Event::Deliver { message, target, .. }] = told.as_slice() else { panic!("one delivery, not {told:?}") };
    assert_eq!((&message.body[..], target), (&b"{\"x\":1}"[..], &Target::Input("twins".into())));
    let system: Vec<(&str, &str)> = message.system.iter().collect();
    let expected = [
        ("connectionDeviceId", "d1"),
        ("connectionModuleId", "a"),
        ("enqueuedTime", "2023-11-14T22:13:20.000Z"),
        ("messageSchema", "twinChangeNotification"),
        ("messageType", "twinChangeNotification"),
    ];
    assert_eq!(system, expected);
    assert_eq!(world.hub.waiting().len(), 1, "without a content type `$body` is undefined");
}

#[test]
fn telemetry_routes_do_not_take_reported_changes() {
    let mut world = World::new(vec![route("up", "FROM /messages/* INTO $upstream")]);
    let a = world.connect("a");
    report(&mut world, a, "{\"x\":1}");
    assert_eq!(world.hub.waiting().len(), 0);
}

// protocol.md §7.2
#[test]
fn a_patch_that_is_refused_changes_nothing_and_is_answered_400() {
    let (mut world, a) = online();
    report(&mut world, a, r#"{"n":18446744073709551616}"#);
    assert_eq!(answers(&mut world, a), [json!(["r", 400, null])]);
    assert_eq!(reported(&mut world), [Value::Null; 0]);
    let told = world.taken(|output| match output {
        Output::Warning { text, .. } => Some(text.clone()),
        _ => None,
    });
    let reason = "the integer `18446744073709551616` is not within -4503599627370496 and 4503599627370495";
    assert_eq!(told, [format!("reported properties of `d1/a` are refused: {reason}")]);
}
