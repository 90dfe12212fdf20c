//! What a manifest or a layer sets in the twins of its modules, whichever way it is spelled (protocol.md §10.1, §10.5).

use serde_json::Value;

use super::shape;
use crate::document::Document;
use crate::text::{Pointer, TextError};

const DESIRED: &str = "properties.desired";

/// One value that a manifest sets.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Assignment<'d> {
    /// The module whose twin it is set in.
    pub(super) module: &'d str,
    /// The way to it from the desired properties; empty for all of them.
    pub(super) path: Vec<&'d str>,
    /// What is set.
    pub(super) value: &'d Value,
    /// Where it stands in the file.
    pub(super) pointer: Pointer,
}

/// Returns what a manifest or a layer sets, in its order, the whole of a twin before parts of it.
pub(super) fn assignments(document: &Document) -> Result<Vec<Assignment<'_>>, TextError> {
    let pointer = shape::modules_content(document)?;
    let content = document.node(&pointer).map_or(&Value::Null, |node| node.value());
    let mut found = Vec::new();
    for (module, twin) in content.as_object().into_iter().flatten() {
        let at = pointer.key(module);
        for (key, value) in twin.as_object().into_iter().flatten() {
            if key == "properties"
                && let Some(value) = value.get("desired")
            {
                found.push(Assignment { module, path: Vec::new(), value, pointer: at.key(key).key("desired") });
            } else if let Some(path) = desired_path(key) {
                found.push(Assignment { module, path, value, pointer: at.key(key) });
            }
        }
    }
    found.sort_by_key(|assignment| assignment.path.len());
    Ok(found)
}

/// Reads a key such as `properties.desired.modules.filter`; `None` for any other.
pub(super) fn desired_path(key: &str) -> Option<Vec<&str>> {
    match key.strip_prefix(DESIRED)? {
        "" => Some(Vec::new()),
        rest => rest.strip_prefix('.').map(|path| path.split('.').collect()),
    }
}
