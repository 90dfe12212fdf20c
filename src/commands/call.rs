//! `edgectl call`: a direct method.

use serde_json::Value;

use super::Context;
use super::input::{parse_seconds, read_json};
use crate::failure::{Failure, Outcome};
use crate::simulator::control::{Connection, Request, TargetName};

/// Call a direct method of a module
///
/// Prints `{"status","payload"}`. A status of 400 and more ends with exit code 4, and so does a module that is not
/// connected in time or gives no answer.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl call filter reset\n  \
    edgectl call filter configure --payload '{\"threshold\": 30}' --timeout 5")]
pub struct Call {
    /// Module of the device (`filter`, `$edgeAgent`), a device, or `DEVICE/MODULE`
    target: TargetName,
    /// Name of the method
    method: String,
    /// Payload: JSON, `@FILE`, or `-` for standard input [default: null]
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    payload: Option<String>,
    /// Time to wait for the answer
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_seconds)]
    timeout: f64,
    /// Time to wait until the module is connected
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_seconds)]
    connect_timeout: f64,
}

pub(super) fn run(cx: &Context, args: Call) -> Outcome {
    let request = Request::Call {
        target: args.target.clone(),
        method: args.method.clone(),
        payload: args.payload.as_deref().map(read_json).transpose()?,
        response_timeout: args.timeout,
        connect_timeout: args.connect_timeout,
    };
    let answer = cx.block_on(Connection::ask(cx.project(), &request))?;
    cx.ui().document(&answer)?;
    check_status(&answer, &args.target, &args.method)
}

fn check_status(answer: &Value, target: &TargetName, method: &str) -> Outcome {
    match answer["status"].as_i64() {
        Some(status) if status >= 400 => {
            let failure = Failure::refused(format!("`{method}` of `{}` ended with {status}", target.0));
            Err(match target.0.contains('$') {
                // The agent and the hub have no log of their own.
                true => failure.hint("the payload says why"),
                false => failure.hint(format!("see what the module says with `edgectl logs {} --tail 20`", target.0)),
            })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::failure::Kind;

    #[test]
    fn a_status_of_400_and_more_is_a_refusal() {
        let target = TargetName("filter".into());
        check_status(&json!({ "status": 399, "payload": null }), &target, "reset").expect("an answer like any other");
        let failure = check_status(&json!({ "status": 404 }), &target, "reset").expect_err("refused");
        assert_eq!((failure.kind(), failure.message()), (Kind::Refused, "`reset` of `filter` ended with 404"));
    }
}
