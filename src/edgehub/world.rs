//! The hub in a world of its own: a virtual clock, a store that keeps what it is told when it is told to, and tests
//! whose names are facts.

mod access;
mod children;
mod delivery;
mod methods;
mod metrics;
mod nested;
mod own;
mod sessions;
mod storage;
mod telemetry_and_routes;
mod twins;
mod upstream;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::*;
use crate::clock::Now;
use crate::identity::{Authentication, DeviceId, Identity, IdentityStatus, Key, ModuleId, sas};
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
    /// What the store was told to keep; it is read from here as soon as it is asked for.
    kept: BTreeMap<(QueueId, u64), Queued>,
    outputs: VecDeque<Output>,
    connections: u64,
}

fn module(name: &str) -> ModuleId {
    ModuleId::parse(name).expect("valid")
}

fn identity(name: &str) -> Identity {
    Identity::of_module(DeviceId::parse("d1").expect("valid"), module(name))
}

fn known(identity: &Identity, key: &Key) -> KnownIdentity {
    let secondary_key = Key::generate().expect("random bytes");
    KnownIdentity {
        identity: identity.clone(),
        generation_id: "638".into(),
        status: IdentityStatus::Enabled,
        authentication: Authentication::Sas { primary_key: key.clone(), secondary_key },
        spoken_for_by: Vec::new(),
    }
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

fn is_own_report(told: &ToCloud) -> bool {
    matches!(told, ToCloud::Reported { identity, .. } if identity.module == Some(ModuleId::edge_hub()))
}

impl World {
    fn new(routes: Vec<ConfiguredRoute>) -> Self {
        Self::recovered(routes, Recovered::default())
    }

    fn recovered(routes: Vec<ConfiguredRoute>, recovered: Recovered) -> Self {
        let keys: Vec<_> =
            ["a", "b", "c"].map(|name| (identity(name), Key::generate().expect("random bytes"))).into_iter().collect();
        let known = keys.iter().map(|(identity, key)| known(identity, key));
        let device = DeviceId::parse("d1").expect("valid");
        let hub = EdgeHub::new(device, vec![HOST.into(), "gateway".into()], known.collect(), recovered);
        let now = Now { monotonic: Duration::from_secs(1), unix: Duration::from_secs(1_700_000_000) };
        let (kept, outputs) = (BTreeMap::new(), VecDeque::new());
        let mut world = Self { hub, now, keys, stored: 0, issued: 0, kept, outputs, connections: 0 };
        world.input(Input::Configure(HubConfiguration { routes, ..HubConfiguration::default() }));
        world
    }

    /// Returns what the hub was told of the identities of the device.
    fn known(&self) -> Vec<KnownIdentity> {
        self.keys.iter().map(|(identity, key)| known(identity, key)).collect()
    }

    fn input(&mut self, input: Input) {
        self.hub.handle(self.now, input);
        while let Some(output) = self.hub.poll() {
            if let Output::Store(ToStore::Append { mark, .. } | ToStore::Save { mark, .. }) = &output {
                self.issued = *mark;
            }
            if let Output::Store(ToStore::Append { queue, offset, queued, .. }) = &output {
                self.kept.insert((queue.clone(), *offset), queued.clone());
            }
            match output {
                Output::Store(ToStore::Load { queue, from, count })
                    if self.kept.contains_key(&(queue.clone(), from)) =>
                {
                    let found = (from..).map_while(|at| self.kept.get(&(queue.clone(), at)).cloned());
                    let messages = found.take(count).collect();
                    self.hub.handle(self.now, Input::Store(FromStore::Loaded { queue, from, messages }));
                }
                output => self.outputs.push_back(output),
            }
        }
        self.hub.count_passages();
        self.check_wake();
    }

    /// The hub is looked at in time, whoever has begun to wait for what.
    fn check_wake(&self) {
        let hub = &self.hub;
        let due = [hub.delivery_deadline(), hub.clients.settle_deadline(), hub.sweep_deadline()];
        let Some(first) = due.into_iter().flatten().min() else { return };
        assert!(hub.deadline().is_some_and(|at| at <= first), "{:?} is later than {first:?}", hub.deadline());
    }

    /// Lets the store keep everything.
    fn store(&mut self) {
        self.stored = self.issued;
        self.input(Input::Store(FromStore::Durable { mark: self.stored }));
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

    /// Returns what the cloud was told of clients since the last look; the hub's own reports stay.
    fn told_cloud(&mut self) -> Vec<ToCloud> {
        self.taken(|output| match output {
            Output::Cloud(to_cloud) if !is_own_report(to_cloud) => Some(to_cloud.clone()),
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
