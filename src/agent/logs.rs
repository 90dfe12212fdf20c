//! `GetModuleLogs`: which lines of which modules are wanted, and the answer, or files, made of them (protocol.md §11.4).
//!
//! Owns the libraries for regular expressions and gzip: both are of the protocol.

mod filter;

use std::io::Write;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use regex_lite::Regex;
use serde::Deserialize;
use serde_json::{Value, json};

use super::calls::{Refused, check_schema, parse};
use crate::clock::{Now, iso_millis};

use filter::{Filter, FilterBody, pattern, split_level};

/// The longest answer, in bytes: a direct method carries 128 KB.
const MAX_ANSWER: usize = 127_000;

/// A line that a module printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// When, since 1970-01-01 UTC.
    pub at: Duration,
    /// `stdout` or `stderr`.
    pub stream: &'a str,
    /// What, without its end.
    pub text: &'a str,
}

/// Where the lines come from.
pub trait LogSource {
    /// Returns the host name of the IoT Hub and the id of the device.
    fn place(&self) -> (&str, &str);

    /// Returns the names of all modules.
    fn modules(&self) -> Vec<&str>;

    /// Returns what is remembered of a module, oldest first.
    fn lines(&self, module: &str) -> Vec<LogLine<'_>>;
}

/// What a caller wants to read.
#[derive(Debug, Clone)]
pub struct LogsRequest {
    items: Vec<Item>,
    encoding: Encoding,
    content_type: ContentType,
}

/// The log of a module as a file.
#[derive(Debug)]
pub(super) struct LogFile {
    pub(super) module: String,
    pub(super) ending: &'static str,
    pub(super) content: Vec<u8>,
}

#[derive(Debug, Clone)]
struct Item {
    id: String,
    /// `None` is every module.
    modules: Option<Regex>,
    filter: Filter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    #[default]
    None,
    Gzip,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ContentType {
    #[default]
    Text,
    Json,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestBody {
    schema_version: String,
    /// One, or an array of them.
    items: Value,
    #[serde(default)]
    encoding: Encoding,
    #[serde(default)]
    content_type: ContentType,
}

#[derive(Deserialize)]
struct ItemBody {
    id: String,
    #[serde(default)]
    filter: Option<FilterBody>,
}

impl LogsRequest {
    /// Asks for the text of everything that every module printed between two points in time.
    pub(super) fn everything(since: Option<Duration>, until: Option<Duration>) -> Self {
        let item = Item { id: "all".to_owned(), modules: None, filter: Filter::between(since, until) };
        Self { items: vec![item], encoding: Encoding::None, content_type: ContentType::Text }
    }

    pub(super) fn parse(now: Now, payload: &Bytes) -> Result<Self, Refused> {
        let body: RequestBody = parse(payload)?;
        check_schema(&body.schema_version)?;
        let items = match body.items {
            Value::Array(items) => items,
            item => vec![item],
        };
        let read = |item: Value| {
            let body = ItemBody::deserialize(item).map_err(|error| Refused::Argument(format!("items: {error}")))?;
            Item::read(now.unix, body)
        };
        let items = items.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self { items, encoding: body.encoding, content_type: body.content_type })
    }

    /// Makes the answer: status and payload. A module that several items name comes once, by the first of them.
    pub fn answer(&self, source: &dyn LogSource) -> (i32, Value) {
        let texts = match self.texts(source) {
            Ok(texts) => texts,
            Err(refused) => return refused.answer(),
        };
        let answer = |(module, text): (String, String)| match self.encoding {
            Encoding::None => json!({ "id": module, "payload": text }),
            Encoding::Gzip => json!({ "id": module, "payloadBytes": STANDARD.encode(gzip(&text)) }),
        };
        let answers = Value::Array(texts.into_iter().map(answer).collect());
        match answers.to_string().len() {
            length if length > MAX_ANSWER => too_large(length).answer(),
            _ => (200, answers),
        }
    }

    /// Makes the files of an upload: the ending of each name, with the module's, and the content.
    pub(super) fn files(&self, source: &dyn LogSource) -> Result<Vec<LogFile>, Refused> {
        let ending = match (self.content_type, self.encoding) {
            (ContentType::Text, Encoding::None) => "log",
            (ContentType::Text, Encoding::Gzip) => "log.gz",
            (ContentType::Json, Encoding::None) => "json",
            (ContentType::Json, Encoding::Gzip) => "json.gz",
        };
        let content = |text: String| match self.encoding {
            Encoding::None => text.into_bytes(),
            Encoding::Gzip => gzip(&text),
        };
        let file = |(module, text)| LogFile { module, ending, content: content(text) };
        Ok(self.texts(source)?.into_iter().map(file).collect())
    }

    /// Returns the modules that are asked for, each with the text of its lines.
    fn texts(&self, source: &dyn LogSource) -> Result<Vec<(String, String)>, Refused> {
        let mut found: Vec<(&str, &Filter)> = Vec::new();
        for item in &self.items {
            let mut matched: Vec<&str> = source.modules();
            matched.retain(|module| item.modules.as_ref().is_none_or(|modules| modules.is_match(module)));
            if matched.is_empty() && item.modules.is_some() {
                return Err(Refused::Argument(format!("The id {} matches no module", item.id)));
            }
            let fresh = matched.into_iter().filter(|module| !found.iter().any(|(other, _)| other == module));
            let fresh: Vec<&str> = fresh.collect();
            found.extend(fresh.into_iter().map(|module| (module, &item.filter)));
        }
        let text = |(module, filter): (&str, &Filter)| (module.to_owned(), self.text(source, module, filter));
        Ok(found.into_iter().map(text).collect())
    }

    fn text(&self, source: &dyn LogSource, module: &str, filter: &Filter) -> String {
        let lines = filter.select(source.lines(module));
        match self.content_type {
            ContentType::Text => lines.iter().map(|line| format!("{}\n", line.text)).collect(),
            ContentType::Json => {
                let (hub, device) = source.place();
                let record = |line: &LogLine<'_>| {
                    let (level, text) = split_level(line.text);
                    json!({
                        "iothub": hub, "device": device, "id": module, "stream": line.stream, "loglevel": level,
                        "text": text, "timestamp": iso_millis(line.at),
                    })
                };
                Value::Array(lines.iter().map(record).collect()).to_string()
            }
        }
    }
}

impl Item {
    fn read(unix: Duration, body: ItemBody) -> Result<Self, Refused> {
        let modules = match body.id.eq_ignore_ascii_case("all") {
            true => None,
            false => Some(pattern(&body.id)?),
        };
        Ok(Self { id: body.id, modules, filter: Filter::read(unix, body.filter.unwrap_or_default())? })
    }
}

fn too_large(length: usize) -> Refused {
    Refused::Argument(format!(
        "The payload is too large for a direct method. GetModuleLogs supports up to {MAX_ANSWER} bytes of logs. The \
         current request returned {length} bytes. Try the 'tail', 'since' and 'until' fields of the filter"
    ))
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // A `Vec` takes everything.
    let written = encoder.write_all(text.as_bytes());
    written.and_then(|()| encoder.finish()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    const UNIX: Duration = Duration::from_secs(1_700_000_000);

    struct Printed;

    impl LogSource for Printed {
        fn place(&self) -> (&str, &str) {
            ("hub.local", "d1")
        }

        fn modules(&self) -> Vec<&str> {
            vec!["filter", "sensor", "loud"]
        }

        fn lines(&self, module: &str) -> Vec<LogLine<'_>> {
            let line = |ago: u64, stream, text| LogLine { at: UNIX - Duration::from_secs(ago), stream, text };
            match module {
                "filter" => vec![
                    line(7200, "stdout", "started"),
                    line(60, "stdout", "<4> hot"),
                    line(30, "stderr", "<3> Broken pipe"),
                    line(10, "stdout", "cold"),
                ],
                "loud" => vec![line(1, "stdout", "0123456789abcdef"); 8000],
                _ => vec![line(5, "stdout", "21 °C")],
            }
        }
    }

    fn get(request: Value) -> (i32, Value) {
        let mut request = request;
        request["schemaVersion"] = "1.0".into();
        let now = Now { unix: UNIX, ..Now::default() };
        match LogsRequest::parse(now, &Bytes::from(request.to_string())) {
            Ok(request) => request.answer(&Printed),
            Err(refused) => refused.answer(),
        }
    }

    /// Returns the lines of `filter` that a filter admits.
    #[track_caller]
    fn admitted(filter: Value) -> Vec<String> {
        let (status, answer) = get(json!({ "items": { "id": "filter", "filter": filter } }));
        assert_eq!((status, &answer[0]["id"]), (200, &json!("filter")), "{answer}");
        answer[0]["payload"].as_str().expect("a text").lines().map(str::to_owned).collect()
    }

    // protocol.md §11.4
    #[test]
    fn filters_take_times_then_the_tail_then_level_and_pattern() {
        let all = ["started", "<4> hot", "<3> Broken pipe", "cold"];
        assert_eq!(admitted(json!({})), all);
        assert_eq!(admitted(Value::Null), all);
        assert_eq!(admitted(json!({ "tail": 2 })), all[2..]);
        assert_eq!(admitted(json!({ "since": "1h" })), all[1..]);
        assert_eq!(admitted(json!({ "since": 1_699_999_970, "until": "2023-11-14T22:13:00Z" })), all[2..3]);
        assert_eq!(admitted(json!({ "until": "1 h 30min" })), all[..1]);
        assert_eq!(admitted(json!({ "loglevel": 6 })), ["started", "cold"]);
        assert_eq!(admitted(json!({ "loglevel": 4, "tail": 3 })), ["<4> hot"]);
        assert_eq!(admitted(json!({ "regex": "broken|^co" })), all[2..]);
    }

    #[test]
    fn modules_are_named_by_a_pattern_or_all() {
        let named = |items: Value| -> Vec<String> {
            let (_, answer) = get(json!({ "items": items, "encoding": "gzip" }));
            answer.as_array().expect("a list").iter().map(|entry| entry["id"].as_str().expect("an id").into()).collect()
        };
        assert_eq!(named(json!({ "id": "all" })), ["filter", "sensor", "loud"]);
        assert_eq!(named(json!([{ "id": "^s" }, { "id": "or|il" }])), ["sensor", "filter"]);
        let refused = (400, json!({ "message": "The id nobody matches no module" }));
        assert_eq!(get(json!({ "items": { "id": "nobody" } })), refused);
    }

    #[test]
    fn json_tells_level_and_place_of_each_line() {
        let (_, answer) = get(json!({
            "items": [{ "id": "filter", "filter": { "loglevel": 3 } }], "contentType": "json", "encoding": "none",
        }));
        let lines: Value = serde_json::from_str(answer[0]["payload"].as_str().expect("a text")).expect("JSON text");
        let line = json!({
            "iothub": "hub.local", "device": "d1", "id": "filter", "stream": "stderr", "loglevel": 3,
            "text": "Broken pipe", "timestamp": "2023-11-14T22:12:50.000Z",
        });
        assert_eq!(lines, json!([line]));
    }

    #[test]
    fn gzip_comes_in_base64() {
        let (_, answer) = get(json!({ "items": { "id": "sensor" }, "encoding": "gzip" }));
        let bytes = STANDARD.decode(answer[0]["payloadBytes"].as_str().expect("a text")).expect("base64");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).expect("gzip");
        assert_eq!(text, "21 °C\n");
    }

    #[test]
    fn more_than_a_direct_method_carries_is_refused() {
        let (status, answer) = get(json!({ "items": { "id": "loud" } }));
        let message = "The payload is too large for a direct method. GetModuleLogs supports up to 127000 bytes of logs. \
            The current request returned 144028 bytes. Try the 'tail', 'since' and 'until' fields of the filter";
        assert_eq!((status, answer), (400, json!({ "message": message })));
        assert_eq!(get(json!({ "items": { "id": "loud" }, "encoding": "gzip" })).0, 200, "packed it fits");
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let message = |request: Value| match get(request) {
            (400, answer) => answer["message"].as_str().expect("a text").to_owned(),
            other => panic!("{other:?}"),
        };
        let filter = |filter: Value| json!({ "items": { "id": "all", "filter": filter } });
        assert_eq!(message(filter(json!({ "loglevel": 8 }))), "loglevel is a number from 0 to 7");
        let time = "yesterday is no time: write RFC 3339, seconds since 1970, or 1h";
        assert_eq!(message(filter(json!({ "since": "yesterday" }))), time);
        assert!(message(filter(json!({ "regex": "(" }))).starts_with("( is no regular expression: "));
        assert_eq!(message(json!({})), "missing field `items` at line 1 column 23");
    }
}
