//! The agent, from a deployment to the modules that run: what it touches, reports and answers.

use edgectl::mqtt::packet::ConnAck;
use serde_json::{Value, json};

use crate::module::Module;
use crate::support::site::{Site, is_alive, template};
use crate::support::wire::{Client, Credentials};
use crate::{pair, reported, start, stop};

/// Runs for ever, and says where it begins.
const SLEEPER: &str = "echo up; exec sleep 1000";

/// A deployment template with these modules, each with one environment variable, without routes.
fn deployment(modules: &[(&str, &str)]) -> String {
    let mut manifest: Value = serde_json::from_str(&template(&[], "FROM /messages/* INTO $upstream")).expect("JSON");
    let entry = |level: &str| {
        json!({
            "type": "docker", "status": "running", "restartPolicy": "always", "env": { "LEVEL": { "value": level } },
            "settings": { "image": "localhost:1/x:1" },
        })
    };
    let modules: serde_json::Map<_, _> =
        modules.iter().map(|(name, level)| ((*name).to_owned(), entry(level))).collect();
    manifest["modulesContent"]["$edgeAgent"]["properties.desired"]["modules"] = Value::Object(modules);
    manifest.to_string()
}

/// A site whose modules, whatever their names are, sleep.
pub(crate) fn sleepers() -> Site {
    let yaml: String = ["a", "b", "c"]
        .iter()
        .map(|name| format!("  {name}: {{runtime: process, command: [sh, -c, {SLEEPER:?}]}}\n"))
        .collect();
    Site::new()
        .file("deployment.template.json", &deployment(&[("a", "1"), ("b", "1")]))
        .file("edgectl.yaml", &format!("modules:\n{yaml}"))
}

fn pid(site: &Site, module: &str) -> Value {
    let modules = site.run("ps --json").json();
    let found = modules.as_array().expect("a list").iter().find(|entry| entry["name"] == module);
    found.map_or(Value::Null, |entry| entry["pid"].clone())
}

// protocol.md §11.2
#[test]
fn a_deployment_is_applied_to_the_running_simulation_and_only_what_changed_restarts() {
    let site = sleepers();
    let mut simulation = site.start_ready("--device d --yes");
    let is = |name: &'static str, status: &'static str| {
        move |record: &Value| record["type"] == "module" && record["name"] == name && record["status"] == status
    };
    for name in ["a", "b"] {
        simulation.record("the start", is(name, "running"));
    }
    let (a, b) = (pid(&site, "a"), pid(&site, "b"));
    let key = site.run("credentials b --format connection-string").stdout;

    let next = site.folder.path("next.json");
    std::fs::write(&next, deployment(&[("a", "1"), ("c", "1")])).expect("written");
    let applied = site.run("deploy --apply --hub simulation --file next.json --json").json();
    let expected = json!({
        "version": 3, "deployed": true, "added": ["c"], "changed": [], "removed": ["b"], "status": 200, "description": "",
    });
    assert_eq!(applied, expected);
    simulation.record("the start of c", is("c", "running"));
    simulation.record("the end of b", is("b", "removed"));
    assert_eq!((pid(&site, "a"), pid(&site, "b")), (a.clone(), Value::Null), "a runs on");
    assert!(!is_alive(b.as_u64().expect("a process")));
    assert_eq!(site.run("twin show b").status, Some(1), "its twin is gone");

    std::fs::write(&next, deployment(&[("a", "2"), ("c", "1")])).expect("written");
    let c = pid(&site, "c");
    site.run("deploy --apply --hub simulation --file next.json").check(
        0,
        "",
        "     Changed a\n    Deployed version 4\n",
    );
    simulation.record("the next start of a", |record| is("a", "running")(record) && record["pid"] != a);
    assert_eq!(pid(&site, "c"), c, "c runs on");
    assert!(key.contains("ModuleId=b"));
    let agent = reported(&site, "$edgeAgent");
    assert_eq!((&agent["lastDesiredVersion"], &agent["lastDesiredStatus"]["code"]), (&json!(4), &json!(200)));
    let modules = agent["modules"].as_object().expect("the modules");
    assert_eq!(modules.keys().filter(|key| !key.starts_with('$')).collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(modules["a"]["env"]["LEVEL"]["value"], "2");
    stop(&site, simulation);
}

#[test]
fn the_key_of_a_removed_module_connects_no_more() {
    let site = pair("FROM /messages/* INTO $upstream");
    let simulation = start(&site);
    let credentials = Credentials::of(&site, "b");
    let mut b = Module::login(&site, "b", &[]);
    let next = template(&["a"], "FROM /messages/* INTO $upstream");
    std::fs::write(site.folder.path("next.json"), next).expect("written");
    let applied = site.run("deploy --apply --hub simulation --file next.json --json").json();
    assert_eq!(applied["removed"], json!(["b"]));
    assert_eq!(b.client.receive(), None, "its connection is closed");
    let (_, answer) = Client::connect(&site, &credentials, &credentials.token(3600));
    assert!(!matches!(answer, Some(ConnAck::Accepted { .. })), "{answer:?}");
    stop(&site, simulation);
    let simulation = site.start_ready("--external a --device d --file next.json");
    let (_, answer) = Client::connect(&site, &credentials, &credentials.token(3600));
    assert!(!matches!(answer, Some(ConnAck::Accepted { .. })), "{answer:?}");
    stop(&site, simulation);
}

#[test]
fn a_deployment_made_offline_reaches_the_device_later() {
    let site = sleepers();
    let mut simulation = site.start_ready("--device d --yes");
    site.run("upstream offline");
    std::fs::write(site.folder.path("next.json"), deployment(&[("c", "1")])).expect("written");
    let waiting = "     Waiting version 3 reaches the device when it is online again\n\
        hint: restore the link with `edgectl upstream online`\n";
    site.run("deploy --apply --hub simulation --file next.json").check(0, "", waiting);
    site.run("upstream online");
    simulation.record("the new module", |record| record["name"] == "c" && record["status"] == "running");
    simulation.record("the end of the old", |record| record["name"] == "a" && record["status"] == "removed");
    stop(&site, simulation);
}

// protocol.md §11.3
#[test]
fn a_change_of_the_agents_twin_is_applied_and_a_wrong_one_reported() {
    let site = sleepers();
    let mut simulation = site.start_ready("--device d --yes");
    let patch =
        |patch: Value| site.folder.run_args(&["twin", "patch", "$edgeAgent", &patch.to_string(), "--json"]).json();
    patch(json!({ "modules": { "b": { "status": "stopped" } } }));
    simulation.record("the stop", |record| record["name"] == "b" && record["status"] == "failed");
    let known = reported(&site, "$edgeAgent");
    assert_eq!(known["modules"]["b"]["status"], "stopped");
    patch(json!({ "schemaVersion": "9.0" }));
    let status =
        json!({ "code": 412, "description": "schemaVersion: the schema `9.0` is not known; known are 1.0, 1.1" });
    let is_reported = |twin: &Value| twin["properties"]["reported"]["lastDesiredStatus"] == status;
    site.ask_until("twin show $edgeAgent", is_reported);
    assert_ne!(pid(&site, "a"), Value::Null, "everything else is as it was");
    stop(&site, simulation);
    let kept = site.folder.read(".edgectl/cloud/twins/d/%24edgeAgent.json");
    let kept: Value = serde_json::from_str(&kept).expect("JSON");
    let last = &kept["reported"]["values"];
    assert_eq!(last["lastDesiredStatus"], json!({ "code": 406, "description": "Agent is not running" }));
    assert_eq!(last["modules"]["a"]["runtimeStatus"], "unknown");
}

// protocol.md §11.4
#[test]
fn the_agent_answers_its_methods() {
    let site = sleepers();
    let mut simulation = site.start_ready("--device d --yes");
    simulation.record("a line", |record| record["module"] == "a" && record["line"] == "up");
    let call = |method: &str, payload: Value| {
        site.folder.run_args(&["call", "$edgeAgent", method, "--payload", &payload.to_string(), "--json"])
    };
    assert_eq!(call("ping", Value::Null).json(), json!({ "status": 200, "payload": null }));
    let logs = json!({ "schemaVersion": "1.0", "items": { "id": "^a$", "filter": { "tail": 1 } } });
    let answer = json!({ "status": 200, "payload": [{ "id": "a", "payload": "up\n" }] });
    assert_eq!(call("GetModuleLogs", logs).json(), answer);
    let before = pid(&site, "a");
    assert_eq!(call("RestartModule", json!({ "schemaVersion": "1.0", "id": "a" })).json()["status"], 200);
    simulation.record("the restart", |record| {
        record["name"] == "a" && record["status"] == "running" && record["pid"] != before
    });
    let unknown = call("reboot", Value::Null);
    assert_eq!(unknown.status, Some(4));
    let message = "Command 'reboot' not found. The supported commands are - \
        ping,RestartModule,GetModuleLogs,UploadModuleLogs,UploadSupportBundle,GetTaskStatus";
    assert_eq!(unknown.stdout, format!("{:#}\n", json!({ "status": 400, "payload": { "message": message } })));
    let hub = site.folder.run_args(&["call", "$edgeHub", "ping", "--json"]);
    assert_eq!(hub.stdout, format!("{:#}\n", json!({ "status": 404, "payload": null })));
    stop(&site, simulation);
}

#[test]
fn a_time_scale_shortens_the_agents_pauses() {
    let site = Site::with_modules(&[("a", "exit 3")]);
    let mut simulation = site.start_ready("--device d --time-scale 100 --yes");
    simulation.record("the third restart", |record| record["name"] == "a" && record["restarts"] == 3);
    stop(&site, simulation);
}
