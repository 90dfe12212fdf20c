//! The simulated cloud: twins in their service form.
//!
//! A core: no socket, no clock, no task. What it keeps it hands out as [`Output::Save`]; what it tells an edge device
//! goes over a link that others may cut or delay.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::edgehub::{FromCloud, ToCloud};
use crate::identity::Identity;
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
            ToCloud::Telemetry { queue, offset, message: _ } => {
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
        // Nobody waits for ever: without a twin there are two empty sections.
        let mut view = self.twins.get(&identity).map(Twin::device_view).unwrap_or_default();
        let mut section = |name: &str| match view.get_mut(name).map(Value::take) {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::edgehub::{Endpoint, QueueId};
    use crate::identity::{DeviceId, ModuleId};
    use crate::twin::ConnectionState;

    const UNIX: Duration = Duration::from_secs(1_700_000_000);

    fn identity(name: &str) -> Identity {
        Identity::of_module(DeviceId::parse("d1").expect("valid"), ModuleId::parse(name).expect("valid"))
    }

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    fn cloud() -> IotHub {
        IotHub::new([(identity("filter"), Twin::new(&identity("filter"), "638"))])
    }

    fn outputs(cloud: &mut IotHub) -> Vec<Output> {
        std::iter::from_fn(|| cloud.poll()).collect()
    }

    fn to_edge(cloud: &mut IotHub) -> Vec<FromCloud> {
        let told = outputs(cloud).into_iter();
        told.filter_map(|output| if let Output::ToEdge(told) = output { Some(told) } else { None }).collect()
    }

    #[test]
    fn a_message_is_taken_once_it_has_arrived() {
        let mut cloud = cloud();
        let queue = QueueId { endpoint: Endpoint::Upstream, priority: 0 };
        let telemetry = ToCloud::Telemetry { queue: queue.clone(), offset: 4, message: Arc::default() };
        cloud.handle(UNIX, telemetry);
        let taken = Output::ToEdge(FromCloud::Taken { queue, offset: 4 });
        assert_eq!(outputs(&mut cloud), [taken]);
    }

    #[test]
    fn a_change_is_kept_and_told_as_the_patch_that_it_is() {
        let mut cloud = cloud();
        let desired = TwinDocument::of_desired(object(json!({"threshold": 30, "gone": null})));
        cloud.change(UNIX, &identity("filter"), Change::Patch(desired)).expect("a small patch");
        let outputs = outputs(&mut cloud);
        let patch = object(json!({"threshold": 30, "gone": null, "$version": 2}));
        assert_eq!(outputs[0], Output::ToEdge(FromCloud::DesiredPatch { identity: identity("filter"), patch }));
        assert!(matches!(&outputs[1..], [Output::Save { name, .. }] if name == "twins/d1/filter"), "{outputs:?}");
    }

    #[test]
    fn a_refused_change_changes_and_tells_nothing() {
        let mut cloud = cloud();
        let before = cloud.twin(&identity("filter")).map(Twin::service_view);
        let desired = TwinDocument { desired: Some(object(json!({"a b": 1}))), tags: Some(object(json!({"t": 1}))) };
        cloud.change(UNIX, &identity("filter"), Change::Patch(desired)).expect_err("a blank is in a key");
        assert_eq!(outputs(&mut cloud), []);
        assert_eq!(cloud.twin(&identity("filter")).map(Twin::service_view), before, "the tags neither");
    }

    #[test]
    fn a_device_sees_versions_and_no_metadata() {
        let mut cloud = cloud();
        cloud.handle(UNIX, ToCloud::Reported { identity: identity("filter"), patch: object(json!({"state": "up"})) });
        outputs(&mut cloud);
        cloud.handle(UNIX, ToCloud::GetTwin { identity: identity("filter") });
        let twin = FromCloud::Twin {
            identity: identity("filter"),
            desired: object(json!({"$version": 1})),
            reported: object(json!({"state": "up", "$version": 2})),
        };
        assert_eq!(to_edge(&mut cloud), [twin]);
    }

    #[test]
    fn an_identity_without_a_twin_is_answered_too() {
        let mut cloud = cloud();
        cloud.handle(UNIX, ToCloud::GetTwin { identity: identity("stranger") });
        let (desired, reported) = (Map::new(), Map::new());
        assert_eq!(to_edge(&mut cloud), [FromCloud::Twin { identity: identity("stranger"), desired, reported }]);
    }

    #[test]
    fn a_report_that_breaks_a_limit_is_warned_of() {
        let mut cloud = cloud();
        let patch = object(json!({"text": "x".repeat(5000)}));
        cloud.handle(UNIX, ToCloud::Reported { identity: identity("filter"), patch });
        let warning = "the cloud refuses what `d1/filter` reported: \
            the string `text` is 5000 bytes long, and 4096 are allowed";
        assert_eq!(outputs(&mut cloud), [Output::Warning(warning.to_owned())]);
    }

    #[test]
    fn presence_shows_in_the_twin() {
        let mut cloud = cloud();
        let connection =
            |cloud: &IotHub| cloud.twin(&identity("filter")).expect("known").service_view()["connectionState"].clone();
        assert_eq!(connection(&cloud), json!("Disconnected"));
        cloud.handle(UNIX, ToCloud::Presence { identity: identity("filter"), state: ConnectionState::Connected });
        assert_eq!(connection(&cloud), json!("Connected"));
    }
}
