//! The cloud on a virtual clock: tests whose names are facts.

mod children;

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::edgehub::{Endpoint, QueueId};
use crate::identity::ModuleId;
use crate::twin::ConnectionState;

const NOW: Now = Now { monotonic: Duration::from_secs(1), unix: Duration::from_secs(1_700_000_000) };

fn edge() -> DeviceId {
    DeviceId::parse("d1").expect("valid")
}

fn identity(name: &str) -> Identity {
    Identity::of_module(DeviceId::parse("d1").expect("valid"), ModuleId::parse(name).expect("valid"))
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

fn cloud() -> IotHub {
    IotHub::new([(identity("filter"), Twin::new(&identity("filter"), "638"))], Recovered::default())
}

fn outputs(cloud: &mut IotHub) -> Vec<Output> {
    std::iter::from_fn(|| cloud.poll()).collect()
}

fn to_edge(cloud: &mut IotHub) -> Vec<FromCloud> {
    let told = outputs(cloud).into_iter();
    told.filter_map(|output| if let Output::ToEdge { said, .. } = output { Some(said) } else { None }).collect()
}

#[test]
fn a_message_is_taken_once_it_has_arrived() {
    let mut cloud = cloud();
    let queue = QueueId { endpoint: Endpoint::Upstream, priority: 0 };
    let telemetry = ToCloud::Telemetry { queue: queue.clone(), offset: 4, message: Arc::default() };
    cloud.handle(NOW, &edge(), telemetry);
    let taken = Output::ToEdge { edge: edge(), said: FromCloud::Taken { queue, offset: 4 } };
    assert_eq!(outputs(&mut cloud), [taken]);
}

#[test]
fn a_change_is_kept_and_told_as_the_patch_that_it_is() {
    let mut cloud = cloud();
    let desired = TwinDocument::of_desired(object(json!({"threshold": 30, "gone": null})));
    cloud.change(NOW.unix, &identity("filter"), Change::Patch(desired)).expect("a small patch");
    let outputs = outputs(&mut cloud);
    let patch = object(json!({"threshold": 30, "gone": null, "$version": 2}));
    let said = FromCloud::DesiredPatch { identity: identity("filter"), patch };
    assert_eq!(outputs[0], Output::ToEdge { edge: edge(), said });
    assert!(matches!(&outputs[1..], [Output::Save { name, .. }] if name == "twins/d1/filter"), "{outputs:?}");
}

#[test]
fn a_refused_change_changes_and_tells_nothing() {
    let mut cloud = cloud();
    let before = cloud.twin(&identity("filter")).map(Twin::service_view);
    let desired = TwinDocument { desired: Some(object(json!({"a b": 1}))), tags: Some(object(json!({"t": 1}))) };
    cloud.change(NOW.unix, &identity("filter"), Change::Patch(desired)).expect_err("a blank is in a key");
    assert_eq!(outputs(&mut cloud), []);
    assert_eq!(cloud.twin(&identity("filter")).map(Twin::service_view), before, "the tags neither");
}

#[test]
fn a_device_sees_versions_and_no_metadata() {
    let mut cloud = cloud();
    cloud.handle(
        NOW,
        &edge(),
        ToCloud::Reported { identity: identity("filter"), patch: object(json!({"state": "up"})) },
    );
    outputs(&mut cloud);
    cloud.handle(NOW, &edge(), ToCloud::GetTwin { identity: identity("filter") });
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
    cloud.handle(NOW, &edge(), ToCloud::GetTwin { identity: identity("stranger") });
    let (desired, reported) = (Map::new(), Map::new());
    assert_eq!(to_edge(&mut cloud), [FromCloud::Twin { identity: identity("stranger"), desired, reported }]);
}

#[test]
fn a_report_that_breaks_a_limit_is_warned_of() {
    let mut cloud = cloud();
    let patch = object(json!({"text": "x".repeat(5000)}));
    cloud.handle(NOW, &edge(), ToCloud::Reported { identity: identity("filter"), patch });
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
    cloud.handle(NOW, &edge(), ToCloud::Presence { identity: identity("filter"), state: ConnectionState::Connected });
    assert_eq!(connection(&cloud), json!("Connected"));
}
