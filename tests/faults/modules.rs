//! Modules that fail.

use serde_json::json;

use crate::support::site::Site;

#[test]
fn a_module_that_exits_at_once_waits_for_its_restart() {
    let site = Site::with_modules(&[("m", "echo no; exit 3")]);
    let mut simulation = site.start_ready("");
    simulation.record("back-off", |r| r["type"] == "module" && r["status"] == "backoff" && r["exitCode"] == 3);
    let table = "\
MODULE  RUNTIME  STATUS       CONNECTED  RESTARTS  IN  OUT  PID  IMAGE
m       process  backoff (3)  no         0         0   0    -    localhost:1/m:1.0
";
    site.run("ps").check(0, table, "");
    let ps = site.run("ps --json").json();
    let told = ["status", "exitCode", "restarts", "pid"].map(|key| ps[0][key].clone());
    assert_eq!(json!(told), json!(["backoff", 3, 0, null]));
    site.run("logs m").check(0, "m | no\nm . ended with exit code 3\n", "");
    site.run("restart m").check(0, "", "   Restarted `m`\n");
}

#[test]
fn a_simulation_ends_with_its_module_if_told_so() {
    let site = Site::with_modules(&[("m", "echo no; exit 3")]);
    for kind in ["exit", "backoff"] {
        let stderr = "m | no\nerror: module `m` ended with exit code 3\n";
        site.simulate(&format!("--fail-on {kind} --duration 60s --quiet")).check(4, "", stderr);
    }
    let run = site.simulate("--fail-on exit --duration 60s --json");
    let stderr = "{\"error\":{\"message\":\"module `m` ended with exit code 3\",\"causes\":[],\
        \"hints\":[\"see above what it said\"]}}\n";
    assert_eq!((run.status, run.stderr.as_str()), (Some(4), stderr));
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let site = Site::with_modules(&[("m", "")]).file("edgectl.yaml", "modules: {m: {command: [nonesuch]}}\n");
    let stderr = site.begins("solution")
        + "\
warning: cannot start module `m`
  caused by: there is no program `nonesuch`
hint: install `nonesuch`, or name another program with `run.command` in `modules/m/module.json`
error: module `m` did not start
hint: see above what it said
";
    site.simulate("--fail-on exit --duration 60s --runtime process").check(4, "", &stderr);
}

#[test]
fn why_a_module_did_not_start_is_in_its_log() {
    let site = Site::with_modules(&[("m", "")]).file("edgectl.yaml", "modules: {m: {command: [nonesuch]}}\n");
    let mut simulation = site.start_ready("--runtime process");
    simulation.record("the end", |record| record["name"] == "m" && record["status"] == "backoff");
    site.run("logs m").check(0, "m . cannot start module `m`: there is no program `nonesuch`\n", "");
}

#[test]
fn a_module_that_cannot_be_called_is_told() {
    let site = Site::new();
    let _simulation = site.start_ready("--external filter --device d");
    let stderr = "\
error: cannot call `reset` of `d/filter`
  caused by: it is not connected, or has not subscribed to direct methods
hint: see `edgectl ps` and `edgectl logs filter`, or wait longer with `--connect-timeout`
";
    site.run("call filter reset --connect-timeout 0").check(4, "", stderr);
    let stderr = "error: `filter` is started from outside\nhint: restart it where you started it\n";
    site.run("restart filter").check(1, "", stderr);
    let stderr = "error: the simulation has no module `fliter`\nhint: did you mean `filter`?\n";
    for command in [
        "call fliter reset",
        "send fliter/inputs/i --data x",
        "logs fliter",
        "monitor --from fliter/outputs/o",
        "credentials fliter",
        "twin patch fliter {}",
        "restart fliter",
    ] {
        site.run(command).check(1, "", stderr);
    }
}
