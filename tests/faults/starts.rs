//! Simulations that do not start.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::files::{UNKNOWN_MODULE, UNKNOWN_ROUTE};
use crate::support::site::{Site, template};
use crate::support::wire::Client;

const ROUTE: &str = "FROM /messages/* INTO $upstream";
const NO_COMMAND: &str = "\
error: cannot run module `m`
  caused by: it has no `run` command in its module.json, and its language suggests none
hint: run it as a container with `--runtime m=docker`
hint: or say how to run it in `edgectl.yaml`: `modules: {m: {command: […]}}`
hint: or leave it out with `--without m`, or start it yourself with `--external m`
";
const NOT_STARTED: &str = "\
error: the simulation did not start
hint: mend what is said above; it also stands in `.edgectl/simulate.log`
";

#[test]
fn names_that_the_deployment_does_not_have_are_refused() {
    let site = Site::new().file("deployment.template.json", &template(&["filter", "sensor"], ROUTE));
    let stderr = "error: the deployment has no module `filtr`\nhint: did you mean `filter`?\n";
    for flag in ["--only filtr", "--without filtr", "--external filtr", "--runtime filtr=process"] {
        site.simulate(flag).check(1, "", stderr);
    }
    let stderr = "error: the deployment has no module `x`\nhint: known there: `filter`, `sensor`\n";
    site.simulate("--only x").check(1, "", stderr);
}

#[test]
fn a_name_where_there_are_no_modules_is_refused() {
    let site = Site::new().file("deployment.template.json", &template(&[], ROUTE));
    let stderr = "error: the deployment has no module `x`\n\
        hint: it has no modules; add this one with `edgectl new module x`\n";
    site.simulate("--only x").check(1, "", stderr);
    let _simulation = site.start_ready("");
    let stderr = "error: the simulation has no module `x`\n\
        hint: no module takes part in it; look at `modules` of the deployment template\n";
    site.run("restart x").check(1, "", stderr);
}

#[test]
fn a_setup_without_consent_is_refused_where_nobody_can_be_asked() {
    let module = r#"{"image": {"repository": "m", "tag": {"version": "1", "platforms": {"amd64": "Dockerfile"}}},
        "run": {"command": ["true"], "setup": [["false", "argument"]]}}"#;
    let text = template(&["m"], ROUTE).replace("localhost:1/m:1.0", "${MODULES.m}");
    let site = Site::new()
        .file("deployment.template.json", &text)
        .file("modules/m/module.json", module)
        .file("modules/m/Dockerfile", "");
    let stderr = format!(
        "       Setup m: false argument\nerror: consent is needed, and stdin is not a terminal\n  \
         caused by: the question is: Run the setup of `m` in {}/modules/m?\n\
         hint: pass `--yes` to run it, or `--no-setup` to go on without\n",
        site.root().display()
    );
    site.simulate("--runtime process").check(2, "", &stderr);
}

#[test]
fn an_id_that_no_device_can_have_is_refused() {
    let site = Site::new().file("deployment.template.json", &template(&["m"], ROUTE));
    let what = "error: `a/b` is no id of a device\n  caused by: `a/b` holds '/', where an ASCII letter, a digit or one \
        of -.+%_#*?!(),:=@;$' is expected\n";
    let hint = "hint: pass an id with `--device`, or set `EDGE_DEVICE_ID` in `.env`\n";
    site.simulate("--device a/b").check(2, "", &format!("{what}{hint}"));
    site.file(".env", "EDGE_DEVICE_ID=a/b\n").simulate("").check(1, "", &format!("{what}{hint}"));
    let hint = "hint: use letters, digits and hyphens\n";
    Site::new().simulate("--demo --device a/b").check(2, "", &format!("{what}{hint}"));
}

#[test]
fn a_runtime_that_does_not_exist_is_a_usage_error() {
    let stderr = "error: invalid value 'filter=podman' for '--runtime <[MODULE=]HOW>': \
        `podman` is none of auto, docker, process\n\n\
        For more information, try '--help'.\n";
    Site::new().simulate("--runtime filter=podman").check(2, "", stderr);
}

#[test]
fn a_taken_port_names_who_has_it() {
    let site = Site::new();
    let _taken = TcpListener::bind((site.address.as_str(), 8883)).expect("the address is this test's own");
    let pid = std::process::id();
    let name = std::fs::read_to_string("/proc/self/comm").expect("it is Linux");
    let name = name.trim_end();
    let cause = format!("`{name}` (pid {pid}) listens there");
    let hint = format!("end that process (`kill {pid}`), or pass `--address auto` to take a free loopback address");
    let cannot = format!("cannot listen on `{}:8883`", site.address);
    let stderr = format!("error: {cannot}\n  caused by: {cause}\nhint: {hint}\n");
    site.simulate("--external m").check(3, "", &stderr);
    let document = json!({ "error": { "message": cannot, "causes": [cause], "hints": [hint] } });
    site.simulate("--external m --json").check(3, "", &format!("{document}\n"));
    assert!(!site.folder.list().iter().any(|path| path.ends_with("run.json")), "nothing seems to run");
}

#[test]
fn check_looks_at_every_port_that_a_simulation_listens_on() {
    let (site, other) = (Site::new(), Site::new());
    let settings = format!(
        "simulate: {{address: {}}}\ndevices: {{e: {{file: e.json, address: {}}}, f: {{file: f.json}}}}\n",
        site.address, other.address
    );
    let site = site.file("edgectl.yaml", &settings);
    let _taken = [(8883, &site.address), (9600, &other.address)]
        .map(|(port, address)| TcpListener::bind((address.as_str(), port)).expect("the address is this test's own"));
    let checks = site.json("check")["checks"].clone();
    let ports = checks.as_array().into_iter().flatten().filter(|check| check["area"] == "ports");
    // Whether 443 may be used is the machine's affair.
    let ports: Vec<_> = ports.filter(|check| check["message"] != "port 443 needs a privilege").collect();
    let said = |check: &&Value| check["message"].as_str().unwrap_or_default().replace(", 443", "");
    let expected = [
        format!("free on {}: 5671, 9600", site.address),
        format!("cannot listen on `{}:8883`", site.address),
        format!("free on {}: 8883, 5671", other.address),
        "metrics would not be served".to_owned(),
    ];
    assert_eq!(ports.iter().map(said).collect::<Vec<_>>(), expected);
    let holder = std::fs::read_to_string("/proc/self/comm").expect("it is Linux");
    let holder = format!("`{}` (pid {})", holder.trim_end(), std::process::id());
    let why = format!("port 9600 of {} is in use by {holder}", other.address);
    assert_eq!((&ports[3]["status"], &ports[3]["causes"]), (&json!("warning"), &json!([why])));

    let site = site.file("edgectl.yaml", "simulate: {address: nowhere}\n");
    let run = site.run("check");
    let told = "\
error    ports     cannot use `simulate.address` of edgectl.yaml
                   `nowhere` is no IP address, and not `auto`
                   fix: write an address such as `127.0.0.2`, or `auto`
";
    assert!(run.status == Some(1) && run.stdout.contains(told), "{run:?}");
}

#[test]
fn an_address_of_another_machine_is_refused() {
    let stderr = "\
error: cannot listen on `192.0.2.1:8883`
  caused by: 192.0.2.1 is no address of this machine
hint: pass one of its addresses with `--address`, or `--address auto` for a free loopback address
";
    Site::new().run("simulate --address 192.0.2.1 --external m").check(3, "", stderr);
}

#[test]
fn an_engine_that_is_not_there_is_told() {
    let site = Site::new()
        .file("deployment.template.json", &template(&["m"], ROUTE))
        .variable("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let stderr = "\
error: the container engine at `/nowhere/docker.sock` is not running
  caused by: there is no socket `/nowhere/docker.sock`
hint: start the engine that `DOCKER_HOST` names, or run modules without containers: `edgectl simulate --runtime process`
";
    site.simulate("--runtime docker").check(3, "", stderr);
    let stderr = "\
error: cannot run module `m`
  caused by: the container engine at `/nowhere/docker.sock` is not running
  caused by: there is no socket `/nowhere/docker.sock`
  caused by: it has no `run` command in its module.json, and its language suggests none
hint: start a container engine that has or can get `localhost:1/m:1.0`
hint: or say how to run it in `edgectl.yaml`: `modules: {m: {command: […]}}`
hint: or leave it out with `--without m`, or start it yourself with `--external m`
";
    site.simulate("").check(3, "", stderr);
    let site = Site::new()
        .file("deployment.template.json", &template(&["m"], ROUTE))
        .variable("DOCKER_HOST", "tcp://127.0.0.1:1");
    let stderr = "{\"error\":{\"message\":\"the container engine at `tcp://127.0.0.1:1` is not running\",\"causes\":[\
        \"Connection refused (os error 111)\"],\"hints\":[\"start the engine that `DOCKER_HOST` names, or run modules \
        without containers: `edgectl simulate --runtime process`\"]}}\n";
    site.simulate("--runtime docker --json").check(3, "", stderr);
}

#[test]
fn a_module_that_nobody_can_run_is_told() {
    let site = Site::new().file("deployment.template.json", &template(&["m"], ROUTE));
    site.simulate("--runtime process").check(3, "", NO_COMMAND);
}

#[test]
fn one_solution_has_one_simulation() {
    let site = Site::new();
    let first = site.start_ready("--external m");
    let stderr = format!(
        "error: a simulation of `{}` runs already\n  caused by: process {} holds `.edgectl/lock`\n\
         hint: look at it with `edgectl ps`, or end it with `edgectl stop`\n",
        site.root().display(),
        first.pid()
    );
    site.run("simulate --address auto --external m").check(3, "", &stderr);
    site.run("simulate --address auto --external m --detach").check(3, "", &stderr);
}

#[test]
fn a_start_in_vain_leaves_the_log_of_the_running_one() {
    let site = Site::new();
    let run = site.simulate("--external m --detach");
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    let log = site.folder.read(".edgectl/simulate.log");
    assert_eq!(site.simulate("--external m --detach").status, Some(3));
    assert_eq!(site.folder.read(".edgectl/simulate.log"), log);
    site.run("stop").check(0, "", "     Stopped the simulation\n");
}

#[test]
fn a_detached_start_in_vain_says_why() {
    let site = Site::new().file("deployment.template.json", &template(&["m"], ROUTE));
    site.simulate("--runtime process --detach").check(3, "", &format!("{NO_COMMAND}{NOT_STARTED}"));
    let text = template(&["filter"], UNKNOWN_ROUTE);
    let site = Site::new().file("deployment.template.json", &text);
    site.simulate("--detach").check(1, "", &format!("{UNKNOWN_MODULE}{NOT_STARTED}"));
    let document = json!({ "error": {
        "message": "the simulation did not start",
        "causes": [
            "`deployment.template.json` has a mistake",
            "line 25, column 42: the deployment has no module `filtr`",
        ],
        "hints": ["did you mean `filter`?", "see all that it said in `.edgectl/simulate.log`"],
    } });
    site.simulate("--detach --json").check(1, "", &format!("{document}\n"));
}

#[test]
fn the_state_is_never_taken_into_git() {
    let site = Site::new();
    site.simulate("--external m --duration 0s --quiet").check(0, "", "");
    assert_eq!(site.folder.read(".edgectl/.gitignore"), "*\n");
}

#[test]
fn damaged_state_says_how_to_begin_anew() {
    let site = Site::new();
    let started = site.begins("d");
    site.simulate("--external m --duration 0s --device d").check(0, "", &started);
    let site = site.file(".edgectl/devices/d/identities.json", "{\"simulation\":\"x");
    let root = site.root().display().to_string();
    let stderr = format!(
        "\
error: cannot read `{root}/.edgectl/devices/d/identities.json`
  caused by: EOF while parsing a string at line 1 column 16
hint: run `edgectl simulate --reset` to begin anew
"
    );
    site.simulate("--external m --device d").check(1, "", &stderr);
    site.simulate("--external m --device d --reset --duration 0s").check(0, "", &started);
    let site = site.file(".edgectl/devices/d/ca/ca.key.pem", "x");
    let stderr = format!(
        "\
error: cannot use the development CA: `{root}/.edgectl/devices/d/ca/ca.key.pem` holds no private key
hint: run `edgectl simulate --reset` to make a new one; modules started by hand need it, too
"
    );
    site.simulate("--external m --device d").check(1, "", &stderr);
}

#[test]
fn a_queue_that_lost_messages_is_told_and_delivers_the_rest() {
    let site = Site::new();
    let simulation = site.start_ready("--external m --device d");
    // A file of a queue is full with 8 MiB, and only in one that another follows the count of what is lost is known.
    let body = "x".repeat(250_000);
    for n in 0..36 {
        site.folder
            .run_with_input(&["send", "m/inputs/i", "--file", "-", "--quiet"], &format!("{n} {body}"))
            .check(0, "", "");
    }
    simulation.signal(Signal::KILL);
    drop(simulation.end());
    let oldest = oldest_segment(&site.folder.path(".edgectl/devices/d/queues"));
    let mut bytes = fs::read(&oldest).expect("the queue is kept there");
    let full = bytes.len() / 250_000;
    bytes[10 * 251_000] ^= 1;
    fs::write(&oldest, bytes).expect("it can be written");
    // An index is a hint and no more: without a whole one the file is read.
    fs::write(oldest.with_extension("idx"), "damaged").expect("it can be written");

    let mut simulation = site.start("--external m --device d");
    let lost = full - 10;
    for told in [
        format!("        Kept {} messages of the last run (forget them with `--reset`)", 36 - lost),
        format!("warning: the queue `modules/m/inputs/i` has lost {lost} messages: a file of it is damaged or gone"),
        "hint: all others are delivered; see whether the disk is at fault, and send the lost ones again".to_owned(),
    ] {
        simulation.line(&told, |_, line| line == told);
    }
    simulation.line("the start", |_, line| line.starts_with("  Simulating"));
    let received = Client::login(&site, "m").receive_inputs(36 - lost);
    let numbers = received.iter().map(|body| body.split(' ').next().unwrap_or_default().parse().unwrap_or(99));
    let expected: Vec<usize> = (0..10).chain(full..36).collect();
    assert_eq!(numbers.collect::<Vec<usize>>(), expected);
}

/// Finds the first file of the only queue below a folder.
fn oldest_segment(queues: &Path) -> PathBuf {
    let folders = fs::read_dir(queues).expect("queues are kept there").flatten().map(|entry| entry.path());
    let queue = folders.into_iter().find(|path| path.is_dir()).expect("a queue is a folder");
    let files = fs::read_dir(queue).expect("it can be read").flatten().map(|entry| entry.path());
    files.filter(|path| path.extension().is_some_and(|ending| ending == "log")).min().expect("it has a file")
}
