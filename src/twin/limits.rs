//! The limits of twins, as the cloud and as the edge hub hold them (protocol.md §7.2).

use serde_json::{Number, Value};

use super::Map;
use super::error::{TwinError, TwinSection};

const MAX_KEY: usize = 1024;
const MAX_STRING: usize = 4096;
/// Levels below the root; an array is a level of its own.
const MAX_DEPTH: usize = 10;
const INTEGERS: std::ops::RangeInclusive<i64> = -(1 << 52)..=(1 << 52) - 1;
/// The longest patch of reported properties that the edge hub takes, as JSON text.
const MAX_REPORTED_TEXT: usize = 32 * 1024;

/// Checks a patch of reported properties as the edge hub does.
pub fn validate_reported(patch: &Value) -> Result<(), TwinError> {
    let patch = object(patch, TwinSection::Reported)?;
    let found = serde_json::to_string(patch).map_or(usize::MAX, |text| text.len());
    if found > MAX_REPORTED_TEXT {
        return Err(TwinError::PatchTooLong { limit: MAX_REPORTED_TEXT, found });
    }
    let hub = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '.' | '$' | '#');
    Walk { forbidden: hub, path: Vec::new() }.members(patch, 0, InArray::No)
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

/// Checks keys, values and depth as the cloud does.
pub(super) fn validate_members(patch: &Map) -> Result<(), TwinError> {
    let cloud = |c: char| c.is_control() || matches!(c, '.' | '$' | ' ');
    Walk { forbidden: cloud, path: Vec::new() }.members(patch, 0, InArray::No)
}

/// Checks the size of a whole section.
pub(super) fn validate_size(section: TwinSection, values: &Map) -> Result<(), TwinError> {
    let limit = match section {
        TwinSection::Desired | TwinSection::Reported => 32 * 1024,
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

/// One walk through a patch; remembers where it is.
struct Walk<F> {
    forbidden: F,
    path: Vec<String>,
}

impl<F: Fn(char) -> bool> Walk<F> {
    fn members(&mut self, map: &Map, depth: usize, in_array: InArray) -> Result<(), TwinError> {
        self.check_depth(depth)?;
        for (key, value) in map {
            self.check_key(key)?;
            let step = if self.path.is_empty() { key.clone() } else { format!(".{key}") };
            self.within(step, |walk| walk.value(value, depth + 1, in_array))?;
        }
        Ok(())
    }

    fn value(&mut self, value: &Value, depth: usize, in_array: InArray) -> Result<(), TwinError> {
        match value {
            Value::Null if in_array == InArray::Yes => Err(TwinError::NullInArray { path: self.path() }),
            Value::Null | Value::Bool(_) => Ok(()),
            Value::Number(number) => self.check_number(number),
            Value::String(text) if text.len() > MAX_STRING => {
                Err(TwinError::StringTooLong { path: self.path(), limit: MAX_STRING, found: text.len() })
            }
            Value::String(_) => Ok(()),
            Value::Object(map) => self.members(map, depth, in_array),
            Value::Array(items) => {
                self.check_depth(depth)?;
                let mut items = items.iter().enumerate();
                items.try_for_each(|(index, item)| {
                    self.within(format!("[{index}]"), |walk| walk.value(item, depth + 1, InArray::Yes))
                })
            }
        }
    }

    fn within(
        &mut self,
        step: String,
        check: impl FnOnce(&mut Self) -> Result<(), TwinError>,
    ) -> Result<(), TwinError> {
        self.path.push(step);
        let checked = check(self);
        self.path.pop();
        checked
    }

    fn check_depth(&self, depth: usize) -> Result<(), TwinError> {
        if depth > MAX_DEPTH { Err(TwinError::TooDeep { path: self.path(), limit: MAX_DEPTH }) } else { Ok(()) }
    }

    fn check_key(&self, key: &str) -> Result<(), TwinError> {
        if key.len() > MAX_KEY {
            let start = key.chars().take(10).collect();
            return Err(TwinError::KeyTooLong { start, limit: MAX_KEY, found: key.len() });
        }
        match key.chars().find(|c| (self.forbidden)(*c)) {
            Some(found) => Err(TwinError::KeyCharacter { key: key.to_owned(), found }),
            None => Ok(()),
        }
    }

    fn check_number(&self, number: &Number) -> Result<(), TwinError> {
        let in_range = match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => INTEGERS.contains(&value),
            (None, Some(_)) => false,
            (None, None) => true,
        };
        if in_range { Ok(()) } else { Err(TwinError::IntegerOutOfRange { path: self.path(), limits: INTEGERS }) }
    }

    fn path(&self) -> String {
        self.path.concat()
    }
}
