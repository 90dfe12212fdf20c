//! One file a subcommand: its arguments, its help, its run. No business rule lives here.

mod completions;
mod context;
mod new;

pub use context::Context;

use crate::failure::Outcome;

/// Every subcommand, in the order of `--help`.
#[derive(Debug, clap::Subcommand)]
#[allow(missing_docs, reason = "a doc comment here would replace the help text that stands on the arguments")]
pub enum Command {
    New(new::New),
    Completions(completions::Completions),
}

impl Command {
    /// Runs the subcommand.
    pub fn run(self, cx: &mut Context) -> Outcome {
        match self {
            Self::New(args) => new::run(cx, &args),
            Self::Completions(args) => completions::run(cx, &args),
        }
    }
}
