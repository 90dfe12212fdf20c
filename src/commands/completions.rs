//! `edgectl completions`: the completion script of a shell.

use clap::CommandFactory;

use super::Context;
use crate::cli::Cli;
use crate::failure::Outcome;

/// Print the completion script of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  edgectl completions bash > /etc/bash_completion.d/edgectl")]
pub struct Completions {
    /// The shell to complete in
    shell: clap_complete::Shell,
}

pub(super) fn run(cx: &Context, args: &Completions) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "edgectl", &mut script);
    cx.ui().bytes(&script)
}
