//! The devices of the cloud that are not simulated, and modules that no deployment has: who they are, what proves it,
//! and whose children (protocol.md §12.2).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::edgehub::KnownIdentity;
use crate::identity::{Authentication, DeviceId, Identity, IdentityStatus, ModuleId};

/// A device in the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Its id.
    pub device_id: DeviceId,
    /// Tells it from an earlier device of the same id.
    pub generation_id: String,
    /// Whether it may connect.
    pub status: IdentityStatus,
    /// When that was last changed (wall clock); `None` is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_changed: Option<Duration>,
    /// What proves it.
    pub authentication: Authentication,
    /// The edge device that it connects through.
    pub parent: DeviceId,
    /// What it can do.
    #[serde(default)]
    pub capabilities: Capabilities,
}

/// What a device can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    /// Whether it is an edge device, with a scope of its own that has children.
    pub iot_edge: bool,
}

/// A module in the registry that no simulated deployment has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Module {
    /// Tells it from an earlier module of the same name.
    pub generation_id: String,
    /// Counts its changes, from 1 on.
    pub version: u64,
    /// Who looks after it; `IotEdge` for the modules of a runtime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<String>,
    /// What proves it.
    pub authentication: Authentication,
}

impl Module {
    /// The modules that an edge device has as soon as it is registered.
    pub fn of_edge_devices() -> [ModuleId; 2] {
        [ModuleId::edge_agent(), ModuleId::edge_hub()]
    }
}

impl Device {
    /// Returns its identity.
    pub fn identity(&self) -> Identity {
        Identity::of_device(self.device_id.clone())
    }

    pub(super) fn known(&self) -> KnownIdentity {
        KnownIdentity {
            identity: self.identity(),
            generation_id: self.generation_id.clone(),
            status: self.status,
            authentication: self.authentication.clone(),
            spoken_for_by: Vec::new(),
        }
    }
}

/// Why the registry does not change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// There is a device of that id already.
    #[error("there is a device `{0}` already")]
    Exists(DeviceId),
    /// There is no device of that id.
    #[error("there is no device `{0}`")]
    Unknown(DeviceId),
    /// The parent cannot have children.
    #[error("`{0}` is no edge device, and has no children")]
    Childless(DeviceId),
}

/// All devices and modules, by id. Kept as one document, since adding and removing is rare.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Registry {
    devices: BTreeMap<DeviceId, Device>,
    #[serde(default)]
    modules: BTreeMap<Identity, Module>,
}

impl Registry {
    /// Returns all devices in the order of their ids.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.devices.values()
    }

    /// Says whether nobody is registered.
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// Returns a device.
    pub fn device(&self, id: &DeviceId) -> Option<&Device> {
        self.devices.get(id)
    }

    /// Adds a device.
    pub fn add(&mut self, device: Device) -> Result<(), RegistryError> {
        if self.devices.contains_key(&device.device_id) {
            return Err(RegistryError::Exists(device.device_id));
        }
        if self.devices.get(&device.parent).is_some_and(|parent| !parent.capabilities.iot_edge) {
            return Err(RegistryError::Childless(device.parent));
        }
        self.devices.insert(device.device_id.clone(), device);
        Ok(())
    }

    /// Lets a device connect from `unix` on, or not any more; returns whether that is new.
    pub fn set_status(&mut self, id: &DeviceId, status: IdentityStatus, unix: Duration) -> Result<bool, RegistryError> {
        let device = self.devices.get_mut(id).ok_or_else(|| RegistryError::Unknown(id.clone()))?;
        let is_new = device.status != status;
        if is_new {
            (device.status, device.status_changed) = (status, Some(unix));
        }
        Ok(is_new)
    }

    /// Removes a device with its modules.
    pub fn remove(&mut self, id: &DeviceId) -> Result<Device, RegistryError> {
        let device = self.devices.remove(id).ok_or_else(|| RegistryError::Unknown(id.clone()))?;
        self.modules.retain(|identity, _| identity.device != *id);
        Ok(device)
    }

    /// Returns all modules in the order of their ids.
    pub fn modules(&self) -> impl Iterator<Item = (&Identity, &Module)> {
        self.modules.iter()
    }

    /// Adds a module, or puts it in the place of the one that was there.
    pub fn put_module(&mut self, identity: Identity, module: Module) {
        self.modules.insert(identity, module);
    }

    /// Removes a module, if it is there.
    pub(super) fn remove_module(&mut self, identity: &Identity) -> Option<Module> {
        self.modules.remove(identity)
    }

    /// Returns what the edge device `edge` has to know: every device below it, and their modules.
    pub(super) fn below(&self, edge: &DeviceId) -> Vec<KnownIdentity> {
        let modules = self.modules.iter().filter_map(|(identity, module)| {
            let (device, path) = self.path(&identity.device)?;
            (path.top() == edge).then(|| KnownIdentity {
                identity: identity.clone(),
                generation_id: module.generation_id.clone(),
                status: device.status,
                authentication: module.authentication.clone(),
                spoken_for_by: self.hubs(&path.0),
            })
        });
        let devices = self.devices.keys().filter_map(|id| {
            let (device, path) = self.path(id)?;
            let above = path.0.get(1..).unwrap_or_default();
            (path.top() == edge).then(|| KnownIdentity { spoken_for_by: self.hubs(above), ..device.known() })
        });
        devices.chain(modules).collect()
    }

    /// Returns the edge device that an identity belongs to, or above which no other is registered: the one through
    /// which it connects, if that is simulated.
    pub fn edge_of(&self, identity: &Identity) -> DeviceId {
        self.path(&identity.device).map_or(&identity.device, |(_, path)| path.top()).clone()
    }

    /// Returns a device and the way up from it; `None` for one that is not registered.
    fn path(&self, id: &DeviceId) -> Option<(&Device, Path<'_>)> {
        let device = self.devices.get(id)?;
        let mut path = vec![&device.device_id];
        let mut last = device;
        loop {
            // Two devices may have been registered as parents of each other.
            let is_known = path.contains(&&last.parent);
            path.push(&last.parent);
            match self.devices.get(&last.parent).filter(|_| !is_known) {
                Some(above) => last = above,
                None => return Some((device, Path(path))),
            }
        }
    }

    /// Returns those of some devices that are edge devices and enabled.
    fn hubs(&self, devices: &[&DeviceId]) -> Vec<DeviceId> {
        let speaks = |device: &&Device| device.capabilities.iot_edge && device.status == IdentityStatus::Enabled;
        let hubs = devices.iter().filter_map(|id| self.devices.get(*id)).filter(speaks);
        hubs.map(|device| device.device_id.clone()).collect()
    }
}

/// The devices from one up to the first that is not registered; at least two.
struct Path<'a>(Vec<&'a DeviceId>);

impl<'a> Path<'a> {
    fn top(&self) -> &'a DeviceId {
        self.0[self.0.len() - 1]
    }
}
