//! Which lines of a module's log are wanted: by time, number, level and pattern (protocol.md §11.4).

use std::time::Duration;

use regex_lite::{Regex, RegexBuilder};
use serde::Deserialize;
use serde_json::Value;

use super::LogLine;
use crate::agent::calls::Refused;
use crate::agent::moment::point_in_time;

/// The level of a line without a prefix: information.
const DEFAULT_LEVEL: u8 = 6;

#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    tail: Option<usize>,
    since: Option<Duration>,
    until: Option<Duration>,
    level: Option<u8>,
    pattern: Option<Regex>,
}

#[derive(Default, Deserialize)]
pub(super) struct FilterBody {
    tail: Option<i64>,
    since: Option<Value>,
    until: Option<Value>,
    loglevel: Option<i64>,
    regex: Option<String>,
}

impl Filter {
    /// Takes every line between two points in time.
    pub(super) fn between(since: Option<Duration>, until: Option<Duration>) -> Self {
        Self { since, until, ..Self::default() }
    }

    pub(super) fn read(unix: Duration, body: FilterBody) -> Result<Self, Refused> {
        let wrong = |text: &str| Refused::Argument(text.to_owned());
        let level = |level: i64| u8::try_from(level).ok().filter(|level| *level <= 7);
        let level = |number| level(number).ok_or_else(|| wrong("loglevel is a number from 0 to 7"));
        let tail = |number| usize::try_from(number).map_err(|_| wrong("tail is a number from 0"));
        Ok(Self {
            tail: body.tail.map(tail).transpose()?,
            since: body.since.map(|since| point_in_time(unix, &since)).transpose()?,
            until: body.until.map(|until| point_in_time(unix, &until)).transpose()?,
            level: body.loglevel.map(level).transpose()?,
            pattern: body.regex.map(|text| pattern(&text)).transpose()?,
        })
    }

    /// Takes the times first, then the last lines of those, and of these what level and pattern admit: an engine knows
    /// the first two only.
    pub(super) fn select<'l>(&self, mut lines: Vec<LogLine<'l>>) -> Vec<LogLine<'l>> {
        lines.retain(|line| {
            self.since.is_none_or(|since| line.at >= since) && self.until.is_none_or(|until| line.at <= until)
        });
        let skipped = self.tail.map_or(0, |tail| lines.len().saturating_sub(tail));
        lines.drain(..skipped);
        lines.retain(|line| {
            let is_level = self.level.is_none_or(|level| split_level(line.text).0 == level);
            is_level && self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(line.text))
        });
        lines
    }
}

/// Takes the level off a line: `<4> text` is a warning.
pub(super) fn split_level(line: &str) -> (u8, &str) {
    let level = line.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    match level.and_then(|(level, text)| Some((level.parse().ok().filter(|level| *level <= 7)?, text))) {
        Some((level, text)) => (level, text.trim_start()),
        None => (DEFAULT_LEVEL, line),
    }
}

pub(super) fn pattern(text: &str) -> Result<Regex, Refused> {
    let built = RegexBuilder::new(text).case_insensitive(true).size_limit(1 << 20).build();
    built.map_err(|error| Refused::Argument(format!("{text} is no regular expression: {error}")))
}
