//! Debuggers: the ports of this machine that lead to them, and their configurations in `.vscode/launch.json`.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Solution;
use crate::document::{Document, Syntax, read_text};
use crate::failure::Outcome;
use crate::json::{Member, append_items, insert_member};
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

/// Plans what configurations change in the solution's `.vscode/launch.json`; one whose name it has stays as it is.
pub fn plan_launch(solution: &Solution, configurations: &[Value]) -> Outcome<Launch> {
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
    let known = document.value().get(CONFIGURATIONS).and_then(Value::as_array);
    let is_new = |one: &&Value| known.is_none_or(|known| known.iter().all(|other| other["name"] != one["name"]));
    let missing: Vec<Value> = configurations.iter().filter(is_new).cloned().collect();
    if missing.is_empty() {
        return Ok(Launch::Nothing);
    }
    Ok(match add(&document, &missing) {
        Some(text) => Launch::Edit(path, text),
        None => paste(path, &missing),
    })
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
}
