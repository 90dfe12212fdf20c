//! The way of containers to the workload API: a mounted socket, or a port each.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::containers::{BUSYBOX, import_busybox, in_container};
use crate::support::parts::part;
use crate::support::simulation::Simulation;
use crate::support::site::{Site, template, until};

/// Asks for the trust bundle at the address that the module `filter` was given.
const ASK: &str = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1] + \
    '/trust-bundle?api-version=2018-06-28', timeout=10).status)";

/// A solution with a Python SDK module `filter`, and `other` that only lives on the same image; `None` without parts.
fn two_modules(variables: &[(&str, String)]) -> Option<Site> {
    let base = part("EDGECTL_TEST_ENGINE").and(part("EDGECTL_TEST_BASE_PYTHON"))?;
    let solution = Site::scaffolded().variables(variables);
    let (set, repository) = (format!("base_image={base}"), "repository=edgectl-e2e/door");
    solution.done(&["new", "module", "filter", "-t", "python", "--set", &set, "--set", repository, "--yes"]);
    solution.done(&["new", "module", "other", "-t", "image", "--set", &format!("image={base}"), "--yes"]);
    solution
        .folder
        .write("edgectl.yaml", "modules:\n  other: {createOptions: {Cmd: [sleep, '1000'], StopSignal: SIGKILL}}\n");
    solution.done(&["build"]);
    Some(solution)
}

/// Waits until the SDK has come in by the workload API.
fn wait_for_sdk(simulation: &mut Simulation) {
    simulation.record("record", |r| r["module"] == "filter" && r["line"] == "sign (workload API)");
    simulation.record("record", |r| r["name"] == "filter" && r["connected"] == true);
}

// protocol.md §2.1: over TCP there is no process id, so the port tells who calls.
#[test]
fn a_port_of_the_workload_api_lets_in_its_own_container_and_no_other() {
    let Some(solution) = two_modules(&[]) else { return };
    let mut simulation = solution.start_ready("--runtime docker --workload http");
    assert_eq!(simulation.ready["workload"], "http");
    wait_for_sdk(&mut simulation);
    simulation.record("record", |r| r["name"] == "other" && r["status"] == "running");
    let uri = in_container(&solution, "filter", &["printenv", "IOTEDGE_WORKLOADURI"]).expect("it is set");
    let theirs = in_container(&solution, "other", &["printenv", "IOTEDGE_WORKLOADURI"]).expect("it is set");
    assert!(uri.starts_with("http://") && uri != theirs, "{uri}, {theirs}");
    let ask = |module, uri: &str| in_container(&solution, module, &["python3", "-c", ASK, uri]);
    assert_eq!([ask("filter", &uri), ask("other", &theirs)], [Some("200".to_owned()), Some("200".to_owned())]);
    assert_eq!([ask("other", &uri), ask("filter", &theirs)], [None, None]);
    assert_eq!(in_container(&solution, "filter", &["ls", "/var/run/iotedge"]), None, "nothing is mounted");
    // The address comes with the plan, not with the container: a new one is let in as well.
    solution.done(&["restart", "filter"]);
    wait_for_sdk(&mut simulation);
    assert_eq!(simulation.interrupt().status, Some(130));
}

#[test]
fn a_port_of_the_workload_api_stays_as_long_as_its_module() {
    if part("EDGECTL_TEST_ENGINE").is_none() {
        return;
    }
    import_busybox();
    let solution = Site::scaffolded_as(&format!("ports{}", std::process::id()));
    let deployment = |x: Option<&str>| {
        let mut template: Value =
            serde_json::from_str(&template(&["y"], "FROM /messages/* INTO $upstream")).expect("JSON");
        let modules = &mut template["modulesContent"]["$edgeAgent"]["properties.desired"]["modules"];
        let options = json!({ "Cmd": ["/bin/busybox", "sleep", "1000"], "StopSignal": "SIGKILL" });
        modules["y"]["settings"] = json!({ "image": BUSYBOX, "createOptions": options });
        if let Some(edition) = x {
            modules["x"] = modules["y"].clone();
            modules["x"]["env"] = json!({ "EDITION": { "value": edition } });
        }
        template.to_string()
    };
    solution.folder.write("deployment.template.json", &deployment(Some("first")));
    let simulation = solution.start_ready("--runtime docker --workload http");
    let busybox =
        |module: &str, command: &[&str]| in_container(&solution, module, &[&["/bin/busybox"], command].concat());
    let variable = |module: &str, name: &str| busybox(module, &["sh", "-c", &format!("echo ${name}")]);
    let runs = |edition: &str| until("the edition runs", || variable("x", "EDITION").as_deref() == Some(edition));
    let address = |module: &str| variable(module, "IOTEDGE_WORKLOADURI").expect("it is set");
    let is_let_in =
        |uri: &str| busybox("x", &["wget", "-qO-", &format!("{uri}/trust-bundle?api-version=2018-06-28")]).is_some();
    // Somebody else is heard and sent away.
    let is_open = |uri: &str| {
        let (host, port) = uri.trim_start_matches("http://").split_once(':').expect("it has a port");
        busybox("y", &["nc", "-w", "5", host, port]).is_some()
    };
    let deploy = |x: Option<&str>| {
        solution.folder.write("next.json", &deployment(x));
        assert_eq!(solution.json("deploy --apply --hub simulation --file next.json")["status"], 200);
    };
    runs("first");
    let first = ["x", "y"].map(address);
    assert!(is_open(&first[0]) && is_let_in(&first[0]));

    deploy(Some("second"));
    runs("second");
    assert_eq!(["x", "y"].map(address), first);
    assert!(is_let_in(&first[0]));

    deploy(None);
    until("the port is closed", || !is_open(&first[0]));
    deploy(Some("third"));
    runs("third");
    assert!(is_let_in(&address("x")));
    assert_eq!(simulation.interrupt().status, Some(130));
}

#[test]
fn a_socket_that_arrives_in_containers_is_mounted() {
    let Some(solution) = two_modules(&[]) else { return };
    let mut simulation = solution.start_ready("--runtime docker");
    assert_eq!(simulation.ready["workload"], "socket");
    wait_for_sdk(&mut simulation);
    let uri = in_container(&solution, "filter", &["printenv", "IOTEDGE_WORKLOADURI"]);
    assert_eq!(uri.as_deref(), Some("unix:///var/run/iotedge/workload.sock"));
}

#[test]
fn an_engine_that_does_not_see_our_folders_gets_ports() {
    let folder = tempfile::tempdir().expect("the temporary folder can be written");
    let runtime = ("XDG_RUNTIME_DIR", folder.path().display().to_string());
    let Some(solution) = part("EDGECTL_TEST_ROOT").and_then(|_| two_modules(&[runtime])) else { return };
    let mut simulation = start_hidden(&solution, folder.path());
    assert_eq!(simulation.ready["workload"], "http");
    wait_for_sdk(&mut simulation);
    assert_eq!(simulation.interrupt().status, Some(130));
}

#[test]
fn a_module_on_a_network_of_its_own_cannot_have_a_port() {
    let Some(solution) = two_modules(&[]) else { return };
    let override_ = "modules:\n  filter: {skip: true}\n  other: {createOptions: {HostConfig: {NetworkMode: host}}}\n";
    solution.folder.write("edgectl.yaml", override_);
    let stderr = "\
error: cannot give module `other` the workload API over http
  caused by: its createOptions choose a network, so it has no address of its own in the simulation's
hint: take that back in `edgectl.yaml`: `modules: {other: {createOptions: {HostConfig: {NetworkMode: null}, \
NetworkingConfig: null}}}`
";
    solution.simulate("--runtime docker --workload http").check(1, "", stderr);
}

/// Starts a simulation where nobody else, the engine least of all, sees what edgectl makes in `folder`.
fn start_hidden(solution: &Site, folder: &Path) -> Simulation {
    let plain = solution.folder.command(&["simulate", "--json", "--address", &solution.address, "--runtime", "docker"]);
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", "mount -t tmpfs none \"$0\" && exec \"$@\""]).arg(folder);
    command.arg(plain.get_program()).args(plain.get_args());
    command.current_dir(solution.root()).env_clear();
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut simulation = Simulation::spawn(&mut command);
    simulation.ready = simulation.record("ready", |record| record["type"] == "ready");
    simulation
}
