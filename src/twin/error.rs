//! Why a change of a twin is refused.

use std::fmt;
use std::ops::RangeInclusive;

/// A part of a twin that can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TwinSection {
    /// What the service wants.
    Desired,
    /// What the module says.
    Reported,
    /// What only the service sees.
    Tags,
}

impl fmt::Display for TwinSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Desired => "desired properties",
            Self::Reported => "reported properties",
            Self::Tags => "tags",
        })
    }
}

/// Why a change of a twin is refused; nothing was changed. Paths are written `a.b[0].c`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TwinError {
    /// The change cannot be read.
    #[error("no JSON: {reason}")]
    NoJson {
        /// What the reader says.
        reason: String,
    },
    /// The change is no JSON object.
    #[error("{section} are a JSON object, found another value")]
    NotAnObject {
        /// What was to be changed.
        section: TwinSection,
    },
    /// The document has a member that is no part of the service form.
    #[error("expected only `properties.desired` and `tags` in the document, found `{path}`")]
    UnknownMember {
        /// The member.
        path: String,
    },
    /// The document names neither section that a service can change.
    #[error("the document holds neither `properties.desired` nor `tags`")]
    NothingToChange,
    /// A key is too long.
    #[error("the key `{start}…` is {found} bytes long, and {limit} are allowed")]
    KeyTooLong {
        /// Its first characters.
        start: String,
        /// The bytes that are allowed.
        limit: usize,
        /// Its bytes.
        found: usize,
    },
    /// A key holds a character that none may hold.
    #[error("the key `{key}` holds {found:?}, which no key of a twin may hold")]
    KeyCharacter {
        /// The key.
        key: String,
        /// The first such character.
        found: char,
    },
    /// A string is too long.
    #[error("the string `{path}` is {found} bytes long, and {limit} are allowed")]
    StringTooLong {
        /// Where it is.
        path: String,
        /// The bytes that are allowed.
        limit: usize,
        /// Its bytes.
        found: usize,
    },
    /// An integer that a double cannot hold exactly.
    #[error("the integer `{path}` is not within {} and {}", limits.start(), limits.end())]
    IntegerOutOfRange {
        /// Where it is.
        path: String,
        /// What is allowed.
        limits: RangeInclusive<i64>,
    },
    /// An integer of more than 64 bits.
    #[error("the integer `{start}` is not within {} and {}", limits.start(), limits.end())]
    IntegerTooLong {
        /// Its digits, as far as they can be shown.
        start: String,
        /// What is allowed.
        limits: RangeInclusive<i64>,
    },
    /// Too many levels of objects and arrays.
    #[error("`{path}` lies deeper than {limit} levels")]
    TooDeep {
        /// The first value that is too deep.
        path: String,
        /// The levels that are allowed.
        limit: usize,
    },
    /// A null in an array, or in an object in an array.
    #[error("`{path}` is null, which nothing in an array may be")]
    NullInArray {
        /// Where it is.
        path: String,
    },
    /// A patch of reported properties is too long for the edge hub.
    #[error("the patch of reported properties is {found} bytes of JSON long, and {limit} are allowed")]
    PatchTooLong {
        /// The bytes that are allowed.
        limit: usize,
        /// Its bytes.
        found: usize,
    },
    /// The section would become too large.
    #[error("the {section} would take {found} bytes, and {limit} are allowed")]
    SectionTooLarge {
        /// The section.
        section: TwinSection,
        /// The bytes that are allowed.
        limit: usize,
        /// The bytes it would have.
        found: usize,
    },
}

impl TwinError {
    /// Returns what to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoJson { .. } | Self::NotAnObject { .. } => "write an object such as `{\"threshold\": 30}`",
            Self::UnknownMember { .. } | Self::NothingToChange => {
                "write `{\"properties\": {\"desired\": {…}}, \"tags\": {…}}`"
            }
            Self::KeyTooLong { .. } | Self::KeyCharacter { .. } => "rename the key",
            Self::StringTooLong { .. } => "split the string over several keys",
            Self::IntegerOutOfRange { .. } | Self::IntegerTooLong { .. } => "write the number as a string",
            Self::TooDeep { .. } => "flatten the object",
            Self::NullInArray { .. } => "leave the item out",
            Self::PatchTooLong { .. } => "report in several patches",
            Self::SectionTooLarge { .. } => "remove keys with `null`, or keep large values elsewhere",
        }
    }
}
