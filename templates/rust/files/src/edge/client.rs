//! The client: one session after the other.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use super::backoff::Backoff;
use super::credentials::{self, LIFETIME};
use super::link::TICK;
use super::message::Message;
use super::session::{Call, Event, Input, Session};
use super::settings::Settings;
use super::tls::{self, Stream};

/// The hub closes the connection of a module that sends more.
const LARGEST_MESSAGE: usize = 256 * 1024;
/// A topic has at most 65,535 bytes, some of which name the module.
const LONGEST_BAG: usize = 60 * 1024;
/// Well before the token expires.
const RENEW_AFTER: Duration = LIFETIME.saturating_sub(Duration::from_secs(900));

/// A module's connection to its hub, opened again whenever it is lost.
pub struct Client {
    settings: Settings,
    stop: Arc<AtomicBool>,
    session: Option<Session<Stream>>,
    sessions: u64,
    renew_at: Instant,
    retry_at: Instant,
    backoff: Backoff,
}

/// Why a message was not sent.
#[derive(Debug, PartialEq, Eq)]
pub enum SendError {
    /// The module was asked to end before the hub had stored the message.
    Stopped,
    /// The body is larger than 256 KiB, or the properties than 60 KiB.
    TooLarge,
}

impl Client {
    /// Creates a client, which ends its work once `stop` is set.
    pub fn new(settings: Settings, stop: Arc<AtomicBool>) -> Self {
        let now = Instant::now();
        Self {
            settings,
            stop,
            session: None,
            sessions: 0,
            renew_at: now,
            retry_at: now,
            backoff: Backoff::default(),
        }
    }

    /// Returns the next event, [`Event::Idle`] if there is none for as long as `patience`.
    pub fn next(&mut self, patience: Duration) -> Event {
        let deadline = Instant::now() + patience;
        loop {
            if self.is_stopped() {
                return Event::Stop;
            }
            if let Some(event) = self.with_session(Session::next).flatten() {
                return event;
            }
            if Instant::now() >= deadline {
                return Event::Idle;
            }
        }
    }

    /// Sends a message by `output` and waits until the hub has stored it, over as many connections as it takes.
    pub fn send(&mut self, output: &str, message: &Message) -> Result<(), SendError> {
        if message.body.len() > LARGEST_MESSAGE || message.bag(output).len() > LONGEST_BAG {
            return Err(SendError::TooLarge);
        }
        loop {
            if self
                .with_session(|session| session.send(output, message))
                .is_some()
            {
                return Ok(());
            }
            if self.is_stopped() {
                return Err(SendError::Stopped);
            }
        }
    }

    /// Tells the hub that an input was dealt with. One that came over a lost connection is delivered again.
    pub fn complete(&mut self, input: &Input) {
        self.if_connected(|session| session.complete(input));
    }

    /// Sends a change of the reported properties. It may get lost with the connection; [`Event::Twin`] follows then.
    pub fn report(&mut self, patch: &Value) {
        self.if_connected(|session| session.report(patch));
    }

    /// Answers a direct method. With the connection its caller is lost, too.
    pub fn answer(&mut self, call: &Call, status: u16, payload: &Value) {
        self.if_connected(|session| session.answer(call, status, payload));
    }

    /// Takes leave of the hub.
    pub fn close(mut self) {
        if let Some(session) = self.session.take() {
            // Whether the hub hears it or not, the module ends.
            let _ = session.close();
        }
    }

    /// Does something over the connection, which is opened first if it is time to; `None` if there is none then.
    fn with_session<T>(
        &mut self,
        act: impl FnOnce(&mut Session<Stream>) -> io::Result<T>,
    ) -> Option<T> {
        self.renew();
        if self.session.is_none() {
            self.open();
        }
        self.if_connected(act)
    }

    fn if_connected<T>(
        &mut self,
        act: impl FnOnce(&mut Session<Stream>) -> io::Result<T>,
    ) -> Option<T> {
        match act(self.session.as_mut()?) {
            Ok(done) => Some(done),
            Err(error) => {
                self.session = None;
                self.wait_after(&error);
                None
            }
        }
    }

    /// Ends a connection whose token is about to expire; the next one has a new token.
    fn renew(&mut self) {
        if self.session.is_some() && Instant::now() >= self.renew_at {
            let _ = self.session.take().map(Session::close);
        }
    }

    fn open(&mut self) {
        if Instant::now() < self.retry_at {
            std::thread::sleep(TICK);
            return;
        }
        self.sessions += 1;
        match open(&self.settings, self.sessions) {
            Ok(session) => {
                self.session = Some(session);
                self.renew_at = Instant::now() + RENEW_AFTER;
                self.backoff.connected(Instant::now());
                eprintln!("connected to {}", self.settings.gateway);
            }
            Err(error) => self.wait_after(&error),
        }
    }

    fn wait_after(&mut self, error: &io::Error) {
        let pause = self.backoff.failed(Instant::now());
        self.retry_at = Instant::now() + pause;
        let gateway = &self.settings.gateway;
        eprintln!(
            "no connection to {gateway}: {error}; next attempt in {} s",
            pause.as_secs()
        );
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

fn open(settings: &Settings, number: u64) -> io::Result<Session<Stream>> {
    let trusted = settings.credentials.trust_bundle()?;
    let token = credentials::token(settings, SystemTime::now())?;
    let stream = tls::open(&settings.gateway, &trusted)?;
    Session::open(stream, number, settings, &token)
}

impl std::error::Error for SendError {}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stopped => "the module ends",
            Self::TooLarge => "the body is larger than 256 KiB, or the properties than 60 KiB",
        })
    }
}
