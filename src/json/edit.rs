//! Edits of JSON text that keep comments, key order and indentation.

use std::ops::Range;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, parse_to_ast};
use serde::Serialize;
use serde_json::Value;

use super::{options, scan, span, without_byte_order_mark};
use crate::text::Pointer;

/// A member to add to an object.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its value.
    pub value: &'a Value,
}

/// Returns the text with a member added at the end of the object at `pointer`, or `None` if there is no such object.
///
/// Whether the object has the key already is for the caller to check.
pub fn insert_member(text: &str, pointer: &Pointer, member: Member<'_>) -> Option<String> {
    let (masked, _) = scan::mask(text);
    let masked = without_byte_order_mark(&masked);
    let tree = parse_to_ast(&masked, &CollectOptions::default(), &options()).ok()?.value?;
    let ast::Value::Object(object) = at(&tree, pointer)? else { return None };
    let inside = Inside::of(object, object.properties.iter());
    Some(append(text, &masked, &inside, &|indent, unit| {
        format!("{}: {}", Value::from(member.key), render(member.value, indent, unit))
    }))
}

/// Returns the text with items added at the end of the array at `pointer`, or `None` if there is no such array.
pub fn append_items(text: &str, pointer: &Pointer, items: &[Value]) -> Option<String> {
    let mut text = text.to_owned();
    for item in items {
        let (masked, _) = scan::mask(&text);
        let masked = without_byte_order_mark(&masked);
        let tree = parse_to_ast(&masked, &CollectOptions::default(), &options()).ok()?.value?;
        let ast::Value::Array(array) = at(&tree, pointer)? else { return None };
        let inside = Inside::of(array, array.elements.iter());
        text = append(&text, &masked, &inside, &|indent, unit| render(item, indent, unit));
    }
    Some(text)
}

fn at<'t, 'a>(tree: &'t ast::Value<'a>, pointer: &Pointer) -> Option<&'t ast::Value<'a>> {
    pointer.steps().iter().try_fold(tree, |value, step| match value {
        ast::Value::Object(object) => Some(&object.get(step)?.value),
        _ => None,
    })
}

/// Where an object or an array stands, and what it holds.
struct Inside {
    whole: Range<usize>,
    first: Option<Range<usize>>,
    last: Option<Range<usize>>,
}

impl Inside {
    fn of<'t, T: Ranged + 't>(holder: &impl Ranged, mut held: impl DoubleEndedIterator<Item = &'t T>) -> Self {
        let first = held.next().map(|one| span(one));
        let last = held.next_back().map(|one| span(one)).or(first.clone());
        Self { whole: span(holder), first, last }
    }
}

/// Adds what `write` makes, for an indentation and its unit, before the closing bracket.
fn append(text: &str, masked: &str, inside: &Inside, write: &dyn Fn(&str, &str) -> String) -> String {
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let unit = indentation_unit(text);
    let outer = indentation(text, inside.whole.start);
    let inner = match &inside.first {
        Some(first) if starts_its_line(text, first.start) => indentation(text, first.start).to_owned(),
        _ => format!("{outer}{unit}"),
    };
    let written = write(&inner, &unit).replace('\n', line_end);
    let close = inside.whole.end - 1;
    let mut edited = text.to_owned();
    let Some(last) = &inside.last else {
        let end = text[..close].trim_end().len();
        edited.replace_range(end..close, &format!("{line_end}{inner}{written}{line_end}{outer}"));
        return edited;
    };
    let comma = find_comma(masked, last.end..close);
    let after = end_of_line_comment(text, comma.map_or(last.end, |at| at + 1)..close);
    let trailing = if comma.is_some() { "," } else { "" };
    let closes_on_that_line = !text[after..close].contains('\n');
    let outer = if closes_on_that_line { format!("{line_end}{outer}") } else { String::new() };
    let rest = if closes_on_that_line { close } else { after };
    edited.replace_range(after..rest, &format!("{line_end}{inner}{written}{trailing}{outer}"));
    if comma.is_none() {
        edited.insert(last.end, ',');
    }
    edited
}

fn render(value: &Value, indent: &str, unit: &str) -> String {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(unit.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    value.serialize(&mut serializer).expect("a JSON value can be written as JSON");
    String::from_utf8(bytes).expect("JSON is UTF-8").replace('\n', &format!("\n{indent}"))
}

/// Where a trailing comma stands in a range that holds nothing else but blanks and comments.
fn find_comma(text: &str, range: Range<usize>) -> Option<usize> {
    let mut at = range.start;
    while at < range.end {
        let rest = &text[at..range.end];
        at += match rest.as_bytes() {
            [b',', ..] => return Some(at),
            _ if scan::is_comment(rest) => scan::comment_len(rest),
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
    }
    None
}

/// The end of a comment that stands on the same line, or else the start of the range.
fn end_of_line_comment(text: &str, range: Range<usize>) -> usize {
    let line = text[range.clone()].lines().next().unwrap_or_default();
    let comment = line.trim_start();
    let whole = comment.starts_with("//") || (comment.starts_with("/*") && comment.trim_end().ends_with("*/"));
    if whole { range.start + line.trim_end().len() } else { range.start }
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

fn indentation(text: &str, at: usize) -> &str {
    let line = &text[line_start(text, at)..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

fn starts_its_line(text: &str, at: usize) -> bool {
    text[line_start(text, at)..at].trim().is_empty()
}

/// The first indentation of the text, or two blanks.
fn indentation_unit(text: &str) -> String {
    let lines = text.lines().filter(|line| line.trim_start().starts_with('"'));
    let indents = lines.map(|line| &line[..line.len() - line.trim_start().len()]);
    indents.filter(|indent| !indent.is_empty()).min_by_key(|indent| indent.len()).unwrap_or("  ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let value = serde_json::json!({"x": 1});
        let member = Member { key: "new", value: &value };
        let edited = insert_member(text, &Pointer::root().key("m"), member).expect("the object is there");
        assert_eq!(edited, expected);
    }

    #[test]
    fn a_member_is_added_after_the_last_one() {
        check(
            "{\n  \"m\": {\n    \"a\": 1\n  }\n}\n",
            "{\n  \"m\": {\n    \"a\": 1,\n    \"new\": {\n      \"x\": 1\n    }\n  }\n}\n",
        );
    }

    #[test]
    fn an_empty_object_is_opened() {
        check("{\n\t\"m\": {}\n}\n", "{\n\t\"m\": {\n\t\t\"new\": {\n\t\t\t\"x\": 1\n\t\t}\n\t}\n}\n");
        check(
            "{\n  \"m\": {\n    // none\n  }\n}",
            "{\n  \"m\": {\n    // none\n    \"new\": {\n      \"x\": 1\n    }\n  }\n}",
        );
    }

    #[test]
    fn comments_and_a_trailing_comma_stay_where_they_are() {
        check(
            "{\n  \"m\": {\n    \"a\": $A, // why\n  }\n}",
            "{\n  \"m\": {\n    \"a\": $A, // why\n    \"new\": {\n      \"x\": 1\n    },\n  }\n}",
        );
        check(
            "{\n  \"m\": {\n    \"a\": 1 // why, oh\n    // end\n  }\n}",
            "{\n  \"m\": {\n    \"a\": 1, // why, oh\n    \"new\": {\n      \"x\": 1\n    }\n    // end\n  }\n}",
        );
    }

    #[test]
    fn an_object_on_one_line_is_broken() {
        check("{\n  \"m\": { \"a\": 1 }\n}", "{\n  \"m\": { \"a\": 1,\n    \"new\": {\n      \"x\": 1\n    }\n  }\n}");
    }

    #[test]
    fn line_ends_are_kept() {
        check(
            "{\r\n  \"m\": {\r\n    \"a\": 1\r\n  }\r\n}\r\n",
            "{\r\n  \"m\": {\r\n    \"a\": 1,\r\n    \"new\": {\r\n      \"x\": 1\r\n    }\r\n  }\r\n}\r\n",
        );
    }

    #[test]
    fn a_byte_order_mark_is_kept() {
        check(
            "\u{feff}{\n  \"m\": {\n    \"a\": 1\n  }\n}\n",
            "\u{feff}{\n  \"m\": {\n    \"a\": 1,\n    \"new\": {\n      \"x\": 1\n    }\n  }\n}\n",
        );
    }

    #[test]
    fn items_are_added_after_the_last_one() {
        let items = [serde_json::json!({"x": 1}), serde_json::json!(2)];
        for (text, expected) in [
            ("{\n  \"m\": []\n}", "{\n  \"m\": [\n    {\n      \"x\": 1\n    },\n    2\n  ]\n}"),
            (
                "{\n  \"m\": [\n    {}, // mine\n  ]\n}",
                "{\n  \"m\": [\n    {}, // mine\n    {\n      \"x\": 1\n    },\n    2,\n  ]\n}",
            ),
        ] {
            assert_eq!(append_items(text, &Pointer::root().key("m"), &items).as_deref(), Some(expected));
        }
        assert_eq!(append_items("{\"m\": {}}", &Pointer::root().key("m"), &items), None);
    }

    #[test]
    fn what_is_no_object_has_no_member() {
        let value = Value::Null;
        assert_eq!(insert_member("{\"m\": 1}", &Pointer::root().key("m"), Member { key: "a", value: &value }), None);
    }
}
