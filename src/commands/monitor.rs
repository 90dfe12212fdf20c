//! `edgectl monitor`: messages as they are queued.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::Context;
use super::called::Called;
use super::input::parse_seconds;
use crate::failure::{Failure, Outcome};
use crate::simulator::control::{Connection, Destination, Origin, Request, Since, Start};

/// Watch messages of the running simulation
///
/// Shows every message at the moment a route takes it, once a destination. With `--json`, one record a line:
/// `{"type":"message", "time", "device", "from":{"device", "module", "output"}, "to", "route", "system":{…},
/// "properties":{…}, "body", "bodyEncoding":"json|utf-8|base64"}`
///
/// `--feedback` tells instead what became of the messages that `send devices/DEVICE --ack` sent, at once and not in
/// batches as IoT Hub does: `{"type":"feedback", "originalMessageId", "enqueuedTimeUtc", "statusCode":
/// "Success|Expired|DeliveryCountExceeded|Rejected|Purged", "description", "deviceId", "deviceGenerationId"}`
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl monitor --from filter/outputs/output1\n  \
    edgectl monitor --to upstream --since start --count 1 --timeout 10s --json\n  \
    edgectl monitor --feedback")]
pub struct Monitor {
    /// Only from this `[DEVICE/]MODULE`, `[DEVICE/]MODULE/outputs/OUTPUT` or `devices/DEVICE`
    #[arg(long, value_name = "ORIGIN")]
    from: Option<Origin>,
    /// Only to `upstream` or `[DEVICE/]MODULE/inputs/INPUT`
    #[arg(long, value_name = "DESTINATION")]
    to: Option<Destination>,
    /// What became of messages to devices, instead of messages
    #[arg(long, conflicts_with_all = ["from", "to"])]
    feedback: bool,
    /// Begin with what came since the `start`, or since a duration such as `5m`; 1,000 at most
    #[arg(long, value_name = "WHEN", value_parser = parse_since)]
    since: Option<Since>,
    /// End after this many messages
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// End after this time; with fewer messages than `--count` the exit code is 1
    #[arg(long, value_name = "DURATION", value_parser = parse_seconds)]
    timeout: Option<f64>,
}

pub(super) fn run(cx: &Context, args: Monitor) -> Outcome {
    let request = match args.feedback {
        true => Request::Feedback { since: args.since },
        false => Request::Monitor { from: args.from, to: args.to, since: args.since },
    };
    let called = Called::in_simulation(cx);
    cx.block_on(async {
        let limit = args.timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let mut connection = Connection::open(cx.project()).await?;
        connection.request(&request).await?;
        let mut shown = 0;
        while args.count.is_none_or(|count| shown < count) {
            let Some(record) = next_before(&mut connection, deadline).await? else { break };
            match (cx.ui().is_json(), args.feedback) {
                (true, _) => cx.ui().record(&record)?,
                (false, true) => cx.ui().result(render_feedback(&record))?,
                (false, false) => cx.ui().result(render(&called, &record))?,
            }
            shown += 1;
        }
        let noun = if args.feedback { "record" } else { "message" };
        check_count(shown, args.count, noun)
    })
}

/// Returns the next record; `None` at the end of the answer or of the time.
async fn next_before(connection: &mut Connection, deadline: Option<Instant>) -> Outcome<Option<Value>> {
    let Some(deadline) = deadline else { return connection.next().await };
    timeout_at(deadline, connection.next()).await.unwrap_or(Ok(None))
}

fn check_count(shown: usize, wanted: Option<usize>, noun: &str) -> Outcome {
    match wanted {
        Some(wanted) if shown < wanted => Err(Failure::request(format!("{shown} of {wanted} {noun}s came in time"))
            .hint("wait longer with `--timeout`, or begin earlier with `--since start`")),
        _ => Ok(()),
    }
}

/// Renders `time  from → to  body`.
fn render(called: &Called, message: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name = |module| called.name(&message["from"]["device"], module);
    let from = match (&message["from"]["module"], &message["from"]["output"]) {
        (Value::Null, _) => text(&message["from"]["device"]),
        (module, Value::Null) => name(module),
        (module, output) => format!("{}/outputs/{}", name(module), text(output)),
    };
    let body = match &message["body"] {
        Value::String(body) if message["bodyEncoding"] == "base64" => format!("base64:{body}"),
        Value::String(body) if message["bodyEncoding"] == "utf-8" => body.escape_debug().to_string(),
        body => body.to_string(),
    };
    format!("{}  {from} → {}  {body}", text(&message["time"]), text(&message["to"]))
}

/// Renders `time  device  status  message`.
fn render_feedback(record: &Value) -> String {
    let text = |name: &str| record[name].as_str().unwrap_or("-").to_owned();
    let [time, device, status, message] = ["enqueuedTimeUtc", "deviceId", "statusCode", "originalMessageId"].map(text);
    format!("{time}  {device}  {status}  {message}")
}

fn parse_since(text: &str) -> Result<Since, String> {
    match text {
        "start" => Ok(Since::Start(Start::Start)),
        duration => parse_seconds(duration)
            .map(Since::Seconds)
            .map_err(|_| "expected `start`, or a duration such as `30s` or `5m`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::failure::Kind;

    #[test]
    fn a_message_is_one_line() {
        let mut message = json!({
            "time": "2026-11-22T02:03:04.567Z", "from": { "device": "d", "module": "sensor", "output": "t" },
            "to": "$upstream", "body": { "t": 40 }, "bodyEncoding": "json",
        });
        assert_eq!(
            render(&Called::to_main(), &message),
            "2026-11-22T02:03:04.567Z  sensor/outputs/t → $upstream  {\"t\":40}"
        );
        message["from"] = json!({ "device": "leaf", "module": null, "output": null });
        message["body"] = json!("two\nlines");
        message["bodyEncoding"] = json!("utf-8");
        assert_eq!(render(&Called::to_main(), &message), "2026-11-22T02:03:04.567Z  leaf → $upstream  two\\nlines");
    }

    #[test]
    fn feedback_is_one_line() {
        let record = json!({
            "originalMessageId": "m1", "enqueuedTimeUtc": "2026-11-22T02:03:04.567Z", "statusCode": "Rejected",
            "description": "Rejected", "deviceId": "leaf1", "deviceGenerationId": "639",
        });
        assert_eq!(render_feedback(&record), "2026-11-22T02:03:04.567Z  leaf1  Rejected  m1");
    }

    #[test]
    fn fewer_messages_than_wanted_are_a_failure() {
        check_count(3, Some(3), "message").expect("enough");
        check_count(0, None, "message").expect("none were wanted");
        let failure = check_count(1, Some(2), "message").expect_err("one is missing");
        assert_eq!((failure.kind(), failure.message()), (Kind::Request, "1 of 2 messages came in time"));
    }

    #[test]
    fn since_is_the_start_or_a_duration() {
        assert_eq!(parse_since("start"), Ok(Since::Start(Start::Start)));
        assert_eq!(parse_since("5m"), Ok(Since::Seconds(300.0)));
    }
}
