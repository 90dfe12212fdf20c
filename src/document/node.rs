//! A value of a document and its place: what whoever reads a file asks it for.

use std::ops::Range;

use serde_json::{Map, Value};

use super::Document;
use crate::text::{Pointer, TextError, did_you_mean};

/// A value of a document that knows its place.
#[derive(Debug, Clone)]
pub struct Node<'d> {
    pub(super) document: &'d Document,
    pub(super) value: &'d Value,
    pub(super) pointer: Pointer,
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
