//! The cloud above the device and the programs of the device itself, as a developer meets them through the CLI.

mod support;
#[path = "cloud/uploads.rs"]
mod uploads;

use std::collections::VecDeque;

use bytes::Bytes;
use edgectl::mqtt::packet::{Packet, PacketId, Publish, PublishQos, Qos, Subscribe};
use serde_json::{Value, json};
use support::simulation::Simulation;
use support::site::{Site, template};
use support::wire::Client;

const TO_B: &str = "FROM /messages/modules/a/* INTO BrokeredEndpoint(\\\"/modules/b/inputs/in\\\")";

/// A site whose modules `a` and `b` are started from outside, with one route.
fn pair(route: &str) -> Site {
    Site::new().file("deployment.template.json", &template(&["a", "b"], route))
}

fn start(site: &Site) -> Simulation {
    site.start_ready("--external a --external b --device d")
}

fn stop(site: &Site, simulation: Simulation) {
    assert_eq!(site.run("stop --json").json(), json!({ "stopped": true }));
    assert_eq!(simulation.end().status, Some(0));
}

/// A module that remembers what it is told until it is asked for.
struct Module {
    client: Client,
    published: VecDeque<Publish>,
    last: u16,
}

impl Module {
    fn login(site: &Site, name: &str, filters: &[&str]) -> Self {
        let mut module = Self { client: Client::login(site, name), published: VecDeque::new(), last: 1 };
        for filter in filters {
            let id = module.next_id();
            let filters = vec![((*filter).to_owned(), Qos::AtMostOnce)];
            module.client.send(&Packet::Subscribe(Subscribe { id, filters }));
            while !matches!(module.receive(), Packet::SubAck(_)) {}
        }
        module
    }

    fn next_id(&mut self) -> PacketId {
        self.last += 1;
        PacketId::new(self.last).expect("not zero")
    }

    /// Returns the next packet; one that delivers something is remembered too.
    fn receive(&mut self) -> Packet {
        let packet = self.client.receive().expect("the hub stays");
        if let Packet::Publish(publish) = &packet {
            if let PublishQos::AtLeastOnce(id) = publish.qos {
                self.client.send(&Packet::PubAck(id));
            }
            self.published.push_back(publish.clone());
        }
        packet
    }

    /// Publishes and waits for the acknowledgement.
    fn publish(&mut self, topic: &str, body: &str) {
        let id = self.next_id();
        self.client.send(&Packet::Publish(Publish {
            duplicate: false,
            retain: false,
            qos: PublishQos::AtLeastOnce(id),
            topic: topic.to_owned(),
            payload: Bytes::copy_from_slice(body.as_bytes()),
        }));
        while self.receive() != Packet::PubAck(id) {}
    }

    fn send(&mut self, body: &str) {
        self.publish("devices/d/modules/a/messages/events/%24.on=o", body);
    }

    /// Returns topic and body of the next delivery.
    fn told(&mut self) -> (String, Value) {
        loop {
            if let Some(publish) = self.published.pop_front() {
                return (publish.topic, serde_json::from_slice(&publish.payload).unwrap_or_default());
            }
            self.receive();
        }
    }

    fn twin(&mut self) -> Value {
        self.publish("$iothub/twin/GET/?$rid=get", "");
        let (topic, twin) = self.told();
        assert_eq!(topic, "$iothub/twin/res/200/?$rid=get");
        twin
    }

    fn report(&mut self, patch: &str) -> String {
        self.publish("$iothub/twin/PATCH/properties/reported/?$rid=patch", patch);
        self.told().0
    }
}

const TWIN: &[&str] = &["$iothub/twin/res/#", "$iothub/twin/PATCH/properties/desired/#"];

fn reported(site: &Site, target: &str) -> Value {
    site.folder.run_args(&["twin", "show", target, "--json"]).json()["properties"]["reported"].take()
}

// protocol.md §9.4, §7.5
#[test]
fn offline_the_device_goes_on_and_afterwards_both_sides_know_all() {
    let site = pair("FROM /messages/* INTO $upstream");
    let mut simulation = start(&site);
    let mut a = Module::login(&site, "a", TWIN);
    a.twin();
    let cut = site.run("upstream offline --json").json();
    assert_eq!(cut, json!({ "upstream": "offline", "waiting": 0, "latencyMs": 0, "returnsIn": null }));
    simulation.record("the cut", |record| record["type"] == "upstream" && record["upstream"] == "offline");

    for body in ["1", "2", "3"] {
        a.send(body);
    }
    assert_eq!(a.report(r#"{"state":"up"}"#), "$iothub/twin/res/204/?$rid=patch&$version=2");
    a.report(r#"{"old":1}"#);
    a.report(r#"{"old":null}"#);
    site.folder.run_args(&["twin", "patch", "a", r#"{"threshold":30}"#]).json();
    assert_eq!(reported(&site, "a")["state"], Value::Null, "the cloud does not know yet");
    assert_eq!(a.twin()["desired"], json!({ "$version": 1 }), "nor does the device");
    let b = Module::login(&site, "b", TWIN).twin();
    assert_eq!(b, json!({ "desired": { "$version": 1 }, "reported": { "$version": 1 } }), "who connects is let in");
    let call = site.run("call a reset");
    let stderr = "error: cannot call `reset` of `d/a`\n  caused by: the device is offline, and the call comes from the \
        cloud\nhint: restore the link with `edgectl upstream online`\n";
    call.check(4, "", stderr);
    assert_eq!(site.run("ps").stderr, "    Upstream offline, 3 messages wait\n");

    // They are read from the store first.
    site.run("upstream online").check(0, "online, 3 messages wait\n", "");
    site.ask_until("upstream", |state| state["waiting"] == 0);
    let topic = "$iothub/twin/PATCH/properties/desired/?$version=2";
    assert_eq!(a.told(), (topic.to_owned(), json!({ "threshold": 30, "$version": 2 })));
    let known = reported(&site, "a");
    assert_eq!((&known["state"], &known["old"], &known["$version"]), (&json!("up"), &Value::Null, &json!(2)));
    assert_eq!(site.run("ps").stderr, "");
    stop(&site, simulation);
}

#[test]
fn a_link_that_is_cut_for_a_time_comes_back_and_a_slow_one_takes_its_time() {
    let site = pair("FROM /messages/* INTO $upstream");
    let mut simulation = start(&site);
    let mut a = Module::login(&site, "a", TWIN);
    assert_eq!(site.run("upstream offline --for 300ms --json").json()["returnsIn"].as_f64().map(f64::ceil), Some(1.0));
    simulation.record("the return", |record| record["type"] == "upstream" && record["upstream"] == "online");
    site.run("upstream --latency 150ms").check(0, "online, 150 ms each way, 0 messages wait\n", "");
    let asked = std::time::Instant::now();
    a.twin();
    assert!(asked.elapsed().as_millis() >= 300, "there and back in {:?}", asked.elapsed());
    let refused = "error: `--for` is for a link that is cut\nhint: write `edgectl upstream offline --for 30s`\n";
    site.run("upstream online --for 3s").check(2, "", refused);
    stop(&site, simulation);
}

// protocol.md §7.6, §8.7
#[test]
fn a_change_of_the_hubs_twin_changes_its_routes_at_once() {
    let site = pair("FROM /messages/* INTO $upstream");
    let mut simulation = start(&site);
    let (mut a, mut b) = (Module::login(&site, "a", &[]), Module::login(&site, "b", &["devices/d/modules/b/inputs/#"]));
    let patch = |routes: Value| {
        let patch = json!({ "routes": routes }).to_string();
        site.folder.run_args(&["twin", "patch", "$edgeHub", &patch, "--json"]).json()["properties"]["reported"].take()
    };
    let known = patch(json!({ "all": TO_B.replace('\\', ""), "again": null }));
    let applied = (json!(3), json!({ "code": 200, "description": "" }));
    assert_eq!((&known["lastDesiredVersion"], &known["lastDesiredStatus"]), (&applied.0, &applied.1));
    a.send("1");
    assert_eq!(b.told().1, json!(1));

    let known = patch(json!({ "all": null, "bad": "FROM nowhere" }));
    let reason = "Error parsing route bad - expected a path such as `/messages/*`, found `nowhere`";
    let status = json!({ "code": 400, "description": format!("Error while parsing desired properties - {reason}") });
    assert_eq!(known["lastDesiredStatus"], status);
    let warning = format!("warning: `$edgeHub` version 4 is refused, the configuration before it stays: {reason}");
    simulation.line("the warning", |_, line| line == warning);
    a.send("2");
    assert_eq!(b.told().1, json!(2), "the old route stays");
    let client = "/properties/reported/clients/d~1b";
    let is_told = |twin: &Value| twin.pointer(client).is_some_and(|client| client["status"] == "Connected");
    let twin = site.ask_until("twin show $edgeHub", is_told);
    let connected = twin.pointer(client).expect("told")["lastConnectedTimeUtc"].clone();
    assert_eq!(connected.as_str().expect("a time").len(), "2023-11-14T22:13:20.0421234Z".len());
    stop(&site, simulation);
}

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
fn sleepers() -> Site {
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
    assert!(!support::site::is_alive(b.as_u64().expect("a process")));
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
    let credentials = support::wire::Credentials::of(&site, "b");
    let mut b = Module::login(&site, "b", &[]);
    let next = template(&["a"], "FROM /messages/* INTO $upstream");
    std::fs::write(site.folder.path("next.json"), next).expect("written");
    let applied = site.run("deploy --apply --hub simulation --file next.json --json").json();
    assert_eq!(applied["removed"], json!(["b"]));
    assert_eq!(b.client.receive(), None, "its connection is closed");
    let (_, answer) = Client::connect(&site, &credentials, &credentials.token(3600));
    assert!(!matches!(answer, Some(edgectl::mqtt::packet::ConnAck::Accepted { .. })), "{answer:?}");
    stop(&site, simulation);
    let simulation = site.start_ready("--external a --device d --file next.json");
    let (_, answer) = Client::connect(&site, &credentials, &credentials.token(3600));
    assert!(!matches!(answer, Some(edgectl::mqtt::packet::ConnAck::Accepted { .. })), "{answer:?}");
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

/// Sends one request to the test port and returns the status line and the body of the answer.
fn post(site: &Site, port: u16, body: &str) -> (String, String) {
    let mut stream = std::net::TcpStream::connect((site.address.as_str(), port)).expect("the port is open");
    let text = format!(
        "POST /api/v1/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = support::wire::request(&mut stream, &text);
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}

#[test]
fn the_test_port_puts_messages_into_the_module_under_test() {
    let site = Site::new();
    let simulation = site.start_ready("--external b --device d --input-port 53001");
    let accepted = ("HTTP/1.1 202 Accepted".to_owned(), String::new());
    assert_eq!(post(&site, 53001, r#"{"inputName":"in","data":"hot"}"#), accepted);
    assert_eq!(post(&site, 53001, r#"{"inputName":"in","data":{"t":1},"properties":{"level":"high"}}"#), accepted);
    let refused = ("HTTP/1.1 400 BadRequest".to_owned(), r#"{"message":"inputName is missing"}"#.to_owned());
    assert_eq!(post(&site, 53001, r#"{"data":1}"#), refused);
    let mut b = Module::login(&site, "b", &["devices/d/modules/b/inputs/#"]);
    assert_eq!(b.told().1, json!("hot"));
    let (topic, body) = b.told();
    assert_eq!(body, json!({ "t": 1 }));
    assert!(topic.starts_with("devices/d/modules/b/inputs/in/") && topic.contains("level=high"), "{topic}");
    stop(&site, simulation);
    let refused = "error: `--input-port` is for one module that is started from outside\n\
        hint: name that module with `--external MODULE`\n";
    assert!(site.simulate("--external b --external c --input-port 53001").stderr.ends_with(refused));
}

// protocol.md §7.5
#[test]
fn a_reported_change_is_delivered_as_from_who_reported_it() {
    let site = pair("FROM /twinChangeNotifications INTO BrokeredEndpoint(\\\"/modules/b/inputs/in\\\")");
    let simulation = start(&site);
    let (mut a, mut b) =
        (Module::login(&site, "a", TWIN), Module::login(&site, "b", &["devices/d/modules/b/inputs/#"]));
    a.report(r#"{"state":"up"}"#);
    let (topic, body) = b.told();
    assert_eq!(body, json!({ "state": "up" }));
    assert!(topic.contains("%24.cdid=d&%24.cmid=a") && topic.contains("%24.schema=twinChangeNotification"), "{topic}");
    stop(&site, simulation);
}
