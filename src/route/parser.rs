//! Tokens to a route: the frame by hand, the condition by binding powers. Types are checked on the way.

use std::ops::Range;

use super::check;
use super::error::{EndpointError, RouteError, RouteErrorKind};
use super::evaluate::Node;
use super::lexer::{Kind, Token, Tokens};
use super::sink::{Sink, parse_address};
use super::types::{Type, Typed};
use super::warning::holds_operator;

/// Levels of nesting that are parsed; recursion is bounded by it.
const MAX_DEPTH: usize = 200;

/// Operators in a row: about as many as fit into the 4096 bytes that a twin has for a route. Evaluation recurses over them.
const MAX_OPERATORS: usize = 500;

/// How tightly `-` and `NOT` bind: tighter than any operator between two operands.
const PREFIX: u8 = 8;

/// The parts of a route.
#[derive(Debug)]
pub(super) struct Parts<'t> {
    /// The `/` and item tokens between `FROM` and what follows.
    pub(super) path: Vec<Token<'t>>,
    pub(super) condition: Option<Typed>,
    pub(super) sink: Sink,
    /// Names of application properties in the condition.
    pub(super) properties: Vec<Token<'t>>,
    /// Names with a `$` in the condition.
    pub(super) system: Vec<Token<'t>>,
    /// Calls of `is_null` on body values.
    pub(super) null_checks: Vec<Range<usize>>,
}

/// Parses a whole route.
pub(super) fn parse<'t>(tokens: &Tokens<'t>) -> Result<Parts<'t>, RouteError> {
    let mut parser = Parser {
        tokens: &tokens.tokens,
        comments: &tokens.comments,
        at: 0,
        depth: 0,
        properties: Vec::new(),
        system: Vec::new(),
        null_checks: Vec::new(),
    };
    if parser.peek().kind == Kind::End {
        return Err(RouteError::new(0..parser.peek().start, RouteErrorKind::Empty));
    }
    if parser.take(Kind::Select).is_some() {
        parser.expect(Kind::Star, "`*` after `SELECT`")?;
        parser.expect(Kind::From, "`FROM`")?;
    } else {
        parser.expect(Kind::From, "`FROM` or `SELECT`")?;
    }
    let path = parser.path()?;
    let condition = match parser.take(Kind::Where) {
        Some(_) => Some(parser.expression(0)?),
        None => None,
    };
    match condition {
        Some(_) => parser.expect(Kind::Into, "an operator or `INTO`")?,
        None => parser.expect_after_path(Kind::Into, "`/`, `WHERE` or `INTO`")?,
    };
    let sink = parser.sink()?;
    let after = parser.peek();
    if after.kind != Kind::End {
        return Err(RouteError::new(after.span(), RouteErrorKind::Trailing { found: after.text.to_owned() }));
    }
    let Parser { properties, system, null_checks, .. } = parser;
    Ok(Parts { path, condition, sink, properties, system, null_checks })
}

struct Parser<'p, 't> {
    tokens: &'p [Token<'t>],
    comments: &'p [Range<usize>],
    at: usize,
    depth: usize,
    properties: Vec<Token<'t>>,
    system: Vec<Token<'t>>,
    null_checks: Vec<Range<usize>>,
}

impl<'t> Parser<'_, 't> {
    fn peek(&self) -> Token<'t> {
        self.tokens[self.at]
    }

    /// Goes one token on; the end stays where it is.
    fn advance(&mut self) -> Token<'t> {
        let token = self.peek();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    fn take(&mut self, kind: Kind) -> Option<Token<'t>> {
        (self.peek().kind == kind).then(|| self.advance())
    }

    fn expect(&mut self, kind: Kind, expected: &'static str) -> Result<Token<'t>, RouteError> {
        self.take(kind).ok_or_else(|| self.unexpected(expected))
    }

    /// As `expect`, where a path ending with `/*` may have made a comment of what follows.
    fn expect_after_path(&mut self, kind: Kind, expected: &'static str) -> Result<Token<'t>, RouteError> {
        let before = self.at.checked_sub(1).map_or(0, |before| self.tokens[before].span().end);
        let comment = self.comments.iter().find(|comment| (before..self.peek().start).contains(&comment.start));
        match comment {
            Some(comment) if self.peek().kind != kind => {
                Err(RouteError::new(comment.clone(), RouteErrorKind::CommentedOut { expected }))
            }
            _ => self.expect(kind, expected),
        }
    }

    /// The error for the next token, which may be one that is wrong wherever it stands.
    fn unexpected(&self, expected: &'static str) -> RouteError {
        let token = self.peek();
        let before = self.at.checked_sub(1).map(|before| self.tokens[before]);
        let is_joined = |before: &Token<'_>| before.kind == Kind::Id && holds_operator(before.text);
        if let Some(before) = before.filter(|before| expected.contains("operator") && is_joined(before)) {
            let kind = RouteErrorKind::OperatorInName { name: before.text.to_owned() };
            return RouteError::new(before.span(), kind);
        }
        let kind = match token.kind {
            Kind::Stray => RouteErrorKind::UnknownSymbol { symbol: token.text.to_owned() },
            Kind::Unterminated if self.tokens[self.at + 1].text == "\\" => RouteErrorKind::Escape,
            Kind::Unterminated => {
                RouteErrorKind::UnterminatedString { quote: token.text.chars().next().unwrap_or('"') }
            }
            _ => RouteErrorKind::Expected { expected, found: token.text.to_owned() },
        };
        RouteError::new(token.span(), kind)
    }

    fn path(&mut self) -> Result<Vec<Token<'t>>, RouteError> {
        let mut path = Vec::new();
        let mut expected = "a path such as `/messages/*`";
        while path.is_empty() || self.peek().kind == Kind::Slash {
            path.push(self.expect_after_path(Kind::Slash, expected)?);
            expected = "a name or `*`";
            path.push(match self.peek().kind {
                Kind::Id | Kind::Star => self.advance(),
                Kind::Slash | Kind::End | Kind::Stray | Kind::Unterminated => return Err(self.unexpected(expected)),
                _ => {
                    let word = self.peek();
                    let kind = RouteErrorKind::ReservedInPath { word: word.text.to_owned() };
                    return Err(RouteError::new(word.span(), kind));
                }
            });
        }
        Ok(path)
    }

    fn sink(&mut self) -> Result<Sink, RouteError> {
        if let Some(endpoint) = self.take(Kind::System) {
            if endpoint.text.eq_ignore_ascii_case("$upstream") {
                return Ok(Sink::Upstream);
            }
            let error = EndpointError::System { name: endpoint.text.to_owned() };
            return Err(RouteError::new(endpoint.span(), RouteErrorKind::Endpoint(error)));
        }
        let function = self.expect(Kind::Id, "a sink such as `$upstream`")?;
        if !function.text.eq_ignore_ascii_case("BrokeredEndpoint") {
            let error = EndpointError::Function { name: function.text.to_owned() };
            return Err(RouteError::new(function.span(), RouteErrorKind::Endpoint(error)));
        }
        self.expect(Kind::Open, "`(`")?;
        let address = self.expect(Kind::String, "an address in quotes")?;
        let sink = parse_address(&address.text[1..address.text.len() - 1]);
        let sink = sink.map_err(|error| RouteError::new(address.span(), RouteErrorKind::Endpoint(error)))?;
        self.expect(Kind::Close, "`)`")?;
        Ok(sink)
    }

    /// Parses an expression whose operators bind tighter than `floor`.
    fn expression(&mut self, floor: u8) -> Result<Typed, RouteError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let kind = RouteErrorKind::TooDeep { limit: MAX_DEPTH };
            return Err(RouteError::new(self.peek().span(), kind));
        }
        let mut left = self.operand()?;
        while let Some(power) = binding_power(self.peek().kind).filter(|power| *power > floor) {
            let operator = self.advance();
            let right = self.expression(power)?;
            let span = left.span.start..right.span.end;
            left = check::binary(operator, left, right).map_err(|error| self.explain(error, &span))?;
            if left.depth > MAX_OPERATORS {
                return Err(RouteError::new(left.span, RouteErrorKind::TooManyOperators { limit: MAX_OPERATORS }));
            }
        }
        self.depth -= 1;
        Ok(left)
    }

    /// Names `||` as what is wrong with two operands, if it stands among them.
    fn explain(&self, error: RouteError, operands: &Range<usize>) -> RouteError {
        let is_concat = |token: &&Token<'_>| token.kind == Kind::Concat && operands.contains(&token.start);
        match (&error.kind, self.tokens.iter().find(is_concat)) {
            (RouteErrorKind::Operands { operator, .. }, Some(concat)) if operator != "||" => {
                RouteError::new(concat.span(), RouteErrorKind::ConcatForOr)
            }
            _ => error,
        }
    }

    fn operand(&mut self) -> Result<Typed, RouteError> {
        let token = self.peek();
        match token.kind {
            Kind::Open => self.nested(),
            Kind::OpenBrace => self.escaped(),
            Kind::Minus | Kind::Not => {
                self.advance();
                let operand = self.expression(PREFIX)?;
                check::unary(token, operand)
            }
            Kind::System => {
                self.advance();
                self.system.push(token);
                check::system(token, false)
            }
            Kind::Id => {
                self.advance();
                if self.peek().kind == Kind::Open {
                    return self.call(token);
                }
                self.properties.push(token);
                Ok(Typed::leaf(Node::Property(token.text.to_owned()), Type::String, token.span()))
            }
            _ => {
                let (node, kind) = literal(token).ok_or_else(|| self.unexpected("a value"))?;
                self.advance();
                Ok(Typed::leaf(node, kind, token.span()))
            }
        }
    }

    fn nested(&mut self) -> Result<Typed, RouteError> {
        let open = self.advance();
        let inside = self.expression(0)?;
        let close = self.expect(Kind::Close, "an operator or `)`")?;
        Ok(Typed { span: open.start..close.span().end, ..inside })
    }

    fn escaped(&mut self) -> Result<Typed, RouteError> {
        self.advance();
        let name = self.expect(Kind::System, "a name with `$`, such as `{$contentType}`")?;
        self.expect(Kind::CloseBrace, "`}`")?;
        self.system.push(name);
        check::system(name, true)
    }

    fn call(&mut self, name: Token<'t>) -> Result<Typed, RouteError> {
        self.advance();
        let mut arguments = Vec::new();
        while arguments.is_empty() && self.peek().kind != Kind::Close || self.take(Kind::Comma).is_some() {
            arguments.push(self.expression(0)?);
        }
        let close = self.expect(Kind::Close, "`,` or `)`")?;
        let span = name.start..close.span().end;
        if name.text.eq_ignore_ascii_case("is_null") && arguments.first().is_some_and(|a| a.kind == Type::Dynamic) {
            self.null_checks.push(span.clone());
        }
        check::call(name, arguments, span)
    }
}

/// Operators between two operands, the tightest highest; all group from the left.
fn binding_power(kind: Kind) -> Option<u8> {
    Some(match kind {
        Kind::Star | Kind::Slash | Kind::Percent => 7,
        Kind::Plus | Kind::Minus | Kind::Concat => 6,
        Kind::Less | Kind::LessEqual | Kind::Greater | Kind::GreaterEqual => 5,
        Kind::Equal | Kind::NotEqual => 4,
        Kind::And => 3,
        Kind::Or => 2,
        Kind::Coalesce => 1,
        _ => return None,
    })
}

fn literal(token: Token<'_>) -> Option<(Node, Type)> {
    // A number that no double can be read from is undefined at run time, and a number to the type check.
    let number = |value: Option<f64>| (value.map_or(Node::Undefined, Node::Number), Type::Number);
    Some(match token.kind {
        Kind::True => (Node::Bool(true), Type::Bool),
        Kind::False => (Node::Bool(false), Type::Bool),
        Kind::Null => (Node::Null, Type::Null),
        Kind::Undefined => (Node::Undefined, Type::Undefined),
        Kind::String => (Node::Text(unescape(&token.text[1..token.text.len() - 1])), Type::String),
        Kind::Integer | Kind::Real => number(token.text.parse().ok()),
        Kind::Hex => number(u64::from_str_radix(&token.text[2..], 16).ok().map(|bits| bits.cast_signed() as f64)),
        _ => return None,
    })
}

/// Resolves the escapes of a string that the lexer has accepted.
fn unescape(text: &str) -> String {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        units.extend(plain.encode_utf16());
        let code = escape.strip_prefix('u').and_then(|digits| digits.get(..4));
        let length = match code.and_then(|digits| u16::from_str_radix(digits, 16).ok()) {
            Some(unit) => {
                units.push(unit);
                5
            }
            None => {
                units.extend(escape[..1].encode_utf16());
                1
            }
        };
        rest = &escape[length..];
    }
    units.extend(rest.encode_utf16());
    String::from_utf16_lossy(&units)
}
