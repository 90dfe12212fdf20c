//! YAML text to values and back, with places. Owns `serde_yaml`.
//!
//! A document comes as a JSON value, since that is what a manifest is: keys become text, and what JSON cannot hold
//! (tags, `.nan`) is refused.

mod places;
mod unfolded;

use std::cell::Cell;
use std::ops::Range;

use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_yaml::Value as Yaml;

use crate::json::Part;
use crate::text::{Pointer, TextError};

pub use places::{duplicates, places};

/// Parses one YAML document; key order is kept, merge keys (`<<`) are applied, a key that stands twice is refused.
///
/// An empty document is null.
pub fn parse(file: &str, text: &str) -> Result<Value, TextError> {
    let explain = |error: serde_yaml::Error| explain(file, text, &error);
    unfolded::check(text).map_err(explain)?;
    let mut tree: Yaml = serde_yaml::from_str(text).map_err(explain)?;
    tree.apply_merge().map_err(explain)?;
    to_json(tree, &Pointer::root()).map_err(|(at, message)| {
        let place = find(text, &at, Part::Value).unwrap_or(0..0);
        TextError::at(file, text, place, message)
    })
}

/// Writes a value as YAML, with a line end.
pub fn render(value: &impl Serialize) -> String {
    serde_yaml::to_string(value).expect("a value of JSON can be written as YAML")
}

/// Returns where a value begins in the text and where that line of it ends, or `None` if it isn't there.
pub fn find(text: &str, pointer: &Pointer, part: Part) -> Option<Range<usize>> {
    let steps = pointer.steps();
    let reached = Cell::new(false);
    let search = Search { steps: &steps, part, reached: &reached };
    let error = search.deserialize(serde_yaml::Deserializer::from_str(text)).err()?;
    let start = byte_of(text, &error).filter(|_| reached.get())?;
    let rest = text.get(start..)?;
    let length = if part == Part::Key && !steps.is_empty() { rest.find(':')? } else { scalar_len(rest) };
    Some(start..start + length)
}

/// Says whether the scalar at a place stands without quotes.
pub fn is_plain(text: &str, place: &Range<usize>) -> bool {
    !text[place.start..].starts_with(['"', '\'', '|', '>', '&', '!', '*'])
}

/// Maps a range of bytes of a string's value to the bytes of the text, given where the scalar begins.
///
/// Where escapes or folded lines are in the way, the place of the whole scalar comes back.
pub fn inside(text: &str, scalar: &Range<usize>, value: &str, within: &Range<usize>) -> Range<usize> {
    let quote = usize::from(!is_plain(text, scalar));
    let start = scalar.start + quote;
    if text[start..].starts_with(value) { start + within.start..start + within.end } else { scalar.clone() }
}

/// The byte that an error is about; the library's own index counts characters.
fn byte_of(text: &str, error: &serde_yaml::Error) -> Option<usize> {
    let location = error.location()?;
    let line_start: usize = text.split_inclusive('\n').take(location.line() - 1).map(str::len).sum();
    let line = text[line_start..].char_indices().map(|(at, _)| at);
    let column = line.chain([text.len() - line_start]).nth(location.column() - 1);
    Some(line_start + column.unwrap_or_default())
}

fn scalar_len(rest: &str) -> usize {
    let line = rest.lines().next().unwrap_or_default();
    match line.chars().next() {
        Some(quote @ ('"' | '\'')) => line[1..].find(quote).map_or(line.len(), |at| at + 2),
        _ => line.find(" #").map_or(line, |at| &line[..at]).trim_end().len(),
    }
}

fn explain(file: &str, text: &str, error: &serde_yaml::Error) -> TextError {
    let told = error.to_string();
    // The library names the mapping, not the key.
    if told.contains("duplicate entry")
        && let Some(duplicate) = duplicates(text).first()
    {
        return duplicate.explain(file, text);
    }
    let message = told.split(" at line ").next().unwrap_or(&told);
    let place = byte_of(text, error).unwrap_or_default();
    TextError::at(file, text, place..place + 1, message.replace(['"', '\''], "`"))
}

fn to_json(tree: Yaml, at: &Pointer) -> Result<Value, (Pointer, String)> {
    Ok(match tree {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(value),
        Yaml::String(value) => Value::String(value),
        Yaml::Number(number) => {
            number_to_json(&number).ok_or_else(|| (at.clone(), format!("JSON has no number `{number}`")))?
        }
        Yaml::Sequence(items) => {
            let items = items.into_iter().enumerate();
            Value::Array(items.map(|(index, item)| to_json(item, &at.index(index))).collect::<Result<_, _>>()?)
        }
        Yaml::Mapping(members) => {
            let mut map = Map::with_capacity(members.len());
            for (key, value) in members {
                let key = key_text(&key).ok_or_else(|| (at.clone(), "a key is neither text nor number".to_owned()))?;
                let value = to_json(value, &at.key(&key))?;
                map.insert(key, value);
            }
            Value::Object(map)
        }
        Yaml::Tagged(tagged) => return Err((at.clone(), format!("JSON has no tag `{}`", tagged.tag))),
    })
}

fn number_to_json(number: &serde_yaml::Number) -> Option<Value> {
    let whole = number.as_u64().map(Number::from).or_else(|| number.as_i64().map(Number::from));
    whole.or_else(|| Number::from_f64(number.as_f64()?)).map(Value::Number)
}

fn key_text(key: &Yaml) -> Option<String> {
    match key {
        Yaml::String(text) => Some(text.clone()),
        Yaml::Number(number) => Some(number.to_string()),
        Yaml::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// Walks to one value and fails there on purpose: the error carries the place, which nothing else of the library tells.
#[derive(Clone, Copy)]
struct Search<'a> {
    steps: &'a [String],
    part: Part,
    reached: &'a Cell<bool>,
}

impl Search<'_> {
    fn stop<E: serde::de::Error>(&self) -> E {
        self.reached.set(self.steps.is_empty());
        E::custom("here")
    }
}

impl<'de> DeserializeSeed<'de> for Search<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Search<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        Err(self.stop())
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        Err(self.stop())
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        Err(self.stop())
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        Err(self.stop())
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        Err(self.stop())
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        Err(self.stop())
    }

    fn visit_enum<A: serde::de::EnumAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(self.stop())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some((step, rest)) = self.steps.split_first() else { return Err(self.stop()) };
        for _ in 0..step.parse::<usize>().map_err(|_| self.stop::<A::Error>())? {
            items.next_element::<IgnoredAny>()?;
        }
        items.next_element_seed(Search { steps: rest, ..self })?;
        Err(self.stop())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Some((step, rest)) = self.steps.split_first() else { return Err(self.stop()) };
        let here = rest.is_empty() && self.part == Part::Key;
        while let Some(found) =
            members.next_key_seed(Key { step, search: here.then_some(Search { steps: rest, ..self }) })?
        {
            if found {
                members.next_value_seed(Search { steps: rest, ..self })?;
                return Err(self.stop());
            }
            members.next_value::<IgnoredAny>()?;
        }
        Err(self.stop())
    }
}

/// Says whether a key is the one that is looked for; stops there if the key itself is.
struct Key<'a> {
    step: &'a str,
    search: Option<Search<'a>>,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Key<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<bool, E> {
        match self.search {
            Some(search) if key == self.step => Err(search.stop()),
            _ => Ok(key == self.step),
        }
    }

    fn visit_u64<E: serde::de::Error>(self, key: u64) -> Result<bool, E> {
        self.visit_str(&key.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, key: i64) -> Result<bool, E> {
        self.visit_str(&key.to_string())
    }

    fn visit_bool<E: serde::de::Error>(self, key: bool) -> Result<bool, E> {
        self.visit_str(&key.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_error(text: &str, expected: &str) {
        let error = parse("f.yaml", text).expect_err("the text is wrong");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_document_becomes_the_json_that_it_means() {
        let text = "base: &b {x: 1}\nz: [1, 2.5, yes, null]\na:\n  <<: *b\n  8080: 'on'\n";
        let value = parse("f.yaml", text).expect("a document");
        assert_eq!(value.to_string(), r#"{"base":{"x":1},"z":[1,2.5,"yes",null],"a":{"8080":"on","x":1}}"#);
        assert_eq!(parse("f.yaml", ""), Ok(Value::Null));
    }

    #[test]
    fn each_mistake_is_named_with_its_place() {
        check_error("a: 1\na: 2\n", "f.yaml:2:1: the key `a` stands twice in one object, first in line 1");
        check_error("a: [1, 2\n", "f.yaml:1:9: did not find expected `,` or `]`");
        check_error("a:\n\t- b\n", "f.yaml:2:1: found character that cannot start any token");
        check_error("a:\n  b: .nan\n", "f.yaml:2:6: JSON has no number `.nan`");
        check_error("a:\n  b: !x 1\n", "f.yaml:2:6: JSON has no tag `!x`");
        check_error("a: *b\n", "f.yaml:1:4: unknown anchor");
    }

    #[test]
    fn a_value_and_a_key_are_found_by_their_pointer() {
        let text = "a:\n  b/c:\n    - 1\n    - two # why\n  d: \"x y\"\n";
        let show = |pointer: &Pointer, part| find(text, pointer, part).map(|span| &text[span]);
        let a = Pointer::root().key("a");
        assert_eq!(show(&a.key("b/c").index(1), Part::Value), Some("two"));
        assert_eq!(show(&a.key("d"), Part::Value), Some("\"x y\""));
        assert_eq!(show(&a.key("d"), Part::Key), Some("d"));
        assert_eq!(show(&a.key("e"), Part::Value), None);
        assert_eq!(show(&a.key("b/c").index(2), Part::Value), None);
    }

    #[test]
    fn one_walk_finds_what_a_walk_to_each_finds() {
        let text = "# top:\nbase: &b {x: 1, y: [a, 'b c']}\nlist:\n  - - 1\n    - k: v\n      l:\n        m: \n  - {}\n\
                    a:\n  <<: *b\n  # why: 1\n  8080: 'on'\n\"q:r\": >\n  folded\n  text\nü: [ # c\n 1]\n";
        let places = places(text);
        let at = |path: &str| path.split('/').skip(1).fold(Pointer::root(), |at, step| at.key(step));
        let values = "/base/x /base/y /base/y/1 /list /list/0 /list/0/0 /list/0/1 /list/1 /a /q:r /ü /ü/0 /nowhere";
        let keys = "/base /list/0/1/k /list/0/1/l /list/0/1/l/m /a/8080";
        let parts = values.split(' ').map(|path| (path, Part::Value));
        for (path, part) in parts.chain(keys.split(' ').flat_map(|path| [(path, Part::Value), (path, Part::Key)])) {
            let one = places.find(&at(path), part);
            assert!(one.is_none() || one == find(text, &at(path), part), "{path} {part:?}: {one:?}");
        }
        assert!(keys.split(' ').all(|path| places.find(&at(path), Part::Key).is_some()));
        for path in ["/base/y", "/list", "/list/0", "/list/0/1", "/list/0/1/l", "/a", "/ü/0"] {
            assert!(places.find(&at(path), Part::Value).is_some(), "{path}");
        }
    }

    #[test]
    fn every_key_that_stands_twice_is_found() {
        let found = duplicates("a: 1\nb: {x: 1, x: 2}\na: 3\nc: [{y: 1, y: 2}]\na: 4\n");
        let keys: Vec<_> =
            found.iter().map(|twice| (twice.key.as_str(), twice.place.start, twice.first.start)).collect();
        assert_eq!(keys, [("x", 15, 9), ("a", 21, 0), ("y", 37, 31), ("a", 44, 0)]);
    }

    #[test]
    fn a_key_that_stands_twice_behind_an_anchor_is_told_of_once() {
        let found = duplicates("a: &a\n  x: 1\n  x: 2\nb: *a\nc:\n  <<: *a\n");
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn places_are_right_behind_other_alphabets() {
        check_error("ä: ö\nü: !x 1\n", "f.yaml:2:4: JSON has no tag `!x`");
    }

    #[test]
    fn a_range_of_a_string_is_found_where_it_stands_as_it_is() {
        let text = "a: 'FROM /x'\nb: \"x\\ty\"\n";
        let place = |key: &str| find(text, &Pointer::root().key(key), Part::Value).expect("it is there");
        assert_eq!(&text[inside(text, &place("a"), "FROM /x", &(5..7))], "/x");
        assert_eq!(&text[inside(text, &place("b"), "x\ty", &(2..3))], "\"x\\ty\"");
    }
}
