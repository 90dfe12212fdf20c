//! Static types: which operands an operator and which arguments a function takes (protocol.md §8.4, §8.5).

use std::ops::Range;

use super::body::BodyPath;
use super::error::{RouteError, RouteErrorKind};
use super::evaluate::{Arithmetic, Certainty, Comparison, Logic, Node};
use super::function::{self, Function};
use super::lexer::{Kind, Token};
use super::types::{Type, Typed};
use crate::message::system;
use crate::text::nearest;

type Checked = Result<Typed, RouteError>;

const BODY: &str = "$body.";

/// Checks `$name` and `{$name}`.
pub(super) fn system(token: Token<'_>, escaped: bool) -> Checked {
    let name = token.text;
    let bracketed = name.contains(['[', ']']);
    // An application property cannot be called so: its name has no brackets, and braces ask for the system's.
    let property = (!escaped && !bracketed).then(|| name.to_owned());
    let is_body = name.get(..BODY.len()).is_some_and(|start| start.eq_ignore_ascii_case(BODY));
    if is_body {
        let Some(path) = BodyPath::parse(&name[BODY.len()..]) else {
            return Err(RouteError::new(token.span(), RouteErrorKind::BodyPath { path: name.to_owned() }));
        };
        return Ok(Typed::leaf(Node::Body { property, path }, Type::Dynamic, token.span()));
    }
    if bracketed {
        return Ok(Typed::leaf(Node::Undefined, Type::Undefined, token.span()));
    }
    let system = system::find(&name[1..]);
    let node = match property {
        Some(property) => Node::PropertyOrSystem { property, system },
        None => Node::System(system),
    };
    Ok(Typed::leaf(node, Type::String, token.span()))
}

/// Checks `- operand` and `NOT operand`.
pub(super) fn unary(operator: Token<'_>, operand: Typed) -> Checked {
    let span = operator.start..operand.span.end;
    let depth = operand.depth + 1;
    let wanted = if operator.kind == Kind::Not { Type::Bool } else { Type::Number };
    if operator.kind == Kind::Minus && operand.kind == Type::Dynamic {
        return Err(RouteError::new(span, RouteErrorKind::NotOnBody { operator: operator.text.to_owned() }));
    }
    if !(operand.kind.fits(wanted) || (wanted == Type::Bool && operand.kind == Type::Null)) {
        let kind = RouteErrorKind::Operand { operator: operator.text.to_owned(), wanted, found: operand.kind };
        return Err(RouteError::new(span, kind));
    }
    let operand = Box::new(operand.node);
    let node = if wanted == Type::Bool { Node::Not(operand) } else { Node::Negate(operand) };
    Ok(Typed { node, kind: wanted, span, depth })
}

/// Checks an operator between two operands.
pub(super) fn binary(operator: Token<'_>, left: Typed, right: Typed) -> Checked {
    match operator.kind {
        Kind::And => logic(operator, Logic::And, left, right),
        Kind::Or => logic(operator, Logic::Or, left, right),
        Kind::Plus => arithmetic(operator, Arithmetic::Add, left, right),
        Kind::Minus => arithmetic(operator, Arithmetic::Subtract, left, right),
        Kind::Star => arithmetic(operator, Arithmetic::Multiply, left, right),
        Kind::Slash => arithmetic(operator, Arithmetic::Divide, left, right),
        Kind::Percent => arithmetic(operator, Arithmetic::Remainder, left, right),
        Kind::Concat => concat(operator, left, right),
        Kind::Coalesce => coalesce(operator, left, right),
        Kind::Less => compare(operator, Comparison::Less, left, right),
        Kind::LessEqual => compare(operator, Comparison::LessOrEqual, left, right),
        Kind::Greater => compare(operator, Comparison::Greater, left, right),
        Kind::GreaterEqual => compare(operator, Comparison::GreaterOrEqual, left, right),
        Kind::NotEqual => compare(operator, Comparison::NotEqual, left, right),
        _ => compare(operator, Comparison::Equal, left, right),
    }
}

fn arithmetic(operator: Token<'_>, operation: Arithmetic, left: Typed, right: Typed) -> Checked {
    require(operator, &left, &right, Type::Number)?;
    let dynamic = [left.kind, right.kind].contains(&Type::Dynamic);
    if dynamic && operation == Arithmetic::Remainder {
        let kind = RouteErrorKind::NotOnBody { operator: operator.text.to_owned() };
        return Err(RouteError::new(both(&left, &right), kind));
    }
    let kind = if dynamic { Type::Dynamic } else { Type::Number };
    Ok(join(left, right, kind, |operands| Node::Arithmetic(operation, operands)))
}

fn concat(operator: Token<'_>, left: Typed, right: Typed) -> Checked {
    require(operator, &left, &right, Type::String)?;
    Ok(join(left, right, Type::String, |operands| Node::Call(Function::Concat, Vec::from(operands as Box<[Node]>))))
}

fn compare(operator: Token<'_>, comparison: Comparison, left: Typed, right: Typed) -> Checked {
    require_same(operator, &left, &right)?;
    Ok(join(left, right, Type::Bool, |operands| Node::Compare(comparison, operands)))
}

fn coalesce(operator: Token<'_>, left: Typed, right: Typed) -> Checked {
    require_same(operator, &left, &right)?;
    let kind = if right.kind == Type::Dynamic { Type::Dynamic } else { left.kind };
    Ok(join(left, right, kind, Node::Coalesce))
}

/// `AND` takes null as null and `OR` takes it as nothing; both take `undefined`.
fn logic(operator: Token<'_>, logic: Logic, left: Typed, right: Typed) -> Checked {
    let is_static = |kind| matches!(kind, Type::Bool | Type::Null | Type::Undefined);
    if is_static(left.kind) && right.kind == Type::Dynamic {
        let kind = RouteErrorKind::BodyOnTheRight { operator: operator.text.to_owned() };
        return Err(RouteError::new(right.span, kind));
    }
    if !(is_static(left.kind) || left.kind == Type::Dynamic) || !(is_static(right.kind) || right.kind == Type::Dynamic)
    {
        return Err(mismatch(operator, &left, &right, Some(Type::Bool)));
    }
    if left.kind == Type::Dynamic {
        let certainty = Certainty::BothBools;
        return Ok(join(left, right, Type::Dynamic, |operands| Node::Logic { operator: logic, operands, certainty }));
    }
    Ok(match (logic, left.kind, right.kind) {
        (Logic::And, Type::Null, _) | (Logic::And, _, Type::Null) | (Logic::Or, Type::Null, Type::Null) => {
            Typed::leaf(Node::Null, Type::Null, both(&left, &right))
        }
        (Logic::Or, Type::Null, _) => Typed { span: both(&left, &right), ..right },
        (Logic::Or, _, Type::Null) => Typed { span: both(&left, &right), ..left },
        _ => {
            let certainty = Certainty::ThreeValued;
            join(left, right, Type::Bool, |operands| Node::Logic { operator: logic, operands, certainty })
        }
    })
}

/// Checks a call.
pub(super) fn call(name: Token<'_>, arguments: Vec<Typed>, span: Range<usize>) -> Checked {
    let fail = |kind| Err(RouteError::new(span.clone(), kind));
    let Some(declaration) = function::find(name.text) else {
        return Err(RouteError::new(name.span(), unknown_function(name.text)));
    };
    let given: Vec<Type> = arguments.iter().map(|argument| argument.kind).collect();
    if !declaration.takes(&given) {
        // Only if a number instead of it is what the function takes.
        let numbers: Vec<Type> =
            arguments.iter().map(|a| if a.property().is_some() { Type::Number } else { a.kind }).collect();
        let property = arguments.iter().find_map(|argument| argument.property());
        let property = property.filter(|_| declaration.takes(&numbers)).map(str::to_owned);
        return fail(RouteErrorKind::Arguments { usage: declaration.usage, found: given, property });
    }
    let depth = 1 + arguments.iter().map(|argument| argument.depth).max().unwrap_or_default();
    let nodes = arguments.into_iter().map(|argument| argument.node).collect();
    Ok(Typed { node: Node::Call(declaration.function, nodes), kind: declaration.returns, span, depth })
}

fn unknown_function(name: &str) -> RouteErrorKind {
    if name.eq_ignore_ascii_case("twin_change_includes") {
        return RouteErrorKind::FunctionNotAtEdge { name: name.to_owned() };
    }
    RouteErrorKind::UnknownFunction { name: name.to_owned(), nearest: nearest(name, function::names()) }
}

fn require(operator: Token<'_>, left: &Typed, right: &Typed, wanted: Type) -> Result<(), RouteError> {
    let fits = left.kind.fits(wanted) && right.kind.fits(wanted);
    if fits { Ok(()) } else { Err(mismatch(operator, left, right, Some(wanted))) }
}

fn require_same(operator: Token<'_>, left: &Typed, right: &Typed) -> Result<(), RouteError> {
    let fits = left.kind.fits(right.kind) || right.kind.fits(left.kind);
    if fits { Ok(()) } else { Err(mismatch(operator, left, right, None)) }
}

fn mismatch(operator: Token<'_>, left: &Typed, right: &Typed, wanted: Option<Type>) -> RouteError {
    let kind = RouteErrorKind::Operands {
        operator: operator.text.to_owned(),
        wanted,
        left: left.kind,
        right: right.kind,
        property: left.property().or_else(|| right.property()).map(str::to_owned),
    };
    RouteError::new(both(left, right), kind)
}

fn join(left: Typed, right: Typed, kind: Type, node: impl FnOnce(Box<[Node; 2]>) -> Node) -> Typed {
    let span = both(&left, &right);
    let depth = 1 + left.depth.max(right.depth);
    Typed { node: node(Box::new([left.node, right.node])), kind, span, depth }
}

fn both(left: &Typed, right: &Typed) -> Range<usize> {
    left.span.start..right.span.end
}
