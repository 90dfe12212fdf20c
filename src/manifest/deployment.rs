//! A whole deployment, read and checked: what runs, what is routed, what each twin is to hold.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::finding::{Finding, Severity, kept};
use super::hub::HubSettings;
use super::policy::{DesiredStatus, PullPolicy, RestartPolicy};
use super::{modules, routes, shape};
use crate::document::{Document, Node};
use crate::identity::ModuleId;
use crate::text::{Pointer, TextError};

/// A whole deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    /// The modules that users write, in the manifest's order.
    pub modules: Vec<ModuleSpec>,
    /// `$edgeAgent` and `$edgeHub`, in this order.
    pub system: Vec<ModuleSpec>,
    /// The routes, in the manifest's order; each one compiles.
    pub routes: Vec<RouteSpec>,
    /// How long a message waits for its receiver unless its route says otherwise; `None` means for ever.
    pub time_to_live: Option<Duration>,
    /// Bytes that waiting messages may take (`storeLimits.maxSizeBytes`); `None` means as much as the disk has.
    pub max_bytes: Option<u64>,
    /// The desired properties of every twin that the manifest sets, those of `$edgeAgent` and `$edgeHub` included.
    pub desired: BTreeMap<ModuleId, Map<String, Value>>,
    /// The registries that images are pulled from with credentials.
    pub registries: Vec<RegistryCredential>,
}

/// A module as the manifest wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModuleSpec {
    /// Its id on the device.
    pub id: ModuleId,
    /// What its writer calls its version; empty if nothing. It is reported, and otherwise only told from others.
    pub version: String,
    /// The image as written, variables expanded.
    pub image: String,
    /// The body of the engine's create-container call; unknown keys and key order are kept.
    pub create_options: Map<String, Value>,
    /// The environment as written, in order.
    pub env: Vec<(String, String)>,
    /// Whether it is to run.
    pub status: DesiredStatus,
    /// When it is started again.
    pub restart: RestartPolicy,
    /// When its image is pulled.
    pub pull: PullPolicy,
    /// Lower numbers are started first.
    pub startup_order: u32,
}

/// A route as the manifest writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteSpec {
    /// Its name.
    pub name: String,
    /// Its text, which [`Route::parse`](crate::route::Route::parse) takes.
    pub text: String,
    /// 0 to 9, 0 first; `None` comes after all.
    pub priority: Option<u8>,
    /// How long its messages wait for their receiver, or `None` for the hub's setting.
    pub ttl: Option<Duration>,
}

/// How to log in to a registry.
#[derive(Clone, PartialEq, Eq)]
pub struct RegistryCredential {
    /// The registry's host and port.
    pub address: String,
    /// The user.
    pub username: String,
    /// The password.
    pub password: String,
}

/// Leaves the password out.
impl std::fmt::Debug for RegistryCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegistryCredential").field("address", &self.address).field("username", &self.username).finish()
    }
}

impl Deployment {
    /// Reads a finished manifest, or the document that [`expand`](super::expand) returns.
    ///
    /// All that is wrong comes back at once, in the order of the file. `findings` gets what is only suspicious.
    pub fn parse(document: &Document, warnings: &mut Vec<Finding>) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        let deployment = Self::read(document, &mut findings);
        let (errors, suspicious): (Vec<_>, Vec<_>) = findings.into_iter().partition(|f| f.severity == Severity::Error);
        warnings.extend(suspicious);
        match deployment {
            Some(deployment) if errors.is_empty() => Ok(deployment),
            _ => Err(errors),
        }
    }

    /// Reads the desired properties of `$edgeAgent` alone, as they stand in its twin.
    pub fn parse_agent(desired: &Map<String, Value>) -> Result<Self, Vec<Finding>> {
        let hub = serde_json::json!({ "schemaVersion": "1.1" });
        let content = serde_json::json!({
            ModuleId::EDGE_AGENT: { "properties.desired": desired }, ModuleId::EDGE_HUB: { "properties.desired": hub },
        });
        let text = serde_json::json!({ "modulesContent": content }).to_string();
        let document = Document::parse("$edgeAgent", &text).map_err(|at| vec![Finding::error("no-content", at)])?;
        Self::parse(&document, &mut Vec::new())
    }

    fn read(document: &Document, findings: &mut Vec<Finding>) -> Option<Self> {
        let found = shape::modules_content(document).map_err(|at| Finding::error("no-content", at));
        let pointer = kept(found, findings)?;
        let content = document.node(&pointer)?;
        if let Some(key) = shape::layer_key(&content) {
            let told = key.key_error("this is a layer over another deployment, not a whole one");
            let hint =
                format!("put it over its base: `edgectl deploy --merge BASE {} --out WHOLE.json`", document.file());
            findings.push(Finding::error("layer", told.hint(hint)));
            return None;
        }
        let agent = kept(twin(document, &pointer, ModuleId::EDGE_AGENT), findings);
        let hub = kept(twin(document, &pointer, ModuleId::EDGE_HUB), findings);
        let (agent, hub) = (agent?, hub?);
        kept(schema(&agent, &["1.0", "1.1"]), findings);
        let schema = kept(schema(&hub, HubSettings::SCHEMAS), findings);
        let system = modules::read_system(&agent, findings);
        let modules = modules::read_user(&agent, findings);
        let routes = routes::read(&hub, schema.as_deref().unwrap_or("1.1"), &modules::names(&agent), findings);
        let time_to_live = kept(time_to_live(&hub), findings).unwrap_or_default();
        let max_bytes = kept(max_bytes(&hub), findings).unwrap_or_default();
        let registries = registries(&agent, findings);
        let desired = all_desired(document, &content, &pointer, findings);
        Some(Self { modules, system, routes, time_to_live, max_bytes, desired, registries })
    }
}

/// Returns the desired properties of the agent or the hub, which are an object.
fn twin<'d>(document: &'d Document, content: &Pointer, name: &str) -> Result<Node<'d>, Finding> {
    let desired = shape::desired(document.value(), content, name).and_then(|pointer| document.node(&pointer));
    let Some(desired) = desired else {
        let told = document.error(content, format!("the desired properties of `{name}` are missing"));
        let hint = format!("add `\"{name}\": {{\"properties.desired\": …}}` to `modulesContent`");
        return Err(Finding::error("no-content", told.hint(hint)));
    };
    desired.object().map_err(|at| Finding::error("desired", at))?;
    Ok(desired)
}

pub(super) fn schema(twin: &Node<'_>, known: &[&str]) -> Result<String, Finding> {
    let wrong = |at| Finding::error("schema-version", at);
    let node = twin.need("schemaVersion").map_err(wrong)?;
    let version = node.text().map_err(wrong)?;
    // `1.1.0` is `1.1`.
    let short = version.strip_suffix(".0").filter(|short| short.contains('.')).unwrap_or(version);
    if known.contains(&short) {
        return Ok(short.to_owned());
    }
    let told = node.error(format!("the schema `{version}` is not known; known are {}", known.join(", ")));
    Err(wrong(told.hint("write \"schemaVersion\": \"1.1\"")))
}

/// The outer `Option` is the manifest's: a negative number means for ever. Absent, the documented 7200 s are taken.
pub(super) fn time_to_live(hub: &Node<'_>) -> Result<Option<Duration>, Finding> {
    let setting = hub.get("storeAndForwardConfiguration").and_then(|setting| setting.get("timeToLiveSecs"));
    let Some(node) = setting else { return Ok(Some(Duration::from_secs(7200))) };
    match node.value().as_i64() {
        Some(seconds) => Ok(u64::try_from(seconds).ok().map(Duration::from_secs)),
        None => Err(Finding::error("time-to-live", without_quotes(&node, node.wrong("a whole number of seconds")))),
    }
}

/// The limit of the store (protocol.md §9.1).
pub(super) fn max_bytes(hub: &Node<'_>) -> Result<Option<u64>, Finding> {
    let limits = hub.get("storeAndForwardConfiguration").and_then(|setting| setting.get("storeLimits"));
    let Some(node) = limits.and_then(|limits| limits.get("maxSizeBytes")) else { return Ok(None) };
    let bytes = node.value().as_u64();
    let wrong = || Finding::error("store-limit", without_quotes(&node, node.wrong("a whole number of bytes")));
    bytes.map(Some).ok_or_else(wrong)
}

/// Says what to write, where a number stands in quotes.
fn without_quotes(node: &Node<'_>, told: TextError) -> TextError {
    let number = node.value().as_str().filter(|text| text.parse::<i64>().is_ok());
    told.or_hint(number.map(|text| format!("write `{text}` without quotes")))
}

fn registries(agent: &Node<'_>, findings: &mut Vec<Finding>) -> Vec<RegistryCredential> {
    let wrong = |at| Finding::error("registry", at);
    let runtime = agent.get("runtime").and_then(|runtime| runtime.get("settings"));
    let Some(credentials) = runtime.and_then(|settings| settings.get("registryCredentials")) else {
        return Vec::new();
    };
    let members = kept(credentials.members().map_err(wrong), findings).unwrap_or_default();
    members.into_iter().filter_map(|(_, node)| kept(registry(&node).map_err(wrong), findings)).collect()
}

pub(super) fn registry(node: &Node<'_>) -> Result<RegistryCredential, TextError> {
    let text = |key| node.need(key).and_then(|node| node.text().map(str::to_owned));
    Ok(RegistryCredential { address: text("address")?, username: text("username")?, password: text("password")? })
}

fn all_desired(
    document: &Document,
    content: &Node<'_>,
    pointer: &Pointer,
    findings: &mut Vec<Finding>,
) -> BTreeMap<ModuleId, Map<String, Value>> {
    let mut all = BTreeMap::new();
    for (name, node) in
        kept(content.members().map_err(|at| Finding::error("no-content", at)), findings).unwrap_or_default()
    {
        let id = match name {
            ModuleId::EDGE_AGENT => Ok(ModuleId::edge_agent()),
            ModuleId::EDGE_HUB => Ok(ModuleId::edge_hub()),
            name => modules::check_name(name, &node),
        };
        let Some(id) = kept(id, findings) else { continue };
        let desired = shape::desired(document.value(), pointer, name).and_then(|pointer| document.node(&pointer));
        if let Some(properties) = desired.and_then(|node| kept(modules::read_desired(&node), findings)) {
            all.insert(id, properties);
        }
    }
    all
}
