//! What commands take besides plain words: JSON, durations, files and standard input.

use std::fs::File;
use std::path::Path;

use serde_json::Value;

use crate::document::read_whole;
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::json;

/// Variables that the command line gives a deployment template; they come before all others.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct SetArgs {
    /// Variable of the template (can be repeated)
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_assignment)]
    pub(super) set: Vec<(String, String)>,
}

/// Reads a JSON argument: the text itself, `@file`, or `-` for standard input.
pub(super) fn read_json(argument: &str) -> Outcome<Value> {
    let (name, text) = match argument.strip_prefix('@') {
        Some(path) => (path, read_text(Path::new(path))?),
        None if argument == "-" => ("stdin", read_text(Path::new("-"))?),
        None => ("argument", argument.to_owned()),
    };
    json::parse(name, &text).map_err(|error| {
        let remedy = match name {
            "argument" => Some("put the JSON in single quotes, such as '{\"threshold\": 30}'"),
            "stdin" => Some("write JSON to standard input, such as `echo '{\"threshold\": 30}' |`"),
            _ => None,
        };
        let what = if name == "argument" {
            "the JSON on the command line".to_owned()
        } else {
            format!("the JSON of `{name}`")
        };
        error.or_hint(remedy).into_failure(format!("cannot read {what}"))
    })
}

/// Reads a file, or standard input for `-`.
pub(super) fn read_bytes(path: &Path) -> Outcome<Vec<u8>> {
    let bytes = match path == Path::new("-") {
        true => read_whole(std::io::stdin().lock()),
        false => File::open(path).and_then(read_whole),
    };
    let hint =
        |failure: Failure| failure.hint("name a file of at most 16 MB that you may read, or `-` for standard input");
    bytes.or_fail(Kind::Request, || format!("cannot read `{}`", path.display())).map_err(hint)
}

fn read_text(path: &Path) -> Outcome<String> {
    String::from_utf8(read_bytes(path)?).map_err(|error| {
        let failure = Failure::request(format!("`{}` is no text", path.display())).cause(error.utf8_error());
        failure.hint("save the file as UTF-8")
    })
}

/// Parses `NAME=VALUE`.
pub(super) fn parse_assignment(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE"),
    }
}

/// Parses a duration into seconds: `10`, `10s`, `250ms`, `5m`, `2h`, `1d`.
pub(super) fn parse_seconds(text: &str) -> Result<f64, String> {
    const UNITS: [(&str, f64); 5] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86400.0)];
    let (number, factor) = UNITS
        .iter()
        .find_map(|(unit, factor)| text.strip_suffix(unit).map(|number| (number, *factor)))
        .unwrap_or((text, 1.0));
    let is_plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let seconds = is_plain.then(|| number.parse::<f64>().ok()).flatten().map(|number| number * factor);
    seconds
        .filter(|seconds| seconds.is_finite())
        .ok_or_else(|| "expected a duration such as `10s`, `5m` or `2h`".into())
}

/// Parses a size such as `500MB`, `2GiB` or `1000`.
pub(super) fn parse_bytes(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 8] = [
        ("KB", 1000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
    ];
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let factor = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).map(|(_, factor)| *factor);
    let factor = if unit.is_empty() { Some(1) } else { factor };
    let count = digits.trim_end().parse::<u64>().ok();
    let bytes = count.zip(factor).and_then(|(count, factor)| count.checked_mul(factor));
    bytes.ok_or_else(|| format!("`{text}` is no size such as `500MB` or `2GiB`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_decimal_and_binary_units() {
        let read = ["1000", "500MB", "2gib", "1 TB", "0KB"].map(|text| parse_bytes(text).expect("a size"));
        assert_eq!(read, [1000, 500_000_000, 2 << 30, 1_000_000_000_000, 0]);
        let refused = "`MB` is no size such as `500MB` or `2GiB`";
        assert_eq!(parse_bytes("MB"), Err(refused.to_owned()));
        assert!(["5MX", "-1", "1.5MB", "99999999999TB"].iter().all(|text| parse_bytes(text).is_err()));
    }

    #[test]
    fn durations_are_written_with_a_unit_or_in_seconds() {
        let cases = [("10", 10.0), ("1.5s", 1.5), ("250ms", 0.25), ("5m", 300.0), ("2h", 7200.0), ("1d", 86400.0)];
        for (text, seconds) in cases {
            assert_eq!(parse_seconds(text), Ok(seconds), "{text}");
        }
        for text in ["", "s", "-5s", "5 s", "5w", "inf", "1e3", "1.2.3"] {
            assert!(parse_seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_assignment_is_a_name_and_a_value() {
        assert_eq!(parse_assignment("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(parse_assignment("a="), Ok(("a".into(), String::new())));
        assert_eq!(parse_assignment("=b"), Err("expected NAME=VALUE"));
        assert_eq!(parse_assignment("a"), Err("expected NAME=VALUE"));
    }

    #[test]
    fn malformed_json_is_shown_with_its_place() {
        let failure = read_json("{threshold:30}").expect_err("the quotes are missing");
        assert_eq!(failure.message(), "cannot read the JSON on the command line");
        assert_eq!(failure.hints(), ["put the JSON in single quotes, such as '{\"threshold\": 30}'"]);
        assert!(failure.excerpt_text().is_some());
    }

    #[test]
    fn json_may_come_from_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("desired.json");
        std::fs::write(&path, "{\"a\": 1}").expect("written");
        let argument = format!("@{}", path.display());
        assert_eq!(read_json(&argument).expect("it is JSON"), serde_json::json!({ "a": 1 }));
        let missing = read_json("@/no/such/file").expect_err("there is none");
        assert_eq!(missing.message(), "cannot read `/no/such/file`");
    }
}
