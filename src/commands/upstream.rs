//! `edgectl upstream`: the link to the simulated cloud.

use super::Context;
use super::input::parse_seconds;
use crate::edgehub::Link;
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::identity::DeviceId;
use crate::simulator::control::{Connection, LinkRequest, LinkState, Request};

/// The longest latency, in seconds: a hub gives up after 20 s, there and back.
const MAX_LATENCY: f64 = 9.0;

/// Cut, slow down or restore the link to the simulated cloud
///
/// While it is cut, messages to `$upstream` wait, changes of twins stay where they are made, and services cannot call
/// modules; all else goes on. Without an argument the state is told. With `--json`:
/// `{"upstream":"online|offline","waiting","latencyMs","returnsIn"}`
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl upstream offline\n  edgectl upstream offline --for 30s\n  \
    edgectl upstream online --latency 200ms")]
pub struct Upstream {
    /// State that the link shall have
    link: Option<LinkArg>,
    /// Bring the cut link back after this time
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_seconds, requires = "link")]
    lasts: Option<f64>,
    /// Time that everything takes, each way, up to 9s
    #[arg(long, value_name = "DURATION", value_parser = parse_latency)]
    latency: Option<f64>,
    /// Edge device whose link it is [default: the main one]
    #[arg(short, long, value_name = "DEVICE", value_parser = DeviceId::parse)]
    device: Option<DeviceId>,
}

/// A state of the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LinkArg {
    Online,
    Offline,
}

impl From<LinkArg> for Link {
    fn from(link: LinkArg) -> Self {
        match link {
            LinkArg::Online => Self::Online,
            LinkArg::Offline => Self::Offline,
        }
    }
}

pub(super) fn run(cx: &Context, args: &Upstream) -> Outcome {
    if args.lasts.is_some() && args.link == Some(LinkArg::Online) {
        return Err(
            Failure::usage("`--for` is for a link that is cut").hint("write `edgectl upstream offline --for 30s`")
        );
    }
    let change = LinkRequest { link: args.link.map(Link::from), lasts: args.lasts, latency: args.latency };
    let state =
        cx.block_on(Connection::ask(cx.project(), &Request::Upstream { device: args.device.clone(), change }))?;
    match cx.ui().is_json() {
        true => cx.ui().document(&state),
        false => {
            let state: LinkState = serde_json::from_value(state).or_fail(Kind::Bug, || "cannot read the answer")?;
            cx.ui().result(state.to_string())
        }
    }
}

fn parse_latency(text: &str) -> Result<f64, String> {
    match parse_seconds(text)? {
        seconds if seconds <= MAX_LATENCY => Ok(seconds),
        _ => Err("expected at most `9s`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_beyond_the_patience_of_a_hub_is_refused() {
        assert_eq!(parse_latency("200ms"), Ok(0.2));
        assert_eq!(parse_latency("10s"), Err("expected at most `9s`".into()));
    }
}
