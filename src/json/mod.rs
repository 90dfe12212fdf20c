//! JSON text with places: parsing that keeps positions, and edits that keep everything else. Owns `jsonc-parser`.
//!
//! Comments and trailing commas are tolerated, since the solutions of VS Code have them; a key that stands twice is
//! refused, since readers of JSON disagree on which of the two counts.

mod edit;
mod integer;
mod places;
mod scan;

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use jsonc_parser::ast::{self, ObjectProp};
use jsonc_parser::common::Ranged;
use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::{CollectOptions, ParseOptions, ParseStringErrorKind, parse_to_ast};
use serde_json::{Map, Number, Value};

use self::scan::Flaw;
use crate::text::{Pointer, TextError};

pub use edit::{Member, append_items, insert_member};
pub use integer::first_inexact_integer;
pub use places::{Duplicate, Part, Places, duplicates, places};

/// Parses JSON; key order is kept.
pub fn parse(file: &str, text: &str) -> Result<Value, TextError> {
    let reader = Reader { file, text, bare: HashMap::new() };
    reader.read(text).map(|(value, _)| value)
}

/// Parses a template, in which values such as `$FLAG` may stand without quotes.
///
/// Such a value becomes the string that stands there; the pointers to all of them come along.
pub fn parse_template(file: &str, text: &str) -> Result<(Value, BTreeSet<Pointer>), TextError> {
    let (masked, found) = scan::mask(text);
    let reader = Reader { file, text, bare: found.into_iter().map(|span| (span.start, span)).collect() };
    reader.read(&masked)
}

/// Returns the number of the first line with a comment or a trailing comma, which plain JSON doesn't have.
pub fn first_lenient_line(text: &str) -> Option<usize> {
    let (masked, _) = scan::mask(text);
    let strict = serde_json::from_str::<serde::de::IgnoredAny>(&without_byte_order_mark(&masked));
    strict.err().map(|error| error.line())
}

/// Maps a range of bytes of a string's value to the bytes of the text, given where its literal stands.
pub fn inside(text: &str, literal: &Range<usize>, within: &Range<usize>) -> Range<usize> {
    let content = text.get(literal.start + 1..literal.end - 1).unwrap_or_default();
    let mut places = Vec::with_capacity(content.len() + 1);
    let mut at = 0;
    while let Some(c) = content[at..].chars().next() {
        let (taken, given) = match c {
            '\\' if content[at..].starts_with("\\u") => (6, escaped_len(&content[at..])),
            '\\' => (2, 1),
            other => (other.len_utf8(), other.len_utf8()),
        };
        places.extend(std::iter::repeat_n(at, given));
        at = (at + taken).min(content.len());
    }
    places.push(at);
    let place = |index: usize| literal.start + 1 + places.get(index).copied().unwrap_or(at);
    place(within.start)..place(within.end)
}

/// How many bytes of UTF-8 the escape `\uXXXX` stands for; a half of a surrogate pair counts as two.
fn escaped_len(escape: &str) -> usize {
    let code = escape.get(2..6).and_then(|hex| u32::from_str_radix(hex, 16).ok()).unwrap_or_default();
    char::from_u32(code).map_or(2, char::len_utf8)
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    bare: HashMap<usize, Range<usize>>,
}

impl Reader<'_> {
    /// Reads `masked`, which is the text with each bare value replaced by a string of the same length.
    fn read(&self, masked: &str) -> Result<(Value, BTreeSet<Pointer>), TextError> {
        let unmarked = without_byte_order_mark(masked);
        let parsed = parse_to_ast(&unmarked, &CollectOptions::default(), &options());
        // The parser goes on past a flaw: what it says of the text behind it is of no use.
        if let Some(flaw) = scan::first_flaw(self.text)
            && !parsed.as_ref().is_err_and(|error| is_before(error, flaw.start()))
        {
            return Err(self.explain_flaw(flaw));
        }
        let parsed = parsed.map_err(|error| self.explain(&error))?;
        let mut found = BTreeSet::new();
        match parsed.value {
            Some(tree) => Ok((self.value(&tree, &Pointer::root(), &mut found)?, found)),
            None => Err(self.error(0..0, "expected a JSON value, found nothing")),
        }
    }

    fn value(&self, tree: &ast::Value, at: &Pointer, found: &mut BTreeSet<Pointer>) -> Result<Value, TextError> {
        Ok(match tree {
            ast::Value::NullKeyword(_) => Value::Null,
            ast::Value::BooleanLit(literal) => Value::Bool(literal.value),
            ast::Value::NumberLit(literal) => Value::Number(self.number(literal)?),
            ast::Value::StringLit(literal) => match self.bare.get(&literal.range.start) {
                Some(span) => {
                    found.insert(at.clone());
                    Value::String(self.text[span.clone()].to_owned())
                }
                None => Value::String(literal.value.to_string()),
            },
            ast::Value::Array(array) => {
                let items = array.elements.iter().enumerate();
                items.map(|(index, item)| self.value(item, &at.index(index), found)).collect::<Result<_, _>>()?
            }
            ast::Value::Object(object) => self.object(&object.properties, at, found)?,
        })
    }

    fn object(&self, members: &[ObjectProp], at: &Pointer, bare: &mut BTreeSet<Pointer>) -> Result<Value, TextError> {
        let mut map = Map::with_capacity(members.len());
        for member in members {
            let key = member.name.as_str();
            let place = span(&member.name);
            if self.bare.contains_key(&place.start) {
                return Err(self.error(place, "expected a key in quotes, found a variable"));
            }
            let at = at.key(key);
            if at.as_str().len() > Pointer::LONGEST {
                return Err(self.error(place, TOO_FAR).hint("shorten the keys"));
            }
            let value = self.value(&member.value, &at, bare)?;
            if map.insert(key.to_owned(), value).is_some() {
                let first =
                    members.iter().find(|first| first.name.as_str() == key).map_or(0..0, |first| span(&first.name));
                return Err(Duplicate { key: key.to_owned(), place, first }.explain(self.file, self.text));
            }
        }
        Ok(Value::Object(map))
    }

    fn number(&self, literal: &ast::NumberLit) -> Result<Number, TextError> {
        if !integer::is_exact(literal.value) {
            let told = self.error(span(literal), "this integer has more than 64 bits: it would be rounded");
            return Err(told.hint("write it as a string"));
        }
        serde_json::from_str(literal.value)
            .map_err(|_| self.error(span(literal), format!("`{}` is no number that JSON can hold", literal.value)))
    }

    fn error(&self, span: Range<usize>, message: impl std::fmt::Display) -> TextError {
        TextError::at(self.file, self.text, span, message)
    }

    fn explain(&self, error: &ParseError) -> TextError {
        let range = error.range();
        let found = word_at(self.text, range.start);
        let span = range.start..range.end.max(range.start + found.len());
        let told = self.error(span, message(error.kind(), found));
        let is_word = found.starts_with(|c: char| c.is_alphabetic() || c == '$');
        match error.kind() {
            ParseErrorKind::UnexpectedWord | ParseErrorKind::UnexpectedToken if is_word => {
                told.hint(format!("put double quotes around `{found}`"))
            }
            _ => told,
        }
    }

    fn explain_flaw(&self, flaw: Flaw) -> TextError {
        match flaw {
            Flaw::Unclosed(literal) => self
                .error(literal, UNCLOSED_STRING)
                .hint("add the missing `\"` at its end, or write a line break as `\\n`"),
            Flaw::Control(character, at) => {
                let (name, escape) = match character {
                    '\t' => ("tab".to_owned(), "\\t".to_owned()),
                    '\r' => ("carriage return".to_owned(), "\\r".to_owned()),
                    other => (
                        format!("control character U+{:04X}", u32::from(other)),
                        format!("\\u{:04x}", u32::from(other)),
                    ),
                };
                self.error(at..at + 1, format!("the string holds a {name}, which JSON has as an escape only"))
                    .hint(format!("write it as `{escape}`"))
            }
        }
    }
}

/// Whether the parser came upon an error before it got to a place; that something is open, it tells at its end.
fn is_before(error: &ParseError, place: usize) -> bool {
    use ParseErrorKind as Kind;
    let at_end = matches!(error.kind(), Kind::UnterminatedObject | Kind::UnterminatedArray);
    !at_end && error.range().start < place
}

/// The word, or else the character, that stands at a place, which is a border of characters.
fn word_at(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or_default();
    let word = rest.len() - rest.trim_start_matches(|c: char| c.is_alphanumeric() || "$_-.".contains(c)).len();
    &rest[..word.max(rest.chars().next().map_or(0, char::len_utf8))]
}

/// What is told of a key whose way is longer than [`Pointer::LONGEST`].
pub const TOO_FAR: &str = "the keys that lead here have more than 16 KiB together";

const UNCLOSED_STRING: &str = "this string is never closed";

fn message(kind: &ParseErrorKind, found: &str) -> String {
    use ParseErrorKind as Kind;
    let text = match kind {
        Kind::ExpectedColonAfterObjectKey => "expected `:` after the key",
        Kind::ExpectedObjectValue => "expected a value after `:`",
        Kind::ExpectedComma => "expected `,`",
        Kind::ExpectedStringObjectProperty => "expected a key in double quotes",
        Kind::MultipleRootJsonValues => "expected the end of the file after the first value",
        Kind::SingleQuotedStringsNotAllowed => "expected double quotes, found single ones",
        Kind::UnexpectedCloseBrace
        | Kind::UnexpectedCloseBracket
        | Kind::UnexpectedColon
        | Kind::UnexpectedComma
        | Kind::UnexpectedToken
        | Kind::UnexpectedWord => return format!("expected a value, found `{found}`"),
        Kind::UnexpectedTokenInObject => return format!("expected a key in double quotes, found `{found}`"),
        Kind::UnterminatedArray => "this `[` is never closed",
        Kind::UnterminatedObject => "this `{` is never closed",
        Kind::UnterminatedCommentBlock => "this comment is never closed",
        Kind::NestingDepthExceeded => "values are nested more than 512 deep",
        Kind::String(ParseStringErrorKind::UnterminatedStringLiteral) => UNCLOSED_STRING,
        Kind::String(_) => "the string holds an escape that JSON doesn't have",
        Kind::ExpectedDigit | Kind::ExpectedDigitFollowingNegativeSign => "expected a digit",
        _ => "JSON has no such number or value",
    };
    text.to_owned()
}

/// Plain JSON with comments and trailing commas, and nothing else that the parser could tolerate.
fn options() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

fn span(node: &impl Ranged) -> Range<usize> {
    let range = node.range();
    range.start..range.end
}

/// Replaces a byte order mark by blanks, so that places stay what they are.
fn without_byte_order_mark(text: &str) -> std::borrow::Cow<'_, str> {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => format!("   {rest}").into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests;
