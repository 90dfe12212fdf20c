//! The keys of createOptions and their types: `container_keys.txt`, read.
//!
//! A test of `engine` holds the file against the engine's own model and says what it should be.

use std::fmt;

const TABLE: &str = include_str!("container_keys.txt");

/// Keys of earlier versions of the API that engines on devices still take (docs.docker.com, "API version history").
const EARLIER: &str = "\
ContainerCreateBody
  MacAddress: text
HostConfig
  Capabilities: [text]
  KernelMemory: integer
  KernelMemoryTCP: integer
";

/// Objects whose members are often written one level too high or too low.
const NEAR_ROOT: [(&str, &str); 3] =
    [("ContainerCreateBody", ""), ("HostConfig", "HostConfig"), ("NetworkingConfig", "NetworkingConfig")];

/// Names that docker's command line, or its list of containers, has for members: object, name, member.
const CALLED_ELSEWHERE: [(&str, &str, &str); 3] =
    [("Mount", "Destination", "Target"), ("Mount", "Dst", "Target"), ("Mount", "Src", "Source")];

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A string.
    Text,
    /// A string out of few.
    Words(Vec<&'static str>),
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Flag,
    /// Anything.
    Any,
    /// An object without members.
    Nothing,
    /// An array of such values.
    List(Box<Kind>),
    /// An object with keys of the user's and such values.
    Map(Box<Kind>),
    /// An object with the members of this name in the table.
    Object(&'static str),
}

/// Every object of the body, with its members.
#[derive(Debug)]
pub(super) struct Schema(Vec<(&'static str, Vec<(&'static str, Kind)>)>);

impl Schema {
    /// Reads the table of this program.
    pub(super) fn embedded() -> Self {
        let mut objects: Vec<(&str, Vec<(&str, Kind)>)> = Vec::new();
        for line in TABLE.lines().chain(EARLIER.lines()).filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let member = line.strip_prefix("  ").and_then(|member| member.split_once(": "));
            match (member, objects.last_mut()) {
                (Some((key, kind)), Some((_, members))) => members.push((key, Kind::parse(kind))),
                _ => objects.push((line, Vec::new())),
            }
        }
        Self(objects)
    }

    /// Returns the name of the whole body.
    pub(super) fn root(&self) -> &'static str {
        NEAR_ROOT[0].0
    }

    /// Returns the type of a member; engines compare keys without regard to case.
    pub(super) fn member(&self, of: &str, key: &str) -> Option<&Kind> {
        let mut members = self.entries(of);
        members.find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, kind)| kind)
    }

    /// Returns the member that has another name outside of this call.
    pub(super) fn called_elsewhere(&self, of: &str, key: &str) -> Option<&'static str> {
        let mut names = CALLED_ELSEWHERE.iter();
        names.find(|(object, name, _)| *object == of && name.eq_ignore_ascii_case(key)).map(|(_, _, member)| *member)
    }

    /// Returns the keys of an object.
    pub(super) fn members(&self, of: &str) -> impl Iterator<Item = &'static str> {
        self.entries(of).map(|(key, _)| *key)
    }

    /// Says whether an object is one of those between which members are often mistaken.
    pub(super) fn is_near_root(&self, of: &str) -> bool {
        NEAR_ROOT.iter().any(|(name, _)| *name == of)
    }

    /// Returns where a key belongs, if it belongs to the top level (empty) or near to it.
    pub(super) fn place_of(&self, key: &str) -> Option<&'static str> {
        NEAR_ROOT.iter().find(|(name, _)| self.member(name, key).is_some()).map(|(_, place)| *place)
    }

    fn entries(&self, of: &str) -> impl Iterator<Item = &(&'static str, Kind)> {
        self.0.iter().filter(move |(name, _)| *name == of).flat_map(|(_, members)| members)
    }
}

impl Kind {
    fn parse(text: &'static str) -> Self {
        let inside = |open, close| text.strip_prefix(open).and_then(|rest: &'static str| rest.strip_suffix(close));
        match text {
            "text" => Self::Text,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "flag" => Self::Flag,
            "any" => Self::Any,
            "nothing" => Self::Nothing,
            words if words.contains('|') => Self::Words(words.split('|').collect()),
            object => match (inside('[', ']'), inside('{', '}')) {
                (Some(item), _) => Self::List(Box::new(Self::parse(item))),
                (_, Some(member)) => Self::Map(Box::new(Self::parse(member))),
                _ => Self::Object(object),
            },
        }
    }

    /// Returns a value of this type, as JSON.
    pub(super) fn example(&self) -> &'static str {
        match self {
            Self::Text | Self::Any => "\"text\"",
            Self::Words(_) => "\"word\"",
            Self::Integer => "512",
            Self::Number => "0.5",
            Self::Flag => "true",
            Self::Nothing => "{}",
            Self::List(item) => match **item {
                Self::Text => "[\"a\", \"b\"]",
                _ => "[{…}]",
            },
            Self::Map(member) => match **member {
                Self::Text => "{\"name\": \"value\"}",
                Self::Nothing => "{\"8080/tcp\": {}}",
                _ => "{\"name\": …}",
            },
            Self::Object(_) => "{…}",
        }
    }
}

/// Names the type as in ``expected a list``.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text | Self::Words(_) => "a string",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Flag => "true or false",
            Self::Any => "any value",
            Self::List(_) => "a list",
            Self::Nothing | Self::Map(_) | Self::Object(_) => "an object",
        })
    }
}
