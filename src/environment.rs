//! Environment variables as data: of this process, or of a module to start.

use std::collections::BTreeMap;
use std::path::Path;

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

    /// Returns the folder for what is gone soon: `TMPDIR`, `TEMP`, or `/tmp`. One that is empty counts as not set.
    pub fn temporary(&self) -> &Path {
        let set = ["TMPDIR", "TEMP"].iter().find_map(|name| self.get(name).filter(|folder| !folder.is_empty()));
        Path::new(set.unwrap_or("/tmp"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_names_no_folder() {
        let temporary = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            pairs.collect::<Environment>().temporary().to_owned()
        };
        assert_eq!(temporary(&[]), Path::new("/tmp"));
        assert_eq!(temporary(&[("TMPDIR", ""), ("TEMP", "/t")]), Path::new("/t"));
        assert_eq!(temporary(&[("TMPDIR", "/a"), ("TEMP", "/t")]), Path::new("/a"));
    }
}
