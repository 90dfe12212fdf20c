//! Environment variables as data: of this process, or of a module to start.

use std::collections::BTreeMap;

/// The process environment, read once at the start.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// Reads the environment of this process; names and values that are no UTF-8 are left out.
    pub fn of_process() -> Self {
        let pairs = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        Self { variables: pairs.collect() }
    }

    /// Returns a variable's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Returns all variables by name.
    pub fn all(&self) -> &BTreeMap<String, String> {
        &self.variables
    }
}

/// Takes variables as given; a later one of the same name wins.
impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self { variables: pairs.into_iter().collect() }
    }
}
