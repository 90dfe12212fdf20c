//! Evaluation of a compiled condition against one message (protocol.md §8.4).

use std::borrow::Cow;
use std::cell::OnceCell;
use std::cmp::Ordering;

use serde_json::Value as Json;

use super::body::{BodyPath, parse_body};
use super::function::Function;
use crate::message::Message;

/// A condition, checked and ready to be evaluated.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Text(String),
    Number(f64),
    Bool(bool),
    Null,
    Undefined,
    /// An application property.
    Property(String),
    /// A system property; `None` is one that no message has.
    System(Option<&'static str>),
    /// `$name`: the application property with the dollar, else the system property without.
    PropertyOrSystem {
        property: String,
        system: Option<&'static str>,
    },
    /// `$body.path`: the application property of that very name where one is possible, else the body's value.
    Body {
        property: Option<String>,
        path: BodyPath,
    },
    Negate(Box<Node>),
    Not(Box<Node>),
    Arithmetic(Arithmetic, Box<[Node; 2]>),
    Compare(Comparison, Box<[Node; 2]>),
    Logic {
        operator: Logic,
        operands: Box<[Node; 2]>,
        certainty: Certainty,
    },
    /// `??`.
    Coalesce(Box<[Node; 2]>),
    Call(Function, Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Logic {
    And,
    Or,
}

/// What an undefined operand means to `AND` and `OR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Certainty {
    /// `false AND undefined` is false, `true OR undefined` is true.
    ThreeValued,
    /// With a body value in it, anything but two bools is undefined.
    BothBools,
}

/// The value of an expression for one message.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'v> {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    Text(Cow<'v, str>),
}

impl Value<'_> {
    /// Not-a-number *is* undefined.
    pub(super) fn number(value: f64) -> Self {
        if value.is_nan() { Self::Undefined } else { Self::Number(value) }
    }

    pub(super) fn bool(value: Option<bool>) -> Self {
        value.map_or(Self::Undefined, Self::Bool)
    }

    /// Returns the three-valued truth; whatever is no bool is undefined.
    fn truth(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Values of different types are ordered by type.
    fn rank(&self) -> u8 {
        match self {
            Self::Undefined => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::Text(_) => 3,
            Self::Null => 4,
        }
    }

    /// Orders two values; `None` if one of them is undefined.
    fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Undefined, _) | (_, Self::Undefined) => None,
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(b),
            // Ordinal means UTF-16 code units, which differs from the order of UTF-8 beyond the basic plane.
            (Self::Text(a), Self::Text(b)) => Some(a.encode_utf16().cmp(b.encode_utf16())),
            (a, b) => Some(a.rank().cmp(&b.rank())),
        }
    }
}

/// A message while routes look at it: its body is parsed once, and only if a condition asks for it.
#[derive(Debug)]
pub struct Subject<'m> {
    message: &'m Message,
    body: OnceCell<Option<Json>>,
}

impl<'m> Subject<'m> {
    /// Prepares a message to be looked at by any number of routes.
    pub fn new(message: &'m Message) -> Self {
        Self { message, body: OnceCell::new() }
    }

    fn body(&self) -> Option<&Json> {
        self.body.get_or_init(|| parse_body(self.message)).as_ref()
    }

    fn property(&self, name: &str) -> Option<Value<'_>> {
        self.message.property(name).map(|text| Value::Text(text.into()))
    }

    fn system(&self, name: Option<&str>) -> Option<Value<'_>> {
        self.message.system(name?).map(|text| Value::Text(text.into()))
    }
}

impl Node {
    /// Says whether this node, or one below it, is such a one.
    pub(super) fn any(&self, is: &dyn Fn(&Self) -> bool) -> bool {
        let below: &[Self] = match self {
            Self::Negate(operand) | Self::Not(operand) => std::slice::from_ref(operand),
            Self::Arithmetic(_, operands)
            | Self::Compare(_, operands)
            | Self::Coalesce(operands)
            | Self::Logic { operands, .. } => operands.as_slice(),
            Self::Call(_, arguments) => arguments,
            _ => &[],
        };
        is(self) || below.iter().any(|node| node.any(is))
    }

    /// Says whether the value is the same for every message.
    pub(super) fn is_constant(&self) -> bool {
        let reads = |node: &Self| {
            matches!(node, Self::Property(_) | Self::System(_) | Self::PropertyOrSystem { .. } | Self::Body { .. })
        };
        !self.any(&reads)
    }

    /// Says whether the condition is true for the message; undefined is not true.
    pub(super) fn is_true(&self, subject: &Subject<'_>) -> bool {
        self.value(subject).truth() == Some(true)
    }

    pub(super) fn value<'v>(&'v self, subject: &'v Subject<'_>) -> Value<'v> {
        match self {
            Self::Text(text) => Value::Text(text.as_str().into()),
            Self::Number(value) => Value::number(*value),
            Self::Bool(value) => Value::Bool(*value),
            Self::Null => Value::Null,
            Self::Undefined => Value::Undefined,
            Self::Property(name) => subject.property(name).unwrap_or(Value::Undefined),
            Self::System(name) => subject.system(*name).unwrap_or(Value::Undefined),
            Self::PropertyOrSystem { property, system } => {
                subject.property(property).or_else(|| subject.system(*system)).unwrap_or(Value::Undefined)
            }
            Self::Body { property, path } => {
                let property = property.as_deref().and_then(|name| subject.property(name));
                property.or_else(|| subject.body().map(|body| path.find(body))).unwrap_or(Value::Undefined)
            }
            Self::Negate(operand) => match operand.value(subject) {
                Value::Number(value) => Value::Number(-value),
                _ => Value::Undefined,
            },
            Self::Not(operand) => match operand.value(subject) {
                Value::Null => Value::Bool(true),
                value => Value::bool(value.truth().map(|truth| !truth)),
            },
            Self::Arithmetic(operator, operands) => operator.apply(operands.each_ref().map(|node| node.value(subject))),
            Self::Compare(operator, operands) => operator.apply(operands.each_ref().map(|node| node.value(subject))),
            Self::Logic { operator, operands, certainty } => {
                operator.apply(operands.each_ref().map(|node| node.value(subject).truth()), *certainty)
            }
            Self::Coalesce(operands) => match operands[0].value(subject) {
                Value::Undefined => operands[1].value(subject),
                value => value,
            },
            Self::Call(function, arguments) => function.call(arguments, subject),
        }
    }
}

impl Arithmetic {
    fn apply<'v>(self, operands: [Value<'v>; 2]) -> Value<'v> {
        let [Value::Number(left), Value::Number(right)] = operands else { return Value::Undefined };
        Value::number(match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
            Self::Remainder => left % right,
        })
    }
}

impl Comparison {
    fn apply<'v>(self, [left, right]: [Value<'v>; 2]) -> Value<'v> {
        Value::bool(left.order(&right).map(|order| match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
        }))
    }
}

impl Logic {
    fn apply<'v>(self, truths: [Option<bool>; 2], certainty: Certainty) -> Value<'v> {
        let decisive = Some(self == Self::Or);
        Value::bool(match (truths, certainty) {
            ([Some(left), Some(right)], _) => Some(if self == Self::And { left && right } else { left || right }),
            ([left, right], Certainty::ThreeValued) if left == decisive || right == decisive => decisive,
            _ => None,
        })
    }
}
