//! `edgectl new`: solutions and modules from templates.

mod ask;
mod list;
mod module;
mod solution;
mod tell;

use super::Context;
use crate::failure::Outcome;

/// Start a solution, or add a module to it
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl new solution factory\n  edgectl new module filter --template python\n  \
    edgectl new list")]
pub struct New {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Solution(solution::NewSolution),
    Module(module::NewModule),
    List(list::ListTemplates),
}

pub(super) fn run(cx: &Context, args: &New) -> Outcome {
    match &args.what {
        What::Solution(args) => solution::run(cx, args),
        What::Module(args) => module::run(cx, args),
        What::List(args) => list::run(cx, args),
    }
}
