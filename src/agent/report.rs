//! The agent's reported properties, as the real one shapes them (protocol.md §11.3).

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::port::{ModuleState, Owner, Status};
use super::{Agent, Module};
use crate::clock::iso_ticks;
use crate::manifest::{ModuleSpec, PullPolicy, RestartPolicy, create_options_pieces};
use crate::twin;

/// The time of what never happened.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// Returns all reported properties as they are now.
pub(super) fn document(agent: &Agent) -> Map<String, Value> {
    let twin = &agent.twin;
    let status = match twin.has_shut_down {
        true => json!({ "code": 406, "description": "Agent is not running" }),
        false => json!({ "code": twin.status.code, "description": twin.status.description }),
    };
    let modules = agent.modules.iter().map(|(name, module)| (name.to_string(), agent.entry_of_module(module)));
    let document = json!({
        "schemaVersion": "1.0",
        "version": twin::runtime_version(),
        "lastDesiredVersion": twin.handled(),
        "lastDesiredStatus": status,
        "runtime": runtime(twin.deployed()),
        "systemModules": { "edgeAgent": agent.entry_of_system("edgeAgent"), "edgeHub": agent.entry_of_system("edgeHub") },
        "modules": modules.collect::<Map<_, _>>(),
    });
    match document {
        Value::Object(document) => document,
        _ => Map::new(),
    }
}

fn runtime(deployed: &Map<String, Value>) -> Value {
    let settings = deployed.get("runtime").and_then(|runtime| runtime.get("settings")).cloned();
    json!({
        "type": "docker",
        "settings": settings.unwrap_or_else(|| json!({})),
        "platform": { "os": std::env::consts::OS, "architecture": std::env::consts::ARCH, "version": "" },
    })
}

impl Agent {
    fn runtime_status(&self, status: &'static str) -> &'static str {
        if self.twin.has_shut_down { "unknown" } else { status }
    }

    fn entry_of_module(&self, module: &Module) -> Value {
        let ModuleState { status, restarts, exit_code, .. } = module.state;
        let word = match module.planned.owner {
            // Nobody here knows how a module fares that is started from outside.
            Owner::External => "unknown",
            Owner::Agent => status.as_word(),
        };
        let mut entry = wanted(&module.planned.spec, module.state.image.as_deref());
        let state = &module.state;
        let known = json!({
            "exitCode": exit_code.unwrap_or(if status == Status::Failed { -1 } else { 0 }),
            "statusDescription": state.start_failure.as_deref().unwrap_or(word),
            "lastStartTimeUtc": time(state.started_at),
            "lastExitTimeUtc": time(state.exited_at),
            "restartCount": restarts,
            "lastRestartTimeUtc": time(state.restarted_at),
            "runtimeStatus": self.runtime_status(word),
        });
        extend(&mut entry, known);
        Value::Object(entry)
    }

    /// The agent and the hub are parts of this program, and run as long as it does.
    fn entry_of_system(&self, name: &str) -> Value {
        let mut entry = Map::new();
        extend(&mut entry, json!({ "type": "docker", "imagePullPolicy": PullPolicy::default().as_word(), "env": {} }));
        if name == "edgeHub" {
            let (restart, last) = (RestartPolicy::Always.as_word(), u32::MAX);
            extend(&mut entry, json!({ "restartPolicy": restart, "startupOrder": last }));
            extend(&mut entry, json!({ "restartCount": 0, "lastRestartTimeUtc": NEVER }));
        }
        entry.extend(self.twin.system(name).cloned().unwrap_or_default());
        // What neither has an image of, nor options for.
        let mut settings = Map::new();
        extend(&mut settings, json!({ "imageHash": "", "createOptions": "{}" }));
        extend(&mut settings, entry.remove("settings").unwrap_or_default());
        let known = json!({
            "settings": settings,
            "exitCode": 0,
            "statusDescription": "running",
            "lastStartTimeUtc": time(self.twin.began),
            "lastExitTimeUtc": NEVER,
            "runtimeStatus": self.runtime_status("running"),
        });
        extend(&mut entry, known);
        Value::Object(entry)
    }
}

/// What a module was wanted to be, as it is reported beside what became of it; `image` is the id of what it is made of.
fn wanted(spec: &ModuleSpec, image: Option<&str>) -> Map<String, Value> {
    let hash = image.unwrap_or_default();
    let mut settings = Map::from_iter([("image".to_owned(), json!(spec.image)), ("imageHash".to_owned(), json!(hash))]);
    settings.extend(create_options_pieces(&spec.create_options).map(|(key, piece)| (key, Value::String(piece))));
    let env: Map<String, Value> =
        spec.env.iter().map(|(name, value)| (name.clone(), json!({ "value": value }))).collect();
    let mut entry = Map::new();
    extend(
        &mut entry,
        json!({
            "type": "docker",
            "version": spec.version,
            "status": spec.status.as_word(),
            "restartPolicy": spec.restart.as_word(),
            "imagePullPolicy": spec.pull.as_word(),
            "startupOrder": spec.startup_order,
            "env": env,
            "settings": settings,
        }),
    );
    entry
}

fn extend(entry: &mut Map<String, Value>, members: Value) {
    if let Value::Object(members) = members {
        entry.extend(members);
    }
}

fn time(unix: Option<Duration>) -> String {
    unix.map_or_else(|| NEVER.to_owned(), iso_ticks)
}
