//! The edge side of twins: the last that the cloud told, what clients reported, and what the cloud does not know yet.
//!
//! A reported patch is accepted here and told to the cloud when the link allows (protocol.md §7.5).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::hub::{EdgeHub, Promise};
use super::metrics::Side;
use super::port::{ConnectionId, Event, Feature, Link};
use super::vocabulary::{Output, ToCloud};
use crate::clock::{Now, iso_millis};
use crate::identity::{Identity, ModuleId};
use crate::message::{Message, system};
use crate::twin;

/// A twin as the hub keeps it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EdgeTwin {
    /// Desired properties with `$version`; empty if the cloud never told.
    pub(super) desired: Map<String, Value>,
    /// Reported properties with `$version`.
    pub(super) reported: Map<String, Value>,
    /// Reported patches that the cloud has not confirmed, oldest first; while it is out of reach one merged patch.
    #[serde(default)]
    unconfirmed: VecDeque<Map<String, Value>>,
}

/// A client that waits for its twin.
#[derive(Debug)]
struct Asker {
    connection: ConnectionId,
    rid: String,
}

#[derive(Debug, Default)]
pub(super) struct Twins {
    held: BTreeMap<Identity, EdgeTwin>,
    askers: BTreeMap<Identity, Vec<Asker>>,
    /// Whose twin was asked of the cloud, to tell the client the difference.
    syncing: BTreeSet<Identity>,
}

impl Twins {
    pub(super) fn recovered(held: BTreeMap<Identity, EdgeTwin>) -> Self {
        Self { held, ..Self::default() }
    }

    pub(super) fn held(&self, identity: &Identity) -> Option<&EdgeTwin> {
        self.held.get(identity)
    }

    pub(super) fn forget_connection(&mut self, connection: ConnectionId) {
        for askers in self.askers.values_mut() {
            askers.retain(|asker| asker.connection != connection);
        }
    }
}

impl EdgeTwin {
    fn is_known(&self) -> bool {
        self.desired.contains_key(VERSION)
    }

    /// Makes one patch of all that the cloud has not confirmed, or two if one could not say it.
    fn fold_unconfirmed(&mut self) {
        self.unconfirmed = twin::fold(std::mem::take(&mut self.unconfirmed)).into();
    }

    /// The answer to a twin request: both sections, always with `$version` (protocol.md §7.5).
    fn device_view(&self) -> Bytes {
        let section = |section: &Map<String, Value>| {
            let mut section = section.clone();
            section.entry(VERSION).or_insert(Value::from(1));
            Value::Object(section)
        };
        let view = serde_json::json!({ "desired": section(&self.desired), "reported": section(&self.reported) });
        Bytes::from(view.to_string())
    }
}

pub(super) const VERSION: &str = "$version";

pub(super) fn version(section: &Map<String, Value>) -> u64 {
    section.get(VERSION).and_then(Value::as_u64).unwrap_or_default()
}

impl EdgeHub {
    pub(super) fn handle_get_twin(&mut self, connection: ConnectionId, identity: Identity, rid: String) {
        self.metrics.twin_asked(Side::Client, &identity);
        if self.link == Link::Offline {
            let body = self.twins.held.entry(identity).or_default().device_view();
            self.tell(connection, Event::TwinAnswer { rid, status: 200, version: None, body });
            return;
        }
        self.twins.askers.entry(identity.clone()).or_default().push(Asker { connection, rid });
        self.metrics.twin_asked(Side::Cloud, &identity);
        self.out.push_back(Output::Cloud(ToCloud::GetTwin { identity }));
    }

    pub(super) fn handle_patch_reported(
        &mut self,
        now: Now,
        connection: ConnectionId,
        identity: &Identity,
        rid: String,
        patch: &Bytes,
    ) {
        let patch = match twin::parse_reported(patch) {
            Ok(patch) => patch,
            Err(error) => {
                let text = format!("reported properties of `{identity}` are refused: {error}");
                self.out.push_back(Output::Warning { about: identity.clone(), text });
                self.tell(connection, Event::TwinAnswer { rid, status: 400, version: None, body: Bytes::new() });
                return;
            }
        };
        self.metrics.reported(Side::Client, identity);
        let version = self.accept_reported(identity, &patch);
        let answer = Event::TwinAnswer { rid, status: 204, version: Some(version), body: Bytes::new() };
        self.promise(Promise::Tell { connection, event: answer });
        let notification = self.change_notification(now, identity, &patch);
        // Without room for the notification the patch counts all the same.
        let _ = self.route(now, Arc::new(notification));
    }

    /// Merges a reported patch and tells it to the cloud, now or when the link is back; returns the new version.
    pub(super) fn accept_reported(&mut self, identity: &Identity, patch: &Map<String, Value>) -> u64 {
        let held = self.twins.held.entry(identity.clone()).or_default();
        let version = version(&held.reported) + 1;
        twin::merge(&mut held.reported, patch);
        held.reported.insert(VERSION.to_owned(), version.into());
        held.unconfirmed.push_back(patch.clone());
        match self.link {
            Link::Offline => held.fold_unconfirmed(),
            // The cloud is told first: what it keeps of this is then stored before what is promised for it.
            Link::Online => {
                self.metrics.reported(Side::Cloud, identity);
                let told = ToCloud::Reported { identity: identity.clone(), patch: patch.clone() };
                self.out.push_back(Output::Cloud(told));
            }
        }
        self.save_twin(identity);
        version
    }

    /// Takes it that the cloud has got the oldest reported patch that it was told.
    pub(super) fn handle_confirmed(&mut self, identity: &Identity) {
        let Some(held) = self.twins.held.get_mut(identity) else { return };
        self.metrics.confirmed(identity);
        if held.unconfirmed.pop_front().is_some() {
            self.save_twin(identity);
        }
    }

    /// Takes a twin that the cloud was asked for: answers those who wait, and tells a subscribed client what changed.
    pub(super) fn handle_twin(
        &mut self,
        identity: Identity,
        desired: Map<String, Value>,
        reported: Map<String, Value>,
    ) {
        let held = self.twins.held.entry(identity.clone()).or_default();
        self.metrics.twin_told(&identity);
        let difference = twin::diff(&held.desired, &desired);
        held.desired = desired;
        if held.unconfirmed.is_empty() {
            held.reported = reported;
        }
        let body = held.device_view();
        self.save_twin(&identity);
        let askers = self.twins.askers.remove(&identity).unwrap_or_default();
        let asked = !askers.is_empty();
        for Asker { connection, rid } in askers {
            let answer = Event::TwinAnswer { rid, status: 200, version: None, body: body.clone() };
            self.promise(Promise::Tell { connection, event: answer });
        }
        if identity == self.own.identity {
            self.apply_own_desired();
        }
        if self.twins.syncing.remove(&identity) && !asked && difference.keys().any(|key| key != VERSION) {
            self.tell_desired(&identity, &difference);
        }
    }

    /// Takes a change of desired properties: forwarded as it is when it is the next version, else the whole twin is
    /// fetched and the difference told.
    pub(super) fn handle_desired_patch(&mut self, identity: Identity, patch: Map<String, Value>) {
        let held = self.twins.held.entry(identity.clone()).or_default();
        if !held.is_known() || version(&held.desired) + 1 != version(&patch) {
            self.sync_twin(identity);
            return;
        }
        twin::merge(&mut held.desired, &patch);
        self.save_twin(&identity);
        if identity == self.own.identity {
            self.apply_own_desired();
        }
        self.tell_desired(&identity, &patch);
    }

    /// Brings the cloud and the hub to the same twin after the link came back.
    pub(super) fn sync_twins(&mut self) {
        let identities: Vec<Identity> = self.access.identities().cloned().collect();
        for identity in identities {
            if let Some(held) = self.twins.held.get_mut(&identity) {
                held.fold_unconfirmed();
                for patch in &held.unconfirmed {
                    self.metrics.reported(Side::Cloud, &identity);
                    let told = ToCloud::Reported { identity: identity.clone(), patch: patch.clone() };
                    self.out.push_back(Output::Cloud(told));
                }
            }
            self.sync_twin(identity);
        }
    }

    /// Answers everybody who waits for the cloud from what the hub holds.
    pub(super) fn answer_askers_offline(&mut self) {
        self.twins.syncing.clear();
        self.twins.held.values_mut().for_each(EdgeTwin::fold_unconfirmed);
        for (identity, askers) in std::mem::take(&mut self.twins.askers) {
            for Asker { connection, rid } in askers {
                self.handle_get_twin(connection, identity.clone(), rid);
            }
        }
    }

    fn sync_twin(&mut self, identity: Identity) {
        if self.twins.syncing.insert(identity.clone()) {
            self.metrics.twin_asked(Side::Cloud, &identity);
            self.out.push_back(Output::Cloud(ToCloud::GetTwin { identity }));
        }
    }

    fn tell_desired(&mut self, identity: &Identity, patch: &Map<String, Value>) {
        if let Some((connection, _)) = self.clients.ready(identity, Feature::DesiredUpdates) {
            let body = Bytes::from(Value::Object(patch.clone()).to_string());
            self.tell(connection, Event::DesiredChanged { version: version(patch), patch: body });
        }
    }

    /// Forgets the twin of somebody who is gone for ever.
    pub(super) fn forget_twin(&mut self, identity: &Identity) {
        if self.twins.held.remove(identity).is_some() {
            self.save(&format!("twins/{identity}"), serde_json::json!(EdgeTwin::default()));
        }
    }

    fn save_twin(&mut self, identity: &Identity) {
        let held = self.twins.held.get(identity).map(|held| serde_json::json!(held));
        self.save(&format!("twins/{identity}"), held.unwrap_or_default());
    }

    /// The message that a reported change makes (protocol.md §7.5): sent by the hub, whoever reported.
    fn change_notification(&self, now: Now, identity: &Identity, patch: &Map<String, Value>) -> Message {
        let body = Bytes::from(Value::Object(patch.clone()).to_string());
        let mut message = Message { body, ..Message::default() };
        message.set_system(system::MESSAGE_TYPE, "twinChangeNotification");
        message.set_system(system::MESSAGE_SCHEMA, "twinChangeNotification");
        message.set_system(system::ENQUEUED_TIME, iso_millis(now.unix));
        message.set_system(system::CONNECTION_DEVICE_ID, self.device.as_str());
        message.set_system(system::CONNECTION_MODULE_ID, ModuleId::EDGE_HUB);
        message.set_system(system::REPORTER_DEVICE_ID, identity.device.as_str());
        if let Some(module) = &identity.module {
            message.set_system(system::REPORTER_MODULE_ID, module.as_str());
        }
        message
    }
}

/// Returns a message as a client gets it: a reported change as from whoever reported, though routes know it as the
/// hub's (protocol.md §7.5).
pub(super) fn as_from_reporter(message: Arc<Message>) -> Arc<Message> {
    let Some(device) = message.system(system::REPORTER_DEVICE_ID).map(str::to_owned) else { return message };
    let mut told = Message::clone(&message);
    told.system.remove(system::REPORTER_DEVICE_ID);
    told.set_system(system::CONNECTION_DEVICE_ID, device);
    match told.system.remove(system::REPORTER_MODULE_ID) {
        Some(module) => told.set_system(system::CONNECTION_MODULE_ID, module),
        None => drop(told.system.remove(system::CONNECTION_MODULE_ID)),
    }
    Arc::new(told)
}
