//! Secrets in a text that no parser reads: a broken document, or one with a key that stands twice.
//!
//! A line of such a text is shown for its mistake, and may hold a password. What cannot be read is judged line by line,
//! by the keys and values that stand on each: rather a word too many is hidden than one too few.

use std::ops::Range;

use super::secrets::{Secret, has_variable};
use crate::manifest::create_options::is_later_piece;
use crate::manifest::secret::{is_secret_name, item_of_list, kind_of_secret};
use crate::text::TextError;

/// The key of a variable's value in `env`, whose name stands on a line before.
const VALUE: &str = "value";

/// Returns the mistake without the secrets of `text`, in which it is.
#[must_use]
pub fn hide_unread(at: TextError, text: &str) -> TextError {
    at.hiding(text, &places(text))
}

/// Returns the bytes of a text that secrets stand in.
pub(in crate::manifest) fn places(text: &str) -> Vec<Range<usize>> {
    find(text).into_iter().map(|secret| secret.place).collect()
}

/// Returns what looks like a secret in a text.
pub(super) fn find(text: &str) -> Vec<Secret> {
    let mut found = Vec::new();
    let (mut start, mut above) = (0, "");
    for line in text.split_inclusive('\n') {
        above = find_in_line(line.trim_end(), (start, above), &mut found);
        start += line.len();
    }
    found
}

/// Searches a line, and returns its last key for the values that stand on the next one.
fn find_in_line<'l>(line: &'l str, (start, above): (usize, &'l str), found: &mut Vec<Secret>) -> &'l str {
    let (mut name, mut before) = ("", "");
    for Scalar { place, is_key } in scalars(line) {
        let text = line[place.clone()].trim_end();
        // One of its quotes may be missing. What holds an escaped one is no key, although a colon follows.
        let key = text.trim_matches(['"', '\'']);
        if is_key && !key.contains('=') && !key.contains("\\\"") {
            // The second `value` in a row: the name of the variable between them was taken for something else.
            before = if (name, key) == (VALUE, VALUE) { before } else { name };
            name = key;
            continue;
        }
        // JSON inside of a string: a quote with its escape keeps its two bytes.
        let mut look_inside = || {
            find_in_line(&text.replace("\\\"", " \""), (start + place.start, ""), found);
        };
        if text.starts_with('{') {
            look_inside();
            continue;
        }
        let owner = match (name, before) {
            ("", _) => above,
            (VALUE, "") => "password",
            (VALUE, variable) => variable,
            (name, _) => name,
        };
        match secret_in(owner, text) {
            Some(mut secret) => {
                secret.place = start + place.start + secret.place.start..start + place.start + text.len();
                found.push(secret);
            }
            None if text.contains("\\\"") => look_inside(),
            // A key whose colon is missing.
            None if is_secret_name(text) || names_piece(text) => (before, name) = (name, text),
            None => {}
        }
    }
    if name.is_empty() { above } else { name }
}

/// Judges a value as a whole, as an item of a list such as `API_KEY=…`, and as a member whose colon or blank is missing.
fn secret_in(name: &str, text: &str) -> Option<Secret> {
    if names_piece(name) {
        // The name may stand in the piece before.
        return Some(Secret { place: 0..text.len(), name: name.to_owned(), looks: "a piece of createOptions" });
    }
    let judge = |name: &str, start: usize| {
        let looks = kind_of_secret(name, &text[start..]).filter(|_| !has_variable(&text[start..]))?;
        Some(Secret { place: start..text.len(), name: name.to_owned(), looks })
    };
    let item = item_of_list(text).and_then(|(name, start)| judge(name, start));
    let member = text.find([' ', ':']).and_then(|end| judge(&text[..end], end + 1));
    // What is hidden by one of them must not begin behind what another would hide.
    [judge(name, 0), item, member].into_iter().flatten().min_by_key(|secret| secret.place.start)
}

/// Says whether a key begins with the name of a piece of createOptions; the quote at its end may be missing.
fn names_piece(key: &str) -> bool {
    key.get(.."createOptions00".len()).is_some_and(is_later_piece)
}

/// A key or a value of a line, without its quotes.
struct Scalar {
    place: Range<usize>,
    is_key: bool,
}

fn scalars(line: &str) -> Vec<Scalar> {
    let mut found = Vec::new();
    let (mut at, mut depth) = (0, 0usize);
    let mut comment = 0..0;
    while let Some(first) = line[at..].chars().next() {
        if at == comment.end && !comment.is_empty() {
            (at, comment) = ((at + 2).min(line.len()), 0..0);
            continue;
        }
        // A quote in a comment is closed there, or never.
        let rest = if comment.contains(&at) { &line[at..comment.end] } else { &line[at..] };
        match first {
            '/' if comment.is_empty() && rest.starts_with("/*") => {
                comment = at..rest[2..].find("*/").map_or(line.len(), |length| at + 2 + length);
                at += 2;
                continue;
            }
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            '"' | '\'' => {
                let length = quoted_len(&rest[1..], first);
                let behind = (at + 1 + length + 1).min(at + rest.len());
                let is_key = line[behind..].trim_start().starts_with(':');
                found.push(Scalar { place: at + 1..at + 1 + length, is_key });
                at = behind;
                continue;
            }
            '-' | '?' if rest[1..].starts_with(' ') => {}
            _ if first.is_whitespace() || ",:#".contains(first) => {}
            _ => {
                let (length, is_key) = bare_len(rest, depth > 0);
                found.push(Scalar { place: at..at + length, is_key });
                at += length;
                continue;
            }
        }
        at += first.len_utf8();
    }
    found
}

/// How long a text in quotes is; one that is never closed goes on to the end of the line.
///
/// Within single quotes two of them are one, within double ones a backslash escapes.
fn quoted_len(rest: &str, quote: char) -> usize {
    let mut characters = rest.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' if quote == '"' => {
                characters.next();
            }
            c if c == quote && (quote == '"' || characters.next_if(|(_, next)| *next == quote).is_none()) => return at,
            _ => {}
        }
    }
    rest.len()
}

/// How long a text without quotes is, and whether it is a key.
fn bare_len(rest: &str, is_inside: bool) -> (usize, bool) {
    let is_end = |at: usize, c: char| match c {
        ',' | '}' | ']' => is_inside,
        ' ' => rest[at + 1..].starts_with('#'),
        '/' => at > 0 && rest[at + 1..].starts_with('*'),
        // The quote that is missing may be the one before.
        ':' => rest[at + 1..].is_empty() || rest[at + 1..].starts_with(' ') || rest[..at].ends_with(['"', '\'']),
        _ => false,
    };
    let end = rest.char_indices().find(|(at, c)| is_end(*at, *c));
    end.map_or((rest.len(), false), |(at, c)| (at, c == ':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<_> = find(text).into_iter().map(|secret| &text[secret.place]).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_value_is_judged_by_its_key_and_its_looks() {
        check(r#""password": "a", "image": "b", "PASSWORD": "c"#, &["a", "c"]);
        check("password: a b # c\nimage: d\n- dbPassword: 'e'", &["a b", "c", "e"]);
        check("{password: a, level: b, 'apiKey': c}", &["a", "c"]);
        check(r#""password": hunter2,"#, &["hunter2,"]);
        check(r#""url": "amqp://u:p@h""#, &["amqp://u:p@h"]);
        check(r#""password": "a\"b", "image": "c\"d""#, &["a\\\"b"]);
        check("url: amqp://u:p@h:1 # why", &["amqp://u:p@h:1"]);
    }

    #[test]
    fn a_list_of_variables_and_the_text_of_create_options_are_looked_into() {
        check(r#""Env": ["API_KEY=a", "LEVEL=b"]"#, &["a"]);
        check("- API_KEY=a", &["a"]);
        check(r#""createOptions": "{\"Env\":[\"API_KEY=a\"],\"Image\":\"b\"""#, &["a"]);
        check(r#"createOptions: '{"Env":["API_KEY=a"]}'"#, &["a"]);
        check(r#"createOptions: }'{"Env":["API_KEY=a''","TOKEN=b"]}'"#, &["a''", "b"]);
    }

    #[test]
    fn a_variables_value_is_one_if_its_name_is_not_on_the_line() {
        check(r#""LEVEL": { "value": "debug" }, "API_KEY": { "value": "a" }"#, &["a"]);
        check(r#"  "value": "a""#, &["a"]);
        check(r#"  "value": 5, "value": "$KEY""#, &[]);
    }

    #[test]
    fn a_value_on_a_line_of_its_own_belongs_to_the_key_above() {
        check("\"password\":\n  \"a\",\n\"image\":\n  \"b\"", &["a"]);
        check("password:\n  a\nimage: b", &["a"]);
    }

    #[test]
    fn a_sign_that_is_missing_hides_no_key() {
        check(r#"{"password" "a", "image": "b"}"#, &["a"]);
        check(r#"{"x":"y,"password":"a","image":"b"}"#, &["a"]);
        check(r#"{"password:"a","image":"b"}"#, &["a\""]);
        check(r#"{"password:{"value":"a"},"image":5}"#, &["a"]);
        check(
            r#"{"createOptions01":"a","createOptions02: "b\"],\"Tty\":1"#,
            &["a", "createOptions02:", r#"b\""#, r#"\"Tty\""#, "1"],
        );
        check(r#"{"TOKEN":{"value":"a"},"PASSWORD:{"value":"b"}}"#, &["a", "PASSWORD:{", "b"]);
        check(r#"{"TOKEN":{"value":"a"},"PASSWORD"{"value":"b"}}"#, &["a", "PASSWORD", "b"]);
        check("password:a\nimage:b\npassword a\nimage b", &["a", "a"]);
        check("password a=b", &["a=b"]);
        check(r#""createOptions": "\"Env\":[\"LEVEL=b\",\"API_KEY=a\"]}""#, &["a"]);
    }

    #[test]
    fn a_quote_in_a_comment_opens_nothing() {
        check(r#"/* it's */ "password": /* " */ "a", "image": /*/ " */ "b""#, &["a"]);
        check(r#"[null/* ' */, "password": "a"/* ' */, "x": b/*"#, &["a"]);
        check(r#"/* "password": "a" */ "image": "b" /* "password": "c"#, &["a", "c"]);
    }

    #[test]
    fn a_piece_of_create_options_may_begin_within_a_secret() {
        check(r#""createOptions": "{}"API_KEY=a\",\"Tty\":5"#, &[r#"a\",\"Tty\""#]);
        check(r#"{"createOptions01:"a","image":"b"}"#, &["a\""]);
        check(r#""createOptions": "{\"Env\":[\"API_", "createOptions01": "KEY=a\"]}", "image": "b""#, &["KEY=a\\\"]}"]);
    }

    #[test]
    fn a_line_may_end_anywhere() {
        let text = r#"- ? ä: {"pass word": 'ö"', [-----BEGIN PRIVATE KEY-----, b: ""{\"é\": "}"#;
        (0..text.len()).filter(|at| text.is_char_boundary(*at)).for_each(|at| drop(find(&text[..at])));
        check("a: -----BEGIN PRIVATE KEY-----", &["-----BEGIN PRIVATE KEY-----"]);
    }

    #[test]
    fn what_is_no_secret_is_shown() {
        check("password: $PASSWORD\nPASSWORD_FILE: /a\n\"token\": \"\"\ntoken:\n  ä: ö\n", &[]);
    }
}
