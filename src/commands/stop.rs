//! `edgectl stop`: the end of a simulation.

use serde_json::json;

use super::Context;
use crate::failure::Outcome;
use crate::simulator::control::{Connection, Request};

/// Stop the running simulation
///
/// Modules are asked to end and given time for it; messages that wait are kept for the next start.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  edgectl stop")]
pub struct Stop {}

pub(super) fn run(cx: &Context) -> Outcome {
    cx.block_on(Connection::ask_all(cx.project(), &Request::Stop))?;
    if cx.ui().is_json() {
        return cx.ui().document(&json!({ "stopped": true }));
    }
    cx.ui().step("Stopped", "the simulation");
    Ok(())
}
