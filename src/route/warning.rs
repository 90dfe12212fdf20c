//! What a valid route says that its writer probably did not mean.

use std::fmt;
use std::ops::Range;

use super::evaluate::{Node, Subject};
use super::lexer::Token;
use super::parser::Parts;
use super::system::{self, SYSTEM_PROPERTIES};
use super::types::{Type, Typed};
use crate::message::Message;
use crate::text::nearest;

/// Something in a valid route that probably is not meant so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct RouteWarning {
    /// The bytes of the route that it is about.
    pub span: Range<usize>,
    /// What it is.
    pub kind: RouteWarningKind,
}

/// What a writer of a route probably did not mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteWarningKind {
    /// A `*` that is not the end of the path is an ordinary character.
    StarInside {
        /// The item that holds it.
        item: String,
    },
    /// `/messages/modules/fil*` is cut to the module `fil`.
    PartialName {
        /// The item without its stars.
        name: String,
    },
    /// No message has a source that begins like this path.
    NoSuchSource {
        /// The path as it is compared.
        source: String,
    },
    /// `/*` and a later `*/` made a comment of a part of the path.
    CommentInPath,
    /// The condition can never be true: it is no bool.
    NeverTrue {
        /// Its type.
        found: Type,
    },
    /// The condition has no message in it, and is not true.
    AlwaysFalse,
    /// Twin changes have no content type, so their body has no values.
    BodyOfTwinChange,
    /// The name holds an operator.
    OperatorInName {
        /// The name.
        name: String,
    },
    /// The real hub's `is_null` answers the opposite for body values.
    IsNull,
    /// No message has a property that `$` and this name lead to.
    NoSuchProperty {
        /// The name without its `$`.
        name: String,
    },
}

impl fmt::Display for RouteWarningKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StarInside { item } => {
                write!(f, "`{item}` is compared as it stands, since `*` means anything only at the end of a path")
            }
            Self::PartialName { name } => write!(f, "`{name}*` selects `{name}` only, not every name that begins so"),
            Self::NoSuchSource { source } => write!(f, "no message comes from `{source}`"),
            Self::CommentInPath => f.write_str("`/*` and the next `*/` make a comment of this part of the path"),
            Self::NeverTrue { found } => write!(f, "the condition is {found}, which is never true"),
            Self::AlwaysFalse => f.write_str("the condition is never true, whatever the message"),
            Self::BodyOfTwinChange => {
                f.write_str("a twin change has no content type, so `$body` is undefined in it and nothing matches")
            }
            Self::OperatorInName { name } => {
                write!(f, "`{name}` is the name of one property, since operators need blanks on both sides")
            }
            Self::NoSuchProperty { name } => {
                write!(f, "`${name}` is no system property, so that no message has it")
            }
            Self::IsNull => f.write_str(
                "the real edge hub answers `is_null` wrongly for body values; `$body.… = null` means the same everywhere",
            ),
        }
    }
}

impl RouteWarning {
    /// Returns what to write instead.
    pub fn hint(&self) -> String {
        match &self.kind {
            RouteWarningKind::StarInside { .. } => {
                "write one route for each module or output, or `FROM /messages/*` with a condition".into()
            }
            RouteWarningKind::PartialName { name } => {
                format!("write `{name}`, or the whole name, or `*` alone with a condition")
            }
            RouteWarningKind::NoSuchSource { .. } => {
                "write `/messages/*`, `/messages/modules/MODULE/outputs/OUTPUT` or `/twinChangeNotifications`".into()
            }
            RouteWarningKind::CommentInPath => "put a blank before `/*`, or take the comment out".into(),
            RouteWarningKind::NeverTrue { .. } => "write a comparison, such as `level = 'high'`".into(),
            RouteWarningKind::AlwaysFalse => "name a property in it, or take the route out".into(),
            RouteWarningKind::BodyOfTwinChange => "route all twin changes to a module, and look at them there".into(),
            RouteWarningKind::OperatorInName { name } => hint_for_operator(name),
            RouteWarningKind::IsNull => "write `$body.… = null`".into(),
            RouteWarningKind::NoSuchProperty { name } => hint_for_property(name),
        }
    }
}

fn hint_for_property(name: &str) -> String {
    if name.eq_ignore_ascii_case("body") {
        return "write `$body.NAME` for a value of the body".into();
    }
    match nearest(name, SYSTEM_PROPERTIES) {
        Some(near) => format!("did you mean `${near}`?"),
        None => format!("write `{name}` for a property that modules set, or define the variable `{name}`"),
    }
}

/// Shows a name as the expression that it probably is: `a!` as `a !=`, `x*2` as `x * 2`.
pub(super) fn hint_for_operator(name: &str) -> String {
    if let Some(name) = name.strip_suffix('!') {
        return format!("write `{name} != …`, with blanks");
    }
    let mut spaced = String::new();
    for c in name.replace("||", "\0").chars() {
        match c {
            '\0' => spaced.push_str(" || "),
            '*' | '+' | '%' | '|' => spaced.extend([' ', c, ' ']),
            other => spaced.push(other),
        }
    }
    format!("write `{}`, with blanks", spaced.trim())
}

/// Finds everything worth a warning in a route.
pub(super) fn find(parts: &Parts<'_>, source: &str, comments: &[Range<usize>]) -> Vec<RouteWarning> {
    let mut found = Vec::new();
    let mut warn = |span, kind| found.push(RouteWarning { span, kind });
    let path = parts.path.first().map_or(0, |token| token.start)..parts.path.last().map_or(0, |token| token.span().end);
    if let Some((span, kind)) = about_path(&parts.path, source) {
        warn(span.unwrap_or(path), kind);
    }
    let touches_path = |comment: &&Range<usize>| parts.path.iter().any(|token| token.span().end == comment.start);
    for comment in comments.iter().filter(touches_path) {
        warn(comment.clone(), RouteWarningKind::CommentInPath);
    }
    for token in parts.properties.iter().filter(|token| holds_operator(token.text)) {
        warn(token.span(), RouteWarningKind::OperatorInName { name: token.text.to_owned() });
    }
    for token in parts.system.iter().filter(|token| !is_property(token.text)) {
        warn(token.span(), RouteWarningKind::NoSuchProperty { name: token.text[1..].to_owned() });
    }
    for span in &parts.null_checks {
        warn(span.clone(), RouteWarningKind::IsNull);
    }
    if let Some(condition) = parts.condition.as_ref().filter(|c| !matches!(c.kind, Type::Bool | Type::Dynamic)) {
        warn(condition.span.clone(), RouteWarningKind::NeverTrue { found: condition.kind });
    }
    if let Some((span, kind)) = parts.condition.as_ref().and_then(|condition| about_condition(condition, source)) {
        warn(span, kind);
    }
    found
}

/// Says whether a name with its `$` leads to something that a message may have.
fn is_property(name: &str) -> bool {
    let is_body = name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("$body."));
    is_body || system::is_known(&name[1..])
}

fn about_condition(condition: &Typed, source: &str) -> Option<(Range<usize>, RouteWarningKind)> {
    let Typed { node, kind, span, .. } = condition;
    let nobody = Message::default();
    if *kind == Type::Bool && node.is_constant() && !node.is_true(&Subject::new(&nobody)) {
        return Some((span.clone(), RouteWarningKind::AlwaysFalse));
    }
    let reads_body = node.any(&|node| matches!(node, Node::Body { .. }));
    let is_twin_change = source.eq_ignore_ascii_case("/twinChangeNotifications/");
    (is_twin_change && reads_body).then(|| (span.clone(), RouteWarningKind::BodyOfTwinChange))
}

/// Says whether a name looks like an expression written without blanks.
pub(super) fn holds_operator(name: &str) -> bool {
    name.ends_with('!') || name.contains(['*', '+', '%', '|', '\''])
}

fn about_path(path: &[Token<'_>], source: &str) -> Option<(Option<Range<usize>>, RouteWarningKind)> {
    let mut items = path.iter().skip(1).step_by(2);
    let last = items.next_back()?;
    if let Some(item) = items.find(|item| item.text.contains('*')) {
        return Some((Some(item.span()), RouteWarningKind::StarInside { item: item.text.to_owned() }));
    }
    let name = last.text.trim_end_matches('*');
    if name.contains('*') {
        return Some((Some(last.span()), RouteWarningKind::StarInside { item: last.text.to_owned() }));
    }
    if !name.is_empty() && name.len() < last.text.len() {
        return Some((Some(last.span()), RouteWarningKind::PartialName { name: name.to_owned() }));
    }
    (!is_possible(source)).then(|| (None, RouteWarningKind::NoSuchSource { source: source.to_owned() }))
}

/// Says whether some message can have a source that begins so (protocol.md §8.2).
fn is_possible(source: &str) -> bool {
    let segments: Vec<String> = source.split('/').map(str::to_ascii_lowercase).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).filter(|segment| !segment.is_empty()).collect();
    matches!(
        segments[..],
        [] | ["twinchangenotifications"]
            | ["messages"]
            | ["messages", "modules"]
            | ["messages", "modules", _]
            | ["messages", "modules", _, "outputs"]
            | ["messages", "modules", _, "outputs", _]
    )
}
