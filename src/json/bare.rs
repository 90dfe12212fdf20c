//! Variables that stand for a whole value, without quotes: `"privileged": $PRIVILEGED`.

use std::ops::Range;

/// Replaces each bare value by a string literal of the same length, so that the rest parses and places stay.
///
/// Returns the text and where the bare values stand. A bare value begins with `$` outside of strings and comments and
/// ends before a blank, a comma, a colon or a bracket that its own braces don't hold.
pub(super) fn mask(text: &str) -> (String, Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        at = match bytes[at] {
            b'"' => end_of_string(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'/') => end_of(text, at, "\n"),
            b'/' if bytes.get(at + 1) == Some(&b'*') => end_of(text, at, "*/"),
            b'$' => {
                let end = end_of_bare(bytes, at);
                if end - at >= 2 {
                    found.push(at..end);
                }
                end
            }
            _ => at + 1,
        };
    }
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

fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            // A string never goes over the end of a line; the parser tells.
            b'"' | b'\n' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn end_of(text: &str, start: usize, end: &str) -> usize {
    text[start..].find(end).map_or(text.len(), |at| start + at + end.len())
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
}
