//! What the simulated cloud keeps, below `.edgectl/cloud/`: the registry, twins, and messages that wait for devices.
//!
//! While a simulation runs its store thread writes here; `edgectl device` does so only while none runs.

use std::path::{Path, PathBuf};

use super::state::{
    document_path, documents, folder_path, load, load_twins, make_private, remove_all, save, unwritable,
};
use crate::failure::Outcome;
use crate::identity::{DeviceId, Identity};
use crate::iothub::{Recovered, Registry};

/// The folder of the cloud's state.
#[derive(Debug, Clone)]
pub(super) struct CloudFolder(PathBuf);

impl CloudFolder {
    /// Names the folder below `root`, usually `.edgectl`; nothing is made yet.
    pub(super) fn new(root: &Path) -> Self {
        Self(root.join("cloud"))
    }

    /// Loads everything that is kept.
    pub(super) fn load(&self) -> Outcome<Recovered> {
        let mut recovered =
            Recovered { registry: self.registry()?, twins: load_twins(&self.0)?, ..Recovered::default() };
        for (name, path) in documents(&self.0.join("devicebound"))? {
            let Ok(device) = DeviceId::parse(&name) else { continue };
            recovered.waiting.extend(load(&path)?.map(|waiting| (device, waiting)));
        }
        Ok(recovered)
    }

    /// Loads the registry; there may be none yet.
    pub(super) fn registry(&self) -> Outcome<Registry> {
        Ok(load(&self.0.join("registry.json"))?.unwrap_or_default())
    }

    /// Forgets the twins of an edge device, of its modules and of its children, and what waits for those.
    ///
    /// The children stay registered: who they are was said by a command of its own.
    pub(super) fn reset(&self, edge: &DeviceId) -> Outcome {
        let registry = self.registry()?;
        for (name, path) in documents(&self.0.join("twins"))? {
            let Ok(identity) = Identity::parse(&name) else { continue };
            if registry.edge_of(&identity) == *edge {
                remove_all(&path)?;
            }
        }
        for (name, path) in documents(&self.0.join("devicebound"))? {
            let is_below = |device: DeviceId| registry.edge_of(&Identity::of_device(device)) == *edge;
            if DeviceId::parse(&name).is_ok_and(is_below) {
                remove_all(&path)?;
            }
        }
        Ok(())
    }

    /// Replaces the registry.
    pub(super) fn save_registry(&self, registry: &Registry) -> Outcome {
        make_private(&self.0).map_err(|error| unwritable(format!("cannot make `{}`", self.0.display()), &error))?;
        save(&self.0.join("registry.json"), &serde_json::json!(registry))
    }

    /// Forgets the twins of a device that was removed and of its modules, and what waits for it.
    pub(super) fn forget(&self, device: &DeviceId) -> Outcome {
        let twin = format!("twins/{device}");
        remove_all(&document_path(&self.0, &twin))?;
        remove_all(&folder_path(&self.0, &twin))?;
        remove_all(&document_path(&self.0, &format!("devicebound/{device}")))
    }

    /// Removes the certificate that was made for a device.
    pub(super) fn forget_certificate(&self, device: &DeviceId) -> Outcome {
        remove_all(&self.certificate_path(device))
    }

    /// Makes the folder for the certificate of a device, for its owner only.
    pub(super) fn certificate_folder(&self, device: &DeviceId) -> Outcome<PathBuf> {
        let folder = self.certificate_path(device);
        make_private(&folder).map_err(|error| unwritable(format!("cannot make `{}`", folder.display()), &error))?;
        Ok(folder)
    }

    /// Returns the folder of a device's certificate, if one was made.
    pub(super) fn made_certificate(&self, device: &DeviceId) -> Option<PathBuf> {
        Some(self.certificate_path(device)).filter(|folder| folder.is_dir())
    }

    fn certificate_path(&self, device: &DeviceId) -> PathBuf {
        folder_path(&self.0, &format!("certificates/{device}"))
    }
}
