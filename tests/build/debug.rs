//! `simulate --debug`: real debuggers in real containers, which answer at the port that the editor is told.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};

use crate::parts::{Own, docker, engine};
use crate::support::Folder;
use crate::support::lines::PATIENCE;
use crate::support::parts::part;
use crate::support::simulation::Simulation;
use crate::support::site::{Site, template};

/// A solution with one module `filter` of a template, on this base image.
fn scaffolded(own: &Own, language: &str, base: &str) -> Site {
    let site = Site::scaffolded();
    let (base, repository) = (format!("base_image={base}"), format!("repository={}", own.name("filter")));
    site.done(&["new", "module", "filter", "-t", language, "--set", &base, "--set", &repository, "--yes"]);
    site
}

/// Returns the one debugger of a simulation.
fn debugger(simulation: &Simulation) -> &Value {
    let [debugger] = &simulation.ready["debuggers"].as_array().expect("it is a list")[..] else {
        panic!("{} has not one debugger", simulation.ready)
    };
    assert_eq!(debugger["module"], "filter");
    debugger
}

fn address(simulation: &Simulation) -> String {
    debugger(simulation)["address"].as_str().expect("it listens").to_owned()
}

/// Sends a request of the Debug Adapter Protocol and returns its response; events come before it.
fn ask_adapter(address: &str, command: &str, arguments: &Value) -> Value {
    let mut stream = connect(address);
    let request = json!({"seq": 1, "type": "request", "command": command, "arguments": arguments}).to_string();
    write!(stream, "Content-Length: {}\r\n\r\n{request}", request.len()).expect("it reads");
    let mut reader = BufReader::new(stream);
    loop {
        let message = read_message(&mut reader);
        if message["type"] == "response" {
            return message;
        }
    }
}

/// Reads a body behind a head that says its length.
fn read_message(reader: &mut impl BufRead) -> Value {
    let mut length = 0;
    loop {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).expect("it answers") > 0, "the debugger has gone");
        match line.trim_end().strip_prefix("Content-Length: ") {
            Some(number) => length = number.parse().expect("it is a number"),
            None if line == "\r\n" => break,
            None => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("it is whole");
    serde_json::from_slice(&body).expect("it is JSON")
}

/// Asks an inspector of V8, which leaves the connection open.
fn ask_inspector(address: &str, path: &str) -> Value {
    let mut stream = connect(address);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").expect("it reads");
    read_message(&mut BufReader::new(stream))
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the port is published");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    stream
}

fn launch(site: &Site) -> Value {
    let text = site.folder.read(".vscode/launch.json");
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    serde_json::from_str(&lines.collect::<String>()).expect("it is JSON")
}

#[test]
fn the_debugger_of_python_answers_where_the_launch_configuration_says() {
    let base = part("EDGECTL_TEST_BASE_PYTHON").filter(|_| engine());
    let (Some(base), Some(wheels)) = (base, part("EDGECTL_TEST_DEBUGPY")) else { return };
    let own = Own::new();
    let with_debugger = own.name("python:1");
    let image = Folder::new().file("Dockerfile", &format!("FROM {base}\nCOPY wheels /opt/wheels\n"));
    copy_wheels(&wheels, &image);
    docker(&["build", "--quiet", "--tag", &with_debugger, &image.path("").to_string_lossy()]);
    let site = scaffolded(&own, "python", &with_debugger);
    let mine = site.folder.read(".vscode/launch.json").replace("\"configurations\"", "// mine\n  \"configurations\"");
    site.folder.write(".vscode/launch.json", &mine);
    // Somebody has its usual port, if nobody else has.
    let usual = TcpListener::bind("127.0.0.1:5678");
    let mut simulation = site.start_ready("--debug filter");
    let address = address(&simulation);
    assert!(address.starts_with("127.0.0.1:") && address != "127.0.0.1:5678", "{address}");
    simulation.record("record", |r| r["name"] == "filter" && r["connected"] == true);
    drop(usual);

    let answer = ask_adapter(&address, "initialize", &json!({"adapterID": "debugpy"}));
    assert_eq!((&answer["command"], &answer["success"]), (&json!("initialize"), &json!(true)), "{answer}");
    let (configuration, port) = (&launch(&site)["configurations"][0], address.rsplit_once(':').expect("a port").1);
    assert_eq!(configuration["connect"]["port"].to_string(), port);
    assert_eq!(debugger(&simulation)["configurations"], json!([configuration["name"]]));
    let text = site.folder.read(".vscode/launch.json");
    assert_eq!(text, mine.replace("5678", port), "nothing else has changed");
    assert_eq!(simulation.interrupt().status, Some(130));
}

fn copy_wheels(from: &str, to: &Folder) {
    std::fs::create_dir(to.path("wheels")).expect("a new folder");
    for entry in std::fs::read_dir(from).expect("it is there").flatten() {
        std::fs::copy(entry.path(), to.path("wheels").join(entry.file_name())).expect("it can be copied");
    }
}

#[test]
fn the_inspector_of_node_answers_on_loopback_alone() {
    let Some(base) = part("EDGECTL_TEST_BASE_NODE").filter(|_| engine()) else { return };
    let own = Own::new();
    let site = scaffolded(&own, "node", &base);
    std::fs::remove_dir_all(site.folder.path(".vscode")).expect("it was made");
    let mut simulation = site.start_ready("--debug filter");
    let address = address(&simulation);
    simulation.record("record", |r| r["name"] == "filter" && r["connected"] == true);

    let version = ask_inspector(&address, "/json/version");
    assert!(version["Browser"].as_str().is_some_and(|browser| browser.starts_with("node.js/")), "{version}");
    assert_eq!(ask_inspector(&address, "/json/list")[0]["url"], "file:///app/main.js");
    let configuration = &launch(&site)["configurations"][0];
    assert_eq!((&configuration["type"], &configuration["request"]), (&json!("node"), &json!("attach")));
    assert_eq!(configuration["port"].to_string(), address.rsplit_once(':').expect("a port").1);
    let name = site.root().file_name().expect("it has a name").to_string_lossy().into_owned();
    let format = "{{range $port, $all := .NetworkSettings.Ports}}{{range $all}}{{.HostIp}} {{end}}{{end}}";
    let bound = docker(&["inspect", "--format", format, &format!("{name}-{name}-filter")]);
    assert_eq!(String::from_utf8_lossy(&bound).trim(), "127.0.0.1");
    assert_eq!(simulation.interrupt().status, Some(130));
}

#[test]
fn debuggers_of_two_devices_have_names_and_ports_of_their_own() {
    let Some(base) = part("EDGECTL_TEST_BASE_NODE").filter(|_| engine()) else { return };
    let own = Own::new();
    let site = scaffolded(&own, "node", &base);
    let devices = "--device line2=deployment.template.json --debug filter --debug line2/filter";
    let mut simulation = site.start_ready(devices);
    for is_further in [false, true] {
        let is_of = |r: &Value| (r["device"] == "line2") == is_further;
        simulation.record("record", |r| r["name"] == "filter" && r["connected"] == true && is_of(r));
    }
    let configurations = launch(&site)["configurations"].clone();
    for (index, module) in ["filter", "line2/filter"].into_iter().enumerate() {
        let (debugger, configuration) = (&simulation.ready["devices"][index]["debuggers"][0], &configurations[index]);
        assert_eq!(configuration["name"], format!("{module}: attach to the container (Node)"));
        assert_eq!(
            (&debugger["module"], &debugger["configurations"]),
            (&json!("filter"), &json!([configuration["name"]]))
        );
        assert_eq!(debugger["address"], format!("127.0.0.1:{}", configuration["port"]));
        let found = docker(&["ps", "--quiet", "--filter", &format!("label=io.edgectl.module={module}")]);
        assert_eq!(String::from_utf8_lossy(&found).lines().count(), 1, "{module}");
    }
    assert_eq!(configurations.as_array().map(Vec::len), Some(2));
    assert_ne!(configurations[0]["port"], configurations[1]["port"]);
    assert_eq!(simulation.interrupt().status, Some(130));
}

/// A solution with a module `filter` of the solution's own, and `sensor` of somebody else's image.
fn two_modules(module_json: &str) -> Folder {
    let template = template(&["filter", "sensor"], "FROM /messages/* INTO $upstream")
        .replace("localhost:1/filter:1.0", "${MODULES.filter}");
    Folder::new()
        .file("deployment.template.json", &template)
        .file("modules/filter/module.json", module_json)
        .file("modules/filter/Dockerfile", "FROM scratch\n")
}

#[test]
fn what_cannot_be_debugged_is_refused_with_what_to_do() {
    let image = r#""image": {"repository": "filter", "tag": {"version": "1", "platforms": {"amd64": "Dockerfile"}}}"#;
    let debuggable = image.replace("}}}", r#", "amd64.debug": "Dockerfile"}}}"#);
    let (plain, silent) = (format!("{{{image}}}"), format!("{{{debuggable}}}"));
    let foreign = format!("{{\"language\": \"cobol\", {debuggable}}}");
    let known = "`c`, `csharp`, `go`, `java`, `node`, `python`, `rust` or `typescript`";
    let cases = [
        (
            &silent,
            "--debug sensor",
            "error: cannot debug module `sensor`\n  caused by: no module of the solution makes its image, `localhost:1/sensor:1.0`\n\
             hint: debug one that the solution makes: `filter`\n"
                .to_owned(),
        ),
        (
            &silent,
            "--debug filter --runtime process",
            "error: cannot debug module `filter`\n  caused by: its debugger is in an image, and `--runtime` wants a process\n\
             hint: run it as a container with `--runtime filter=docker`\n\
             hint: or start it yourself under a debugger, with `--external filter` and `edgectl credentials filter`\n"
                .to_owned(),
        ),
        (
            &silent,
            "--debug filter --without filter",
            "error: cannot debug module `filter`\n  caused by: `--only` or `--without` leaves it out\n\
             hint: leave out one of the flags\n"
                .to_owned(),
        ),
        (
            &plain,
            "--debug filter",
            "error: cannot debug module `filter`\n  \
             caused by: `modules/filter/module.json` lists no Dockerfile for `amd64.debug`\n\
             hint: add `amd64.debug` under `image.tag.platforms`, with a Dockerfile that starts a debugger\n"
                .to_owned(),
        ),
        (
            &foreign,
            "--debug filter",
            format!(
                "error: cannot debug module `filter`\n  caused by: no debugger of the language `cobol` is known\n\
                 hint: write `language` into it: {known}\nhint: or run the deployment template with debug images: \
                 `edgectl simulate --file deployment.debug.template.json`\n"
            ),
        ),
        (
            &silent,
            "--debug fliter",
            "error: the deployment has no module `fliter`\nhint: did you mean `filter`?\n".to_owned(),
        ),
    ];
    for (module, arguments, stderr) in cases {
        let run = two_modules(module).run(&format!("simulate --platform amd64 {arguments}"));
        let own = run.stderr.find("error: ").map(|at| &run.stderr[at..]);
        assert_eq!((run.status, own), (Some(1), Some(stderr.as_str())), "{arguments}: {}", run.stderr);
    }
}
