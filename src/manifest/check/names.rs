//! Names of modules that work badly: with routes, with containers, with other names.

use super::parts::{Part, Parts, Role};
use crate::identity::ModuleId;
use crate::manifest::finding::Finding;
use crate::route::is_reserved_word;
use crate::text::nearest;

/// Reports names that routes cannot select, that meet another's, and twins whose module is not there.
pub(super) fn check(parts: &Parts<'_>, findings: &mut Vec<Finding>) {
    let mut before: Vec<&Part<'_>> = Vec::new();
    for module in parts.user_modules() {
        check_module(module, &before, findings);
        before.push(module);
    }
    if parts.is_layer() {
        return;
    }
    let modules = parts.agent.as_ref().and_then(|agent| agent.get("modules"));
    if modules.is_some_and(|modules| !modules.value().is_object()) {
        return;
    }
    let names: Vec<&str> = parts.user_modules().map(|module| module.name.as_str()).collect();
    for (name, twin) in parts.content.members().unwrap_or_default() {
        let is_system = [ModuleId::EDGE_AGENT, ModuleId::EDGE_HUB].contains(&name);
        if is_system || names.contains(&name) {
            continue;
        }
        let told = twin.key_error(format!("desired properties for `{name}`, but the deployment has no such module"));
        let hint = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add the module `{name}` to `$edgeAgent`, or take its properties out"),
        };
        findings.push(Finding::warning("twin-without-module", told.hint(hint)));
    }
}

fn check_module(module: &Part<'_>, before: &[&Part<'_>], findings: &mut Vec<Finding>) {
    let name = module.name.as_str();
    if module.role == Role::User && matches!(name, "edgeAgent" | "edgeHub") {
        let told = module.node.key_error(format!("the runtime's own container is called `{name}`"));
        return findings.push(Finding::error("module-name", told.hint("give the module another name")));
    }
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if is_name && !(begins && name.len() > 1) {
        let told = module.node.key_error(format!("the engine takes no container called `{name}`"));
        let hint = "begin the name with a letter or a digit, and give it two characters or more";
        findings.push(Finding::warning("container-name", told.hint(hint)));
    }
    if is_reserved_word(name) {
        let told = module.node.key_error(format!("`{name}` is a word of the routing language: no route can name it"));
        findings.push(Finding::warning("name-in-routes", told.hint("give the module another name")));
    }
    if let Some(other) = before.iter().find(|other| other.name.eq_ignore_ascii_case(name)) {
        let told = module.node.key_error(format!("routes cannot tell `{name}` from `{}`", other.name));
        findings.push(Finding::warning("name-in-routes", told.hint("give one of them another name")));
    }
}
