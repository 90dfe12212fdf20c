//! Where the values of a document stand, all of them found at once.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use jsonc_parser::ast;
use jsonc_parser::{CollectOptions, parse_to_ast};

use super::{options, scan, span, without_byte_order_mark};
use crate::text::{Pointer, TextError};

/// Which part of a member of an object is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its key, with the quotes; for an item of an array or the root, its value.
    Key,
    /// Its value, a string with the quotes.
    Value,
}

/// The bytes of a text that its values and their keys stand in.
#[derive(Debug, Default)]
pub struct Places(HashMap<Pointer, Place>);

#[derive(Debug, Default)]
struct Place {
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
}

impl Places {
    /// Returns where a value or its key stands, or `None` if that isn't known.
    pub fn find(&self, pointer: &Pointer, part: Part) -> Option<Range<usize>> {
        let place = self.0.get(pointer)?;
        let key = place.key.clone().filter(|_| part == Part::Key);
        key.or_else(|| place.value.clone())
    }

    /// Notes where a key stands.
    pub fn set_key(&mut self, pointer: Pointer, place: Range<usize>) {
        self.0.entry(pointer).or_default().key = Some(place);
    }

    /// Notes where a value stands.
    pub fn set_value(&mut self, pointer: Pointer, place: Range<usize>) {
        self.0.entry(pointer).or_default().value = Some(place);
    }

    /// The first of several members with one key counts: the others are mistakes.
    fn add(&mut self, tree: &ast::Value, at: &Pointer) {
        if self.0.get(at).is_some_and(|place| place.value.is_some()) {
            return;
        }
        self.set_value(at.clone(), span(tree));
        match tree {
            ast::Value::Array(array) => {
                array.elements.iter().enumerate().for_each(|(index, item)| self.add(item, &at.index(index)));
            }
            ast::Value::Object(object) => {
                for member in &object.properties {
                    let at = at.key(member.name.as_str());
                    self.0.entry(at.clone()).or_default().key.get_or_insert_with(|| span(&member.name));
                    self.add(&member.value, &at);
                }
            }
            _ => {}
        }
    }
}

/// Returns where everything of a text stands; nothing for a text that is no JSON.
pub fn places(text: &str) -> Places {
    let mut places = Places::default();
    with_tree(text, |tree| places.add(tree, &Pointer::root()));
    places
}

/// A key that stands in its object already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The key.
    pub key: String,
    /// Where it stands once more.
    pub place: Range<usize>,
    /// Where it stands first.
    pub first: Range<usize>,
}

impl Duplicate {
    /// Describes the mistake in its text.
    pub fn explain(&self, file: &str, text: &str) -> TextError {
        let first = self.first_of(text);
        let told = format!("the key `{}` stands twice in one object, first in {first}", self.key);
        TextError::at(file, text, self.place.clone(), told).hint(format!("keep one of the two members `{}`", self.key))
    }

    /// Names the place of the first: `line 3`, or `column 3` of the same line.
    fn first_of(&self, text: &str) -> String {
        let place = |span: &Range<usize>| TextError::at("", text, span.clone(), "");
        let (first, second) = (place(&self.first), place(&self.place));
        match first.line == second.line {
            true => format!("column {}", first.column),
            false => format!("line {}", first.line),
        }
    }
}

/// Returns the keys that stand in their object already, in the order of the text.
///
/// Behind a string that its line leaves open nobody knows what is a key.
pub fn duplicates(text: &str) -> Vec<Duplicate> {
    let mut found = Vec::new();
    with_tree(text, |tree| add_duplicates(tree, &mut found));
    if let Some(flaw) = scan::first_flaw(text) {
        found.retain(|twice| twice.place.end <= flaw.start());
    }
    found
}

fn add_duplicates(tree: &ast::Value, found: &mut Vec<Duplicate>) {
    match tree {
        ast::Value::Array(array) => array.elements.iter().for_each(|item| add_duplicates(item, found)),
        ast::Value::Object(object) => {
            let mut keys = BTreeMap::new();
            for member in &object.properties {
                let key = member.name.as_str();
                let place = span(&member.name);
                let first = keys.entry(key).or_insert_with(|| place.clone()).clone();
                if first != place {
                    found.push(Duplicate { key: key.to_owned(), place, first });
                }
                add_duplicates(&member.value, found);
            }
        }
        _ => {}
    }
}

fn with_tree(text: &str, read: impl FnOnce(&ast::Value)) {
    let (masked, _) = scan::mask(text);
    let unmarked = without_byte_order_mark(&masked);
    let parsed = parse_to_ast(&unmarked, &CollectOptions::default(), &options());
    if let Some(tree) = parsed.ok().and_then(|parsed| parsed.value) {
        read(&tree);
    }
}
