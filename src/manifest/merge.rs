//! The effective manifest of a deployment and its layers, as IoT Hub composes it (protocol.md §10.5).
//!
//! A layer sets whole modules, routes or twins, or the parts that its dotted keys name; of two values for one place that
//! of the higher priority counts. What is refused here is what a hub would not compose: a second whole deployment.

use serde_json::{Map, Value, json};

use super::content::{Assignment, assignments};
use super::layered::is_whole;
use crate::document::{ComposedPart, Composition, Document};
use crate::failure::Outcome;
use crate::identity::ModuleId;
use crate::text::Pointer;

/// The effective manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The manifest: `{"modulesContent": …}`.
    pub manifest: Value,
    /// Where its parts come from, in its order; the entry with the longest way to a value tells of that value.
    pub origins: Vec<Origin>,
}

impl Merged {
    /// Returns the manifest as a document whose mistakes are told in the documents that were merged.
    pub fn document(&self, file: &str, documents: Vec<Document>) -> Document {
        let part = |origin: &Origin| {
            let part = ComposedPart { document: origin.from, pointer: origin.source.clone() };
            (origin.pointer(), part)
        };
        Document::composed(file, self.manifest.clone(), Composition::new(documents, self.origins.iter().map(part)))
    }
}

/// Where a part of the effective manifest comes from; documents are counted in the order that they were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The module whose twin it is in.
    pub module: String,
    /// The way to it from the desired properties.
    pub path: Vec<String>,
    /// The document that it comes from.
    pub from: usize,
    /// The documents that set it too, and did not count.
    pub over: Vec<usize>,
    /// Where it stands in the document that it comes from.
    pub source: Pointer,
}

impl Origin {
    /// Returns where the part stands in the effective manifest.
    pub fn pointer(&self) -> Pointer {
        let twin = Pointer::root().key("modulesContent").key(&self.module).key("properties.desired");
        self.path.iter().fold(twin, |pointer, step| pointer.key(step))
    }
}

/// Composes a deployment and its layers; the priority rises with the order.
pub fn merge(base: &Document, layers: &[&Document]) -> Outcome<Merged> {
    let mut work = Work::default();
    work.take(0, assignments(base)?);
    for (number, layer) in layers.iter().enumerate() {
        let set = assignments(layer)?;
        if let Some(whole) = set.iter().find(|assignment| is_whole(assignment)) {
            let told = layer
                .key_error(&whole.pointer, "this is a whole deployment, which a hub takes alone, not over another");
            return Err(told.hint("make a layer of it with `edgectl deploy --layered --only MODULE`").into());
        }
        work.take(number + 1, set);
    }
    Ok(work.finish())
}

#[derive(Default)]
struct Work {
    twins: Map<String, Value>,
    origins: Vec<Origin>,
}

impl Work {
    fn take(&mut self, from: usize, set: Vec<Assignment<'_>>) {
        for assignment in set {
            let path: Vec<String> = assignment.path.iter().map(|step| (*step).to_owned()).collect();
            let over = self.overridden(assignment.module, &path, from);
            self.set(assignment.module, &path, assignment.value);
            let depth = path.len();
            for unit in units(assignment.module, path, assignment.value) {
                let source = unit[depth..].iter().fold(assignment.pointer.clone(), |pointer, step| pointer.key(step));
                let (module, over) = (assignment.module.to_owned(), over.clone());
                self.origins.push(Origin { module, path: unit, from, over, source });
            }
        }
    }

    /// Forgets what was known of a place and of all below it, and returns who had set it.
    fn overridden(&mut self, module: &str, path: &[String], from: usize) -> Vec<usize> {
        let is_set = self.twins.get(module).is_some_and(|twin| lookup(twin, path).is_some());
        let mut over = Vec::new();
        self.origins.retain(|origin| {
            let same = origin.module == module;
            let is_below = same && origin.path.starts_with(path);
            let is_above = same && is_set && path.starts_with(&origin.path);
            if is_below || is_above {
                over.push(origin.from);
                over.extend(&origin.over);
            }
            !is_below
        });
        over.sort_unstable();
        over.dedup();
        over.retain(|number| *number != from);
        over
    }

    /// Null takes away what stands there.
    fn set(&mut self, module: &str, path: &[String], value: &Value) {
        let mut at = self.twins.entry(module).or_insert_with(|| json!({}));
        let Some((last, way)) = path.split_last() else {
            *at = value.clone();
            return;
        };
        for step in way {
            at = object(at).entry(step).or_insert_with(|| json!({}));
        }
        match value {
            Value::Null => drop(object(at).shift_remove(last)),
            value => drop(object(at).insert(last.clone(), value.clone())),
        }
    }

    fn finish(self) -> Merged {
        let twins = self.twins.into_iter().map(|(module, desired)| (module, json!({ "properties.desired": desired })));
        Merged { manifest: json!({ "modulesContent": twins.collect::<Map<_, _>>() }), origins: self.origins }
    }
}

/// Splits what was set into what people think of as one thing: a module, a route, a property of a twin.
fn units(module: &str, path: Vec<String>, value: &Value) -> Vec<Vec<String>> {
    let is_collection = match (module, &path[..]) {
        (_, []) => true,
        (ModuleId::EDGE_AGENT, [only]) => ["modules", "systemModules"].contains(&only.as_str()),
        (ModuleId::EDGE_HUB, [only]) => only == "routes",
        _ => false,
    };
    match value {
        Value::Null => Vec::new(),
        Value::Object(members) if is_collection && !members.is_empty() => {
            let below = |(key, member): (&String, &Value)| {
                units(module, path.iter().cloned().chain([key.clone()]).collect(), member)
            };
            members.iter().flat_map(below).collect()
        }
        _ => vec![path],
    }
}

fn lookup<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |at, step| at.get(step))
}

/// Makes an object of a value that stands in the way of a path.
fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("it was made one")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(name: &str, content: &Value) -> Document {
        Document::parse(name, &json!({ "modulesContent": content }).to_string()).expect("JSON")
    }

    fn base() -> Document {
        document(
            "base.json",
            &json!({
                "$edgeAgent": { "properties.desired": { "schemaVersion": "1.1", "modules": { "a": { "v": 1, "env": { "X": 1 } } } } },
                "$edgeHub": { "properties.desired": { "routes": { "r": "old", "s": "kept" } } },
                "a": { "properties.desired": { "low": 1, "high": { "x": 1, "y": 2 } } },
            }),
        )
    }

    #[track_caller]
    fn check(layers: &[Value], expected: &Value, origins: &[(&str, usize, &[usize])]) {
        let layers: Vec<_> = layers.iter().map(|layer| document("layer.json", layer)).collect();
        let merged = merge(&base(), &layers.iter().collect::<Vec<_>>()).expect("it can be composed");
        let Value::Object(expected) = expected else { panic!("an object") };
        for (pointer, value) in expected {
            let pointer = format!("/modulesContent{pointer}");
            assert_eq!(merged.manifest.pointer(&pointer).unwrap_or(&Value::Null), value, "{pointer}");
        }
        let told: Vec<_> = merged.origins.iter().map(|o| (o.path.join("."), o.from, o.over.as_slice())).collect();
        for (path, from, over) in origins {
            assert!(told.contains(&((*path).to_owned(), *from, over)), "{path}: {told:?}");
        }
    }

    // protocol.md §10.5
    #[test]
    fn the_higher_priority_wins_for_a_key_and_the_rest_stays() {
        let first = json!({
            "$edgeAgent": { "properties.desired.modules.b": { "v": 2 } },
            "$edgeHub": { "properties.desired.routes.r": "new" },
        });
        let second = json!({ "$edgeHub": { "properties.desired.routes.r": "newest" } });
        check(
            &[first, second],
            &json!({
                "/$edgeAgent/properties.desired/modules": { "a": { "v": 1, "env": { "X": 1 } }, "b": { "v": 2 } },
                "/$edgeHub/properties.desired/routes": { "r": "newest", "s": "kept" },
            }),
            &[
                ("schemaVersion", 0, &[]),
                ("modules.a", 0, &[]),
                ("modules.b", 1, &[]),
                ("routes.r", 2, &[0, 1]),
                ("routes.s", 0, &[]),
            ],
        );
    }

    // protocol.md §10.5
    #[test]
    fn a_whole_twin_is_replaced_and_a_path_sets_its_part_only() {
        let part = json!({ "a": { "properties.desired.high.y": 9 } });
        check(
            std::slice::from_ref(&part),
            &json!({ "/a/properties.desired": { "low": 1, "high": { "x": 1, "y": 9 } } }),
            &[("low", 0, &[]), ("high", 0, &[]), ("high.y", 1, &[0])],
        );
        let whole = json!({ "a": { "properties.desired.more": 1, "properties.desired": { "only": true } } });
        check(
            &[part, whole],
            &json!({ "/a/properties.desired": { "only": true, "more": 1 } }),
            &[("only", 2, &[0, 1]), ("more", 2, &[])],
        );
    }

    #[test]
    fn a_part_of_a_module_has_an_origin_of_its_own() {
        check(
            &[json!({ "$edgeAgent": { "properties.desired.modules.a.env.X": 2 } })],
            &json!({ "/$edgeAgent/properties.desired/modules/a": { "v": 1, "env": { "X": 2 } } }),
            &[("modules.a", 0, &[]), ("modules.a.env.X", 1, &[0])],
        );
    }

    #[test]
    fn null_takes_away_and_a_value_in_the_way_gives_way() {
        check(
            &[
                json!({ "$edgeHub": { "properties.desired.routes.r": null }, "a": { "properties.desired.low.deep": 1 } }),
            ],
            &json!({
                "/$edgeHub/properties.desired/routes": { "s": "kept" },
                "/a/properties.desired/low": { "deep": 1 },
            }),
            &[("routes.s", 0, &[]), ("low.deep", 1, &[])],
        );
    }

    #[test]
    fn a_second_whole_deployment_is_refused_at_its_place() {
        let refused = merge(&base(), &[&base()]).expect_err("two bases");
        assert_eq!(
            refused.causes(),
            ["line 1, column 34: this is a whole deployment, which a hub takes alone, not over another"]
        );
    }
}
