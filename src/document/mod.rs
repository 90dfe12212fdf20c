//! A JSON or YAML file: its values, and where each of them stands.
//!
//! A [`Node`] is a value that knows its place, so that whoever reads a file can say where it is wrong without thinking
//! of syntax. Places are looked up when they are needed, all of them at once: a file without mistakes is parsed once, one
//! with any number of them twice.

mod composition;
mod node;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::json::{self, Part, Places};
use crate::text::{Pointer, TextError, with_asterisks};
use crate::yaml;

pub use composition::{Composition, Part as ComposedPart};
pub use node::{Node, kind_of};

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
    /// Where everything stands in the text, once somebody has asked.
    places: Arc<OnceLock<Places>>,
    /// The documents that it was made of.
    composition: Option<Arc<Composition>>,
}

impl Document {
    /// Parses a text; `file` is how the user would name it, and tells the syntax.
    pub fn parse(file: &str, text: &str) -> Result<Self, TextError> {
        let value = match Syntax::of(file) {
            Syntax::Json => json::parse(file, text)?,
            Syntax::Yaml => yaml::parse(file, text)?,
        };
        Ok(Self { value, ..Self::unread(file, text) })
    }

    /// Parses a text in which values may be variables without quotes, see [`Document::is_bare`].
    pub fn parse_template(file: &str, text: &str) -> Result<Self, TextError> {
        let (value, bare) = match Syntax::of(file) {
            Syntax::Json => json::parse_template(file, text)?,
            Syntax::Yaml => (yaml::parse(file, text)?, BTreeSet::new()),
        };
        Ok(Self { value, bare, ..Self::unread(file, text) })
    }

    /// Returns the document of a text that cannot be parsed; its value is null.
    pub fn unread(file: &str, text: &str) -> Self {
        Self {
            file: file.to_owned(),
            text: text.to_owned(),
            syntax: Syntax::of(file),
            value: Value::Null,
            written: None,
            shown: None,
            bare: BTreeSet::new(),
            places: Arc::default(),
            composition: None,
        }
    }

    /// Returns a document made of parts of others; what is wrong with a part is told in the file that it comes from.
    ///
    /// What is wrong with the whole, or with what joins parts, is told in `file`, the text that shows the value.
    pub fn composed(file: &str, value: Value, composition: Composition) -> Self {
        let text = format!("{value:#}");
        Self { value, composition: Some(Arc::new(composition)), syntax: Syntax::Json, ..Self::unread(file, &text) }
    }

    /// Returns the document and the pointer that a part comes from, those of this document for what is its own.
    fn source(&self, pointer: &Pointer) -> (&Self, Pointer) {
        let source = self.composition.as_deref().and_then(|composition| composition.source(pointer));
        source.unwrap_or_else(|| (self, pointer.clone()))
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
        self.shown = Some(with_asterisks(self.text_shown(), places).into());
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
        let (source, pointer) = self.source(pointer);
        source.error_at(source.place(&pointer, Part::Value), message).of(pointer)
    }

    /// Describes what is wrong with the key of the value at a pointer.
    pub fn key_error(&self, pointer: &Pointer, message: impl std::fmt::Display) -> TextError {
        let (source, pointer) = self.source(pointer);
        source.error_at(source.place(&pointer, Part::Key), message).of(pointer)
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
        let (source, pointer) = self.source(pointer);
        source.error_at(source.place_inside(&pointer, value, within), message).of(pointer)
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
        let places = self.places.get_or_init(|| match self.syntax {
            Syntax::Json => json::places(&self.text),
            Syntax::Yaml => yaml::places(&self.text),
        });
        places.find(pointer, part).or_else(|| match self.syntax {
            Syntax::Json => None,
            Syntax::Yaml => yaml::find(&self.text, pointer, part),
        })
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
    let bytes = File::open(path).and_then(read_whole).or_fail(Kind::Machine, || format!("cannot read `{shown}`"));
    let bytes = bytes.map_err(|failure| failure.hint("name a file that you may read, of at most 16 MB"))?;
    String::from_utf8(bytes).map_err(|error| {
        Failure::request(format!("cannot read `{shown}`"))
            .cause(format!("byte {} is not UTF-8", error.utf8_error().valid_up_to()))
            .hint("save the file as UTF-8")
    })
}

/// What is read of a file or a stream: nothing that edgectl reads whole is longer, and some things have no end.
const LONGEST: u64 = 16_000_000;

/// Reads a file or a stream to its end; one of more than 16 MB is an error.
pub fn read_whole(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(LONGEST + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > LONGEST {
        true => Err(io::Error::new(io::ErrorKind::FileTooLarge, "it has more than 16 MB")),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_not_read() {
        assert_eq!(read_whole(io::repeat(0)).expect_err("it has no end").to_string(), "it has more than 16 MB");
        let failure = read_text(Path::new("/dev/zero"), "/dev/zero").expect_err("it has no end");
        assert_eq!(
            (failure.message(), failure.causes()),
            ("cannot read `/dev/zero`", &["it has more than 16 MB".to_owned()][..])
        );
    }

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
