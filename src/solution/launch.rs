//! Debuggers: the ports of this machine that lead to them, and their configurations in `.vscode/launch.json`.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Solution;
use crate::document::{Document, Syntax, read_text};
use crate::failure::Outcome;
use crate::json::{Member, Part, append_items, insert_member, places};
use crate::text::Pointer;

const FILE: &str = ".vscode/launch.json";
const CONFIGURATIONS: &str = "configurations";

/// What is to happen to `.vscode/launch.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Launch {
    /// It has all of the configurations.
    Nothing,
    /// There is none: it gets this text.
    Create(PathBuf, String),
    /// It gets this text; all that stood there stays, comments included.
    Edit(PathBuf, String),
    /// edgectl cannot edit it: the user is to paste this.
    Paste(PathBuf, String),
}

/// What becomes of a configuration whose name `.vscode/launch.json` has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It stays as it is.
    Stays,
    /// It stays, but for its port: where the new one has this port, it gets it, too.
    TakesPort(u16),
}

/// Plans what configurations change in the solution's `.vscode/launch.json`.
pub fn plan_launch(solution: &Solution, configurations: &[Value], known: Known) -> Outcome<Launch> {
    let path = solution.root().join(FILE);
    if configurations.is_empty() {
        return Ok(Launch::Nothing);
    }
    if !path.exists() {
        let document = json!({ "version": "0.2.0", CONFIGURATIONS: configurations });
        return Ok(Launch::Create(path, format!("{document:#}\n")));
    }
    let text = read_text(&path, FILE)?;
    let Ok(document) = Document::parse(FILE, &text) else { return Ok(paste(path, configurations)) };
    let (there, missing): (Vec<Value>, Vec<Value>) =
        configurations.iter().cloned().partition(|one| index_of(&document, one).is_some());
    let edited = match known {
        Known::Stays => Some(text.clone()),
        Known::TakesPort(port) => there.iter().try_fold(text.clone(), |text, one| take_port(&text, one, port)),
    };
    let edited = edited.and_then(|text| match missing.is_empty() {
        true => Some(text),
        false => add(&Document::parse(FILE, &text).ok()?, &missing),
    });
    Ok(match edited {
        Some(edited) if edited == text => Launch::Nothing,
        Some(edited) => Launch::Edit(path, edited),
        None if known == Known::Stays => paste(path, &missing),
        None => paste(path, configurations),
    })
}

/// Returns which of the configurations there has the name of this one.
fn index_of(document: &Document, configuration: &Value) -> Option<usize> {
    let known = document.value().get(CONFIGURATIONS)?.as_array()?;
    known.iter().position(|other| other["name"] == configuration["name"])
}

/// Writes the port into the configuration of the same name, wherever the new one has it; `None` if that has no place
/// for it.
fn take_port(text: &str, configuration: &Value, port: u16) -> Option<String> {
    let mut text = text.to_owned();
    for place in places_of(configuration, port) {
        let document = Document::parse(FILE, &text).ok().filter(|document| document.syntax() == Syntax::Json)?;
        let index = index_of(&document, configuration)?;
        let place = Pointer::root().key(CONFIGURATIONS).index(index).join(&place);
        document.value().pointer(place.as_str())?.as_u64()?;
        text.replace_range(places(&text).find(&place, Part::Value)?, &port.to_string());
    }
    Some(text)
}

/// Returns where a configuration holds a number.
fn places_of(value: &Value, number: u16) -> Vec<Pointer> {
    let below = |(key, inner): (&String, &Value)| -> Vec<Pointer> {
        places_of(inner, number).into_iter().map(|place| Pointer::root().key(key).join(&place)).collect()
    };
    match value {
        Value::Object(members) => members.iter().flat_map(below).collect(),
        value if value.as_u64() == Some(number.into()) => vec![Pointer::root()],
        _ => Vec::new(),
    }
}

fn add(document: &Document, configurations: &[Value]) -> Option<String> {
    if document.syntax() != Syntax::Json || !document.value().is_object() {
        return None;
    }
    if document.value().get(CONFIGURATIONS).is_some() {
        return append_items(document.text(), &Pointer::root().key(CONFIGURATIONS), configurations);
    }
    let value = json!(configurations);
    insert_member(document.text(), &Pointer::root(), Member { key: CONFIGURATIONS, value: &value })
}

fn paste(path: PathBuf, configurations: &[Value]) -> Launch {
    Launch::Paste(path, format!("{:#}\n", json!({ CONFIGURATIONS: configurations })))
}

/// Returns the first port from `wanted` on that no module of the debug template is bound to.
pub fn free_debug_port(solution: &Solution, wanted: u16) -> Outcome<u16> {
    let Some(path) = solution.find_debug_template() else { return Ok(wanted) };
    let text = read_text(&path, &solution.shown(&path))?;
    let used = host_ports(&text);
    Ok((wanted..=u16::MAX).find(|port| !used.contains(port)).unwrap_or(wanted))
}

/// Returns the ports that stand behind `HostPort` in JSON, YAML, or JSON inside of a string.
fn host_ports(text: &str) -> Vec<u16> {
    let after = text.split("HostPort").skip(1);
    let digits = after.map(|rest| rest.trim_start_matches(|c: char| " :\\\"'".contains(c)));
    let ports = digits.map(|rest| &rest[..rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len()]);
    ports.filter_map(|port| port.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_ports_are_found_in_every_notation() {
        let text = "{\"HostPort\": \"5678\"} - HostPort: '5679'\n\"{\\\"HostPort\\\":\\\"9229\\\"}\" HostPort: \"\"";
        assert_eq!(host_ports(text), [5678, 5679, 9229]);
    }

    #[track_caller]
    fn check_added(text: &str, expected: Option<&str>) {
        let document = Document::parse(FILE, text).expect("it is JSON");
        assert_eq!(add(&document, &[json!({"name": "b"})]).as_deref(), expected);
    }

    #[test]
    fn configurations_are_added_and_comments_stay() {
        check_added(
            "{\n  // mine\n  \"configurations\": [\n    {\"name\": \"a\"} // first\n  ]\n}\n",
            Some(
                "{\n  // mine\n  \"configurations\": [\n    {\"name\": \"a\"}, // first\n    {\n      \"name\": \"b\"\n    \
                }\n  ]\n}\n",
            ),
        );
        check_added(
            "{\n  \"version\": \"0.2.0\"\n}\n",
            Some(
                "{\n  \"version\": \"0.2.0\",\n  \"configurations\": [\n    {\n      \"name\": \"b\"\n    }\n  ]\n}\n",
            ),
        );
        check_added("{\"configurations\": {}}", None);
        check_added("[]", None);
    }

    #[test]
    fn a_known_configuration_takes_the_port_and_keeps_the_rest() {
        let new = json!({"name": "b", "connect": {"host": "localhost", "port": 5679}});
        let text = "{\n  \"configurations\": [\n    {\"name\": \"a\", \"connect\": {\"port\": 1}},\n    // mine\n    \
            {\"name\": \"b\", \"connect\": {\"port\": 5678}, \"x\": 5678}\n  ]\n}\n";
        let taken = text.replace("{\"port\": 5678}", "{\"port\": 5679}");
        assert_eq!(take_port(text, &new, 5679), Some(taken.clone()));
        assert_eq!(take_port(&taken, &new, 5679), Some(taken));
        let other = "{\"configurations\": [{\"name\": \"b\", \"listen\": 1}]}";
        assert_eq!(take_port(other, &new, 5679), None, "it is the user's own, and has no such member");
    }
}
