//! The routing language: parsing and evaluation. Knows nothing of who is connected; see `edgehub`.
//!
//! A [`Route`] is parsed, type-checked and compiled once, then asked for every message. It reads as the real hub
//! reads, traps included (longest match, `NOT a = b`, a missing body value is greater than any number); where that
//! is surely not what the writer meant, there is a [`RouteWarning`]. Stricter than the real hub in one thing: text
//! after the sink is an error.

mod body;
mod check;
mod error;
mod evaluate;
mod function;
mod lexer;
mod parser;
mod sink;
mod system;
#[cfg(test)]
mod tests;
mod types;
mod warning;

use crate::message::Message;

pub use error::{EndpointError, RouteError, RouteErrorKind};
pub use evaluate::Subject;
pub use sink::Sink;
pub use system::SYSTEM_PROPERTIES;
pub use types::Type;
pub use warning::{RouteWarning, RouteWarningKind};

use evaluate::Node;
use lexer::{Kind, Token};

/// A compiled route.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    text: String,
    source: String,
    condition: Node,
    sink: Sink,
    warnings: Vec<RouteWarning>,
}

impl Route {
    /// Parses, checks and compiles a route.
    pub fn parse(text: &str) -> Result<Self, RouteError> {
        let tokens = lexer::tokenize(text);
        let parts = parser::parse(&tokens)?;
        let source = normalized_source(&parts.path);
        let warnings = warning::find(&parts, &source, &tokens.comments);
        let condition = parts.condition.map_or(Node::Bool(true), |condition| condition.node);
        Ok(Self { text: text.to_owned(), source, condition, sink: parts.sink, warnings })
    }

    /// Returns the text that was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns where the route leads.
    pub fn sink(&self) -> &Sink {
        &self.sink
    }

    /// Returns how a message's source must begin: the path without trailing `*`, ending with one `/`.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns what the writer of the route probably did not mean.
    pub fn warnings(&self) -> &[RouteWarning] {
        &self.warnings
    }

    /// Says whether the route takes every message that comes from its source.
    pub fn is_unconditional(&self) -> bool {
        self.condition == Node::Bool(true)
    }

    /// Says whether the route takes a message; `source` is [`Message::source`].
    pub fn matches(&self, source: &str, message: &Message) -> bool {
        self.takes(source, &Subject::new(message))
    }

    /// As [`Route::matches`], for a message that many routes look at.
    pub fn takes(&self, source: &str, subject: &Subject<'_>) -> bool {
        let start = source.as_bytes().get(..self.source.len());
        let begins = start.is_some_and(|start| start.eq_ignore_ascii_case(self.source.as_bytes()));
        begins && self.admits(subject)
    }

    /// Says whether the condition takes a message that comes from the right source.
    pub fn admits(&self, subject: &Subject<'_>) -> bool {
        self.condition.is_true(subject)
    }
}

/// Says whether a name is a word of the language (`and`, `true`, `123`, `e5`, `$x`), so that no path can hold it.
pub fn is_reserved_word(name: &str) -> bool {
    let tokens = lexer::tokenize(name).tokens;
    matches!(tokens[..], [word, _] if word.text == name && !matches!(word.kind, Kind::Id | Kind::Stray))
}

fn normalized_source(path: &[Token<'_>]) -> String {
    let path: String = path.iter().map(|token| token.text).collect();
    format!("{}/", path.trim_end_matches('*').trim_end_matches('/'))
}
