//! Deployments, as the service applies them to one edge device (protocol.md §10.5), and the identities that they make.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::IotHub;
use crate::edgehub::FromCloud;
use crate::identity::{DeviceId, Identity, ModuleId};
use crate::twin::{Twin, TwinError};

impl IotHub {
    /// Takes a new identity with an empty twin, unless it has one.
    pub fn admit(&mut self, identity: Identity, generation: &str) {
        if !self.twins.contains_key(&identity) {
            let twin = Twin::new(&identity, generation);
            self.twins.insert(identity.clone(), twin);
            self.save(&identity);
        }
    }

    /// Forgets an identity and its twin.
    pub fn remove(&mut self, identity: &Identity) {
        self.twins.remove(identity);
    }

    /// Applies a deployment as a service would: desired properties of the modules named are replaced, identities that
    /// are missing made, those of other modules removed; all of it or, with whose twin refuses, nothing.
    ///
    /// Returns the new version of `$edgeAgent`'s desired properties; the device is told of them last.
    pub fn deploy(
        &mut self,
        unix: Duration,
        device: &DeviceId,
        wanted: &BTreeMap<ModuleId, Map<String, Value>>,
    ) -> Result<u64, (Identity, TwinError)> {
        let agent = Identity::of_module(device.clone(), ModuleId::edge_agent());
        let mut changed = Vec::new();
        for (module, desired) in wanted {
            let identity = Identity::of_module(device.clone(), module.clone());
            let generation = format!("{:018}", unix.as_micros() * 100 % 1_000_000_000_000_000_000);
            let known = self.twins.get(&identity).cloned();
            let mut twin = known.unwrap_or_else(|| Twin::new(&identity, &generation));
            if twin.desired() != desired || identity == agent {
                let told = twin.replace_desired(unix, desired.clone());
                let told = told.map_err(|error| (identity.clone(), error))?;
                changed.push((identity.clone(), twin, told));
            }
        }
        let is_gone = |identity: &Identity| {
            identity.device == *device && identity.module.as_ref().is_some_and(|module| !wanted.contains_key(module))
        };
        self.twins.retain(|identity, _| !is_gone(identity));
        // What the agent starts may ask for its twin at once.
        changed.sort_by_key(|(identity, ..)| *identity == agent);
        for (identity, twin, told) in changed {
            self.twins.insert(identity.clone(), twin);
            self.save(&identity);
            if let Value::Object(patch) = told.patch {
                self.tell(device.clone(), FromCloud::DesiredPatch { identity, patch });
            }
        }
        Ok(self.twins.get(&agent).map_or(0, Twin::desired_version))
    }
}
