//! The hub's own twin and methods (protocol.md §7.6).

use super::*;

fn own() -> Identity {
    Identity::of_module(DeviceId::parse("d1").expect("valid"), ModuleId::edge_hub())
}

/// Returns what the hub reported of itself since the last look.
fn reports(world: &mut World) -> Vec<Value> {
    world.taken(|output| match output {
        Output::Cloud(ToCloud::Reported { identity, patch }) if *identity == own() => {
            Some(Value::Object(patch.clone()))
        }
        _ => None,
    })
}

fn warnings(world: &mut World) -> Vec<String> {
    world.taken(|output| match output {
        Output::Warning { text, .. } => Some(text.clone()),
        _ => None,
    })
}

/// Lets the cloud tell the hub's twin wholly.
fn tell_twin(world: &mut World, desired: Value) {
    let reported = object(json!({"$version": 1}));
    world.input(Input::Cloud(FromCloud::Twin { identity: own(), desired: object(desired), reported }));
}

fn tell_patch(world: &mut World, patch: Value) {
    world.input(Input::Cloud(FromCloud::DesiredPatch { identity: own(), patch: object(patch) }));
}

fn desired(version: u64, route: &str) -> Value {
    json!({ "schemaVersion": "1.1", "routes": { "up": route }, "$version": version })
}

/// A hub that is online and has taken version 4 of its configuration: everything from `a` goes to `b`.
fn configured() -> World {
    let mut world = World::new(vec![]);
    world.input(Input::Link(Link::Online));
    tell_twin(&mut world, desired(4, "FROM /messages/modules/a/* INTO BrokeredEndpoint(\"/modules/b/inputs/in\")"));
    world.store();
    world
}

fn queues(world: &World) -> Vec<String> {
    world.hub.waiting().keys().map(ToString::to_string).collect()
}

// protocol.md §7.6
#[test]
fn the_configuration_comes_from_the_twin_and_is_reported() {
    let mut world = configured();
    let version = json!({ "version": env!("CARGO_PKG_VERSION"), "build": "edgectl", "commit": "" });
    let applied = json!({ "lastDesiredVersion": 4, "lastDesiredStatus": { "code": 200, "description": "" } });
    assert_eq!(reports(&mut world), [json!({ "schemaVersion": "1.0", "version": version }), applied]);
    let a = world.connect("a");
    world.publish(a, 1, telemetry("o", "x"));
    assert_eq!(queues(&world), ["modules/b/inputs/in"]);
}

#[test]
fn a_change_counts_from_the_next_message_on() {
    let mut world = configured();
    let a = world.connect("a");
    world.publish(a, 1, telemetry("o", "x"));
    reports(&mut world);
    tell_patch(&mut world, json!({ "routes": { "up": "FROM /* INTO $upstream" }, "$version": 5 }));
    assert_eq!(reports(&mut world), [json!({ "lastDesiredVersion": 5 })], "only what differs is told");
    world.input(Input::Link(Link::Offline));
    world.publish(a, 2, telemetry("o", "y"));
    assert_eq!(queues(&world), ["$upstream", "modules/b/inputs/in"]);
}

// protocol.md §8.7
#[test]
fn a_deleted_route_arrives_as_null() {
    let mut world = configured();
    tell_patch(&mut world, json!({ "routes": { "up": null }, "$version": 5 }));
    let a = world.connect("a");
    world.publish(a, 1, telemetry("o", "x"));
    assert_eq!(queues(&world), [""; 0]);
}

// protocol.md §7.6, §8.7
#[test]
fn one_bad_route_refuses_the_configuration_and_the_old_one_stays() {
    let mut world = configured();
    reports(&mut world);
    let routes = json!({ "good": "FROM /* INTO $upstream", "bad": "FROM /messages/* INTO nowhere" });
    tell_patch(&mut world, json!({ "routes": routes, "$version": 5 }));
    let reason = "Error parsing route bad - expected `$upstream` or `BrokeredEndpoint`, found `nowhere`";
    let description = format!("Error while parsing desired properties - {reason}");
    let status = json!({ "code": 400, "description": description });
    assert_eq!(reports(&mut world), [json!({ "lastDesiredVersion": 5, "lastDesiredStatus": status })]);
    let warning = format!("`$edgeHub` version 5 is refused, the configuration before it stays: {reason}");
    assert_eq!(warnings(&mut world), [warning]);
    let a = world.connect("a");
    world.publish(a, 1, telemetry("o", "x"));
    assert_eq!(queues(&world), ["modules/b/inputs/in"]);
}

#[test]
fn a_configuration_that_changed_offline_is_taken_when_the_link_is_back() {
    let mut world = configured();
    world.input(Input::Link(Link::Offline));
    world.input(Input::Link(Link::Online));
    tell_twin(&mut world, desired(6, "FROM /* INTO $upstream"));
    let a = world.connect("a");
    world.input(Input::Link(Link::Offline));
    world.publish(a, 1, telemetry("o", "x"));
    assert_eq!(queues(&world), ["$upstream"]);
}

// protocol.md §7.6
#[test]
fn clients_are_reported_with_the_times_of_their_coming_and_going() {
    let mut world = configured();
    let a = world.connect("a");
    reports(&mut world);
    world.pass(Duration::from_millis(100));
    world.input(Input::Disconnect { connection: a });
    world.connect("b");
    assert_eq!(reports(&mut world), [""; 0], "they are gathered");
    world.pass(Duration::from_millis(150));
    let clients = json!({
        "d1/a": {
            "status": "Disconnected",
            "lastConnectedTimeUtc": "2023-11-14T22:13:20.0000000Z",
            "lastDisconnectedTimeUtc": "2023-11-14T22:13:20.1000000Z",
        },
        "d1/b": { "status": "Connected", "lastConnectedTimeUtc": "2023-11-14T22:13:20.1000000Z" },
    });
    assert_eq!(reports(&mut world), [json!({ "clients": clients })]);
    assert_eq!(world.taken(|output| matches!(output, Output::Routed { .. }).then_some(())), [], "it makes no message");
}

// protocol.md §7.6
#[test]
fn clients_of_an_earlier_run_are_forgotten_at_the_start() {
    let held = json!({
        "desired": {}, "reported": { "schemaVersion": "1.0", "clients": { "d1/a": { "status": "Connected" } } },
    });
    let twin: EdgeTwin = serde_json::from_value(held).expect("as it is stored");
    let twins = [(own(), twin)].into_iter().collect();
    let mut world = World::recovered(vec![], Recovered { twins, ..Recovered::default() });
    world.input(Input::Link(Link::Online));
    let told = reports(&mut world);
    assert_eq!(told.iter().map(|report| report.get("clients")).collect::<Vec<_>>(), [Some(&Value::Null)]);
}

fn call(world: &mut World, target: &str, method: &str, payload: &'static str) -> Vec<Output> {
    let invocation = Invocation {
        caller: Caller::Cloud,
        target: Identity::of_module(DeviceId::parse("d1").expect("valid"), ModuleId::parse(target).expect("valid")),
        method: method.into(),
        payload: Bytes::from_static(payload.as_bytes()),
        response_timeout: Duration::from_secs(30),
        connect_timeout: Duration::ZERO,
    };
    world.input(Input::Cloud(FromCloud::Invoke { call: CallId(7), invocation }));
    world.taken(|output| matches!(output, Output::Invoked { .. } | Output::CallAgent { .. }).then(|| output.clone()))
}

// protocol.md §7.6
#[test]
fn the_hub_answers_its_own_method_and_no_other() {
    let mut world = World::new(vec![]);
    let cases = [
        ("RefreshDeviceScopeIdentityCache", r#"{"deviceIds":["leaf"]}"#, 200),
        ("RefreshDeviceScopeIdentityCache", r#"{"devices":[]}"#, 400),
        ("RefreshDeviceScopeIdentityCache", "null", 400),
        ("ping", "null", 404),
    ];
    for (method, payload, status) in cases {
        let answer = Answer { status, payload: Bytes::from_static(b"null") };
        let expected = Output::Invoked { call: CallId(7), result: Ok(answer) };
        assert_eq!(call(&mut world, "$edgeHub", method, payload), [expected], "{method} {payload}");
    }
}

#[test]
fn a_call_of_the_agent_is_handed_to_the_agent() {
    let mut world = World::new(vec![]);
    let expected = Output::CallAgent { call: CallId(7), method: "ping".into(), payload: Bytes::from_static(b"null") };
    assert_eq!(call(&mut world, "$edgeAgent", "ping", "null"), [expected]);
}
