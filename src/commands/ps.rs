//! `edgectl ps`: what runs.

use serde_json::Value;

use super::Context;
use super::called::Called;
use super::table::render_table;
use crate::edgehub::Link;
use crate::failure::Outcome;
use crate::simulator::control::{Connection, LinkRequest, LinkState, Request};

/// List the modules of the running simulation
///
/// With `--json`: `[{"device", "name", "image", "runtime", "desired", "status", "connected", "restarts", "exitCode",
/// "startedAt", "messages":{"in", "out"}, "pid"}]`
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  edgectl ps")]
pub struct Ps {}

pub(super) fn run(cx: &Context) -> Outcome {
    let modules = cx.block_on(Connection::ask_all(cx.project(), &Request::Ps))?;
    if cx.ui().is_json() {
        return cx.ui().document(&modules);
    }
    tell_cut_link(cx);
    let called = Called::in_simulation(cx);
    let headings = ["MODULE", "RUNTIME", "STATUS", "CONNECTED", "RESTARTS", "IN", "OUT", "PID", "IMAGE"];
    cx.ui().result(render_table(headings, &modules.iter().map(|module| row(&called, module)).collect::<Vec<_>>()))
}

/// Says that the cloud cannot be reached, since that explains much.
fn tell_cut_link(cx: &Context) {
    let asked =
        cx.block_on(Connection::ask(cx.project(), &Request::Upstream { device: None, change: LinkRequest::default() }));
    // The modules are what was asked for: a simulation that ends just now has told those.
    let state = asked.ok().and_then(|state| serde_json::from_value::<LinkState>(state).ok());
    if let Some(state) = state.filter(|state| state.upstream == Link::Offline) {
        cx.ui().step("Upstream", state.to_string());
    }
}

fn row(called: &Called, module: &Value) -> [String; 9] {
    let connected = if module["connected"] == true { "yes" } else { "no" };
    [
        called.name(&module["device"], &module["name"]),
        text(&module["runtime"]),
        status(module),
        connected.to_owned(),
        text(&module["restarts"]),
        text(&module["messages"]["in"]),
        text(&module["messages"]["out"]),
        text(&module["pid"]),
        text(&module["image"]),
    ]
}

/// A module that has ended shows how.
fn status(module: &Value) -> String {
    match (&module["status"], &module["exitCode"]) {
        // Nobody here knows how a module fares that is started from outside.
        _ if module["runtime"] == "external" => "-".to_owned(),
        (Value::String(status), Value::Number(code)) if status != "running" => format!("{status} ({code})"),
        (status, _) => text(status),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_module_is_one_row() {
        let running = json!({
            "name": "filter", "image": "filter:1", "runtime": "process", "status": "running", "connected": true,
            "restarts": 0, "exitCode": null, "messages": { "in": 3, "out": 2 }, "pid": 42,
        });
        assert_eq!(
            row(&Called::to_main(), &running),
            ["filter", "process", "running", "yes", "0", "3", "2", "42", "filter:1"]
        );
    }

    #[test]
    fn a_module_that_ended_shows_its_exit_code() {
        assert_eq!(status(&json!({ "status": "backoff", "exitCode": 1 })), "backoff (1)");
        assert_eq!(status(&json!({ "status": "running", "exitCode": 1 })), "running");
    }

    #[test]
    fn a_module_from_outside_has_no_status() {
        assert_eq!(status(&json!({ "status": "stopped", "exitCode": null, "runtime": "external" })), "-");
    }
}
