//! The limits of twins, as the cloud and as the edge hub hold them (protocol.md §7.2).

use serde_json::{Number, Value};

use super::Map;
use super::error::{TwinError, TwinSection};
use crate::json;
use crate::text::Pointer;

const MAX_KEY: usize = 1024;
const MAX_STRING: usize = 4096;
/// Levels below the root; an array is a level of its own.
const MAX_DEPTH: usize = 10;
const INTEGERS: std::ops::RangeInclusive<i64> = -(1 << 52)..=(1 << 52) - 1;
/// Digits that are shown of an integer without end.
const SHOWN_DIGITS: usize = 24;
/// The longest patch of reported properties that the edge hub takes, as JSON text.
const MAX_REPORTED_TEXT: usize = 32 * 1024;
/// The largest section of desired or of reported properties.
const SECTION: usize = 32 * 1024;

/// Reads a patch of reported properties and checks it as the edge hub does.
///
/// An integer that no number here could hold is refused as any other that is out of range: read as a double, it would
/// be another number.
pub fn parse_reported(text: &[u8]) -> Result<Map, TwinError> {
    let no_json = |reason: &dyn std::fmt::Display| TwinError::NoJson { reason: reason.to_string() };
    let text = std::str::from_utf8(text).map_err(|error| no_json(&error))?;
    let patch: Value = serde_json::from_str(text).map_err(|error| no_json(&error))?;
    let Value::Object(patch) = patch else { return Err(TwinError::NotAnObject { section: TwinSection::Reported }) };
    if let Some(integer) = json::first_inexact_integer(text) {
        let start = integer.chars().take(SHOWN_DIGITS).collect();
        return Err(TwinError::IntegerTooLong { start, limits: INTEGERS });
    }
    let found = serde_json::to_string(&patch).map_or(usize::MAX, |text| text.len());
    if found > MAX_REPORTED_TEXT {
        return Err(TwinError::PatchTooLong { limit: MAX_REPORTED_TEXT, found });
    }
    let hub = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '.' | '$' | '#');
    first(Walk::over(&patch, hub))?;
    Ok(patch)
}

/// Says whether the cloud would take these as all reported properties of a twin.
pub fn fits_reported(values: &Map) -> bool {
    validate_size(TwinSection::Reported, values).is_ok()
}

/// Checks a patch of desired properties as the cloud does; the size of the section is checked when it is merged.
pub fn validate_desired(patch: &Value) -> Result<(), TwinError> {
    validate_members(object(patch, TwinSection::Desired)?)
}

/// Checks a patch of tags as the cloud does; the size of all tags is checked when they are merged.
pub fn validate_tags(patch: &Value) -> Result<(), TwinError> {
    validate_members(object(patch, TwinSection::Tags)?)
}

/// Returns everything in desired properties that the cloud refuses, and where; their size is not looked at.
pub fn desired_mistakes(values: &Map) -> Vec<(Pointer, TwinError)> {
    Walk::over(values, is_forbidden_by_cloud)
}

/// Returns the bytes that properties count for, and how many the cloud takes for one section.
pub fn desired_size(values: &Map) -> (usize, usize) {
    (size_of_members(values), SECTION)
}

/// Checks keys, values and depth as the cloud does.
pub(super) fn validate_members(patch: &Map) -> Result<(), TwinError> {
    first(Walk::over(patch, is_forbidden_by_cloud))
}

fn is_forbidden_by_cloud(c: char) -> bool {
    c.is_control() || matches!(c, '.' | '$' | ' ')
}

fn first(mistakes: Vec<(Pointer, TwinError)>) -> Result<(), TwinError> {
    mistakes.into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
}

/// Checks the size of a whole section.
pub(super) fn validate_size(section: TwinSection, values: &Map) -> Result<(), TwinError> {
    let limit = match section {
        TwinSection::Desired | TwinSection::Reported => SECTION,
        TwinSection::Tags => 8 * 1024,
    };
    let found = size_of_members(values);
    if found > limit { Err(TwinError::SectionTooLarge { section, limit, found }) } else { Ok(()) }
}

fn size_of_members(map: &Map) -> usize {
    let key = |key: &str| key.chars().filter(|c| !c.is_control()).map(char::len_utf8).sum::<usize>();
    map.iter().map(|(name, value)| key(name) + size_of(value)).sum()
}

fn size_of(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 4,
        Value::Number(_) => 8,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(size_of).sum(),
        Value::Object(map) => size_of_members(map),
    }
}

fn object(value: &Value, section: TwinSection) -> Result<&Map, TwinError> {
    value.as_object().ok_or(TwinError::NotAnObject { section })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InArray {
    Yes,
    No,
}

/// The way to a value, one step of it.
#[derive(Debug, Clone, Copy)]
enum Step<'v> {
    Key(&'v str),
    Item(usize),
}

/// One walk through a patch; remembers where it is and what it found.
struct Walk<'v, F> {
    forbidden: F,
    steps: Vec<Step<'v>>,
    found: Vec<(Pointer, TwinError)>,
}

impl<'v, F: Fn(char) -> bool> Walk<'v, F> {
    /// Returns every mistake, in the order of the patch.
    fn over(patch: &'v Map, forbidden: F) -> Vec<(Pointer, TwinError)> {
        let mut walk = Self { forbidden, steps: Vec::new(), found: Vec::new() };
        walk.members(patch, 0, InArray::No);
        walk.found
    }

    fn members(&mut self, map: &'v Map, depth: usize, in_array: InArray) {
        if depth > MAX_DEPTH {
            return self.tell(TwinError::TooDeep { path: self.path(), limit: MAX_DEPTH });
        }
        for (key, value) in map {
            self.steps.push(Step::Key(key));
            self.check_key(key);
            self.value(value, depth + 1, in_array);
            self.steps.pop();
        }
    }

    fn items(&mut self, items: &'v [Value], depth: usize) {
        if depth > MAX_DEPTH {
            return self.tell(TwinError::TooDeep { path: self.path(), limit: MAX_DEPTH });
        }
        for (index, item) in items.iter().enumerate() {
            self.steps.push(Step::Item(index));
            self.value(item, depth + 1, InArray::Yes);
            self.steps.pop();
        }
    }

    fn value(&mut self, value: &'v Value, depth: usize, in_array: InArray) {
        match value {
            Value::Null if in_array == InArray::Yes => self.tell(TwinError::NullInArray { path: self.path() }),
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => self.check_number(number),
            Value::String(text) if text.len() > MAX_STRING => {
                self.tell(TwinError::StringTooLong { path: self.path(), limit: MAX_STRING, found: text.len() });
            }
            Value::String(_) => {}
            Value::Object(map) => self.members(map, depth, in_array),
            Value::Array(items) => self.items(items, depth),
        }
    }

    fn check_key(&mut self, key: &str) {
        if key.len() > MAX_KEY {
            let start = key.chars().take(10).collect();
            self.tell(TwinError::KeyTooLong { start, limit: MAX_KEY, found: key.len() });
        } else if let Some(found) = key.chars().find(|c| (self.forbidden)(*c)) {
            self.tell(TwinError::KeyCharacter { key: key.to_owned(), found });
        }
    }

    fn check_number(&mut self, number: &Number) {
        let in_range = match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => INTEGERS.contains(&value),
            (None, Some(_)) => false,
            (None, None) => true,
        };
        if !in_range {
            self.tell(TwinError::IntegerOutOfRange { path: self.path(), limits: INTEGERS });
        }
    }

    fn tell(&mut self, error: TwinError) {
        let pointer = self.steps.iter().fold(Pointer::root(), |pointer, step| match step {
            Step::Key(key) => pointer.key(key),
            Step::Item(index) => pointer.index(*index),
        });
        self.found.push((pointer, error));
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.steps {
            match step {
                Step::Key(key) if path.is_empty() => path.push_str(key),
                Step::Key(key) => path.extend([".", key]),
                Step::Item(index) => path.extend(["[", &index.to_string(), "]"]),
            }
        }
        path
    }
}
