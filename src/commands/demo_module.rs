//! `edgectl demo-module`: a module of the demo, as the simulator starts it.

use super::Context;
use crate::demo::{self, Module, Surroundings};
use crate::failure::Outcome;

/// Run a module of the demo
///
/// Started by `edgectl simulate`, with the variables that every module gets.
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub struct DemoModule {
    /// The module
    module: Name,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Name {
    Sensor,
    Filter,
}

pub(super) fn run(cx: &Context, args: &DemoModule) -> Outcome {
    let module = match args.module {
        Name::Sensor => Module::Sensor,
        Name::Filter => Module::Filter,
    };
    let log = |line: String| cx.ui().result(line);
    let around = Surroundings { environment: cx.environment(), clock: cx.clock(), log: &log };
    cx.block_on(demo::run(module, around))
}
