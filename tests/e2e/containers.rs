//! Containers on the real engine: their names, their images, and a start given up.

use std::io::Read;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::is_running;
use crate::support::parts::part;
use crate::support::simulation::Simulation;
use crate::support::site::{Site, template, until};

/// Busybox and nothing else.
pub(crate) const BUSYBOX: &str = "edgectl-tests/busybox:1";
/// Runs a command in the module's container; `None` if it fails.
pub(crate) fn in_container(solution: &Site, module: &str, command: &[&str]) -> Option<String> {
    let name = solution.root();
    let name = name.file_name().expect("it has a name").to_string_lossy().into_owned();
    let output = Command::new("docker").arg("exec").arg(format!("{name}-{name}-{module}")).args(command).output();
    let output = output.expect("the client of the engine is there");
    output.status.success().then(|| String::from_utf8(output.stdout).expect("it prints text").trim().to_owned())
}

#[test]
fn two_solutions_of_one_name_run_side_by_side() {
    if part("EDGECTL_TEST_ENGINE").is_none() {
        return;
    }
    let name = format!("twins{}", std::process::id());
    let [one, two] = [(); 2].map(|()| sleeping(Site::scaffolded_as(&name), BUSYBOX));
    let first = start_sleeping(&one);
    let mut second = start_sleeping(&two);
    let both = engine_names("container", &name);
    assert!(both.len() == 2 && both.contains(&format!("{name}-{name}-xy")), "{both:?}");
    assert_eq!(engine_names("network", &name).len(), 2);

    assert_eq!(first.interrupt().status, Some(130));
    let [left] = &engine_names("container", &name)[..] else { panic!("the other one is left") };
    assert_ne!(*left, format!("{name}-{name}-xy"), "it keeps the name that it has");
    two.done(&["restart", "xy"]);
    second.record("record", |r| r["name"] == "xy" && r["status"] == "running");
    assert_eq!(engine_names("container", &name).len(), 1);
    assert_eq!(second.interrupt().status, Some(130));
    assert_eq!([engine_names("container", &name), engine_names("network", &name)], [[""; 0]; 2]);
}

#[test]
fn what_a_killed_simulation_left_is_cleaned_and_nothing_of_one_that_runs() {
    if part("EDGECTL_TEST_ENGINE").is_none() {
        return;
    }
    let solution = sleeping(Site::scaffolded(), BUSYBOX);
    let name = solution.root().file_name().expect("it has a name").to_string_lossy().into_owned();
    let simulation = start_sleeping(&solution);
    let refused = solution.run("clean");
    assert_eq!(refused.status, Some(3), "{}", refused.stderr);
    assert!(refused.stderr.contains("runs already"), "{}", refused.stderr);
    simulation.signal(Signal::KILL);
    drop(simulation);

    let (containers, networks) = (engine_names("container", &name), engine_names("network", &name));
    assert_eq!((containers.len(), networks.len()), (1, 1));
    let listed = solution.json("clean --dry-run --state");
    assert_eq!(listed["containers"], json!(containers));
    assert_eq!((&listed["networks"], &listed["dryRun"]), (&json!(networks), &json!(true)));
    assert_eq!(engine_names("container", &name), containers, "nothing is removed yet");
    assert!(solution.root().join(".edgectl").is_dir());

    let done = solution.run("clean --state");
    assert_eq!((done.status, done.stdout.as_str()), (Some(0), ""));
    assert_eq!([engine_names("container", &name), engine_names("network", &name)], [[""; 0]; 2]);
    assert!(!solution.root().join(".edgectl").exists());
    solution.run("clean").check(0, "", "       Found nothing to remove\n");
}

// protocol.md §6.3
#[test]
fn a_container_reaches_the_metrics_by_the_names_of_hub_and_agent() {
    if part("EDGECTL_TEST_ENGINE").is_none() {
        return;
    }
    let solution = sleeping(Site::scaffolded(), BUSYBOX);
    let simulation = start_sleeping(&solution);
    let first = ["edgeHub", "edgehub", "edgeAgent", "edgeagent"].map(|host| {
        let text =
            in_container(&solution, "xy", &["/bin/busybox", "wget", "-qO-", &format!("http://{host}:9600/metrics")]);
        text.and_then(|text| text.split(' ').nth(2).map(str::to_owned)).unwrap_or_default()
    });
    let (hub, agent) = ("edgehub_messages_received_total", "edgeAgent_module_start_total");
    assert_eq!(first, [hub, hub, agent, agent]);
    let address = "http://edgeAgent:9600/metrics";
    let text = in_container(&solution, "xy", &["/bin/busybox", "wget", "-qO-", address]).expect("they are served");
    for name in ["used_memory_bytes", "created_pids_total", "total_network_in_bytes", "used_cpu_percent_count"] {
        let is_told = |line: &str| line.contains(name) && line.contains("module_name=\"xy\",ms_telemetry=\"False\"");
        assert!(text.lines().any(is_told), "no {name} of the container in\n{text}");
    }
    assert_eq!(simulation.interrupt().status, Some(130));
}

#[test]
fn the_first_container_may_come_with_a_deployment() {
    if part("EDGECTL_TEST_ENGINE").is_none() {
        return;
    }
    import_busybox();
    let name = format!("late{}", std::process::id());
    let solution = Site::scaffolded_as(&name);
    let before = template(&["y"], "FROM /messages/* INTO $upstream");
    solution.folder.write("deployment.template.json", &before);
    solution.folder.write("edgectl.yaml", "modules:\n  y: {runtime: process, command: [sleep, '1000']}\n");
    let mut simulation = solution.start_ready("");
    simulation.record("record", |r| r["name"] == "y" && r["status"] == "running");
    assert_eq!(simulation.ready["workload"], Value::Null);
    assert!(!solution.folder.path(".edgectl/containers.json").exists(), "the engine has nothing to do with it");

    let mut after: Value = serde_json::from_str(&before).expect("a template");
    let options = json!({ "Cmd": ["/bin/busybox", "sleep", "1000"], "StopSignal": "SIGKILL" });
    after["modulesContent"]["$edgeAgent"]["properties.desired"]["modules"]["xy"] = json!({
        "type": "docker", "status": "running", "restartPolicy": "always",
        "settings": { "image": BUSYBOX, "createOptions": options },
    });
    solution.folder.write("next.json", &after.to_string());
    let applied = solution.json("deploy --apply --hub simulation --file next.json");
    assert_eq!((&applied["added"], &applied["status"]), (&json!(["xy"]), &json!(200)), "{applied}");
    simulation.record("record", |r| r["name"] == "xy" && r["status"] == "running");
    let first_word = |host: &str| {
        let address = format!("http://{host}:9600/metrics");
        let text = in_container(&solution, "xy", &["/bin/busybox", "wget", "-qO-", &address]);
        text.and_then(|text| text.split(' ').nth(2).map(str::to_owned))
    };
    assert_eq!(first_word("edgeHub").as_deref(), Some("edgehub_messages_received_total"));
    assert_eq!(first_word("edgeAgent").as_deref(), Some("edgeAgent_module_start_total"));
    let mounted = in_container(&solution, "xy", &["/bin/busybox", "ls", "/var/run/iotedge"]);
    assert_eq!(mounted.as_deref(), Some("workload.sock"));
    let mqtt = in_container(&solution, "xy", &["/bin/busybox", "nc", "-w", "5", &name, "8883"]);
    assert_eq!(mqtt.as_deref(), Some(""), "MQTT is reached by the gateway's name");

    assert_eq!(simulation.interrupt().status, Some(130));
    assert_eq!([engine_names("container", &name), engine_names("network", &name)], [[""; 0]; 2]);
}

#[test]
fn the_logins_of_the_manifest_are_used_to_pull() {
    let Some(registry) = part("EDGECTL_TEST_ENGINE").and(part("EDGECTL_TEST_REGISTRY_AUTH")) else { return };
    let user = part("EDGECTL_TEST_REGISTRY_USER").expect("it comes with the registry");
    let password = part("EDGECTL_TEST_REGISTRY_PASSWORD").expect("it comes with the registry");
    let image = format!("{registry}/door{}:1", std::process::id());
    push(&image, &registry, &user, &password);
    let with_password = |password: &str| {
        let variables = [("DOOR_USER", user.clone()), ("DOOR_PASSWORD", password.to_owned())];
        let solution = sleeping(Site::scaffolded().variables(&variables), &image);
        let login = json!({ "ours": { "address": registry, "username": "$DOOR_USER", "password": "$DOOR_PASSWORD" } });
        let template = solution.folder.read("deployment.template.json");
        let empty = "\"registryCredentials\": {}";
        assert!(template.contains(empty));
        let template = template.replace(empty, &format!("\"registryCredentials\": {login}"));
        solution.folder.write("deployment.template.json", &template);
        solution
    };

    let wrong = with_password("not the password");
    let run = wrong.simulate("--runtime docker --verbose");
    assert_eq!(run.status, Some(4), "{}", run.stderr);
    let hint = "hint: the login came from `registryCredentials` of the deployment; correct it there\n";
    assert!(run.stderr.contains(hint) && !run.stderr.contains("not the password"), "{}", run.stderr);

    let right = with_password(&password);
    let ended = start_sleeping(&right).interrupt();
    assert!(ended.stderr.contains(&format!("      Pulled {image} in ")), "{}", ended.stderr);
    assert!(!ended.stderr.contains(&password), "{}", ended.stderr);
    docker(&["image", "rm", &image]);
}

#[test]
fn an_interrupt_while_an_image_is_built_ends_the_build_and_leaves_nothing() {
    if part("EDGECTL_TEST_ENGINE").is_none() {
        return;
    }
    import_busybox();
    // A number that no other process sleeps for.
    let nap = format!("7{}", std::process::id());
    let solution = Site::scaffolded();
    solution.done(&["new", "module", "xy", "-t", "python", "--yes"]);
    let dockerfile = format!("FROM {BUSYBOX}\nRUN [\"/bin/busybox\", \"sleep\", \"{nap}\"]\n");
    solution.folder.write("modules/xy/Dockerfile.amd64", &dockerfile);
    let simulation = solution.start("--runtime docker --platform amd64");
    until("the step runs", || is_running(&nap));
    simulation.interrupt().check(130, "", "error: interrupted\n");
    until("the engine has ended the step", || !is_running(&nap));
    assert!(!solution.folder.path(".edgectl/containers.json").exists());
}

#[test]
fn a_request_to_end_while_an_image_is_pulled_ends_the_pull() {
    if part("EDGECTL_TEST_ENGINE").is_none() {
        return;
    }
    // A registry that takes every call and says nothing.
    let registry = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let image = format!("{}/silent:1", registry.local_addr().expect("bound"));
    let solution = sleeping(Site::scaffolded(), &image);
    let simulation = solution.start("--runtime docker");
    let (mut call, _) = registry.accept().expect("the engine calls");
    simulation.signal(Signal::TERM);
    simulation.end().check(143, "", "error: terminated\n");
    // Ends when the engine hangs up.
    let _ = call.read_to_end(&mut Vec::new());
}

/// Adds a module `xy` that lives in a container of this image.
fn sleeping(solution: Site, image: &str) -> Site {
    import_busybox();
    solution.done(&["new", "module", "xy", "-t", "image", "--set", &format!("image={image}"), "--yes"]);
    solution.folder.write(
        "edgectl.yaml",
        "modules:\n  xy: {createOptions: {Cmd: [/bin/busybox, sleep, '1000'], StopSignal: SIGKILL}}\n",
    );
    solution
}

fn start_sleeping(solution: &Site) -> Simulation {
    let mut simulation = solution.start_ready("--runtime docker");
    simulation.record("record", |r| r["name"] == "xy" && r["status"] == "running");
    simulation
}

/// Lists the names of containers or networks that hold this.
fn engine_names(kind: &str, name: &str) -> Vec<String> {
    let (all, format) = if kind == "container" { ("--all", "{{.Names}}") } else { ("--no-trunc", "{{.Name}}") };
    let listed = docker(&[kind, "ls", all, "--format", format, "--filter", &format!("name={name}")]);
    listed.lines().map(str::to_owned).collect()
}

pub(crate) fn import_busybox() {
    let script = "docker image inspect \"$0\" >/dev/null 2>&1 || tar -C / -c bin/busybox | docker import - \"$0\"";
    let import = Command::new("sh").args(["-c", script, BUSYBOX]).stdout(Stdio::null()).status();
    assert!(import.expect("a shell starts").success(), "`docker import` makes the image");
}

/// Puts busybox into a registry under this name, and nowhere else.
fn push(image: &str, registry: &str, user: &str, password: &str) {
    import_busybox();
    let config = tempfile::tempdir().expect("the temporary folder can be written");
    let folder = config.path().to_string_lossy();
    let script = "docker tag \"$2\" \"$3\" && printf %s \"$5\" | docker --config \"$1\" login -u \"$4\" --password-stdin \"$6\" \
        && docker --config \"$1\" push -q \"$3\" && docker image rm \"$3\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", &folder, BUSYBOX, image, user, password, registry]);
    let output = command.output().expect("a shell starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().expect("the client of the engine is there");
    String::from_utf8(output.stdout).expect("names are text")
}
