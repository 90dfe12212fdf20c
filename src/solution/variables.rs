//! The variables that templates and settings see, and which of several values counts.

use std::collections::BTreeMap;
use std::path::Path;

use super::dotenv;
use crate::document::read_text;
use crate::environment::Environment;
use crate::failure::Outcome;

/// What iotedgedev defines when nobody else does, and templates may therefore use.
const BUILT_IN: [(&str, &str); 5] = [
    ("CONFIG_OUTPUT_DIR", "config"),
    ("DEFAULT_PLATFORM", "amd64"),
    ("DEPLOYMENT_CONFIG_DEBUG_TEMPLATE_FILE", "deployment.debug.template.json"),
    ("DEPLOYMENT_CONFIG_TEMPLATE_FILE", "deployment.template.json"),
    ("MODULES_PATH", "modules"),
];

/// Variables by name; the first source that has a name decides: `--set`, the process environment, `.env`, built-in.
#[derive(Clone, Default)]
pub struct Variables {
    set: BTreeMap<String, String>,
    process: BTreeMap<String, String>,
    file: BTreeMap<String, String>,
}

/// Names only: values are secrets often enough.
impl std::fmt::Debug for Variables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl Variables {
    /// Reads the solution's `.env`, or the file that `DOTENV_FILE` names, beside what is given.
    pub fn load(root: &Path, environment: &Environment, set: &[(String, String)]) -> Outcome<Self> {
        let named =
            environment.get("DOTENV_FILE").map(|name| name.trim_matches(['"', '\''])).filter(|name| !name.is_empty());
        let shown = named.unwrap_or(".env");
        let path = root.join(shown);
        let mut variables =
            Self { set: set.iter().cloned().collect(), process: environment.all().clone(), file: BTreeMap::new() };
        if named.is_some() || path.exists() {
            let text = read_text(&path, shown)?;
            variables.file = dotenv::parse(shown, &text, &|name| variables.get(name))?;
        }
        Ok(variables)
    }

    /// Returns a variable's value, which may be empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let built_in = || BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        self.configured(name).or_else(built_in)
    }

    /// Returns a variable that configures a tool: an empty value means that it is not set.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// Returns a variable that somebody set, not the built-in value.
    pub fn configured(&self, name: &str) -> Option<&str> {
        [&self.set, &self.process, &self.file].into_iter().find_map(|source| source.get(name)).map(String::as_str)
    }

    /// Returns the names that `.env` defines.
    pub fn of_file(&self) -> impl Iterator<Item = &str> {
        self.file.keys().map(String::as_str)
    }

    /// Returns the names of all variables that somebody set, those of the process environment included.
    pub(super) fn all_names(&self) -> impl Iterator<Item = &str> {
        [&self.set, &self.process, &self.file].into_iter().flat_map(|source| source.keys()).map(String::as_str)
    }

    /// Returns the names of the solution's own variables, without those of the process environment.
    pub fn names(&self) -> Vec<&str> {
        let built_in = BUILT_IN.iter().map(|(name, _)| *name);
        let mut names: Vec<&str> =
            self.set.keys().chain(self.file.keys()).map(String::as_str).chain(built_in).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
