//! The methods of the agent (protocol.md §11.4).

use serde_json::{Value, json};

use super::{call, online, planned};
use crate::agent::{Owner, Planned};

// protocol.md §11.4
#[test]
fn methods_are_answered_whatever_the_case_of_their_names() {
    let mut world = online();
    world.started("a");
    assert_eq!(call(&mut world, "Ping", Value::Null), ["answer 7 with 200: null"]);
    let restart = |id: &str| json!({ "schemaVersion": "1.0", "id": id });
    assert_eq!(call(&mut world, "restartModule", restart("a")), ["stop a", "answer 7 with 200: null"]);
    let unknown = r#"answer 7 with 500: {"message":"Module b not found in the current environment"}"#;
    assert_eq!(call(&mut world, "RestartModule", restart("b")), [unknown]);
    world.plan(&[planned("a", 0), Planned { owner: Owner::External, ..planned("x", 0) }]);
    let external = r#"answer 7 with 500: {"message":"Module x is started from outside"}"#;
    assert_eq!(call(&mut world, "RestartModule", restart("x")), [external]);
    let logs = json!({ "schemaVersion": "1.0", "items": { "id": "all" } });
    assert_eq!(call(&mut world, "GetModuleLogs", logs), ["read logs for 7"]);
    let task = json!({ "schemaVersion": "1.0", "correlationId": "x" });
    let nothing = r#"answer 7 with 200: {"status":"Unknown","message":"","correlationId":"x"}"#;
    assert_eq!(call(&mut world, "GetTaskStatus", task), [nothing]);
}

// protocol.md §11.4
#[test]
fn methods_are_refused_in_the_words_of_the_product() {
    let mut world = online();
    let mut message = |method: &str, payload: Value| call(&mut world, method, payload).remove(0);
    let unknown = r#"answer 7 with 400: {"message":"Command 'reboot' not found. The supported commands are - "#;
    assert!(message("reboot", Value::Null).starts_with(unknown));
    let missing = r#"answer 7 with 400: {"message":"Request payload not found"}"#;
    assert_eq!(message("RestartModule", Value::Null), missing);
    let array = r#"answer 7 with 400: {"message":"The request payload is no JSON object"}"#;
    assert_eq!(message("RestartModule", json!(["1.0", "a"])), array);
    let filter = |filter: Value| json!({ "schemaVersion": "1.0", "items": [{ "id": "a", "filter": filter }] });
    let tail = r#"answer 7 with 400: {"message":"tail is a number from 0"}"#;
    assert_eq!(message("GetModuleLogs", filter(json!({ "tail": -1 }))), tail);
    let text = r#"answer 7 with 400: {"message":"items: invalid type: string \"x\", expected i64"}"#;
    assert_eq!(message("GetModuleLogs", filter(json!({ "tail": "x" }))), text);
    let other = json!({ "schemaVersion": "2.0", "id": "a" });
    let schema = r#"answer 7 with 400: {"message":"The request schema version 2.0 is not compatible with 1.0"}"#;
    assert_eq!(message("RestartModule", other), schema);
    let logs = json!({ "schemaVersion": "1.0", "items": { "id": "all" } });
    let nowhere = r#"answer 7 with 400: {"message":"missing field `sasUrl` at line 1 column 44"}"#;
    assert_eq!(message("UploadModuleLogs", logs), nowhere);
}
