//! Integers that no number here holds: a reader of JSON makes a double of them, which is another number.

/// Returns the first such integer of a JSON text, as it stands there; the text is one that parses.
pub fn first_inexact_integer(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        let word = &rest[start..];
        let length = if word.starts_with('"') { string_length(word) } else { number_length(word) };
        let (word, after) = word.split_at(length);
        if !word.starts_with('"') && !is_exact(word) {
            return Some(word);
        }
        rest = after;
    }
    None
}

/// Says whether a literal, if it is an integer, is read as the number that it says.
pub(super) fn is_exact(literal: &str) -> bool {
    literal.contains(['.', 'e', 'E']) || literal.parse::<i64>().is_ok() || literal.parse::<u64>().is_ok()
}

fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |end| end + 2)
}

fn number_length(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_of_more_than_64_bits_is_found() {
        for (text, found) in [
            (r#"{"a": 18446744073709551616}"#, Some("18446744073709551616")),
            (r#"[-9223372036854775809, 0]"#, Some("-9223372036854775809")),
            (r#"{"a\"": "18446744073709551616\\", "b": [1, 99999999999999999999]}"#, Some("99999999999999999999")),
            ("184467440737095516160", Some("184467440737095516160")),
            (r#"{"a": 18446744073709551615, "b": -9223372036854775808, "c": -0}"#, None),
            (r#"{"a": 18446744073709551616.0, "b": 1e300, "c": "18446744073709551616"}"#, None),
        ] {
            assert_eq!(first_inexact_integer(text), found, "{text}");
        }
    }
}
