//! A JSON or YAML file: its values, and where each of them stands.
//!
//! A [`Node`] is a value that knows its place, so that whoever reads a file can say where it is wrong without thinking
//! of syntax. Places are looked up when they are needed: a file without mistakes is parsed once.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::json::{self, Part};
use crate::text::{Pointer, TextError, did_you_mean};
use crate::yaml;

/// The syntax of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// JSON; comments and trailing commas are tolerated.
    Json,
    /// YAML.
    Yaml,
}

impl Syntax {
    /// Tells the syntax from a file's name: YAML for `.yaml`, `.yml` and `.lock`, else JSON.
    pub fn of(file: &str) -> Self {
        if [".yaml", ".yml", ".lock"].iter().any(|end| file.ends_with(end)) { Self::Yaml } else { Self::Json }
    }
}

/// A file's text, the value that it holds, and the places of its parts.
#[derive(Debug, Clone)]
pub struct Document {
    file: String,
    text: String,
    syntax: Syntax,
    value: Value,
    /// What the text holds, where `value` was made from it.
    written: Option<Arc<Value>>,
    /// The text as excerpts show it, where some of it is not to be shown.
    shown: Option<Arc<str>>,
    bare: BTreeSet<Pointer>,
}

impl Document {
    /// Parses a text; `file` is how the user would name it, and tells the syntax.
    pub fn parse(file: &str, text: &str) -> Result<Self, TextError> {
        let syntax = Syntax::of(file);
        let value = match syntax {
            Syntax::Json => json::parse(file, text)?,
            Syntax::Yaml => yaml::parse(file, text)?,
        };
        Ok(Self {
            file: file.to_owned(),
            text: text.to_owned(),
            syntax,
            value,
            written: None,
            shown: None,
            bare: BTreeSet::new(),
        })
    }

    /// Parses a text in which values may be variables without quotes, see [`Document::is_bare`].
    pub fn parse_template(file: &str, text: &str) -> Result<Self, TextError> {
        let syntax = Syntax::of(file);
        let (value, bare) = match syntax {
            Syntax::Json => json::parse_template(file, text)?,
            Syntax::Yaml => (yaml::parse(file, text)?, BTreeSet::new()),
        };
        Ok(Self { file: file.to_owned(), text: text.to_owned(), syntax, value, written: None, shown: None, bare })
    }

    /// Returns the document of a text that cannot be parsed; its value is null.
    pub fn unread(file: &str, text: &str) -> Self {
        let (file, text) = (file.to_owned(), text.to_owned());
        let syntax = Syntax::of(&file);
        Self { file, text, syntax, value: Value::Null, written: None, shown: None, bare: BTreeSet::new() }
    }

    /// Returns the file's name as the user would write it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Returns the text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the syntax.
    pub fn syntax(&self) -> Syntax {
        self.syntax
    }

    /// Returns the value of the whole document.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Returns the document with another value for the same text, as expansion makes it.
    ///
    /// Places are looked up by the same pointers; what isn't in the text has the place of what would hold it.
    #[must_use]
    pub fn with_value(&self, value: Value) -> Self {
        let written = self.written.clone().unwrap_or_else(|| Arc::new(self.value.clone()));
        Self { value, written: Some(written), bare: BTreeSet::new(), ..self.clone() }
    }

    /// Returns the number of the first line with a comment or a trailing comma, if JSON has some.
    pub fn first_lenient_line(&self) -> Option<usize> {
        if self.syntax == Syntax::Json { json::first_lenient_line(&self.text) } else { None }
    }

    /// Returns the root with its place.
    pub fn root(&self) -> Node<'_> {
        Node { document: self, value: &self.value, pointer: Pointer::root() }
    }

    /// Returns the value at a pointer with its place.
    pub fn node(&self, pointer: &Pointer) -> Option<Node<'_>> {
        let value = self.value.pointer(pointer.as_str())?;
        Some(Node { document: self, value, pointer: pointer.clone() })
    }

    /// Returns what the text holds at a pointer, before it was expanded, with its place.
    pub fn written_node(&self, pointer: &Pointer) -> Option<Node<'_>> {
        let value = self.written.as_deref().unwrap_or(&self.value).pointer(pointer.as_str())?;
        Some(Node { document: self, value, pointer: pointer.clone() })
    }

    /// Says whether the string at a pointer stands without quotes, so that it may become another type.
    pub fn is_bare(&self, pointer: &Pointer) -> bool {
        match self.syntax {
            Syntax::Json => self.bare.contains(pointer),
            Syntax::Yaml => self.find(pointer, Part::Value).is_some_and(|place| yaml::is_plain(&self.text, &place)),
        }
    }

    /// Returns the document with asterisks for these bytes wherever its text is shown; places stay what they are.
    #[must_use]
    pub fn hiding(mut self, places: &[Range<usize>]) -> Self {
        let mut shown = self.text_shown().to_owned();
        for place in places {
            let hidden: String = shown[place.clone()].bytes().map(|b| if b == b'\n' { '\n' } else { '*' }).collect();
            shown.replace_range(place.clone(), &hidden);
        }
        self.shown = Some(shown.into());
        self
    }

    fn text_shown(&self) -> &str {
        self.shown.as_deref().unwrap_or(&self.text)
    }

    /// Describes what is wrong at a place of the text.
    pub fn error_at(&self, place: Range<usize>, message: impl std::fmt::Display) -> TextError {
        TextError::at(&self.file, self.text_shown(), place, message)
    }

    /// Describes what is wrong with the value at a pointer.
    pub fn error(&self, pointer: &Pointer, message: impl std::fmt::Display) -> TextError {
        self.error_at(self.place(pointer, Part::Value), message)
    }

    /// Describes what is wrong with the key of the value at a pointer.
    pub fn key_error(&self, pointer: &Pointer, message: impl std::fmt::Display) -> TextError {
        self.error_at(self.place(pointer, Part::Key), message)
    }

    /// Describes what is wrong with a range of bytes of the string `value`, which stands at a pointer.
    ///
    /// If the text holds another string there (a template's), the place of the whole string is meant.
    pub fn error_inside(
        &self,
        pointer: &Pointer,
        value: &str,
        within: &Range<usize>,
        message: impl std::fmt::Display,
    ) -> TextError {
        self.error_at(self.place_inside(pointer, value, within), message)
    }

    /// Returns the bytes of the text that a range of bytes of the string `value` stands in, see [`Self::error_inside`].
    pub fn place_inside(&self, pointer: &Pointer, value: &str, within: &Range<usize>) -> Range<usize> {
        let place = self.place(pointer, Part::Value);
        match self.syntax {
            Syntax::Yaml => yaml::inside(&self.text, &place, value, within),
            Syntax::Json if self.written(&place).as_deref() == Some(value) => json::inside(&self.text, &place, within),
            Syntax::Json => place,
        }
    }

    fn written(&self, place: &Range<usize>) -> Option<String> {
        serde_json::from_str(&self.text[place.clone()]).ok()
    }

    fn find(&self, pointer: &Pointer, part: Part) -> Option<Range<usize>> {
        match self.syntax {
            Syntax::Json => json::find(&self.text, pointer, part),
            Syntax::Yaml => yaml::find(&self.text, pointer, part),
        }
    }

    /// Returns the bytes of the text that a value, or its key, stands in; what isn't there has its holder's place.
    pub fn place(&self, pointer: &Pointer, part: Part) -> Range<usize> {
        let mut at = Some(pointer.clone());
        while let Some(pointer) = at {
            if let Some(place) = self.find(&pointer, part) {
                return place;
            }
            at = pointer.parent();
        }
        0..0
    }
}

/// Reads a file of text; `shown` is how the user would name it.
pub fn read_text(path: &Path, shown: &str) -> Outcome<String> {
    if !path.exists() {
        let failure = Failure::request(format!("cannot read `{shown}`")).cause("there is no such file");
        return Err(failure.hint("correct the name, or create the file"));
    }
    let bytes = fs::read(path).or_fail(Kind::Machine, || format!("cannot read `{shown}`"));
    let bytes = bytes.map_err(|failure| failure.hint("make the file readable"))?;
    String::from_utf8(bytes).map_err(|error| {
        Failure::request(format!("cannot read `{shown}`"))
            .cause(format!("byte {} is not UTF-8", error.utf8_error().valid_up_to()))
            .hint("save the file as UTF-8")
    })
}

/// A value of a document that knows its place.
#[derive(Debug, Clone)]
pub struct Node<'d> {
    document: &'d Document,
    value: &'d Value,
    pointer: Pointer,
}

impl<'d> Node<'d> {
    /// Returns the value.
    pub fn value(&self) -> &'d Value {
        self.value
    }

    /// Returns the document that it is part of.
    pub fn document(&self) -> &'d Document {
        self.document
    }

    /// Returns the way to it from the root.
    pub fn pointer(&self) -> &Pointer {
        &self.pointer
    }

    /// Returns a member of the object, or `None` if it is absent or null, or this is no object.
    pub fn get(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        Some(Self { document: self.document, value, pointer: self.pointer.key(key) })
    }

    /// Returns a member that must be there.
    pub fn need(&self, key: &str) -> Result<Self, TextError> {
        self.object()?;
        self.get(key).ok_or_else(|| self.error(format!("the member `{key}` is missing")).hint(format!("add `{key}`")))
    }

    /// Returns the members of the object that it must be.
    pub fn members(&self) -> Result<Vec<(&'d str, Self)>, TextError> {
        let member = |(key, value): (&'d String, &'d Value)| {
            (key.as_str(), Self { document: self.document, value, pointer: self.pointer.key(key) })
        };
        Ok(self.object()?.iter().map(member).collect())
    }

    /// Returns the items of the array that it must be.
    pub fn items(&self) -> Result<Vec<Self>, TextError> {
        let Value::Array(items) = self.value else { return Err(self.wrong("an array")) };
        let item = |(index, value): (usize, &'d Value)| Self {
            document: self.document,
            value,
            pointer: self.pointer.index(index),
        };
        Ok(items.iter().enumerate().map(item).collect())
    }

    /// Returns the object that it must be.
    pub fn object(&self) -> Result<&'d Map<String, Value>, TextError> {
        self.value.as_object().ok_or_else(|| self.wrong("an object"))
    }

    /// Returns the string that it must be.
    pub fn text(&self) -> Result<&'d str, TextError> {
        self.value.as_str().ok_or_else(|| self.wrong("a string"))
    }

    /// Returns the strings of the array that it must be.
    pub fn texts(&self) -> Result<Vec<String>, TextError> {
        self.items()?.iter().map(|item| item.text().map(str::to_owned)).collect()
    }

    /// Returns the bool that it must be.
    pub fn flag(&self) -> Result<bool, TextError> {
        self.value.as_bool().ok_or_else(|| self.wrong("true or false"))
    }

    /// Returns the whole number up to `largest` that it must be.
    pub fn whole_number(&self, largest: u64) -> Result<u64, TextError> {
        let number = self.value.as_u64().filter(|number| *number <= largest);
        number.ok_or_else(|| {
            let written = self.value.as_str().filter(|text| text.parse::<u64>().is_ok_and(|number| number <= largest));
            let hint = written.map(|text| format!("write `{text}` without quotes"));
            self.wrong(&format!("a whole number from 0 to {largest}")).or_hint(hint)
        })
    }

    /// Returns the value of the word that it must be.
    pub fn word<T>(&self, words: &[&str], from_word: impl Fn(&str) -> Option<T>) -> Result<T, TextError> {
        let text = self.text()?;
        from_word(text).ok_or_else(|| {
            let expected = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
            self.error(format!("expected one of {expected}, found `{text}`"))
                .or_hint(did_you_mean(text, words.iter().copied()))
        })
    }

    /// Refuses members whose key is none of these.
    pub fn refuse_unknown(&self, known: &[&str]) -> Result<(), TextError> {
        for (key, member) in self.members()? {
            if !known.contains(&key) {
                let error = self.document.key_error(&member.pointer, format!("`{key}` is not known here"));
                return Err(error.or_hint(did_you_mean(key, known.iter().copied())));
            }
        }
        Ok(())
    }

    /// Describes what is wrong with the value.
    pub fn error(&self, message: impl std::fmt::Display) -> TextError {
        self.document.error(&self.pointer, message)
    }

    /// Describes what is wrong with the key under which it stands.
    pub fn key_error(&self, message: impl std::fmt::Display) -> TextError {
        self.document.key_error(&self.pointer, message)
    }

    /// Describes what is wrong with a range of bytes of the string that it is.
    pub fn error_inside(&self, within: &Range<usize>, message: impl std::fmt::Display) -> TextError {
        self.document.error_inside(&self.pointer, self.value.as_str().unwrap_or_default(), within, message)
    }

    /// Returns the bytes of the text that a range of bytes of the string stands in.
    pub fn place_inside(&self, within: &Range<usize>) -> Range<usize> {
        self.document.place_inside(&self.pointer, self.value.as_str().unwrap_or_default(), within)
    }

    /// Says that another type of value is expected.
    pub fn wrong(&self, expected: &str) -> TextError {
        let steps = self.pointer.steps();
        let name = steps.last().filter(|step| step.parse::<usize>().is_err());
        let whose = name.map(|name| format!(" for `{name}`")).unwrap_or_default();
        self.error(format!("expected {expected}{whose}, found {}", kind_of(self.value)))
    }
}

/// Names the type of a value, and the value itself where it is short.
pub fn kind_of(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(number) => format!("`{number}`"),
        Value::String(_) => "a string".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn document(file: &str, text: &str) -> Document {
        Document::parse_template(file, text).expect("the text is right")
    }

    #[test]
    fn a_wrong_type_is_told_at_its_place_in_both_syntaxes() {
        for (file, text) in [("a.json", "{\n\"a\": {\"b\": 5}}"), ("a.yaml", "a:\n      b: 5")] {
            let document = document(file, text);
            let error = document.root().need("a").and_then(|a| a.need("b")).and_then(|b| b.text().map(str::len));
            let line = "2:13".replace("13", if file == "a.json" { "12" } else { "10" });
            assert_eq!(
                error.expect_err("it is a number").to_string(),
                format!("{file}:{line}: expected a string for `b`, found `5`")
            );
        }
    }

    #[test]
    fn an_unknown_key_is_told_at_the_key() {
        let document = document("a.json", "{\"skp\": true}");
        let error = document.root().refuse_unknown(&["skip", "env"]).expect_err("a slip");
        assert_eq!(error.to_string(), "a.json:1:2: `skp` is not known here");
        assert_eq!(error.hint.as_deref(), Some("did you mean `skip`?"));
    }

    #[test]
    fn a_string_without_quotes_is_bare_in_both_syntaxes() {
        let a = Pointer::root().key("a");
        for (file, text) in [("a.json", "{\"a\": $A}"), ("a.yaml", "a: $A")] {
            assert!(document(file, text).is_bare(&a));
        }
        for (file, text) in [("a.json", "{\"a\": \"$A\"}"), ("a.yaml", "a: \"$A\"")] {
            assert!(!document(file, text).is_bare(&a));
        }
    }

    #[test]
    fn a_value_that_is_not_in_the_text_has_the_place_of_its_holder() {
        let document = document("a.json", "{\"a\": {}}");
        let error = document.error(&Pointer::root().key("a").key("b"), "wrong");
        assert_eq!(error.to_string(), "a.json:1:7: wrong");
    }
}
