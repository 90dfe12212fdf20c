//! The modules of a manifest: `$edgeAgent`'s `modules` and `systemModules` (protocol.md §10.2).

use serde_json::{Map, Value};

use super::deployment::ModuleSpec;
use super::policy::{DesiredStatus, PullPolicy, RestartPolicy};
use super::{create_options, finding::Finding};
use crate::document::Node;
use crate::identity::ModuleId;
use crate::text::TextError;

/// Started last: what a module without `startupOrder` gets.
const LAST: u32 = u32::MAX;

/// Reads the modules that users write; what is wrong with one doesn't hide what is wrong with the next.
pub(super) fn read_user(agent: &Node<'_>, findings: &mut Vec<Finding>) -> Vec<ModuleSpec> {
    let Some(modules) = agent.get("modules") else { return Vec::new() };
    let mut read = Vec::new();
    match modules.members() {
        Err(at) => findings.push(Finding::error("modules", at)),
        Ok(members) => {
            // A member that is null deletes a module in a patch, and means nothing here.
            for (name, node) in members.into_iter().filter(|(_, node)| !node.value().is_null()) {
                match read_named(name, &node) {
                    Ok(module) => read.push(module),
                    Err(finding) => findings.push(finding),
                }
            }
        }
    }
    read
}

/// Returns the names of the modules that users write, those that have mistakes too.
pub(super) fn names<'d>(agent: &Node<'d>) -> Vec<&'d str> {
    let members = agent.get("modules").and_then(|modules| modules.object().ok());
    members.into_iter().flatten().filter(|(_, module)| !module.is_null()).map(|(name, _)| name.as_str()).collect()
}

/// Reads the agent and the hub, under the ids of their identities.
pub(super) fn read_system(agent: &Node<'_>, findings: &mut Vec<Finding>) -> Vec<ModuleSpec> {
    let parts = [("edgeAgent", ModuleId::edge_agent()), ("edgeHub", ModuleId::edge_hub())];
    let system = agent.need("systemModules").map_err(|at| Finding::error("system-modules", at));
    let mut read = Vec::new();
    for (name, id) in parts {
        let node =
            system.clone().and_then(|system| system.need(name).map_err(|at| Finding::error("system-modules", at)));
        match node.and_then(|node| read_module(id, &node)) {
            Ok(module) => read.push(module),
            Err(finding) if findings.contains(&finding) => {}
            Err(finding) => findings.push(finding),
        }
    }
    read
}

/// Reads one module that users write.
pub(super) fn read_named(name: &str, node: &Node<'_>) -> Result<ModuleSpec, Finding> {
    read_module(check_name(name, node)?, node)
}

fn check_name(name: &str, node: &Node<'_>) -> Result<ModuleId, Finding> {
    let fits = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    ModuleId::parse(name).ok().filter(|_| fits).ok_or_else(|| {
        let told = node.key_error(format!("`{name}` is no name of a module"));
        Finding::error("module-name", told.hint("use letters, digits, `_` and `-`, at most 128 of them"))
    })
}

fn read_module(id: ModuleId, node: &Node<'_>) -> Result<ModuleSpec, Finding> {
    let module = |at| Finding::error("module", at);
    read_kind(node).map_err(module)?;
    let settings = node.need("settings").map_err(module)?;
    let version = read_version(node).map_err(module)?;
    let image = read_image(&settings).map_err(|at| Finding::error("image", at))?;
    let create_options = create_options::read(&settings).map_err(|at| Finding::error("create-options", at))?;
    let env = read_env(node).map_err(|at| Finding::error("env", at))?;
    let policies = read_policies(node, &id).map_err(module)?;
    let Policies { status, restart, pull, startup_order } = policies;
    Ok(ModuleSpec { id, version, image, create_options, env, status, restart, pull, startup_order })
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

fn read_env(node: &Node<'_>) -> Result<Vec<(String, String)>, TextError> {
    let Some(env) = node.get("env") else { return Ok(Vec::new()) };
    let mut read = Vec::new();
    for (name, variable) in env.members()? {
        if name.is_empty() || name.contains(|c: char| "+#$.".contains(c) || c.is_whitespace()) {
            let told = variable.key_error(format!("`{name}` is no name of a variable"));
            return Err(told.hint("leave out blanks and the characters + # $ ."));
        }
        let value = variable.need("value")?;
        read.push((
            name.to_owned(),
            match value.value() {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(flag) => flag.to_string(),
                _ => return Err(value.wrong("a string, a number, true or false")),
            },
        ));
    }
    Ok(read)
}

struct Policies {
    status: DesiredStatus,
    restart: RestartPolicy,
    pull: PullPolicy,
    startup_order: u32,
}

fn read_policies(node: &Node<'_>, id: &ModuleId) -> Result<Policies, TextError> {
    let is_agent = id.as_str() == ModuleId::EDGE_AGENT;
    let restart_default = if id.is_system() { RestartPolicy::Always } else { RestartPolicy::default() };
    let status = node.get("status").map(|status| status.word(DesiredStatus::WORDS, DesiredStatus::from_word));
    let restart = node.get("restartPolicy").map(|policy| policy.word(RestartPolicy::WORDS, RestartPolicy::from_word));
    let pull = node.get("imagePullPolicy").map(|policy| policy.word(PullPolicy::WORDS, PullPolicy::from_word));
    let order = node.get("startupOrder").map(|order| order.whole_number(u64::from(LAST)));
    let order = order.transpose()?.map(|order| u32::try_from(order).unwrap_or(LAST));
    Ok(Policies {
        status: status.transpose()?.unwrap_or_default(),
        restart: restart.transpose()?.unwrap_or(restart_default),
        pull: pull.transpose()?.unwrap_or_default(),
        startup_order: if is_agent { 0 } else { order.unwrap_or(LAST) },
    })
}

/// Reads the desired properties of one twin.
pub(super) fn read_desired(node: &Node<'_>) -> Result<Map<String, Value>, Finding> {
    node.object().cloned().map_err(|at| Finding::error("desired", at))
}
