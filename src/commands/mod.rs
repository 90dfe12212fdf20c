//! One file a subcommand: its arguments, its help, its run. No business rule lives here.

mod build;
mod call;
mod completions;
mod context;
mod credentials;
mod images;
mod input;
mod logs;
mod monitor;
mod ps;
mod push;
mod restart;
mod send;
mod stop;
mod table;
mod twin;
mod upstream;

pub use context::Context;

use crate::failure::Outcome;

/// Every subcommand, in the order of `--help`.
#[derive(Debug, clap::Subcommand)]
#[allow(missing_docs, reason = "a doc comment here would replace the help text that stands on the arguments")]
pub enum Command {
    Build(build::Build),
    Push(push::Push),
    Ps(ps::Ps),
    Logs(logs::Logs),
    Restart(restart::Restart),
    Stop(stop::Stop),
    Twin(twin::Twin),
    Call(call::Call),
    Send(send::Send),
    Monitor(monitor::Monitor),
    Upstream(upstream::Upstream),
    Credentials(credentials::Credentials),
    Completions(completions::Completions),
}

impl Command {
    /// Runs the subcommand.
    pub fn run(self, cx: &mut Context) -> Outcome {
        match self {
            Self::Build(args) => build::run(cx, &args),
            Self::Push(args) => push::run(cx, &args),
            Self::Ps(_) => ps::run(cx),
            Self::Logs(args) => logs::run(cx, &args),
            Self::Restart(args) => restart::run(cx, &args),
            Self::Stop(_) => stop::run(cx),
            Self::Twin(args) => twin::run(cx, args),
            Self::Call(args) => call::run(cx, args),
            Self::Send(args) => send::run(cx, args),
            Self::Monitor(args) => monitor::run(cx, args),
            Self::Upstream(args) => upstream::run(cx, &args),
            Self::Credentials(args) => credentials::run(cx, &args),
            Self::Completions(args) => completions::run(cx, &args),
        }
    }
}
