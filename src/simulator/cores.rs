//! Opening hub, cloud and store with what the last run left.

use std::collections::BTreeMap;

use super::state::{Identities, StateFolder};
use crate::clock::Now;
use crate::edgehub::{EdgeHub, HubConfiguration, Input, Link};
use crate::failure::{Kind, OrFail, Outcome};
use crate::identity::{DeviceId, Identity, ModuleId};
use crate::iothub::{self, IotHub};
use crate::manifest::{Deployment, HubSettings};
use crate::store::{Durability, Queues};
use crate::twin::{Twin, TwinDocument};
use crate::ui::Ui;

/// What the cores are opened with.
pub(super) struct Opening<'a> {
    pub(super) ui: &'a Ui,
    pub(super) now: Now,
    pub(super) device: &'a DeviceId,
    /// The edge device that it is a child of.
    pub(super) parent: Option<&'a DeviceId>,
    pub(super) deployment: &'a Deployment,
    pub(super) identities: &'a Identities,
    pub(super) state: &'a StateFolder,
    pub(super) link: Link,
    /// How many clients may be connected at a time.
    pub(super) max_clients: Option<usize>,
    /// The names that a SAS audience may have for the hub.
    pub(super) names: &'a [String],
    pub(super) max_storage: Option<u64>,
    pub(super) durability: Durability,
}

impl Opening<'_> {
    /// Opens the hub with the manifest's routes, and the queues that belong to it.
    pub(super) fn hub(&self) -> Outcome<(EdgeHub, Queues)> {
        let (queues, recovered) = self.state.hub(self.ui, self.durability)?;
        let mut hub = EdgeHub::new(self.device.clone(), self.names.to_vec(), self.identities.known(), recovered);
        if let Some(bytes) = self.max_storage {
            hub.limit_storage(bytes);
        }
        if let Some(most) = self.max_clients {
            hub.limit_clients(most);
        }
        hub.handle(self.now, Input::Configure(configuration(self.deployment)?));
        hub.handle(self.now, Input::Link(self.link));
        Ok((hub, queues))
    }

    /// Takes the twins of the device and its modules; desired properties of the manifest are applied again.
    fn twins(&self, kept: &mut BTreeMap<Identity, Twin>) -> Outcome<BTreeMap<Identity, Twin>> {
        let mut twins = BTreeMap::new();
        let device = Identity::of_device(self.device.clone());
        let new_device = || Twin::new(&device, &self.identities.device.generation_id);
        let of_device = kept.remove(&device).unwrap_or_else(new_device);
        for (module, keys) in &self.identities.modules {
            let identity = self.identities.identity(module);
            let mut twin = kept.remove(&identity).unwrap_or_else(|| Twin::new(&identity, &keys.generation_id));
            if let Some(desired) = self.deployment.desired.get(module).filter(|desired| twin.desired() != *desired) {
                twin.replace(self.now.unix, TwinDocument::of_desired(desired.clone()))
                    .or_fail(Kind::Request, || format!("the desired properties of `{module}` are no twin's"))
                    .map_err(|failure| failure.hint("mend them in the deployment; the cause names the limit"))?;
            }
            twins.insert(identity, twin);
        }
        twins.insert(device, of_device);
        Ok(twins)
    }
}

/// Opens the cloud above these devices with what the last run left.
pub(super) fn cloud(devices: &[Opening<'_>]) -> Outcome<IotHub> {
    let mut recovered = match devices {
        [main, ..] => main.state.cloud().load()?,
        [] => iothub::Recovered::default(),
    };
    let mut twins = BTreeMap::new();
    for device in devices {
        twins.append(&mut device.twins(&mut recovered.twins)?);
    }
    for device in devices {
        let scope =
            |parent: &DeviceId| twins.get(&Identity::of_device(parent.clone()))?.device_scope().map(str::to_owned);
        let scope = device.parent.and_then(scope);
        let twin = twins.get_mut(&Identity::of_device(device.device.clone()));
        twin.into_iter().for_each(|twin| twin.set_parent_scope(scope.clone()));
    }
    let mut cloud = IotHub::new(twins, recovered);
    for device in devices.iter().filter(|device| device.link == Link::Offline) {
        // What was kept may say that somebody is connected.
        cloud.lose_link(device.now, device.device);
    }
    Ok(cloud)
}

fn configuration(deployment: &Deployment) -> Outcome<HubConfiguration> {
    let desired = deployment.desired.get(&ModuleId::edge_hub()).cloned().unwrap_or_default();
    let settings = HubSettings::parse(&desired).or_fail(Kind::Request, || "cannot use the routes of the deployment")?;
    Ok(settings.into())
}
