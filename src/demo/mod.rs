//! The solution inside the binary: a simulated temperature sensor, a filter, and the deployment that joins them.
//!
//! The modules are real: each runs in a process of its own, learns from its environment who it is, and speaks to the
//! hub over TLS like any other. So `edgectl simulate --demo` shows the whole way of a message with nothing installed.
//! The sensor also stands in for the well-known image `azureiotedge-simulated-temperature-sensor`, whose settings,
//! messages and method it has.

mod deployment;
mod filter;
mod sensor;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

pub use deployment::{deployment, document, parse_deployment};

use crate::client::{ClientError, Event, Events, ModuleClient, Settings, WallClock};
use crate::environment::Environment;
use crate::failure::{Failure, Kind, OrFail, Outcome};

/// How long a module tries to connect before it ends: one whose simulator was killed must not run for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a module that ends waits for its goodbye to leave.
const GOODBYE: Duration = Duration::from_secs(1);

/// A module of the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Module {
    /// Sends temperatures.
    Sensor,
    /// Forwards those that are too high.
    Filter,
}

/// Takes a line of a module's log; an error, when nobody reads it any more, ends the module.
pub type Log<'a> = &'a (dyn Fn(String) -> Outcome + Sync);

/// What a module may use of its process.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The variables that the simulator injected.
    pub environment: &'a Environment,
    /// The wall clock.
    pub clock: WallClock,
    /// The module's log.
    pub log: Log<'a>,
}

/// Runs a module until it is told to end (SIGTERM, Ctrl-C) or the hub refuses it.
pub async fn run(module: Module, around: Surroundings<'_>) -> Outcome {
    let mut asked_to_end = stop_signal()?;
    let mut settings = Settings::from_environment(around.environment).map_err(not_a_module)?;
    settings.patience = PATIENCE;
    let (client, events) = ModuleClient::start(settings, around.clock);
    let mut hub = Hub { client, events };
    let outcome = tokio::select! {
        outcome = async {
            match module {
                Module::Sensor => sensor::run(&mut hub, around).await,
                Module::Filter => filter::run(&mut hub, around.log).await,
            }
        } => outcome,
        _ = asked_to_end.recv() => Ok(()),
    };
    hub.leave().await;
    outcome
}

/// The module's way to its hub.
struct Hub {
    client: ModuleClient,
    events: Events,
}

impl Hub {
    /// Waits for the next thing to do; an error if there is no hub to speak to.
    async fn next(&mut self) -> Outcome<Event> {
        let hint = "look at the simulator's log, or start it again: `edgectl simulate`";
        self.events.next().await.map_err(|error| Failure::refused("the hub is lost").cause(error).hint(hint))
    }

    async fn leave(self) {
        let Self { client, mut events } = self;
        drop(client);
        let _ = timeout(GOODBYE, async { while events.next().await.is_ok() {} }).await;
    }
}

/// Writes a number as a person would: `25`, not `25.0`.
fn plain(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e15 { Value::from(number as i64) } else { Value::from(number) }
}

fn not_a_module(error: ClientError) -> Failure {
    Failure::usage("this is no module of a simulation")
        .cause(error)
        .hint("let the simulator start it: `edgectl simulate --demo`")
}

/// Both signals as one, so that Ctrl-C in a terminal ends a module as gently as the simulator does.
fn stop_signal() -> Outcome<tokio::sync::mpsc::Receiver<()>> {
    let doing = || "cannot listen for signals";
    let mut terminate = signal(SignalKind::terminate()).or_fail(Kind::Machine, doing)?;
    let mut interrupt = signal(SignalKind::interrupt()).or_fail(Kind::Machine, doing)?;
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        let _ = sender.send(()).await;
    });
    Ok(receiver)
}
