//! Environment variables that the runtime sets itself (protocol.md §1.1).

use serde_json::Value;

use super::parts::{Part, Parts, Role};
use crate::manifest::finding::Finding;
use crate::text::Pointer;

/// What the agent adds to every container.
const INJECTED: [&str; 9] = [
    "IOTEDGE_WORKLOADURI",
    "IOTEDGE_AUTHSCHEME",
    "IOTEDGE_MODULEGENERATIONID",
    "IOTEDGE_IOTHUBHOSTNAME",
    "IOTEDGE_GATEWAYHOSTNAME",
    "IOTEDGE_PARENTHOSTNAME",
    "IOTEDGE_DEVICEID",
    "IOTEDGE_MODULEID",
    "IOTEDGE_APIVERSION",
];
/// What it adds to its own and to the hub's besides.
const INJECTED_IN_SYSTEM: &str = "EdgeDeviceHostName";
/// What it adds to its own besides.
const INJECTED_IN_AGENT: [&str; 4] = ["IOTEDGE_MANAGEMENTURI", "IOTEDGE_WORKLOADLISTEN_MNTURI", "NetworkId", "Mode"];

/// Reports variables that the agent sets too, and entries of `Env` that are none.
pub(super) fn check(parts: &Parts<'_>, findings: &mut Vec<Finding>) {
    for module in &parts.modules {
        for (name, variable) in module.node.get("env").and_then(|env| env.members().ok()).unwrap_or_default() {
            if is_injected(name, module.role) {
                let told = variable.key_error(format!("the agent sets `{name}` itself, and refuses the module"));
                let hint = format!("take `{name}` out, or give the variable another name");
                findings.push(Finding::error("injected-name", told.hint(hint)));
            }
        }
        check_entries(module, findings);
    }
}

/// Entries of createOptions win over what the agent sets.
fn check_entries(module: &Part<'_>, findings: &mut Vec<Finding>) {
    let Some(options) = &module.options else { return };
    let entries = options.value.get("Env").and_then(Value::as_array);
    for (index, entry) in entries.into_iter().flatten().enumerate() {
        let Some(name) = entry.as_str().map(|text| text.split('=').next().unwrap_or_default()) else { continue };
        let at = Pointer::root().key("Env").index(index);
        if name.is_empty() {
            let told = options.error(&at, "expected `NAME=VALUE`, found no name");
            findings.push(Finding::error("option-value", told.hint("write the name before the `=`")));
        } else if is_injected(name, module.role) {
            let told = options.error(&at, format!("this replaces the `{name}` that the agent sets"));
            let hint = "take it out: the module could not find its hub or its identity";
            findings.push(Finding::warning("injected-name-replaced", told.hint(hint)));
        }
    }
}

fn is_injected(name: &str, role: Role) -> bool {
    INJECTED.contains(&name)
        || (role != Role::User && name == INJECTED_IN_SYSTEM)
        || (role == Role::Agent && INJECTED_IN_AGENT.contains(&name))
}
