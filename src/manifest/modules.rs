//! The modules of a manifest: `$edgeAgent`'s `modules` and `systemModules` (protocol.md §10.2).

use serde_json::{Map, Value};

use super::create_options;
use super::deployment::ModuleSpec;
use super::finding::{Finding, kept};
use super::policy::{DesiredStatus, PullPolicy, RestartPolicy};
use crate::document::Node;
use crate::identity::ModuleId;
use crate::text::TextError;

/// Started last: what a module without `startupOrder` gets.
const LAST: u32 = u32::MAX;

/// Reads the modules that users write; one mistake never hides another.
pub(super) fn read_user(agent: &Node<'_>, findings: &mut Vec<Finding>) -> Vec<ModuleSpec> {
    let Some(modules) = agent.get("modules") else { return Vec::new() };
    let members = modules.members().map_err(|at| Finding::error("modules", at));
    let members = kept(members, findings).unwrap_or_default();
    // A member that is null deletes a module in a patch, and means nothing here.
    let members = members.into_iter().filter(|(_, node)| !node.value().is_null());
    members.filter_map(|(name, node)| read_named(name, &node, findings)).collect()
}

/// Returns the names of the modules that users write, those that have mistakes too.
pub(super) fn names<'d>(agent: &Node<'d>) -> Vec<&'d str> {
    let members = agent.get("modules").and_then(|modules| modules.object().ok());
    members.into_iter().flatten().filter(|(_, module)| !module.is_null()).map(|(name, _)| name.as_str()).collect()
}

/// Reads the agent and the hub, under the ids of their identities.
pub(super) fn read_system(agent: &Node<'_>, findings: &mut Vec<Finding>) -> Vec<ModuleSpec> {
    let missing = |at| Finding::error("system-modules", at);
    let Some(system) = kept(agent.need("systemModules").map_err(missing), findings) else { return Vec::new() };
    if let Err(at) = system.object() {
        findings.push(missing(at));
        return Vec::new();
    }
    let parts = [("edgeAgent", ModuleId::edge_agent()), ("edgeHub", ModuleId::edge_hub())];
    let mut read = Vec::new();
    for (name, id) in parts {
        if let Some(node) = kept(system.need(name).map_err(missing), findings) {
            read.extend(read_module(Some(id), &node, findings));
        }
    }
    read
}

/// Reads one module that users write.
pub(super) fn read_named(name: &str, node: &Node<'_>, findings: &mut Vec<Finding>) -> Option<ModuleSpec> {
    let id = kept(check_name(name, node), findings);
    read_module(id, node, findings)
}

/// Reads the name of a module that users write, which is the key of the node.
pub(super) fn check_name(name: &str, node: &Node<'_>) -> Result<ModuleId, Finding> {
    let fits = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    ModuleId::parse(name).ok().filter(|_| fits).ok_or_else(|| {
        let told = node.key_error(format!("`{name}` is no name of a module"));
        Finding::error("module-name", told.hint("use letters, digits, `_` and `-`, at most 128 of them"))
    })
}

/// Reads what a module is made of, to the end, whatever is wrong on the way; `None` if something is.
fn read_module(id: Option<ModuleId>, node: &Node<'_>, findings: &mut Vec<Finding>) -> Option<ModuleSpec> {
    let module = |at| Finding::error("module", at);
    kept(node.object().map_err(module), findings)?;
    let kind = kept(read_kind(node).map_err(module), findings);
    let settings = kept(node.need("settings").map_err(module), findings);
    let version = kept(read_version(node).map_err(module), findings);
    let of_settings = settings.map(|settings| {
        let image = read_image(&settings).map_err(|at| Finding::error("image", at));
        let options = create_options::read(&settings).map_err(|at| Finding::error("create-options", at));
        (kept(image, findings), kept(options, findings))
    });
    let env = read_env(node, findings);
    let policies = read_policies(node, id.as_ref(), findings);
    let ((), (image, create_options), policies) = (kind?, of_settings?, policies?);
    let Policies { status, restart, pull, startup_order } = policies;
    let (version, image, create_options, env) = (version?, image?, create_options?, env?);
    Some(ModuleSpec { id: id?, version, image, create_options, env, status, restart, pull, startup_order })
}

fn read_kind(node: &Node<'_>) -> Result<(), TextError> {
    let kind = node.need("type")?;
    match kind.text()? {
        "docker" => Ok(()),
        other => Err(kind.error(format!("expected `docker`, found `{other}`")).hint("the runtime knows `docker` only")),
    }
}

fn read_version(node: &Node<'_>) -> Result<String, TextError> {
    match node.get("version") {
        None => Ok(String::new()),
        // As the real agent reads it: a number is its text.
        Some(version) => match version.value() {
            Value::Null => Ok(String::new()),
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            _ => Err(version.wrong("a string")),
        },
    }
}

fn read_image(settings: &Node<'_>) -> Result<String, TextError> {
    let image = settings.need("image")?;
    match image.text()?.trim() {
        "" => Err(image.error("the name of the image is empty").hint("name an image, such as `${MODULES.filter}`")),
        name => Ok(name.to_owned()),
    }
}

fn read_env(node: &Node<'_>, findings: &mut Vec<Finding>) -> Option<Vec<(String, String)>> {
    let Some(env) = node.get("env") else { return Some(Vec::new()) };
    let members = kept(env.members().map_err(|at| Finding::error("env", at)), findings)?;
    let read = members.into_iter().map(|(name, variable)| {
        let value = read_variable(name, &variable).map_err(|at| Finding::error("env", at));
        Some((name.to_owned(), kept(value, findings)?))
    });
    // Every variable is read before one that is wrong counts.
    read.collect::<Vec<_>>().into_iter().collect()
}

fn read_variable(name: &str, variable: &Node<'_>) -> Result<String, TextError> {
    // What stands before the first `=` would be the name, and what follows a part of the value.
    if name.is_empty() || name.contains(|c: char| "+#$.=".contains(c) || c.is_whitespace()) {
        let told = variable.key_error(format!("`{name}` is no name of a variable"));
        return Err(told.hint("leave out blanks and the characters + # $ . ="));
    }
    let is_value = matches!(variable.value(), Value::String(_) | Value::Number(_) | Value::Bool(_));
    let hint = is_value.then(|| format!("write \"{name}\": {{\"value\": …}}"));
    let value = variable.need("value").map_err(|at| at.or_hint(hint))?;
    match value.value() {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        _ => Err(value.wrong("a string, a number, true or false")),
    }
}

struct Policies {
    status: DesiredStatus,
    restart: RestartPolicy,
    pull: PullPolicy,
    startup_order: u32,
}

/// Describes a `status` that is absent or null, for which the agent has no default (protocol.md §10.2).
pub(super) fn missing_status(module: &Node<'_>, why: &str) -> Option<Finding> {
    let is_missing = module.value().is_object() && module.get("status").is_none();
    let told = || module.error(format!("the member `status` is missing{why}")).hint("add \"status\": \"running\"");
    is_missing.then(|| Finding::error("missing-member", told()))
}

/// Reads the policies; `id` is missing if the name of the module is wrong.
fn read_policies(node: &Node<'_>, id: Option<&ModuleId>, findings: &mut Vec<Finding>) -> Option<Policies> {
    let is_agent = id.is_some_and(|id| id.as_str() == ModuleId::EDGE_AGENT);
    let is_system = id.is_some_and(ModuleId::is_system);
    let restart_default = if is_system { RestartPolicy::Always } else { RestartPolicy::default() };
    if is_system && !is_agent {
        findings.extend(missing_status(node, ", without which the agent starts no hub"));
    }
    let status = node.get("status").map(|status| status.word(DesiredStatus::WORDS, DesiredStatus::from_word));
    let restart = node.get("restartPolicy").map(|policy| policy.word(RestartPolicy::WORDS, RestartPolicy::from_word));
    let pull = node.get("imagePullPolicy").map(|policy| policy.word(PullPolicy::WORDS, PullPolicy::from_word));
    let order = node.get("startupOrder").map(|order| order.whole_number(u64::from(LAST)));
    let wrong = |at| Finding::error("module", at);
    let (status, restart) = (status.transpose().map_err(wrong), restart.transpose().map_err(wrong));
    let (pull, order) = (pull.transpose().map_err(wrong), order.transpose().map_err(wrong));
    let (status, restart) = (kept(status, findings), kept(restart, findings));
    let (pull, order) = (kept(pull, findings), kept(order, findings));
    let order = order?.and_then(|order| u32::try_from(order).ok()).unwrap_or(LAST);
    Some(Policies {
        status: status?.unwrap_or_default(),
        restart: restart?.unwrap_or(restart_default),
        pull: pull?.unwrap_or_default(),
        startup_order: if is_agent { 0 } else { order },
    })
}

/// Reads the desired properties of one twin.
pub(super) fn read_desired(node: &Node<'_>) -> Result<Map<String, Value>, Finding> {
    node.object().cloned().map_err(|at| Finding::error("desired", at))
}
