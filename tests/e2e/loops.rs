//! From `new` to a message that came out of the module, for every template and both runtimes.

use std::net::{TcpListener, TcpStream};
use std::process::Command;

use serde_json::json;

use crate::support::parts::part;
use crate::support::site::Site;
use crate::toolchain::toolchain;

#[test]
fn a_python_module_runs_as_a_process() {
    run_as_process("python");
}

#[test]
fn a_node_module_runs_as_a_process() {
    run_as_process("node");
}

#[test]
fn a_rust_module_runs_as_a_process() {
    run_as_process("rust");
}

#[test]
fn a_typescript_module_runs_as_a_process() {
    run_as_process("typescript");
}

#[test]
fn a_go_module_runs_as_a_process() {
    run_as_process("go");
}

#[test]
fn a_python_module_is_built_and_runs_in_a_container() {
    run_in_container("python", "base_image", "EDGECTL_TEST_BASE_PYTHON");
}

#[test]
fn a_node_module_is_built_and_runs_in_a_container() {
    run_in_container("node", "base_image", "EDGECTL_TEST_BASE_NODE");
}

#[test]
fn a_typescript_module_is_built_and_runs_in_a_container() {
    run_in_container("typescript", "base_image", "EDGECTL_TEST_BASE_NODE");
}

#[test]
fn a_rust_module_is_built_and_runs_in_a_container() {
    run_in_container("rust", "build_image", "EDGECTL_TEST_BASE_RUST");
}

#[test]
fn a_go_module_is_built_and_runs_in_a_container() {
    run_in_container("go", "build_image", "EDGECTL_TEST_BASE_GO");
}

#[test]
fn a_python_module_runs_with_its_debugger() {
    run_debugged("python", "base_image", "EDGECTL_TEST_BASE_PYTHON", 5678);
}

#[test]
fn a_node_module_runs_with_its_debugger() {
    run_debugged("node", "base_image", "EDGECTL_TEST_BASE_NODE", 9229);
}

#[test]
fn a_typescript_module_runs_with_its_debugger() {
    run_debugged("typescript", "base_image", "EDGECTL_TEST_BASE_NODE", 9229);
}

/// With the route that the module's README shows.
#[test]
fn what_the_simulated_sensor_sends_comes_through_a_new_filter() {
    let Some(variables) = toolchain("go") else { return };
    let site = Site::scaffolded().variables(&variables);
    let sensor = "mcr.microsoft.com/azureiotedge-simulated-temperature-sensor:1.6";
    site.done(&["new", "module", "sensor", "--image", sensor]);
    site.done(&["new", "module", "filter", "--template", "go", "--yes"]);
    let readme = site.folder.read("modules/filter/README.md");
    assert!(readme.contains(&format!("edgectl new module sensor --image {sensor}")));
    let route = readme.lines().find(|line| line.starts_with("\"sensorTofilter\": ")).expect("it shows a route");
    let template = site.folder.read("deployment.template.json");
    site.folder
        .write("deployment.template.json", &template.replace("\"routes\": {", &format!("\"routes\": {{{route},")));
    site.start_detached("--runtime process --only filter --only sensor");
    site.done(&["twin", "patch", "filter", r#"{"threshold":0}"#]);
    site.done(&["twin", "patch", "sensor", r#"{"SendInterval":0.2}"#]);
    let passed = site.json("monitor --from filter/outputs/output1 --since start --count 1 --timeout 60");
    let body = &passed["body"];
    assert_eq!((&body["alert"], body["machine"]["temperature"].is_f64()), (&json!(true), true), "{passed}");
    site.run("stop").check(0, "", "     Stopped the simulation\n");
}

fn run_as_process(template: &str) {
    let Some(variables) = toolchain(template) else { return };
    let site = Site::scaffolded().variables(&variables);
    site.done(&["new", "module", "filter", "--template", template, "--yes"]);
    site.start_detached("--runtime process");
    check_filter(&site, "process");
    site.run("stop").check(0, "", "     Stopped the simulation\n");
    check_own_tests(template, &site, &variables);
}

/// Runs the tests of a module whose packages are there now; those that need none are run in `sources`.
fn check_own_tests(template: &str, site: &Site, variables: &[(&str, String)]) {
    let command: &[&str] = match template {
        "typescript" => &["npm", "test"],
        "rust" => &["cargo", "test", "--release"],
        _ => return,
    };
    let mut tests = Command::new(command[0]);
    tests.args(&command[1..]).envs(variables.iter().cloned()).current_dir(site.folder.path("modules/filter"));
    let run = tests.output().expect("the toolchain is here");
    assert!(run.status.success(), "{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
}

fn run_in_container(template: &str, parameter: &str, image: &str) {
    let Some(site) = with_image(template, parameter, image) else { return };
    site.done(&["build"]);
    site.start_detached("--runtime docker");
    check_filter(&site, "container");
    site.run("stop").check(0, "", "     Stopped the simulation\n");
}

/// Runs the debug variant, whose debugger listens where the debug template says: at a port of the test's own here.
fn run_debugged(template: &str, parameter: &str, image: &str, port: u16) {
    let Some(site) = with_image(template, parameter, image) else { return };
    site.done(&["build", "--debug"]);
    let own = free_port();
    let debug = site.folder.read("deployment.debug.template.json");
    site.folder.write(
        "deployment.debug.template.json",
        &debug.replace(&format!("\"HostPort\": \"{port}\""), &format!("\"HostPort\": \"{own}\"")),
    );
    site.start_detached("--runtime docker --file deployment.debug.template.json");
    check_filter(&site, "container");
    TcpStream::connect(("127.0.0.1", own)).expect("the debugger listens");
    site.run("stop").check(0, "", "     Stopped the simulation\n");
}

/// A port that nobody has right now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port()
}

/// A solution with a module of the template on an image of the tests; `None` without parts.
fn with_image(template: &str, parameter: &str, image: &str) -> Option<Site> {
    let base = part("EDGECTL_TEST_ENGINE").and(part(image))?;
    let site = Site::scaffolded();
    let set = format!("{parameter}={base}");
    // A name of its own in the engine, which all tests share.
    let repository = format!("repository=edgectl-e2e/{template}-{}", std::process::id());
    site.done(&["new", "module", "filter", "-t", template, "--set", &set, "--set", &repository, "--yes"]);
    Some(site)
}

/// Sends a reading through the filter, moves its threshold, and sends another that it keeps.
fn check_filter(site: &Site, runtime: &str) {
    let rows = site.json("ps");
    assert_eq!((&rows[0]["name"], &rows[0]["runtime"]), (&json!("filter"), &json!(runtime)));

    site.done(&["send", "filter/inputs/input1", "--data", r#"{"machine":{"temperature":40}}"#]);
    let first = site.json("monitor --from filter/outputs/output1 --since start --count 1 --timeout 60");
    assert_eq!(first["body"], json!({"machine": {"temperature": 40}, "alert": true, "count": 1}));
    assert_eq!(first["to"], "$upstream");

    site.done(&["twin", "patch", "filter", r#"{"threshold":1000}"#]);
    site.ask_until("twin show filter", |twin| twin["properties"]["reported"]["threshold"] == 1000);

    site.done(&["send", "filter/inputs/input1", "--data", r#"{"temperature":41}"#]);
    let answer = site.ask_until("call filter status", |answer| answer["payload"]["received"] == 2);
    assert_eq!(answer, json!({"status": 200, "payload": {"received": 2, "forwarded": 1, "threshold": 1000}}));
    assert_eq!(site.json("call filter ping"), json!({"status": 200, "payload": "pong"}));
    let refused = site.run("call filter dance --json");
    assert_eq!(refused.status, Some(4));
    let answer: serde_json::Value = serde_json::from_str(&refused.stdout).expect("the answer");
    assert_eq!(answer, json!({"status": 404, "payload": {"error": "there is no method dance"}}));

    site.done(&["send", "filter/inputs/input2", "--data", r#"{"temperature":2000}"#]);
    site.done(&["twin", "patch", "filter", r#"{"threshold":null}"#]);
    site.ask_until("twin show filter", |twin| twin["properties"]["reported"]["threshold"] == 25);
    let again = site.run("monitor --from filter/outputs/output1 --since start --count 2 --timeout 1 --json");
    assert_eq!((again.status, again.stdout.lines().count()), (Some(1), 1), "{}", again.stderr);
}
