//! `edgectl completions`: the completion script of a shell.

use clap::CommandFactory;

use super::Context;
use crate::cli::Cli;
use crate::failure::Outcome;

/// Print the completion script of a shell
///
/// The same scripts lie in `completions/` of the source.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  edgectl completions bash > ~/.local/share/bash-completion/completions/edgectl\n  \
    edgectl completions fish > ~/.config/fish/completions/edgectl.fish"
)]
pub struct Completions {
    /// Name of the shell
    shell: clap_complete::Shell,
}

pub(super) fn run(cx: &Context, args: &Completions) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut without_hidden(&Cli::command()), "edgectl", &mut script);
    cx.ui().bytes(&script)
}

/// Returns the root with its visible subcommands; clap_complete would offer the hidden ones, too.
fn without_hidden(root: &clap::Command) -> clap::Command {
    clap::Command::new("edgectl")
        .version(env!("CARGO_PKG_VERSION"))
        .args(root.get_arguments())
        .subcommands(root.get_subcommands().filter(|command| !command.is_hide_set()))
}
