//! The root parser, the flags that every command has, and the way from `main` to an exit code.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use crate::commands::{Command, Context};
use crate::environment::Environment;
use crate::failure::{Failure, Kind, Outcome};
use crate::ui::{Format, Paint, Questions, Ui, Verbosity};

/// Scaffold, build, deploy and simulate Azure IoT Edge modules
///
/// A whole edge device and the cloud above it run on this machine: no subscription, no IoT Hub, no account.
///
/// Exit codes: 0 done · 1 the request or a file is wrong · 2 wrong usage · 3 this machine is not ready (engine,
/// port, permission) · 4 someone else refused (registry, build step, module) · 70 a bug · 130 interrupted (Ctrl-C) ·
/// 143 terminated (SIGTERM)
#[derive(Debug, Parser)]
#[command(name = "edgectl", version, max_term_width = 100)]
#[command(after_help = "Examples:\n  edgectl simulate --demo\n  edgectl new solution factory\n  \
    edgectl new module filter --template python")]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags that mean the same for every command.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// Folder of the solution [default: the current one]
    #[arg(short = 'C', long, value_name = "DIR", global = true, default_value = ".", hide_default_value = true)]
    project: PathBuf,
    /// Print JSON: one document, or one record a line for a stream; errors too
    #[arg(long, global = true)]
    json: bool,
    /// Tell no steps and no hints
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Tell more (can be repeated)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto", hide_default_value = true)]
    #[arg(hide_possible_values = true)]
    color: Color,
    /// Never prompt: take the default, or yes
    #[arg(short, long, global = true)]
    yes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// Runs the command line of this process and returns its exit code.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let environment = Environment::of_process();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return tell_usage(&error, &arguments),
    };
    let ui = cli.global.ui(&environment);
    let words = arguments.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let mut context = Context::new(ui, cli.global.project, environment, words);
    conclude(&ui, cli.command.run(&mut context))
}

fn conclude(ui: &Ui, outcome: Outcome) -> ExitCode {
    let Err(failure) = outcome else { return ExitCode::SUCCESS };
    if failure.kind() != Kind::ReaderGone {
        ui.fail(&failure);
    }
    ExitCode::from(failure.kind().exit_code())
}

/// Lets clap tell help, version and its own usage errors; under `--json` the error is a document.
fn tell_usage(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let wants_json = arguments.iter().take_while(|a| *a != "--").any(|a| a == "--json");
    if error.use_stderr() && wants_json {
        let ui = Ui {
            format: Format::Json,
            verbosity: Verbosity::Normal,
            questions: Questions::Refuse,
            paint: Paint::Plain,
        };
        ui.fail(&usage_failure(&error.to_string()));
    } else {
        // Nobody is left to tell when the pipe is gone.
        let _ = error.print();
    }
    ExitCode::from(if error.use_stderr() { Kind::Usage.exit_code() } else { 0 })
}

/// Makes a failure of what clap says: a paragraph of what is wrong, tips, and how the command is used.
fn usage_failure(said: &str) -> Failure {
    let mut paragraphs = said.split("\n\n");
    let first = paragraphs.next().unwrap_or_default().trim_start_matches("error: ");
    let message = first.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines = paragraphs.flat_map(str::lines).map(str::trim);
    let tips = lines.filter_map(|line| line.strip_prefix("tip: "));
    tips.fold(Failure::usage(message), Failure::hint).hint("see `edgectl --help`")
}

impl Global {
    fn ui(&self, environment: &Environment) -> Ui {
        let colored = match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => std::io::stderr().is_terminal() && environment.get("NO_COLOR").is_none_or(str::is_empty),
        };
        Ui {
            format: if self.json { Format::Json } else { Format::Text },
            verbosity: match (self.quiet, self.verbose) {
                (true, _) => Verbosity::Quiet,
                (false, 0) => Verbosity::Normal,
                (false, _) => Verbosity::Verbose,
            },
            questions: match (self.yes, std::io::stdin().is_terminal()) {
                (true, _) => Questions::AssumeYes,
                (false, true) => Questions::Ask,
                (false, false) => Questions::Refuse,
            },
            paint: if colored { Paint::Ansi } else { Paint::Plain },
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
