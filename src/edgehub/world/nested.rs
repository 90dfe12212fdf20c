//! Edge devices below this one, whose hubs connect for those below them (protocol.md §3.6).

use super::*;
use crate::identity::AuthChain;

fn named(name: &str) -> Identity {
    Identity::parse(name).expect("valid")
}

/// A world with `line3` below `d1`, its hub and its module `a`, and `leaf1` below `line3`; and the key of that hub.
fn world() -> (World, Key) {
    let route = route("a", "FROM /messages/modules/b/* INTO BrokeredEndpoint(\"/modules/a/inputs/in\")");
    let mut world = World::new(vec![route]);
    world.input(Input::Link(Link::Online));
    let key = Key::generate().expect("random bytes");
    world.input(Input::Cloud(FromCloud::Scope { children: children(&key) }));
    world.outputs.clear();
    (world, key)
}

fn children(key: &Key) -> Vec<KnownIdentity> {
    let other = Key::generate().expect("random bytes");
    let below = |name: &str, key: &Key| KnownIdentity {
        spoken_for_by: vec![DeviceId::parse("line3").expect("valid")],
        ..known(&named(name), key)
    };
    let line3 = known(&named("line3"), &other);
    vec![line3, below("line3/$edgeHub", key), below("line3/a", &other), below("leaf1", &other)]
}

fn on_behalf(chain: &str, key: &Key) -> Credential {
    let resource = format!("{HOST}%2Fdevices%2Fline3%2Fmodules%2F%24edgeHub");
    let token = sas::create(&resource, key, Duration::from_secs(1_700_003_600), None);
    Credential::OnBehalf { chain: AuthChain::parse(chain).expect("names").expect("two"), token }
}

impl World {
    fn connect_below(&mut self, name: &str, credential: Credential) -> ConnectionId {
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        self.input(Input::Connect { connection, identity: named(name), credential, session: Session::Kept });
        connection
    }

    fn is_connected(&self, name: &str) -> bool {
        self.hub.client(&named(name)).connected
    }

    /// Returns why somebody was refused last.
    fn refusal(&mut self) -> String {
        let refusals = self.taken(|output| match output {
            Output::Refused { refusal, .. } => Some(refusal.to_string()),
            _ => None,
        });
        refusals.last().expect("somebody is refused").clone()
    }
}

#[test]
fn an_edge_hub_speaks_for_itself_its_modules_and_its_children() {
    // protocol.md §3.6
    let (mut world, key) = world();
    for name in ["line3/$edgeHub", "line3/a", "leaf1"] {
        world.connect_below(name, on_behalf(&format!("{name};line3"), &key));
        assert!(world.is_connected(name), "{name}");
    }
    assert!(!world.hub.client(&identity("a")).connected, "the module of this device is another");
}

#[test]
fn an_edge_hub_speaks_for_nobody_else_and_with_its_own_key_only() {
    // protocol.md §3.6
    let (mut world, key) = world();
    let stranger = Key::generate().expect("random bytes");
    for (name, credential, why) in [
        ("leaf1", on_behalf("leaf1;line4", &key), "`line4` may not speak for `leaf1`"),
        ("line3", on_behalf("line3;line3", &key), "`line3` may not speak for `line3`"),
        ("d1/a", on_behalf("d1/a;line3", &key), "`line3` may not speak for `d1/a`"),
        ("leaf1", on_behalf("line3/a;line3", &key), "the auth chain of `leaf1` begins with `line3/a`"),
        (
            "leaf1",
            on_behalf("leaf1;line3", &stranger),
            "the SAS token of `line3/$edgeHub` is refused: the SAS token is not signed with the key of this identity",
        ),
    ] {
        world.connect_below(name, credential);
        assert_eq!(world.refusal(), why);
    }
}

#[test]
fn who_is_spoken_for_loses_its_connection_with_the_right_of_the_hub() {
    let (mut world, key) = world();
    world.connect_below("leaf1", on_behalf("leaf1;line3", &key));
    let mut changed = children(&key);
    changed[3].spoken_for_by.clear();
    world.input(Input::Cloud(FromCloud::Scope { children: changed }));
    assert!(!world.is_connected("leaf1"));
    let mut disabled = children(&key);
    disabled[3].status = IdentityStatus::Disabled;
    world.input(Input::Cloud(FromCloud::Scope { children: disabled }));
    world.connect_below("leaf1", on_behalf("leaf1;line3", &key));
    assert_eq!(world.refusal(), "`leaf1` is disabled");
}

#[test]
fn a_module_below_takes_nothing_from_its_namesake() {
    let (mut world, key) = world();
    let a = world.connect("a");
    world.subscribe(a, Feature::Inputs);
    let below = world.connect_below("line3/a", on_behalf("line3/a;line3", &key));
    world.subscribe(below, Feature::Inputs);
    let b = world.connect("b");
    world.publish(b, 1, telemetry("o", "1"));
    world.store();
    world.input(Input::Disconnect { connection: below });
    world.publish(b, 2, telemetry("o", "2"));
    world.store();
    assert_eq!(world.bodies(a), ["1", "2"]);
    assert_eq!(world.bodies(below), [""; 0]);
}

#[test]
fn a_hub_below_is_as_connected_as_it_is() {
    let (mut world, _) = world();
    world.input(Input::Link(Link::Offline));
    world.outputs.clear();
    world.input(Input::Link(Link::Online));
    let below = ToCloud::Presence { identity: named("line3/$edgeHub"), state: ConnectionState::Disconnected };
    assert!(world.told_cloud().contains(&below));
}
