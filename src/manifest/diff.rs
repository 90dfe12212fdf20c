//! What differs between two manifests in what they mean, not in how they are written.
//!
//! createOptions and their `Env` are opened up, defaults that are written out are left out, a route object without
//! settings is its text, and the wrapper around `modulesContent` does not count. A secret is compared and never shown;
//! `***` or a variable in its place says nothing about it, and so is no difference.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::content::assignments;
use super::policy::{DesiredStatus, PullPolicy, RestartPolicy};
use super::redact::{HIDDEN, hide_item};
use super::{create_options, secret};
use crate::document::Document;
use crate::identity::ModuleId;
use crate::text::TextError;

/// What happened to a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Only the new manifest has it.
    Added,
    /// Only the old one has it.
    Removed,
    /// Both have it, with different values.
    Changed,
}

/// One part that differs, as `deploy --diff --json` prints it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// What happened to it.
    pub change: Change,
    /// What it belongs to: `module`, `route`, `twin`, `agent` or `hub`.
    pub subject: &'static str,
    /// The module's or route's name; empty for `agent` and `hub`.
    pub name: String,
    /// The way to it, such as `image`, `env.LEVEL` or `createOptions.HostConfig.Binds`; empty for all of it.
    pub path: String,
    /// The old value, without secrets; null if there was none.
    pub old: Value,
    /// The new value, without secrets; null if there is none.
    pub new: Value,
}

/// Returns what differs, in the new manifest's order; what was removed comes last.
pub fn diff(old: &Document, new: &Document) -> Result<Vec<Difference>, TextError> {
    let (old, new) = (meaning(old)?, meaning(new)?);
    let mut found = Vec::new();
    compare(&mut Vec::new(), Some(&old), Some(&new), &mut found);
    Ok(found)
}

/// Returns what differs between two texts of `modulesContent`, such as a hub's and a file's.
pub fn diff_content(old: &Value, new: &Value) -> Result<Vec<Difference>, TextError> {
    let document = |content: &Value| Document::parse("content", &json!({ "modulesContent": content }).to_string());
    diff(&document(old)?, &document(new)?)
}

/// The twins that a manifest sets, in the one form in which two manifests are compared.
fn meaning(document: &Document) -> Result<Value, TextError> {
    let mut twins = Map::new();
    for assignment in assignments(document)? {
        let mut at = twins.entry(assignment.module).or_insert_with(|| json!({}));
        for step in &assignment.path {
            if !at.is_object() {
                *at = json!({});
            }
            at = at.as_object_mut().expect("it was made one").entry(*step).or_insert(Value::Null);
        }
        *at = assignment.value.clone();
    }
    if let Some(agent) = twins.get_mut(ModuleId::EDGE_AGENT) {
        for (kind, restart) in [("systemModules", RestartPolicy::Always), ("modules", RestartPolicy::default())] {
            let modules = agent.get_mut(kind).and_then(Value::as_object_mut);
            modules
                .into_iter()
                .flat_map(|modules| modules.values_mut())
                .for_each(|module| plain_module(module, restart));
        }
    }
    let routes = twins.get_mut(ModuleId::EDGE_HUB).and_then(|hub| hub.get_mut("routes")).and_then(Value::as_object_mut);
    routes.into_iter().flat_map(|routes| routes.values_mut()).for_each(plain_route);
    Ok(Value::Object(twins))
}

fn plain_module(module: &mut Value, restart: RestartPolicy) {
    let Some(module) = module.as_object_mut() else { return };
    let drop_word = |module: &mut Map<String, Value>, key: &str, is_default: &dyn Fn(&str) -> bool| {
        if module.get(key).and_then(Value::as_str).is_some_and(is_default) {
            module.shift_remove(key);
        }
    };
    drop_word(module, "status", &|word| DesiredStatus::from_word(word) == Some(DesiredStatus::default()));
    drop_word(module, "restartPolicy", &|word| RestartPolicy::from_word(word) == Some(restart));
    drop_word(module, "imagePullPolicy", &|word| PullPolicy::from_word(word) == Some(PullPolicy::default()));
    if module.get("startupOrder").and_then(Value::as_u64) == Some(u64::from(u32::MAX)) {
        module.shift_remove("startupOrder");
    }
    if let Some(Value::Object(env)) = module.get_mut("env") {
        env.values_mut().for_each(plain_variable);
        if env.is_empty() {
            module.shift_remove("env");
        }
    }
    // What a person thinks of as the module's own stands one level below.
    if let Some(Value::Object(mut settings)) = module.shift_remove("settings") {
        plain_settings(&mut settings);
        module.extend(settings);
    }
}

/// `{"value": 5}` and `{"value": "5"}` are one variable.
fn plain_variable(variable: &mut Value) {
    match variable.get("value") {
        Some(Value::String(text)) => *variable = Value::String(text.clone()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => *variable = Value::String(value.to_string()),
        _ => {}
    }
}

fn plain_settings(settings: &mut Map<String, Value>) {
    if let Some(Value::String(image)) = settings.get_mut("image") {
        let name = image.rsplit('/').next().unwrap_or_default();
        if !name.is_empty() && !name.contains([':', '@', '$']) {
            image.push_str(":latest");
        }
    }
    let text = settings.get("createOptions").and_then(Value::as_str).map(str::trim);
    let options = match text {
        Some("" | "null") => Some(Map::new()),
        _ => create_options::open(settings),
    };
    if let Some(mut options) = options {
        settings.retain(|key, _| !create_options::is_key(key));
        plain_options(&mut options);
        if !options.is_empty() {
            settings.insert("createOptions".to_owned(), Value::Object(options));
        }
    }
}

/// A list of `NAME=value` is a map.
fn plain_options(options: &mut Map<String, Value>) {
    let Some(Value::Array(items)) = options.get("Env") else { return };
    let pairs = items.iter().map(|item| {
        let (name, value) = item.as_str()?.split_once('=')?;
        Some((name.to_owned(), json!(value)))
    });
    if let Some(pairs) = pairs.collect::<Option<Map<_, _>>>() {
        options.insert("Env".to_owned(), Value::Object(pairs));
    }
}

fn plain_route(route: &mut Value) {
    let Some(object) = route.as_object() else { return };
    if let (1, Some(text)) = (object.len(), object.get("route").and_then(Value::as_str)) {
        *route = json!(text);
    }
}

fn compare<'v>(path: &mut Vec<&'v str>, old: Option<&'v Value>, new: Option<&'v Value>, found: &mut Vec<Difference>) {
    match (old, new) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let removed = old.keys().filter(|key| !new.contains_key(*key));
            for key in new.keys().chain(removed) {
                path.push(key);
                compare(path, old.get(key), new.get(key), found);
                path.pop();
            }
        }
        // A collection that one side lacks is told by its items.
        (None, Some(Value::Object(members))) | (Some(Value::Object(members)), None) if is_collection(path) => {
            for (key, member) in members {
                path.push(key);
                let (old, new) = if new.is_some() { (None, Some(member)) } else { (Some(member), None) };
                compare(path, old, new, found);
                path.pop();
            }
        }
        (old, new) if old == new || is_same_secret(path, old, new) => {}
        (old, new) => found.push(difference(path, old, new)),
    }
}

fn is_collection(path: &[&str]) -> bool {
    matches!(
        path,
        [] | [ModuleId::EDGE_AGENT | ModuleId::EDGE_HUB]
            | [ModuleId::EDGE_AGENT, "modules" | "systemModules"]
            | [ModuleId::EDGE_HUB, "routes"]
    )
}

fn is_same_secret(path: &[&str], old: Option<&Value>, new: Option<&Value>) -> bool {
    let name = path.last().copied().unwrap_or_default();
    old.zip(new).is_some_and(|(old, new)| is_same(name, old, new))
}

/// Says whether two values are the same where none is hidden.
fn is_same(name: &str, old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::String(old), Value::String(new)) => {
            let items = secret::LISTS.contains(&name).then(|| secret::item_of_list(old).zip(secret::item_of_list(new)));
            match items.flatten() {
                Some(((name, at), (_, _))) if new.get(..at) == Some(&old[..at]) => {
                    old == new || is_same_text(name, &old[at..], &new[at..])
                }
                _ => old == new || is_same_text(name, old, new),
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| is_same(name, old, new))
        }
        (Value::Object(old), Value::Object(new)) => {
            let is_member = |(key, old): (&String, &Value)| new.get(key).is_some_and(|new| is_same(key, old, new));
            old.len() == new.len() && old.iter().all(is_member)
        }
        (old, new) => old == new,
    }
}

/// Says whether one text stands in the place of the other.
fn is_same_text(name: &str, old: &str, new: &str) -> bool {
    let stands_for = |placeholder: &str, other: &str| {
        secret::is_placeholder(placeholder) && (secret::is_placeholder(other) || secret::is_secret(name, other))
    };
    stands_for(old, new) || stands_for(new, old)
}

fn difference(path: &[&str], old: Option<&Value>, new: Option<&Value>) -> Difference {
    let (subject, name, rest) = match path {
        [ModuleId::EDGE_AGENT, "modules" | "systemModules", name, rest @ ..] => ("module", *name, rest),
        [ModuleId::EDGE_HUB, "routes", name, rest @ ..] => ("route", *name, rest),
        [ModuleId::EDGE_AGENT, rest @ ..] => ("agent", "", rest),
        [ModuleId::EDGE_HUB, rest @ ..] => ("hub", "", rest),
        [name, rest @ ..] => ("twin", *name, rest),
        [] => ("twin", "", path),
    };
    let change = match (old, new) {
        (None, _) => Change::Added,
        (_, None) => Change::Removed,
        _ => Change::Changed,
    };
    let last = path.last().copied().unwrap_or_default();
    let shown = |value: Option<&Value>| value.map_or(Value::Null, |value| without_secrets(last, value));
    Difference { change, subject, name: name.to_owned(), path: rest.join("."), old: shown(old), new: shown(new) }
}

/// An item of a list such as `Cmd`, which gives a name a value: `--password=…`.
fn plain_item(list: &str, mut item: Value) -> Value {
    if secret::LISTS.contains(&list) {
        hide_item(&mut item);
    }
    item
}

fn without_secrets(name: &str, value: &Value) -> Value {
    match value {
        Value::String(text) if secret::is_secret(name, text) => json!(HIDDEN),
        // An item of `Cmd`, or of an `Env` that is no map of names: `--token=…`.
        Value::String(text) => match secret::item_of_list(text) {
            Some((name, start)) if secret::is_secret(name, &text[start..]) => {
                json!(format!("{}{HIDDEN}", &text[..start]))
            }
            _ => value.clone(),
        },
        Value::Object(members) => {
            members.iter().map(|(key, member)| (key.clone(), without_secrets(key, member))).collect()
        }
        Value::Array(items) => {
            items.iter().map(|item| without_secrets(name, item)).map(|item| plain_item(name, item)).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(module: &Value, hub: &Value, twin: &Value) -> Value {
        json!({
            "$edgeAgent": { "properties.desired": { "modules": { "m": module } } },
            "$edgeHub": { "properties.desired": hub },
            "m": { "properties.desired": twin },
        })
    }

    fn of_module(module: &Value) -> Value {
        manifest(module, &json!({}), &json!({}))
    }

    #[track_caller]
    fn check(old: &Value, new: &Value, expected: &[&str]) {
        let found = diff_content(old, new).expect("both are manifests");
        let told = found.iter().map(|d| {
            let change = format!("{:?}", d.change).to_lowercase();
            format!("{change} {} {} {} {} {}", d.subject, d.name, d.path, d.old, d.new)
        });
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_secret_in_a_list_is_not_shown_and_the_same_when_hidden() {
        let module = |command: &str| {
            let options = json!({ "Cmd": ["--level=x", format!("--password={command}")] });
            of_module(&json!({ "settings": { "image": "a:1", "createOptions": options } }))
        };
        let hidden = r#"["--level=x","--password=***"]"#;
        check(&module("a"), &module("b"), &[&format!("changed module m createOptions.Cmd {hidden} {hidden}")]);
        check(&module("a"), &module("***"), &[]);
        check(&module("$PASSWORD"), &module("a"), &[]);
        let gone = format!(r#"removed module m  {{"image":"a:1","createOptions":{{"Cmd":{hidden}}}}} null"#);
        check(
            &module("a"),
            &json!({ "$edgeAgent": { "properties.desired": { "modules": {} } } }),
            &[&gone, "removed twin m  {} null"],
        );
    }

    #[test]
    fn what_means_the_same_is_the_same() {
        let short = json!({ "type": "docker", "settings": { "image": "r:5000/a" } });
        let long = json!({
            "type": "docker", "status": "running", "restartPolicy": "on-unhealthy", "imagePullPolicy": "on-create",
            "startupOrder": 4_294_967_295_u32, "env": {},
            "settings": { "image": "r:5000/a:latest", "createOptions": "" },
        });
        check(&of_module(&short), &of_module(&long), &[]);
        let options = |options: Value| of_module(&json!({ "settings": { "image": "a:1", "createOptions": options } }));
        let text = "{\"HostConfig\": {\"Binds\": [\"a:b\"]}}";
        check(&options(json!(text)), &options(json!({ "HostConfig": { "Binds": ["a:b"] } })), &[]);
        let routes = |route: Value| manifest(&short, &json!({ "routes": { "r": route } }), &json!({}));
        check(&routes(json!("FROM x")), &routes(json!({ "route": "FROM x" })), &[]);
        let env = |value: Value| of_module(&json!({ "env": { "A": { "value": value } } }));
        check(&env(json!(5)), &env(json!("5")), &[]);
    }

    #[test]
    fn a_wrapper_and_the_old_key_do_not_count() {
        let content = of_module(&json!({ "settings": { "image": "a:1" } }));
        let document = |value: Value| Document::parse("m.json", &value.to_string()).expect("JSON");
        let wrapped = document(json!({ "content": { "modulesContent": content } }));
        assert_eq!(diff(&document(json!({ "moduleContent": content })), &wrapped), Ok(Vec::new()));
    }

    #[test]
    fn differences_are_told_as_what_they_belong_to() {
        let old = manifest(
            &json!({ "env": { "L": { "value": "info" } }, "settings": { "image": "a:1",
                "createOptions": "{\"HostConfig\":{\"Memory\":1},\"Env\":[\"A=1\"]}" } }),
            &json!({ "routes": { "r": "FROM x", "gone": "FROM z" } }),
            &json!({ "limits": { "low": 1, "high": 2 } }),
        );
        let mut new = manifest(
            &json!({ "env": { "L": { "value": "debug" } }, "settings": { "image": "a:2",
                "createOptions": "{\"HostConfig\":{\"Memory\":2},\"Env\":[\"A=2\"]}" } }),
            &json!({ "routes": { "r": "FROM y" } }),
            &json!({ "limits": { "low": 1, "high": 3 } }),
        );
        new["$edgeAgent"]["properties.desired"]["modules"]["n"] = json!({ "type": "docker" });
        check(
            &old,
            &new,
            &[
                r#"changed module m env.L "info" "debug""#,
                r#"changed module m image "a:1" "a:2""#,
                "changed module m createOptions.HostConfig.Memory 1 2",
                r#"changed module m createOptions.Env.A "1" "2""#,
                r#"added module n  null {"type":"docker"}"#,
                r#"changed route r  "FROM x" "FROM y""#,
                r#"removed route gone  "FROM z" null"#,
                "changed twin m limits.high 2 3",
            ],
        );
    }

    #[test]
    fn a_secret_is_compared_and_never_shown() {
        let with = |secret: &str| of_module(&json!({ "env": { "DB_PASSWORD": { "value": secret } } }));
        check(&with("old"), &with("new"), &[r#"changed module m env.DB_PASSWORD "***" "***""#]);
        check(&with("***"), &with("new"), &[]);
        check(&with("old"), &with("${DB}"), &[]);
        let command = |secret: &str| {
            let options = json!({ "Cmd": ["run", format!("--token={secret}")] });
            of_module(&json!({ "settings": { "createOptions": options } }))
        };
        let hidden = r#"["run","--token=***"]"#;
        check(&command("old"), &command("new"), &[&format!("changed module m createOptions.Cmd {hidden} {hidden}")]);
        let none = json!({ "$edgeAgent": { "properties.desired": {} } });
        let added = diff_content(&none, &with("new")).expect("both are manifests");
        assert!(!format!("{added:?}").contains("\"new\""), "{added:?}");
    }
}
