//! The keys of a layered deployment, and a layer made of a whole deployment (protocol.md §10.5).

use serde_json::{Map, Value, json};

use super::content::{Assignment, assignments, desired_path};
use super::finding::Finding;
use super::shape;
use crate::document::{Document, Node};
use crate::identity::ModuleId;
use crate::route::{Route, Sink};
use crate::text::{TextError, did_you_mean};

const AGENT_KEYS: [&str; 3] = ["modules", "systemModules", "runtime"];
const HUB_KEYS: [&str; 3] = ["routes", "storeAndForwardConfiguration", "mqttBroker"];

/// Says whether a value is all of `$edgeAgent` or `$edgeHub`, which only a whole deployment sets.
pub(super) fn is_whole(assignment: &Assignment<'_>) -> bool {
    assignment.path.is_empty() && [ModuleId::EDGE_AGENT, ModuleId::EDGE_HUB].contains(&assignment.module)
}

/// Returns what keeps a document from being a layer; what its modules and routes consist of is
/// [`Layer::parse`](super::Layer::parse)'s to judge.
pub fn layer_mistakes(document: &Document) -> Vec<Finding> {
    let mut findings = Vec::new();
    let read = refuse_other_keys(document, &mut findings).and_then(|()| assignments(document));
    let set = match read {
        Ok(set) => set,
        Err(at) => return vec![Finding::error("no-content", at)],
    };
    for assignment in &set {
        let Some(node) = document.node(&assignment.pointer) else { continue };
        findings.extend(mistake(assignment, &node).map(|at| Finding::error("layer", at)));
    }
    if findings.is_empty() && set.is_empty() {
        let told = document.root().error("this layer sets nothing");
        let hint = "write a key such as \"properties.desired.modules.filter\" under \"$edgeAgent\"";
        findings.push(Finding::error("layer", told.hint(hint)));
    }
    findings
}

fn mistake(assignment: &Assignment<'_>, node: &Node<'_>) -> Option<TextError> {
    if is_whole(assignment) {
        let told = node.key_error("this is a whole deployment, not a layer over one");
        return Some(told.hint("name the modules of the layer with `--only MODULE`, or deploy it without `--layered`"));
    }
    match (assignment.module, assignment.path.first()) {
        (ModuleId::EDGE_AGENT, Some(key)) => unknown_key(key, &AGENT_KEYS, node),
        (ModuleId::EDGE_HUB, Some(key)) => unknown_key(key, &HUB_KEYS, node),
        _ => None,
    }
}

fn unknown_key(key: &str, known: &[&str], node: &Node<'_>) -> Option<TextError> {
    if known.contains(&key) {
        return None;
    }
    let told = node.key_error(format!("the runtime knows no `{key}`; known are {}", known.join(", ")));
    Some(told.or_hint(did_you_mean(key, known.iter().copied())))
}

/// A layer's twins have no key but `properties.desired` and longer ones.
fn refuse_other_keys(document: &Document, findings: &mut Vec<Finding>) -> Result<(), TextError> {
    let content = shape::modules_content(document)?;
    let Some(content) = document.node(&content) else { return Ok(()) };
    for (module, twin) in content.members()? {
        for (key, node) in twin.members()? {
            let is_nested = key == "properties" && node.get("desired").is_some();
            if desired_path(key).is_none_or(|path| path.contains(&"")) && !is_nested {
                let told = node.key_error(format!("`{key}` is no key of a layer"));
                let hint = match module {
                    ModuleId::EDGE_AGENT => "write \"properties.desired.modules.NAME\"",
                    ModuleId::EDGE_HUB => "write \"properties.desired.routes.NAME\"",
                    _ => "write \"properties.desired\", or \"properties.desired.NAME\" for a part",
                };
                findings.push(Finding::error("layer", told.hint(hint)));
            }
        }
    }
    Ok(())
}

/// Makes a layer of some modules of a whole deployment: the modules, the routes from and to them, their twins.
///
/// A name that the deployment has no module of is returned as the error.
pub fn extract_layer(document: &Document, only: &[String]) -> Result<Value, String> {
    let set = assignments(document).unwrap_or_default();
    let desired = |module: &str| {
        let found = set.iter().find(|assignment| assignment.module == module && assignment.path.is_empty());
        found.map_or(&Value::Null, |assignment| assignment.value)
    };
    let modules = desired(ModuleId::EDGE_AGENT).get("modules");
    let mut agent = Map::new();
    for name in only {
        let module = modules.and_then(|modules| modules.get(name)).ok_or_else(|| name.clone())?;
        agent.insert(format!("properties.desired.modules.{name}"), module.clone());
    }
    let routes = desired(ModuleId::EDGE_HUB).get("routes").and_then(Value::as_object);
    let chosen = routes.into_iter().flatten().filter(|(_, route)| concerns(route, only));
    let hub: Map<String, Value> =
        chosen.map(|(name, route)| (format!("properties.desired.routes.{name}"), route.clone())).collect();
    let mut content = Map::from_iter([(ModuleId::EDGE_AGENT.to_owned(), Value::Object(agent))]);
    if !hub.is_empty() {
        content.insert(ModuleId::EDGE_HUB.to_owned(), Value::Object(hub));
    }
    for name in only.iter().filter(|name| desired(name).is_object()) {
        content.insert(name.clone(), json!({ "properties.desired": desired(name) }));
    }
    Ok(json!({ "modulesContent": content }))
}

/// Says whether a route comes from one of these modules or leads to one.
fn concerns(route: &Value, only: &[String]) -> bool {
    let text = route.as_str().or_else(|| route.get("route").and_then(Value::as_str)).unwrap_or_default();
    let Ok(route) = Route::parse(text) else { return false };
    let from = route.source().strip_prefix("/messages/modules/").and_then(|rest| rest.split('/').next());
    let to = match route.sink() {
        Sink::Input { module, .. } => Some(module.as_str()),
        _ => None,
    };
    from.into_iter().chain(to).any(|name| only.iter().any(|module| module.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(content: &Value) -> Vec<String> {
        let document = Document::parse("layer.json", &json!({ "modulesContent": content }).to_string()).expect("JSON");
        layer_mistakes(&document).iter().map(|finding| finding.at.message.to_string()).collect()
    }

    fn module() -> Value {
        json!({ "type": "docker", "settings": { "image": "a:1" } })
    }

    #[test]
    fn what_is_no_layer_is_refused_all_at_once() {
        let mut refused = mistakes(&json!({
            "$edgeAgent": { "properties.desired": {}, "properties.desired.moduels.a": module(), "modules": {} },
            "$edgeHub": { "properties.desired.routes.r": "FROM /messages/*" },
            "a": { "properties.reported": {}, "properties.desired.": 1 },
        }));
        let expected = [
            "`modules` is no key of a layer",
            "`properties.reported` is no key of a layer",
            "`properties.desired.` is no key of a layer",
            "this is a whole deployment, not a layer over one",
            "the runtime knows no `moduels`; known are modules, systemModules, runtime",
        ];
        refused.sort_by_key(|told| expected.iter().position(|expected| expected == told));
        assert_eq!(refused, expected);
        assert_eq!(mistakes(&json!({})), ["this layer sets nothing"]);
        let right =
            json!({ "$edgeHub": { "properties.desired.routes.r": "" }, "a": { "properties.desired.limit": 1 } });
        assert_eq!(mistakes(&right), [""; 0]);
    }

    #[test]
    fn a_module_is_taken_out_of_a_deployment_with_its_routes_and_its_twin() {
        let to_b = "FROM /messages/modules/a/* INTO BrokeredEndpoint(\"/modules/b/inputs/i\")";
        let document = Document::parse(
            "deployment.json",
            &json!({ "modulesContent": {
            "$edgeAgent": { "properties.desired": { "modules": { "a": module(), "b": module(), "c": module() } } },
            "$edgeHub": { "properties.desired": { "routes": {
                "aToB": to_b, "cToCloud": "FROM /messages/modules/c/* INTO $upstream",
                "bToCloud": { "route": "FROM /messages/modules/B/* INTO $upstream", "priority": 1 },
            } } },
            "b": { "properties.desired": { "limit": 1 } }, "c": { "properties.desired": {} },
        } })
            .to_string(),
        )
        .expect("JSON");
        let layer = extract_layer(&document, &["b".to_owned()]).expect("it has b");
        assert_eq!(
            layer,
            json!({ "modulesContent": {
            "$edgeAgent": { "properties.desired.modules.b": module() },
            "$edgeHub": {
                "properties.desired.routes.aToB": to_b,
                "properties.desired.routes.bToCloud": { "route": "FROM /messages/modules/B/* INTO $upstream", "priority": 1 },
            },
            "b": { "properties.desired": { "limit": 1 } },
        } })
        );
        assert_eq!(extract_layer(&document, &["x".to_owned()]), Err("x".to_owned()));
    }
}
