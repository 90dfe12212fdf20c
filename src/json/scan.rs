//! The words of JSON text that its parser is not told about, or takes too easily.

use std::ops::Range;

/// What a scan finds beside comments and the signs between values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// A string with its quotes; one that its line doesn't close goes up to the next line.
    Quoted,
    /// A variable that stands for a whole value, without quotes: `"privileged": $PRIVILEGED`.
    Bare,
}

/// Replaces each bare value by a string literal of the same length, so that the rest parses and places stay.
///
/// Returns the text and where the bare values stand. A bare value begins with `$` outside of strings and comments and
/// ends before a blank, a comma, a colon or a bracket that its own braces don't hold.
pub(super) fn mask(text: &str) -> (String, Vec<Range<usize>>) {
    let found: Vec<_> = words(text).filter(|(word, _)| *word == Word::Bare).map(|(_, span)| span).collect();
    let mut masked = String::with_capacity(text.len());
    let mut copied = 0;
    for span in &found {
        masked.push_str(&text[copied..span.start]);
        masked.extend(std::iter::once('"').chain(std::iter::repeat_n(' ', span.len() - 2)).chain(std::iter::once('"')));
        copied = span.end;
    }
    masked.push_str(&text[copied..]);
    (masked, found)
}

/// What the parser takes in a string, although JSON doesn't have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The string that its line doesn't close.
    Unclosed(Range<usize>),
    /// A control character that is no escape, and where it stands.
    Control(char, usize),
}

impl Flaw {
    /// Returns where it begins; what stands before is as the parser sees it.
    pub(super) fn start(&self) -> usize {
        match self {
            Self::Unclosed(literal) => literal.start,
            Self::Control(_, at) => *at,
        }
    }
}

/// Returns the first flaw of the strings of a text.
pub(super) fn first_flaw(text: &str) -> Option<Flaw> {
    let mut quoted = words(text).filter(|(word, _)| *word == Word::Quoted);
    quoted.find_map(|(_, literal)| {
        let content = &text[literal.clone()];
        if content.ends_with('\n') {
            return Some(Flaw::Unclosed(literal));
        }
        let (at, control) = content.char_indices().find(|(_, c)| *c < ' ')?;
        Some(Flaw::Control(control, literal.start + at))
    })
}

/// Says whether a text begins with a comment.
pub(super) fn is_comment(text: &str) -> bool {
    text.starts_with("//") || text.starts_with("/*")
}

/// Returns how long the comment is that a text begins with, without the end of its line.
pub(super) fn comment_len(text: &str) -> usize {
    match text.strip_prefix("/*") {
        // The star of `/*/` closes nothing.
        Some(inside) => inside.find("*/").map_or(text.len(), |length| length + "/**/".len()),
        None => text.find(['\n', '\r']).unwrap_or(text.len()),
    }
}

/// Returns the strings and the bare values of a text, in order.
fn words(text: &str) -> impl Iterator<Item = (Word, Range<usize>)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let start = at;
            let (word, end) = match bytes[start] {
                b'"' => (Some(Word::Quoted), end_of_string(bytes, start)),
                b'/' if is_comment(&text[start..]) => (None, start + comment_len(&text[start..])),
                b'$' => (Some(Word::Bare), end_of_bare(bytes, start)),
                _ => (None, start + 1),
            };
            at = end;
            // One byte alone is no variable, and too short to become a string.
            if let Some(word) = word.filter(|_| end - start >= 2) {
                return Some((word, start..end));
            }
        }
        None
    })
}

fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if bytes.get(at + 1).is_some_and(|escaped| *escaped != b'\n') => at += 2,
            b'"' | b'\n' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn end_of_bare(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0usize;
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b'}' | b']' | b',' | b':' | b'"' | b'/' if depth == 0 => break,
            b'\n' | b'\r' => break,
            byte if byte.is_ascii_whitespace() && depth == 0 => break,
            _ => {}
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_outside_of_strings_and_comments_is_bare() {
        let text = r#"{"a": $A, "b": "$B", /* $C */ "d": [${D}, 1] } // $E"#;
        let (masked, found) = mask(text);
        assert_eq!(masked, r#"{"a": "", "b": "$B", /* $C */ "d": ["  ", 1] } // $E"#);
        assert_eq!(found.iter().map(|span| &text[span.clone()]).collect::<Vec<_>>(), ["$A", "${D}"]);
    }

    #[test]
    fn a_comment_ends_where_the_parser_ends_it() {
        for (text, length) in [("/*/ $A */ 1", 9), ("/**/ $A", 4), ("/* $A", 5), ("// $A\r$B", 5), ("// $A\n$B", 5)] {
            assert_eq!(comment_len(text), length, "{text:?}");
        }
        assert_eq!(mask("[/*/ \" */ $A]").1, [10..12]);
    }

    #[test]
    fn a_string_ends_on_its_line_and_holds_no_control_character() {
        assert_eq!(first_flaw("{\"a\": \"b\\t\\\"\", // \"c\n \"d\": \"\u{7f}é\"}\n"), None);
        assert_eq!(first_flaw("{\"a\": \"b\tc\", \"d\": \"e\r\n}"), Some(Flaw::Control('\t', 8)));
        assert_eq!(first_flaw("{\"d\": \"e\tf,\r\n}"), Some(Flaw::Unclosed(6..13)));
        assert_eq!(first_flaw("\"e\\\n\""), Some(Flaw::Unclosed(0..4)));
    }
}
