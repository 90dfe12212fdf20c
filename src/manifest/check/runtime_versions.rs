//! Until when which runtime is supported: `runtime_versions.txt`, read.

use std::time::Duration;

use crate::clock::iso_seconds;

const TABLE: &str = include_str!("runtime_versions.txt");

/// The versions of the runtime, the oldest first.
#[derive(Debug)]
pub(super) struct RuntimeVersions(Vec<Version>);

/// A version of the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    /// As in `1.4`.
    pub(super) version: &'static str,
    /// The last day of its support, or the last month.
    end: &'static str,
}

impl RuntimeVersions {
    /// Reads the table of this program.
    pub(super) fn embedded() -> Self {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        let version = |line: &'static str| {
            let (version, end) = line.split_once("  ")?;
            Some(Version { version, end })
        };
        Self(lines.filter_map(version).collect())
    }

    /// Returns the version that a tag such as `1.4.35-linux-amd64` names, if its support has ended before that day.
    pub(super) fn ended(&self, tag: &str, today: Duration) -> Option<Version> {
        let mut numbers = tag.split(['.', '-']);
        let (major, minor) = (numbers.next()?, numbers.next()?);
        let version = format!("{major}.{minor}");
        let known = self.0.iter().find(|known| known.version == version)?;
        (iso_seconds(today).get(..known.end.len())? > known.end).then_some(*known)
    }

    /// Returns the newest version.
    pub(super) fn newest(&self) -> &'static str {
        self.0.last().map_or("1.6", |version| version.version)
    }
}

impl Version {
    /// Says when the support ended, as in `on 2024-11-12` or `in 2022-06`.
    pub(super) fn when(self) -> String {
        let preposition = if self.end.len() > "2022-06".len() { "on" } else { "in" };
        format!("{preposition} {}", self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::parse_iso;

    #[track_caller]
    fn check(tag: &str, day: &str, expected: Option<&str>) {
        let today = parse_iso(&format!("{day}T12:00:00Z")).expect("a day");
        let ended = RuntimeVersions::embedded().ended(tag, today).map(Version::when);
        assert_eq!(ended.as_deref(), expected, "{tag} on {day}");
    }

    #[test]
    fn support_lasts_through_its_last_day() {
        check("1.5", "2026-11-10", None);
        check("1.5", "2026-11-11", Some("on 2026-11-10"));
        check("1.4.35-linux-amd64", "2026-11-11", Some("on 2024-11-12"));
        check("1.2", "2022-06-30", None);
        check("1.2.10", "2022-07-01", Some("in 2022-06"));
    }

    #[test]
    fn of_other_versions_nothing_is_said() {
        for tag in ["1.6", "1.7.0", "latest", "1", "10.4", "20200101"] {
            check(tag, "2026-11-22", None);
        }
    }
}
