//! Child devices made with unmodified SDKs, which connect through the simulated gateway with what `credentials` prints.

use serde_json::{Value, json};

use crate::program::{Program, Sdk};
use crate::support::simulation::Simulation;
use crate::support::site::{Site, template};

#[test]
fn a_python_device_works_with_a_key() {
    let Some(sdk) = Sdk::python() else { return };
    check_device(&sdk, "mqtt", "sas");
}

#[test]
fn a_python_device_works_with_a_certificate() {
    let Some(sdk) = Sdk::python() else { return };
    check_device(&sdk, "mqtt", "x509");
}

#[test]
fn a_python_device_works_over_websockets() {
    let Some(sdk) = Sdk::python() else { return };
    check_device(&sdk, "mqtt-ws", "sas");
}

#[test]
fn a_node_device_works_with_a_key() {
    let Some(sdk) = Sdk::node() else { return };
    check_device(&sdk, "mqtt", "sas");
}

#[test]
fn a_node_device_works_with_a_certificate() {
    let Some(sdk) = Sdk::node() else { return };
    check_device(&sdk, "mqtt", "x509");
}

#[test]
fn a_node_device_works_over_websockets() {
    let Some(sdk) = Sdk::node() else { return };
    check_device(&sdk, "mqtt-ws", "sas");
}

#[test]
fn a_node_device_works_with_amqp_and_a_key() {
    // protocol.md §5.3
    let Some(sdk) = Sdk::node() else { return };
    check_device(&sdk, "amqp", "sas");
}

#[test]
fn a_node_device_works_with_amqp_and_a_certificate() {
    // protocol.md §5.1
    let Some(sdk) = Sdk::node() else { return };
    check_device(&sdk, "amqp", "x509");
}

#[test]
fn a_node_device_works_with_amqp_over_websockets() {
    let Some(sdk) = Sdk::node() else { return };
    check_device(&sdk, "amqp-ws", "sas");
}

#[test]
fn a_message_of_the_cloud_is_completed_rejected_or_abandoned_over_amqp() {
    // protocol.md §12.5
    let Some(sdk) = Sdk::node() else { return };
    for transport in ["amqp", "amqp-ws"] {
        check_outcomes(&sdk, transport);
    }
}

/// What is abandoned comes again, ten times at most, what is rejected never, and neither stays in the cloud.
fn check_outcomes(sdk: &Sdk, transport: &str) {
    let site = Site::new().file("deployment.template.json", &template(&["x"], "FROM /messages/* INTO $upstream"));
    site.done(&["device", "add", "leaf1"]);
    let _simulation = site.start_ready("--external x");
    let mut program = start(&site, sdk, transport);
    let ten = ["abandon"; 10];
    for (body, answers) in [
        ("again", &["abandon", "abandon", "complete"][..]),
        ("no", &["reject"]),
        ("tired", &ten),
        ("last", &["complete"]),
    ] {
        program.step(&format!("settle {}", answers.join(" ")));
        site.done(&["send", "devices/leaf1", "--data", body, "--ack", "full", "--message-id", body]);
        for answer in answers {
            assert_eq!(program.event("message")["body"], body);
            assert_eq!(program.event("settled")["answer"], *answer, "{body}");
        }
        site.ask_until("device list", |devices| devices[0]["waiting"] == 0);
    }
    let feedback = site.run("monitor --feedback --since start --count 4 --timeout 10s").stdout;
    let told: Vec<&str> = feedback.lines().filter_map(|line| Some(line.split_once("  ")?.1)).collect();
    let expected = ["Success  again", "Rejected  no", "DeliveryCountExceeded  tired", "Success  last"];
    assert_eq!(told, expected.map(|end| format!("leaf1  {end}")));
    program.end();
}

/// One device from its registration, while nothing runs, to its work without a cloud.
fn check_device(sdk: &Sdk, transport: &str, auth: &str) {
    let site = Site::new().file("deployment.template.json", &template(&["x"], "FROM /messages/* INTO $upstream"));
    site.done(&["device", "add", "leaf1", "--auth", auth]);
    let mut simulation = site.start_ready("--external x");
    site.done(&["send", "devices/leaf1", "--data", "early", "-p", "kind=test"]);
    let mut program = start(&site, sdk, transport);
    let message = program.event("message");
    assert_eq!((&message["body"], &message["properties"]["kind"]), (&json!("early"), &json!("test")));
    check_online(&site, &mut simulation, &mut program);
    check_offline(&site, &mut simulation, &mut program);
    program.end();
    simulation.record("the end of the connection", |r| r["type"] == "device" && r["connected"] == false);
    assert_eq!(simulation.interrupt().status, Some(130));

    let mut simulation = site.start_ready("--external x --upstream offline");
    let mut program = start(&site, sdk, transport);
    program.step(r#"send {"n":3}"#);
    assert_eq!(telemetry(&mut simulation, 3)["from"]["device"], "leaf1");
    assert_eq!(program.step("twin")["twin"]["desired"]["interval"], 5);
    program.end();
}

fn check_online(site: &Site, simulation: &mut Simulation, program: &mut Program) {
    program.step(r#"send {"n":1} colour=blue"#);
    let message = telemetry(simulation, 1);
    assert_eq!(message["from"], json!({"device": "leaf1", "module": null, "output": null}));
    assert_eq!(message["properties"], json!({"colour": "blue"}));
    let seen = site.json("monitor --from devices/leaf1 --since start --count 1 --timeout 10s");
    assert_eq!(seen["body"], json!({"n": 1}));

    site.done(&["twin", "patch", "leaf1", r#"{"interval":5}"#]);
    program.event_where("desired", |event| event["patch"]["interval"] == 5);
    assert_eq!(program.step("twin")["twin"]["desired"]["interval"], 5);
    program.step(r#"report {"state":"ready"}"#);
    assert_eq!(site.json("twin show leaf1")["properties"]["reported"]["state"], "ready");
    assert_eq!(site.json("twin show leaf1")["connectionState"], "Connected");

    let answer = site.folder.run_args(&["call", "leaf1", "count", "--payload", r#"{"a":1}"#, "--json"]).json();
    assert_eq!(answer, json!({"status": 200, "payload": {"calls": 1, "payload": {"a": 1}}}));
    assert_eq!(site.run("call leaf1 refuse").status, Some(4));
    site.done(&["send", "devices/leaf1", "--data", "now"]);
    program.event_where("message", |event| event["body"] == "now");
    let devices = site.ask_until("device list", |devices| devices[0]["waiting"] == 0);
    assert_eq!(devices[0]["messages"], json!({"in": 2, "out": 1}));
}

fn check_offline(site: &Site, simulation: &mut Simulation, program: &mut Program) {
    site.done(&["upstream", "offline"]);
    program.step(r#"send {"n":2}"#);
    telemetry(simulation, 2);
    program.step(r#"report {"state":"alone"}"#);
    site.done(&["twin", "patch", "leaf1", r#"{"mode":"later"}"#]);
    site.done(&["send", "devices/leaf1", "--data", "later"]);
    assert_eq!(site.json("device list")[0]["waiting"], 1);
    assert_eq!(site.json("twin show leaf1")["connectionState"], "Disconnected");

    site.done(&["upstream", "online"]);
    program.event_where("message", |event| event["body"] == "later");
    program.event_where("desired", |event| event["patch"]["mode"] == "later");
    site.ask_until("twin show leaf1", |twin| twin["properties"]["reported"]["state"] == "alone");
    site.ask_until("upstream", |link| link["waiting"] == 0);
}

/// Starts the program of a language that is a device, and waits until it is connected.
fn start(site: &Site, sdk: &Sdk, transport: &str) -> Program {
    let credentials = site.run("credentials leaf1");
    assert_eq!(credentials.status, Some(0), "{}", credentials.stderr);
    let mut program = sdk.start(&credentials.stdout, sdk.device, &[transport]);
    program.event("connected");
    program
}

fn telemetry(simulation: &mut Simulation, number: u64) -> Value {
    simulation.record("telemetry", |r| r["type"] == "message" && r["body"]["n"] == number)
}
