//! createOptions: the body of the engine's create-container call, written as text in pieces (protocol.md §10.2).

use serde_json::{Map, Value};

use super::{finding::Finding, shape};
use crate::document::{Document, Node};
use crate::text::TextError;

/// The longest piece, in characters: a twin's value was once limited to it, and every writer still keeps it.
const PIECE: usize = 512;
/// How many pieces the agent reads.
const MOST_PIECES: usize = 100;

/// The longest value of a twin, in bytes (protocol.md §7.2).
const LONGEST_VALUE: usize = 4096;

const KEY: &str = "createOptions";

/// Whether createOptions are written in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunks {
    /// Of 512 characters, as every tool does.
    Split,
    /// In one piece, for IoT Central knows no others.
    Whole,
}

/// Writes every module's createOptions, objects and strings alike, as text; what cannot be written is told and left out.
pub fn write(document: &Document, chunks: Chunks) -> (Document, Vec<Finding>) {
    let Ok(content) = shape::modules_content(document) else { return (document.clone(), Vec::new()) };
    let (mut value, mut findings) = (document.value().clone(), Vec::new());
    for module in document.node(&content).iter().flat_map(shape::modules) {
        let Some(node) = module.get("settings") else { continue };
        let Some(settings) = value.pointer_mut(node.pointer().as_str()).and_then(Value::as_object_mut) else {
            continue;
        };
        match written(&node, chunks) {
            Ok(Some(pieces)) => replace(settings, &pieces),
            Ok(None) => {}
            Err(at) => {
                findings.push(Finding::error("create-options", at));
                replace(settings, &[String::new()]);
            }
        }
    }
    (document.with_value(value), findings)
}

/// The createOptions of a module's settings in pieces; `None` if there are none.
fn written(settings: &Node<'_>, chunks: Chunks) -> Result<Option<Vec<String>>, TextError> {
    let is_null = settings.value().get(KEY).is_some_and(Value::is_null);
    let Some(text) = text_of(settings)?.or_else(|| is_null.then(|| "{}".to_owned())) else { return Ok(None) };
    let first = || settings.get(KEY).unwrap_or_else(|| settings.clone());
    fitting(&text, chunks).map(Some).map_err(|message| first().key_error(message).hint(SHORTEN))
}

const SHORTEN: &str = "move data into a file or an environment variable";

/// The pieces of a text, or what to say if it is too long for a twin.
fn fitting(text: &str, chunks: Chunks) -> Result<Vec<String>, String> {
    if chunks == Chunks::Whole {
        let whole = || vec![text.to_owned()];
        let told = || format!("createOptions have {} bytes, in one piece at most {LONGEST_VALUE} fit", text.len());
        return (text.len() <= LONGEST_VALUE).then(whole).ok_or_else(told);
    }
    let pieces = split(text);
    let told =
        || format!("createOptions have {} characters, at most {} fit", text.chars().count(), PIECE * MOST_PIECES);
    if pieces.len() <= MOST_PIECES { Ok(pieces) } else { Err(told()) }
}

/// Returns the createOptions of a module's settings opened up; `None` if there are none, or none that can be read.
pub(super) fn open(settings: &Map<String, Value>) -> Option<Map<String, Value>> {
    let pieces = in_order(settings.iter().map(|(key, value)| (key.as_str(), value)));
    if let [(_, Value::Object(options))] = pieces[..] {
        return Some(options.clone());
    }
    let text: String = pieces.iter().filter_map(|(_, piece)| piece.as_str()).collect();
    serde_json::from_str(&text).ok()
}

/// Writes opened createOptions back into a module's settings.
pub(super) fn close(settings: &mut Map<String, Value>, options: &Map<String, Value>) {
    replace(settings, &split(&Value::Object(options.clone()).to_string()));
}

/// Says whether a key of a module's settings holds createOptions or a piece of them.
pub(super) fn is_key(key: &str) -> bool {
    number_of(key).is_some()
}

/// Says whether a key of a module's settings holds a piece of createOptions that is not the first.
pub(super) fn is_later_piece(key: &str) -> bool {
    number_of(key).is_some_and(|number| number > 0)
}

/// Returns createOptions as members of a module's settings: `createOptions`, `createOptions01` ….
pub fn pieces(options: &Map<String, Value>) -> impl Iterator<Item = (String, String)> {
    let pieces = split(&Value::Object(options.clone()).to_string());
    pieces.into_iter().enumerate().map(|(number, piece)| (key(number), piece))
}

/// Reads the createOptions of a module's settings; absent, empty and `null` mean none.
pub(super) fn read(settings: &Node<'_>) -> Result<Map<String, Value>, TextError> {
    let Some(text) = text_of(settings)? else { return Ok(Map::new()) };
    if text.trim().is_empty() || text.trim() == "null" {
        return Ok(Map::new());
    }
    let node = settings.get(KEY).unwrap_or_else(|| settings.clone());
    let hint = "createOptions are the body of the engine's create-container call, such as {\"HostConfig\":{}}";
    match serde_json::from_str(&text) {
        Ok(Value::Object(options)) => Ok(options),
        Ok(_) => Err(node.error("createOptions hold JSON that is no object").hint(hint)),
        Err(error) => {
            let at = place_of(&text, &error).min(text.len());
            let told = format!("createOptions are no JSON: {}", describe(&error));
            Err(node.error_inside(&(at..at + 1), told).hint(hint))
        }
    }
}

/// The text of createOptions, its pieces joined; `None` if there are none.
fn text_of(settings: &Node<'_>) -> Result<Option<String>, TextError> {
    let pieces = pieces_of(settings)?;
    let Some(first) = pieces.first() else { return Ok(None) };
    if first.value().is_object() {
        return Ok(Some(first.value().to_string()));
    }
    first.text().map_err(|_| first.wrong("an object, or a string that holds one"))?;
    let texts: Result<Vec<&str>, TextError> = pieces.iter().map(Node::text).collect();
    texts.map(|texts| Some(texts.concat()))
}

/// Returns what createOptions are written as, in the order of the pieces; null is none.
pub(super) fn pieces_of<'d>(settings: &Node<'d>) -> Result<Vec<Node<'d>>, TextError> {
    let members = settings.members()?.into_iter();
    let pieces = in_order(members.filter(|(_, node)| !node.value().is_null()));
    for (expected, (number, piece)) in pieces.iter().enumerate() {
        if *number != expected {
            let told = piece.key_error(format!("`{}` is missing before `{}`", key(expected), key(*number)));
            return Err(told.hint("number the pieces without a gap, or write createOptions as one object"));
        }
    }
    Ok(pieces.into_iter().map(|(_, piece)| piece).collect())
}

/// Picks the pieces of createOptions out of a module's settings, with their numbers.
fn in_order<'k, T>(members: impl Iterator<Item = (&'k str, T)>) -> Vec<(usize, T)> {
    let mut pieces: Vec<_> = members.filter_map(|(key, value)| Some((number_of(key)?, value))).collect();
    pieces.sort_by_key(|(number, _)| *number);
    pieces
}

fn split(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    if characters.is_empty() {
        return vec![String::new()];
    }
    characters.chunks(PIECE).map(|piece| piece.iter().collect()).collect()
}

/// Puts the pieces where the first one stood, so that key order stays.
fn replace(settings: &mut Map<String, Value>, pieces: &[String]) {
    let old = std::mem::take(settings);
    for (name, value) in old {
        if number_of(&name) == Some(0) {
            for (number, piece) in pieces.iter().enumerate() {
                settings.insert(key(number), Value::String(piece.clone()));
            }
        } else if !is_key(&name) {
            settings.insert(name, value);
        }
    }
}

fn key(number: usize) -> String {
    if number == 0 { KEY.to_owned() } else { format!("{KEY}{number:02}") }
}

/// The number of a piece by its key, in any case as the agent reads it: 0 for `createOptions` itself.
fn number_of(key: &str) -> Option<usize> {
    let start = key.get(..KEY.len()).filter(|start| start.eq_ignore_ascii_case(KEY))?;
    match &key[start.len()..] {
        "" => Some(0),
        digits if digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    }
}

/// The byte that an error of serde_json is about.
fn place_of(text: &str, error: &serde_json::Error) -> usize {
    let line_start: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    line_start + error.column().saturating_sub(1)
}

fn describe(error: &serde_json::Error) -> String {
    let told = error.to_string();
    let told = told.split(" at line ").next().unwrap_or(&told);
    told.replace("EOF while parsing", "the text ends inside")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_counted_in_characters() {
        let text = "ä".repeat(513);
        assert_eq!(split(&text), ["ä".repeat(512), "ä".to_owned()]);
        assert_eq!(split(""), [""]);
    }
}
