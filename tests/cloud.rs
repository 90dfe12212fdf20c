//! The cloud above the device and the programs of the device itself, as a developer meets them through the CLI.

#[path = "cloud/agent.rs"]
mod agent;
#[path = "cloud/module.rs"]
mod module;
mod support;
#[path = "cloud/test_port.rs"]
mod test_port;
#[path = "cloud/uploads.rs"]
mod uploads;

use module::Module;
use serde_json::{Value, json};
use support::simulation::Simulation;
use support::site::{Site, template, until};

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

const TWIN: &[&str] = &["$iothub/twin/res/#", "$iothub/twin/PATCH/properties/desired/#"];

fn reported(site: &Site, target: &str) -> Value {
    site.folder.run_args(&["twin", "show", target, "--json"]).json()["properties"]["reported"].take()
}

// protocol.md §9.4, §7.5
#[test]
fn what_the_cloud_or_the_hub_refuses_stands_in_the_log_of_its_module() {
    let site = pair("FROM /messages/* INTO $upstream");
    let simulation = start(&site);
    let mut a = Module::login(&site, "a", &["$iothub/twin/res/#"]);
    let texts = |name: &str| (0..7).map(|n| (format!("{name}{n}"), json!("x".repeat(4000)))).collect();
    let patch = |name: &str| Value::Object(texts(name)).to_string();
    assert_eq!(a.report(&patch("a")), "$iothub/twin/res/204/?$rid=patch&$version=2");
    assert_eq!(a.report(&patch("b")), "$iothub/twin/res/204/?$rid=patch&$version=3", "the cloud is asked later");
    a.report("[1]");
    until("both are told", || site.run("logs a").stdout.lines().count() == 2);
    let log = "a . the cloud refuses what `d/a` reported: the reported properties would take 56028 bytes, and 32768 are \
        allowed\na . reported properties of `d/a` are refused: reported properties are a JSON object, found another value\n";
    site.run("logs a").check(0, log, "");
    stop(&site, simulation);
}

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
