//! Where the values of a YAML text stand.
//!
//! The library tells a place in its errors and nowhere else. Reading a scalar can fail and go on behind it, so that one
//! walk fails at every scalar; a collection begins at its first scalar, or at a bracket or dash just before. Where that
//! is not sure, a walk of its own leads to the one value ([`find`](super::find)).

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{scalar_len, unfolded};
use crate::json::{Duplicate, Places};
use crate::text::Pointer;

/// Returns where the scalars of a text, their keys and most collections stand; nothing for a text that is no YAML.
pub fn places(text: &str) -> Places {
    Walk::through(text).map(|walk| walk.places.into_inner()).unwrap_or_default()
}

/// Returns the keys that stand in their mapping already, in the order of the text.
pub fn duplicates(text: &str) -> Vec<Duplicate> {
    Walk::through(text).map(|walk| walk.duplicates.into_inner()).unwrap_or_default()
}

struct Walk<'t> {
    text: &'t str,
    /// Where each line begins.
    lines: Vec<usize>,
    places: RefCell<Places>,
    duplicates: RefCell<Vec<Duplicate>>,
}

impl<'t> Walk<'t> {
    fn through(text: &'t str) -> Option<Self> {
        unfolded::check(text).ok()?;
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let walk = Self { text, lines, places: RefCell::default(), duplicates: RefCell::default() };
        let root = Step { walk: &walk, at: Pointer::root() };
        root.deserialize(serde_yaml::Deserializer::from_str(text)).ok()?;
        Some(walk)
    }

    /// The byte that an error tells of: `… at line 2 column 6`, or nothing for the very first.
    fn byte_of(&self, error: &impl std::fmt::Display) -> Option<usize> {
        let told = error.to_string();
        let Some((_, place)) = told.rsplit_once(" at line ") else { return Some(0) };
        let (line, column) = place.split_once(" column ")?;
        let start = *self.lines.get(line.parse::<usize>().ok()?.checked_sub(1)?)?;
        let column = column.parse::<usize>().ok()?.checked_sub(1)?;
        let line = self.text.get(start..)?;
        line.char_indices().map(|(at, _)| start + at).chain([self.text.len()]).nth(column)
    }

    /// Notes a key that stands twice, once for all aliases of the mapping in which it does.
    fn add_duplicate(&self, key: String, place: Range<usize>, first: Range<usize>) {
        let mut found = self.duplicates.borrow_mut();
        if !found.iter().any(|other| other.place == place) {
            found.push(Duplicate { key, place, first });
        }
    }

    fn key_at(&self, start: usize) -> Range<usize> {
        let length = self.text.get(start..).and_then(|rest| rest.find(':'));
        start..start + length.unwrap_or_default()
    }

    fn value_at(&self, start: usize) -> Range<usize> {
        start..start + self.text.get(start..).map_or(0, scalar_len)
    }

    /// Where a collection begins whose first key or item begins at `first`; `None` where comments or tags hide that.
    fn opening(&self, first: usize, bracket: char) -> Option<usize> {
        let before = self.text.get(..first)?.trim_end();
        let line = before.rsplit('\n').next()?;
        let mut words = line.trim_end_matches(bracket).split_whitespace().rev();
        if line.contains('#') || words.next().is_some_and(|word| word.starts_with(['&', '!'])) {
            return None;
        }
        match before.chars().next_back() {
            Some(last) if last == bracket => Some(before.len() - 1),
            Some('-') if bracket == '[' => Some(before.len() - 1),
            None | Some(':' | '-') if bracket == '{' => Some(first),
            _ => None,
        }
    }
}

/// One value on the way; it comes to the byte where it begins, if that is known.
struct Step<'w, 't> {
    walk: &'w Walk<'t>,
    at: Pointer,
}

impl<'de> DeserializeSeed<'de> for Step<'_, '_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        let (walk, at) = (self.walk, self.at.clone());
        let scalar = Cell::new(None);
        let start = match deserializer.deserialize_any(Look { step: self, scalar: &scalar }) {
            Err(error) if scalar.take().is_some() => walk.byte_of(&error),
            other => other?,
        };
        if let Some(start) = start {
            walk.places.borrow_mut().set_value(at, walk.value_at(start));
        }
        Ok(start)
    }
}

/// A key; it comes with the byte where it begins.
struct Key<'w, 't>(&'w Walk<'t>);

impl<'de> DeserializeSeed<'de> for Key<'_, '_> {
    type Value = (String, Option<usize>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let scalar = Cell::new(None);
        let step = Step { walk: self.0, at: Pointer::root() };
        match deserializer.deserialize_any(Look { step, scalar: &scalar }) {
            Err(error) => match scalar.take() {
                Some(text) => Ok((text, self.0.byte_of(&error))),
                None => Err(error),
            },
            Ok(_) => Err(D::Error::custom("a key is neither text nor number")),
        }
    }
}

/// Fails at a scalar, having kept its text; goes through anything else.
struct Look<'w, 't> {
    step: Step<'w, 't>,
    scalar: &'w Cell<Option<String>>,
}

impl Look<'_, '_> {
    fn stop<E: Error>(&self, text: impl ToString) -> E {
        self.scalar.set(Some(text.to_string()));
        E::custom("here")
    }
}

impl<'de> Visitor<'de> for Look<'_, '_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Err(self.stop(""))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Err(self.stop(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Err(self.stop(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Err(self.stop(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Err(self.stop(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Err(self.stop(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let Step { walk, at } = self.step;
        let (mut first, mut index) = (None, 0);
        while let Some(start) = items.next_element_seed(Step { walk, at: at.index(index) })? {
            first = if index == 0 { start } else { first };
            index += 1;
        }
        Ok(first.and_then(|first| walk.opening(first, '[')))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let Step { walk, at } = self.step;
        let (mut first, mut keys) = (None, HashMap::new());
        while let Some((key, start)) = members.next_key_seed(Key(walk))? {
            first = if keys.is_empty() { start } else { first };
            let place = walk.key_at(start.unwrap_or_default());
            if let Some(first) = keys.get(&key) {
                walk.add_duplicate(key, place, Range::clone(first));
                members.next_value::<IgnoredAny>()?;
                continue;
            }
            let at = at.key(&key);
            walk.places.borrow_mut().set_key(at.clone(), place.clone());
            members.next_value_seed(Step { walk, at })?;
            keys.insert(key, place);
        }
        Ok(first.and_then(|first| walk.opening(first, '{')))
    }
}
