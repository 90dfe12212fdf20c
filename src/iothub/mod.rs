//! The simulated cloud: twins in their service form, and what arrived upstream.
//!
//! A core: no socket, no clock, no task. What it keeps it hands out as [`Output::Save`]; what it tells an edge device
//! goes over a link that others may cut or delay.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::edgehub::{FromCloud, ToCloud};
use crate::identity::Identity;
use crate::message::Message;
use crate::twin::{Twin, TwinDocument, TwinError};

/// What the cloud wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// The edge device is told something.
    ToEdge(FromCloud),
    /// A twin must be kept as a state document.
    Save {
        /// A name such as `twins/device/filter`.
        name: String,
        /// The document.
        document: Value,
    },
    /// A message arrived.
    Arrived(Message),
    /// Something a developer should know; one sentence.
    Warning(String),
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
    twins: BTreeMap<Identity, Twin>,
    out: VecDeque<Output>,
}

impl IotHub {
    /// Creates a cloud that knows these twins.
    pub fn new(twins: impl IntoIterator<Item = (Identity, Twin)>) -> Self {
        Self { twins: twins.into_iter().collect(), out: VecDeque::new() }
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
    pub fn handle(&mut self, unix: Duration, from_edge: ToCloud) {
        match from_edge {
            ToCloud::Telemetry { queue, offset, message } => {
                self.out.push_back(Output::Arrived(message));
                self.out.push_back(Output::ToEdge(FromCloud::Taken { queue, offset }));
            }
            ToCloud::Reported { identity, patch } => self.report(unix, &identity, &patch),
            ToCloud::GetTwin { identity } => self.tell_twin(identity),
            ToCloud::Presence { identity, state } => {
                if let Some(twin) = self.twins.get_mut(&identity) {
                    twin.set_connection(state, unix);
                }
            }
        }
    }

    /// Changes desired properties and tags as a service would; the edge is told what changed of the former.
    pub fn change(&mut self, unix: Duration, identity: &Identity, change: Change) -> Result<(), TwinError> {
        let Some(twin) = self.twins.get_mut(identity) else { return Ok(()) };
        let told = match change {
            Change::Patch(document) => twin.patch(unix, document)?,
            Change::Replace(document) => twin.replace(unix, document)?,
        };
        if let Some(Value::Object(patch)) = told.map(|told| told.patch) {
            self.out.push_back(Output::ToEdge(FromCloud::DesiredPatch { identity: identity.clone(), patch }));
        }
        self.save(identity);
        Ok(())
    }

    fn report(&mut self, unix: Duration, identity: &Identity, patch: &Map<String, Value>) {
        let Some(twin) = self.twins.get_mut(identity) else { return };
        if let Err(error) = twin.patch_reported(unix, patch) {
            let refused = format!("the cloud refuses what `{identity}` reported: {error}");
            self.out.push_back(Output::Warning(refused));
            return;
        }
        self.save(identity);
    }

    fn tell_twin(&mut self, identity: Identity) {
        let Some(twin) = self.twins.get(&identity) else { return };
        let Value::Object(mut view) = twin.device_view() else { return };
        let mut section = |name: &str| match view.remove(name) {
            Some(Value::Object(section)) => section,
            _ => Map::new(),
        };
        let (desired, reported) = (section("desired"), section("reported"));
        self.out.push_back(Output::ToEdge(FromCloud::Twin { identity, desired, reported }));
    }

    fn save(&mut self, identity: &Identity) {
        if let Some(twin) = self.twins.get(identity) {
            let document = serde_json::json!(twin);
            self.out.push_back(Output::Save { name: format!("twins/{identity}"), document });
        }
    }
}
