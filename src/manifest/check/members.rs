//! The members that `$edgeAgent`, `$edgeHub` and their parts have, by schema (protocol.md §10.1–10.4).

use serde_json::{Map, Value};

use super::parts::{Part, Parts, Role};
use crate::document::Node;
use crate::identity::ModuleId;
use crate::manifest::RestartPolicy;
use crate::manifest::finding::Finding;
use crate::manifest::modules::missing_status;
use crate::text::{TextError, nearest};

const AGENT: &[&str] = &["schemaVersion", "runtime", "systemModules", "modules", "integrity"];
const RUNTIME: &[&str] = &["type", "settings"];
const RUNTIME_SETTINGS: &[&str] = &["minDockerVersion", "loggingOptions", "registryCredentials"];
/// What a runtime needs of them.
const SETTINGS_OF_RUNTIME: &str = r#"{"minDockerVersion": "v1.25"}"#;
const REGISTRY: &[&str] = &["address", "username", "password"];
const SYSTEM_MODULES: &[&str] = &["edgeAgent", "edgeHub"];
const AGENT_MODULE: &[&str] = &["type", "version", "env", "settings", "imagePullPolicy"];
const MODULE: &[&str] =
    &["type", "version", "status", "restartPolicy", "env", "settings", "imagePullPolicy", "startupOrder"];
const SETTINGS: &[&str] = &["image", "createOptions", "digest"];
const VARIABLE: &[&str] = &["value"];
const HUB: &[&str] = &["schemaVersion", "routes", "storeAndForwardConfiguration", "mqttBroker", "integrity"];
const STORE: &[&str] = &["timeToLiveSecs", "storeLimits"];
const STORE_LIMITS: &[&str] = &["maxSizeBytes"];
const TWIN: &[&str] = &["properties.desired", "properties"];

/// Reports members that nobody reads, members that a schema does not have yet, and members that must be there.
pub(super) fn check(parts: &Parts<'_>, findings: &mut Vec<Finding>) {
    for (name, twin) in parts.content.members().unwrap_or_default() {
        if !parts.is_layer() {
            warn_of_layer_keys(&twin, findings);
        }
        match name {
            ModuleId::EDGE_AGENT => dotted(&twin, AGENT, findings),
            ModuleId::EDGE_HUB => dotted(&twin, HUB, findings),
            _ => {}
        }
        unknown(Some(twin), TWIN, &is_layer_key, findings);
    }
    if let Some(agent) = &parts.agent {
        check_agent(agent, parts.is_layer(), findings);
    }
    if let Some(hub) = &parts.hub {
        check_hub(hub, parts.is_layer(), findings);
    }
    let schema = parts.agent.as_ref().and_then(|agent| agent.get("schemaVersion"));
    let is_oldest = schema.is_some_and(|schema| matches!(schema.value().as_str(), Some("1.0" | "1.0.0")));
    for module in &parts.modules {
        check_module(module, findings);
        if is_oldest {
            newer(&module.node, "startupOrder", "1.1", findings);
            newer(&module.node, "imagePullPolicy", "1.1", findings);
        }
    }
}

fn is_layer_key(key: &str) -> bool {
    key.starts_with("properties.desired.")
}

/// Only the twins of modules can have such keys here: in those of `$edgeAgent` and `$edgeHub` they make a layer.
fn warn_of_layer_keys(twin: &Node<'_>, findings: &mut Vec<Finding>) {
    for (key, member) in twin.members().unwrap_or_default().into_iter().filter(|(key, _)| is_layer_key(key)) {
        let told = member.key_error(format!("`{key}` is a key of layers, and this is a whole deployment"));
        let hint = "move its value into \"properties.desired\", where the simulation and other tools look for it";
        findings.push(Finding::warning("layer-key", told.hint(hint)));
    }
}

fn check_agent(agent: &Node<'_>, is_layer: bool, findings: &mut Vec<Finding>) {
    known(Some(agent.clone()), AGENT, findings);
    if !is_layer {
        let hint = format!("add \"runtime\": {{\"type\": \"docker\", \"settings\": {SETTINGS_OF_RUNTIME}}}");
        needed(agent, "runtime", "", &hint, findings);
        defaulted(agent, "modules", "takes no modules", "{}", findings);
    }
    if let Some(runtime) = agent.get("runtime") {
        check_runtime(&runtime, findings);
    }
    known(agent.get("systemModules"), SYSTEM_MODULES, findings);
}

/// The agent has settings of its own for a runtime without any, but those that are there need a version of the engine.
fn check_runtime(runtime: &Node<'_>, findings: &mut Vec<Finding>) {
    known(Some(runtime.clone()), RUNTIME, findings);
    let settings = runtime.get("settings");
    if let Err(at) = check_types(runtime, settings.as_ref()) {
        findings.push(Finding::error("runtime", at));
    }
    let Some(settings) = settings else {
        return defaulted(runtime, "settings", "takes empty ones", SETTINGS_OF_RUNTIME, findings);
    };
    let why = ", without which the agent refuses the deployment";
    needed(&settings, "minDockerVersion", why, "add \"minDockerVersion\": \"v1.25\"", findings);
    let registries = settings.get("registryCredentials").and_then(|node| node.members().ok());
    for (_, registry) in registries.unwrap_or_default() {
        warn_of_empty_login(&registry, findings);
        known(Some(registry), REGISTRY, findings);
    }
    known(Some(settings), RUNTIME_SETTINGS, findings);
}

/// Other tools leave the variables of a login empty in `.env` until somebody needs them.
fn warn_of_empty_login(registry: &Node<'_>, findings: &mut Vec<Finding>) {
    let parts = ["username", "password"].into_iter().filter_map(|part| Some((part, registry.get(part)?)));
    if let Some((part, node)) = parts.into_iter().find(|(_, node)| node.value() == "") {
        let told = node.error(format!("the {part} is empty with which devices log in to this registry"));
        let hint = "give its variable a value in `.env`, or take out the entry of a registry without a login";
        findings.push(Finding::warning("registry-login", told.hint(hint)));
    }
}

fn check_types(runtime: &Node<'_>, settings: Option<&Node<'_>>) -> Result<(), TextError> {
    let kind = runtime.need("type")?;
    let text = kind.text()?;
    if text != "docker" {
        let told = kind.error(format!("expected `docker`, found `{text}`"));
        return Err(told.hint("write \"type\": \"docker\", the only runtime that the agent knows"));
    }
    for key in ["minDockerVersion", "loggingOptions"] {
        settings.and_then(|settings| settings.get(key)).map(|node| node.text().map(drop)).transpose()?;
    }
    Ok(())
}

fn check_module(module: &Part<'_>, findings: &mut Vec<Finding>) {
    let members = if module.role == Role::Agent { AGENT_MODULE } else { MODULE };
    known(Some(module.node.clone()), members, findings);
    let is_piece = |key: &str| {
        let start = key.get(.."createOptions".len());
        let number = || &key["createOptions".len()..];
        start.is_some_and(|start| start.eq_ignore_ascii_case("createOptions"))
            && matches!(number().len(), 0 | 2)
            && number().bytes().all(|byte| byte.is_ascii_digit())
    };
    unknown(module.node.get("settings"), SETTINGS, &is_piece, findings);
    for (_, variable) in module.node.get("env").and_then(|env| env.members().ok()).unwrap_or_default() {
        known(Some(variable), VARIABLE, findings);
    }
    check_policies(module, findings);
}

/// The agent takes a deployment as a whole or not at all: one module without a `status` refuses all of them.
fn check_policies(module: &Part<'_>, findings: &mut Vec<Finding>) {
    let (why, default) = match module.role {
        Role::Agent => return,
        Role::Hub => (", without which the agent starts no hub", RestartPolicy::Always),
        Role::User => (", without which the agent refuses the deployment", RestartPolicy::default()),
    };
    findings.extend(missing_status(&module.node, why));
    match module.node.value().get("restartPolicy") {
        Some(Value::Null) => {
            let told = module.node.error("`restartPolicy` is null, which the agent refuses");
            findings.push(Finding::error("missing-member", told.hint("write \"restartPolicy\": \"always\"")));
        }
        Some(_) => {}
        None => {
            let default = default.as_word();
            let taken = format!("takes `{default}`");
            defaulted(&module.node, "restartPolicy", &taken, &format!("\"{default}\""), findings);
        }
    }
}

fn check_hub(hub: &Node<'_>, is_layer: bool, findings: &mut Vec<Finding>) {
    known(Some(hub.clone()), HUB, findings);
    let store = hub.get("storeAndForwardConfiguration");
    if !is_layer {
        let why = ", without which the hub refuses its configuration";
        needed(hub, "routes", why, "add \"routes\": {}", findings);
        let hint = "add \"storeAndForwardConfiguration\": {\"timeToLiveSecs\": 7200}";
        needed(hub, "storeAndForwardConfiguration", why, hint, findings);
    }
    if let Some(store) = &store {
        let why = ", without which no message may wait for even a second";
        needed(store, "timeToLiveSecs", why, "add \"timeToLiveSecs\": 7200", findings);
    }
    known(store.clone(), STORE, findings);
    known(store.and_then(|store| store.get("storeLimits")), STORE_LIMITS, findings);
    if let Some(broker) = hub.get("mqttBroker") {
        let told = broker.key_error("no runtime since 1.3 has the MQTT broker that `mqttBroker` configures");
        let hint = "take `mqttBroker` out, and run a broker as a module if you need one";
        findings.push(Finding::warning("mqtt-broker", told.hint(hint)));
    }
    let schema = hub.get("schemaVersion").and_then(|schema| schema.value().as_str());
    if matches!(schema, Some("1.0" | "1.1" | "1.2" | "1.0.0" | "1.1.0" | "1.2.0")) {
        newer(hub, "integrity", "1.3", findings);
    }
}

/// Reports a member whose absence, or null, makes those who read it refuse it or misread it.
fn needed(node: &Node<'_>, member: &str, why: &str, hint: &str, findings: &mut Vec<Finding>) {
    if node.value().is_object() && node.get(member).is_none() {
        let told = node.error(format!("the member `{member}` is missing{why}"));
        findings.push(Finding::error("missing-member", told.hint(hint)));
    }
}

/// Reports a member that the public schemas require, by which `az` and editors check; the agent has a default.
fn defaulted(node: &Node<'_>, member: &str, taken: &str, value: &str, findings: &mut Vec<Finding>) {
    // One that is there in other letters has been told already, as the one that was meant.
    let is_there = |members: &Map<String, Value>| members.keys().any(|key| key.eq_ignore_ascii_case(member));
    if node.value().as_object().is_some_and(|members| !is_there(members)) {
        let told = node.error(format!("without `{member}` the agent {taken}, and `az` refuses the manifest"));
        findings.push(Finding::warning("default-member", told.hint(format!("add \"{member}\": {value}"))));
    }
}

fn newer(node: &Node<'_>, member: &str, schema: &str, findings: &mut Vec<Finding>) {
    if let Some(member_node) = node.get(member) {
        let told = member_node.key_error(format!("`{member}` is read from schema {schema} on only"));
        findings.push(Finding::warning("newer-member", told.hint(format!("write \"schemaVersion\": \"{schema}\""))));
    }
}

fn known(node: Option<Node<'_>>, known: &[&str], findings: &mut Vec<Finding>) {
    unknown(node, known, &|_| false, findings);
}

/// Reports keys of a layer that lead to no member of the twin.
fn dotted(twin: &Node<'_>, known: &[&str], findings: &mut Vec<Finding>) {
    for (key, member) in twin.members().unwrap_or_default() {
        let Some(path) = key.strip_prefix("properties.desired.") else { continue };
        let first = path.split('.').next().unwrap_or_default();
        if known.contains(&first) {
            continue;
        }
        let told = member.key_error(format!("nobody reads the member `{first}` of the desired properties"));
        let hint = match nearest(first, known.iter().copied()) {
            Some(near) => format!("write `properties.desired.{near}{}`", &path[first.len()..]),
            None => format!("take it out; read there are `{}`", known.join("`, `")),
        };
        findings.push(Finding::warning("unknown-member", told.hint(hint)));
    }
}

fn unknown(node: Option<Node<'_>>, known: &[&str], is_known: &dyn Fn(&str) -> bool, findings: &mut Vec<Finding>) {
    for (key, member) in node.and_then(|node| node.members().ok()).unwrap_or_default() {
        // Members with a dollar are what a twin adds to itself.
        if known.contains(&key) || is_known(key) || key.starts_with('$') {
            continue;
        }
        let told = member.key_error(format!("nobody reads the member `{key}` here"));
        let hint = match nearest(key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("take it out; read here are `{}`", known.join("`, `")),
        };
        findings.push(Finding::warning("unknown-member", told.hint(hint)));
    }
}
