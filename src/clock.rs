//! Points in time as data: cores are told what time it is and never ask. Owns the `time` crate.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};
use time::macros::{datetime, format_description};

/// One reading of both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// Time since the program started; never goes back. Deadlines are written in it.
    pub monotonic: Duration,
    /// Wall clock: time since 1970-01-01 UTC. Only for what is shown or compared with a token's expiry.
    pub unix: Duration,
}

/// Returns the wall clock as time since 1970-01-01 UTC; zero for a clock set before that.
pub fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Writes a time as `2026-11-22T02:03:04.567Z`.
pub fn iso_millis(unix: Duration) -> String {
    let at = date_time(unix);
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second, millis) = at.to_hms_milli();
    // Each message is stamped with a time: by hand this takes a tenth of what a format that is interpreted does.
    let mut out = *b"0000-00-00T00:00:00.000Z";
    put_digits(&mut out[0..4], year.unsigned_abs());
    for (place, value) in [(5, u8::from(month)), (8, day), (11, hour), (14, minute), (17, second)] {
        put_digits(&mut out[place..place + 2], value.into());
    }
    put_digits(&mut out[20..23], millis.into());
    String::from_utf8_lossy(&out).into_owned()
}

/// Writes a number over all of `out`, from its last digit on.
fn put_digits(out: &mut [u8], mut value: u32) {
    for digit in out.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Writes a time as `2026-11-22T02:03:04Z`, the form of RFC 3339 without fraction.
pub fn iso_seconds(unix: Duration) -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    date_time(unix).format(form).unwrap_or_default()
}

/// Writes a time as `2026-11-22T02:03:04.5678901Z`, as the programs of the real device do.
pub fn iso_ticks(unix: Duration) -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:7]Z");
    date_time(unix).format(form).unwrap_or_default()
}

/// Writes a time as `2026-11-22--02-03-04`, as it stands in the names of uploaded files.
pub fn blob_stamp(unix: Duration) -> String {
    let form = format_description!("[year]-[month]-[day]--[hour]-[minute]-[second]");
    date_time(unix).format(form).unwrap_or_default()
}

/// Reads an RFC 3339 text; `None` if it is none or lies before 1970.
pub fn parse_iso(text: &str) -> Option<Duration> {
    // Not as nanoseconds alone: of those, 64 bits end in the year 2554, and 9999 is what many write for never.
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let seconds = u64::try_from(time.unix_timestamp()).ok()?;
    Some(Duration::new(seconds, time.nanosecond()))
}

/// Reads the date of an HTTP header, such as `Sun, 22 Nov 2026 08:00:00 GMT`; `None` if it is none or before 1970.
pub fn parse_http_date(text: &str) -> Option<Duration> {
    let seconds = OffsetDateTime::parse(text, &Rfc2822).ok()?.unix_timestamp();
    u64::try_from(seconds).ok().map(Duration::from_secs)
}

/// The last second that four digits of a year can tell; what comes later is written as if it were then.
const LAST: OffsetDateTime = datetime!(9999-12-31 23:59:59 UTC);

fn date_time(unix: Duration) -> OffsetDateTime {
    let seconds = i64::try_from(unix.as_secs()).unwrap_or(i64::MAX);
    let whole = OffsetDateTime::from_unix_timestamp(seconds).map_or(LAST, |whole| whole.min(LAST));
    whole + Duration::from_nanos(u64::from(unix.subsec_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        let time = Duration::from_millis(1_700_000_000_042);
        assert_eq!(iso_millis(time), "2023-11-14T22:13:20.042Z");
        assert_eq!(iso_millis(Duration::from_secs(1_709_164_800)), "2024-02-29T00:00:00.000Z");
        assert_eq!(iso_millis(Duration::ZERO), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso_millis(Duration::from_millis(253_402_300_799_999)), "9999-12-31T23:59:59.999Z");
        assert_eq!(iso_millis(Duration::from_secs(253_402_300_800)), "9999-12-31T23:59:59.000Z", "not 1970");
        assert_eq!(iso_seconds(Duration::MAX), "9999-12-31T23:59:59Z");
        assert_eq!(iso_seconds(time), "2023-11-14T22:13:20Z");
        assert_eq!(iso_ticks(time + Duration::from_nanos(123_456)), "2023-11-14T22:13:20.0421234Z");
        assert_eq!(parse_iso("2023-11-14T23:13:20.042+01:00"), Some(time));
        assert_eq!(parse_iso("9999-12-31T23:59:59.5Z"), Some(Duration::from_millis(253_402_300_799_500)));
        assert_eq!([parse_iso("yesterday"), parse_iso("1969-12-31T23:59:59.5Z")], [None, None]);
        let seconds = Duration::from_secs(1_700_000_000);
        assert_eq!(parse_http_date("Tue, 14 Nov 2023 22:13:20 GMT"), Some(seconds));
        assert_eq!(parse_http_date("yesterday"), None);
    }
}
