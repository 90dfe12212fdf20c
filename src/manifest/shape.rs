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

/// Says whether a document is a layer over another deployment.
pub fn is_layer(document: &Document) -> bool {
    let content = modules_content(document).ok().and_then(|content| document.node(&content));
    content.is_some_and(|content| layer_key(&content).is_some())
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

/// Returns the members of one part of a twin's desired properties by name, such as those of `["modules"]`.
///
/// Every spelling is read: `properties.desired`, nested, and the dotted keys of a layer down to one member a key
/// (`properties.desired.modules.filter`). A key that leads into a member (`….modules.filter.env`) names no whole one
/// and is left out.
pub(super) fn members_of<'d>(twin: &Node<'d>, part: &[&'d str]) -> Vec<(&'d str, Node<'d>)> {
    let mut found = Vec::new();
    for (key, node) in twin.members().unwrap_or_default() {
        let Some((path, node)) = desired_path(key, node) else { continue };
        let steps: Vec<&str> = path.split('.').filter(|step| !step.is_empty()).collect();
        if let Some(rest) = part.strip_prefix(&steps[..]) {
            let holder = rest.iter().try_fold(node, |node, step| node.get(step));
            found.extend(holder.and_then(|holder| holder.members().ok()).unwrap_or_default());
        } else if let Some([name]) = steps.strip_prefix(part) {
            found.push((name, node));
        }
    }
    found
}

/// The way from the desired properties to what a member of a twin holds: empty for `properties.desired` itself.
fn desired_path<'d>(key: &'d str, node: Node<'d>) -> Option<(&'d str, Node<'d>)> {
    if key == "properties" {
        return Some(("", node.get("desired")?));
    }
    let path = key.strip_prefix("properties.desired")?;
    if path.is_empty() { Some(("", node)) } else { Some((path.strip_prefix('.')?, node)) }
}

/// Every module of `$edgeAgent`, those of the runtime first, whatever way they are written.
pub(super) fn modules<'d>(content: &Node<'d>) -> Vec<Node<'d>> {
    let Some(agent) = content.get("$edgeAgent") else { return Vec::new() };
    let parts = [["systemModules"], ["modules"]];
    parts.iter().flat_map(|part| members_of(&agent, part)).map(|(_, module)| module).collect()
}

/// Returns the key by which a document shows that it is a layer over another deployment, or `None` for a whole one.
///
/// A layer has dotted keys in `$edgeAgent` or `$edgeHub`, or says nothing of the two at all.
pub(super) fn layer_key<'d>(content: &Node<'d>) -> Option<Node<'d>> {
    let system = ["$edgeAgent", "$edgeHub"].map(|name| content.get(name));
    let keys = system.iter().flatten().flat_map(|twin| twin.members().unwrap_or_default());
    let dotted = keys.into_iter().find(|(key, _)| key.starts_with("properties.desired."));
    let lone = || content.members().ok()?.into_iter().find(|_| system.iter().all(Option::is_none));
    dotted.or_else(lone).map(|(_, node)| node)
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
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_is_known_by_its_name_or_by_what_only_templates_hold() {
        assert!(is_template("config/deployment.template.json", "{}"));
        assert!(is_template("deployment.json", "{\"$schema-template\": \"4.0.0\"}"));
        assert!(is_template("deployment.json", "\"image\": \"${MODULES.filter}\""));
        assert!(!is_template("deployment.amd64.json", "\"value\": \"${HOME} and $HOME\""));
    }

    // protocol.md §10.5
    #[test]
    fn members_are_found_in_every_spelling_of_a_layer() {
        let check = |twin: serde_json::Value, expected: &[&str]| {
            let document = Document::parse("l.json", &twin.to_string()).expect("JSON");
            let names: Vec<&str> =
                members_of(&document.root(), &["a", "modules"]).into_iter().map(|(name, _)| name).collect();
            assert_eq!(names, expected);
        };
        check(json!({"properties.desired": {"a": {"modules": {"x": 1, "y": 2}}}}), &["x", "y"]);
        check(json!({"properties": {"desired": {"a": {"modules": {"x": 1}}}}}), &["x"]);
        check(json!({"properties.desired.a": {"modules": {"x": 1}}, "properties.desired.a.modules.y": 2}), &["x", "y"]);
        check(json!({"properties.desired.a.modules.x.env": 1, "properties.desired.amodules": {"x": 1}}), &[]);
        check(json!({"properties.desiredx": {"a": {"modules": {"x": 1}}}}), &[]);
    }

    #[test]
    fn a_layer_has_dotted_keys_or_no_agent_and_no_hub() {
        let check = |content: serde_json::Value, key: Option<&str>| {
            let document = Document::parse("l.json", &content.to_string()).expect("JSON");
            assert_eq!(layer_key(&document.root()).map(|node| node.pointer().as_str().to_owned()).as_deref(), key);
        };
        let whole = json!({"properties.desired": {}});
        check(json!({"$edgeAgent": whole, "filter": {"properties.desired.x": 1}}), None);
        check(json!({"$edgeHub": {"properties.desired.routes.a": ""}}), Some("/$edgeHub/properties.desired.routes.a"));
        check(json!({"filter": whole}), Some("/filter"));
        check(json!({}), None);
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
