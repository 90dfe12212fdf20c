//! What is known of an expression before any message came.

use std::fmt;
use std::ops::Range;

use super::evaluate::Node;

/// The static type of an expression (protocol.md §8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Text; every application and system property is text.
    String,
    /// A double.
    Number,
    /// True, false or undefined.
    Bool,
    /// The literal `null`.
    Null,
    /// The literal `undefined`.
    Undefined,
    /// A value of the body, whose type only the message knows.
    Dynamic,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String => "a string",
            Self::Number => "a number",
            Self::Bool => "a bool",
            Self::Null => "null",
            Self::Undefined => "undefined",
            Self::Dynamic => "a body value",
        })
    }
}

impl Type {
    /// Says whether an expression of this type can stand where `wanted` is expected.
    pub(super) fn fits(self, wanted: Self) -> bool {
        self == wanted || (self == Self::Dynamic && wanted.is_found_in_bodies())
    }

    /// Says whether a body value can turn out to be of this type.
    pub(super) fn is_found_in_bodies(self) -> bool {
        self != Self::Undefined
    }
}

/// A checked expression.
#[derive(Debug, Clone)]
pub(super) struct Typed {
    pub(super) node: Node,
    pub(super) kind: Type,
    pub(super) span: Range<usize>,
    /// Levels of the tree, so that evaluation cannot overflow the stack.
    pub(super) depth: usize,
}

impl Typed {
    /// An expression without parts.
    pub(super) fn leaf(node: Node, kind: Type, span: Range<usize>) -> Self {
        Self { node, kind, span, depth: 1 }
    }

    /// Returns the name if this is an application property.
    pub(super) fn property(&self) -> Option<&str> {
        match &self.node {
            Node::Property(name) => Some(name),
            _ => None,
        }
    }
}
