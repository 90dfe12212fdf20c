//! Uploads of logs and support bundles: the tasks, and what they carry (protocol.md §11.4).

use std::io::Cursor;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use zip::ZipArchive;

use super::{START, World, object, online};
use crate::agent::{AgentCall, Input, LogLine, LogSource, Output, TaskId, Upload};

/// Two modules that have printed a line each.
struct Printed;

impl LogSource for Printed {
    fn place(&self) -> (&str, &str) {
        ("hub.local", "d1")
    }

    fn modules(&self) -> Vec<&str> {
        vec!["a", "b"]
    }

    fn lines(&self, module: &str) -> Vec<LogLine<'_>> {
        let text = if module == "a" { "one" } else { "two" };
        vec![LogLine { at: Duration::from_secs(START), stream: "stdout", text }]
    }
}

const CONTAINER: &str = "https://a.blob.core.windows.net/logs?sig=secret";

/// Calls a method that uploads; returns the status that was answered, and the upload.
fn upload(world: &mut World, method: &str, request: Value) -> (Value, Option<(TaskId, Box<Upload>)>) {
    let mut payload = json!({ "schemaVersion": "1.0", "sasUrl": CONTAINER });
    payload.as_object_mut().expect("an object").extend(object(request));
    let call = Input::Call { call: AgentCall(7), method: method.into(), payload: Bytes::from(payload.to_string()) };
    world.agent.handle(world.now(), call);
    let (mut answer, mut found) = (Value::Null, None);
    while let Some(output) = world.agent.poll() {
        match output {
            Output::Answer { status: 200, payload, .. } => answer = payload["status"].clone(),
            Output::Answer { payload, .. } => answer = payload["message"].clone(),
            Output::Upload { task, upload } => found = Some((task, upload)),
            _ => {}
        }
    }
    (answer, found)
}

fn status(world: &World, task: &TaskId) -> Value {
    world.agent.tasks.status(json!(task).as_str().expect("a text"))
}

// protocol.md §11.4
#[test]
fn an_upload_is_a_task_whose_end_can_be_asked_for() {
    let mut world = online();
    let logs = json!({ "items": [{ "id": "all" }] });
    let (told, task) = upload(&mut world, "UploadModuleLogs", logs.clone());
    assert_eq!(told, "Running");
    let (first, _) = task.expect("an upload");
    let (second, _) = upload(&mut world, "uploadmodulelogs", logs).1.expect("an upload");
    assert_ne!(first, second);
    world.tell(Input::Uploaded { task: first.clone(), result: Ok(()) });
    world.tell(Input::Uploaded { task: second.clone(), result: Err("no route to host".into()) });
    assert_eq!(status(&world, &first), json!({ "status": "Completed", "message": "", "correlationId": first }));
    let failed = json!({ "status": "Failed", "message": "no route to host", "correlationId": second });
    assert_eq!(status(&world, &second), failed);
}

// protocol.md §11.4
#[test]
fn blobs_are_named_by_device_module_and_time() {
    let mut world = online();
    let mut names = |method: &str, request: Value| -> Vec<String> {
        let (_, upload) = upload(&mut world, method, request).1.expect("an upload");
        assert_eq!(upload.container().expose(), CONTAINER);
        assert!(!format!("{upload:?}").contains("secret"));
        upload.blobs(&Printed).expect("blobs").into_iter().map(|blob| blob.name).collect()
    };
    let all = json!({ "id": "all" });
    let at = "2023-11-14--22-13-20";
    assert_eq!(
        names("UploadModuleLogs", json!({ "items": all, "encoding": "none", "contentType": "text" })),
        [format!("hub.local/d1/a-{at}.log"), format!("hub.local/d1/b-{at}.log")]
    );
    let one = json!({ "id": "^b" });
    for (encoding, content, ending) in
        [("gzip", "text", "log.gz"), ("none", "json", "json"), ("gzip", "json", "json.gz")]
    {
        let request = json!({ "items": one, "encoding": encoding, "contentType": content });
        assert_eq!(names("UploadModuleLogs", request), [format!("hub.local/d1/b-{at}.{ending}")]);
    }
    assert_eq!(names("UploadSupportBundle", json!({})), [format!("hub.local/d1/support-bundle-{at}.zip")]);
}

// protocol.md §11.4
#[test]
fn a_support_bundle_holds_the_logs_and_what_the_agent_reports() {
    let mut world = online();
    let mut bundle = |request: Value| -> Vec<(String, String)> {
        let (_, upload) = upload(&mut world, "UploadSupportBundle", request).1.expect("an upload");
        let [blob] = &upload.blobs(&Printed).expect("blobs")[..] else { panic!("one archive") };
        let mut archive = ZipArchive::new(Cursor::new(&blob.content)).expect("an archive");
        let files = (0..archive.len()).map(|index| {
            let file = archive.by_index(index).expect("a file");
            let path = file.name().expect("a name in UTF-8").into_owned();
            (path, std::io::read_to_string(file).expect("text"))
        });
        files.collect()
    };
    let [a, b, reported, version] = &bundle(json!({}))[..] else { panic!("four files") };
    assert_eq!((&*a.0, &*a.1, &*b.0, &*b.1), ("logs/a_log.txt", "one\n", "logs/b_log.txt", "two\n"));
    assert_eq!((&*reported.0, &*version.0), ("edgeAgent/reported.json", "edgectl.json"));
    let reported: Value = serde_json::from_str(&reported.1).expect("JSON");
    assert_eq!(reported["systemModules"]["edgeHub"]["runtimeStatus"], "running");
    assert_eq!(serde_json::from_str::<Value>(&version.1).expect("JSON"), crate::twin::runtime_version());
    assert_eq!(bundle(json!({ "edgeRuntimeOnly": true })).len(), 2);
}

// protocol.md §11.4
#[test]
fn uploads_that_cannot_be_are_refused() {
    let mut world = online();
    let mut message = |method: &str, request: Value| upload(&mut world, method, request).0;
    assert_eq!(message("UploadModuleLogs", json!({ "items": [], "sasUrl": " " })), "sasUrl is empty");
    assert_eq!(message("UploadModuleLogs", json!({})), "missing field `items` at line 1 column 82");
    let time = "never is no time: write RFC 3339, seconds since 1970, or 1h";
    assert_eq!(message("UploadSupportBundle", json!({ "since": "never" })), time);
    let nobody = json!({ "items": [{ "id": "nobody" }] });
    let (_, nobody) = upload(&mut world, "UploadModuleLogs", nobody).1.expect("who it matches is known later");
    assert_eq!(nobody.blobs(&Printed), Err("The id nobody matches no module".to_owned()));
}

#[test]
fn ten_uploads_may_run_and_a_hundred_are_remembered() {
    let mut world = online();
    let begin = |world: &mut World| upload(world, "UploadSupportBundle", json!({ "edgeRuntimeOnly": true }));
    let (first, _) = begin(&mut world).1.expect("an upload");
    for _ in 1..10 {
        assert!(begin(&mut world).1.is_some());
    }
    assert_eq!(begin(&mut world).0, "There are 10 uploads under way already");
    for _ in 0..100 {
        world.tell(Input::Uploaded { task: first.clone(), result: Ok(()) });
        let (task, _) = match begin(&mut world).1 {
            Some(begun) => begun,
            None => panic!("there is room"),
        };
        world.tell(Input::Uploaded { task, result: Ok(()) });
    }
    assert_eq!(status(&world, &first)["status"], "Unknown", "it was the oldest");
}
