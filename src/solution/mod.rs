//! What lies in a solution's folder: the deployment template, `modules/*/module.json`, `.env`, `edgectl.yaml`.
//!
//! Reads the layout of iotedgedev and VS Code as it is. Writes nothing but what its caller hands it a path for;
//! what the user's files should become is planned here ([`wire_module`]) and written by the command.

mod deployment;
mod dotenv;
mod launch;
mod module;
mod name;
mod registries;
mod replace;
mod settings;
mod source_texts;
mod targets;
mod variables;
mod wire;

use std::fs;
use std::path::{Path, PathBuf};

use crate::document::{Document, read_text};
use crate::environment::Environment;
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::identity::DeviceId;
use crate::image::{ImageLock, Platform};
use crate::manifest::{hide_secrets, hide_unread};
use crate::text::did_you_mean;

pub use deployment::{Manifest, ManifestKind, Source, Wanted};
pub use launch::{Known, Launch, free_debug_port, plan_launch};
pub use module::{Module, Run};
pub use name::{check_module_name, check_solution_name};
pub use registries::{RegistryLogin, RegistryServer};
pub use replace::{Readers, replace_file};
pub use settings::{FurtherDevice, ModuleOverride, RuntimeChoice, Settings, SimulateDefaults, WorkloadChoice};
pub use targets::{Platforms, Selection, Target};
pub use variables::Variables;
pub use wire::{WireSpec, Wiring, wire_module};

const TEMPLATES: [&str; 3] = ["deployment.template.json", "deployment.template.yaml", "deployment.template.yml"];
const DEBUG_TEMPLATES: [&str; 3] =
    ["deployment.debug.template.json", "deployment.debug.template.yaml", "deployment.debug.template.yml"];

/// A solution's folder, read.
#[derive(Debug, Clone)]
pub struct Solution {
    root: PathBuf,
    variables: Variables,
    settings: Settings,
    modules: Vec<Module>,
}

impl Solution {
    /// Reads a solution; `set` are the variables of `--set`, which come before all others.
    ///
    /// A folder without a deployment template is a solution too, until somebody asks for the template.
    pub fn open(root: &Path, environment: &Environment, set: &[(String, String)]) -> Outcome<Self> {
        let found =
            root.canonicalize().or_fail(Kind::Request, || format!("cannot open the folder `{}`", root.display()));
        let root = found.map_err(|failure| failure.hint("name the solution's folder with `-C`"))?;
        let variables = Variables::load(&root, environment, set)?;
        let settings = Settings::load(&root)?;
        let modules = load_modules(&root, &variables)?;
        Ok(Self { root, variables, settings, modules })
    }

    /// Returns the solution's folder, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the solution's name, which is its folder's.
    pub fn name(&self) -> String {
        self.root.file_name().map_or_else(|| "solution".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// Returns the variables that templates see.
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// Returns the logins of registries that the variables hold.
    pub fn registry_logins(&self) -> Vec<RegistryLogin> {
        registries::logins(&self.variables)
    }

    /// Returns what `edgectl.yaml` says.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the modules of the folder, by name.
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// Returns a module by name.
    pub fn module(&self, name: &str) -> Outcome<&Module> {
        self.modules.iter().find(|module| module.name() == name).ok_or_else(|| {
            let folder = self.shown(&self.modules_folder());
            let failure = Failure::request(format!("there is no module `{name}` in `{folder}`"));
            let names = self.modules.iter().map(Module::name);
            let hint = did_you_mean(name, names);
            failure.hint(hint.unwrap_or_else(|| format!("add it with `edgectl new module {name}`")))
        })
    }

    /// Returns the folder of the modules: `MODULES_PATH`, or `modules`.
    pub fn modules_folder(&self) -> PathBuf {
        self.root.join(self.variables.setting("MODULES_PATH").unwrap_or("modules"))
    }

    /// Returns the deployment template, or `None` if the folder has none.
    pub fn find_template(&self) -> Option<PathBuf> {
        self.find("DEPLOYMENT_CONFIG_TEMPLATE_FILE", TEMPLATES)
    }

    /// Returns the deployment template.
    pub fn template(&self) -> Outcome<PathBuf> {
        self.find_template().ok_or_else(|| {
            if let Some(chosen) = self.chosen_name("DEPLOYMENT_CONFIG_TEMPLATE_FILE", TEMPLATES[0]) {
                return Failure::request(format!("cannot read the deployment template `{chosen}`"))
                    .cause("`DEPLOYMENT_CONFIG_TEMPLATE_FILE` names it, and there is no such file")
                    .hint("correct that variable in `.env`, or pass a template with `--file`");
            }
            Failure::request(format!("the folder `{}` holds no deployment template", self.name()))
                .cause(format!("looked for `{}` and the same as `.yaml`", TEMPLATES[0]))
                .hint(
                    "change to the solution's folder, name it with `-C`, or start one with `edgectl new solution NAME`",
                )
        })
    }

    /// Returns the template with debug images, or `None` if the folder has none.
    pub fn find_debug_template(&self) -> Option<PathBuf> {
        self.find("DEPLOYMENT_CONFIG_DEBUG_TEMPLATE_FILE", DEBUG_TEMPLATES)
    }

    /// Returns where digests of pushed images are kept: beside the deployment template.
    pub fn image_lock_path(&self) -> PathBuf {
        let template = self.find_template();
        template.as_deref().and_then(Path::parent).unwrap_or(&self.root).join(ImageLock::FILE)
    }

    /// Reads the digests of pushed images, or `None` if nothing was pushed yet.
    pub fn image_lock(&self) -> Outcome<Option<ImageLock>> {
        let path = self.image_lock_path();
        let shown = self.shown(&path);
        if !path.exists() {
            return Ok(None);
        }
        let lock = ImageLock::parse(&read_text(&path, &shown)?);
        lock.map(Some).map_err(|error| error.into_failure(format!("cannot read `{shown}`")))
    }

    /// Returns the id of the device: the flag, `EDGE_DEVICE_ID`, `edgectl.yaml`, or the folder's name made safe.
    pub fn device_id(&self, flag: Option<&str>) -> Outcome<DeviceId> {
        let given =
            flag.or_else(|| self.variables.setting("EDGE_DEVICE_ID")).or(self.settings.simulate.device.as_deref());
        let kind = if flag.is_some() { Kind::Usage } else { Kind::Request };
        match given {
            Some(id) => DeviceId::parse(id)
                .or_fail(kind, || format!("`{id}` is no id of a device"))
                .map_err(|failure| failure.hint("pass an id with `--device`, or set `EDGE_DEVICE_ID` in `.env`")),
            None => Ok(safe_device_id(&self.name())),
        }
    }

    /// Returns the platform: the flag, or `DEFAULT_PLATFORM`, or `amd64`.
    pub fn platform(&self, flag: Option<&Platform>) -> Outcome<Platform> {
        if let Some(platform) = flag {
            return Ok(platform.clone());
        }
        parse_platform(self.variables.setting("DEFAULT_PLATFORM").unwrap_or("amd64"))
    }

    /// Returns the platform of a simulation, if somebody chose one: the flag, `DEFAULT_PLATFORM`, or `edgectl.yaml`.
    pub fn chosen_platform(&self, flag: Option<&Platform>) -> Outcome<Option<Platform>> {
        let word = self.variables.configured("DEFAULT_PLATFORM").map(str::trim).filter(|word| !word.is_empty());
        match (flag, word) {
            (Some(platform), _) => Ok(Some(platform.clone())),
            (None, Some(word)) => parse_platform(word).map(Some),
            (None, None) => Ok(self.settings.simulate.platform.clone()),
        }
    }

    /// Returns what follows the version in tags: the flag, or `CONTAINER_TAG`, or nothing.
    pub fn tag_suffix<'a>(&'a self, flag: Option<&'a str>) -> Option<&'a str> {
        flag.or_else(|| self.variables.setting("CONTAINER_TAG")).filter(|suffix| !suffix.is_empty())
    }

    /// Returns a path as messages name it: relative to the solution where it is inside.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    fn find(&self, variable: &str, names: [&str; 3]) -> Option<PathBuf> {
        let candidates = match self.chosen_name(variable, names[0]) {
            Some(chosen) => vec![chosen],
            None => names.to_vec(),
        };
        candidates.into_iter().map(|name| self.root.join(name)).find(|path| path.is_file())
    }

    /// The name that somebody chose, which stands for no other file; the default name does for the other formats.
    fn chosen_name(&self, variable: &str, default: &str) -> Option<&str> {
        let chosen = self.variables.configured(variable).map(str::trim);
        chosen.filter(|name| !name.is_empty() && *name != default)
    }
}

fn load_modules(root: &Path, variables: &Variables) -> Outcome<Vec<Module>> {
    let folder = root.join(variables.setting("MODULES_PATH").unwrap_or("modules"));
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let doing = || format!("cannot list the folder `{}`", folder.display());
    let mut modules = Vec::new();
    for entry in fs::read_dir(&folder).or_fail(Kind::Machine, doing)? {
        let entry = entry.or_fail(Kind::Machine, doing)?.path();
        if entry.join("module.json").is_file() {
            modules.push(Module::load(&entry, root, variables)?);
        }
    }
    modules.sort_by(|a, b| a.name().cmp(b.name()));
    Ok(modules)
}

fn parse_platform(word: &str) -> Outcome<Platform> {
    Platform::parse(word)
        .or_fail(Kind::Request, || "cannot read `DEFAULT_PLATFORM`")
        .map_err(|failure| failure.hint("set `DEFAULT_PLATFORM=amd64` in `.env`, or pass `--platform`"))
}

/// Reads a JSON or YAML file in which variables may stand without quotes; its secrets are never shown.
fn load_template(path: &Path, shown: &str) -> Outcome<Document> {
    let text = read_text(path, shown)?;
    Ok(Document::parse_template(shown, &text).map(hide_secrets).map_err(|at| hide_unread(at, &text))?)
}

fn safe_device_id(name: &str) -> DeviceId {
    let safe: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    let safe = safe.trim_matches('-').chars().take(128).collect::<String>();
    let id = if safe.is_empty() { "edge-device" } else { &safe };
    DeviceId::parse(id).expect("only characters that an id may hold are left")
}

#[cfg(test)]
mod tests;
