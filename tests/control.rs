//! The commands that speak to a running simulation, against one that answers from a script.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::thread::JoinHandle;

use serde_json::{Value, json};
use support::Folder;

/// A solution whose simulation answers one request with these lines.
struct Scripted {
    folder: Folder,
    heard: JoinHandle<Value>,
}

/// What the simulation does after its last line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Close,
    Wait,
}

impl Scripted {
    fn new(lines: &[Value], then: Then) -> Self {
        let folder = Folder::new().file(".edgectl/sockets/.keep", "");
        let sockets = folder.path(".edgectl/sockets");
        let folder = folder.file(".edgectl/run.json", &json!({ "pid": 1, "folder": sockets }).to_string());
        let listener = UnixListener::bind(sockets.join("control.sock")).expect("the path is short");
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let heard = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
            let mut request = String::new();
            reader.read_line(&mut request).expect("a request");
            stream.write_all(lines.as_bytes()).expect("the client listens");
            if then == Then::Wait {
                // Ends when the client closes its side.
                let _ = reader.read_line(&mut String::new());
            }
            serde_json::from_str(&request).expect("the request is JSON")
        });
        Self { folder, heard }
    }

    /// Runs a command, compares all of it, and returns what it asked.
    #[track_caller]
    fn check(self, arguments: &[&str], status: i32, stdout: &str, stderr: &str) -> Value {
        self.folder.run_args(arguments).check(status, stdout, stderr);
        self.heard.join().expect("the script was played")
    }
}

/// A simulation that answers these records and then the end.
fn answering(records: &[Value]) -> Scripted {
    let mut lines: Vec<Value> = records.iter().map(|record| json!({ "record": record })).collect();
    lines.push(json!("done"));
    Scripted::new(&lines, Then::Close)
}

#[test]
fn without_a_simulation_every_command_says_how_to_start_one() {
    let folder = Folder::new();
    let commands = [
        "ps",
        "logs",
        "restart m",
        "stop",
        "twin show m",
        "call m f",
        "send m/inputs/i --data x",
        "monitor",
        "upstream",
        "credentials m",
    ];
    for command in commands {
        let stderr = "error: no simulation runs for this folder\nhint: start one with `edgectl simulate --detach`\n";
        folder.run(command).check(1, "", stderr);
    }
    folder.run("ps --json").check(
        1,
        "",
        "{\"error\":{\"message\":\"no simulation runs for this folder\",\"causes\":[],\
            \"hints\":[\"start one with `edgectl simulate --detach`\"]}}\n",
    );
}

#[test]
fn a_folder_that_is_not_there_runs_nothing() {
    let stderr = "error: no simulation runs for `nowhere`\n  caused by: there is no such folder\n\
        hint: name the solution's folder with `-C`, or change to it\n";
    Folder::new().run("-C nowhere ps").check(1, "", stderr);
}

#[test]
fn standard_input_without_json_is_told() {
    let stderr = "\
error: cannot read the JSON of `stdin`
  caused by: line 1, column 1: expected a JSON value, found nothing
 --> stdin:1:1
  |
1 |
  | ^
hint: write JSON to standard input, such as `echo '{\"threshold\": 30}' |`
";
    Folder::new().run("twin patch filter -").check(1, "", stderr);
}

fn filter() -> Value {
    json!({
        "name": "filter", "image": "filter:0.1.0-amd64", "runtime": "process", "desired": "running",
        "status": "running", "connected": true, "restarts": 0, "exitCode": null,
        "startedAt": "2026-11-22T02:03:04.567Z", "messages": { "in": 12, "out": 7 }, "pid": 4711,
    })
}

#[test]
fn ps_is_a_table() {
    let mut sensor = filter();
    sensor["name"] = json!("sensor");
    sensor["status"] = json!("backoff");
    sensor["connected"] = json!(false);
    sensor["exitCode"] = json!(137);
    sensor["pid"] = Value::Null;
    let table = "\
MODULE  RUNTIME  STATUS         CONNECTED  RESTARTS  IN  OUT  PID   IMAGE
filter  process  running        yes        0         12  7    4711  filter:0.1.0-amd64
sensor  process  backoff (137)  no         0         12  7    -     filter:0.1.0-amd64
";
    let asked = answering(&[filter(), sensor]).check(&["ps"], 0, table, "");
    assert_eq!(asked, json!({ "request": "ps" }));
}

#[test]
fn ps_json_is_one_document() {
    let simulation = answering(&[filter()]);
    assert_eq!(simulation.folder.run("ps --json").json(), json!([filter()]));
}

#[test]
fn logs_are_lines_behind_the_name_of_their_module() {
    let line = |module: &str, text: &str| json!({ "type": "log", "time": "2026-11-22T02:03:04.567Z", "module": module, "stream": "stdout", "line": text });
    let simulation = answering(&[line("filter", "ready"), line("s", "20.5")]);
    let stdout = "filter | ready\ns      | 20.5\n";
    let asked = simulation.check(&["logs", "filter", "s", "--tail", "2", "--since", "5m"], 0, stdout, "");
    let expected = json!({
        "request": "logs", "modules": ["filter", "s"], "follow": false, "tail": 2, "since": 300.0,
    });
    assert_eq!(asked, expected);
}

#[test]
fn restart_and_stop_say_what_they_did() {
    let asked = answering(&[]).check(&["restart", "filter", "--build"], 0, "", "   Restarted `filter`\n");
    assert_eq!(asked, json!({ "request": "restart", "module": "filter", "build": true }));
    let asked = answering(&[]).check(&["stop"], 0, "", "     Stopped the simulation\n");
    assert_eq!(asked, json!({ "request": "stop" }));
    answering(&[]).check(&["stop", "--json"], 0, "{\n  \"stopped\": true\n}\n", "");
}

#[test]
fn a_twin_is_patched_with_the_bare_object() {
    let simulation = answering(&[json!({ "version": 2 })]);
    let patch = ["twin", "patch", "filter", "{\"threshold\": 30, \"old\": null}"];
    let asked = simulation.check(&patch, 0, "{\n  \"version\": 2\n}\n", "");
    let change = json!({ "patch": { "threshold": 30, "old": null } });
    assert_eq!(asked, json!({ "request": "twin", "target": "filter", "change": change }));
}

#[test]
fn a_twin_document_may_come_from_standard_input() {
    let simulation = answering(&[json!({})]);
    let arguments = ["twin", "replace", "factory/filter", "-", "--document"];
    let run = simulation.folder.run_with_input(&arguments, "{\"properties\": {\"desired\": {\"a\": 1}}}");
    run.check(0, "{}\n", "");
    let asked = simulation.heard.join().expect("the script was played");
    let change = json!({ "replaceDocument": { "desired": { "a": 1 }, "tags": null } });
    assert_eq!(asked, json!({ "request": "twin", "target": "factory/filter", "change": change }));
}

#[test]
fn malformed_json_is_shown_under_a_caret() {
    let stderr = "\
error: cannot read the JSON on the command line
  caused by: line 1, column 15: expected a value, found `tru`
 --> argument:1:15
  |
1 | {\"threshold\": tru}
  |               ^^^
hint: put double quotes around `tru`
";
    Folder::new().run_args(&["twin", "patch", "filter", "{\"threshold\": tru}"]).check(1, "", stderr);
}

#[test]
fn a_call_prints_its_answer_and_fails_with_the_method() {
    let simulation = answering(&[json!({ "status": 200, "payload": { "count": 3 } })]);
    let arguments = ["call", "filter", "reset", "--payload", "{\"hard\": true}", "--timeout", "5s"];
    let stdout = "{\n  \"status\": 200,\n  \"payload\": {\n    \"count\": 3\n  }\n}\n";
    let asked = simulation.check(&arguments, 0, stdout, "");
    let expected = json!({
        "request": "call", "target": "filter", "method": "reset", "payload": { "hard": true },
        "responseTimeout": 5.0, "connectTimeout": 10.0,
    });
    assert_eq!(asked, expected);
    let simulation = answering(&[json!({ "status": 404, "payload": null })]);
    let stderr = "error: `reset` of `filter` ended with 404\n\
        hint: see the payload, or for a module `edgectl logs filter --tail 20`\n";
    simulation.check(&["call", "filter", "reset"], 4, "{\n  \"status\": 404,\n  \"payload\": null\n}\n", stderr);
}

#[test]
fn a_message_is_sent_as_json_if_it_is_some() {
    let simulation = answering(&[]);
    let arguments = ["send", "filter/inputs/input1", "--data", "{\"t\":40}", "-p", "a=1", "-p", "b="];
    let asked = simulation.check(&arguments, 0, "", "        Sent 8 bytes to `filter/inputs/input1`\n");
    let message = json!({
        "body": "eyJ0Ijo0MH0=", "properties": [["a", "1"], ["b", ""]],
        "contentType": "application/json", "contentEncoding": "utf-8",
    });
    let target = json!({ "input": { "module": "filter", "input": "input1" } });
    assert_eq!(asked, json!({ "request": "send", "target": target, "message": message }));
}

#[test]
fn a_message_may_come_from_standard_input_and_is_limited() {
    let simulation = answering(&[]);
    let run = simulation.folder.run_with_input(&["send", "s/outputs/t", "--file", "-", "--json"], "hello");
    run.check(0, "{\n  \"sent\": \"s/outputs/t\",\n  \"bytes\": 5\n}\n", "");
    let folder = Folder::new().file("big", &"x".repeat(262_145));
    let stderr = "error: the body is 262145 bytes long, and 262144 are allowed\nhint: send it in parts\n";
    folder.run("send m/inputs/i --file big").check(1, "", stderr);
}

#[test]
fn a_target_of_another_form_is_a_usage_error() {
    let run = Folder::new().run("send filter --data x");
    let first = run.stderr.lines().next().expect("an error");
    let expected = "error: invalid value 'filter' for '<TARGET>': \
        expected `filter/inputs/INPUT`, `filter/outputs/OUTPUT`, or for a device `devices/filter`";
    assert_eq!((run.status, first), (Some(2), expected));
}

fn message() -> Value {
    json!({
        "type": "message", "time": "2026-11-22T02:03:04.567Z",
        "from": { "device": "factory", "module": "filter", "output": "output1" }, "to": "$upstream", "route": "up",
        "system": {}, "properties": {}, "body": { "t": 40 }, "bodyEncoding": "json",
    })
}

#[test]
fn monitor_ends_after_the_wanted_messages() {
    let line = json!({ "record": message() });
    let simulation = Scripted::new(&[line.clone(), line], Then::Wait);
    let arguments =
        ["monitor", "--from", "filter/outputs/output1", "--to", "upstream", "--since", "start", "--count", "1"];
    let stdout = "2026-11-22T02:03:04.567Z  filter/outputs/output1 → $upstream  {\"t\":40}\n";
    let asked = simulation.check(&arguments, 0, stdout, "");
    let expected = json!({
        "request": "monitor", "from": { "module": { "module": "filter", "output": "output1" } }, "to": "upstream",
        "since": { "start": "start" },
    });
    assert_eq!(asked, expected);
}

#[test]
fn fewer_messages_than_wanted_end_with_a_failure() {
    let simulation = Scripted::new(&[json!({ "record": message() })], Then::Wait);
    let stdout = format!("{}\n", message());
    let stderr = "{\"error\":{\"message\":\"1 of 2 messages came in time\",\"causes\":[],\"hints\":[\"wait longer with \
        `--timeout`, or begin earlier with `--since start`\"]}}\n";
    simulation.check(&["monitor", "--count", "2", "--timeout", "300ms", "--json"], 1, &stdout, stderr);
}

#[test]
fn upstream_tells_the_link_and_what_waits() {
    let simulation = answering(&[json!({ "upstream": "offline", "waiting": 1 })]);
    let asked = simulation.check(&["upstream", "offline"], 0, "offline, 1 message waits\n", "");
    assert_eq!(asked, json!({ "request": "upstream", "link": "offline" }));
}

fn credentials() -> Scripted {
    answering(&[json!({
        "workload": { "IOTEDGE_MODULEID": "filter", "IOTEDGE_WORKLOADURI": "unix:///run/x.sock" },
        "connectionString": { "EdgeHubConnectionString": "HostName=h.local;SharedAccessKey=a=" },
    })])
}

#[test]
fn credentials_are_printed_for_a_shell_a_program_or_a_form() {
    let exports = "export IOTEDGE_MODULEID='filter'\nexport IOTEDGE_WORKLOADURI='unix:///run/x.sock'\n\
        export EdgeHubConnectionString='HostName=h.local;SharedAccessKey=a='\n";
    let asked = credentials().check(&["credentials", "filter"], 0, exports, "");
    assert_eq!(asked, json!({ "request": "credentials", "target": "filter" }));
    let document = "{\n  \"EdgeHubConnectionString\": \"HostName=h.local;SharedAccessKey=a=\"\n}\n";
    let only_key = ["credentials", "filter", "--auth", "connection-string"];
    credentials().check(&[&only_key[..], &["--format", "json"]].concat(), 0, document, "");
    let text = "HostName=h.local;SharedAccessKey=a=\n";
    credentials().check(&["credentials", "filter", "--format", "connection-string"], 0, text, "");
    let stderr = "error: the workload API needs no connection string\n\
        hint: pass `--format env`, or leave `--auth workload` out\n";
    let contradiction = "credentials filter --format connection-string --auth workload";
    Folder::new().run(contradiction).check(2, "", stderr);
}

#[test]
fn a_failure_of_the_simulation_is_told_as_if_it_were_ours() {
    let failure = json!({ "failed": {
        "code": 4, "message": "`filter` gave no answer", "causes": ["it is not connected"],
        "hints": ["see `edgectl ps`"],
    } });
    let stderr = "error: `filter` gave no answer\n  caused by: it is not connected\nhint: see `edgectl ps`\n";
    Scripted::new(&[failure], Then::Close).check(&["call", "filter", "reset"], 4, "", stderr);
}

#[test]
fn a_simulation_that_dies_is_told() {
    let stderr = "error: the simulation ended before it answered\n\
        hint: see why where it runs; with `--detach` that is `.edgectl/simulate.log`\n";
    Scripted::new(&[], Then::Close).check(&["twin", "show", "filter"], 4, "", stderr);
}
