//! What unmodified SDK programs live through: tokens that grow old, and a hub that is killed and comes back.

use std::cell::Cell;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::program::{Program, Sdk};
use crate::support::simulation::Simulation;
use crate::support::site::{Site, template};

/// Over these, SDKs come in anew with each token; over AMQP they put it on the connection that they have.
const MQTT: [&str; 2] = ["mqtt", "mqtt-ws"];
const AMQP: [&str; 2] = ["amqp", "amqp-ws"];

#[test]
fn a_python_program_comes_in_again_with_each_new_token() {
    let Some(sdk) = Sdk::python() else { return };
    MQTT.iter().for_each(|transport| check_module_renewal(&sdk, transport));
}

#[test]
fn a_node_program_comes_in_again_with_each_new_token() {
    let Some(sdk) = Sdk::node() else { return };
    MQTT.iter().for_each(|transport| check_module_renewal(&sdk, transport));
}

#[test]
fn a_token_that_grows_old_is_renewed_on_the_same_amqp_connection() {
    // protocol.md §3.4
    let Some(sdk) = Sdk::node() else { return };
    AMQP.iter().for_each(|transport| check_module_renewal(&sdk, transport));
}

#[test]
fn a_device_renews_its_tokens() {
    let (Some(python), Some(node)) = (Sdk::python(), Sdk::node()) else { return };
    check_device_renewal(&python, "mqtt");
    MQTT.iter().chain(&AMQP).for_each(|transport| check_device_renewal(&node, transport));
}

#[test]
fn a_python_program_finds_the_hub_again() {
    // protocol.md §4.2
    let Some(sdk) = Sdk::python() else { return };
    MQTT.iter().for_each(|transport| check_return(&sdk, transport));
}

#[test]
fn a_node_program_finds_the_hub_again() {
    let Some(sdk) = Sdk::node() else { return };
    MQTT.iter().for_each(|transport| check_return(&sdk, transport));
}

#[test]
fn an_amqp_program_finds_the_hub_again() {
    let Some(sdk) = Sdk::node() else { return };
    AMQP.iter().for_each(|transport| check_return(&sdk, transport));
}

#[test]
fn a_device_finds_the_hub_again() {
    let (Some(python), Some(node)) = (Sdk::python(), Sdk::node()) else { return };
    check_device_return(&python, "mqtt");
    MQTT.iter().chain(&AMQP).for_each(|transport| check_device_return(&node, transport));
}

/// A module with tokens that are renewed every two seconds, until it has had three.
fn check_module_renewal(sdk: &Sdk, transport: &str) {
    let site = Site::new();
    let mut simulation = site.start_ready("--external x");
    let mut program = sdk.start(&credentials(&site, "x"), sdk.module, &[transport, "2"]);
    program.event("connected");
    wait_for_tokens(&mut simulation, &mut program, transport);
    check_module(&site, &mut simulation, &mut program, 1);
    program.end();
    check_comings(simulation, transport);
}

fn check_device_renewal(sdk: &Sdk, transport: &str) {
    let site = with_device();
    let mut simulation = site.start_ready("--external x");
    let mut program = sdk.start(&credentials(&site, "leaf1"), sdk.device, &[transport, "2"]);
    program.event("connected");
    wait_for_tokens(&mut simulation, &mut program, transport);
    check_device(&site, &mut simulation, &mut program, 1);
    program.end();
    check_comings(simulation, transport);
}

/// Waits until the program has shown its third token, in the way of its transport.
fn wait_for_tokens(simulation: &mut Simulation, program: &mut Program, transport: &str) {
    if AMQP.contains(&transport) {
        program.event("renewal");
        program.event("renewal");
        return;
    }
    let comings = Cell::new(0);
    simulation.record("the third coming", |record| {
        comings.set(comings.get() + u32::from(is_coming(record)));
        comings.get() == 3
    });
}

/// Ends the simulation, which has refused nobody; over AMQP the program came in once.
fn check_comings(simulation: Simulation, transport: &str) {
    let run = simulation.interrupt();
    let told = [run.stdout.as_str(), &run.stderr].concat();
    assert!(!told.contains("refused"), "{told}");
    let records: Vec<Value> = run.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let comings = records.iter().filter(|record| is_coming(record)).count();
    assert_eq!(comings == 1, AMQP.contains(&transport), "{told}");
}

/// Says whether the module or device, the only one here, came in.
fn is_coming(record: &Value) -> bool {
    (record["type"] == "module" || record["type"] == "device") && record["connected"] == true
}

/// A module whose hub is killed: it comes back by itself, and everything works as before.
fn check_return(sdk: &Sdk, transport: &str) {
    let site = Site::new();
    let mut simulation = site.start_ready("--external x");
    let mut program = sdk.start(&credentials(&site, "x"), sdk.module, &[transport]);
    program.event("connected");
    // The SDKs come back for the sake of what they have subscribed to, so let them.
    check_module(&site, &mut simulation, &mut program, 1);
    let mut simulation = kill_and_start(&site, simulation);
    check_module(&site, &mut simulation, &mut program, 2);
    program.end();
}

fn check_device_return(sdk: &Sdk, transport: &str) {
    let site = with_device();
    let mut simulation = site.start_ready("--external x");
    let mut program = sdk.start(&credentials(&site, "leaf1"), sdk.device, &[transport]);
    program.event("connected");
    check_device(&site, &mut simulation, &mut program, 1);
    let mut simulation = kill_and_start(&site, simulation);
    check_device(&site, &mut simulation, &mut program, 2);
    program.end();
}

fn kill_and_start(site: &Site, simulation: Simulation) -> Simulation {
    simulation.signal(Signal::KILL);
    drop(simulation.end());
    site.start_ready("--external x")
}

fn check_module(site: &Site, simulation: &mut Simulation, program: &mut Program, n: u64) {
    site.done(&["send", "x/inputs/input1", "--data", "\"waits\""]);
    assert_eq!(program.event("input")["body"], "\"waits\"");
    program.step(&format!(r#"send output1 {{"n":{n}}}"#));
    assert_eq!(simulation.message("x", "$upstream")["body"], json!({ "n": n }));
    check_services(site, program, "x", n);
}

fn check_device(site: &Site, simulation: &mut Simulation, program: &mut Program, n: u64) {
    site.done(&["send", "devices/leaf1", "--data", "waits"]);
    assert_eq!(program.event("message")["body"], "waits");
    program.step(&format!(r#"send {{"n":{n}}}"#));
    simulation.record("telemetry", |r| r["type"] == "message" && r["body"]["n"] == n);
    check_services(site, program, "leaf1", n);
}

/// Twin and methods, of which the program is told without having asked again.
fn check_services(site: &Site, program: &mut Program, target: &str, n: u64) {
    let answer = site.json(&format!("call {target} count --connect-timeout 60"));
    assert_eq!(answer["status"], 200);
    program.step(&format!(r#"report {{"n":{n}}}"#));
    assert_eq!(site.json(&format!("twin show {target}"))["properties"]["reported"]["n"], n);
    site.done(&["twin", "patch", target, &json!({ "interval": n }).to_string()]);
    program.event_where("desired", |event| event["patch"]["interval"] == n);
}

fn with_device() -> Site {
    let site = Site::new().file("deployment.template.json", &template(&["x"], "FROM /messages/* INTO $upstream"));
    site.done(&["device", "add", "leaf1"]);
    site
}

/// Returns the environment with the connection string, whose key the programs make tokens of.
fn credentials(site: &Site, target: &str) -> String {
    let run = site.run(&format!("credentials {target} --format env --auth connection-string"));
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    run.stdout
}
