//! One file a subcommand: its arguments, its help, its run. No business rule lives here.

mod build;
mod call;
mod called;
mod check;
mod clean;
mod completions;
mod context;
mod credentials;
mod demo_module;
mod deploy;
mod deployment;
mod detach;
mod device;
mod hub;
mod images;
mod input;
mod ledger;
mod lists;
mod logs;
mod monitor;
mod new;
mod ps;
mod push;
mod restart;
mod send;
mod simulate;
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
    New(new::New),
    Build(build::Build),
    Push(push::Push),
    Deploy(Box<deploy::Deploy>),
    Deployment(deployment::Deployment),
    Simulate(Box<simulate::Simulate>),
    Ps(ps::Ps),
    Logs(logs::Logs),
    Restart(restart::Restart),
    Stop(stop::Stop),
    Twin(twin::Twin),
    Call(call::Call),
    Send(send::Send),
    Monitor(monitor::Monitor),
    Upstream(upstream::Upstream),
    Device(device::Device),
    Credentials(credentials::Credentials),
    Check(check::Check),
    Clean(clean::Clean),
    Completions(completions::Completions),
    DemoModule(demo_module::DemoModule),
}

impl Command {
    /// Runs the subcommand.
    pub fn run(self, cx: &mut Context) -> Outcome {
        match self {
            Self::New(args) => new::run(cx, &args),
            Self::Build(args) => build::run(cx, &args),
            Self::Push(args) => push::run(cx, &args),
            Self::Deploy(args) => deploy::run(cx, &args),
            Self::Deployment(args) => deployment::run(cx, &args),
            Self::Simulate(args) => simulate::run(cx, &args),
            Self::Ps(_) => ps::run(cx),
            Self::Logs(args) => logs::run(cx, &args),
            Self::Restart(args) => restart::run(cx, &args),
            Self::Stop(_) => stop::run(cx),
            Self::Twin(args) => twin::run(cx, args),
            Self::Call(args) => call::run(cx, args),
            Self::Send(args) => send::run(cx, args),
            Self::Monitor(args) => monitor::run(cx, args),
            Self::Upstream(args) => upstream::run(cx, &args),
            Self::Device(args) => device::run(cx, args),
            Self::Credentials(args) => credentials::run(cx, &args),
            Self::Check(_) => check::run(cx),
            Self::Clean(args) => clean::run(cx, &args),
            Self::Completions(args) => completions::run(cx, &args),
            Self::DemoModule(args) => demo_module::run(cx, &args),
        }
    }
}
