//! The devices of the cloud that are no edge devices: who they are, what proves it, and whose children (protocol.md
//! §12.2).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::edgehub::KnownIdentity;
use crate::identity::{Authentication, DeviceId, Identity, IdentityStatus};

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
    /// What proves it.
    pub authentication: Authentication,
    /// The edge device that it connects through.
    pub parent: DeviceId,
}

impl Device {
    /// Returns its identity.
    pub fn identity(&self) -> Identity {
        Identity::of_device(self.device_id.clone())
    }

    fn known(&self) -> KnownIdentity {
        KnownIdentity {
            identity: self.identity(),
            generation_id: self.generation_id.clone(),
            status: self.status,
            authentication: self.authentication.clone(),
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
}

/// All devices, by id. Kept as one document, since adding and removing is rare.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Registry {
    devices: BTreeMap<DeviceId, Device>,
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
        self.devices.insert(device.device_id.clone(), device);
        Ok(())
    }

    /// Removes a device.
    pub fn remove(&mut self, id: &DeviceId) -> Result<Device, RegistryError> {
        self.devices.remove(id).ok_or_else(|| RegistryError::Unknown(id.clone()))
    }

    /// Returns what the edge device `parent` has to know of its children.
    pub(super) fn children_of(&self, parent: &DeviceId) -> Vec<KnownIdentity> {
        self.devices.values().filter(|device| device.parent == *parent).map(Device::known).collect()
    }

    /// Returns the edge device through which an identity connects: its own, or its parent.
    pub fn edge_of(&self, identity: &Identity) -> DeviceId {
        self.devices.get(&identity.device).map_or(&identity.device, |device| &device.parent).clone()
    }
}
