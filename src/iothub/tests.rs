//! The cloud on a virtual clock: tests whose names are facts.

mod children;
mod feedback;
mod hierarchy;

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
    let confirmed = Output::ToEdge { edge: edge(), said: FromCloud::Confirmed { identity: identity("filter") } };
    let warned = Output::Warning { about: identity("filter"), text: warning.to_owned() };
    assert_eq!(outputs(&mut cloud), [warned, confirmed], "else it came for ever");
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

#[test]
fn the_model_of_a_client_shows_in_the_twin() {
    // protocol.md §7.1
    let mut cloud = cloud();
    cloud.handle(NOW, &edge(), ToCloud::Model { identity: identity("filter"), model: "dtmi:example:Filter;1".into() });
    let twin = cloud.twin(&identity("filter")).expect("known").service_view();
    assert_eq!(twin["modelId"], "dtmi:example:Filter;1");
}

#[test]
fn a_call_that_the_cut_link_has_lost_ends_without_an_answer() {
    let mut cloud = cloud();
    let invocation = Invocation {
        caller: crate::edgehub::Caller::Cloud,
        target: identity("filter"),
        method: "reset".into(),
        payload: bytes::Bytes::from_static(b"null"),
        response_timeout: Duration::from_secs(30),
        connect_timeout: Duration::ZERO,
    };
    [1, 2].into_iter().for_each(|call| cloud.call(CallId(call), invocation.clone()));
    outputs(&mut cloud);
    let answer = Ok(Answer { status: 200, payload: bytes::Bytes::new() });
    cloud.handle(NOW, &edge(), ToCloud::Answered { call: CallId(1), result: answer.clone() });
    assert_eq!(outputs(&mut cloud), [Output::Answered { call: CallId(1), result: answer.clone() }]);
    cloud.lose_link(NOW, &edge());
    let lost = Output::Answered { call: CallId(2), result: Err(InvokeError::NoAnswer) };
    assert_eq!(outputs(&mut cloud), [lost]);
    cloud.handle(NOW, &edge(), ToCloud::Answered { call: CallId(2), result: answer });
    assert_eq!(outputs(&mut cloud), [], "nobody waits any more");
}

fn wanted(modules: &[(&str, Value)]) -> BTreeMap<ModuleId, Map<String, Value>> {
    let entry = |(name, desired): &(&str, Value)| (ModuleId::parse(name).expect("valid"), object(desired.clone()));
    modules.iter().map(entry).collect()
}

// protocol.md §10.5
#[test]
fn a_deployment_replaces_makes_and_removes_and_tells_the_agent_last() {
    let twin = |name| (identity(name), Twin::new(&identity(name), "638"));
    let mut cloud = IotHub::new(["$edgeAgent", "$edgeHub", "filter", "old"].map(twin), Recovered::default());
    let modules = wanted(&[
        ("$edgeAgent", json!({"modules": {}})),
        ("$edgeHub", json!({})),
        ("filter", json!({"t": 1})),
        ("new", json!({})),
    ]);
    assert_eq!(cloud.deploy(NOW.unix, &edge(), &modules), Ok(2));
    let told: Vec<String> = to_edge(&mut cloud)
        .into_iter()
        .map(|told| match told {
            FromCloud::DesiredPatch { identity, patch } => format!("{identity} {}", Value::Object(patch)),
            other => panic!("unexpected {other:?}"),
        })
        .collect();
    let expected = [r#"d1/filter {"t":1,"$version":2}"#, r#"d1/$edgeAgent {"modules":{},"$version":2}"#];
    assert_eq!(told, expected, "what did not change is not told");
    assert_eq!(cloud.twin(&identity("old")), None);
    assert_eq!(cloud.deploy(NOW.unix, &edge(), &modules), Ok(3), "the same again is a version of its own");
}

#[test]
fn a_deployment_with_a_twin_that_is_too_large_changes_nothing() {
    let mut cloud = cloud();
    let before = cloud.twin(&identity("filter")).cloned();
    let modules = wanted(&[("filter", json!({"t": 1})), ("new", json!({"a b": 1}))]);
    let refused = cloud.deploy(NOW.unix, &edge(), &modules).expect_err("a blank is in a key");
    assert_eq!((refused.0, outputs(&mut cloud)), (identity("new"), vec![]));
    assert_eq!(cloud.twin(&identity("filter")).cloned(), before);
}
