//! Why a text is no route, with what a hint needs.

use std::fmt::{self, Write};
use std::ops::Range;

use super::types::Type;
use crate::identity::NameError;

/// Why a text is no route, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct RouteError {
    /// The bytes of the route that are wrong; empty at its end where something is missing.
    pub span: Range<usize>,
    /// What is wrong.
    pub kind: RouteErrorKind,
}

impl RouteError {
    pub(super) fn new(span: Range<usize>, kind: RouteErrorKind) -> Self {
        Self { span, kind }
    }

    /// Returns what to write instead, where that is known.
    pub fn hint(&self) -> Option<String> {
        self.kind.hint()
    }
}

/// What is wrong with a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteErrorKind {
    /// There is no text but blanks and comments.
    Empty,
    /// Another word was expected.
    Expected {
        /// What could have stood here.
        expected: &'static str,
        /// What stands here; empty at the end of the text.
        found: String,
    },
    /// `/*` made a comment of what was expected.
    CommentedOut {
        /// What was expected.
        expected: &'static str,
    },
    /// A word of the language stands where a path has a name.
    ReservedInPath {
        /// The word.
        word: String,
    },
    /// A character that stands nowhere in the language.
    UnknownSymbol {
        /// The text that holds it.
        symbol: String,
    },
    /// A string without its closing quote.
    UnterminatedString {
        /// The quote that opened it.
        quote: char,
    },
    /// A backslash in a string that begins no escape.
    Escape,
    /// More levels of nesting than edgectl evaluates.
    TooDeep {
        /// The levels that are allowed.
        limit: usize,
    },
    /// More operators in a row than a twin could hold.
    TooManyOperators {
        /// How many there may be.
        limit: usize,
    },
    /// An operator between two types that it does not take.
    Operands {
        /// The operator as written.
        operator: String,
        /// The type that both sides should have; `None`: both the same.
        wanted: Option<Type>,
        /// The type on the left.
        left: Type,
        /// The type on the right.
        right: Type,
        /// The property on one of the sides.
        property: Option<String>,
    },
    /// `||`, which joins strings, where its result does not fit.
    ConcatForOr,
    /// An operator without blanks around it, so that it is part of a name.
    OperatorInName {
        /// The name.
        name: String,
    },
    /// An operator before a type that it does not take.
    Operand {
        /// The operator as written.
        operator: String,
        /// The type that it takes.
        wanted: Type,
        /// The type that follows.
        found: Type,
    },
    /// `-` before, or `%` beside, a body value: the edge hub has no such operation.
    NotOnBody {
        /// The operator.
        operator: String,
    },
    /// `AND` or `OR` with a body value only on its right: the edge hub takes it on the left only.
    BodyOnTheRight {
        /// The operator as written.
        operator: String,
    },
    /// A function that does not exist.
    UnknownFunction {
        /// The name as written.
        name: String,
        /// The function that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A function of IoT Hub's routes that the edge hub cannot compile.
    FunctionNotAtEdge {
        /// The name as written.
        name: String,
    },
    /// A function whose arguments are too few, too many or of wrong types.
    Arguments {
        /// How the function is called.
        usage: &'static str,
        /// The types of the arguments given.
        found: Vec<Type>,
        /// A property among them.
        property: Option<String>,
    },
    /// A `$body.` path outside the grammar of paths.
    BodyPath {
        /// The path as written.
        path: String,
    },
    /// A sink that the edge hub does not have.
    Endpoint(EndpointError),
    /// Text after the sink.
    Trailing {
        /// The first word of it.
        found: String,
    },
}

/// Why a sink is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// A `$` sink that is not `$upstream`.
    #[error("system endpoint type `{name}` is not supported")]
    System {
        /// The sink as written.
        name: String,
    },
    /// A sink function that is not `BrokeredEndpoint`.
    #[error("expected `$upstream` or `BrokeredEndpoint`, found `{name}`")]
    Function {
        /// The function as written.
        name: String,
    },
    /// An address that is not `/modules/M/inputs/I`.
    #[error("expected an address like `/modules/MODULE/inputs/INPUT`, found `{address}`")]
    Address {
        /// The address as written.
        address: String,
    },
    /// A module name in an address that no module can have.
    #[error("the endpoint's module has no valid name: {0}")]
    Module(NameError),
}

impl EndpointError {
    fn hint(&self) -> &'static str {
        match self {
            Self::System { .. } => "the only system endpoint is `$upstream`",
            _ => "write `INTO BrokeredEndpoint(\"/modules/MODULE/inputs/INPUT\")`",
        }
    }
}

impl fmt::Display for RouteErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the route is empty"),
            Self::Expected { expected, found } => write!(f, "expected {expected}, found {}", Found(found)),
            Self::CommentedOut { expected } => {
                write!(f, "expected {expected}, found a comment that ends at the next `*/`")
            }
            Self::ReservedInPath { word } => {
                write!(f, "`{word}` is a word of the routing language and cannot stand in a path")
            }
            Self::UnknownSymbol { symbol } => write!(f, "`{symbol}` is not part of the routing language"),
            Self::UnterminatedString { quote } => write!(f, "the string has no closing {quote}"),
            Self::Escape => f.write_str("the string holds a `\\` that begins no escape"),
            Self::TooDeep { limit } => write!(f, "the condition is nested deeper than {limit} levels"),
            Self::TooManyOperators { limit } => write!(f, "more than {limit} operators follow each other"),
            Self::Operands { operator, wanted, left, right, .. } => {
                write!(f, "`{operator}` takes {}, found {left} and {right}", Sides(*wanted))
            }
            Self::ConcatForOr => f.write_str("`||` joins strings, and what it makes does not fit here"),
            Self::OperatorInName { name } => {
                write!(f, "`{name}` is the name of one property, since operators need blanks on both sides")
            }
            Self::Operand { operator, wanted, found } => write!(f, "`{operator}` takes {wanted}, found {found}"),
            Self::NotOnBody { operator } => write!(f, "the edge hub cannot apply `{operator}` to a body value"),
            Self::BodyOnTheRight { operator } => {
                write!(f, "the edge hub takes a body value on the left side of `{operator}` only")
            }
            Self::UnknownFunction { name, .. } => write!(f, "there is no function `{name}`"),
            Self::FunctionNotAtEdge { name } => write!(f, "the edge hub does not support the function `{name}`"),
            Self::Arguments { usage, found, .. } => write!(f, "expected `{usage}`, found {}", Arguments(found)),
            Self::BodyPath { path } => write!(f, "`{path}` is no path into a body"),
            Self::Endpoint(error) => error.fmt(f),
            Self::Trailing { found } => write!(f, "expected the end of the route after its sink, found `{found}`"),
        }
    }
}

/// What an operator takes on its left and on its right.
struct Sides(Option<Type>);

impl fmt::Display for Sides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(wanted) => write!(f, "{wanted} on both sides"),
            None => f.write_str("two values of one type"),
        }
    }
}

impl RouteErrorKind {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Empty => "write a route such as `FROM /messages/* INTO $upstream`".into(),
            Self::Expected { expected, found } => return hint_for_unexpected(expected, found),
            Self::CommentedOut { .. } => "put blanks between `/` and `*`, or take the other comment out".into(),
            Self::ReservedInPath { .. } => "rename the module or the output, or select it with a condition: \
                `FROM /messages/* WHERE $connectionModuleId = 'NAME'`"
                .into(),
            Self::UnknownSymbol { .. } => "put values in quotes; brackets belong to `$body.name[0]` only".into(),
            Self::UnterminatedString { quote } => format!("close the string with {quote}"),
            Self::Escape => r#"write `\\` for a backslash; the other escapes are `\"`, `\'` and `\u0041`"#.into(),
            Self::TooDeep { .. } | Self::TooManyOperators { .. } => {
                "split the route into several with the same sink".into()
            }
            Self::Operands { operator, wanted, left, right, property } => {
                return hint_for_operands(operator, *wanted, [*left, *right], property.as_deref());
            }
            Self::ConcatForOr => "write `OR`, or put what `||` joins into parentheses".into(),
            Self::OperatorInName { name } => super::warning::hint_for_operator(name),
            Self::Operand { operator, .. } if operator == "-" => "convert it first: `- as_number(…)`".into(),
            Self::Operand { .. } => "`NOT` binds tighter than a comparison: write `NOT (a = b)`".into(),
            Self::NotOnBody { operator } if operator == "-" => "subtract from zero: `0 - $body.…`".into(),
            Self::NotOnBody { .. } => "convert it first: `as_number($body.…) % 2`".into(),
            Self::BodyOnTheRight { .. } => "compare it (`$body.flag = true`), or put it first".into(),
            Self::UnknownFunction { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            Self::UnknownFunction { nearest: None, .. } => {
                format!("the functions are {}", super::function::names().collect::<Vec<_>>().join(", "))
            }
            Self::FunctionNotAtEdge { .. } => {
                "route `FROM /twinChangeNotifications` to a module and look at the patch there".into()
            }
            Self::Arguments { property: Some(name), .. } => format!("properties are strings: `as_number({name})`"),
            Self::Arguments { .. } => return None,
            Self::BodyPath { .. } => "write names with dots and at most one index each: `$body.a.b[0].c`".into(),
            Self::Endpoint(error) => error.hint().into(),
            Self::Trailing { .. } => "a route has one sink; write a second route for another".into(),
        })
    }
}

fn hint_for_unexpected(expected: &str, found: &str) -> Option<String> {
    Some(match found {
        "=" => "a comparison is a single `=`".into(),
        "&&" => "write `AND`".into(),
        "!" => "write `NOT`".into(),
        _ if expected.contains("operator") && found.starts_with(['-', '+', '*', '%', '|', '\'']) => {
            "operators need blanks on both sides".into()
        }
        "" if expected.contains("`INTO`") => "end the route with `INTO $upstream`, for example".into(),
        _ => return None,
    })
}

fn hint_for_operands(operator: &str, wanted: Option<Type>, found: [Type; 2], property: Option<&str>) -> Option<String> {
    let is_expression = |name: &&str| super::warning::holds_operator(name);
    if let Some(name) = property.filter(is_expression) {
        return Some(format!("`{name}` is one name: operators need blanks on both sides"));
    }
    match (wanted, found, property) {
        (Some(Type::String), [Type::Bool, _] | [_, Type::Bool], _) if operator == "||" => {
            Some("`||` joins strings: write `OR`".into())
        }
        (Some(Type::Number), [Type::String, _] | [_, Type::String], Some(name))
        | (None, [Type::String, Type::Number] | [Type::Number, Type::String], Some(name)) => {
            Some(format!("properties are strings: write `as_number({name})`"))
        }
        (None, [Type::String, Type::Bool] | [Type::Bool, Type::String], Some(name)) => {
            Some(format!("properties are strings: compare `{name}` with 'true' or 'false'"))
        }
        (None, [Type::Null, _] | [_, Type::Null], Some(name)) => Some(format!("write `NOT is_defined({name})`")),
        (Some(Type::Bool), [Type::String, _] | [_, Type::String], Some(name)) => {
            Some(format!("properties are strings: write `{name} = 'true'`"))
        }
        _ => None,
    }
}

struct Found<'a>(&'a str);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => f.write_str("the end"),
            text => write!(f, "`{text}`"),
        }
    }
}

struct Arguments<'a>(&'a [Type]);

impl fmt::Display for Arguments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no argument");
        }
        for (index, kind) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(if index + 1 == self.0.len() { " and " } else { ", " })?;
            }
            f.write_fmt(format_args!("{kind}"))?;
        }
        f.write_char(' ').and_then(|()| f.write_str(if self.0.len() == 1 { "as argument" } else { "as arguments" }))
    }
}
