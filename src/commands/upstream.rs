//! `edgectl upstream`: the link to the simulated cloud.

use super::Context;
use crate::edgehub::Link;
use crate::failure::Outcome;
use crate::simulator::control::{Connection, Request};

/// Cut or restore the link to the simulated cloud
///
/// While it is cut, messages to `$upstream` wait and changes of twins stay where they are made. Without an argument
/// the state is told. With `--json`: `{"upstream":"online|offline","waiting"}`
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl upstream offline\n  edgectl upstream online")]
pub struct Upstream {
    /// State that the link shall have
    link: Option<LinkArg>,
}

/// A state of the link.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
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
    let request = Request::Upstream { link: args.link.map(Link::from) };
    let state = cx.block_on(Connection::ask(cx.project(), &request))?;
    if cx.ui().is_json() {
        return cx.ui().document(&state);
    }
    let waiting = match state["waiting"].as_u64().unwrap_or_default() {
        1 => "1 message waits".to_owned(),
        count => format!("{count} messages wait"),
    };
    cx.ui().result(format!("{}, {waiting}", state["upstream"].as_str().unwrap_or_default()))
}
