//! Who may ask for whom, and what is told (protocol.md §6.2): the simulated `d` and `line2` below it, with the
//! registered `line3` and `leaf1` below that, and `other` beside them.

use super::*;
use crate::edgehub::{Credential, HttpAnswer, KnownIdentity, NestedCall, Question, WantedModule};
use crate::identity::{Authentication, IdentityStatus, Key, Thumbprint, sas};

const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn id(name: &str) -> DeviceId {
    DeviceId::parse(name).expect("valid")
}

fn name(text: &str) -> Identity {
    Identity::parse(text).expect("valid")
}

fn key() -> Key {
    Key::parse(SECRET).expect("a key")
}

fn keys() -> Authentication {
    Authentication::Sas { primary_key: key(), secondary_key: key() }
}

fn simulated(names: &[&str]) -> Vec<KnownIdentity> {
    let known = |text: &&str| KnownIdentity {
        identity: name(text),
        generation_id: "638".to_owned(),
        status: IdentityStatus::Enabled,
        authentication: keys(),
        spoken_for_by: Vec::new(),
    };
    names.iter().map(known).collect()
}

fn device(name: &str, parent: &str, iot_edge: bool) -> Device {
    Device {
        device_id: id(name),
        generation_id: "639".to_owned(),
        status: IdentityStatus::Enabled,
        status_changed: None,
        authentication: keys(),
        parent: id(parent),
        capabilities: Capabilities { iot_edge },
    }
}

fn module() -> Module {
    Module { generation_id: "640".to_owned(), version: 1, managed_by: None, authentication: keys() }
}

fn registry() -> Registry {
    let mut registry = Registry::default();
    let thumbprint = Thumbprint::parse(&"A".repeat(40)).expect("valid");
    let print = Authentication::SelfSigned { primary_thumbprint: thumbprint, secondary_thumbprint: None };
    let leaf = Device { authentication: print, ..device("leaf1", "line2", false) };
    for device in [device("line3", "line2", true), leaf, device("other", "elsewhere", true)] {
        registry.add(device).expect("there is none yet");
    }
    for text in ["line3/$edgeHub", "line3/a", "other/$edgeHub"] {
        registry.put_module(name(text), module());
    }
    registry
}

fn hierarchy() -> Hierarchy {
    let (d, line2) = (simulated(&["d", "d/$edgeHub"]), simulated(&["line2", "line2/$edgeHub", "line2/m"]));
    let above = id("d");
    Hierarchy::new(&registry(), [(None, d.iter().collect()), (Some(&above), line2.iter().collect())])
}

fn call(caller: &str, chain: &str, question: Question) -> NestedCall {
    let chain = chain.split(';').filter(|part| !part.is_empty()).map(id).collect();
    NestedCall { caller: name(caller), credential: Credential::None, chain, question }
}

fn read(answer: &HttpAnswer) -> (u16, Value) {
    let body = if answer.body.is_empty() { Value::Null } else { serde_json::from_slice(&answer.body).expect("JSON") };
    (answer.status, body)
}

/// Asks at the hub of `d`; returns status and body.
fn ask(caller: &str, chain: &str, question: Question) -> (u16, Value) {
    let answered = hierarchy().answer(&id("d"), &call(caller, chain, question), module());
    read(&answered.map_or_else(|answer| answer, |(answer, _)| answer))
}

fn scope(page_size: usize, after: Option<&str>) -> Question {
    Question::Scope { page_size, after: after.map(name) }
}

fn ids(body: &Value) -> (Vec<&str>, Vec<&str>, &Value) {
    let list = |name: &str, id: &str| {
        body[name].as_array().expect("a list").iter().map(|one| one[id].as_str().expect("a text")).collect()
    };
    (list("devices", "deviceId"), list("modules", "moduleId"), &body["continuationLink"])
}

fn denied(caller: &str, target: &str) -> (u16, Value) {
    (401, json!({ "ErrorMessage": format!("{caller} not authorized to act OnBehalfOf {target}") }))
}

fn no_module(module: &str) -> (u16, Value) {
    (404, json!({ "ErrorMessage": format!("Module {module} not found") }))
}

fn put(module: &str, wanted: WantedModule, condition: Option<&str>) -> Question {
    let module = ModuleId::parse(module).expect("valid");
    Question::PutModule { module, wanted, condition: condition.map(str::to_owned) }
}

#[test]
fn a_scope_is_the_device_its_modules_and_its_children() {
    // protocol.md §6.2
    let (status, body) = ask("line2/$edgeHub", "line2", scope(100, None));
    assert_eq!(status, 200);
    assert_eq!(ids(&body), (vec!["leaf1", "line2", "line3"], vec!["$edgeHub", "m"], &Value::Null));
    let prints = |primary: Value| json!({ "primaryThumbprint": primary, "secondaryThumbprint": null });
    assert_eq!(
        body["devices"][0],
        json!({
            "deviceId": "leaf1", "generationId": "639", "status": "enabled",
            "authentication": {
                "type": "selfSigned", "symmetricKey": { "primaryKey": null, "secondaryKey": null },
                "x509Thumbprint": prints("A".repeat(40).into()),
            },
            "capabilities": { "iotEdge": false },
            "deviceScope": "ms-azure-iot-edge://line2-638", "parentScopes": ["ms-azure-iot-edge://line2-638"],
        })
    );
    let line3 = &body["devices"][2];
    assert_eq!(line3["deviceScope"], "ms-azure-iot-edge://line3-639");
    assert_eq!(line3["parentScopes"], json!(["ms-azure-iot-edge://line2-638"]));
    let sas = json!({
        "type": "sas", "symmetricKey": { "primaryKey": SECRET, "secondaryKey": SECRET }, "x509Thumbprint": prints(Value::Null),
    });
    let module = json!({ "moduleId": "m", "deviceId": "line2", "generationId": "638", "authentication": sas });
    assert_eq!(body["modules"][1], module);
}

#[test]
fn a_scope_comes_in_pages() {
    let page = |after| ask("line2/$edgeHub", "line2", scope(2, after)).1;
    let first = page(None);
    assert_eq!(ids(&first), (vec!["leaf1", "line2"], vec![], &json!("line2")));
    let second = page(Some("line2"));
    assert_eq!(ids(&second), (vec![], vec!["$edgeHub", "m"], &json!("line2/m")));
    assert_eq!(ids(&page(Some("line2/m"))), (vec!["line3"], vec![], &Value::Null));
}

#[test]
fn one_identity_comes_with_its_device() {
    let target = |text| Question::Identity(name(text));
    let (status, body) = ask("line2/$edgeHub", "line3;line2", target("line3/a"));
    assert_eq!((status, ids(&body)), (200, (vec!["line3"], vec!["a"], &Value::Null)));
    let (status, body) = ask("line2/$edgeHub", "", target("leaf1"));
    assert_eq!((status, ids(&body)), (200, (vec!["leaf1"], vec![], &Value::Null)));
    assert_eq!(ask("line2/$edgeHub", "", target("line3/b")), no_module("line3/b"));
    assert_eq!(ask("line2/$edgeHub", "", target("nobody")), denied("line2/$edgeHub", "nobody"));
}

#[test]
fn only_the_hub_of_an_edge_device_above_the_target_speaks_for_it() {
    let ask = |caller, chain| ask(caller, chain, scope(100, None));
    assert_eq!(ask("line2/$edgeHub", "line3;line2").0, 200);
    assert_eq!(ask("line3/$edgeHub", "line3").0, 200, "a descendant that is no direct child");
    assert_eq!(ask("line2/m", "line2"), denied("line2/m", "line2"));
    assert_eq!(ask("line3/$edgeHub", "line2;line3"), denied("line3/$edgeHub", "line2"));
    assert_eq!(ask("other/$edgeHub", "other"), denied("other/$edgeHub", "other"));
    assert_eq!(ask("d/$edgeHub", "line2;d"), denied("d/$edgeHub", "line2"));
    for chain in ["line3", "line3;other;line2", "line3;line2;d", "nobody;line2"] {
        let target = chain.split(';').next().expect("a target");
        assert_eq!(ask("line2/$edgeHub", chain), denied("line2/$edgeHub", target), "{chain}");
    }
}

#[test]
fn a_circle_of_parents_ends_nowhere() {
    let mut registry = Registry::default();
    for (name, parent) in [("x", "y"), ("y", "x")] {
        registry.add(device(name, parent, true)).expect("there is none yet");
    }
    registry.put_module(name("x/$edgeHub"), module());
    let asked = call("x/$edgeHub", "x", scope(1, None));
    let answered = Hierarchy::new(&registry, []).answer(&id("d"), &asked, module());
    assert_eq!(answered.map_err(|answer| read(&answer)), Err(denied("x/$edgeHub", "x")));
}

#[test]
fn a_caller_proves_itself_with_its_own_key() {
    // protocol.md §3.2, §6.2
    let prove = |caller: &str, resource: &str, key: &Key| {
        let token = sas::create(resource, key, NOW.unix + Duration::from_secs(60), None);
        let asked = NestedCall { credential: Credential::Sas(token), ..call(caller, "", scope(1, None)) };
        hierarchy().prove(NOW.unix, &["10.0.0.1".to_owned()], &asked)
    };
    assert_eq!(prove("line3/$edgeHub", "10.0.0.1/devices/line3/modules/$edgeHub", &key()), Ok(()));
    assert_eq!(prove("line3", "10.0.0.1/devices/line3", &key()), Ok(()));
    let forged = "the SAS token of `line3` is refused: the SAS token is not signed with the key of this identity";
    assert_eq!(prove("line3", "10.0.0.1/devices/line3", &Key::generate().expect("random")), Err(forged.to_owned()));
    let wide = "the SAS token of `line3` is refused: the `sr` of the SAS token names another device or module";
    assert_eq!(prove("line3", "10.0.0.1/devices/line3/modules/$edgeHub", &key()), Err(wide.to_owned()));
    assert_eq!(prove("line9", "10.0.0.1/devices/line9", &key()), Err("`line9` is not registered".to_owned()));
    let nothing = hierarchy().prove(NOW.unix, &[], &call("line3", "", scope(1, None)));
    assert_eq!(nothing, Err("`line3` showed no SAS token".to_owned()));
}

#[test]
fn modules_are_listed_and_told_with_their_etag() {
    let (status, body) = ask("line3", "line3", Question::Modules);
    assert_eq!(
        (status, body[0]["moduleId"].as_str(), body[1]["moduleId"].as_str()),
        (200, Some("$edgeHub"), Some("a"))
    );
    let one = |id: &str| Question::Module(ModuleId::parse(id).expect("valid"));
    let (status, body) = ask("line2/$edgeHub", "line3;line2", one("a"));
    assert_eq!((status, &body["etag"], &body["managedBy"]), (200, &json!("MQ=="), &Value::Null));
    assert_eq!(ask("line3", "line3", one("b")), no_module("line3/b"));
    assert_eq!(ask("line3", "leaf1", Question::Modules), denied("line3", "leaf1"), "a device speaks for itself only");
}

#[test]
fn a_module_is_registered_once_and_changed_on_condition() {
    let wanted = || WantedModule { managed_by: Some("IotEdge".to_owned()), authentication: None };
    let answered = |question| hierarchy().answer(&id("d"), &call("line2/$edgeHub", "line3;line2", question), module());
    let (answer, change) = answered(put("b", wanted(), None)).expect("there is none yet");
    let new = Module { managed_by: Some("IotEdge".to_owned()), ..module() };
    assert_eq!(change, Some(ModuleChange::Put(name("line3/b"), new)));
    let (status, body) = read(&answer);
    assert_eq!((status, &body["managedBy"], &body["deviceId"]), (201, &json!("IotEdge"), &json!("line3")));
    assert_eq!(body["authentication"]["symmetricKey"]["primaryKey"], SECRET);

    let refused = |question| answered(question).map_err(|answer| answer.status).expect_err("refused");
    assert_eq!(refused(put("a", wanted(), None)), 409);
    assert_eq!(refused(put("a", wanted(), Some("\"Mg==\""))), 412);
    assert_eq!(refused(put("b", wanted(), Some("*"))), 404);
    let other = Authentication::generate_keys().expect("random");
    let changed = WantedModule { managed_by: None, authentication: Some(other.clone()) };
    for condition in ["*", "\"*\"", "\"MQ==\""] {
        let (answer, change) = answered(put("a", changed.clone(), Some(condition))).expect("it is there");
        let module = Module { version: 2, authentication: other.clone(), ..module() };
        assert_eq!((answer.status, change), (200, Some(ModuleChange::Put(name("line3/a"), module))), "{condition}");
    }
}

#[test]
fn a_module_is_removed_unless_a_deployment_has_it() {
    let delete = |id: &str| Question::DeleteModule(ModuleId::parse(id).expect("valid"));
    let asked = call("line2/$edgeHub", "line3;line2", delete("a"));
    let gone = hierarchy().answer(&id("d"), &asked, module()).expect("it is there");
    assert_eq!(gone, (HttpAnswer { status: 204, body: vec![] }, Some(ModuleChange::Remove(name("line3/a")))));
    assert_eq!(ask("line3", "line3", delete("b")), no_module("line3/b"));
    let deployed = json!({ "ErrorMessage": "Module line2/m belongs to the deployment that is simulated" });
    assert_eq!(ask("line2", "line2", delete("m")), (409, deployed.clone()));
    assert_eq!(ask("line2", "line2", put("m", WantedModule::default(), Some("*"))), (409, deployed));
}

#[test]
fn a_device_has_fifty_modules_at_the_most() {
    let mut registry = registry();
    for number in 0..48 {
        registry.put_module(name(&format!("line3/m{number}")), module());
    }
    let d = simulated(&["d"]);
    let line2 = simulated(&["line2"]);
    let above = id("d");
    let full = Hierarchy::new(&registry, [(None, d.iter().collect()), (Some(&above), line2.iter().collect())]);
    let asked = call("line3", "line3", put("b", WantedModule::default(), None));
    let refused = full.answer(&above, &asked, module()).map_err(|answer| read(&answer));
    assert_eq!(refused, Err((413, json!({ "ErrorMessage": "line3 has 50 modules already" }))));
}
