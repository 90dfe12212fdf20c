//! A module's side of the wire: workload API, MQTT over TLS. Used by the demo's modules and by tests.
//!
//! Does what the SDKs do, with the same variables and topics, and less: modules only, SAS tokens signed by the workload
//! API only, MQTT only.

mod connection;
mod dial;
mod error;
mod events;
mod exchange;
mod settings;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod workload;

use std::time::{Duration, SystemTime};

use bytes::BytesMut;
use serde_json::Value;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use connection::{Channels, Connection, Ended};
use dial::{Dial, Gateway};
pub use error::ClientError;
pub use events::{Event, Input, MethodCall};
use exchange::{Command, Exchange};
pub use settings::{Settings, WorkloadUri};

use crate::environment::Environment;
use crate::identity::Identity;
use crate::message::Message;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Tells the wall clock's time, for tokens.
pub type WallClock = fn() -> SystemTime;

/// A module's client; clones share one connection, which ends when the last of them or [`Events`] is dropped.
///
/// The connection is made and made again in the background. What was asked for without a connection waits for one.
#[derive(Debug, Clone)]
pub struct ModuleClient {
    commands: mpsc::Sender<Command>,
}

/// What happens to a module, in order.
#[derive(Debug)]
pub struct Events {
    events: mpsc::Receiver<Event>,
    task: Option<JoinHandle<ClientError>>,
}

impl Events {
    /// Waits for the next event; an error is the client's end: the hub does not let the module in, or is gone too long.
    pub async fn next(&mut self) -> Result<Event, ClientError> {
        if let Some(event) = self.events.recv().await {
            return Ok(event);
        }
        match self.task.take() {
            Some(task) => Err(task.await.unwrap_or(ClientError::Ended)),
            None => Err(ClientError::Ended),
        }
    }
}

impl ModuleClient {
    /// Starts a client with the variables that edgeAgent injects. Needs a tokio runtime.
    pub fn from_environment(environment: &Environment, clock: WallClock) -> Result<(Self, Events), ClientError> {
        Settings::from_environment(environment).map(|settings| Self::start(settings, clock))
    }

    /// Starts a client. Needs a tokio runtime.
    pub fn start(settings: Settings, clock: WallClock) -> (Self, Events) {
        let (identity, patience) = (settings.identity.clone(), settings.patience);
        Self::start_with(Gateway { settings, clock }, &identity, patience)
    }

    fn start_with(dial: impl Dial, identity: &Identity, patience: Duration) -> (Self, Events) {
        let (commands, incoming_commands) = mpsc::channel(64);
        let (outgoing_events, events) = mpsc::channel(16);
        let channels = Channels { commands: incoming_commands, answers: commands.downgrade(), events: outgoing_events };
        let task = tokio::spawn(keep_connected(dial, Exchange::new(identity), channels, patience));
        (Self { commands }, Events { events, task: Some(task) })
    }

    /// Sends a message from an output; returns when the hub has stored it wherever it goes.
    ///
    /// A message whose connection breaks before that is sent again on the next one.
    pub async fn send_output(&self, output: &str, message: Message) -> Result<(), ClientError> {
        self.ask(|done| Command::Send { output: output.to_owned(), message, done }).await
    }

    /// Returns the twin: `{"desired":{…},"reported":{…}}`.
    pub async fn twin(&self) -> Result<Value, ClientError> {
        self.ask(|done| Command::GetTwin { done }).await
    }

    /// Reports properties; `null` removes one.
    pub async fn report(&self, patch: Value) -> Result<(), ClientError> {
        self.ask(|done| Command::Report { patch, done }).await.map(|_: Value| ())
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, ClientError>>) -> Command,
    ) -> Result<T, ClientError> {
        let (done, answer) = oneshot::channel();
        self.commands.send(command(done)).await.map_err(|_| ClientError::Ended)?;
        answer.await.map_err(|_| ClientError::Ended)?
    }
}

/// Connects, and connects again after a pause that doubles, until the module leaves, is not let in, or has had no
/// connection for longer than `patience`.
async fn keep_connected(
    mut dial: impl Dial,
    mut exchange: Exchange,
    mut channels: Channels,
    patience: Duration,
) -> ClientError {
    let mut lost = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let (was_open, ended) = connect_once(&mut dial, &mut exchange, &mut channels).await;
        if was_open {
            (lost, pause) = (Instant::now(), FIRST_PAUSE);
        }
        let failure = match ended {
            Ended::Left => return ClientError::Ended,
            Ended::Renew => continue,
            Ended::Failed(error) if error.is_lasting() || lost.elapsed() >= patience => return error,
            Ended::Failed(error) => error,
        };
        // Not waited for: a module that waits for an answer takes no event until there is a connection again.
        if let Err(TrySendError::Closed(_)) = channels.events.try_send(Event::Disconnected(failure)) {
            return ClientError::Ended;
        }
        sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// Returns whether the connection was ever open, and why it ended.
async fn connect_once(dial: &mut impl Dial, exchange: &mut Exchange, channels: &mut Channels) -> (bool, Ended) {
    let mut input = BytesMut::new();
    let mut dialled = match dial.dial().await {
        Ok(dialled) => dialled,
        Err(error) => return (false, Ended::Failed(error)),
    };
    if let Err(error) = connection::introduce(&mut dialled, &mut input).await {
        return (false, Ended::Failed(error));
    }
    let until = Instant::now() + dialled.good_for;
    let connection = Connection { stream: dialled.stream, input, exchange, channels, until };
    (true, connection.run().await)
}
