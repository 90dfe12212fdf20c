//! What the simulated cloud keeps, below `.edgectl/cloud/`: the registry, twins, and messages that wait for devices.
//!
//! While a simulation runs its store thread writes here; `edgectl device` does so only while none runs.

use std::path::{Path, PathBuf};

use super::state::{documents, load, load_twins, remove_all};
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
            let is_child = |device: &DeviceId| registry.device(device).is_some_and(|device| device.parent == *edge);
            if DeviceId::parse(&name).is_ok_and(|device| is_child(&device)) {
                remove_all(&path)?;
            }
        }
        Ok(())
    }
}
