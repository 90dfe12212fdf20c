//! Where things stand in a template or manifest (protocol.md §10.1, §10.5).

use serde_json::Value;

use crate::document::{Document, Node};
use crate::text::{Pointer, TextError};

/// The members that hold `$edgeAgent`, `$edgeHub` and the modules' twins, the present one first.
const CONTENT: [&[&str]; 4] =
    [&["modulesContent"], &["moduleContent"], &["content", "modulesContent"], &["content", "moduleContent"]];

/// The key under which a template states its schema; it is no part of the manifest.
pub(super) const SCHEMA_TEMPLATE: &str = "$schema-template";

/// Says whether a file is a template, in which names are expanded, or a finished manifest, in which they are not.
///
/// A template is named `*.template.*`, or has `$schema-template` or a placeholder of an image.
pub fn is_template(file: &str, text: &str) -> bool {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let marks = ["$schema-template", "${MODULES.", "${MODULEDIR<"];
    name.contains(".template.") || marks.iter().any(|mark| text.contains(mark))
}

/// Returns the pointer to the object that holds `$edgeAgent`, `$edgeHub` and the modules' twins.
pub fn modules_content(document: &Document) -> Result<Pointer, TextError> {
    let root = document.value();
    for path in CONTENT {
        let pointer = path.iter().fold(Pointer::root(), |pointer, key| pointer.key(key));
        if root.pointer(pointer.as_str()).is_some() {
            return Ok(pointer);
        }
    }
    let hint = "a deployment begins with `{\"modulesContent\": {\"$edgeAgent\": …, \"$edgeHub\": …}}`";
    Err(document.root().error("the member `modulesContent` is missing").hint(hint))
}

/// Returns the pointer to a member of the desired properties of `$edgeAgent` or `$edgeHub`, be it there or not.
///
/// `None` if those desired properties themselves are not there, as in a layer that holds dotted keys only.
pub fn module_member(document: &Document, content: &Pointer, part: &str, member: &str) -> Option<(Pointer, Pointer)> {
    let desired = desired(document.value(), content, part)?;
    let pointer = desired.key(member);
    Some((desired, pointer))
}

/// The pointer to the desired properties of one twin; both spellings, `properties.desired` and nested, are read.
pub(super) fn desired(root: &Value, content: &Pointer, module: &str) -> Option<Pointer> {
    let twin = content.key(module);
    [twin.key("properties.desired"), twin.key("properties").key("desired")]
        .into_iter()
        .find(|pointer| root.pointer(pointer.as_str()).is_some())
}

/// The pointers to every module of `$edgeAgent`, those of the runtime first, whatever way they are written.
pub(super) fn module_pointers(root: &Value, content: &Pointer) -> Vec<Pointer> {
    let mut found = Vec::new();
    let members = |pointer: &Pointer| {
        let object = root.pointer(pointer.as_str()).and_then(Value::as_object);
        object.into_iter().flat_map(serde_json::Map::keys).map(|key| pointer.key(key)).collect::<Vec<_>>()
    };
    if let Some(desired) = desired(root, content, "$edgeAgent") {
        found.extend(members(&desired.key("systemModules")));
        found.extend(members(&desired.key("modules")));
    }
    let twin = content.key("$edgeAgent");
    let keys = root.pointer(twin.as_str()).and_then(Value::as_object).into_iter().flat_map(serde_json::Map::keys);
    for key in keys {
        match key.strip_prefix("properties.desired.") {
            Some("modules" | "systemModules") => found.extend(members(&twin.key(key))),
            Some(dotted) if is_module_path(dotted) => found.push(twin.key(key)),
            _ => {}
        }
    }
    found
}

/// Says whether a dotted key of a layer is `modules.<name>` or `systemModules.<name>`.
fn is_module_path(dotted: &str) -> bool {
    let name = dotted.strip_prefix("modules.").or_else(|| dotted.strip_prefix("systemModules."));
    name.is_some_and(|name| !name.contains('.'))
}

/// Returns the first dotted key of `$edgeAgent` or `$edgeHub`, by which a layer changes a deployment below it.
pub(super) fn layer_key<'d>(content: &Node<'d>) -> Option<Node<'d>> {
    let twins = ["$edgeAgent", "$edgeHub"].into_iter().filter_map(|name| content.get(name));
    let members = twins.flat_map(|twin| twin.members().unwrap_or_default());
    members.into_iter().find(|(key, _)| key.starts_with("properties.desired.")).map(|(_, node)| node)
}

/// Says whether the way to a value leads to the text of a route.
pub(super) fn is_route(steps: &[String]) -> bool {
    let Some(hub) = steps.iter().position(|step| step == "$edgeHub") else { return false };
    let path: Vec<&str> = steps[hub + 1..].iter().map(String::as_str).collect();
    match path[..] {
        ["properties.desired" | "properties.desired.routes", ..] | ["properties", "desired", ..] => {
            let rest = path.iter().position(|step| step.ends_with("routes")).map(|at| &path[at + 1..]);
            matches!(rest, Some([_] | [_, "route"]))
        }
        [dotted, ..] if dotted.starts_with("properties.desired.routes.") => matches!(path[1..], [] | ["route"]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_known_by_its_name_or_by_what_only_templates_hold() {
        assert!(is_template("config/deployment.template.json", "{}"));
        assert!(is_template("deployment.json", "{\"$schema-template\": \"4.0.0\"}"));
        assert!(is_template("deployment.json", "\"image\": \"${MODULES.filter}\""));
        assert!(!is_template("deployment.amd64.json", "\"value\": \"${HOME} and $HOME\""));
    }

    #[test]
    fn routes_are_known_in_every_spelling() {
        let check = |path: &[&str]| is_route(&path.iter().map(|step| (*step).to_owned()).collect::<Vec<_>>());
        assert!(check(&["modulesContent", "$edgeHub", "properties.desired", "routes", "a"]));
        assert!(check(&["modulesContent", "$edgeHub", "properties.desired", "routes", "a", "route"]));
        assert!(check(&["content", "modulesContent", "$edgeHub", "properties.desired.routes.a"]));
        assert!(check(&["modulesContent", "$edgeHub", "properties", "desired", "routes", "a"]));
        assert!(!check(&["modulesContent", "$edgeHub", "properties.desired", "schemaVersion"]));
        assert!(!check(&["modulesContent", "filter", "properties.desired", "routes", "a"]));
    }
}
