//! `edgectl new`: solutions, modules and pipelines from templates.

mod ask;
mod ci;
mod list;
mod module;
mod solution;
mod tell;

use super::Context;
use crate::failure::Outcome;

/// Start a solution, add a module to it, or a pipeline
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl new solution factory\n  edgectl new module filter --template python\n  \
    edgectl new list\n  edgectl new ci github")]
pub struct New {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Solution(solution::NewSolution),
    Module(module::NewModule),
    List(list::ListTemplates),
    Ci(ci::NewPipeline),
}

pub(super) fn run(cx: &Context, args: &New) -> Outcome {
    match &args.what {
        What::Solution(args) => solution::run(cx, args),
        What::Module(args) => module::run(cx, args),
        What::List(args) => list::run(cx, args),
        What::Ci(args) => ci::run(cx, args),
    }
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}
