//! From a deployment template to a manifest: names become values, createOptions become text.
//!
//! Values are put into parsed strings, never into the template's text, so that a quote or a line end in a value leaves
//! the JSON intact; escapes that JSON knows are read in them all the same, as other tools do. Keys are never expanded.
//! What iotedgedev leaves standing silently is told: an undefined `${X}` and an unknown placeholder are mistakes, an
//! undefined `$x` is a warning, since regular expressions, JSONPath and shell text live in such values.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

use super::create_options::{self, Chunks};
use super::finding::Finding;
use super::placeholder::{ImagePlaceholder, Piece, pieces};
use super::{routes, shape};
use crate::document::{Document, Syntax};
use crate::failure::Outcome;
use crate::text::{Pointer, TextError, nearest};

/// What the names in a template stand for.
pub trait Names {
    /// Returns the value of a variable.
    fn variable(&self, name: &str) -> Option<&str>;

    /// Returns the names of the solution's own variables, to say which one was meant.
    fn variable_names(&self) -> Vec<&str>;

    /// Returns the name of an image; a failure gets the place in the template.
    fn image(&self, image: &ImagePlaceholder) -> Outcome<String>;
}

/// A manifest, and what was wrong or suspicious in its template.
#[derive(Debug, Clone)]
pub struct Expanded {
    /// The manifest; its places are those of the template. What could not be expanded stands in it as it was.
    pub document: Document,
    /// In the order of the template; with an error among them the manifest is not to be used.
    pub findings: Vec<Finding>,
}

/// Names that no variable replaces.
const PROTECTED: [&str; 3] = ["edgeAgent", "edgeHub", "upstream"];

/// What the values in a file may have together once they are expanded, in bytes: a variable may be long, and named often.
const LONGEST: usize = 16 << 20;

/// The versions of `$schema-template`, their last zeros left out (ecosystem.md §1.1).
const VERSIONS: [&str; 5] = ["0.0.1", "1", "2", "3", "4"];

/// Expands a template, which was parsed by [`Document::parse_template`].
pub fn expand(template: &Document, names: &dyn Names) -> Outcome<Expanded> {
    let mut work = Work { template, names, findings: Vec::new(), room: LONGEST };
    let mut value = map_text(template.value(), &Pointer::root(), &mut |text, at| work.text(text, at))?;
    if let Some(root) = value.as_object_mut() {
        root.shift_remove(shape::SCHEMA_TEMPLATE);
    }
    let mut findings = work.findings;
    findings.extend(unknown_version(template));
    let expanded = template.with_value(value);
    let (document, unwritten) = create_options::write(&expanded, Chunks::Split);
    findings.extend(unwritten);
    Ok(Expanded { document, findings })
}

/// Warns of a version of templates that edgectl cannot know the rules of; no version at all is that of the oldest tools.
fn unknown_version(template: &Document) -> Option<Finding> {
    let stated = template.root().get(shape::SCHEMA_TEMPLATE)?;
    let told = match stated.text() {
        Ok(version) if VERSIONS.contains(&version.trim_end_matches(".0")) => return None,
        Ok(version) => stated.error(format!("templates of version `{version}` are not known; it is read as 4.0.0")),
        Err(wrong) => wrong,
    };
    Some(Finding::warning("template-version", told.hint("write \"$schema-template\": \"4.0.0\"")))
}

/// Expands `$NAME` and `${NAME}` in every value, as other tools do with `module.json`: an unknown name stays.
pub fn expand_variables<'v>(
    document: &Document,
    variable: &dyn Fn(&str) -> Option<&'v str>,
) -> Result<Document, TextError> {
    let mut room = LONGEST;
    let value = map_text(document.value(), &Pointer::root(), &mut |text, at| {
        let piece = |(span, piece): (Range<usize>, Piece<'_>)| match piece {
            Piece::Bare(name) | Piece::Braced(name) => {
                variable(name).map_or_else(|| text[span].to_owned(), |value| in_string(value).into_owned())
            }
            Piece::Text(plain) => plain.to_owned(),
            Piece::Image(_) | Piece::Unknown(_) => text[span].to_owned(),
        };
        let mut expanded = String::with_capacity(text.len());
        for part in pieces(text).into_iter().map(piece) {
            room = room.checked_sub(part.len()).ok_or_else(|| too_long(document, at))?;
            expanded.push_str(&part);
        }
        retype(document, text, expanded, at)
    })?;
    Ok(document.with_value(value))
}

fn too_long(document: &Document, at: &Pointer) -> TextError {
    let told = document.error(at, format!("with its variables the file has more than {} MiB", LONGEST >> 20));
    told.hint("name long variables less often")
}

/// Copies a value with every string that holds a `$` replaced.
fn map_text<E>(
    value: &Value,
    at: &Pointer,
    replace: &mut dyn FnMut(&str, &Pointer) -> Result<Value, E>,
) -> Result<Value, E> {
    match value {
        Value::String(text) if text.contains('$') => replace(text, at),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.map(|(index, item)| map_text(item, &at.index(index), replace)).collect()
        }
        Value::Object(members) => {
            let members = members.iter();
            members.map(|(key, member)| Ok((key.clone(), map_text(member, &at.key(key), replace)?))).collect()
        }
        other => Ok(other.clone()),
    }
}

/// Returns what a variable's value becomes inside of a string.
///
/// Other tools put values into the template's text, where JSON reads a backslash as the start of an escape, and `.env`
/// files are written for that. A value that breaks the JSON there is taken as it is.
fn in_string(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return value.into();
    }
    serde_json::from_str(&format!("\"{value}\"")).map_or(value.into(), Cow::<str>::Owned)
}

/// Makes a value that stands without quotes what it is without quotes: true, 5, …
fn retype(document: &Document, text: &str, expanded: String, at: &Pointer) -> Result<Value, TextError> {
    let is_whole = |text| matches!(pieces(text)[..], [(_, Piece::Bare(_) | Piece::Braced(_))]);
    match document.syntax() {
        Syntax::Json if document.is_bare(at) => {
            serde_json::from_str(&expanded).map_err(|_| without_value(document, at, text, &expanded))
        }
        Syntax::Yaml if expanded != text && is_whole(text) && document.is_bare(at) => {
            match serde_json::from_str(&expanded) {
                Ok(value @ (Value::Bool(_) | Value::Number(_))) => Ok(value),
                _ => Ok(Value::String(expanded)),
            }
        }
        _ => Ok(Value::String(expanded)),
    }
}

fn without_value(document: &Document, at: &Pointer, text: &str, expanded: &str) -> TextError {
    if expanded == text {
        let told = document.error(at, format!("`{text}` stands without quotes, and no such variable is defined"));
        return told.hint(format!("define it in `.env` or with `--set`, or write `\"{text}\"`"));
    }
    let told = document.error(at, format!("`{text}` stands without quotes, and its value is no JSON value"));
    told.hint(format!("write `\"{text}\"`, or give it a value such as `true` or `5`"))
}

struct Work<'a> {
    template: &'a Document,
    names: &'a dyn Names,
    findings: Vec<Finding>,
    /// How many bytes may still come out.
    room: usize,
}

/// A part of a string, and where the string stands.
struct Spot<'a> {
    at: &'a Pointer,
    text: &'a str,
    span: Range<usize>,
    is_route: bool,
}

impl Spot<'_> {
    fn as_written(&self) -> String {
        self.text[self.span.clone()].to_owned()
    }
}

impl Work<'_> {
    fn text(&mut self, text: &str, at: &Pointer) -> Outcome<Value> {
        let is_route = shape::is_route(&at.steps());
        let mut expanded = String::with_capacity(text.len());
        let told_before = self.findings.len();
        for (span, piece) in pieces(text) {
            let spot = Spot { at, text, span, is_route };
            let part = match piece {
                Piece::Text(plain) => plain.to_owned(),
                Piece::Bare(name) => self.bare(name, &spot),
                Piece::Braced(name) => self.braced(name, &spot),
                Piece::Image(image) => self.image(&image, &spot)?,
                Piece::Unknown(inside) => self.unknown(inside, &spot),
            };
            self.room = self.room.checked_sub(part.len()).ok_or_else(|| too_long(self.template, at))?;
            expanded.push_str(&part);
        }
        match retype(self.template, text, expanded, at) {
            Ok(value) => Ok(value),
            Err(told) => {
                if self.findings.len() == told_before {
                    self.findings.push(Finding::error("value-without-quotes", told));
                }
                Ok(Value::Null)
            }
        }
    }

    fn bare(&mut self, name: &str, spot: &Spot<'_>) -> String {
        let is_protected = PROTECTED.contains(&name)
            || spot.text[spot.span.start..].starts_with(shape::SCHEMA_TEMPLATE)
            || (spot.is_route && routes::is_word(spot.text, spot.span.start));
        if is_protected {
            return spot.as_written();
        }
        if let Some(value) = self.names.variable(name) {
            return self.value(name, value, spot);
        }
        if !spot.is_route && !self.is_without_quotes(spot) {
            let told = self.told(spot, format!("no variable `{name}`, so `${name}` stays as it is"));
            let other = format!("define `{name}` in `.env`, or write `$${name}` if just that is meant");
            self.findings.push(Finding::warning("undefined-name", told.hint(self.meant(name).unwrap_or(other))));
        }
        spot.as_written()
    }

    fn braced(&mut self, name: &str, spot: &Spot<'_>) -> String {
        if let Some(value) = self.names.variable(name) {
            return self.value(name, value, spot);
        }
        // What stands in a route is the routing language's to judge.
        if !spot.is_route {
            let told = self.told(spot, format!("no variable `{name}`"));
            let other = format!("define `{name}` in `.env`, or pass `--set {name}=VALUE`");
            self.findings.push(Finding::error("undefined-variable", told.hint(self.meant(name).unwrap_or(other))));
        }
        spot.as_written()
    }

    fn value(&mut self, name: &str, value: &str, spot: &Spot<'_>) -> String {
        if self.is_without_quotes(spot) {
            return value.to_owned();
        }
        let text = in_string(value);
        if text.contains(char::is_control) && !value.contains(char::is_control) {
            let told =
                self.told(spot, format!("an escape in the value of `{name}` becomes a control character, as in JSON"));
            let hint =
                "double the backslash where one is meant, or write a line end in `.env` as `\\n` in double quotes";
            self.findings.push(Finding::warning("escape-in-value", told.hint(hint)));
        }
        text.into_owned()
    }

    /// Says whether a part stands where JSON would have no string at all: `"privileged": $PRIVILEGED`.
    fn is_without_quotes(&self, spot: &Spot<'_>) -> bool {
        self.template.syntax() == Syntax::Json && self.template.is_bare(spot.at)
    }

    fn image(&self, image: &ImagePlaceholder, spot: &Spot<'_>) -> Outcome<String> {
        self.names.image(image).map_err(|failure| match failure.excerpt_text() {
            Some(_) => failure,
            None => failure.excerpt(self.told(spot, "").excerpt),
        })
    }

    fn unknown(&mut self, inside: &str, spot: &Spot<'_>) -> String {
        let told = self.told(spot, format!("`${{{inside}}}` is no placeholder that edgectl knows"));
        let word = inside.split(['.', '<']).next().unwrap_or_default();
        let hint = match nearest(word, ["MODULES", "MODULEDIR"]) {
            Some("MODULES") => "write `${MODULES.<module>}`, `.<platform>` and `.debug` may follow".to_owned(),
            Some(_) => "write `${MODULEDIR<path>}`, `.<platform>` and `.debug` may follow".to_owned(),
            None => format!("write `$${{{inside}}}` if just that is meant"),
        };
        self.findings.push(Finding::error("unknown-placeholder", told.hint(hint)));
        spot.as_written()
    }

    fn told(&self, spot: &Spot<'_>, message: impl std::fmt::Display) -> TextError {
        self.template.error_inside(spot.at, spot.text, &spot.span, message)
    }

    fn meant(&self, name: &str) -> Option<String> {
        nearest(name, self.names.variable_names()).map(|meant| format!("did you mean `{meant}`?"))
    }
}
