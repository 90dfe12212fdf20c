//! What commands take besides plain words: JSON, durations, files and standard input.

use std::io::Read;
use std::path::Path;

use serde_json::Value;

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
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    let hint = |failure: Failure| failure.hint("name a file that can be read, or `-` for standard input");
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

#[cfg(test)]
mod tests {
    use super::*;

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
