//! createOptions opened, and checked against the body that the engine takes to create a container.
//!
//! The engine passes over a key that it does not know, wherever it came from: a port binding at the wrong level just is
//! not there. Newer engines know more keys, so an unknown one is a warning; a value that the engine cannot read is not.

use std::ops::Range;

use serde_json::{Map, Value};

use super::container_keys::{Kind, Schema};
use super::parts::Parts;
use crate::document::{Node, kind_of};
use crate::json::{self, Duplicate, Part as Piece};
use crate::manifest::create_options;
use crate::manifest::finding::Finding;
use crate::text::{Pointer, TextError, nearest};

const KEY: &str = "createOptions";

/// The createOptions of a module.
#[derive(Debug)]
pub(super) struct Options<'d> {
    /// What the engine gets.
    pub(super) value: Map<String, Value>,
    settings: Node<'d>,
    written: Written<'d>,
}

/// How createOptions stand in the file.
#[derive(Debug)]
enum Written<'d> {
    Object,
    Text {
        /// All pieces, one after the other.
        text: String,
        /// Where each piece begins in it.
        pieces: Vec<(usize, Node<'d>)>,
    },
}

impl<'d> Options<'d> {
    /// Opens the createOptions of a module's settings; `None` if there are none, or they are no JSON.
    pub(super) fn open(settings: &Node<'d>) -> Option<Self> {
        let value = create_options::read(settings).ok().filter(|value| !value.is_empty())?;
        let in_file = settings.document().written_node(settings.pointer())?;
        let written = match in_file.get(KEY)?.value() {
            Value::Object(_) => Written::Object,
            _ => {
                let (mut text, mut pieces) = (String::new(), Vec::new());
                for piece in create_options::pieces_of(&in_file).ok()? {
                    pieces.push((text.len(), piece.clone()));
                    text.push_str(piece.value().as_str()?);
                }
                Written::Text { text, pieces }
            }
        };
        Some(Self { value, settings: settings.clone(), written })
    }

    /// Describes what is wrong with a value.
    pub(super) fn error(&self, at: &Pointer, message: impl std::fmt::Display) -> TextError {
        self.settings.document().error_at(self.place(at, Piece::Value), message)
    }

    /// Describes what is wrong with a key.
    pub(super) fn key_error(&self, at: &Pointer, message: impl std::fmt::Display) -> TextError {
        self.settings.document().error_at(self.place(at, Piece::Key), message)
    }

    /// Returns the bytes of the file that a value, or its key, stands in.
    pub(super) fn place(&self, at: &Pointer, part: Piece) -> Range<usize> {
        match &self.written {
            Written::Object => self.settings.document().place(&self.settings.pointer().key(KEY).join(at), part),
            Written::Text { text, .. } => self.place_in_file(&json::places(text).find(at, part).unwrap_or(0..0)),
        }
    }

    /// Returns the createOptions as text, if they are written as text.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.written {
            Written::Object => None,
            Written::Text { text, .. } => Some(text),
        }
    }

    /// Returns the bytes of the file that bytes of the text stand in, cut to the piece in which they begin.
    pub(super) fn place_in_file(&self, within: &Range<usize>) -> Range<usize> {
        let Written::Text { pieces, .. } = &self.written else { return 0..0 };
        let Some((start, piece)) = pieces.iter().rev().find(|(start, _)| *start <= within.start) else { return 0..0 };
        let length = piece.value().as_str().map_or(0, str::len);
        piece.place_inside(&(within.start - start..(within.end - start).min(length)))
    }

    fn check_duplicate(&self, findings: &mut Vec<Finding>) {
        let Written::Text { text, .. } = &self.written else { return };
        for Duplicate { key, place, .. } in json::duplicates(text) {
            let told = self.settings.document().error_at(
                self.place_in_file(&place),
                format!("the key `{key}` stands twice in one object, and the engine takes the last one"),
            );
            findings.push(Finding::error("duplicate-key", told.hint(format!("keep one of the two members `{key}`"))));
        }
    }
}

/// Reports keys that the engine does not know or expects elsewhere, and values that it cannot read.
pub(super) fn check(parts: &Parts<'_>, findings: &mut Vec<Finding>) {
    let schema = Schema::embedded();
    for options in parts.modules.iter().filter_map(|module| module.options.as_ref()) {
        options.check_duplicate(findings);
        let mut walk = Walk { schema: &schema, options, findings };
        walk.members(schema.root(), &options.value, &Pointer::root());
    }
}

struct Walk<'w, 'd> {
    schema: &'w Schema,
    options: &'w Options<'d>,
    findings: &'w mut Vec<Finding>,
}

impl Walk<'_, '_> {
    fn members(&mut self, of: &str, members: &Map<String, Value>, at: &Pointer) {
        for (key, value) in members {
            match self.schema.member(of, key) {
                Some(kind) => self.value(kind, key, value, &at.key(key)),
                None => self.unknown(of, key, &at.key(key)),
            }
        }
    }

    fn value(&mut self, kind: &Kind, key: &str, value: &Value, at: &Pointer) {
        match (kind, value) {
            (_, Value::Null) | (Kind::Any, _) | (Kind::Text | Kind::Words(_), Value::String(_)) => {
                self.word(kind, key, value, at);
            }
            (Kind::Number, Value::Number(_)) | (Kind::Flag, Value::Bool(_)) => {}
            (Kind::Integer, Value::Number(number)) if !number.is_f64() => {}
            (Kind::List(kind), Value::Array(items)) => {
                items.iter().enumerate().for_each(|(index, item)| self.value(kind, key, item, &at.index(index)));
            }
            (Kind::Map(kind), Value::Object(members)) => {
                members.iter().for_each(|(name, member)| self.value(kind, name, member, &at.key(name)));
            }
            (Kind::Object(name), Value::Object(members)) => self.members(name, members, at),
            (Kind::Nothing, Value::Object(_)) => {}
            _ => self.wrong(kind, key, value, at),
        }
    }

    fn word(&mut self, kind: &Kind, key: &str, value: &Value, at: &Pointer) {
        let (Kind::Words(words), Some(word)) = (kind, value.as_str()) else { return };
        if !word.is_empty() && !words.contains(&word) {
            let told = format!("expected one of `{}` for `{key}`, found `{word}`", words.join("`, `"));
            let told = self.options.error(at, told);
            let near = nearest(word, words.iter().copied()).or(words.first().copied()).unwrap_or_default();
            self.findings.push(Finding::error("option-value", told.hint(format!("write `{near}`"))));
        }
    }

    /// The agent makes text of a number and a number of text; nothing else fits where it does not belong.
    fn wrong(&mut self, kind: &Kind, key: &str, value: &Value, at: &Pointer) {
        let told = self.options.error(at, format!("expected {kind} for `{key}`, found {}", kind_of(value)));
        let finding = match (kind, value) {
            (Kind::Text, Value::Number(_) | Value::Bool(_)) => {
                Finding::warning("option-form", told.hint(format!("write `\"{value}\"`")))
            }
            (Kind::Integer, Value::Number(number)) if number.as_f64().is_some_and(|n| n.fract() == 0.0) => {
                let whole = number.as_f64().unwrap_or_default();
                Finding::warning("option-form", told.hint(format!("write `{whole:.0}`")))
            }
            (Kind::Integer, Value::String(text)) if text.parse::<i64>().is_ok() => {
                Finding::warning("option-form", told.hint(format!("write `{text}` without quotes")))
            }
            (Kind::Flag, Value::String(text)) if matches!(&**text, "true" | "false") => {
                Finding::warning("option-form", told.hint(format!("write `{text}` without quotes")))
            }
            (Kind::Flag, Value::Number(number)) => {
                let flag = number.as_f64() != Some(0.0);
                Finding::warning("option-form", told.hint(format!("write `{flag}`")))
            }
            (Kind::Integer, Value::String(text)) if is_time(key) && nanoseconds_of(text).is_some() => {
                let nanoseconds = nanoseconds_of(text).unwrap_or_default();
                Finding::error("option-value", told.hint(format!("write the nanoseconds: `{nanoseconds}`")))
            }
            (Kind::Integer, Value::String(text)) if bytes_of(text).is_some() => {
                let bytes = bytes_of(text).unwrap_or_default();
                Finding::error("option-value", told.hint(format!("write the bytes: `{bytes}`")))
            }
            // The text itself is not shown: a secret may stand in it.
            (Kind::List(_), Value::String(_)) => {
                Finding::error("option-value", told.hint("write a list, one string for each part: `[\"a\", \"b\"]`"))
            }
            _ => Finding::error("option-value", told.hint(format!("write {kind}, such as `{}`", kind.example()))),
        };
        self.findings.push(finding);
    }

    fn unknown(&mut self, of: &str, key: &str, at: &Pointer) {
        if let Some(place) = self.schema.place_of(key).filter(|_| self.schema.is_near_root(of)) {
            let told = self.options.key_error(at, format!("the engine passes over `{key}` here"));
            let hint = match place {
                "" => format!("move `{key}` out, to the top level of createOptions"),
                place => format!("move `{key}` into `{place}`"),
            };
            return self.findings.push(Finding::warning("option-misplaced", told.hint(hint)));
        }
        let told = self.options.key_error(at, format!("the engine does not know the option `{key}`"));
        let hint = match self.schema.called_elsewhere(of, key).or_else(|| nearest(key, self.schema.members(of))) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("take `{key}` out"),
        };
        self.findings.push(Finding::warning("option-unknown", told.hint(hint)));
    }
}

/// Says whether a number of this name is one of nanoseconds: those of health checks are.
fn is_time(key: &str) -> bool {
    ["Interval", "Timeout", "StartPeriod", "StartInterval"].iter().any(|time| time.eq_ignore_ascii_case(key))
}

/// The nanoseconds of a time as docker's command line takes it: `30s`.
fn nanoseconds_of(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let units = [("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000)];
    let (_, nanoseconds) = units.into_iter().find(|(known, _)| *known == unit)?;
    number.trim().parse::<u64>().ok()?.checked_mul(nanoseconds)
}

/// The bytes of a size as docker's command line takes it: `512m`.
fn bytes_of(text: &str) -> Option<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let number = lower.trim_end_matches('b').trim_end_matches('i');
    let (number, unit) = number.split_at_checked(number.len().checked_sub(1)?)?;
    let power = ["k", "m", "g", "t"].iter().position(|known| *known == unit)?;
    number.trim().parse::<u64>().ok()?.checked_mul(1 << (10 * (power + 1)))
}
