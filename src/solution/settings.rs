//! `edgectl.yaml`: local defaults of `simulate`, and what differs per module on this machine.
//!
//! Never part of a manifest: it is there so that a GPU or `/dev/ttyS0` in one doesn't stop a laptop.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::document::{Document, Node, read_text};
use crate::failure::Outcome;
use crate::identity::DeviceId;
use crate::image::Platform;
use crate::manifest::{ModuleSpec, hide_secrets, hide_unread};
use crate::text::TextError;

/// The file's name.
const FILE: &str = "edgectl.yaml";

/// What `edgectl.yaml` says; all of it is optional.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// `simulate`: what flags of that command say otherwise.
    pub simulate: SimulateDefaults,
    /// `modules`: by module.
    pub modules: BTreeMap<String, ModuleOverride>,
    /// `devices`: edge devices that are simulated beside the main one, in the order of the file.
    pub devices: Vec<(DeviceId, FurtherDevice)>,
}

/// An edge device that is simulated beside the main one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FurtherDevice {
    /// Its deployment: a template or a finished manifest, relative to the solution's folder.
    pub file: PathBuf,
    /// The address to listen on; without one the first that is free.
    pub address: Option<String>,
    /// The edge device that it is a child of.
    pub parent: Option<DeviceId>,
}

/// Defaults for flags of `simulate` of the same names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SimulateDefaults {
    /// How modules are run.
    pub runtime: Option<RuntimeChoice>,
    /// The id of the device.
    pub device: Option<String>,
    /// The platform of images.
    pub platform: Option<Platform>,
    /// The address to listen on.
    pub address: Option<String>,
    /// How containers reach the workload API.
    pub workload: Option<WorkloadChoice>,
}

/// How containers reach the workload API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WorkloadChoice {
    /// Whatever works: a socket where it arrives in a container.
    #[default]
    Auto,
    /// By a socket that is mounted into each.
    Socket,
    /// By HTTP, on a port for each.
    Http,
}

/// How a module is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuntimeChoice {
    /// Whatever is there: engine, command, stand-in.
    Auto,
    /// As a container.
    Docker,
    /// As a process.
    Process,
}

/// What differs for one module.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModuleOverride {
    /// It is not started at all.
    pub skip: bool,
    /// How it is run.
    pub runtime: Option<RuntimeChoice>,
    /// Variables that come on top of the manifest's.
    pub env: Vec<(String, String)>,
    /// createOptions merged into the manifest's; a null deletes.
    pub create_options: Map<String, Value>,
    /// The command of a process instance, instead of the module's own.
    pub command: Option<Vec<String>>,
}

impl RuntimeChoice {
    /// Every word, in the order that messages list them.
    pub const WORDS: &'static [&'static str] = &["auto", "docker", "process"];

    /// Returns the value of a word, or `None` if it is none.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "auto" => Some(Self::Auto),
            "docker" => Some(Self::Docker),
            "process" => Some(Self::Process),
            _ => None,
        }
    }
}

impl WorkloadChoice {
    /// Every word, in the order that messages list them.
    pub const WORDS: &'static [&'static str] = &["auto", "socket", "http"];

    /// Returns the value of a word, or `None` if it is none.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "auto" => Some(Self::Auto),
            "socket" => Some(Self::Socket),
            "http" => Some(Self::Http),
            _ => None,
        }
    }
}

impl ModuleOverride {
    /// Applies environment and createOptions to a module of the manifest.
    pub fn apply(&self, module: &mut ModuleSpec) {
        for (name, value) in &self.env {
            module.env.retain(|(known, _)| known != name);
            module.env.push((name.clone(), value.clone()));
        }
        merge(&mut module.create_options, &self.create_options);
    }
}

/// Merges objects member by member; a null deletes, anything else replaces.
fn merge(into: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (key, value) in over {
        match (into.get_mut(key), value) {
            (Some(Value::Object(into)), Value::Object(over)) => merge(into, over),
            (_, Value::Null) => drop(into.shift_remove(key)),
            _ => drop(into.insert(key.clone(), value.clone())),
        }
    }
}

impl Settings {
    /// Reads the file of a solution; without it, nothing is set.
    pub fn load(root: &Path) -> Outcome<Self> {
        let path = root.join(FILE);
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = read_text(&path, FILE)?;
        // A mistake is shown with its line, and modules have secrets in their environment.
        let document = Document::parse(FILE, &text).map(hide_secrets).map_err(|at| hide_unread(at, &text))?;
        Ok(Self::read(&document.root())?)
    }

    fn read(root: &Node<'_>) -> Result<Self, TextError> {
        if root.value().is_null() {
            return Ok(Self::default());
        }
        root.refuse_unknown(&["simulate", "modules", "devices"])?;
        let simulate = root.get("simulate").map(|node| read_simulate(&node)).transpose()?.unwrap_or_default();
        let mut modules = BTreeMap::new();
        for (name, node) in root.get("modules").map(|node| node.members()).transpose()?.unwrap_or_default() {
            modules.insert(name.to_owned(), read_module(&node)?);
        }
        let devices = root.get("devices").map(|node| node.members()).transpose()?.unwrap_or_default();
        let devices = devices.into_iter().map(|(name, node)| read_device(name, &node)).collect::<Result<_, _>>()?;
        Ok(Self { simulate, modules, devices })
    }
}

fn read_simulate(node: &Node<'_>) -> Result<SimulateDefaults, TextError> {
    node.refuse_unknown(&["runtime", "device", "platform", "address", "workload"])?;
    let text = |key| node.get(key).map(|node| node.text().map(str::to_owned)).transpose();
    let workload = |node: Node<'_>| node.word(WorkloadChoice::WORDS, WorkloadChoice::from_word);
    let platform = |node: Node<'_>| Platform::parse(node.text()?).map_err(|error| node.error(error));
    Ok(SimulateDefaults {
        runtime: read_runtime(node)?,
        device: text("device")?,
        platform: node.get("platform").map(platform).transpose()?,
        address: text("address")?,
        workload: node.get("workload").map(workload).transpose()?,
    })
}

fn read_device(name: &str, node: &Node<'_>) -> Result<(DeviceId, FurtherDevice), TextError> {
    node.refuse_unknown(&["file", "address", "parent"])?;
    let text = |key| node.get(key).map(|node| node.text().map(str::to_owned)).transpose();
    let id = |node: Node<'_>| DeviceId::parse(node.text()?).map_err(|error| node.error(error));
    let device = FurtherDevice {
        file: node.need("file")?.text()?.into(),
        address: text("address")?,
        parent: node.get("parent").map(id).transpose()?,
    };
    Ok((DeviceId::parse(name).map_err(|error| node.error(error))?, device))
}

fn read_runtime(node: &Node<'_>) -> Result<Option<RuntimeChoice>, TextError> {
    node.get("runtime").map(|node| node.word(RuntimeChoice::WORDS, RuntimeChoice::from_word)).transpose()
}

fn read_module(node: &Node<'_>) -> Result<ModuleOverride, TextError> {
    if node.value().is_null() {
        return Ok(ModuleOverride::default());
    }
    node.refuse_unknown(&["skip", "runtime", "env", "createOptions", "command"])?;
    let env = node.get("env").map(|node| node.members()).transpose()?.unwrap_or_default();
    Ok(ModuleOverride {
        skip: node.get("skip").map(|node| node.flag()).transpose()?.unwrap_or_default(),
        runtime: read_runtime(node)?,
        env: env
            .into_iter()
            .map(|(name, node)| Ok((name.to_owned(), read_scalar(&node)?)))
            .collect::<Result<_, _>>()?,
        create_options: node.get("createOptions").map(|node| node.object().cloned()).transpose()?.unwrap_or_default(),
        command: node.get("command").map(|node| node.texts()).transpose()?,
    })
}

fn read_scalar(node: &Node<'_>) -> Result<String, TextError> {
    match node.value() {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        _ => Err(node.wrong("a string, a number, true or false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(text: &str) -> Result<Settings, TextError> {
        Settings::read(&Document::parse(FILE, text).expect("YAML").root())
    }

    #[test]
    fn settings_of_the_simulation_and_of_modules_are_read() {
        let text = "simulate:\n  runtime: process\n  platform: linux/arm64\n  workload: http\nmodules:\n  camera: {skip: true}\n  \
                    filter:\n    env: {LEVEL: 5}\n    createOptions: {HostConfig: {Devices: null}}\n    \
                    command: [python3, main.py]\n";
        let settings = read(text).expect("right");
        assert_eq!(settings.simulate.runtime, Some(RuntimeChoice::Process));
        assert_eq!(settings.simulate.platform, Platform::parse("arm64v8").ok());
        assert_eq!(settings.simulate.workload, Some(WorkloadChoice::Http));
        assert!(settings.modules["camera"].skip);
        assert_eq!(settings.modules["filter"].env, [("LEVEL".to_owned(), "5".to_owned())]);
        assert_eq!(settings.modules["filter"].command, Some(vec!["python3".to_owned(), "main.py".to_owned()]));
    }

    #[test]
    fn further_devices_are_read_in_their_order() {
        let text = "devices:\n  line2: {file: line2.template.json}\n  cell: {file: c.json, address: 127.0.0.9, parent: line2}\n";
        let devices = read(text).expect("right").devices;
        let id = |name| DeviceId::parse(name).expect("valid");
        let line2 = FurtherDevice { file: "line2.template.json".into(), address: None, parent: None };
        let cell =
            FurtherDevice { file: "c.json".into(), address: Some("127.0.0.9".into()), parent: Some(id("line2")) };
        assert_eq!(devices, [(id("line2"), line2), (id("cell"), cell)]);
    }

    #[test]
    fn a_device_without_a_file_is_refused() {
        let error = read("devices: {line2: {address: auto}}").expect_err("nothing to deploy");
        assert_eq!(error.to_string(), "edgectl.yaml:1:18: the member `file` is missing");
    }

    #[test]
    fn a_mistake_is_shown_without_the_secrets_of_its_line() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for text in ["modules: {a: {env: {API_KEY: s3cret, B: []}}}", "modules: {a: {env: {API_KEY: s3cret, B: [}}}"] {
            std::fs::write(folder.path().join(FILE), text).expect("it can be written");
            let failure = Settings::load(folder.path()).expect_err("a list is no value");
            let shown = failure.excerpt_text().unwrap_or_default().to_owned();
            assert!(
                shown.contains("API_KEY: ******, B: [") && !format!("{failure:?}").contains("s3cret"),
                "{failure:?}"
            );
        }
    }

    #[test]
    fn an_empty_file_sets_nothing() {
        assert_eq!(read("# later\n"), Ok(Settings::default()));
    }

    #[test]
    fn a_key_that_nobody_reads_is_refused() {
        let error = read("modules:\n  filter:\n    skp: true\n").expect_err("a slip");
        assert_eq!(error.to_string(), "edgectl.yaml:3:5: `skp` is not known here");
        assert_eq!(error.hint.as_deref(), Some("did you mean `skip`?"));
    }

    #[test]
    fn a_word_that_is_none_is_refused() {
        let error = read("simulate: {runtime: dokcer}").expect_err("a slip");
        assert_eq!(error.to_string(), "edgectl.yaml:1:21: expected one of `auto`, `docker`, `process`, found `dokcer`");
        assert_eq!(error.hint.as_deref(), Some("did you mean `docker`?"));
    }

    #[test]
    fn create_options_are_merged_and_a_null_deletes() {
        let object = |value: Value| value.as_object().cloned().expect("an object");
        let mut options = object(serde_json::json!({"HostConfig": {"Devices": [1], "Memory": 5}, "Tty": true}));
        merge(&mut options, &object(serde_json::json!({"HostConfig": {"Devices": null, "Binds": []}})));
        assert_eq!(Value::Object(options).to_string(), r#"{"HostConfig":{"Memory":5,"Binds":[]},"Tty":true}"#);
    }
}
