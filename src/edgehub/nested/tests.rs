//! Requests for identities as child edge devices write them (protocol.md §6.2).

use serde_json::{Value, json};

use super::*;

const TOKEN: &str = "SharedAccessSignature sr=x&sig=y&se=1";

fn parse_with(method: &str, target: &str, more: &[(&str, &str)], body: &Value) -> Result<NestedCall, (u16, String)> {
    let headers = [("authorization", TOKEN), ("content-type", "application/json")];
    let headers = headers.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let headers: Vec<_> = headers.collect();
    let body = body.to_string();
    let call = HttpCall { method, target, headers: &headers, body: body.as_bytes() };
    let parsed = parse_nested(&call).expect("it is one of the identity APIs");
    parsed.map_err(|answer| {
        let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
        (answer.status, body["ErrorMessage"].as_str().expect("a text").to_owned())
    })
}

fn parse(method: &str, target: &str, body: &Value) -> Result<NestedCall, (u16, String)> {
    parse_with(method, target, &[], body)
}

fn on_behalf(operation: &str, body: &Value) -> Result<Question, (u16, String)> {
    let verb = if operation == "putModuleOnBehalfOf" { "PUT" } else { "POST" };
    let target = format!("/devices/line2/modules/%24edgeHub/{operation}?api-version=2020-06-30-preview");
    parse(verb, &target, body).map(|call| call.question)
}

fn module(id: &str) -> ModuleId {
    ModuleId::parse(id).expect("valid")
}

fn identity(id: &str) -> Identity {
    Identity::parse(id).expect("valid")
}

fn refused<T>(status: u16, why: &str) -> Result<T, (u16, String)> {
    Err((status, why.to_owned()))
}

#[test]
fn a_scope_is_asked_for_with_chain_and_page() {
    let target = "/devices/line2/modules/$edgeHub/devicesAndModulesInTargetDeviceScope?api-version=1";
    let body = json!({ "pageSize": 2, "continuationLink": "line2/a", "authChain": "line3/a;line3;line2" });
    let expected = NestedCall {
        caller: identity("line2/$edgeHub"),
        credential: Credential::Sas(TOKEN.to_owned()),
        chain: vec![identity("line3").device, identity("line2").device],
        question: Question::Scope { page_size: 2, after: Some(identity("line2/a")) },
    };
    assert_eq!(parse("POST", target, &body), Ok(expected));
    let first = on_behalf("devicesAndModulesInTargetDeviceScope", &json!({ "authChain": "line2" }));
    assert_eq!(first, Ok(Question::Scope { page_size: 100, after: None }));
}

#[test]
fn every_operation_on_behalf_is_read() {
    let ask = |operation: &str, body: Value| on_behalf(operation, &body);
    let chain = || "line3;line2".to_owned();
    let one = json!({ "authChain": "", "targetDeviceId": "line3", "targetModuleId": "a" });
    assert_eq!(ask("getDeviceAndModuleOnBehalfOf", one), Ok(Question::Identity(identity("line3/a"))));
    let device = json!({ "authChain": chain(), "targetDeviceId": "line3", "targetModuleId": "" });
    assert_eq!(ask("getDeviceAndModuleOnBehalfOf", device), Ok(Question::Identity(identity("line3"))));
    assert_eq!(ask("getModulesOnTargetDevice", json!({ "authChain": chain() })), Ok(Question::Modules));
    for name in ["moduleId", "targetModuleId"] {
        let body = json!({ "authChain": chain(), name: "a" });
        assert_eq!(ask("getModuleOnBehalfOf", body.clone()), Ok(Question::Module(module("a"))));
        assert_eq!(ask("deleteModuleOnBehalfOf", body), Ok(Question::DeleteModule(module("a"))));
    }
    let body = json!({ "authChain": chain(), "module": { "deviceId": "line3", "moduleId": "a" } });
    let wanted = WantedModule::default();
    assert_eq!(
        ask("putModuleOnBehalfOf", body),
        Ok(Question::PutModule { module: module("a"), wanted, condition: None })
    );
}

#[test]
fn a_device_reads_and_writes_its_own_modules() {
    let ask = |method: &str, target: &str| parse(method, target, &Value::Null).map(|call| (call.caller, call.question));
    assert_eq!(ask("GET", "/devices/leaf1/modules?api-version=1"), Ok((identity("leaf1"), Question::Modules)));
    assert_eq!(ask("GET", "/devices/leaf%201/modules"), refused(400, "Invalid device Id."));
    let agent = Ok((identity("leaf1"), Question::Module(ModuleId::edge_agent())));
    assert_eq!(ask("GET", "/devices/leaf1/modules/%24edgeAgent"), agent);
    let gone = Ok((identity("leaf1"), Question::DeleteModule(module("a"))));
    assert_eq!(ask("DELETE", "/devices/leaf1/modules/a"), gone);

    let keys = json!({ "primaryKey": "AAECAwQFBgcICQoLDA0ODw==", "secondaryKey": "AQECAwQFBgcICQoLDA0ODw==" });
    let body = json!({
        "deviceId": "leaf1", "moduleId": "a", "managedBy": "IotEdge", "generationId": "ignored",
        "authentication": { "type": "sas", "symmetricKey": keys },
    });
    let authentication = Some(Authentication::Sas {
        primary_key: Key::parse("AAECAwQFBgcICQoLDA0ODw==").expect("a key"),
        secondary_key: Key::parse("AQECAwQFBgcICQoLDA0ODw==").expect("a key"),
    });
    let wanted = WantedModule { managed_by: Some("IotEdge".to_owned()), authentication };
    let put = parse_with("PUT", "/devices/leaf1/modules/a", &[("if-match", "\"*\"")], &body);
    let expected = Question::PutModule { module: module("a"), wanted, condition: Some("\"*\"".to_owned()) };
    assert_eq!(put.map(|call| call.question), Ok(expected));
}

#[test]
fn what_cannot_be_read_is_refused_with_its_reason() {
    let scope = |body: Value| on_behalf("devicesAndModulesInTargetDeviceScope", &body).map(drop);
    assert_eq!(scope(json!({ "authChain": ";" })), refused(400, "Invalid auth chain."));
    assert_eq!(scope(json!({ "authChain": "a b" })), refused(400, "Invalid auth chain."));
    assert_eq!(scope(json!({ "authChain": "d", "pageSize": 0 })), refused(400, "Invalid page size."));
    let link = json!({ "authChain": "d", "continuationLink": "a/b/c" });
    assert_eq!(scope(link), refused(400, "Invalid continuation link."));
    assert_eq!(on_behalf("getSecrets", &json!({})).map(drop), refused(404, "not found"));
    let get = parse("GET", "/devices/d/modules/$edgeHub/getModulesOnTargetDevice", &Value::Null).map(drop);
    assert_eq!(get, refused(405, "method not allowed"));
    let other = json!({ "authChain": "line3;line2", "module": { "deviceId": "line4", "moduleId": "a" } });
    let mismatch = "Target device Id does not match between auth chain and request body.";
    assert_eq!(on_behalf("putModuleOnBehalfOf", &other).map(drop), refused(400, mismatch));
    let put = |authentication: Value| {
        let body = json!({ "deviceId": "d", "moduleId": "a", "authentication": authentication });
        parse("PUT", "/devices/d/modules/a", &body).map(drop)
    };
    let half = "Both keys of a module have to be given, or none.";
    assert_eq!(put(json!({ "symmetricKey": { "primaryKey": "x" } })), refused(400, half));
    let authority = json!({ "type": "certificateAuthority" });
    assert_eq!(put(authority), refused(400, "The authentication type has to be sas or selfSigned."));
    let plain = parse_with("PUT", "/devices/d/modules/a", &[], &json!({ "deviceId": "d", "moduleId": "b" })).map(drop);
    assert_eq!(plain, refused(400, "Device Id or module Id doesn't match between request URI and body."));
}

#[test]
fn other_paths_are_left_to_others() {
    for target in ["/", "/twins/d/methods", "/devices/d", "/devices/d/messages/events", "/devices/d/modules/a/b/c"] {
        let call = HttpCall { method: "POST", target, headers: &[], body: b"" };
        assert_eq!(parse_nested(&call), None, "{target}");
    }
}
