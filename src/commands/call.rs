//! `edgectl call`: a direct method.

use serde_json::Value;

use super::Context;
use super::input::{parse_seconds, read_json};
use crate::failure::{Failure, Outcome};
use crate::simulator::control::{Connection, Request, TargetName};

/// What IoT Hub takes (protocol.md §12.3); an answer is waited for shorter than its 5 seconds if a test wants that.
const LONGEST_NAME: usize = 100;
const LONGEST_WAIT: f64 = 300.0;
const LARGEST_PAYLOAD: usize = 128 * 1024;
/// What `$edgeHub` can be called for; it never says more than a status (protocol.md §7.6).
const HUB_METHOD: &str =
    "`$edgeHub` answers only `RefreshDeviceScopeIdentityCache`, with a payload such as '{\"deviceIds\": [\"leaf1\"]}'";

/// Call a direct method of a module or device
///
/// Prints `{"status","payload"}`. A status of 400 and more ends with exit code 4, and so does a target that is not
/// connected in time, gives no answer, or answers with what is no JSON. IoT Hub waits 5m at most, and takes names of up
/// to 100 characters and payloads of up to 128 KB.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl call filter reset\n  \
    edgectl call filter configure --payload '{\"threshold\": 30}' --timeout 5")]
pub struct Call {
    /// Module of the device (`filter`, `$edgeAgent`), a device, or `DEVICE/MODULE`
    target: TargetName,
    /// Name of the method
    #[arg(value_parser = parse_method)]
    method: String,
    /// Payload: JSON, `@FILE`, or `-` for standard input [default: null]
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    payload: Option<String>,
    /// Time to wait for the answer
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_wait)]
    timeout: f64,
    /// Time to wait until the target is connected
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_wait)]
    connect_timeout: f64,
}

pub(super) fn run(cx: &Context, args: Call) -> Outcome {
    let payload = args.payload.as_deref().map(read_json).transpose()?;
    check_size(payload.as_ref())?;
    let request = Request::Call {
        target: args.target.clone(),
        method: args.method.clone(),
        payload,
        response_timeout: args.timeout,
        connect_timeout: args.connect_timeout,
    };
    let answer = cx.block_on(Connection::ask(cx.project(), &request))?;
    cx.ui().document(&answer)?;
    check_status(&answer, &args.target, &args.method)
}

fn parse_method(text: &str) -> Result<String, String> {
    match text.chars().count() {
        1..=LONGEST_NAME => Ok(text.to_owned()),
        length => Err(format!("expected 1 to {LONGEST_NAME} characters, found {length}")),
    }
}

fn parse_wait(text: &str) -> Result<f64, String> {
    match parse_seconds(text)? {
        seconds if seconds <= LONGEST_WAIT => Ok(seconds),
        _ => Err("expected at most `5m`".to_owned()),
    }
}

fn check_size(payload: Option<&Value>) -> Outcome {
    match payload.map_or(0, |payload| payload.to_string().len()) {
        0..=LARGEST_PAYLOAD => Ok(()),
        size => Err(Failure::request(format!("the payload is {size} bytes long, and {LARGEST_PAYLOAD} are allowed"))
            .hint("send large data as messages: `edgectl send`")),
    }
}

fn check_status(answer: &Value, target: &TargetName, method: &str) -> Outcome {
    match answer["status"].as_i64() {
        Some(status) if status >= 400 => {
            let failure = Failure::refused(format!("`{method}` of `{}` ended with {status}", target.0));
            Err(failure.hint(match (&answer["payload"], target.0.contains('$')) {
                (Value::Null, true) => HUB_METHOD.to_owned(),
                // The agent and the hub have no log of their own.
                (_, true) => "the payload says why".to_owned(),
                (_, false) => format!("see the payload, or for a module `edgectl logs {} --tail 20`", target.0),
            }))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::failure::Kind;

    // protocol.md §12.3
    #[test]
    fn what_iot_hub_would_not_take_is_refused() {
        assert_eq!(parse_method(&"ü".repeat(100)), Ok("ü".repeat(100)));
        assert_eq!(parse_method(""), Err("expected 1 to 100 characters, found 0".into()));
        assert_eq!(parse_method(&"n".repeat(101)), Err("expected 1 to 100 characters, found 101".into()));
        assert_eq!((parse_wait("300"), parse_wait("1s")), (Ok(300.0), Ok(1.0)));
        assert_eq!(parse_wait("301s"), Err("expected at most `5m`".into()));
        let payload = |length: usize| json!("p".repeat(length - 2));
        check_size(None).expect("no payload");
        check_size(Some(&payload(131_072))).expect("the largest");
        let failure = check_size(Some(&payload(131_073))).expect_err("refused");
        assert_eq!(failure.message(), "the payload is 131073 bytes long, and 131072 are allowed");
    }

    #[test]
    fn a_status_of_400_and_more_is_a_refusal() {
        let target = TargetName("filter".into());
        check_status(&json!({ "status": 399, "payload": null }), &target, "reset").expect("an answer like any other");
        let failure = check_status(&json!({ "status": 404 }), &target, "reset").expect_err("refused");
        assert_eq!((failure.kind(), failure.message()), (Kind::Refused, "`reset` of `filter` ended with 404"));
    }
}
