//! The functions of the routing language (protocol.md §8.5).

use std::borrow::Cow;

use super::evaluate::{Node, Subject, Value};
use super::types::Type;

/// A function of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Abs,
    Exp,
    Power,
    Square,
    Ceiling,
    Floor,
    Sign,
    Sqrt,
    AsNumber,
    IsBool,
    IsDefined,
    IsNull,
    IsNumber,
    IsString,
    Concat,
    Length,
    Lower,
    Upper,
    Substring,
    IndexOf,
    StartsWith,
    EndsWith,
    Contains,
}

/// What a function takes.
enum Takes {
    /// One of these lists of types.
    Types(&'static [&'static [Type]]),
    /// One argument of any type.
    Anything,
    /// Two strings or more.
    Strings,
}

/// How a function is declared.
pub(super) struct Declaration {
    name: &'static str,
    /// How it is called, for messages.
    pub(super) usage: &'static str,
    takes: Takes,
    pub(super) returns: Type,
    pub(super) function: Function,
}

const NUMBER: Takes = Takes::Types(&[&[Type::Number]]);
const NUMBERS: Takes = Takes::Types(&[&[Type::Number, Type::Number]]);
const STRING_OR_NUMBER: Takes = Takes::Types(&[&[Type::String], &[Type::Number]]);
const STRING: Takes = Takes::Types(&[&[Type::String]]);
const TWO_STRINGS: Takes = Takes::Types(&[&[Type::String, Type::String]]);
const PART: Takes = Takes::Types(&[&[Type::String, Type::Number], &[Type::String, Type::Number, Type::Number]]);

/// Declares a function by how it is called; its name ends at the parenthesis.
const fn declare(usage: &'static str, takes: Takes, returns: Type, function: Function) -> Declaration {
    let mut name_length = 0;
    while usage.as_bytes()[name_length] != b'(' {
        name_length += 1;
    }
    Declaration { name: usage.split_at(name_length).0, usage, takes, returns, function }
}

static DECLARATIONS: [Declaration; 23] = [
    declare("abs(number)", NUMBER, Type::Number, Function::Abs),
    declare("exp(number)", NUMBER, Type::Number, Function::Exp),
    declare("power(number, number)", NUMBERS, Type::Number, Function::Power),
    declare("square(number)", NUMBER, Type::Number, Function::Square),
    declare("ceiling(number)", NUMBER, Type::Number, Function::Ceiling),
    declare("floor(number)", NUMBER, Type::Number, Function::Floor),
    declare("sign(number)", NUMBER, Type::Number, Function::Sign),
    declare("sqrt(number)", NUMBER, Type::Number, Function::Sqrt),
    declare("as_number(string or number)", STRING_OR_NUMBER, Type::Number, Function::AsNumber),
    declare("is_bool(anything)", Takes::Anything, Type::Bool, Function::IsBool),
    declare("is_defined(anything)", Takes::Anything, Type::Bool, Function::IsDefined),
    declare("is_null(anything)", Takes::Anything, Type::Bool, Function::IsNull),
    declare("is_number(anything)", Takes::Anything, Type::Bool, Function::IsNumber),
    declare("is_string(anything)", Takes::Anything, Type::Bool, Function::IsString),
    declare("concat(string, string, …)", Takes::Strings, Type::String, Function::Concat),
    declare("length(string)", STRING, Type::Number, Function::Length),
    declare("lower(string)", STRING, Type::String, Function::Lower),
    declare("upper(string)", STRING, Type::String, Function::Upper),
    declare("substring(string, start [, length])", PART, Type::String, Function::Substring),
    declare("index_of(string, string)", TWO_STRINGS, Type::Number, Function::IndexOf),
    declare("starts_with(string, string)", TWO_STRINGS, Type::Bool, Function::StartsWith),
    declare("ends_with(string, string)", TWO_STRINGS, Type::Bool, Function::EndsWith),
    declare("contains(string, string)", TWO_STRINGS, Type::Bool, Function::Contains),
];

/// Returns the declaration of a function, its name in any case.
pub(super) fn find(name: &str) -> Option<&'static Declaration> {
    DECLARATIONS.iter().find(|declaration| declaration.name.eq_ignore_ascii_case(name))
}

/// Returns all names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    DECLARATIONS.iter().map(|declaration| declaration.name)
}

impl Declaration {
    /// Says whether the function takes arguments of these types.
    pub(super) fn takes(&self, given: &[Type]) -> bool {
        match self.takes {
            Takes::Anything => given.len() == 1,
            Takes::Strings => given.len() >= 2 && given.iter().all(|kind| kind.fits(Type::String)),
            Takes::Types(alternatives) => alternatives.iter().any(|wanted| {
                wanted.len() == given.len() && given.iter().zip(*wanted).all(|(given, wanted)| given.fits(*wanted))
            }),
        }
    }
}

impl Function {
    pub(super) fn call<'v>(self, arguments: &'v [Node], subject: &'v Subject<'_>) -> Value<'v> {
        let value = |index: usize| arguments.get(index).map_or(Value::Undefined, |node| node.value(subject));
        match self {
            Self::Abs => math(value(0), f64::abs),
            Self::Exp => math(value(0), f64::exp),
            Self::Square => math(value(0), |x| x * x),
            Self::Ceiling => math(value(0), f64::ceil),
            Self::Floor => math(value(0), f64::floor),
            Self::Sign => math(value(0), |x| if x == 0.0 { 0.0 } else { x.signum() }),
            Self::Sqrt => math(value(0), f64::sqrt),
            Self::Power => match (value(0), value(1)) {
                (Value::Number(base), Value::Number(power)) => Value::number(base.powf(power)),
                _ => Value::Undefined,
            },
            Self::AsNumber => as_number(value(0)),
            Self::IsBool => Value::Bool(matches!(value(0), Value::Bool(_))),
            Self::IsNumber => Value::Bool(matches!(value(0), Value::Number(_))),
            Self::IsString => Value::Bool(matches!(value(0), Value::Text(_))),
            Self::IsDefined => Value::Bool(value(0) != Value::Undefined),
            Self::IsNull => is_null(&arguments[0], value(0)),
            Self::Concat => concat(arguments.iter().map(|node| node.value(subject))),
            Self::Length => text(value(0), |text| Value::number(utf16_length(&text))),
            Self::Lower => text(value(0), |text| Value::Text(map_case(&text, char::to_lowercase).into())),
            Self::Upper => text(value(0), |text| Value::Text(map_case(&text, char::to_uppercase).into())),
            Self::Substring => substring(value(0), value(1), arguments.get(2).map(|node| node.value(subject))),
            Self::IndexOf => two_texts(value(0), value(1), |text, part| {
                Value::number(text.find(part).map_or(-1.0, |at| utf16_length(&text[..at])))
            }),
            Self::StartsWith => two_texts(value(0), value(1), |text, part| Value::Bool(text.starts_with(part))),
            Self::EndsWith => two_texts(value(0), value(1), |text, part| Value::Bool(text.ends_with(part))),
            Self::Contains => two_texts(value(0), value(1), |text, part| Value::Bool(text.contains(part))),
        }
    }
}

fn math<'v>(argument: Value<'v>, function: fn(f64) -> f64) -> Value<'v> {
    match argument {
        Value::Number(value) => Value::number(function(value)),
        _ => Value::Undefined,
    }
}

fn text<'v>(argument: Value<'v>, function: impl FnOnce(Cow<'v, str>) -> Value<'v>) -> Value<'v> {
    match argument {
        Value::Text(text) => function(text),
        _ => Value::Undefined,
    }
}

fn two_texts<'v>(first: Value<'v>, second: Value<'v>, function: fn(&str, &str) -> Value<'v>) -> Value<'v> {
    match (first, second) {
        (Value::Text(first), Value::Text(second)) => function(&first, &second),
        _ => Value::Undefined,
    }
}

/// A body value is null when it is null or missing; a string never is (a deliberate difference, protocol.md §8.5).
fn is_null<'v>(argument: &Node, value: Value<'v>) -> Value<'v> {
    match (argument, value) {
        (_, Value::Null) => Value::Bool(true),
        (Node::Body { .. }, Value::Undefined) => Value::Undefined,
        _ => Value::Bool(false),
    }
}

fn concat<'v>(values: impl Iterator<Item = Value<'v>>) -> Value<'v> {
    let mut joined = String::new();
    for value in values {
        let Value::Text(text) = value else { return Value::Undefined };
        joined.push_str(&text);
    }
    Value::Text(joined.into())
}

fn utf16_length(text: &str) -> f64 {
    text.encode_utf16().count() as f64
}

/// Maps character by character, as the hub's invariant culture does: `ß` has no upper case there.
fn map_case<I: ExactSizeIterator<Item = char>>(text: &str, map: fn(char) -> I) -> String {
    text.chars()
        .map(|c| {
            let mut mapped = map(c);
            if mapped.len() == 1 { mapped.next().unwrap_or(c) } else { c }
        })
        .collect()
}

/// Zero-based and in UTF-16 units; out of range is undefined. With a length, the start must lie inside the text.
fn substring<'v>(text: Value<'v>, start: Value<'v>, length: Option<Value<'v>>) -> Value<'v> {
    let (Value::Text(text), Value::Number(start)) = (text, start) else { return Value::Undefined };
    let units: Vec<u16> = text.encode_utf16().collect();
    let size = units.len() as f64;
    if !(0.0..=size).contains(&start) {
        return Value::Undefined;
    }
    let end = match length {
        None => size,
        Some(Value::Number(length)) if start < size && (0.0..=size - start).contains(&length) => {
            start.trunc() + length.trunc()
        }
        Some(_) => return Value::Undefined,
    };
    Value::Text(String::from_utf16_lossy(&units[start as usize..end as usize]).into())
}

fn as_number(value: Value<'_>) -> Value<'_> {
    match value {
        Value::Text(text) => parse_number(&text).map_or(Value::Undefined, Value::number),
        Value::Number(_) => value,
        _ => Value::Undefined,
    }
}

/// Reads a number of the invariant culture: blanks around it, a sign before or behind it or parentheses for minus,
/// thousands separators, decimals, exponent.
fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c: char| matches!(c, '\t'..='\r' | ' '));
    let (text, negative) = strip_sign(text)?;
    let (mantissa, exponent) = text.find(['e', 'E']).map_or((text, ""), |at| text.split_at(at));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let digits = whole.replace(',', "");
    let valid = !whole.starts_with(',') && all_digits(&digits) && all_digits(fraction);
    if !valid || (digits.is_empty() && fraction.is_empty()) {
        return None;
    }
    let value: f64 = format!("{digits}.{fraction}{exponent}").parse().ok()?;
    Some(if negative { -value } else { value })
}

/// Takes the sign off: `-5`, `5-`, `(5)` and `+5`; `None` if there are two.
fn strip_sign(text: &str) -> Option<(&str, bool)> {
    if let Some(inside) = text.strip_prefix('(') {
        return inside.strip_suffix(')').map(|inside| (inside.trim(), true));
    }
    let leading = text.strip_prefix(['-', '+']).map(|rest| (rest.trim_start(), text.starts_with('-')));
    let trailing = text.strip_suffix(['-', '+']).map(|rest| (rest.trim_end(), text.ends_with('-')));
    match (leading, trailing) {
        (Some(_), Some(_)) => None,
        (Some(stripped), None) | (None, Some(stripped)) => Some(stripped),
        (None, None) => Some((text, false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_the_invariant_culture() {
        let cases = [
            ("5", Some(5.0)),
            (" -1,234.5 ", Some(-1234.5)),
            ("5-", Some(-5.0)),
            ("(5)", Some(-5.0)),
            ("+.5e1", Some(5.0)),
            ("5.", Some(5.0)),
            ("1e3", Some(1000.0)),
            ("", None),
            (".", None),
            (",5", None),
            ("1e", None),
            ("0x10", None),
            ("5 m", None),
            ("--5", None),
        ];
        for (text, number) in cases {
            assert_eq!(parse_number(text), number, "{text:?}");
        }
    }
}
