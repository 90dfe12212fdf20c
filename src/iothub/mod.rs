//! The simulated cloud: the registry, twins in their service form, and what waits for devices.
//!
//! A core: no socket, no clock, no task. What it keeps it hands out as [`Output::Save`]; what it tells an edge device
//! goes over a link that others may cut or delay.

mod deploy;
mod devicebound;
mod devices;
mod feedback;
mod hierarchy;
mod link;
mod registry;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::clock::Now;
use crate::edgehub::{Answer, CallId, FromCloud, Invocation, InvokeError, ToCloud};
use crate::identity::{DeviceId, Identity};
use crate::twin::{Twin, TwinDocument, TwinError};

use devicebound::DeviceBound;
pub use devicebound::{DEFAULT_LIFE, MAX_DEVICE_MESSAGE, MAX_WAITING, WaitingMessages};
pub use devices::{Recovered, SendError};
pub use feedback::{Ack, Feedback, MessageEnd};
pub use hierarchy::{Hierarchy, ModuleChange};
pub use link::{CloudLink, LinkChange, LinkStatus};
pub use registry::{Capabilities, Device, Module, Registry, RegistryError};

/// What the cloud wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// An edge device is told something.
    ToEdge {
        /// Which.
        edge: DeviceId,
        /// What.
        said: FromCloud,
    },
    /// A document must be kept.
    Save {
        /// The edge device whose store it goes to, before what is said to that device next; `None` is any.
        edge: Option<DeviceId>,
        /// A name such as `twins/device/filter`.
        name: String,
        /// The document.
        document: Value,
    },
    /// A direct method that a service called is over.
    Answered {
        /// Which.
        call: CallId,
        /// How it ended.
        result: Result<Answer, InvokeError>,
    },
    /// What became of a message that somebody sent to a device, and asked for that.
    Feedback(Feedback),
    /// Something a developer should know of somebody; one sentence.
    Warning {
        /// Of whom.
        about: Identity,
        /// What.
        text: String,
    },
}

/// How a twin changes.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The sections named are merged; null deletes.
    Patch(TwinDocument),
    /// The sections named are replaced wholly.
    Replace(TwinDocument),
}

/// The cloud.
#[derive(Debug, Default)]
pub struct IotHub {
    registry: Registry,
    twins: BTreeMap<Identity, Twin>,
    device_bound: DeviceBound,
    /// Direct methods that wait for their devices, each with the edge device that it went to.
    calls: BTreeMap<CallId, DeviceId>,
    out: VecDeque<Output>,
}

impl IotHub {
    /// Creates a cloud that knows these twins of edge devices and modules, and what an earlier run left.
    pub fn new(twins: impl IntoIterator<Item = (Identity, Twin)>, recovered: Recovered) -> Self {
        let Recovered { registry, twins: kept, waiting } = recovered;
        let device_bound = DeviceBound::recovered(waiting);
        let twins = twins.into_iter().collect();
        let mut cloud = Self { registry, twins, device_bound, ..Self::default() };
        cloud.recover_devices(kept);
        cloud
    }

    /// Returns a twin.
    pub fn twin(&self, identity: &Identity) -> Option<&Twin> {
        self.twins.get(identity)
    }

    /// Returns what the cloud wants done next.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// Takes what an edge device says.
    pub fn handle(&mut self, now: Now, edge: &DeviceId, from_edge: ToCloud) {
        let unix = now.unix;
        match from_edge {
            ToCloud::Telemetry { queue, offset, message: _ } => {
                self.tell(edge.clone(), FromCloud::Taken { queue, offset });
            }
            ToCloud::Reported { identity, patch } => self.report(unix, &identity, &patch),
            ToCloud::GetTwin { identity } => self.tell_twin(edge, identity),
            ToCloud::Answered { call, result } => self.answer(call, result),
            ToCloud::Presence { identity, state } => {
                if let Some(twin) = self.twins.get_mut(&identity) {
                    twin.set_connection(state, unix);
                }
            }
            ToCloud::Model { identity, model } => {
                if let Some(twin) = self.twins.get_mut(&identity) {
                    twin.set_model_id(&model);
                }
            }
            ToCloud::GetScope => self.tell_scope(edge),
            ToCloud::Receive { identity, total } => self.receive(now, &identity.device, total),
            ToCloud::StopReceiving { identity } => self.stop_receiving(now, &identity.device),
            ToCloud::Completed { identity, lock } => self.end(unix, &identity.device, lock, MessageEnd::Success),
            ToCloud::Rejected { identity, lock } => self.end(unix, &identity.device, lock, MessageEnd::Rejected),
            ToCloud::Abandoned { identity, lock } => self.abandon(now, &identity.device, lock),
        }
    }

    /// Calls a direct method as a service would; the device keeps the time limits.
    pub fn call(&mut self, call: CallId, invocation: Invocation) {
        let edge = self.registry.edge_of(&invocation.target);
        self.calls.insert(call, edge.clone());
        self.tell(edge, FromCloud::Invoke { call, invocation });
    }

    fn answer(&mut self, call: CallId, result: Result<Answer, InvokeError>) {
        if self.calls.remove(&call).is_some() {
            self.out.push_back(Output::Answered { call, result });
        }
    }

    /// Ends the calls that an edge device out of reach will not answer.
    fn lose_calls(&mut self, edge: &DeviceId) {
        let lost: Vec<CallId> = self.calls.iter().filter(|(_, to)| *to == edge).map(|(call, _)| *call).collect();
        lost.into_iter().for_each(|call| self.answer(call, Err(InvokeError::NoAnswer)));
    }

    /// Changes desired properties and tags as a service would; the edge is told what changed of the former.
    pub fn change(&mut self, unix: Duration, identity: &Identity, change: Change) -> Result<(), TwinError> {
        let Some(twin) = self.twins.get_mut(identity) else { return Ok(()) };
        let told = match change {
            Change::Patch(document) => twin.patch(unix, document)?,
            Change::Replace(document) => twin.replace(unix, document)?,
        };
        if let Some(Value::Object(patch)) = told.map(|told| told.patch) {
            self.tell_edge_of(FromCloud::DesiredPatch { identity: identity.clone(), patch }, identity);
        }
        self.save(identity);
        Ok(())
    }

    fn report(&mut self, unix: Duration, identity: &Identity, patch: &Map<String, Value>) {
        self.merge_reported(unix, identity, patch);
        self.tell_edge_of(FromCloud::Confirmed { identity: identity.clone() }, identity);
    }

    fn merge_reported(&mut self, unix: Duration, identity: &Identity, patch: &Map<String, Value>) {
        let Some(twin) = self.twins.get_mut(identity) else { return };
        if let Err(error) = twin.patch_reported(unix, patch) {
            let refused = format!("the cloud refuses what `{identity}` reported: {error}");
            self.out.push_back(Output::Warning { about: identity.clone(), text: refused });
            return;
        }
        self.save(identity);
    }

    fn tell_twin(&mut self, edge: &DeviceId, identity: Identity) {
        // Nobody waits for ever: without a twin there are two empty sections.
        let mut view = self.twins.get(&identity).map(Twin::device_view).unwrap_or_default();
        let mut section = |name: &str| match view.get_mut(name).map(Value::take) {
            Some(Value::Object(section)) => section,
            _ => Map::new(),
        };
        let (desired, reported) = (section("desired"), section("reported"));
        self.tell(edge.clone(), FromCloud::Twin { identity, desired, reported });
    }

    fn tell(&mut self, edge: DeviceId, said: FromCloud) {
        self.out.push_back(Output::ToEdge { edge, said });
    }

    /// Tells the edge device through which an identity connects.
    fn tell_edge_of(&mut self, said: FromCloud, identity: &Identity) {
        let edge = self.registry.edge_of(identity);
        self.tell(edge, said);
    }

    fn save(&mut self, identity: &Identity) {
        if let Some(twin) = self.twins.get(identity) {
            let document = serde_json::json!(twin);
            let edge = Some(self.registry.edge_of(identity));
            self.out.push_back(Output::Save { edge, name: format!("twins/{identity}"), document });
        }
    }
}
