//! `edgectl restart`: one module anew.

use serde_json::json;

use super::Context;
use crate::failure::Outcome;
use crate::simulator::control::{Connection, ModuleName, Request};

/// Restart a module of the running simulation
///
/// Its instance is made anew and its back-off is cleared; all other modules run on.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl restart filter\n  edgectl restart filter --build")]
pub struct Restart {
    /// Module, as `MODULE` or `DEVICE/MODULE`
    module: ModuleName,
    /// Build its image, or run its setup, first
    #[arg(long)]
    build: bool,
}

pub(super) fn run(cx: &Context, args: &Restart) -> Outcome {
    let request = Request::Restart { module: args.module.clone(), build: args.build };
    cx.block_on(Connection::ask_all(cx.project(), &request))?;
    if cx.ui().is_json() {
        return cx.ui().document(&json!({ "restarted": args.module }));
    }
    cx.ui().step("Restarted", format!("`{}`", args.module));
    Ok(())
}
