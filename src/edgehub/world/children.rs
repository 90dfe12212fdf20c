//! Devices that connect through this one (protocol.md §3.6, §9.4, §12.5).

use super::*;
use std::sync::Arc;

use crate::identity::Thumbprints;

fn leaf() -> Identity {
    Identity::parse("leaf1").expect("valid")
}

/// A world whose cloud has told it of `leaf1`, and the key of that.
fn world() -> (World, Key) {
    let mut world =
        World::new(vec![route("leafs", "FROM /messages/* WHERE NOT is_defined($connectionModuleId) INTO $upstream")]);
    world.input(Input::Link(Link::Online));
    let key = Key::generate().expect("random bytes");
    world.scope(vec![known(&leaf(), &key)]);
    world.outputs.clear();
    (world, key)
}

impl World {
    fn scope(&mut self, children: Vec<KnownIdentity>) {
        self.input(Input::Cloud(FromCloud::Scope { children }));
    }

    fn connect_leaf(&mut self, credential: Credential) -> ConnectionId {
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        self.input(Input::Connect { connection, identity: leaf(), credential, session: Session::Kept });
        connection
    }

    fn is_in(&self) -> bool {
        self.hub.client(&leaf()).connected
    }
}

fn token(key: &Key) -> Credential {
    Credential::Sas(sas::create(&format!("{HOST}%2Fdevices%2Fleaf1"), key, Duration::from_secs(1_700_003_600), None))
}

fn device_bound(lock: u64, body: &str) -> Input {
    let message = Message { body: Bytes::copy_from_slice(body.as_bytes()), ..Message::default() };
    Input::Cloud(FromCloud::DeviceBound { identity: leaf(), lock: LockToken(lock), message: Arc::new(message) })
}

/// A connected device that takes messages from the cloud.
fn receiver() -> (World, ConnectionId) {
    let (mut world, key) = world();
    let connection = world.connect_leaf(token(&key));
    world.subscribe(connection, Feature::CloudToDevice);
    (world, connection)
}

#[test]
fn the_cloud_is_asked_for_children_when_the_link_comes() {
    let mut world = World::new(vec![]);
    world.input(Input::Link(Link::Online));
    assert_eq!(world.told_cloud().last(), Some(&ToCloud::GetScope));
}

#[test]
fn a_child_is_let_in_with_its_own_key_only() {
    let (mut world, key) = world();
    world.connect_leaf(token(&Key::generate().expect("random bytes")));
    assert!(!world.is_in());
    world.connect_leaf(token(&key));
    assert!(world.is_in());
}

#[test]
fn a_child_that_was_told_once_is_let_in_offline_and_after_a_restart() {
    let (mut world, key) = world();
    world.scope(vec![]);
    world.scope(vec![known(&leaf(), &key)]);
    let saved = world.taken(|output| match output {
        Output::Store(ToStore::Save { name, document, .. }) if name == "hub/scope" => Some(document.clone()),
        _ => None,
    });
    let children = serde_json::from_value(saved.last().expect("it was saved").clone()).expect("it reads what it wrote");
    let mut world = World::recovered(vec![], Recovered { children, ..Recovered::default() });
    assert_eq!(world.hub.link(), Link::Offline);
    world.connect_leaf(token(&key));
    assert!(world.is_in());
}

#[test]
fn a_disabled_child_is_refused() {
    let (mut world, key) = world();
    world.connect_leaf(token(&key));
    world.scope(vec![KnownIdentity { status: IdentityStatus::Disabled, ..known(&leaf(), &key) }]);
    assert!(!world.is_in(), "its connection ends");
    world.connect_leaf(token(&key));
    assert!(!world.is_in());
}

#[test]
fn a_child_that_is_removed_is_forgotten() {
    let (mut world, key) = world();
    let connection = world.connect_leaf(token(&key));
    world.subscribe(connection, Feature::Methods);
    world.request(connection, Request::PatchReported { rid: "1".into(), patch: Bytes::from_static(b"{\"a\":1}") });
    world.publish(connection, 1, Message::default());
    assert_eq!(world.hub.client(&leaf()).sent, 1);
    world.scope(vec![]);
    assert!(!world.is_in());
    world.scope(vec![known(&leaf(), &key)]);
    let connection = world.connect_leaf(token(&key));
    assert!(world.outputs.contains(&Output::Connected { connection, remembered: None }));
    assert_eq!(world.hub.client(&leaf()), ClientStatus { connected: true, ..ClientStatus::default() });
}

#[test]
fn a_child_that_is_registered_anew_is_another_one_even_if_its_removal_was_not_told() {
    let (mut world, key) = world();
    let connection = world.connect_leaf(token(&key));
    world.subscribe(connection, Feature::Methods);
    world.publish(connection, 1, Message::default());
    world.scope(vec![KnownIdentity { status: IdentityStatus::Disabled, ..known(&leaf(), &key) }]);
    assert_eq!(world.hub.client(&leaf()).sent, 1, "a disabled one is the same");
    world.scope(vec![KnownIdentity { generation_id: "2".into(), ..known(&leaf(), &key) }]);
    let connection = world.connect_leaf(token(&key));
    assert!(world.outputs.contains(&Output::Connected { connection, remembered: None }));
    assert_eq!(world.hub.client(&leaf()), ClientStatus { connected: true, ..ClientStatus::default() });
}

#[test]
fn a_certificate_counts_by_either_thumbprint_and_without_token() {
    let (mut world, _) = world();
    let shown = Thumbprints::of(b"the certificate");
    for registered in [&shown.sha1, &shown.sha256] {
        let authentication =
            Authentication::SelfSigned { primary_thumbprint: registered.clone(), secondary_thumbprint: None };
        world.scope(vec![KnownIdentity { authentication, ..known(&leaf(), &Key::generate().expect("random")) }]);
        for wrong in [Credential::None, Credential::Certificate(Thumbprints::of(b"another"))] {
            world.connect_leaf(wrong);
            assert!(!world.is_in());
        }
        world.connect_leaf(Credential::Certificate(shown.clone()));
        assert!(world.is_in());
    }
}

#[test]
fn modules_cannot_use_certificates() {
    let mut world = World::new(vec![]);
    world.connect_with("a", Credential::Certificate(Thumbprints::of(b"any")), Session::Kept);
    assert!(!world.hub.client(&identity("a")).connected);
}

#[test]
fn telemetry_of_a_child_is_routed_and_stamped_with_its_name() {
    let (mut world, key) = world();
    let connection = world.connect_leaf(token(&key));
    let message = Message { body: Bytes::from_static(b"x"), ..Message::default() };
    world.publish(connection, 1, message);
    let stamped = world.taken(|output| match output {
        Output::Routed { message, endpoint: Endpoint::Upstream, .. } => {
            let system = |name| message.system(name).map(str::to_owned);
            Some((system(system::CONNECTION_DEVICE_ID), system(system::CONNECTION_MODULE_ID)))
        }
        _ => None,
    });
    assert_eq!(stamped, [(Some("leaf1".to_owned()), None)]);
}

#[test]
fn a_reported_change_of_a_child_is_sent_by_the_hub() {
    let text = "FROM /twinChangeNotifications INTO $upstream";
    let mut world = World::new(vec![route("changes", text)]);
    let key = Key::generate().expect("random bytes");
    world.input(Input::Link(Link::Online));
    world.scope(vec![known(&leaf(), &key)]);
    let connection = world.connect_leaf(token(&key));
    world.request(connection, Request::PatchReported { rid: "1".into(), patch: Bytes::from_static(b"{\"a\":1}") });
    let sent = world.taken(|output| match output {
        Output::Routed { message, .. } => Some(
            [system::CONNECTION_DEVICE_ID, system::CONNECTION_MODULE_ID, system::REPORTER_DEVICE_ID]
                .map(|name| message.system(name).unwrap_or_default().to_owned()),
        ),
        _ => None,
    });
    assert_eq!(sent, [["d1", "$edgeHub", "leaf1"].map(str::to_owned)]);
}

#[test]
fn the_cloud_is_told_who_takes_messages_and_who_does_not_any_more() {
    let (mut world, connection) = receiver();
    let told = |world: &mut World| -> Vec<ToCloud> {
        world.told_cloud().into_iter().filter(|told| !matches!(told, ToCloud::Presence { .. })).collect()
    };
    assert_eq!(told(&mut world), [ToCloud::Receive { identity: leaf(), total: None }]);
    world.request(connection, Request::Unsubscribe { feature: Feature::CloudToDevice });
    assert_eq!(told(&mut world), [ToCloud::StopReceiving { identity: leaf() }]);
    world.subscribe(connection, Feature::CloudToDevice);
    world.input(Input::Disconnect { connection });
    assert_eq!(
        told(&mut world),
        [ToCloud::Receive { identity: leaf(), total: None }, ToCloud::StopReceiving { identity: leaf() }]
    );
}

#[test]
fn a_remembered_subscription_takes_messages_after_a_pause() {
    let (mut world, key) = world();
    let connection = world.connect_leaf(token(&key));
    world.subscribe(connection, Feature::CloudToDevice);
    world.input(Input::Disconnect { connection });
    world.connect_leaf(token(&key));
    world.told_cloud();
    world.pass(Duration::from_secs(1));
    assert_eq!(world.told_cloud(), [ToCloud::Receive { identity: leaf(), total: None }]);
}

#[test]
fn a_message_is_completed_when_the_device_acknowledges_it() {
    let (mut world, connection) = receiver();
    world.told_cloud();
    world.input(device_bound(7, "hello"));
    let delivered = world.delivered(connection);
    let [(delivery, body)] = delivered.as_slice() else { panic!("one delivery, not {delivered:?}") };
    assert_eq!(body, "hello");
    assert_eq!(world.told_cloud(), []);
    world.request(connection, Request::Acknowledge { delivery: *delivery });
    world.request(connection, Request::Acknowledge { delivery: *delivery });
    assert_eq!(world.told_cloud(), [ToCloud::Completed { identity: leaf(), lock: LockToken(7) }]);
}

#[test]
fn a_message_at_most_once_is_completed_when_it_is_sent() {
    let (mut world, key) = world();
    let connection = world.connect_leaf(token(&key));
    let feature = Feature::CloudToDevice;
    world.request(connection, Request::Subscribe { feature, guarantee: Guarantee::AtMostOnce });
    world.told_cloud();
    world.input(device_bound(7, "hello"));
    assert_eq!(world.told_cloud(), [ToCloud::Completed { identity: leaf(), lock: LockToken(7) }]);
}

#[test]
fn an_acknowledgement_after_the_link_was_cut_counts_for_nothing() {
    let (mut world, connection) = receiver();
    world.input(device_bound(7, "hello"));
    let (delivery, _) = world.delivered(connection).remove(0);
    world.input(Input::Link(Link::Offline));
    world.told_cloud();
    world.request(connection, Request::Acknowledge { delivery });
    world.input(Input::Link(Link::Online));
    let told = world.told_cloud();
    assert!(told.contains(&ToCloud::Receive { identity: leaf(), total: None }), "it takes messages again: {told:?}");
    assert!(!told.iter().any(|told| matches!(told, ToCloud::Completed { .. })), "{told:?}");
}

#[test]
fn a_child_is_called_like_a_module() {
    let (mut world, key) = world();
    let connection = world.connect_leaf(token(&key));
    world.subscribe(connection, Feature::Methods);
    let invocation = Invocation {
        caller: Caller::Cloud,
        target: leaf(),
        method: "reboot".into(),
        payload: Bytes::from_static(b"null"),
        response_timeout: Duration::from_secs(30),
        connect_timeout: Duration::ZERO,
    };
    world.input(Input::Cloud(FromCloud::Invoke { call: CallId(3), invocation }));
    let asked = Event::CallMethod { rid: "3".into(), name: "reboot".into(), payload: Bytes::from_static(b"null") };
    assert_eq!(world.told(connection), [asked]);
}

#[test]
fn the_cloud_is_told_how_many_messages_a_device_has_room_for() {
    let feature = Feature::CloudToDevice;
    let (mut world, key) = world();
    let connection = world.connect_leaf(token(&key));
    world.request(connection, Request::Allow { feature, total: 2 });
    world.told_cloud();
    world.subscribe(connection, feature);
    assert_eq!(world.told_cloud(), [ToCloud::Receive { identity: leaf(), total: Some(2) }]);
    world.input(device_bound(7, "1"));
    world.request(connection, Request::Allow { feature, total: 3 });
    assert_eq!(world.told_cloud(), [ToCloud::Receive { identity: leaf(), total: Some(3) }]);
    world.input(Input::Link(Link::Offline));
    world.input(Input::Link(Link::Online));
    let told = world.told_cloud();
    assert!(told.contains(&ToCloud::Receive { identity: leaf(), total: Some(2) }), "one has come already: {told:?}");
}

#[test]
fn the_cloud_is_told_what_a_device_gave_back_or_refused() {
    // protocol.md §5.4
    let (mut world, connection) = receiver();
    world.input(device_bound(7, "1"));
    world.input(device_bound(8, "2"));
    let delivered = world.delivered(connection);
    world.told_cloud();
    world.request(connection, Request::Release { delivery: delivered[0].0 });
    world.request(connection, Request::Reject { delivery: delivered[1].0 });
    let abandoned = ToCloud::Abandoned { identity: leaf(), lock: LockToken(7) };
    assert_eq!(world.told_cloud(), [abandoned, ToCloud::Rejected { identity: leaf(), lock: LockToken(8) }]);
}
