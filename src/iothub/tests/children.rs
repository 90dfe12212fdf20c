//! Devices that are no edge devices, and what waits for them (protocol.md §12.2, §12.5).

use super::*;
use crate::clock::iso_millis;
use crate::edgehub::{KnownIdentity, LockToken};
use crate::identity::{Authentication, IdentityStatus, Thumbprint};
use crate::message::{Message, system};

pub(super) fn id(name: &str) -> DeviceId {
    DeviceId::parse(name).expect("valid")
}

pub(super) fn leaf(name: &str) -> Identity {
    Identity::of_device(id(name))
}

fn device(name: &str, parent: &str) -> Device {
    let primary_thumbprint = Thumbprint::parse(&"A".repeat(40)).expect("valid");
    Device {
        device_id: id(name),
        generation_id: "639".into(),
        status: IdentityStatus::Enabled,
        status_changed: None,
        authentication: Authentication::SelfSigned { primary_thumbprint, secondary_thumbprint: None },
        parent: id(parent),
        capabilities: Capabilities::default(),
    }
}

fn edge_device(name: &str, parent: &str) -> Device {
    Device { capabilities: Capabilities { iot_edge: true }, ..device(name, parent) }
}

pub(super) fn message(body: &str) -> Message {
    Message { body: body.to_owned().into(), ..Message::default() }
}

/// A cloud with the device `leaf1` below `d1`.
pub(super) fn with_leaf() -> IotHub {
    let mut cloud = cloud();
    cloud.add_device(device("leaf1", "d1")).expect("there is none yet");
    outputs(&mut cloud);
    cloud
}

fn send(cloud: &mut IotHub, now: Now, body: &str) {
    cloud.send(now, &id("leaf1"), message(body), DEFAULT_LIFE).expect("there is room");
}

pub(super) fn receive(cloud: &mut IotHub, now: Now) {
    cloud.handle(now, &edge(), ToCloud::Receive { identity: leaf("leaf1"), total: None });
}

/// Returns what was handed out since the last look.
pub(super) fn handed(cloud: &mut IotHub) -> Vec<(LockToken, String)> {
    let told = to_edge(cloud).into_iter();
    told.filter_map(|said| match said {
        FromCloud::DeviceBound { lock, message, .. } => {
            Some((lock, String::from_utf8(message.body.to_vec()).expect("text")))
        }
        _ => None,
    })
    .collect()
}

fn bodies(cloud: &mut IotHub) -> Vec<String> {
    handed(cloud).into_iter().map(|(_, body)| body).collect()
}

pub(super) fn later(seconds: u64) -> Now {
    let time = Duration::from_secs(seconds);
    Now { monotonic: NOW.monotonic + time, unix: NOW.unix + time }
}

#[test]
fn an_edge_device_has_a_scope_for_its_children() {
    // protocol.md §12.2
    let mut cloud = cloud();
    cloud.add_device(edge_device("line2", "d1")).expect("there is none yet");
    cloud.add_device(device("leaf1", "line2")).expect("there is none yet");
    let document = |name: &str| cloud.twin_document(&leaf(name)).expect("it has a twin");
    let (edge, child) = (document("line2"), document("leaf1"));
    assert_eq!(edge["deviceScope"], "ms-azure-iot-edge://line2-639");
    assert_eq!(edge["parentScopes"], json!(["ms-azure-iot-edge://d1-0"]));
    assert_eq!((&child["deviceScope"], &child["capabilities"]), (&edge["deviceScope"], &json!({ "iotEdge": false })));
    assert_eq!(cloud.add_device(device("leaf2", "leaf1")), Err(RegistryError::Childless(id("leaf1"))));
}

#[test]
fn a_message_to_a_device_says_when_it_was_sent() {
    // protocol.md §5.4
    let mut cloud = with_leaf();
    send(&mut cloud, NOW, "a");
    receive(&mut cloud, later(5));
    let times: Vec<String> = to_edge(&mut cloud)
        .into_iter()
        .filter_map(|said| match said {
            FromCloud::DeviceBound { message, .. } => message.system(system::ENQUEUED_TIME).map(str::to_owned),
            _ => None,
        })
        .collect();
    assert_eq!(times, [iso_millis(NOW.unix)]);
}

#[test]
fn an_edge_device_is_told_of_everybody_below_it_and_who_speaks_for_them() {
    // protocol.md §3.6, §9.4
    let mut cloud = cloud();
    for device in [edge_device("line2", "d1"), edge_device("line3", "line2"), device("leaf1", "line3")] {
        cloud.add_device(device).expect("there is none yet");
    }
    let authentication = Authentication::generate_keys().expect("random");
    let module = Module { generation_id: "640".into(), version: 1, managed_by: None, authentication };
    cloud.put_module(Identity::parse("line3/a").expect("valid"), module);
    let told = |cloud: &mut IotHub| -> Vec<String> {
        let Some(FromCloud::Scope { children }) = to_edge(cloud).pop() else { panic!("it is told") };
        let one = |known: KnownIdentity| {
            let hubs: Vec<&str> = known.spoken_for_by.iter().map(DeviceId::as_str).collect();
            format!("{} {} {}", known.identity, json!(known.status).as_str().expect("a word"), hubs.join(" "))
        };
        children.into_iter().map(one).collect()
    };
    assert_eq!(
        told(&mut cloud),
        ["leaf1 enabled line3 line2", "line2 enabled ", "line3 enabled line2", "line3/a enabled line3 line2"]
    );
    cloud.set_status(NOW.unix, &id("line3"), IdentityStatus::Disabled).expect("it is there");
    assert_eq!(
        told(&mut cloud),
        ["leaf1 enabled line2", "line2 enabled ", "line3 disabled line2", "line3/a disabled line2"]
    );
    assert_eq!(cloud.registry().edge_of(&leaf("leaf1")), id("d1"));
    cloud.handle(NOW, &edge(), ToCloud::GetTwin { identity: leaf("leaf1") });
    assert!(matches!(to_edge(&mut cloud)[..], [FromCloud::Twin { .. }]));
}

#[test]
fn parents_of_each_other_are_below_nobody() {
    let mut cloud = cloud();
    cloud.add_device(edge_device("line2", "line3")).expect("there is none yet");
    cloud.add_device(edge_device("line3", "line2")).expect("there is none yet");
    assert_eq!(outputs(&mut cloud).iter().filter(|told| matches!(told, Output::ToEdge { .. })).count(), 2);
    assert_eq!(cloud.registry().below(&id("d1")), []);
}

#[test]
fn modules_of_a_device_have_twins_and_go_with_it() {
    let mut cloud = cloud();
    cloud.add_device(edge_device("line2", "d1")).expect("there is none yet");
    let module = Identity::parse("line2/a").expect("valid");
    let registered = Module {
        generation_id: "640".into(),
        version: 1,
        managed_by: None,
        authentication: Authentication::generate_keys().expect("random"),
    };
    cloud.put_module(module.clone(), registered.clone());
    let kept: Registry = serde_json::from_value(json!(cloud.registry())).expect("it is read as it was written");
    assert_eq!(&kept, cloud.registry());
    let recovered = IotHub::new([], Recovered { registry: kept, ..Recovered::default() });
    assert!(recovered.twin(&module).is_some(), "one that was registered while nothing ran has one, too");
    cloud.put_module(module.clone(), Module { version: 2, ..registered });
    assert_eq!(cloud.registry().modules().map(|(_, module)| module.version).collect::<Vec<_>>(), [2]);
    cloud.remove_device(&id("line2")).expect("it is there");
    assert_eq!((cloud.twin(&module), cloud.registry().modules().count()), (None, 0));
}

#[test]
fn a_new_device_is_told_to_its_parent_and_kept() {
    let mut cloud = cloud();
    cloud.add_device(device("leaf1", "other")).expect("there is none yet");
    let names = |outputs: &[Output]| -> Vec<String> {
        let name = |output: &Output| match output {
            Output::Save { name, .. } => name.clone(),
            Output::ToEdge { edge, said: FromCloud::Scope { children } } => format!("{edge} has {}", children.len()),
            other => panic!("unexpected {other:?}"),
        };
        outputs.iter().map(name).collect()
    };
    assert_eq!(names(&outputs(&mut cloud)), ["registry", "twins/leaf1", "other has 1"]);
    assert_eq!(cloud.add_device(device("leaf1", "d1")), Err(RegistryError::Exists(id("leaf1"))));
    cloud.remove_device(&id("leaf1")).expect("it is there");
    assert_eq!(names(&outputs(&mut cloud)), ["registry", "devicebound/leaf1", "other has 0"]);
    assert_eq!(cloud.twin(&leaf("leaf1")), None);
    assert_eq!(cloud.remove_device(&id("leaf1")), Err(RegistryError::Unknown(id("leaf1"))));
}

#[test]
fn a_twin_shows_what_the_registry_knows() {
    let mut cloud = cloud();
    cloud.add_device(Device { status: IdentityStatus::Disabled, ..device("leaf1", "d1") }).expect("added");
    let twin = cloud.twin_document(&leaf("leaf1")).expect("it has one");
    let shown = [&twin["status"], &twin["authenticationType"], &twin["x509Thumbprint"], &twin["deviceScope"]];
    let thumbprints = json!({"primaryThumbprint": "A".repeat(40), "secondaryThumbprint": null});
    assert_eq!(shown, [&json!("disabled"), &json!("selfSigned"), &thumbprints, &json!("ms-azure-iot-edge://d1-0")]);
    assert_eq!(twin["capabilities"], json!({"iotEdge": false}));
}

#[test]
fn a_disabled_device_is_told_to_its_parent_and_keeps_what_it_has() {
    // protocol.md §7.1, §12.2
    let mut cloud = with_leaf();
    send(&mut cloud, NOW, "1");
    outputs(&mut cloud);
    let set = |cloud: &mut IotHub, status| cloud.set_status(NOW.unix, &id("leaf1"), status).expect("it is there");
    set(&mut cloud, IdentityStatus::Disabled);
    let children = vec![Device { status: IdentityStatus::Disabled, ..device("leaf1", "d1") }.known()];
    assert_eq!(to_edge(&mut cloud), [FromCloud::Scope { children }]);
    let twin = cloud.twin_document(&leaf("leaf1")).expect("it has one");
    assert_eq!(
        [&twin["status"], &twin["statusUpdateTime"], &twin["cloudToDeviceMessageCount"]],
        [&json!("disabled"), &json!(iso_millis(NOW.unix)), &json!(1)]
    );
    receive(&mut cloud, NOW);
    assert_eq!(bodies(&mut cloud), [""; 0], "its parent may not have heard of it yet");
    set(&mut cloud, IdentityStatus::Disabled);
    assert_eq!(outputs(&mut cloud), [], "nothing is new");
    set(&mut cloud, IdentityStatus::Enabled);
    receive(&mut cloud, NOW);
    assert_eq!(bodies(&mut cloud), ["1"]);
    let unknown = cloud.set_status(NOW.unix, &id("leaf2"), IdentityStatus::Disabled);
    assert_eq!(unknown, Err(RegistryError::Unknown(id("leaf2"))));
}

#[test]
fn a_change_for_a_child_goes_to_its_parent() {
    let mut cloud = with_leaf();
    let desired = TwinDocument::of_desired(object(json!({"rate": 5})));
    cloud.change(NOW.unix, &leaf("leaf1"), Change::Patch(desired)).expect("a small patch");
    let patch = object(json!({"rate": 5, "$version": 2}));
    let said = FromCloud::DesiredPatch { identity: leaf("leaf1"), patch };
    assert_eq!(outputs(&mut cloud)[0], Output::ToEdge { edge: edge(), said });
}

#[test]
fn messages_wait_until_the_device_takes_them_and_go_when_it_has() {
    let mut cloud = with_leaf();
    send(&mut cloud, NOW, "1");
    send(&mut cloud, NOW, "2");
    assert_eq!(bodies(&mut cloud), [""; 0]);
    receive(&mut cloud, NOW);
    let handed = handed(&mut cloud);
    assert_eq!(handed.iter().map(|(_, body)| body.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    for (lock, _) in handed {
        cloud.handle(NOW, &edge(), ToCloud::Completed { identity: leaf("leaf1"), lock });
    }
    assert_eq!(cloud.waiting(NOW, &id("leaf1")), 0);
    send(&mut cloud, NOW, "3");
    assert_eq!(bodies(&mut cloud), ["3"]);
}

#[test]
fn what_a_device_did_not_complete_comes_again() {
    let mut cloud = with_leaf();
    send(&mut cloud, NOW, "1");
    receive(&mut cloud, NOW);
    let (old, _) = handed(&mut cloud).remove(0);
    cloud.handle(NOW, &edge(), ToCloud::StopReceiving { identity: leaf("leaf1") });
    receive(&mut cloud, NOW);
    assert_eq!(bodies(&mut cloud), ["1"]);
    cloud.handle(NOW, &edge(), ToCloud::Completed { identity: leaf("leaf1"), lock: old });
    assert_eq!(cloud.waiting(NOW, &id("leaf1")), 1, "that lock was lost");
}

#[test]
fn a_cut_link_loses_the_locks() {
    let mut cloud = with_leaf();
    send(&mut cloud, NOW, "1");
    receive(&mut cloud, NOW);
    assert_eq!(bodies(&mut cloud), ["1"]);
    cloud.lose_link(NOW, &edge());
    send(&mut cloud, NOW, "2");
    assert_eq!(bodies(&mut cloud), [""; 0]);
    receive(&mut cloud, NOW);
    assert_eq!(bodies(&mut cloud), ["1", "2"]);
}

#[test]
fn a_lock_holds_60_seconds() {
    let mut cloud = with_leaf();
    send(&mut cloud, NOW, "1");
    receive(&mut cloud, NOW);
    assert_eq!(bodies(&mut cloud), ["1"]);
    assert_eq!(cloud.deadline(), Some(later(60).monotonic));
    cloud.handle_timeout(later(59));
    assert_eq!(bodies(&mut cloud), [""; 0]);
    cloud.handle_timeout(later(60));
    assert_eq!(bodies(&mut cloud), ["1"]);
}

#[test]
fn the_tenth_lost_lock_is_the_last() {
    let mut cloud = with_leaf();
    send(&mut cloud, NOW, "1");
    for round in 1..=10 {
        receive(&mut cloud, NOW);
        assert_eq!(bodies(&mut cloud), ["1"], "round {round}");
        cloud.handle(NOW, &edge(), ToCloud::StopReceiving { identity: leaf("leaf1") });
    }
    let warnings = outputs(&mut cloud).into_iter().filter(|output| matches!(output, Output::Warning { .. })).count();
    assert_eq!((cloud.waiting(NOW, &id("leaf1")), warnings), (0, 1));
}

#[test]
fn a_message_lives_for_an_hour() {
    let mut cloud = with_leaf();
    send(&mut cloud, NOW, "1");
    assert_eq!(cloud.waiting(later(3599), &id("leaf1")), 1);
    receive(&mut cloud, later(3600));
    assert_eq!((bodies(&mut cloud), cloud.waiting(later(3600), &id("leaf1"))), (vec![], 0));
}

#[test]
fn fifty_messages_of_64_kb_wait_and_no_more() {
    let mut cloud = with_leaf();
    (0..50).for_each(|n| send(&mut cloud, NOW, &n.to_string()));
    let mut refused = |name: &str, body: &str| cloud.send(NOW, &id(name), message(body), DEFAULT_LIFE);
    assert_eq!(refused("leaf1", "one more"), Err(SendError::Full(id("leaf1"))));
    assert_eq!(refused("leaf1", &"x".repeat(65_537)), Err(SendError::TooLarge { size: 65_537 }));
    assert_eq!(refused("d1", "x"), Err(SendError::Unknown(id("d1"))));
    send(&mut cloud, later(3600), "there is room again");
}

#[test]
fn what_waits_outlives_a_restart() {
    let mut cloud = with_leaf();
    send(&mut cloud, NOW, "1");
    receive(&mut cloud, NOW);
    let kept: BTreeMap<String, Value> = outputs(&mut cloud)
        .into_iter()
        .filter_map(|output| match output {
            Output::Save { name, document, .. } => Some((name, document)),
            _ => None,
        })
        .collect();
    let waiting = serde_json::from_value(kept["devicebound/leaf1"].clone()).expect("it reads what it wrote");
    let mut registry = Registry::default();
    registry.add(device("leaf1", "d1")).expect("added");
    let recovered = Recovered { registry, waiting: [(id("leaf1"), waiting)].into(), ..Recovered::default() };
    let mut cloud = IotHub::new([], recovered);
    let count = cloud.twin_document(&leaf("leaf1")).expect("it has a twin")["cloudToDeviceMessageCount"].clone();
    assert_eq!(count, 1);
    receive(&mut cloud, NOW);
    assert_eq!(bodies(&mut cloud), ["1"]);
}

#[test]
fn a_device_gets_no_more_than_it_has_room_for() {
    let mut cloud = with_leaf();
    (1..=3).for_each(|n| send(&mut cloud, NOW, &n.to_string()));
    let identity = leaf("leaf1");
    cloud.handle(NOW, &edge(), ToCloud::Receive { identity: identity.clone(), total: Some(2) });
    assert_eq!(bodies(&mut cloud), ["1", "2"]);
    cloud.handle(NOW, &edge(), ToCloud::Receive { identity, total: Some(3) });
    assert_eq!(bodies(&mut cloud), ["3"]);
}

#[test]
fn what_a_device_gave_back_comes_again_and_what_it_refused_is_gone() {
    let mut cloud = with_leaf();
    send(&mut cloud, NOW, "1");
    receive(&mut cloud, NOW);
    let (first, _) = handed(&mut cloud).remove(0);
    cloud.handle(NOW, &edge(), ToCloud::Abandoned { identity: leaf("leaf1"), lock: first });
    let (second, body) = handed(&mut cloud).remove(0);
    assert_eq!(body, "1");
    cloud.handle(NOW, &edge(), ToCloud::Rejected { identity: leaf("leaf1"), lock: second });
    assert_eq!(cloud.waiting(NOW, &id("leaf1")), 0);
}
