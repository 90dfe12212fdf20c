//! Layered deployments: what changes a deployment below it, by dotted keys (protocol.md §10.5).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::content::{Assignment, assignments, desired_path};
use super::finding::Finding;
use super::{modules, routes, shape};
use crate::document::{Document, Node};
use crate::identity::ModuleId;
use crate::route::{Route, Sink};
use crate::text::{TextError, did_you_mean};

/// What a layer sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layer {
    /// The modules that it sets, wholly or in part.
    pub modules: BTreeSet<String>,
    /// The routes.
    pub routes: BTreeSet<String>,
    /// The modules whose twins it sets.
    pub twins: BTreeSet<String>,
}

const AGENT_KEYS: [&str; 3] = ["modules", "systemModules", "runtime"];
const HUB_KEYS: [&str; 3] = ["routes", "storeAndForwardConfiguration", "mqttBroker"];

/// Says whether a value is all of `$edgeAgent` or `$edgeHub`, which only a whole deployment sets.
pub(super) fn is_whole(assignment: &Assignment<'_>) -> bool {
    assignment.path.is_empty() && [ModuleId::EDGE_AGENT, ModuleId::EDGE_HUB].contains(&assignment.module)
}

impl Layer {
    /// Reads and checks a layer; all that is wrong comes back at once.
    pub fn parse(document: &Document) -> Result<Self, Vec<Finding>> {
        let wrong = |at| vec![Finding::error("no-content", at)];
        let mut findings = Vec::new();
        refuse_other_keys(document, &mut findings).map_err(wrong)?;
        let mut layer = Self::default();
        for assignment in assignments(document).map_err(wrong)? {
            let Some(node) = document.node(&assignment.pointer) else { continue };
            layer.read(&assignment, &node, &mut findings);
        }
        if findings.is_empty() && layer == Self::default() {
            let told = document.root().error("this layer sets nothing");
            let hint = "write a key such as \"properties.desired.modules.filter\" under \"$edgeAgent\"";
            findings.push(Finding::error("layer", told.hint(hint)));
        }
        if findings.is_empty() { Ok(layer) } else { Err(findings) }
    }

    fn read(&mut self, assignment: &Assignment<'_>, node: &Node<'_>, findings: &mut Vec<Finding>) {
        if is_whole(assignment) {
            let told = node.key_error("this is a whole deployment, not a layer over one");
            let hint = "name the modules of the layer with `--only MODULE`, or deploy it without `--layered`";
            return findings.push(Finding::error("layer", told.hint(hint)));
        }
        match (assignment.module, &assignment.path[..]) {
            (ModuleId::EDGE_AGENT, ["modules", name, part @ ..]) => {
                self.modules.insert((*name).to_owned());
                if part.is_empty() && !node.value().is_null() {
                    findings.extend(modules::check(name, node).err());
                }
            }
            (ModuleId::EDGE_HUB, ["routes", name, part @ ..]) => {
                self.routes.insert((*name).to_owned());
                if part.is_empty() && !node.value().is_null() {
                    findings.extend(check_route(name, node).err());
                }
            }
            (ModuleId::EDGE_AGENT, [key, ..]) => findings.extend(check_key(key, &AGENT_KEYS, node).err()),
            (ModuleId::EDGE_HUB, [key, ..]) => findings.extend(check_key(key, &HUB_KEYS, node).err()),
            (module, path) => {
                self.twins.insert(module.to_owned());
                if path.is_empty() {
                    findings.extend(modules::read_desired(node).err());
                }
            }
        }
    }
}

fn check_route(name: &str, node: &Node<'_>) -> Result<(), Finding> {
    let wrong = |at| Finding::error("route", at);
    let (place, route) = routes::read_route(name, node, "1.1").map_err(wrong)?;
    let parsed = Route::parse(&route.text);
    parsed.map(drop).map_err(|error| wrong(place.error_inside(&error.span, &error).or_hint(error.hint())))
}

fn check_key(key: &str, known: &[&str], node: &Node<'_>) -> Result<(), Finding> {
    if known.contains(&key) {
        return Ok(());
    }
    let told = node.key_error(format!("the runtime knows no `{key}`; known are {}", known.join(", ")));
    Err(Finding::error("layer", told.or_hint(did_you_mean(key, known.iter().copied()))))
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

    fn parse(content: &Value) -> Result<Layer, Vec<String>> {
        let document = Document::parse("layer.json", &json!({ "modulesContent": content }).to_string()).expect("JSON");
        Layer::parse(&document).map_err(|findings| findings.iter().map(|f| f.at.message.to_string()).collect())
    }

    fn module() -> Value {
        json!({ "type": "docker", "settings": { "image": "a:1" } })
    }

    // protocol.md §10.5
    #[test]
    fn a_layer_sets_modules_routes_and_twins() {
        let layer = parse(&json!({
            "$edgeAgent": { "properties.desired.modules.a": module(), "properties.desired.modules.b.env.X": { "value": 1 } },
            "$edgeHub": { "properties.desired.routes.r": "FROM /messages/* INTO $upstream" },
            "a": { "properties.desired.limit": 1 },
        }));
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(layer, Ok(Layer { modules: names(&["a", "b"]), routes: names(&["r"]), twins: names(&["a"]) }));
    }

    #[test]
    fn what_is_no_layer_is_refused_all_at_once() {
        let refused = parse(&json!({
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
            "expected `/`, `WHERE` or `INTO`, found the end",
        ];
        let mut refused = refused.expect_err("it is no layer");
        refused.sort_by_key(|told| expected.iter().position(|expected| expected == told));
        assert_eq!(refused, expected);
        assert_eq!(parse(&json!({})), Err(vec!["this layer sets nothing".to_owned()]));
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
