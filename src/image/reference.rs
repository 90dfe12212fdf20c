//! References of images: `[registry/]path[:tag][@digest]`. Knows the grammar and asks no registry.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use thiserror::Error;

/// The registry that a reference without one means.
pub const DOCKER_HUB: &str = "docker.io";

const MAX_REPOSITORY: usize = 255;
const MAX_TAG: usize = 128;

/// The name of an image, as `docker` takes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    registry: Option<String>,
    path: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// Why a text is no reference of an image.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReferenceError {
    /// What stands before the first slash has a dot or a colon, and is no host.
    #[error("`{reference}`: `{registry}` is no registry (a host's name or address, and perhaps `:` and a port)")]
    Registry {
        /// The whole text.
        reference: String,
        /// The part that is wrong.
        registry: String,
    },
    /// A path component has a character outside `a-z 0-9 . _ -`, or is empty.
    #[error("`{reference}`: `{component}` is no path component (lower-case letters, digits, and `.` `_` `-` inside)")]
    Component {
        /// The whole text.
        reference: String,
        /// The part that is wrong.
        component: String,
    },
    /// The tag is empty, too long, or has a wrong character.
    #[error(
        "`{reference}`: `{tag}` is no tag (letters, digits, `_`, `.`, `-`; at most {MAX_TAG}; no `.` or `-` in front)"
    )]
    Tag {
        /// The whole text.
        reference: String,
        /// The part that is wrong.
        tag: String,
    },
    /// The digest is not `algorithm:hex`.
    #[error("`{reference}`: `{digest}` is no digest (`sha256:` and 64 hexadecimal digits)")]
    Digest {
        /// The whole text.
        reference: String,
        /// The part that is wrong.
        digest: String,
    },
    /// Registry and path together are longer than registries take.
    #[error("`{reference}`: registry and path have {length} characters, at most {MAX_REPOSITORY} are allowed")]
    Length {
        /// The whole text.
        reference: String,
        /// What was counted.
        length: usize,
    },
}

impl Reference {
    /// Parses a reference as the docker CLI does.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let (named, digest) = match text.split_once('@') {
            Some((named, digest)) => (named, Some(digest)),
            None => (text, None),
        };
        let (repository, tag) = match named.rsplit_once(':') {
            // A colon before a slash belongs to the registry's port.
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
            _ => (named, None),
        };
        let (registry, path) = split_registry(repository);
        let reference = Self {
            registry: registry.map(str::to_owned),
            path: path.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        };
        reference.check(text)
    }

    fn check(self, text: &str) -> Result<Self, ReferenceError> {
        let reference = || text.to_owned();
        if let Some(registry) = self.registry.as_ref().filter(|registry| !is_registry(registry)) {
            return Err(ReferenceError::Registry { reference: reference(), registry: registry.clone() });
        }
        if let Some(component) = self.path.split('/').find(|component| !is_component(component)) {
            return Err(ReferenceError::Component { reference: reference(), component: component.to_owned() });
        }
        if let Some(tag) = self.tag.as_ref().filter(|tag| !is_tag(tag)) {
            return Err(ReferenceError::Tag { reference: reference(), tag: tag.clone() });
        }
        if let Some(digest) = self.digest.as_ref().filter(|digest| !is_digest(digest)) {
            return Err(ReferenceError::Digest { reference: reference(), digest: digest.clone() });
        }
        let length = self.repository().len();
        if length > MAX_REPOSITORY {
            return Err(ReferenceError::Length { reference: reference(), length });
        }
        Ok(self)
    }

    /// Returns the registry's host and port; [`DOCKER_HUB`] if the reference names none.
    pub fn registry(&self) -> &str {
        self.registry.as_deref().unwrap_or(DOCKER_HUB)
    }

    /// Returns the reference without tag and digest, written as the user wrote it.
    pub fn repository(&self) -> String {
        match &self.registry {
            Some(registry) => format!("{registry}/{}", self.path),
            None => self.path.clone(),
        }
    }

    /// Returns what the registry itself calls the repository: on the hub, names without a slash are in `library/`.
    pub fn path(&self) -> String {
        match self.registry() {
            DOCKER_HUB if !self.path.contains('/') => format!("library/{}", self.path),
            _ => self.path.clone(),
        }
    }

    /// Returns the tag, if one is given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Returns the digest, if one is given.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Says whether the registry is on this machine, where engines speak plain HTTP to it.
    pub fn is_loopback(&self) -> bool {
        let (host, _) = split_port(self.registry());
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || literal.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository())?;
        self.tag.iter().try_for_each(|tag| write!(f, ":{tag}"))?;
        self.digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
    }
}

/// The first component is a registry only if it cannot be a path on the hub.
fn split_registry(repository: &str) -> (Option<&str>, &str) {
    match repository.split_once('/') {
        Some((first, path)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), path),
        _ => (None, repository),
    }
}

fn split_port(registry: &str) -> (&str, Option<&str>) {
    match registry.rsplit_once(':') {
        // The last colon of an address in brackets is no port's.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (registry, None),
    }
}

fn is_registry(text: &str) -> bool {
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let (host, port) = split_port(text);
    let alphanumeric = |c: char| c.is_ascii_alphanumeric();
    let is_label = |label: &str| {
        label.starts_with(alphanumeric)
            && label.ends_with(alphanumeric)
            && label.chars().all(|c| alphanumeric(c) || c == '-')
    };
    let is_host = match host.strip_prefix('[') {
        Some(address) => address.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        None => host.split('.').all(is_label),
    };
    is_host && port.is_none_or(is_port)
}

fn is_component(text: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators: Vec<&str> = text.split(alphanumeric).filter(|separator| !separator.is_empty()).collect();
    let is_separator = |s: &&str| matches!(*s, "." | "_" | "__") || s.bytes().all(|byte| byte == b'-');
    text.starts_with(alphanumeric) && text.ends_with(alphanumeric) && separators.iter().all(is_separator)
}

fn is_tag(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (1..=MAX_TAG).contains(&text.len())
        && text.starts_with(word)
        && text.chars().all(|c| word(c) || matches!(c, '.' | '-'))
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Reference {
        Reference::parse(text).expect("it is a reference")
    }

    #[test]
    fn the_parts_of_a_reference_are_told_apart() {
        let cases = [
            ("filter", ("docker.io", "filter", None)),
            ("filter:1", ("docker.io", "filter", Some("1"))),
            ("team/filter", ("docker.io", "team/filter", None)),
            ("localhost/filter", ("localhost", "localhost/filter", None)),
            ("localhost:5000/filter", ("localhost:5000", "localhost:5000/filter", None)),
            ("10.0.0.1:5000/a/b:0.1.0-amd64", ("10.0.0.1:5000", "10.0.0.1:5000/a/b", Some("0.1.0-amd64"))),
            ("[::1]:5000/filter:1", ("[::1]:5000", "[::1]:5000/filter", Some("1"))),
            ("[::1]/filter", ("[::1]", "[::1]/filter", None)),
            ("my.azurecr.io/filter:0.1.0", ("my.azurecr.io", "my.azurecr.io/filter", Some("0.1.0"))),
        ];
        for (text, (registry, repository, tag)) in cases {
            let reference = parsed(text);
            assert_eq!(
                (reference.registry(), reference.repository().as_str(), reference.tag()),
                (registry, repository, tag)
            );
            assert_eq!(reference.to_string(), text);
        }
    }

    #[test]
    fn the_hub_has_short_names_in_its_library() {
        let paths = ["debian", "docker.io/debian:12", "team/a", "r.io/debian"].map(|text| parsed(text).path());
        assert_eq!(paths, ["library/debian", "library/debian", "team/a", "debian"]);
    }

    #[test]
    fn a_digest_may_follow_the_tag() {
        let text = format!("a/b:1@sha256:{}", "0a".repeat(32));
        assert_eq!(parsed(&text).to_string(), text);
        assert_eq!(parsed(&text).digest(), Some(&text[6..]));
    }

    #[test]
    fn the_part_that_is_wrong_is_named() {
        let cases = [
            ("", "``: `` is no path component (lower-case letters, digits, and `.` `_` `-` inside)"),
            (
                "Filter:1",
                "`Filter:1`: `Filter` is no path component (lower-case letters, digits, and `.` `_` `-` inside)",
            ),
            ("a b.io/c", "`a b.io/c`: `a b.io` is no registry (a host's name or address, and perhaps `:` and a port)"),
            ("a:x/b", "`a:x/b`: `a:x` is no registry (a host's name or address, and perhaps `:` and a port)"),
            ("[::g]/b", "`[::g]/b`: `[::g]` is no registry (a host's name or address, and perhaps `:` and a port)"),
            ("a//b", "`a//b`: `` is no path component (lower-case letters, digits, and `.` `_` `-` inside)"),
            ("a-", "`a-`: `a-` is no path component (lower-case letters, digits, and `.` `_` `-` inside)"),
            ("a:", "`a:`: `` is no tag (letters, digits, `_`, `.`, `-`; at most 128; no `.` or `-` in front)"),
            ("a:b c", "`a:b c`: `b c` is no tag (letters, digits, `_`, `.`, `-`; at most 128; no `.` or `-` in front)"),
            ("a@sha256:12", "`a@sha256:12`: `sha256:12` is no digest (`sha256:` and 64 hexadecimal digits)"),
        ];
        for (text, message) in cases {
            assert_eq!(Reference::parse(text).expect_err("it is no reference").to_string(), message);
        }
    }

    #[test]
    fn loopback_registries_are_recognised() {
        let loopback =
            ["localhost/a", "localhost:5000/a", "127.0.0.1:5000/a", "127.1.2.3:80/a", "[::1]:5000/a", "[::1]/a"];
        assert!(loopback.iter().all(|text| parsed(text).is_loopback()));
        assert!(["a", "docker.io/a", "10.0.0.1:5000/a"].iter().all(|text| !parsed(text).is_loopback()));
    }
}
