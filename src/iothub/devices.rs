//! What the cloud does for devices that are not simulated: registering them and their modules, and sending to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::devicebound::{MAX_DEVICE_MESSAGE, MAX_WAITING, WaitingMessages};
use super::feedback::{Ack, Feedback, MessageEnd};
use super::registry::{Device, Module, Registry, RegistryError};
use super::{IotHub, Output};
use crate::clock::{Now, iso_millis};
use crate::edgehub::{FromCloud, LockToken};
use crate::identity::{Authentication, DeviceId, Identity, IdentityStatus};
use crate::message::{Message, system};
use crate::twin::{ConnectionState, Twin, edge_scope};

/// What an earlier run left in the store.
#[derive(Debug, Default)]
pub struct Recovered {
    /// The state document `registry`.
    pub registry: Registry,
    /// The state documents `twins/…`, by identity; those of devices that are not registered any more are ignored.
    pub twins: BTreeMap<Identity, Twin>,
    /// The state documents `devicebound/…`, by device.
    pub waiting: BTreeMap<DeviceId, WaitingMessages>,
}

/// Why a cloud-to-device message is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// There is no such device, or it is an edge device.
    #[error("the cloud has no device `{0}` that takes messages")]
    Unknown(DeviceId),
    /// The message is too long.
    #[error("the message is {size} bytes long, and {MAX_DEVICE_MESSAGE} are allowed")]
    TooLarge {
        /// Body, property names and values.
        size: usize,
    },
    /// Too many messages wait for the device.
    #[error("{MAX_WAITING} messages wait for `{0}` already, and no more are taken")]
    Full(DeviceId),
}

impl IotHub {
    /// Returns the registry.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Registers a device, with a new twin.
    pub fn add_device(&mut self, device: Device) -> Result<(), RegistryError> {
        let identity = device.identity();
        if self.twins.contains_key(&identity) {
            return Err(RegistryError::Exists(device.device_id));
        }
        let twin = self.new_twin(&device);
        self.registry.add(device)?;
        self.twins.insert(identity.clone(), twin);
        self.save_registry();
        self.save(&identity);
        self.tell_scope(&self.registry.edge_of(&identity));
        Ok(())
    }

    /// Registers a module with a new twin, or changes it.
    pub fn put_module(&mut self, identity: Identity, module: Module) {
        let twin = Twin::new(&identity, &module.generation_id);
        self.registry.put_module(identity.clone(), module);
        self.twins.entry(identity.clone()).or_insert(twin);
        self.save_registry();
        self.save(&identity);
        self.tell_scope(&self.registry.edge_of(&identity));
    }

    /// Removes a module with its twin.
    pub fn remove_module(&mut self, identity: &Identity) {
        if self.registry.remove_module(identity).is_some() {
            self.twins.remove(identity);
            self.save_registry();
            self.tell_scope(&self.registry.edge_of(identity));
        }
    }

    /// Removes a device with its modules, their twins, and what waits for it.
    pub fn remove_device(&mut self, id: &DeviceId) -> Result<(), RegistryError> {
        let edge = self.registry.edge_of(&Identity::of_device(id.clone()));
        self.registry.remove(id)?;
        self.twins.retain(|identity, _| identity.device != *id);
        self.device_bound.forget(id);
        self.save_registry();
        self.save_waiting(id);
        self.tell_scope(&edge);
        Ok(())
    }

    /// Lets a device connect, or not any more: its parent hears of it, and ends the connection that it has.
    ///
    /// Its twin and what waits for it are kept.
    pub fn set_status(&mut self, unix: Duration, id: &DeviceId, status: IdentityStatus) -> Result<(), RegistryError> {
        if self.registry.set_status(id, status, unix)? {
            self.save_registry();
            self.tell_scope(&self.registry.edge_of(&Identity::of_device(id.clone())));
        }
        Ok(())
    }

    /// Returns a twin as the service sees it, with what the registry knows of its device.
    pub fn twin_document(&self, identity: &Identity) -> Option<Value> {
        let mut document = self.twins.get(identity)?.service_view();
        let device = self.registry.device(&identity.device).filter(|_| identity.module.is_none());
        if let Some(Device { status, status_changed, authentication, .. }) = device {
            document["status"] = json!(status);
            if let Some(changed) = status_changed {
                document["statusUpdateTime"] = json!(iso_millis(*changed));
            }
            document["authenticationType"] = json!(authentication.word());
            if let Authentication::SelfSigned { primary_thumbprint, secondary_thumbprint } = authentication {
                document["x509Thumbprint"] =
                    json!({ "primaryThumbprint": primary_thumbprint, "secondaryThumbprint": secondary_thumbprint });
            }
        }
        Some(document)
    }

    /// Takes a message for a device; it waits until the device has completed it or its life is over.
    pub fn send(&mut self, now: Now, device: &DeviceId, mut message: Message, life: Duration) -> Result<(), SendError> {
        if self.registry.device(device).is_none() {
            return Err(SendError::Unknown(device.clone()));
        }
        if message.size() > MAX_DEVICE_MESSAGE {
            return Err(SendError::TooLarge { size: message.size() });
        }
        if self.waiting(now, device) >= MAX_WAITING {
            return Err(SendError::Full(device.clone()));
        }
        message.set_system(system::ENQUEUED_TIME, iso_millis(now.unix));
        self.device_bound.enqueue(now, device, message, life);
        self.save_waiting(device);
        self.hand_out(now, device);
        Ok(())
    }

    /// Says how many messages wait for a device, after those whose life is over are dropped.
    pub fn waiting(&mut self, now: Now, device: &DeviceId) -> usize {
        let dropped = self.device_bound.clean(now, device);
        if dropped.iter().any(|(_, end)| *end == MessageEnd::DeliveryCountExceeded) {
            let text = format!("`{device}` got a message ten times without completing it: it is dropped");
            self.out.push_back(Output::Warning { about: Identity::of_device(device.clone()), text });
        }
        self.note_ends(now.unix, device, dropped);
        self.device_bound.count(device)
    }

    /// Removes all that waits for a device; returns how many messages that were.
    pub fn purge(&mut self, unix: Duration, device: &DeviceId) -> Result<usize, RegistryError> {
        if self.registry.device(device).is_none() {
            return Err(RegistryError::Unknown(device.clone()));
        }
        let purged = self.device_bound.purge(device);
        let count = purged.len();
        self.note_ends(unix, device, purged.into_iter().map(|message| (message, MessageEnd::Purged)).collect());
        Ok(count)
    }

    /// Keeps what still waits for a device, and tells what became of the rest to whoever asked for that.
    fn note_ends(&mut self, unix: Duration, device: &DeviceId, ended: Vec<(Arc<Message>, MessageEnd)>) {
        if ended.is_empty() {
            return;
        }
        self.save_waiting(device);
        let generation_id = self.registry.device(device).map(|device| device.generation_id.clone()).unwrap_or_default();
        for (message, end) in ended.into_iter().filter(|(message, end)| Ack::of(message).includes(*end)) {
            self.out.push_back(Output::Feedback(Feedback {
                original_message_id: message.system(system::MESSAGE_ID).map(str::to_owned),
                at: unix,
                end,
                device: device.clone(),
                generation_id: generation_id.clone(),
            }));
        }
    }

    /// Notices that the link to an edge device is cut: nothing behind it is connected, and takes what it was handed.
    pub fn lose_link(&mut self, now: Now, edge: &DeviceId) {
        self.lose_calls(edge);
        let behind: Vec<Identity> =
            self.twins.keys().filter(|identity| self.registry.edge_of(identity) == *edge).cloned().collect();
        for identity in behind {
            self.stop_receiving(now, &identity.device);
            if let Some(twin) = self.twins.get_mut(&identity) {
                twin.set_connection(ConnectionState::Disconnected, now.unix);
            }
        }
    }

    /// Returns when [`IotHub::handle_timeout`] is due, on the monotonic clock.
    pub fn deadline(&self) -> Option<Duration> {
        self.device_bound.deadline()
    }

    /// Drops what has expired, takes back what was handed out too long ago, and hands it out again.
    pub fn handle_timeout(&mut self, now: Now) {
        for device in self.device_bound.overdue(now) {
            self.hand_out(now, &device);
        }
    }

    /// Takes over the twins of registered devices; one that was registered while nothing ran has none yet.
    pub(super) fn recover_devices(&mut self, mut kept: BTreeMap<Identity, Twin>) {
        let devices: Vec<Device> = self.registry.devices().cloned().collect();
        for device in devices {
            let identity = device.identity();
            let mut twin = kept.remove(&identity).unwrap_or_else(|| self.new_twin(&device));
            twin.set_waiting_messages(self.device_bound.count(&device.device_id) as u64);
            self.twins.insert(identity, twin);
        }
        for (identity, module) in self.registry.modules() {
            let new = || kept.remove(identity).unwrap_or_else(|| Twin::new(identity, &module.generation_id));
            self.twins.entry(identity.clone()).or_insert_with(new);
        }
    }

    fn new_twin(&self, device: &Device) -> Twin {
        let scope = self.scope_of(&device.parent);
        if !device.capabilities.iot_edge {
            return Twin::of_leaf(&device.device_id, &device.generation_id, &scope);
        }
        let mut twin = Twin::new(&device.identity(), &device.generation_id);
        twin.set_parent_scope(Some(scope));
        twin
    }

    /// Returns the scope that the children of an edge device are in.
    fn scope_of(&self, edge: &DeviceId) -> String {
        if let Some(device) = self.registry.device(edge) {
            return edge_scope(edge, &device.generation_id);
        }
        let simulated = self.twins.get(&Identity::of_device(edge.clone())).and_then(Twin::device_scope);
        // Of one that is neither simulated nor registered no more than its id is known.
        simulated.map_or_else(|| edge_scope(edge, "0"), str::to_owned)
    }

    pub(super) fn tell_scope(&mut self, edge: &DeviceId) {
        let children = self.registry.below(edge);
        self.tell(edge.clone(), FromCloud::Scope { children });
    }

    pub(super) fn receive(&mut self, now: Now, device: &DeviceId, total: Option<u64>) {
        let is_enabled = |device: &Device| device.status == IdentityStatus::Enabled;
        if self.registry.device(device).is_some_and(is_enabled) {
            self.device_bound.receive(device, total);
            self.hand_out(now, device);
        }
    }

    pub(super) fn stop_receiving(&mut self, now: Now, device: &DeviceId) {
        if self.device_bound.stop_receiving(device) {
            self.save_waiting(device);
            self.waiting(now, device);
        }
    }

    /// Takes what a device says of a message, if it has that still.
    pub(super) fn end(&mut self, unix: Duration, device: &DeviceId, lock: LockToken, end: MessageEnd) {
        let message = self.device_bound.complete(device, lock);
        self.note_ends(unix, device, message.map(|message| (message, end)).into_iter().collect());
    }

    pub(super) fn abandon(&mut self, now: Now, device: &DeviceId, lock: LockToken) {
        if self.device_bound.abandon(device, lock) {
            self.save_waiting(device);
            self.hand_out(now, device);
        }
    }

    fn hand_out(&mut self, now: Now, device: &DeviceId) {
        self.waiting(now, device);
        let identity = Identity::of_device(device.clone());
        for (lock, message) in self.device_bound.hand_out(now, device) {
            let said = FromCloud::DeviceBound { identity: identity.clone(), lock, message };
            self.tell_edge_of(said, &identity);
        }
    }

    fn save_registry(&mut self) {
        let (edge, name) = (None, "registry".to_owned());
        self.out.push_back(Output::Save { edge, name, document: json!(self.registry) });
    }

    fn save_waiting(&mut self, device: &DeviceId) {
        let count = self.device_bound.count(device) as u64;
        if let Some(twin) = self.twins.get_mut(&Identity::of_device(device.clone())) {
            twin.set_waiting_messages(count);
        }
        let document = self.device_bound.document(device);
        let edge = Some(self.registry.edge_of(&Identity::of_device(device.clone())));
        self.out.push_back(Output::Save { edge, name: format!("devicebound/{device}"), document });
    }
}
