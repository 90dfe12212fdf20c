//! The hub in a world of its own: a virtual clock, a store that keeps what it is told when it is told to, and tests
//! whose names are facts.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::*;
use crate::clock::Now;
use crate::identity::{DeviceId, Identity, Key, ModuleId, sas};
use crate::message::{Message, system};
use crate::route::Route;
use crate::twin::ConnectionState;

const HOST: &str = "127.0.0.1";

struct World {
    hub: EdgeHub,
    now: Now,
    keys: Vec<(Identity, Key)>,
    stored: u64,
    issued: u64,
    outputs: VecDeque<Output>,
    connections: u64,
}

fn module(name: &str) -> ModuleId {
    ModuleId::parse(name).expect("valid")
}

fn identity(name: &str) -> Identity {
    Identity::of_module(DeviceId::parse("d1").expect("valid"), module(name))
}

fn route(name: &str, text: &str) -> ConfiguredRoute {
    let route = Route::parse(text).expect("the route is right");
    ConfiguredRoute { name: name.into(), route, priority: None, time_to_live: None }
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

fn telemetry(output: &str, body: &str) -> Message {
    let mut message = Message { body: Bytes::copy_from_slice(body.as_bytes()), ..Message::default() };
    message.set_system(system::OUTPUT_NAME, output);
    message
}

impl World {
    fn new(routes: Vec<ConfiguredRoute>) -> Self {
        Self::recovered(routes, Recovered::default())
    }

    fn recovered(routes: Vec<ConfiguredRoute>, recovered: Recovered) -> Self {
        let keys: Vec<_> =
            ["a", "b", "c"].map(|name| (identity(name), Key::generate().expect("random bytes"))).into_iter().collect();
        let known = keys.iter().map(|(identity, key)| KnownIdentity {
            identity: identity.clone(),
            primary: key.clone(),
            secondary: Key::generate().expect("random bytes"),
        });
        let device = DeviceId::parse("d1").expect("valid");
        let hub = EdgeHub::new(device, vec![HOST.into(), "gateway".into()], known.collect(), recovered);
        let now = Now { monotonic: Duration::from_secs(1), unix: Duration::from_secs(1_700_000_000) };
        let mut world = Self { hub, now, keys, stored: 0, issued: 0, outputs: VecDeque::new(), connections: 0 };
        world.input(Input::Configure(HubConfiguration { routes, time_to_live: None }));
        world
    }

    fn input(&mut self, input: Input) {
        self.hub.handle(self.now, input);
        while let Some(output) = self.hub.poll() {
            if let Output::Append { mark, .. } | Output::Save { mark, .. } = &output {
                self.issued = *mark;
            }
            self.outputs.push_back(output);
        }
    }

    /// Lets the store keep everything.
    fn store(&mut self) {
        self.stored = self.issued;
        self.input(Input::Durable { mark: self.stored });
    }

    fn pass(&mut self, time: Duration) {
        self.now.monotonic += time;
        self.now.unix += time;
        self.input(Input::Timeout);
    }

    fn token(&self, name: &str, expiry: u64) -> Credential {
        let (_, key) = self.keys.iter().find(|(known, _)| *known == identity(name)).expect("known");
        let resource = format!("{HOST}%2Fdevices%2Fd1%2Fmodules%2F{name}");
        Credential::Sas(sas::create(&resource, key, Duration::from_secs(expiry), None))
    }

    fn connect_with(&mut self, name: &str, credential: Credential, session: Session) -> ConnectionId {
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        self.input(Input::Connect { connection, identity: identity(name), credential, session });
        connection
    }

    fn connect(&mut self, name: &str) -> ConnectionId {
        let credential = self.token(name, 1_700_003_600);
        self.connect_with(name, credential, Session::Kept)
    }

    fn request(&mut self, connection: ConnectionId, request: Request) {
        self.input(Input::Request { connection, request });
    }

    fn subscribe(&mut self, connection: ConnectionId, feature: Feature) {
        self.request(connection, Request::Subscribe { feature, guarantee: Guarantee::AtLeastOnce });
    }

    fn publish(&mut self, connection: ConnectionId, receipt: u64, message: Message) {
        self.request(connection, Request::Publish { receipt: Some(Receipt(receipt)), message });
    }

    /// Returns what one client was told since the last look.
    fn told(&mut self, connection: ConnectionId) -> Vec<Event> {
        let mut told = Vec::new();
        self.outputs.retain(|output| match output {
            Output::Client { connection: to, event } if *to == connection => {
                told.push(event.clone());
                false
            }
            _ => true,
        });
        told
    }

    /// Returns the bodies delivered to a client since the last look, with their deliveries.
    fn delivered(&mut self, connection: ConnectionId) -> Vec<(Delivery, String)> {
        let told = self.told(connection).into_iter();
        told.filter_map(|event| match event {
            Event::Deliver { delivery, message, .. } => {
                Some((delivery, String::from_utf8(message.body.to_vec()).expect("text")))
            }
            _ => None,
        })
        .collect()
    }

    fn bodies(&mut self, connection: ConnectionId) -> Vec<String> {
        self.delivered(connection).into_iter().map(|(_, body)| body).collect()
    }

    /// Takes the outputs that `wanted` recognises.
    fn taken<T>(&mut self, wanted: impl Fn(&Output) -> Option<T>) -> Vec<T> {
        let found = self.outputs.iter().filter_map(&wanted).collect();
        self.outputs.retain(|output| wanted(output).is_none());
        found
    }

    fn told_cloud(&mut self) -> Vec<ToCloud> {
        self.taken(|output| match output {
            Output::Cloud(to_cloud) => Some(to_cloud.clone()),
            _ => None,
        })
    }

    fn cloud_twin(&mut self, name: &str, desired: Value) {
        let twin = FromCloud::Twin {
            identity: identity(name),
            desired: object(desired),
            reported: object(json!({"$version": 1})),
        };
        self.input(Input::Cloud(twin));
        self.store();
    }
}

mod access {
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

    #[test]
    fn nobody_speaks_before_being_let_in() {
        let mut world = World::new(vec![route("up", "FROM /* INTO $upstream")]);
        world.publish(ConnectionId(99), 1, telemetry("o", "x"));
        assert!(world.outputs.is_empty());
    }
}

mod telemetry_and_routes {
    use super::*;

    fn to_b() -> ConfiguredRoute {
        route("ab", "FROM /messages/modules/a/* INTO BrokeredEndpoint(\"/modules/b/inputs/in\")")
    }

    #[test]
    fn a_message_is_acknowledged_only_when_it_is_stored() {
        let mut world = World::new(vec![to_b()]);
        let a = world.connect("a");
        world.publish(a, 7, telemetry("o", "x"));
        assert_eq!(world.told(a), []);
        world.store();
        assert_eq!(world.told(a), [Event::Accepted { receipt: Receipt(7) }]);
    }

    #[test]
    fn acknowledgements_keep_the_order_of_the_messages() {
        let mut world = World::new(vec![route("one", "FROM /messages/modules/a/outputs/kept INTO $upstream")]);
        let a = world.connect("a");
        world.publish(a, 1, telemetry("kept", "x"));
        world.publish(a, 2, telemetry("dropped", "y"));
        assert_eq!(world.told(a), [], "the second is not acknowledged before the first");
        world.store();
        assert_eq!(world.told(a), [1, 2].map(|n| Event::Accepted { receipt: Receipt(n) }));
    }

    #[test]
    fn a_message_without_a_route_is_acknowledged_and_dropped() {
        let mut world = World::new(vec![]);
        let a = world.connect("a");
        world.publish(a, 1, telemetry("o", "x"));
        assert_eq!(world.told(a), [Event::Accepted { receipt: Receipt(1) }]);
        assert_eq!(world.hub.waiting().len(), 0);
    }

    #[test]
    fn what_the_sender_claims_to_be_is_overwritten() {
        let mut world = World::new(vec![to_b()]);
        let (a, b) = (world.connect("a"), world.connect("b"));
        world.subscribe(b, Feature::Inputs);
        let mut forged = telemetry("o", "x");
        forged.set_system(system::CONNECTION_MODULE_ID, "c");
        forged.set_system(system::MESSAGE_TYPE, "twinChangeNotification");
        world.publish(a, 1, forged);
        let told = world.told(b);
        let [Event::Deliver { message, target, .. }] = told.as_slice() else { panic!("one delivery, not {told:?}") };
        assert_eq!(message.system(system::CONNECTION_MODULE_ID), Some("a"));
        assert_eq!(message.system(system::MESSAGE_TYPE), None);
        assert_eq!(*target, Target::Input("in".into()));
    }

    #[test]
    fn two_routes_to_one_input_deliver_once_by_the_better_priority() {
        let better = ConfiguredRoute { priority: Some(1), ..to_b() };
        let mut world = World::new(vec![to_b(), better]);
        let a = world.connect("a");
        world.publish(a, 1, telemetry("o", "x"));
        let queues = world.taken(|output| match output {
            Output::Append { queue, .. } => Some(queue.priority),
            _ => None,
        });
        assert_eq!(queues, [1]);
    }

    #[test]
    fn a_message_over_256_kb_ends_the_connection() {
        let mut world = World::new(vec![to_b()]);
        let a = world.connect("a");
        world.publish(a, 1, telemetry("o", &"x".repeat(256 * 1024)));
        assert!(!world.hub.client(&identity("a")).connected);
        assert_eq!(world.hub.waiting().len(), 0);
    }

    #[test]
    fn an_injected_message_reaches_the_input_and_is_answered_when_stored() {
        let mut world = World::new(vec![]);
        let injection = Injection::ToInput { module: module("b"), input: "in".into() };
        world.input(Input::Inject { ticket: Ticket(5), injection, message: telemetry("", "x") });
        let answered = |output: &Output| matches!(output, Output::Injected { ticket: Ticket(5), queued: 1 });
        assert!(!world.outputs.iter().any(answered));
        world.store();
        assert!(world.outputs.iter().any(answered));
    }

    #[test]
    fn a_message_as_if_sent_by_a_module_is_routed() {
        let mut world = World::new(vec![to_b()]);
        let b = world.connect("b");
        world.subscribe(b, Feature::Inputs);
        let injection = Injection::FromModule(module("a"));
        world.input(Input::Inject { ticket: Ticket(5), injection, message: telemetry("o", "x") });
        assert_eq!(world.bodies(b), ["x"]);
    }
}

mod delivery {
    use super::*;

    fn world_with_reader() -> (World, ConnectionId, ConnectionId) {
        let all = "FROM /messages/modules/a/* INTO BrokeredEndpoint(\"/modules/b/inputs/in\")";
        let mut world = World::new(vec![route("ab", all)]);
        let (a, b) = (world.connect("a"), world.connect("b"));
        (world, a, b)
    }

    #[test]
    fn nothing_is_delivered_before_the_module_has_subscribed() {
        let (mut world, a, b) = world_with_reader();
        world.publish(a, 1, telemetry("o", "x"));
        world.pass(Duration::from_secs(5));
        assert_eq!(world.bodies(b), [""; 0]);
        world.subscribe(b, Feature::Inputs);
        assert_eq!(world.bodies(b), ["x"]);
    }

    #[test]
    fn what_was_not_acknowledged_comes_again_in_order_after_a_reconnect() {
        let (mut world, a, b) = world_with_reader();
        world.subscribe(b, Feature::Inputs);
        for (n, body) in ["1", "2", "3"].into_iter().enumerate() {
            world.publish(a, n as u64, telemetry("o", body));
        }
        let delivered = world.delivered(b);
        assert_eq!(delivered.len(), 3);
        world.request(b, Request::Acknowledge { delivery: delivered[0].0 });
        world.input(Input::Disconnect { connection: b });
        let b = world.connect("b");
        world.subscribe(b, Feature::Inputs);
        assert_eq!(world.bodies(b), ["2", "3"]);
    }

    #[test]
    fn a_remembered_subscription_counts_after_a_pause() {
        let (mut world, a, b) = world_with_reader();
        world.subscribe(b, Feature::Inputs);
        world.input(Input::Disconnect { connection: b });
        world.publish(a, 1, telemetry("o", "x"));
        let b = world.connect("b");
        assert_eq!(world.bodies(b), [""; 0], "its listener may not be there yet");
        world.pass(Duration::from_secs(1));
        assert_eq!(world.bodies(b), ["x"]);
    }

    #[test]
    fn an_unacknowledged_message_is_sent_again_after_30_seconds() {
        let (mut world, a, b) = world_with_reader();
        world.subscribe(b, Feature::Inputs);
        world.publish(a, 1, telemetry("o", "x"));
        let first = world.delivered(b);
        let deadline = world.hub.deadline().expect("it waits for the acknowledgement");
        world.pass(Duration::from_secs(29));
        assert_eq!(world.bodies(b), [""; 0]);
        assert!(deadline <= world.now.monotonic + Duration::from_secs(1));
        world.pass(Duration::from_secs(1));
        let second = world.delivered(b);
        assert_eq!(second.len(), 1);
        world.request(b, Request::Acknowledge { delivery: first[0].0 });
        assert_eq!(world.hub.waiting().len(), 0, "a late acknowledgement of the first counts");
    }

    #[test]
    fn another_client_cannot_acknowledge_a_delivery() {
        let (mut world, a, b) = world_with_reader();
        world.subscribe(b, Feature::Inputs);
        world.publish(a, 1, telemetry("o", "x"));
        let delivered = world.delivered(b);
        world.request(a, Request::Acknowledge { delivery: delivered[0].0 });
        assert_eq!(world.hub.waiting().values().sum::<u64>(), 1);
    }

    #[test]
    fn at_most_once_needs_no_acknowledgement() {
        let (mut world, a, b) = world_with_reader();
        world.request(b, Request::Subscribe { feature: Feature::Inputs, guarantee: Guarantee::AtMostOnce });
        world.publish(a, 1, telemetry("o", "x"));
        assert_eq!(world.bodies(b), ["x"]);
        assert_eq!(world.hub.waiting().len(), 0);
    }

    #[test]
    fn a_higher_priority_is_drained_first() {
        let urgent = ConfiguredRoute {
            priority: Some(0),
            ..route("u", "FROM /messages/modules/a/outputs/urgent INTO BrokeredEndpoint(\"/modules/b/inputs/in\")")
        };
        let usual =
            route("n", "FROM /messages/modules/a/outputs/usual INTO BrokeredEndpoint(\"/modules/b/inputs/in\")");
        let mut world = World::new(vec![usual, urgent]);
        let (a, b) = (world.connect("a"), world.connect("b"));
        world.publish(a, 1, telemetry("usual", "later"));
        world.publish(a, 2, telemetry("urgent", "first"));
        world.subscribe(b, Feature::Inputs);
        let first = world.delivered(b);
        assert_eq!(first.iter().map(|(_, body)| body.as_str()).collect::<Vec<_>>(), ["first"]);
        world.request(b, Request::Acknowledge { delivery: first[0].0 });
        assert_eq!(world.bodies(b), ["later"]);
    }

    #[test]
    fn an_expired_message_is_not_delivered() {
        let short = ConfiguredRoute {
            time_to_live: Some(Duration::from_secs(10)),
            ..route("ab", "FROM /messages/modules/a/* INTO BrokeredEndpoint(\"/modules/b/inputs/in\")")
        };
        let mut world = World::new(vec![short]);
        let (a, b) = (world.connect("a"), world.connect("b"));
        world.publish(a, 1, telemetry("o", "old"));
        world.pass(Duration::from_secs(11));
        world.publish(a, 2, telemetry("o", "new"));
        world.subscribe(b, Feature::Inputs);
        assert_eq!(world.bodies(b), ["new"]);
    }

    #[test]
    fn a_recovered_queue_is_loaded_and_delivered_first() {
        let queue =
            QueueId { endpoint: Endpoint::Input { module: module("b"), input: "in".into() }, priority: QueueId::LAST };
        let recovered = Recovered { queues: vec![(queue.clone(), 4, 5)], ..Recovered::default() };
        let text = "FROM /messages/modules/a/* INTO BrokeredEndpoint(\"/modules/b/inputs/in\")";
        let mut world = World::recovered(vec![route("ab", text)], recovered);
        let (a, b) = (world.connect("a"), world.connect("b"));
        world.subscribe(b, Feature::Inputs);
        let loads = world.taken(|output| match output {
            Output::Load { from, .. } => Some(*from),
            _ => None,
        });
        assert_eq!(loads, [4]);
        world.publish(a, 1, telemetry("o", "new"));
        let kept = Queued { expires: None, message: telemetry("o", "kept") };
        world.input(Input::Loaded { queue: queue.clone(), from: 4, messages: vec![kept] });
        assert_eq!(world.bodies(b), ["kept"]);
    }
}

mod upstream {
    use super::*;

    fn world() -> (World, ConnectionId) {
        let mut world = World::new(vec![route("up", "FROM /messages/modules/a/* INTO $upstream")]);
        let a = world.connect("a");
        (world, a)
    }

    fn sent(world: &mut World) -> Vec<(QueueId, u64, String)> {
        let sent = world.told_cloud().into_iter();
        sent.filter_map(|to_cloud| match to_cloud {
            ToCloud::Telemetry { queue, offset, message } => {
                Some((queue, offset, String::from_utf8(message.body.to_vec()).expect("text")))
            }
            _ => None,
        })
        .collect()
    }

    #[test]
    fn offline_messages_wait_and_drain_in_order() {
        let (mut world, a) = world();
        (1..=3).for_each(|n| world.publish(a, n, telemetry("o", &n.to_string())));
        assert_eq!(sent(&mut world), []);
        world.input(Input::Link(Link::Online));
        let drained = sent(&mut world);
        assert_eq!(drained.iter().map(|(_, _, body)| body.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
        for (queue, offset, _) in drained {
            world.input(Input::Cloud(FromCloud::Taken { queue, offset }));
        }
        assert_eq!(world.hub.waiting().len(), 0);
    }

    #[test]
    fn who_came_and_who_went_without_a_link_is_told_when_it_is_back() {
        let (mut world, a) = world();
        world.input(Input::Link(Link::Online));
        world.input(Input::Link(Link::Offline));
        world.input(Input::Disconnect { connection: a });
        world.connect("b");
        world.told_cloud();
        world.input(Input::Link(Link::Online));
        let presences: Vec<_> = world
            .told_cloud()
            .into_iter()
            .filter_map(|told| match told {
                ToCloud::Presence { identity, state } => Some((identity, state)),
                _ => None,
            })
            .collect();
        let states = [ConnectionState::Disconnected, ConnectionState::Connected, ConnectionState::Disconnected];
        assert_eq!(presences, ["a", "b", "c"].map(identity).into_iter().zip(states).collect::<Vec<_>>());
    }

    #[test]
    fn what_the_cloud_did_not_take_is_sent_again_after_the_link_came_back() {
        let (mut world, a) = world();
        world.input(Input::Link(Link::Online));
        world.publish(a, 1, telemetry("o", "x"));
        assert_eq!(sent(&mut world).len(), 1);
        world.input(Input::Link(Link::Offline));
        world.input(Input::Link(Link::Online));
        assert_eq!(sent(&mut world).len(), 1);
    }
}

mod twins {
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
}

mod methods {
    use super::*;

    fn invocation(caller: Caller) -> Invocation {
        Invocation {
            caller,
            target: identity("b"),
            method: "ping".into(),
            payload: Bytes::from_static(b"null"),
            response_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
        }
    }

    fn invoked(world: &mut World) -> Vec<Result<Answer, InvokeError>> {
        world.taken(|output| match output {
            Output::Invoked { result, .. } => Some(result.clone()),
            _ => None,
        })
    }

    fn call(world: &mut World) {
        world.input(Input::Invoke { call: CallId(3), invocation: invocation(Caller::Cloud) });
    }

    fn subscribed() -> (World, ConnectionId) {
        let mut world = World::new(vec![]);
        let b = world.connect("b");
        world.subscribe(b, Feature::Methods);
        (world, b)
    }

    #[test]
    fn the_target_is_asked_and_its_answer_given_back() {
        let (mut world, b) = subscribed();
        call(&mut world);
        let asked = Event::CallMethod { rid: "3".into(), name: "ping".into(), payload: Bytes::from_static(b"null") };
        assert_eq!(world.told(b), [asked]);
        world.request(b, Request::AnswerMethod { rid: "3".into(), status: 200, payload: Bytes::from_static(b"{}") });
        assert_eq!(invoked(&mut world), [Ok(Answer { status: 200, payload: Bytes::from_static(b"{}") })]);
    }

    #[test]
    fn a_target_that_comes_within_the_connect_time_out_is_asked() {
        let mut world = World::new(vec![]);
        call(&mut world);
        world.pass(Duration::from_secs(9));
        let b = world.connect("b");
        world.subscribe(b, Feature::Methods);
        assert_eq!(world.told(b).len(), 1);
    }

    #[test]
    fn a_target_that_does_not_come_is_not_found() {
        let mut world = World::new(vec![]);
        call(&mut world);
        assert_eq!(world.hub.deadline(), Some(world.now.monotonic + Duration::from_secs(10)));
        world.pass(Duration::from_secs(10));
        assert_eq!(invoked(&mut world), [Err(InvokeError::NotFound)]);
    }

    #[test]
    fn a_target_that_does_not_answer_times_out_and_its_late_answer_is_dropped() {
        let (mut world, b) = subscribed();
        call(&mut world);
        world.pass(Duration::from_secs(29));
        assert_eq!(invoked(&mut world), []);
        world.pass(Duration::from_secs(1));
        assert_eq!(invoked(&mut world), [Err(InvokeError::NoAnswer)]);
        world.request(b, Request::AnswerMethod { rid: "3".into(), status: 200, payload: Bytes::new() });
        assert_eq!(invoked(&mut world), []);
    }

    #[test]
    fn nobody_else_can_answer_for_the_target() {
        let (mut world, _) = subscribed();
        let c = world.connect("c");
        call(&mut world);
        world.request(c, Request::AnswerMethod { rid: "3".into(), status: 200, payload: Bytes::new() });
        assert_eq!(invoked(&mut world), []);
    }

    #[test]
    fn a_module_must_prove_itself_to_call_another() {
        let (mut world, b) = subscribed();
        let caller = Caller::Module { identity: identity("a"), credential: world.token("c", 1_700_003_600) };
        world.input(Input::Invoke { call: CallId(3), invocation: invocation(caller) });
        assert!(matches!(invoked(&mut world).as_slice(), [Err(InvokeError::NotAuthorized(_))]));
        let caller = Caller::Module { identity: identity("a"), credential: world.token("a", 1_700_003_600) };
        world.input(Input::Invoke { call: CallId(4), invocation: invocation(caller) });
        assert_eq!(world.told(b).len(), 1);
    }
}

mod sessions {
    use super::*;

    fn saved_sessions(world: &mut World) -> Option<Value> {
        let saved = world.taken(|output| match output {
            Output::Save { name, document, .. } if name == "sessions" => Some(document.clone()),
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
}
