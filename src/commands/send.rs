//! `edgectl send`: a message into the running simulation.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::IgnoredAny;
use serde_json::json;

use super::Context;
use super::input::{parse_assignment, parse_seconds, read_bytes};
use crate::failure::{Failure, Outcome};
use crate::iothub::Ack;
use crate::simulator::control::{Connection, MessageBody, Request, SendTarget};
use crate::text::counted;

/// The longest message that IoT Hub and the edge hub take.
const MAX_MESSAGE: usize = 256 * 1024;
/// The longest life of a message to a device, in seconds.
const LONGEST_LIFE: f64 = 2.0 * 86_400.0;

/// Send a message to a module or device, or as if a module had sent it
///
/// `MODULE/inputs/INPUT` queues it straight to that input, whatever the routes say. `MODULE/outputs/OUTPUT` routes it as
/// if the module had sent it. `devices/DEVICE` is a cloud-to-device message: up to 50 of them, of 64 KB, wait for a
/// device for an hour, and `--ack` has `edgectl monitor --feedback` tell what became of it. Data that parses as JSON gets
/// the content type `application/json` and the encoding `utf-8` unless told otherwise, since no `$body` condition could
/// match without. Exit code 0 means that it is stored.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl send filter/inputs/input1 --data '{\"temperature\": 40}'\n  \
    edgectl send sensor/outputs/temperature --file sample.json -p source=test\n  \
    edgectl send devices/leaf1 --data reboot --ack full")]
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
    #[arg(short, long = "property", value_name = "NAME=VALUE", value_parser = parse_property)]
    properties: Vec<(String, String)>,
    /// Content type [default: `application/json` if the body is JSON]
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Content encoding [default: `utf-8` if the body is JSON]
    #[arg(long, value_name = "ENCODING")]
    content_encoding: Option<String>,
    /// Message id [default: none, or a new one with `--ack`]
    #[arg(long, value_name = "ID")]
    message_id: Option<String>,
    /// Of which ends of a message to a device there is feedback: `none`, `positive`, `negative` or `full`
    #[arg(long, value_enum, value_name = "ENDS", hide_possible_values = true)]
    ack: Option<AckArg>,
    /// How long a message to a device lives, up to 2d [default: 1h]
    #[arg(long, value_name = "DURATION", value_parser = parse_life)]
    expires_in: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum AckArg {
    None,
    Positive,
    Negative,
    Full,
}

impl From<AckArg> for Ack {
    fn from(ack: AckArg) -> Self {
        match ack {
            AckArg::None => Self::None,
            AckArg::Positive => Self::Positive,
            AckArg::Negative => Self::Negative,
            AckArg::Full => Self::Full,
        }
    }
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
    check_target(&args)?;
    let (length, target) = (body.len(), args.target.to_string());
    let described = describe(body, &args);
    let message_id = described.message_id.clone();
    cx.block_on(Connection::ask_all(cx.project(), &Request::Send { target: args.target, message: described }))?;
    if cx.ui().is_json() {
        let mut sent = json!({ "sent": target, "bytes": length });
        message_id.iter().for_each(|id| sent["messageId"] = json!(id));
        return cx.ui().document(&sent);
    }
    let named = message_id.map_or_else(String::new, |id| format!(" as message `{id}`"));
    cx.ui().step("Sent", format!("{} to `{target}`{named}", counted(length as u64, "byte")));
    Ok(())
}

/// Refuses what only the cloud does with a message.
fn check_target(args: &Send) -> Outcome {
    let given = [("--ack", args.ack.is_some()), ("--expires-in", args.expires_in.is_some())];
    match given.into_iter().find(|(_, is_given)| *is_given) {
        Some((flag, _)) if !matches!(args.target, SendTarget::Device { .. }) => {
            Err(Failure::usage(format!("`{flag}` is for messages to a device"))
                .hint(format!("leave it out, or write `devices/DEVICE` instead of `{}`", args.target)))
        }
        _ => Ok(()),
    }
}

/// JSON says that it is JSON, unless the developer says something else; what there shall be feedback on has an id.
fn describe(body: Vec<u8>, args: &Send) -> MessageBody {
    let is_json = serde_json::from_slice::<IgnoredAny>(&body).is_ok();
    let or_default =
        |given: &Option<String>, default: &str| given.clone().or_else(|| is_json.then(|| default.to_owned()));
    let ack = args.ack.map(Ack::from);
    let new_id = || ack.is_some_and(|ack| ack != Ack::None).then(|| uuid::Uuid::new_v4().to_string());
    MessageBody {
        body: STANDARD.encode(body),
        properties: args.properties.clone(),
        content_type: or_default(&args.content_type, "application/json"),
        content_encoding: or_default(&args.content_encoding, "utf-8"),
        message_id: args.message_id.clone().or_else(new_id),
        ack,
        expires_in: args.expires_in,
    }
}

/// Parses an application property. On the wire, a name that begins with `$.` is a system property (protocol.md §4.3).
fn parse_property(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = parse_assignment(text)?;
    match name.as_str() {
        "$.ct" => Err("that is a system property: pass `--content-type`"),
        "$.ce" => Err("that is a system property: pass `--content-encoding`"),
        "$.mid" => Err("that is a system property: pass `--message-id`"),
        name if name.starts_with("$.") => Err("names that begin with `$.` are those of system properties"),
        _ => Ok((name, value)),
    }
}

fn parse_life(text: &str) -> Result<f64, String> {
    match parse_seconds(text)? {
        seconds if seconds <= LONGEST_LIFE => Ok(seconds),
        _ => Err("expected at most `2d`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    fn args(target: &str) -> Send {
        Send {
            target: target.parse().expect("a target"),
            data: None,
            file: None,
            properties: Vec::new(),
            content_type: None,
            content_encoding: None,
            message_id: None,
            ack: None,
            expires_in: None,
        }
    }

    fn described(body: &str, content_type: Option<&str>) -> (Option<String>, Option<String>) {
        let args = Send { content_type: content_type.map(str::to_owned), ..args("filter/inputs/i") };
        let message = describe(body.into(), &args);
        (message.content_type, message.content_encoding)
    }

    #[test]
    fn a_message_with_feedback_has_an_id() {
        let id = |ack, id: Option<&str>| {
            let args = Send { ack, message_id: id.map(str::to_owned), ..args("devices/leaf1") };
            describe(Vec::new(), &args).message_id
        };
        assert_eq!(id(None, None), None);
        assert_eq!(id(Some(AckArg::None), None), None);
        assert_eq!(id(Some(AckArg::Full), None).map(|id| id.len()), Some(36));
        assert_eq!(id(Some(AckArg::Full), Some("m1")), Some("m1".to_owned()));
    }

    #[test]
    fn only_the_cloud_tells_what_became_of_a_message() {
        let refused = |target: &str| {
            let args = Send { ack: Some(AckArg::Full), ..args(target) };
            check_target(&args).map_err(|failure| failure.kind())
        };
        assert_eq!(refused("devices/leaf1"), Ok(()));
        assert_eq!(refused("filter/inputs/i"), Err(Kind::Usage));
    }

    #[test]
    fn a_system_property_is_no_application_property() {
        assert_eq!(parse_property("$a=b=c"), Ok(("$a".into(), "b=c".into())));
        assert_eq!(parse_property("$.mid=m1"), Err("that is a system property: pass `--message-id`"));
        assert_eq!(parse_property("$.cdid=d"), Err("names that begin with `$.` are those of system properties"));
    }

    #[test]
    fn a_message_to_a_device_lives_for_two_days_at_most() {
        assert_eq!(parse_life("2d"), Ok(172_800.0));
        assert_eq!(parse_life("49h"), Err("expected at most `2d`".into()));
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
