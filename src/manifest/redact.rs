//! A manifest without its secrets, and with those of registries put back.
//!
//! The password of a registry that comes from a variable is replaced by that variable as the template writes it, so that
//! the manifest can still be completed where the variable is known ([`fill_in`]). Every other secret becomes `***`, which
//! nothing completes and nobody deploys ([`missing_secrets`]).

use serde_json::{Map, Value};

use super::content::{Assignment, assignments};
use super::finding::Finding;
use super::placeholder::{Piece, pieces};
use super::{create_options, secret};
use crate::document::Document;
use crate::text::{Pointer, TextError};

/// What stands in the place of a secret that no variable holds.
pub const HIDDEN: &str = "***";

/// Which secrets are taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hide {
    /// The passwords of registries.
    Registries,
    /// Those, and whatever looks like a secret in the environments and twins of modules.
    All,
}

/// A manifest without its secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Redacted {
    /// The manifest.
    pub value: Value,
    /// How many secrets are not in it.
    pub hidden: usize,
    /// How many secrets nothing fills in again: `***` stands for them, and no variable.
    pub lost: usize,
}

/// Copies a manifest without its secrets; the document's text tells which of them come from variables.
pub fn redact(document: &Document, hide: Hide) -> Redacted {
    let written = Document::parse_template(document.file(), document.text()).ok();
    let mut work = Work { value: document.value().clone(), written, hide, hidden: 0 };
    // A manifest without content has nothing that could be found in it.
    for assignment in assignments(document).unwrap_or_default() {
        work.redact(&assignment);
    }
    let lost = lost_secrets(&document.with_value(work.value.clone()));
    Redacted { value: work.value, hidden: work.hidden, lost }
}

/// Puts passwords of registries into a finished manifest that names variables in their place.
///
/// Those that remain unknown, and other secrets that were taken out, are warned of at their place.
pub fn fill_in<'v>(
    document: &Document,
    variable: &dyn Fn(&str) -> Option<&'v str>,
    warnings: &mut Vec<Finding>,
) -> Document {
    let mut value = document.value().clone();
    for pointer in passwords(document) {
        let Some(Value::String(text)) = value.pointer_mut(pointer.as_str()) else { continue };
        if !secret::is_placeholder(text) {
            continue;
        }
        match variable_of(text).and_then(variable) {
            Some(password) => password.clone_into(text),
            None => warnings.push(Finding::warning("registry-password", unknown_password(document, &pointer))),
        }
    }
    warnings.extend(hidden(document).into_iter().map(|at| Finding::warning("hidden-secret", at)));
    document.with_value(value)
}

/// Returns where secrets are missing: passwords of registries that are `***` or a variable that nobody has defined, and
/// `***` wherever else a secret stood.
pub fn missing_secrets(document: &Document) -> Vec<TextError> {
    let is_unknown = |at: &Pointer| text_at(document, at).is_some_and(secret::is_placeholder);
    let unknown = passwords(document).into_iter().filter(is_unknown);
    unknown.map(|at| unknown_password(document, &at)).chain(hidden(document)).collect()
}

/// Returns how many secrets are `***`, so that no variable brings them back.
pub fn lost_secrets(document: &Document) -> usize {
    let is_lost = |at: &Pointer| text_at(document, at) == Some(HIDDEN);
    passwords(document).into_iter().filter(is_lost).count() + hidden(document).len()
}

fn text_at<'d>(document: &'d Document, pointer: &Pointer) -> Option<&'d str> {
    document.value().pointer(pointer.as_str())?.as_str()
}

/// Where `***` stands for a secret of a module: in its environment, its createOptions or its twin.
fn hidden(document: &Document) -> Vec<TextError> {
    let mut found = Vec::new();
    let mut tell = |pointer: &Pointer, name: &str| {
        let told = document.error(pointer, format!("the value of `{name}` was taken out; `{HIDDEN}` is in its place"));
        found.push(told.hint("deploy from the template, or write the file anew without `--redact`"));
    };
    for assignment in assignments(document).unwrap_or_default() {
        each_text(&assignment, &mut |path, text, pointer| {
            if text == HIDDEN && !is_password(assignment.module, path) {
                tell(pointer, name_of(assignment.module, path));
            }
        });
        each_settings(&assignment, &mut |members, pointer| {
            let options = create_options::open(members).unwrap_or_default();
            let lists = secret::LISTS.iter().filter_map(|list| options.get(*list)?.as_array());
            for text in lists.flatten().filter_map(Value::as_str) {
                if let Some((name, _)) = secret::item_of_list(text).filter(|(_, start)| text[*start..] == *HIDDEN) {
                    tell(&pointer.key("createOptions"), name);
                }
            }
        });
    }
    found
}

fn unknown_password(document: &Document, pointer: &Pointer) -> TextError {
    let (told, hint) = match text_at(document, pointer).and_then(variable_of) {
        Some(name) => (
            format!("this registry's password is the variable `{name}`, which is not set"),
            format!("define `{name}` in `.env`, or pass `--set {name}=VALUE`"),
        ),
        None => (
            format!("this registry's password was taken out of the file; `{HIDDEN}` is in its place"),
            "deploy from the template, or write the file with `edgectl deploy --with-secrets`".to_owned(),
        ),
    };
    document.error(pointer, told).hint(hint)
}

/// The variable that a text names and nothing else.
fn variable_of(text: &str) -> Option<&str> {
    match pieces(text)[..] {
        [(_, Piece::Bare(name) | Piece::Braced(name))] => Some(name),
        _ => None,
    }
}

/// Where the passwords of registries stand, layers included.
fn passwords(document: &Document) -> Vec<Pointer> {
    let mut found = Vec::new();
    for assignment in assignments(document).unwrap_or_default() {
        each_text(&assignment, &mut |path, _, pointer| {
            if is_password(assignment.module, path) {
                found.push(pointer.clone());
            }
        });
    }
    found
}

fn is_password(module: &str, path: &[&str]) -> bool {
    module == "$edgeAgent" && matches!(path, ["runtime", "settings", "registryCredentials", _, "password"])
}

struct Work {
    value: Value,
    /// The file's own values, before expansion.
    written: Option<Document>,
    hide: Hide,
    hidden: usize,
}

impl Work {
    fn redact(&mut self, assignment: &Assignment<'_>) {
        let module = assignment.module;
        let mut found = Vec::new();
        each_text(assignment, &mut |path, text, pointer| {
            let is_hidden = match self.hide {
                Hide::Registries => false,
                Hide::All => secret::is_secret(name_of(module, path), text) && !is_create_options(path),
            };
            let is_password = is_password(module, path) && !text.is_empty() && !secret::is_placeholder(text);
            if is_hidden || is_password {
                found.push((pointer.clone(), is_password));
            }
        });
        for (pointer, is_password) in found {
            let replacement = if is_password { self.replacement(&pointer) } else { HIDDEN.to_owned() };
            if let Some(place) = self.value.pointer_mut(pointer.as_str()) {
                *place = Value::String(replacement);
                self.hidden += 1;
            }
        }
        if self.hide == Hide::All {
            self.redact_create_options(assignment);
        }
    }

    /// What the file writes, if that is the name of a variable.
    fn replacement(&self, pointer: &Pointer) -> String {
        let written = self.written.as_ref().and_then(|written| text_at(written, pointer));
        written.filter(|text| secret::is_placeholder(text)).unwrap_or(HIDDEN).to_owned()
    }

    /// createOptions are text inside text.
    fn redact_create_options(&mut self, assignment: &Assignment<'_>) {
        let mut settings = Vec::new();
        each_settings(assignment, &mut |_, pointer| settings.push(pointer.clone()));
        for pointer in settings {
            let Some(Value::Object(members)) = self.value.pointer_mut(pointer.as_str()) else { continue };
            let Some(mut options) = create_options::open(members) else { continue };
            let lists = options.iter_mut().filter(|(key, _)| secret::LISTS.contains(&key.as_str()));
            let items = lists.filter_map(|(_, list)| list.as_array_mut()).flatten();
            let hidden = items.map(hide_item).filter(|is_hidden| *is_hidden).count();
            if hidden > 0 {
                create_options::close(members, &options);
                self.hidden += hidden;
            }
        }
    }
}

/// Hides the value in an item of a list, such as `API_KEY=…`; says whether it is a secret.
fn hide_item(item: &mut Value) -> bool {
    let Some(text) = item.as_str() else { return false };
    let Some((name, start)) = secret::item_of_list(text) else { return false };
    if !secret::is_secret(name, &text[start..]) {
        return false;
    }
    *item = Value::String(format!("{}{HIDDEN}", &text[..start]));
    true
}

/// The name that a text has: that of its variable in `env`, else its key.
fn name_of<'p>(module: &str, path: &[&'p str]) -> &'p str {
    match path {
        [.., "env", name, "value"] if module == "$edgeAgent" => name,
        [.., last] => last,
        [] => "",
    }
}

fn is_create_options(path: &[&str]) -> bool {
    path.last().is_some_and(|key| create_options::is_key(key))
}

/// Calls `visit` with every text below an assignment, the way to it in the twin and its place in the file.
fn each_text<'d>(assignment: &Assignment<'d>, visit: &mut dyn FnMut(&[&'d str], &'d str, &Pointer)) {
    each(assignment, &mut |path, value, pointer| {
        if let Value::String(text) = value {
            visit(path, text, pointer);
        }
    });
}

/// Calls `visit` with the `settings` of every module below an assignment, and their place.
fn each_settings(assignment: &Assignment<'_>, visit: &mut dyn FnMut(&Map<String, Value>, &Pointer)) {
    each(assignment, &mut |path, value, pointer| {
        let is_settings = path.last() == Some(&"settings") && path.first() != Some(&"runtime");
        if let Some(members) = value.as_object().filter(|_| is_settings && assignment.module == "$edgeAgent") {
            visit(members, pointer);
        }
    });
}

type Visit<'v, 'd> = dyn FnMut(&[&'d str], &'d Value, &Pointer) + 'v;

fn each<'d>(assignment: &Assignment<'d>, visit: &mut Visit<'_, 'd>) {
    walk(assignment.value, &mut assignment.path.clone(), &assignment.pointer, visit);
}

fn walk<'d>(value: &'d Value, path: &mut Vec<&'d str>, pointer: &Pointer, visit: &mut Visit<'_, 'd>) {
    visit(path, value, pointer);
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                path.push(key);
                walk(member, path, &pointer.key(key), visit);
                path.pop();
            }
        }
        // Items have no name of their own: the key of the array is theirs.
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| walk(item, path, &pointer.index(index), visit));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn redacted(written: &Value, expanded: &Value, hide: Hide) -> Redacted {
        let file = Document::parse("deployment.template.json", &written.to_string()).expect("JSON");
        redact(&file.with_value(expanded.clone()), hide)
    }

    fn registry(password: &str) -> Value {
        let credentials = json!({ "r": { "address": "r.io", "username": "u", "password": password } });
        json!({ "modulesContent": { "$edgeAgent": { "properties.desired": {
            "runtime": { "settings": { "registryCredentials": credentials } },
        } } } })
    }

    #[test]
    fn a_password_of_a_variable_becomes_the_variable_and_any_other_three_asterisks() {
        let hidden = |written, expanded| {
            let Redacted { value, hidden, lost } = redacted(&registry(written), &registry(expanded), Hide::Registries);
            let password = value.pointer(
                "/modulesContent/$edgeAgent/properties.desired/runtime/settings/registryCredentials/r/password",
            );
            (password.and_then(Value::as_str).unwrap_or_default().to_owned(), hidden, lost)
        };
        assert_eq!(hidden("$PW", "s3cret"), ("$PW".to_owned(), 1, 0));
        assert_eq!(hidden("s3cret", "s3cret"), ("***".to_owned(), 1, 1));
        assert_eq!(hidden("", ""), (String::new(), 0, 0), "no password is no secret");
        assert_eq!(hidden("$PW", "$PW"), ("$PW".to_owned(), 0, 0), "an unknown variable has no value to hide");
    }

    #[test]
    fn a_layer_has_passwords_too() {
        let layer = json!({ "modulesContent": { "$edgeAgent": {
            "properties.desired.runtime.settings.registryCredentials.r": { "password": "s3cret" },
        } } });
        let Redacted { value, hidden, .. } = redacted(&layer, &layer, Hide::Registries);
        assert!(!value.to_string().contains("s3cret") && hidden == 1, "{value}");
    }

    #[test]
    fn all_secrets_are_those_of_environments_create_options_and_twins_too() {
        let options = json!({ "Env": ["DB_PASSWORD=s3cret", "LEVEL=debug"], "Cmd": ["--token=s3cret"] }).to_string();
        let module = json!({ "settings": { "image": "a:1", "createOptions": options },
            "env": { "API_KEY": { "value": "s3cret" }, "LEVEL": { "value": "info" } } });
        let manifest = json!({ "modulesContent": {
            "$edgeAgent": { "properties.desired": { "modules": { "m": module } } },
            "m": { "properties.desired": { "broker": { "password": "s3cret" }, "places": ["amqp://u:s3cret@h"] } },
        } });
        let kept = redacted(&manifest, &manifest, Hide::Registries);
        assert_eq!((kept.value, kept.hidden), (manifest.clone(), 0));
        let Redacted { value, hidden, lost } = redacted(&manifest, &manifest, Hide::All);
        assert!(!value.to_string().contains("s3cret") && (hidden, lost) == (5, 5), "{hidden}, {lost}: {value}");
        assert_eq!(
            value.pointer("/modulesContent/$edgeAgent/properties.desired/modules/m/settings/createOptions"),
            Some(&json!(r#"{"Env":["DB_PASSWORD=***","LEVEL=debug"],"Cmd":["--token=***"]}"#))
        );
    }

    #[test]
    fn what_was_taken_out_of_modules_is_found_again() {
        let options = json!({ "Env": ["DB_PASSWORD=s3cret", "LEVEL=debug"], "Cmd": ["--token=s3cret"] }).to_string();
        let module = json!({ "settings": { "image": "a:1", "createOptions": options },
            "env": { "API_KEY": { "value": "s3cret" }, "LEVEL": { "value": "info" } } });
        let manifest = |module| {
            json!({ "modulesContent": {
            "$edgeAgent": { "properties.desired": { "modules": { "m": module } } },
            "m": { "properties.desired": { "broker": { "password": "s3cret" }, "stars": "****" } },
        } })
        };
        let whole = Document::parse("m.json", &manifest(&module).to_string()).expect("JSON");
        assert_eq!(missing_secrets(&whole), []);
        let redacted = Document::parse("m.json", &redact(&whole, Hide::All).value.to_string()).expect("JSON");
        let mut told: Vec<_> = missing_secrets(&redacted).into_iter().map(|at| at.message.to_string()).collect();
        told.sort();
        let expected = ["API_KEY", "DB_PASSWORD", "password", "token"];
        assert_eq!(told, expected.map(|name| format!("the value of `{name}` was taken out; `***` is in its place")));
    }

    #[test]
    fn what_was_taken_out_is_filled_in_again_where_its_variable_is_known() {
        let document = |password| Document::parse("m.json", &registry(password).to_string()).expect("JSON");
        let known = |name: &str| (name == "PW").then_some("s3cret");
        let mut warnings = Vec::new();
        assert_eq!(fill_in(&document("$PW"), &known, &mut warnings).value(), &registry("s3cret"));
        assert_eq!(fill_in(&document("p$a$$"), &known, &mut warnings).value(), &registry("p$a$$"), "a real one");
        assert!(warnings.is_empty());
        let unknown = fill_in(&document("${OTHER}"), &known, &mut warnings);
        let warned: Vec<_> = warnings.into_iter().map(|finding| *finding.at).collect();
        assert_eq!(warned, missing_secrets(&unknown));
        let told: Vec<_> = warned.iter().map(|at| &*at.message).collect();
        assert_eq!(told, ["this registry's password is the variable `OTHER`, which is not set"]);
        assert_eq!(missing_secrets(&document("***")).len(), 1);
    }
}
