//! Direct methods of `$edgeAgent` that are nearly right, and the lines that they choose.

use std::time::Duration;

use bytes::Bytes;
use edgectl::agent::{Agent, AgentCall, Input, LogLine, LogSource, Output};
use edgectl::clock::Now;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::json::value;
use crate::mutation::mutated_text;

const PAYLOADS: &[&str] = &[
    r#"{"schemaVersion":"1.0","items":[{"id":"edge.*","filter":{"tail":10,"since":"1h 5m","until":"2026-11-22T08:00:00Z",
     "loglevel":6,"regex":"(?i)err|wa+rn"}}],"encoding":"gzip","contentType":"json"}"#,
    r#"{"schemaVersion":"1.0","items":{"id":"all","filter":{"since":1700000000}},"encoding":"none","contentType":"text"}"#,
    r#"{"schemaVersion":"1.0","sasUrl":"https://a.example/c?sig=s3cr3t","since":"2d","until":"1 day 5m","edgeRuntimeOnly":true}"#,
    r#"{"schemaVersion":"1.0","id":"m","correlationId":"x","sasURL":"https://a.example/c?sig=s3cr3t","items":{"id":"m"}}"#,
];
const WORDS: &[&str] = &[
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "-1",
    "1e999",
    "99999999999999999999",
    "\\u0000",
    "(",
    ")",
    "*",
    "{9999}",
    "(a{99}){99}",
    "\\p{L}",
    "1h",
    " weeks",
    "é",
    "all",
];
const METHODS: &[&str] =
    &["ping", "RestartModule", "GetModuleLogs", "UploadModuleLogs", "UploadSupportBundle", "GetTaskStatus", "x"];

/// The log of one module.
struct Log(Vec<(u64, String)>);

impl LogSource for Log {
    fn place(&self) -> (&str, &str) {
        ("h.example", "d")
    }

    fn modules(&self) -> Vec<&str> {
        vec!["m", "edgeHub"]
    }

    fn lines(&self, module: &str) -> Vec<LogLine<'_>> {
        match module {
            "m" => self
                .0
                .iter()
                .map(|(at, text)| LogLine { at: Duration::from_secs(*at), stream: "stdout", text })
                .collect(),
            _ => Vec::new(),
        }
    }
}

fn now() -> Now {
    Now { monotonic: Duration::from_secs(100), unix: Duration::from_secs(1_800_000_000) }
}

fn call(method: &str, payload: &str) -> Vec<Output> {
    let mut agent = Agent::new(std::num::NonZeroU32::MIN);
    let payload = Bytes::copy_from_slice(payload.as_bytes());
    agent.handle(now(), Input::Call { call: AgentCall(7), method: method.to_owned(), payload });
    std::iter::from_fn(|| agent.poll()).collect()
}

proptest! {
    #[test]
    fn every_call_is_answered(
        method in select(METHODS),
        payload in mutated_text(PAYLOADS, WORDS),
        lines in vec((1_799_990_000..1_800_000_000_u64, "(<[0-9x]>)?[ a-zé]{0,9}"), 0..9),
    ) {
        let log = Log(lines);
        for output in call(method, &payload) {
            match output {
                Output::Answer { status, payload: answer, .. } => {
                    prop_assert!([200, 400, 500].contains(&status), "{} {}", status, answer);
                    prop_assert!(status != 200 || !answer.to_string().contains("s3cr3t"), "{}", answer);
                }
                Output::ReadLogs { request, .. } => {
                    let (status, answer) = request.answer(&log);
                    prop_assert!([200, 400].contains(&status), "{} {}", status, answer);
                }
                other => prop_assert!(!format!("{other:?}").contains("s3cr3t"), "{:?}", other),
            }
        }
    }

    #[test]
    fn the_lines_that_are_wanted_come_in_their_order(
        lines in vec((1_799_999_000..1_800_000_000_u64, "[ab]{1,3}"), 0..12),
        tail in proptest::option::of(0..9_usize),
        since in proptest::option::of(0..1500_u64),
        regex in proptest::option::of("[ab]"),
    ) {
        let mut filter = serde_json::Map::new();
        filter.extend(tail.map(|tail| ("tail".to_owned(), json!(tail))));
        filter.extend(since.map(|since| ("since".to_owned(), json!(format!("{since}s")))));
        filter.extend(regex.clone().map(|regex| ("regex".to_owned(), json!(regex))));
        let payload = json!({ "schemaVersion": "1.0", "items": { "id": "^m$", "filter": filter } }).to_string();
        let outputs = call("GetModuleLogs", &payload);
        let [Output::ReadLogs { request, .. }] = &outputs[..] else { panic!("{outputs:?}") };
        let (status, answer) = request.answer(&Log(lines.clone()));
        let young: Vec<&(u64, String)> = lines.iter().filter(|(at, _)| since.is_none_or(|since| *at >= 1_800_000_000 - since)).collect();
        let last = &young[tail.map_or(0, |tail| young.len().saturating_sub(tail))..];
        let wanted = last.iter().filter(|(_, text)| regex.as_ref().is_none_or(|regex| text.contains(regex.as_str())));
        let text: String = wanted.map(|(_, text)| format!("{text}\n")).collect();
        prop_assert_eq!((status, answer), (200, json!([{ "id": "m", "payload": text }])));
    }

    #[test]
    fn a_payload_of_any_shape_is_answered(method in select(METHODS), payload in value(), id in "\\PC{0,5}") {
        let Value::Object(mut members) = payload else { return Ok(()) };
        members.insert("schemaVersion".to_owned(), json!("1.0"));
        members.insert("id".to_owned(), json!(id));
        prop_assert!(!call(method, &Value::Object(members).to_string()).is_empty());
    }
}
