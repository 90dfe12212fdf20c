//! Values of a message's body: the paths after `$body.`, and what a body must be to be looked into.

use serde_json::Value as Json;

use super::evaluate::Value;
use crate::message::{Message, system};

/// A checked path: names, each with at most one index (protocol.md §8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BodyPath {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(usize),
}

impl BodyPath {
    /// Parses what follows `$body.`; `None` if it is no path.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        for part in text.split('.') {
            let (name, index) = match part.split_once('[') {
                None => (part, None),
                Some((name, rest)) => (name, Some(parse_index(rest.strip_suffix(']')?)?)),
            };
            if name.is_empty() || name == "*" || name.contains([']', '[']) {
                return None;
            }
            steps.push(Step::Name(name.to_owned()));
            steps.extend(index.map(Step::Index));
        }
        Some(Self { steps })
    }

    /// Looks the path up. A missing path is null, not undefined; an object, an array or a date is undefined.
    pub(super) fn find<'b>(&self, body: &'b Json) -> Value<'b> {
        let found = self.steps.iter().try_fold(body, |at, step| match step {
            Step::Name(name) => at.as_object()?.get(name),
            Step::Index(index) => at.as_array()?.get(*index),
        });
        match found {
            None | Some(Json::Null) => Value::Null,
            Some(Json::Bool(value)) => Value::Bool(*value),
            Some(Json::Number(value)) => value.as_f64().map_or(Value::Undefined, Value::number),
            Some(Json::String(text)) if is_read_as_date(text) => Value::Undefined,
            Some(Json::String(text)) => Value::Text(text.into()),
            Some(Json::Array(_) | Json::Object(_)) => Value::Undefined,
        }
    }
}

fn parse_index(digits: &str) -> Option<usize> {
    let all_digits = digits.bytes().all(|b| b.is_ascii_digit());
    all_digits.then(|| digits.parse().ok()).flatten()
}

/// Reads the body as a JSON object, if the message says plainly that it is one.
///
/// There are no defaults: without content type `application/json` and a content encoding, no body is read.
pub(super) fn parse_body(message: &Message) -> Option<Json> {
    if !message.system(system::CONTENT_TYPE)?.eq_ignore_ascii_case("application/json") {
        return None;
    }
    let encoding = message.system(system::CONTENT_ENCODING)?.to_ascii_lowercase();
    let body: Json = match encoding.as_str() {
        "utf-8" => serde_json::from_slice(&message.body).ok()?,
        "utf-16" => serde_json::from_str(&decode_utf16(&message.body)?).ok()?,
        "utf-32" => serde_json::from_str(&decode_utf32(&message.body)?).ok()?,
        _ => return None,
    };
    body.is_object().then_some(body)
}

/// Little endian, as .NET's `Encoding.Unicode`.
fn decode_utf16(bytes: &[u8]) -> Option<String> {
    let (units, []) = bytes.as_chunks::<2>() else { return None };
    String::from_utf16(&units.iter().map(|unit| u16::from_le_bytes(*unit)).collect::<Vec<_>>()).ok()
}

fn decode_utf32(bytes: &[u8]) -> Option<String> {
    let (units, []) = bytes.as_chunks::<4>() else { return None };
    units.iter().map(|unit| char::from_u32(u32::from_le_bytes(*unit))).collect()
}

/// The hub's JSON library turns such strings into dates, and a date is undefined in a condition (protocol.md §8.4).
///
/// `2026-11-22T02:03:04`, with up to seven decimals and with `Z` or an offset, or `/Date(0)/`.
fn is_read_as_date(text: &str) -> bool {
    if text.len() >= 9 && text.starts_with("/Date(") && text.ends_with(")/") {
        return true;
    }
    let bytes = text.as_bytes();
    let Some((moment, rest)) = bytes.split_at_checked(19) else { return false };
    let number = |at: usize, length: usize, limits: std::ops::RangeInclusive<u32>| {
        let digits = std::str::from_utf8(&moment[at..at + length]).unwrap_or_default();
        digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse().is_ok_and(|value| limits.contains(&value))
    };
    let separators = [moment[4], moment[7], moment[10], moment[13], moment[16]] == *b"--T::";
    let date = number(0, 4, 1..=9999) && number(5, 2, 1..=12) && number(8, 2, 1..=31);
    let time = number(11, 2, 0..=24) && number(14, 2, 0..=59) && number(17, 2, 0..=59);
    separators && date && time && is_zone(without_fraction(rest))
}

fn without_fraction(rest: &[u8]) -> &[u8] {
    let [b'.', digits @ ..] = rest else { return rest };
    let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    if (1..=7).contains(&count) { &digits[count..] } else { rest }
}

fn is_zone(rest: &[u8]) -> bool {
    match rest {
        [] | [b'Z'] => true,
        [b'+' | b'-', a, b, b':', c, d] => [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_names_with_at_most_one_index_each() {
        for path in ["a", "a.b", "a[0]", "a[0].b[12]", "a-b.c$"] {
            assert!(BodyPath::parse(path).is_some(), "{path}");
        }
        for path in ["", "a.", ".a", "a..b", "[0]", "a[0][1]", "a[b]", "a[]", "a[0", "a]", "a[0]b", "*", "a[-1]"] {
            assert!(BodyPath::parse(path).is_none(), "{path}");
        }
    }

    #[test]
    fn dates_are_known_by_their_exact_form() {
        for date in ["2026-11-22T02:03:04", "2026-11-22T02:03:04.1234567Z", "2026-11-22T02:03:04+01:00", "/Date(1)/"] {
            assert!(is_read_as_date(date), "{date}");
        }
        for text in ["2026-11-22", "2026-11-22 02:03:04", "2026-13-22T02:03:04", "2026-11-22T02:03:04X", "überüberüber"]
        {
            assert!(!is_read_as_date(text), "{text}");
        }
    }
}
