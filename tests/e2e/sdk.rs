//! Unmodified SDK programs, started outside edgectl with what `credentials` prints.

use serde_json::{Value, json};

use crate::program::Sdk;
use crate::support::site::Site;

#[test]
fn a_python_program_works_with_the_workload_api() {
    let Some(sdk) = Sdk::python() else { return };
    check_program(&sdk, "mqtt", "workload");
}

#[test]
fn a_python_program_works_with_its_connection_string() {
    let Some(sdk) = Sdk::python() else { return };
    check_program(&sdk, "mqtt", "connection-string");
}

#[test]
fn a_node_program_works_with_the_workload_api() {
    let Some(sdk) = Sdk::node() else { return };
    check_program(&sdk, "mqtt", "workload");
}

#[test]
fn a_node_program_works_with_its_connection_string() {
    let Some(sdk) = Sdk::node() else { return };
    check_program(&sdk, "mqtt", "connection-string");
}

#[test]
fn a_python_program_works_over_websockets() {
    // protocol.md §4.1
    let Some(sdk) = Sdk::python() else { return };
    check_program(&sdk, "mqtt-ws", "workload");
}

#[test]
fn a_node_program_works_over_websockets() {
    // protocol.md §4.1
    let Some(sdk) = Sdk::node() else { return };
    check_program(&sdk, "mqtt-ws", "workload");
}

#[test]
fn a_node_program_works_with_amqp() {
    // protocol.md §5.5
    let Some(sdk) = Sdk::node() else { return };
    check_program(&sdk, "amqp", "workload");
}

#[test]
fn a_node_program_works_with_amqp_over_websockets() {
    // protocol.md §5.1
    let Some(sdk) = Sdk::node() else { return };
    check_program(&sdk, "amqp-ws", "connection-string");
}

#[test]
fn a_refused_report_is_an_error_of_node_over_amqp_and_not_its_end() {
    // protocol.md §5.4
    let Some(sdk) = Sdk::node() else { return };
    let site = Site::new();
    let _simulation = site.start_ready("--external x");
    let mut program = sdk.start(&credentials(&site, "x", "connection-string"), sdk.module, &["amqp"]);
    program.event("connected");
    let failure = program.failure(r#"report {"state":[null]}"#);
    assert_eq!(failure["message"], "could not update twin reported properties");
    program.step(r#"report {"state":"ready"}"#);
    assert_eq!(site.json("twin show x")["properties"]["reported"]["state"], "ready");
    program.end();
}

#[test]
fn a_report_of_an_integer_without_end_is_refused_and_not_rounded() {
    // protocol.md §7.2
    let Some(sdk) = Sdk::python() else { return };
    let site = Site::new();
    let _simulation = site.start_ready("--external x");
    let mut program = sdk.start(&credentials(&site, "x", "workload"), sdk.module, &[]);
    program.event("connected");
    let failure = program.failure(r#"report {"n":18446744073709551616}"#);
    assert_eq!((&failure["type"], &failure["cause"]), (&json!("ClientError"), &json!("ServiceError")));
    program.end();
}

/// Telemetry, input, twin and method of one program, and what the hub says of each.
fn check_program(sdk: &Sdk, transport: &str, auth: &str) {
    let site = Site::new();
    let mut simulation = site.start_ready("--external x -v");
    let mut program = sdk.start(&credentials(&site, "x", auth), sdk.module, &[transport]);
    program.event("connected");

    program.step(r#"send output1 {"n":1} colour=blue"#);
    let message = simulation.message("x", "$upstream");
    assert_eq!(message["body"], json!({"n": 1}));
    assert_eq!(message["from"]["output"], "output1");
    assert_eq!(message["properties"], json!({"colour": "blue"}));

    site.done(&["send", "x/inputs/input1", "--data", r#"{"temperature":40}"#, "-p", "kind=test"]);
    let input = program.event("input");
    assert_eq!((&input["input"], &input["body"]), (&json!("input1"), &json!(r#"{"temperature":40}"#)));
    assert_eq!(
        (&input["properties"]["kind"], &input["system"]["contentType"]),
        (&json!("test"), &json!("application/json"))
    );

    site.done(&["twin", "patch", "x", r#"{"interval":5}"#]);
    program.event_where("desired", |event| event["patch"]["interval"] == 5);
    assert_eq!(program.step("twin")["twin"]["desired"]["interval"], 5);
    program.step(r#"report {"state":"ready"}"#);
    assert_eq!(site.json("twin show x")["properties"]["reported"]["state"], "ready");

    let answer = site.folder.run_args(&["call", "x", "count", "--payload", r#"{"a":1}"#, "--json"]).json();
    assert_eq!(answer, json!({"status": 200, "payload": {"calls": 1, "payload": {"a": 1}}}));
    let refused = site.run("call x refuse --json");
    assert_eq!(refused.status, Some(4), "{}", refused.stderr);
    program.end();
    let signed = signatures(&simulation.interrupt().records(), "x") > 0;
    assert_eq!(signed, auth == "workload");
}

#[test]
fn modules_call_each_other() {
    let (Some(python), Some(node)) = (Sdk::python(), Sdk::node()) else { return };
    let site = two_modules();
    let simulation = site.start_ready("--external one --external two");
    let mut a = python.start(&credentials(&site, "one", "workload"), python.module, &[]);
    let mut b = node.start(&credentials(&site, "two", "workload"), node.module, &[]);
    a.event("connected");
    b.event("connected");
    let device = simulation.ready["device"].as_str().expect("it says its device").to_owned();
    let answer = a.step(&format!("invoke {device}/two count {{\"from\":\"a\"}}"));
    assert_eq!(answer["answer"], json!({"status": 200, "payload": {"calls": 1, "payload": {"from": "a"}}}));
    let answer = b.step(&format!("invoke {device}/one count 1"));
    assert_eq!(answer["answer"], json!({"status": 200, "payload": {"calls": 1, "payload": 1}}));
}

#[test]
fn only_a_good_token_connects() {
    let Some(node) = Sdk::node() else { return };
    let site = two_modules();
    let _simulation = site.start_ready("--external one --external two");
    let variables = credentials(&site, "one", "connection-string");
    let told = |arguments: &[&str]| node.start(&variables, "token.js", arguments).told();
    assert_eq!(told(&["own"]), [json!({"event": "connected"})]);
    for kind in [&["expired"][..], &["foreign"], &["audience"], &["other", "two"]] {
        let answers = told(kind);
        assert_eq!(answers[0]["type"], "UnauthorizedError", "{kind:?}: {answers:?}");
    }
}

#[test]
fn a_module_cannot_sign_for_another() {
    let (Some(python), Some(node)) = (Sdk::python(), Sdk::node()) else { return };
    let site = two_modules();
    let _simulation = site.start_ready("--external one --external two");
    // The door of `one`, the name of `two`.
    let variables = format!("{}\nIOTEDGE_MODULEID=two\n", credentials(&site, "one", "workload"));
    for sdk in [python, node] {
        let told = sdk.start(&variables, sdk.module, &[]).told();
        assert_eq!((&told[0]["event"], &told[0]["step"]), (&json!("failure"), &json!("connect")), "{told:?}");
    }
}

fn credentials(site: &Site, module: &str, auth: &str) -> String {
    let run = site.run(&format!("credentials {module} --format env --auth {auth}"));
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    run.stdout
}

#[test]
fn messages_that_waited_reach_a_module() {
    let Some(python) = Sdk::python() else { return };
    let site = Site::new();
    let _simulation = site.start_ready("--external x");
    for number in 1..=3 {
        site.done(&["send", "x/inputs/input1", "--data", &number.to_string()]);
    }
    let mut program = python.start(&credentials(&site, "x", "connection-string"), python.module, &[]);
    let mut bodies: Vec<_> = (1..=3).map(|_| program.event("input")["body"].to_string()).collect();
    // The SDK hands each to a thread of a pool, which may overtake; `tests/simulator.rs` sees the order on the wire.
    bodies.sort();
    assert_eq!(bodies, [r#""1""#, r#""2""#, r#""3""#]);
}

#[test]
fn a_message_that_is_too_large_closes_the_connection_and_nothing_else() {
    let Some(python) = Sdk::python() else { return };
    let site = Site::new();
    let mut simulation = site.start_ready("--external x");
    let variables = credentials(&site, "x", "connection-string");
    let told = python.start(&variables, "large.py", &[]).told();
    assert_eq!(told, [json!({"event": "connected"}), json!({"event": "closed"})]);
    let mut program = python.start(&variables, python.module, &[]);
    program.event("connected");
    program.step("send output1 1");
    assert_eq!(simulation.message("x", "$upstream")["body"], 1);
}

/// A solution of two modules that are one image under two names.
fn two_modules() -> Site {
    let solution = Site::scaffolded();
    for name in ["one", "two"] {
        solution.done(&["new", "module", name, "-t", "image", "--set", "image=example/same:1", "--yes"]);
    }
    solution
}

/// Counts the signatures that the workload API made for the module.
fn signatures(records: &[Value], module: &str) -> usize {
    let is_sign = |r: &&Value| r["type"] == "log" && r["module"] == module && r["line"] == "sign (workload API)";
    records.iter().filter(is_sign).count()
}
