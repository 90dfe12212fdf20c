//! Manifests and layers of every shape: whatever is told of them holds no secret, and what is composed, taken out or
//! compared is what stood there.

use std::time::Duration;

use edgectl::document::Document;
use edgectl::manifest::{
    Chunks, Deployment, Finding, Hide, NoSources, Surroundings, check, diff, extract_layer, hide_secrets, hide_unread,
    is_placeholder, layer_mistakes, merge, missing_secrets, redact, write_create_options,
};
use edgectl::text::TextError;
use edgectl::yaml;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

use crate::json::{Style, check_error, style, value, write};

/// Stands in every secret, and nowhere else.
const MARK: &str = "s3cr3";

fn secret() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9é\"\\\\/+= ,}{'#]{0,8}".prop_map(|rest| format!("{MARK}t{rest}"))
}

/// A member whose value is a secret by its name.
fn named() -> impl Strategy<Value = (String, Value)> {
    let name = select(&["password", "DB_PASSWORD", "apiKey", "access-token", "clientSecret", "SAS"][..]);
    (name, secret()).prop_map(|(name, secret)| (name.to_owned(), json!(secret)))
}

/// A value of `createOptions`: secrets in its lists, and anything else.
fn options() -> impl Strategy<Value = Value> {
    let item = prop_oneof![
        secret().prop_map(|secret| format!("API_KEY={secret}")),
        secret().prop_map(|secret| format!("--password={secret}")),
        Just("LEVEL=debug".to_owned()),
    ];
    let key = select(&["Env", "Cmd", "Entrypoint"][..]);
    let lists = vec((key.prop_map(str::to_owned), vec(item, 0..4).prop_map(Value::from)), 0..3);
    let other = select(&["Tty", "HostConfig", "Hostname", "ExposedPorts", "é\n", "Image"][..]);
    (lists, vec((other.prop_map(str::to_owned), value()), 0..3))
        .prop_map(|(lists, others)| Value::Object(lists.into_iter().chain(others).collect()))
}

/// How createOptions are written.
#[derive(Debug, Clone, Copy)]
enum Form {
    Object,
    Text,
    /// In pieces of so many characters.
    Pieces(usize),
}

fn settings(options: &Value, form: Form) -> Map<String, Value> {
    let mut settings = Map::from_iter([("image".to_owned(), json!("image:1"))]);
    let text = options.to_string();
    match form {
        Form::Object => drop(settings.insert("createOptions".to_owned(), options.clone())),
        Form::Text => drop(settings.insert("createOptions".to_owned(), json!(text))),
        Form::Pieces(length) => {
            let characters: Vec<char> = text.chars().collect();
            let length = length.max(characters.len().div_ceil(99));
            for (number, piece) in characters.chunks(length).enumerate() {
                let number = if number == 0 { String::new() } else { format!("{number:02}") };
                settings.insert(format!("createOptions{number}"), json!(piece.iter().collect::<String>()));
            }
        }
    }
    settings
}

fn module() -> impl Strategy<Value = Value> {
    let form = prop_oneof![Just(Form::Object), Just(Form::Text), (8..60_usize).prop_map(Form::Pieces)];
    let variable =
        prop_oneof![named(), ("[A-Z]{1,3}", value())].prop_map(|(name, value)| (name, json!({ "value": value })));
    let other = select(&["type", "status", "restartPolicy", "version", "startupOrder", "env", "settings", "extra"][..]);
    (options(), form, vec(variable, 0..3), vec((other, value()), 0..2)).prop_map(|(options, form, env, others)| {
        let env: Map<String, Value> = env.into_iter().collect();
        let mut module = json!({ "type": "docker", "status": "running", "restartPolicy": "always", "env": env });
        module["settings"] = settings(&options, form).into();
        // One that stands in the place of `env` or `settings` is no secret.
        others.into_iter().for_each(|(key, value)| module[key] = value);
        module
    })
}

/// A deployment with modules, routes, registries and twins, right or wrong.
fn deployment() -> impl Strategy<Value = Value> {
    let name = || select(&["filter", "sensor", "a b", "$odd"][..]);
    let route = prop_oneof![
        Just(json!("FROM /messages/modules/filter/* INTO $upstream")),
        Just(json!({ "route": "FROM /* INTO BrokeredEndpoint(\"/modules/sensor/inputs/i\")", "priority": 3 })),
        value(),
    ];
    let twin = vec(prop_oneof![named(), ("[a-c]", value())], 0..3);
    (vec((name(), module()), 0..3), vec(("[a-c]", route), 0..3), vec((name(), twin), 0..3), secret(), value()).prop_map(
        |(modules, routes, twins, password, odd)| {
            let modules: Map<String, Value> =
                modules.into_iter().map(|(name, module)| (name.to_owned(), module)).collect();
            let routes: Map<String, Value> = routes.into_iter().collect();
            let registry = json!({ "r": { "address": "r.example", "username": "u", "password": password } });
            let part = |image: &str| json!({ "type": "docker", "settings": { "image": image, "createOptions": "{}" } });
            let mut content = json!({
                "$edgeAgent": { "properties.desired": {
                    "schemaVersion": "1.1", "odd": odd,
                    "runtime": { "type": "docker", "settings": { "registryCredentials": registry } },
                    "systemModules": { "edgeAgent": part("agent:1"), "edgeHub": part("hub:1") }, "modules": modules,
                } },
                "$edgeHub": { "properties.desired": {
                    "schemaVersion": "1.1", "routes": routes, "storeAndForwardConfiguration": { "timeToLiveSecs": 5 },
                } },
            });
            for (name, twin) in twins {
                content[name] = json!({ "properties.desired": twin.into_iter().collect::<Map<_, _>>() });
            }
            json!({ "modulesContent": content })
        },
    )
}

/// A layer: dotted keys, and parts of twins.
fn layer() -> impl Strategy<Value = Value> {
    // A null takes away what stands there.
    let some = || value().prop_filter("no null", |value| !value.is_null());
    let agent = prop_oneof![
        module().prop_map(|module| ("modules.filter".to_owned(), module)),
        some().prop_map(|value| ("modules.filter.env.LEVEL".to_owned(), value)),
        named().prop_map(|(_, secret)| ("runtime.settings.registryCredentials.q.password".to_owned(), secret)),
        some().prop_map(|value| ("modules".to_owned(), value)),
    ];
    let twin = prop_oneof![("[a-c](\\.[a-c]){0,2}", some()), Just((String::new(), json!({ "whole": 1 })))];
    (vec(agent, 1..3), vec(("[a-c]", some()), 0..2), vec(twin, 0..3)).prop_map(|(agent, routes, twin)| {
        let under = |prefix: &str, members: Vec<(String, Value)>| -> Map<String, Value> {
            let key = |key: &str| [prefix, key].join(".").trim_end_matches('.').to_owned();
            members.into_iter().map(|(name, value)| (key(&name), value)).collect()
        };
        json!({ "modulesContent": {
            "$edgeAgent": under("properties.desired", agent),
            "$edgeHub": under("properties.desired.routes", routes),
            "filter": under("properties.desired", twin),
        } })
    })
}

fn document(file: &str, text: &str) -> Document {
    Document::parse(file, text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn plain(value: &Value) -> Document {
    document("m.json", &value.to_string())
}

fn told_by(at: &TextError) -> String {
    format!("{}\n{}\n{}", at.message, at.excerpt, at.hint.as_deref().unwrap_or_default())
}

#[track_caller]
fn check_told(findings: &[Finding], text: &str) {
    for finding in findings {
        let told = told_by(&finding.at);
        assert!(!told.contains(MARK), "{} shows a secret:\n{told}\n{text}", finding.code);
        check_error(text, &finding.at);
    }
}

/// Both syntaxes, in every style.
fn texts(value: &Value, style: &Style) -> [(&'static str, String); 3] {
    [("m.json", write(value, style)), ("m.json", value.to_string()), ("m.yaml", yaml::render(value))]
}

fn surroundings() -> Surroundings<'static> {
    Surroundings { today: Duration::from_secs(1_800_000_000), sources: &NoSources }
}

proptest! {
    #[test]
    fn what_is_wrong_in_a_manifest_is_told_without_its_secrets(
        value in prop_oneof![3 => deployment(), 1 => layer()],
        style in style(),
    ) {
        for (file, text) in texts(&value, &style) {
            let document = hide_secrets(document(file, &text));
            let checked = check(&document, surroundings());
            check_told(&checked.warnings, &text);
            check_told(&checked.deployment.err().unwrap_or_default(), &text);
            check_told(&layer_mistakes(&document), &text);
            check_told(&write_create_options(&document, Chunks::Whole).1, &text);
        }
    }

    #[test]
    fn a_text_that_lacks_a_sign_or_its_end_is_told_without_its_secrets(value in deployment(), at in any::<Index>()) {
        // As tools write it: no scan can tell what a quote in a comment would do to a line that lacks another one.
        for (file, text) in [("m.json", value.to_string()), ("m.json", format!("{value:#}")), ("m.yaml", yaml::render(&value))] {
            // In YAML, a quote more or less turns all text up to the next one inside out.
            let quotes: &[char] = if file == "m.json" { &['"', '\''] } else { &[] };
            let is_sign = |c: char| "{}[],:".contains(c) || quotes.contains(&c);
            let signs: Vec<usize> = text.match_indices(is_sign).map(|(at, _)| at).collect();
            let at = *at.get(&signs);
            for broken in [format!("{}{}", &text[..at], &text[at + 1..]), text[..at].to_owned()] {
                if let Err(error) = Document::parse(file, &broken) {
                    let told = told_by(&hide_unread(error, &broken));
                    prop_assert!(!told.contains(MARK), "{}\n{}", told, broken);
                }
            }
        }
    }

    #[test]
    fn a_redacted_manifest_has_lost_its_secrets_and_nothing_else(value in prop_oneof![deployment(), layer()]) {
        let whole = plain(&value);
        let redacted = redact(&whole, Hide::All);
        let text = redacted.value.to_string();
        prop_assert!(!text.contains(MARK), "{}", text);
        prop_assert!(redacted.hidden > 0 || !value.to_string().contains(MARK));
        check_only_hidden(&value, &redacted.value);
        let missing = missing_secrets(&document("m.json", &text));
        prop_assert_eq!(missing.is_empty(), redacted.hidden == 0, "{}", text);
        let again = redact(&document("m.json", &text), Hide::All);
        prop_assert_eq!((again.hidden, &again.value), (0, &redacted.value));
    }

    #[test]
    fn what_differs_is_told_without_secrets(old in deployment(), new in deployment()) {
        let (old, new) = (plain(&old), plain(&new));
        let told = serde_json::to_string(&diff(&old, &new).expect("both have content")).expect("JSON");
        prop_assert!(!told.contains(MARK), "{}", told);
        prop_assert!(diff(&old, &old).expect("it has content").is_empty());
        // What is hidden is the same as what it hides.
        let hidden = plain(&redact(&old, Hide::All).value);
        prop_assert_eq!(diff(&old, &hidden).expect("both have content"), []);
    }

    #[test]
    fn every_part_of_what_is_merged_is_that_of_its_file(base in deployment(), layers in vec(layer(), 0..3)) {
        let documents: Vec<Document> = std::iter::once(&base).chain(&layers).map(plain).map(hide_secrets).collect();
        let Ok(merged) = merge(&documents[0], &documents[1..].iter().collect::<Vec<_>>()) else { return Ok(()) };
        for origin in &merged.origins {
            let there = merged.manifest.pointer(origin.pointer().as_str());
            let source = documents[origin.from].value().pointer(origin.source.as_str());
            let is_over = merged.origins.iter().any(|other| other.path.len() > origin.path.len() && other.path.starts_with(&origin.path));
            prop_assert!(source.is_some(), "{:?}", origin);
            prop_assert!(is_over || there == source, "{:?}: {:?} and {:?}", origin, there, source);
            prop_assert!(!origin.over.contains(&origin.from), "{:?}", origin);
        }
        let document = merged.document("merged", documents.clone());
        check_composed(&check(&hide_secrets(document), surroundings()).warnings);
    }

    #[test]
    fn a_layer_taken_out_changes_nothing_where_it_came_from(base in deployment()) {
        let document = plain(&base);
        let modules = base.pointer("/modulesContent/$edgeAgent/properties.desired/modules").and_then(Value::as_object);
        let names: Vec<String> = modules.into_iter().flatten().map(|(name, _)| name.clone()).collect();
        let layer = plain(&extract_layer(&document, &names).expect("they are all there"));
        let merged = merge(&document, &[&layer]).expect("it is a layer");
        prop_assert_eq!(diff(&document, &plain(&merged.manifest)).expect("both have content"), []);
    }

    #[test]
    fn create_options_are_the_same_in_every_form(options in options(), length in 8..60_usize) {
        let read = |form: Form| {
            let mut manifest = json!({ "modulesContent": {
                "$edgeAgent": { "properties.desired": { "schemaVersion": "1.1", "modules": {}, "systemModules": {
                    "edgeAgent": { "type": "docker", "settings": { "image": "a:1" } },
                    "edgeHub": { "type": "docker", "status": "running", "settings": { "image": "b:1" } } } } },
                "$edgeHub": { "properties.desired": { "schemaVersion": "1.1", "routes": {} } } } });
            let module = json!({ "type": "docker", "settings": settings(&options, form) });
            manifest["modulesContent"]["$edgeAgent"]["properties.desired"]["modules"]["m"] = module;
            let (written, mistakes) = write_create_options(&plain(&manifest), Chunks::Split);
            assert!(mistakes.is_empty(), "{mistakes:?}");
            let text = written.value().to_string();
            let deployment = Deployment::parse(&document("m.json", &text), &mut Vec::new());
            (Value::Object(deployment.expect("it is right").modules[0].create_options.clone()), text)
        };
        let forms = [Form::Object, Form::Text, Form::Pieces(length)].map(read);
        prop_assert_eq!(&forms[0].0, &options);
        prop_assert!(forms.iter().all(|form| *form == forms[0]), "{:?}", forms);
    }
}

/// Says that two values differ in secrets only; text that holds JSON is opened.
fn check_only_hidden(old: &Value, new: &Value) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let (old, new) = (joined(old), joined(new));
            assert_eq!(old.keys().collect::<Vec<_>>(), new.keys().collect::<Vec<_>>());
            old.iter().for_each(|(key, old)| check_only_hidden(old, &new[key]));
        }
        (Value::Array(old), Value::Array(new)) => {
            assert_eq!(old.len(), new.len());
            old.iter().zip(new).for_each(|(old, new)| check_only_hidden(old, new));
        }
        (Value::String(old), Value::String(new)) if old != new => {
            assert!(old.contains(MARK) && new.ends_with("***"), "{old:?} became {new:?}");
            assert!(is_placeholder(new) || old.starts_with(new.trim_end_matches('*')), "{old:?} became {new:?}");
        }
        _ => assert_eq!(old, new),
    }
}

/// Members with the pieces of createOptions as the one value that they are.
fn joined(members: &Map<String, Value>) -> Map<String, Value> {
    let (pieces, mut rest): (Map<_, _>, Map<_, _>) =
        members.clone().into_iter().partition(|(key, _)| key.starts_with("createOptions"));
    let text: String = pieces.values().filter_map(Value::as_str).collect();
    let whole = pieces.values().find(|piece| piece.is_object()).cloned();
    if let Some(whole) = whole.or_else(|| serde_json::from_str(&text).ok()) {
        rest.insert("createOptions".to_owned(), whole);
    }
    rest
}

fn check_composed(findings: &[Finding]) {
    for finding in findings {
        let told = told_by(&finding.at);
        assert!(!told.contains(MARK), "{} shows a secret:\n{told}", finding.code);
    }
}
