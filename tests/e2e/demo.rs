//! The solution inside the binary: no engine, no toolchain, no network.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::site::Site;

#[test]
fn the_demo_sends_upstream_and_ends_when_its_time_is_over() {
    let run = Site::new().simulate("--demo --duration 2s --json");
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert!(run.records().iter().any(|r| r["type"] == "message" && r["to"] == "$upstream"), "{}", run.stdout);
}

#[test]
fn the_demo_has_two_connected_children_with_pids() {
    let site = Site::new();
    let mut demo = site.start_ready("--demo");
    demo.message("filter", "$upstream");
    let rows = site.json("ps");
    let facts: Vec<_> = rows.as_array().expect("a list").iter().map(facts_of_row).collect();
    assert_eq!(facts, ["filter builtin running true", "sensor builtin running true"]);
    for row in rows.as_array().expect("a list") {
        let parent = std::fs::read_to_string(format!("/proc/{}/status", row["pid"])).expect("it runs");
        assert!(parent.contains(&format!("PPid:\t{}\n", demo.pid())), "{parent}");
    }
    assert_eq!(demo.interrupt().status, Some(130));
}

#[test]
fn a_higher_threshold_in_the_twin_stops_the_flow_upstream() {
    let site = Site::new();
    let mut demo = site.start_ready("--demo");
    demo.message("filter", "$upstream");
    site.done(&["twin", "patch", "filter", r#"{"threshold":1000}"#]);
    site.ask_until("twin show filter", |twin| twin["properties"]["reported"]["threshold"] == 1000);
    // Reported means decided: what comes in from now on stays inside.
    let before = site.json("ps");
    let seen = count(&before, "filter", "in");
    let after = site.ask_until("ps", |rows| count(rows, "filter", "in") > seen + 3);
    assert_eq!(count(&after, "filter", "out"), count(&before, "filter", "out"));
}

#[test]
fn a_killed_filter_is_brought_back_by_its_restart_policy() {
    let site = Site::new();
    let mut demo = site.start_ready("--demo");
    demo.message("filter", "$upstream");
    let pid = pid_of(&site.json("ps"), "filter");
    kill_process(pid, Signal::KILL).expect("the filter runs");
    let is_back = |row: &Value| row["restarts"] == 1 && row["connected"] == true && row["status"] == "running";
    let rows = site.ask_until("ps", |rows| is_back(row(rows, "filter")));
    assert_ne!(pid_of(&rows, "filter"), pid);
    let sent = count(&rows, "filter", "out");
    site.ask_until("ps", |rows| count(rows, "filter", "out") > sent);
}

fn pid_of(rows: &Value, module: &str) -> Pid {
    let pid = row(rows, module)["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok());
    pid.and_then(Pid::from_raw).expect("a process has a pid")
}

fn facts_of_row(row: &Value) -> String {
    let word = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    format!("{} {} {} {}", word("name"), word("runtime"), word("status"), row["connected"])
}

fn row<'a>(rows: &'a Value, module: &str) -> &'a Value {
    rows.as_array().and_then(|rows| rows.iter().find(|row| row["name"] == module)).unwrap_or(&Value::Null)
}

fn count(rows: &Value, module: &str, direction: &str) -> u64 {
    row(rows, module)["messages"][direction].as_u64().unwrap_or_default()
}
