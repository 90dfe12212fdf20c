//! `edgectl send`: a message into the running simulation.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::IgnoredAny;
use serde_json::json;

use super::Context;
use super::input::{parse_assignment, read_bytes};
use crate::failure::{Failure, Outcome};
use crate::simulator::control::{Connection, MessageBody, Request, SendTarget};
use crate::text::counted;

/// The longest message that IoT Hub and the edge hub take.
const MAX_MESSAGE: usize = 256 * 1024;

/// Send a message to a module or device, or as if a module had sent it
///
/// `MODULE/inputs/INPUT` queues it straight to that input, whatever the routes say. `MODULE/outputs/OUTPUT` routes it as
/// if the module had sent it. `devices/DEVICE` is a cloud-to-device message: up to 50 of them, of 64 KB, wait for a
/// device for an hour. Data that parses as JSON gets the content type `application/json` and the encoding
/// `utf-8` unless told otherwise, since no `$body` condition could match without. Exit code 0 means that it is stored.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl send filter/inputs/input1 --data '{\"temperature\": 40}'\n  \
    edgectl send sensor/outputs/temperature --file sample.json -p source=test")]
pub struct Send {
    /// `[DEVICE/]MODULE/inputs/INPUT`, `[DEVICE/]MODULE/outputs/OUTPUT` or `devices/DEVICE`
    target: SendTarget,
    /// Body of the message [default: empty]
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, conflicts_with = "file")]
    data: Option<String>,
    /// File with the body, or `-` for standard input
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Application property (can be repeated)
    #[arg(short, long = "property", value_name = "NAME=VALUE", value_parser = parse_assignment)]
    properties: Vec<(String, String)>,
    /// Content type [default: `application/json` if the body is JSON]
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Content encoding [default: `utf-8` if the body is JSON]
    #[arg(long, value_name = "ENCODING")]
    content_encoding: Option<String>,
}

pub(super) fn run(cx: &Context, args: Send) -> Outcome {
    let body = match (&args.data, &args.file) {
        (Some(data), _) => data.clone().into_bytes(),
        (None, Some(file)) => read_bytes(file)?,
        (None, None) => Vec::new(),
    };
    if body.len() > MAX_MESSAGE {
        return Err(Failure::request(format!("the body is {} bytes long, and {MAX_MESSAGE} are allowed", body.len()))
            .hint("send it in parts"));
    }
    let (length, target) = (body.len(), args.target.to_string());
    let message = describe(body, args.properties, args.content_type, args.content_encoding);
    cx.block_on(Connection::ask_all(cx.project(), &Request::Send { target: args.target, message }))?;
    if cx.ui().is_json() {
        return cx.ui().document(&json!({ "sent": target, "bytes": length }));
    }
    cx.ui().step("Sent", format!("{} to `{target}`", counted(length as u64, "byte")));
    Ok(())
}

/// JSON says that it is JSON, unless the developer says something else.
fn describe(
    body: Vec<u8>,
    properties: Vec<(String, String)>,
    content_type: Option<String>,
    content_encoding: Option<String>,
) -> MessageBody {
    let is_json = serde_json::from_slice::<IgnoredAny>(&body).is_ok();
    let or_default = |given: Option<String>, default: &str| given.or_else(|| is_json.then(|| default.to_owned()));
    MessageBody {
        body: STANDARD.encode(body),
        properties,
        content_type: or_default(content_type, "application/json"),
        content_encoding: or_default(content_encoding, "utf-8"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(body: &str, content_type: Option<&str>) -> (Option<String>, Option<String>) {
        let message = describe(body.into(), Vec::new(), content_type.map(str::to_owned), None);
        (message.content_type, message.content_encoding)
    }

    #[test]
    fn json_says_that_it_is_json() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(described("{\"t\": 40}", None), (some("application/json"), some("utf-8")));
        assert_eq!(described("40", None), (some("application/json"), some("utf-8")));
        assert_eq!(described("{\"t\": 40}", Some("text/plain")), (some("text/plain"), some("utf-8")));
    }

    #[test]
    fn other_data_says_nothing_of_itself() {
        assert_eq!(described("hello", None), (None, None));
        assert_eq!(described("", None), (None, None));
    }
}
