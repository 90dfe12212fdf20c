//! Points in time as the agent's direct methods write them (protocol.md §11.4).

use std::time::Duration;

use serde_json::Value;

use super::calls::Refused;
use crate::clock::parse_iso;

/// Reads RFC 3339, seconds since 1970, or how long ago, such as `1h` or `1 day 5m`.
pub(super) fn point_in_time(unix: Duration, value: &Value) -> Result<Duration, Refused> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    let ago = || parse_span(&text).map(|span| unix.saturating_sub(span));
    let found = text.parse().ok().map(Duration::from_secs).or_else(|| parse_iso(&text)).or_else(ago);
    found.ok_or_else(|| Refused::Argument(format!("{text} is no time: write RFC 3339, seconds since 1970, or 1h")))
}

/// Reads numbers with units: `1 day 5m`, `90s`, `1h30min`.
fn parse_span(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut seconds = 0_u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let unit: u64 = match unit {
            "s" | "sec" | "second" | "seconds" => 1,
            "m" | "min" | "minute" | "minutes" => 60,
            "h" | "hour" | "hours" => 3600,
            "d" | "day" | "days" => 86_400,
            "w" | "week" | "weeks" => 604_800,
            _ => return None,
        };
        seconds = number.parse::<u64>().ok()?.checked_mul(unit)?.checked_add(seconds)?;
        rest = after.trim_start();
    }
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_numbers_with_units() {
        let seconds = |text: &str| parse_span(text).map(|span| span.as_secs());
        assert_eq!(["90s", "1 day 5m", "1h30min", "2w"].map(seconds), [90, 86_700, 5400, 1_209_600].map(Some));
        assert_eq!(["", "h", "5", "5 x", "99999999999999999999s", "9999999999999999999d"].map(seconds), [None; 6]);
    }
}
