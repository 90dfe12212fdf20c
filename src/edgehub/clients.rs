//! Connected clients and what the hub remembers of their subscriptions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::access::KnownIdentity;
use super::hub::EdgeHub;
use super::port::{ConnectionId, Credential, Event, Feature, Guarantee, Link, Refusal, Session};
use super::vocabulary::{Endpoint, Output, ToCloud};
use crate::clock::Now;
use crate::identity::{Identity, ModuleId};
use crate::twin::ConnectionState;

/// How long a remembered subscription waits for the client to make it anew before it counts (protocol.md §0.21).
const SETTLE: Duration = Duration::from_secs(1);

/// The longest id of a model, in bytes; DTDL allows no longer one.
const MAX_MODEL: usize = 4096;

/// What `edgectl ps` shows of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClientStatus {
    /// Whether it is connected.
    pub connected: bool,
    /// Messages delivered to it, resent ones counted again.
    pub received: u64,
    /// Messages accepted from it.
    pub sent: u64,
}

type Subscriptions = BTreeMap<Feature, Guarantee>;

#[derive(Debug)]
struct Connected {
    connection: ConnectionId,
    session: Session,
    /// The model that it says it implements.
    model: Option<String>,
    /// What it subscribed to in this connection.
    fresh: BTreeSet<Feature>,
    /// When remembered subscriptions begin to count; `None` once they do.
    settles: Option<Duration>,
    /// What it has said that it has room for; without a word everything.
    rooms: BTreeMap<Feature, Room>,
}

/// Deliveries that a client allows, and those that it got, counted from the beginning.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Room {
    pub(super) total: u64,
    pub(super) given: u64,
}

#[derive(Debug, Default)]
pub(super) struct Clients {
    connected: BTreeMap<Identity, Connected>,
    connections: BTreeMap<ConnectionId, Identity>,
    subscriptions: BTreeMap<Identity, Subscriptions>,
    counts: BTreeMap<Identity, ClientStatus>,
    /// How many may be connected at a time; `None` is any number.
    most: Option<usize>,
}

impl Clients {
    /// Restores subscriptions from the state document; an unreadable one is an empty one.
    pub(super) fn recovered(document: Option<&Value>) -> Self {
        let stored: BTreeMap<String, Subscriptions> =
            document.and_then(|document| serde_json::from_value(document.clone()).ok()).unwrap_or_default();
        let subscriptions = stored.into_iter().filter_map(|(name, held)| Some((Identity::parse(&name).ok()?, held)));
        Self { subscriptions: subscriptions.collect(), ..Self::default() }
    }

    pub(super) fn identity(&self, connection: ConnectionId) -> Option<&Identity> {
        self.connections.get(&connection)
    }

    /// Returns the connection of a client.
    pub(super) fn connection(&self, identity: &Identity) -> Option<ConnectionId> {
        self.connected.get(identity).map(|client| client.connection)
    }

    /// Says how many clients are connected.
    pub(super) fn count(&self) -> usize {
        self.connected.len()
    }

    /// Returns the devices that are connected: not the modules.
    pub(super) fn connected_devices(&self) -> Vec<Identity> {
        self.connected.keys().filter(|identity| identity.module.is_none()).cloned().collect()
    }

    /// Returns the connection to deliver to, if the client is there, subscribed, and ready for it.
    ///
    /// A change of desired properties never waits: nobody would tell it later.
    pub(super) fn ready(&self, identity: &Identity, feature: Feature) -> Option<(ConnectionId, Guarantee)> {
        let client = self.connected.get(identity)?;
        let guarantee = self.subscriptions.get(identity)?.get(&feature)?;
        let settled = feature == Feature::DesiredUpdates || client.settles.is_none() || client.fresh.contains(&feature);
        settled.then_some((client.connection, *guarantee))
    }

    /// Returns what a client has said that it has room for; `None` if it does not count.
    pub(super) fn room(&self, identity: &Identity, feature: Feature) -> Option<Room> {
        self.connected.get(identity)?.rooms.get(&feature).copied()
    }

    /// Takes the room of one delivery, if the client counts them.
    pub(super) fn take_room(&mut self, identity: &Identity, feature: Feature) {
        if let Some(room) = self.connected.get_mut(identity).and_then(|client| client.rooms.get_mut(&feature)) {
            room.given += 1;
        }
    }

    pub(super) fn settle_deadline(&self) -> Option<Duration> {
        self.connected.values().filter_map(|client| client.settles).min()
    }

    pub(super) fn settle(&mut self, now: Duration) {
        for client in self.connected.values_mut() {
            if client.settles.is_some_and(|at| at <= now) {
                client.settles = None;
            }
        }
    }

    pub(super) fn counts(&mut self, identity: &Identity) -> &mut ClientStatus {
        self.counts.entry(identity.clone()).or_default()
    }

    fn document(&self) -> Value {
        let kept = self
            .subscriptions
            .iter()
            .filter(|(identity, _)| self.connected.get(*identity).is_none_or(|client| client.session == Session::Kept));
        let named = kept.map(|(identity, held)| (identity.to_string(), serde_json::json!(held)));
        Value::Object(named.collect())
    }
}

impl Room {
    /// Returns how many more the client allows.
    pub(super) fn left(self) -> u64 {
        self.total.saturating_sub(self.given)
    }
}

impl EdgeHub {
    /// Returns what is known of a client; of messages, those that were counted by [`EdgeHub::count_passages`].
    pub fn client(&self, identity: &Identity) -> ClientStatus {
        let counts = self.clients.counts.get(identity).copied().unwrap_or_default();
        ClientStatus { connected: self.clients.connected.contains_key(identity), ..counts }
    }

    /// Lets no more than so many clients be connected at a time (protocol.md §9.3); there is no limit unless said.
    pub fn limit_clients(&mut self, most: usize) {
        self.clients.most = Some(most);
    }

    /// Returns the names that a SAS audience may have for the hub.
    pub fn hosts(&self) -> &[String] {
        self.access.hosts()
    }

    /// Returns what is known of this device and its modules.
    pub fn own_identities(&self) -> impl Iterator<Item = &KnownIdentity> {
        self.access.own()
    }

    /// Returns who speaks on a connection, once it was let in.
    pub fn speaker(&self, connection: ConnectionId) -> Option<&Identity> {
        self.clients.identity(connection)
    }

    pub(super) fn handle_connect(
        &mut self,
        now: Now,
        connection: ConnectionId,
        identity: Identity,
        credential: &Credential,
        session: Session,
    ) {
        if let Err(refusal) = self.admit(now, &identity, credential) {
            self.out.push_back(Output::Refused { connection, identity, refusal });
            return;
        }
        if let Some(older) = self.clients.connected.get(&identity).map(|client| client.connection) {
            self.close(now, older, "the same identity connected again");
        }
        if session == Session::Clean && self.clients.subscriptions.remove(&identity).is_some() {
            self.save_sessions();
        }
        self.metrics.connected(&identity);
        let client = Connected {
            connection,
            session,
            model: None,
            fresh: BTreeSet::new(),
            settles: Some(now.monotonic + SETTLE),
            rooms: BTreeMap::new(),
        };
        self.wake.by(now.monotonic + SETTLE);
        let held = self.clients.subscriptions.get(&identity);
        let remembered = held.map(|held| held.iter().map(|(feature, guarantee)| (*feature, *guarantee)).collect());
        self.clients.connected.insert(identity.clone(), client);
        self.clients.connections.insert(connection, identity.clone());
        self.out.push_back(Output::Connected { connection, remembered });
        self.note_presence(now, &identity, ConnectionState::Connected);
        self.tell_presence(identity, ConnectionState::Connected);
    }

    /// Says whether somebody is let in: who has proved who it is, unless so many are connected already.
    fn admit(&mut self, now: Now, identity: &Identity, credential: &Credential) -> Result<(), Refusal> {
        if let Err(reason) = self.access.check(now.unix, identity, credential) {
            self.metrics.refused(identity);
            return Err(Refusal::NotAuthorized(reason));
        }
        let connected = &self.clients.connected;
        match self.clients.most {
            Some(most) if connected.len() >= most && !connected.contains_key(identity) => {
                Err(Refusal::TooManyClients(most))
            }
            _ => Ok(()),
        }
    }

    /// Ends a connection, and tells whose it was.
    pub(super) fn close(&mut self, now: Now, connection: ConnectionId, reason: &'static str) {
        let Some(identity) = self.clients.identity(connection).cloned() else { return };
        self.out.push_back(Output::Close { connection, identity, reason });
        self.handle_disconnect(now, connection);
    }

    /// Takes the identities of this device anew, and forgets those that are gone. What is queued for them waits on.
    pub(super) fn handle_own(&mut self, now: Now, own: Vec<KnownIdentity>) {
        for identity in self.access.replace_own(own) {
            if let Some(connection) = self.clients.connection(&identity) {
                self.close(now, connection, "the module was removed from the device");
            }
            self.forget_client(&identity);
            self.forget_twin(&identity);
        }
    }

    pub(super) fn handle_disconnect(&mut self, now: Now, connection: ConnectionId) {
        let Some(identity) = self.clients.connections.remove(&connection) else { return };
        self.metrics.disconnected(&identity);
        if let Some(client) = self.clients.connected.remove(&identity)
            && client.session == Session::Clean
        {
            self.clients.subscriptions.remove(&identity);
        }
        self.deliveries.retain(|_, handed| handed.connection != connection);
        if self.owns(&identity) {
            let mine = self.queues.iter_mut().filter(|(id, _)| endpoint_of(&id.endpoint, &identity));
            mine.for_each(|(_, queue)| queue.close());
        }
        self.twins.forget_connection(connection);
        self.note_presence(now, &identity, ConnectionState::Disconnected);
        self.device_bound.forget_connection(connection);
        self.review_receiver(&identity);
        self.tell_presence(identity, ConnectionState::Disconnected);
    }

    fn tell_presence(&mut self, identity: Identity, state: ConnectionState) {
        if self.link == Link::Online {
            self.out.push_back(Output::Cloud(ToCloud::Presence { identity, state }));
        }
    }

    /// Takes the model of a client; one link after the other may say the same.
    pub(super) fn handle_model(&mut self, identity: Identity, model: String) {
        let Some(client) = self.clients.connected.get_mut(&identity) else { return };
        if model.len() <= MAX_MODEL && client.model.as_ref() != Some(&model) {
            client.model = Some(model);
            self.tell_model(identity);
        }
    }

    fn tell_model(&mut self, identity: Identity) {
        let model = self.clients.connected.get(&identity).and_then(|client| client.model.clone());
        if let Some(model) = model.filter(|_| self.link == Link::Online) {
            self.out.push_back(Output::Cloud(ToCloud::Model { identity, model }));
        }
    }

    /// Tells the cloud of everybody who is connected, and of everybody who is not: some may have gone meanwhile.
    pub(super) fn tell_presences(&mut self) {
        let identities: Vec<Identity> = self.access.identities().cloned().collect();
        for identity in identities {
            // The agent and the hub are there as long as the device is.
            let is_system = self.owns(&identity) && identity.module.as_ref().is_some_and(ModuleId::is_system);
            let is_connected = is_system || self.clients.connected.contains_key(&identity);
            let state = match is_connected {
                true => ConnectionState::Connected,
                false => ConnectionState::Disconnected,
            };
            self.tell_presence(identity.clone(), state);
            self.tell_model(identity);
        }
    }

    pub(super) fn handle_subscribe(&mut self, now: Now, identity: &Identity, feature: Feature, guarantee: Guarantee) {
        if let Some(client) = self.clients.connected.get_mut(identity) {
            client.fresh.insert(feature);
        }
        let before = self.clients.subscriptions.entry(identity.clone()).or_default().insert(feature, guarantee);
        if before != Some(guarantee) {
            self.save_sessions();
        }
        match feature {
            Feature::Inputs => self.stir(identity),
            Feature::Methods => self.ask_waiting_calls(now.monotonic),
            Feature::CloudToDevice => self.review_receiver(identity),
            Feature::DesiredUpdates | Feature::TwinAnswers => {}
        }
    }

    pub(super) fn handle_allow(&mut self, identity: &Identity, feature: Feature, total: u64) {
        if let Some(client) = self.clients.connected.get_mut(identity) {
            client.rooms.entry(feature).or_default().total = total;
        }
        match feature {
            Feature::CloudToDevice => self.review_receiver(identity),
            _ => self.stir(identity),
        }
    }

    /// Checks a newer credential of a client that is in; the older one keeps it in if this one does not.
    pub(super) fn handle_renew(
        &mut self,
        now: Now,
        connection: ConnectionId,
        identity: &Identity,
        credential: &Credential,
    ) {
        let result = self.access.check(now.unix, identity, credential).map_err(Refusal::NotAuthorized);
        self.tell(connection, Event::Renewed { result });
    }

    pub(super) fn handle_unsubscribe(&mut self, identity: &Identity, feature: Feature) {
        if let Some(client) = self.clients.connected.get_mut(identity) {
            client.rooms.remove(&feature);
        }
        let held = self.clients.subscriptions.get_mut(identity);
        if held.is_some_and(|held| held.remove(&feature).is_some()) {
            self.save_sessions();
        }
        if feature == Feature::CloudToDevice {
            self.review_receiver(identity);
        }
    }

    /// Forgets the subscriptions of somebody who is gone for ever, and what was counted.
    pub(super) fn forget_client(&mut self, identity: &Identity) {
        self.clients.counts.remove(identity);
        if self.clients.subscriptions.remove(identity).is_some() {
            self.save_sessions();
        }
    }

    fn save_sessions(&mut self) {
        let document = self.clients.document();
        self.save("sessions", document);
    }

    /// Says whether this is the device itself or a module of it, and no child.
    fn owns(&self, identity: &Identity) -> bool {
        identity.device == self.device
    }

    fn stir(&mut self, identity: &Identity) {
        if !self.owns(identity) {
            return;
        }
        let mine = self.queues.keys().filter(|id| endpoint_of(&id.endpoint, identity));
        self.stirred.extend(mine.map(|id| id.endpoint.clone()));
    }
}

/// Says whether an endpoint is an input of this module, which is one of this device's.
fn endpoint_of(endpoint: &Endpoint, identity: &Identity) -> bool {
    matches!(endpoint, Endpoint::Input { module, .. } if Some(module) == identity.module.as_ref())
}
