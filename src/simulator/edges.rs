//! The edge devices of a simulation, as the dispatcher holds them: for each its cores, its children, its store.
//!
//! The cloud above them is one, and no part of any of them.

use std::ops::{Index, IndexMut};
use std::time::Duration;

use tokio::sync::mpsc;

use super::children::Children;
use super::deployer::Desired;
use super::logs::{Line, Logs};
use super::report::{Place, Ready};
use super::state::StateFolder;
use super::storage::Storage;
use crate::agent::{Agent, LogLine, LogSource};
use crate::edgehub::{EdgeHub, ToStore};
use crate::identity::{DeviceId, Identity, ModuleId};
use crate::iothub::CloudLink;

/// One of the edge devices of a simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct EdgeNumber(usize);

impl EdgeNumber {
    /// The device that is meant where none is named.
    pub(super) const MAIN: Self = Self(0);

    /// Numbers devices, the main one first.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..).map(Self)
    }
}

/// One edge device.
pub(super) struct EdgeDevice {
    pub(super) device: DeviceId,
    /// Where it is reached, and what it has; kept up to date.
    pub(super) place: Place,
    pub(super) state: StateFolder,
    pub(super) hub: EdgeHub,
    pub(super) link: CloudLink,
    pub(super) agent: Agent,
    /// The way to the deployer.
    pub(super) wanted: mpsc::UnboundedSender<Desired>,
    pub(super) storage: Storage,
    pub(super) children: Children,
    pub(super) logs: Logs,
}

impl EdgeDevice {
    /// Returns the identity of one of its modules.
    pub(super) fn identity(&self, module: &ModuleId) -> Identity {
        Identity::of_module(self.device.clone(), module.clone())
    }

    /// Returns which of its modules an identity is; `None` for the device, its children and their modules.
    pub(super) fn own_module<'i>(&self, identity: &'i Identity) -> Option<&'i ModuleId> {
        identity.module.as_ref().filter(|_| identity.device == self.device)
    }

    /// Has the store keep what the hub says, a document below the folder of this device.
    pub(super) fn store(&mut self, told: ToStore) {
        self.storage.send(match told {
            ToStore::Save { mark, name, document } => {
                ToStore::Save { mark, name: format!("{}/{name}", self.state.name()), document }
            }
            told => told,
        });
    }

    /// Returns when something is due, on the monotonic clock.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let cores = [self.hub.deadline(), self.agent.deadline(), self.link.deadline(), self.storage.deadline()];
        cores.into_iter().flatten().min()
    }
}

impl LogSource for EdgeDevice {
    fn place(&self) -> (&str, &str) {
        (&self.place.hub, self.device.as_str())
    }

    fn modules(&self) -> Vec<&str> {
        self.children.modules().map(ModuleId::as_str).collect()
    }

    /// What edgectl noted about a module is not the module's own log.
    fn lines(&self, module: &str) -> Vec<LogLine<'_>> {
        let Ok(module) = ModuleId::parse(module) else { return Vec::new() };
        let lines = self.logs.select(&[module], Duration::ZERO, None).into_iter();
        let own = lines.filter(|line| line.stream != "edgectl");
        own.map(|line| LogLine { at: line.at, stream: line.stream, text: &line.text }).collect()
    }
}

/// All edge devices of a simulation: the main one first, then the others in the order of the command line.
pub(super) struct EdgeDevices(Vec<EdgeDevice>);

impl EdgeDevices {
    /// Takes the devices in the order of [`EdgeNumber::all`]: at least the main one.
    pub(super) fn new(devices: Vec<EdgeDevice>) -> Self {
        Self(devices)
    }

    /// Returns the device that is meant where none is named.
    pub(super) fn main(&self) -> &EdgeDevice {
        &self[EdgeNumber::MAIN]
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = EdgeNumber> + use<> {
        EdgeNumber::all().take(self.0.len())
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &EdgeDevice> {
        self.0.iter()
    }

    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut EdgeDevice> {
        self.0.iter_mut()
    }

    /// Finds a device by its id.
    pub(super) fn find(&self, device: &DeviceId) -> Option<EdgeNumber> {
        self.0.iter().position(|edge| edge.device == *device).map(EdgeNumber)
    }

    /// Returns lines of some modules (none named: of all) since a time, the last `tail` of each, in order of time.
    pub(super) fn lines(
        &self,
        modules: &[(EdgeNumber, ModuleId)],
        since: Duration,
        tail: Option<usize>,
    ) -> impl Iterator<Item = (&DeviceId, &Line)> {
        let mut found = Vec::new();
        for edge in self.numbers() {
            let here = modules.iter().filter(|(at, _)| *at == edge).map(|(_, module)| module.clone());
            let here: Vec<ModuleId> = here.collect();
            if modules.is_empty() || !here.is_empty() {
                let device = &self[edge];
                found.extend(device.logs.select(&here, since, tail).into_iter().map(|line| (&device.device, line)));
            }
        }
        found.sort_by_key(|(_, line)| line.at);
        found.into_iter()
    }

    /// Returns the document that says the simulation is ready.
    pub(super) fn ready(&self) -> Ready {
        Ready::new(self.all().map(|edge| edge.place.clone()).collect())
    }
}

impl Index<EdgeNumber> for EdgeDevices {
    type Output = EdgeDevice;

    fn index(&self, EdgeNumber(number): EdgeNumber) -> &EdgeDevice {
        &self.0[number]
    }
}

impl IndexMut<EdgeNumber> for EdgeDevices {
    fn index_mut(&mut self, EdgeNumber(number): EdgeNumber) -> &mut EdgeDevice {
        &mut self.0[number]
    }
}
