//! One client's connection, from its first byte to its last: MQTT on one side, the hub's vocabulary on the other.
//!
//! Bytes go in by [`Session::handle_bytes`], the hub's events by [`Session::handle_event`]; after each call, drain
//! [`Session::poll`]. Decides nothing about who may connect and where a message goes; see `edgehub`.

mod login;
mod open;
mod outbox;
mod subscriptions;
#[cfg(test)]
mod tests;
mod window;

use std::time::Duration;

use bytes::{Bytes, BytesMut};

pub use login::{Login, LoginError};
use open::{Heard, Open};
use outbox::Outbox;

use super::bag::TooManyProperties;
use super::codec::{self, ProtocolError};
use super::packet::{ConnAck, Connect, ConnectRefusal, Packet, Will};
use super::topic::NotATwinTopic;
use crate::clock::Now;
use crate::edgehub::{Event, Feature, Guarantee, Refusal, Request};
use crate::identity::Identity;

/// What one client may use (protocol.md §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a connection may be silent before its CONNECT.
    pub connect_within: Duration,
    /// The longest silence, whatever keep-alive the client asks for.
    pub longest_silence: Duration,
    /// Bytes of a packet after its header.
    pub packet_bytes: usize,
    /// Publishes of level 1 that wait for the hub before reading pauses.
    pub unacknowledged: usize,
    /// Filters that one client may subscribe to.
    pub filters: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_within: Duration::from_secs(60),
            longest_silence: Duration::from_secs(10 * 60),
            packet_bytes: 262_144,
            unacknowledged: 16,
            filters: 64,
        }
    }
}

/// What a session wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Write these bytes: all that has to be said since the last time, in one piece.
    Send(Bytes),
    /// Let this client in or not; answer with [`Session::connected`], [`Session::refused`] or
    /// [`Session::unavailable`].
    Connect(Box<Login>),
    /// Do not let this client in, for no hub could; answer with [`Session::refused`], at once or later.
    Misfit(LoginError),
    /// Tell the hub.
    Request(Request),
    /// Tell the developer, who would wonder otherwise.
    Notice(Notice),
    /// Close the socket and tell the hub; nothing comes after it.
    Close(Closed),
}

/// Something that the protocol passes over in silence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    /// A publish to a topic that a hub does not know.
    #[error("published to `{0}`, which no hub knows: the message is dropped")]
    UnknownTopic(String),
    /// A subscription that will never get anything.
    #[error("subscribed to `{0}`, which never gets a message")]
    UnknownFilter(String),
    /// A message whose properties do not fit into a topic.
    #[error("a message with more than 64 KB of properties cannot be delivered: it is dropped")]
    Undeliverable,
}

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// The client said goodbye.
    #[error("the client disconnected")]
    Disconnected,
    /// The connection broke.
    #[error("the connection broke")]
    Gone,
    /// Nothing was heard for too long.
    #[error("nothing was heard for {} s", .0.as_secs())]
    Silent(Duration),
    /// No CONNECT came.
    #[error("no CONNECT came within {} s", .0.as_secs())]
    NoConnect(Duration),
    /// The client was not let in.
    #[error("refused: {0}")]
    Refused(String),
    /// The client broke a rule.
    #[error(transparent)]
    Violation(#[from] Violation),
    /// Another connection of the same identity took over (protocol.md §0.13).
    #[error("another connection of the same identity took over")]
    Superseded,
    /// The simulation ends, or the identity is gone.
    #[error("the hub closed the connection")]
    Stopped,
}

/// A rule that a client broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The bytes are no MQTT 3.1.1.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The first packet is another.
    #[error("the first packet is no CONNECT [MQTT-3.1.0-1]")]
    ConnectExpected,
    /// There are two CONNECTs.
    #[error("a second CONNECT came [MQTT-3.1.0-2]")]
    SecondConnect,
    /// A packet that only servers send, or that belongs to level 2.
    #[error("a packet came that no client may send")]
    NotForServers,
    /// IoT Hub does not know level 2.
    #[error("a message was published with QoS 2, which IoT Hub does not support")]
    ExactlyOnce,
    /// A topic of the twin that is none.
    #[error(transparent)]
    TwinTopic(#[from] NotATwinTopic),
    /// A bag without end.
    #[error(transparent)]
    Properties(#[from] TooManyProperties),
    /// No delivery is ever acknowledged.
    #[error("16384 messages were delivered and none was acknowledged")]
    NothingAcknowledged,
}

/// The server's side of one MQTT connection.
#[derive(Debug)]
pub struct Session {
    limits: Limits,
    state: State,
    input: BytesMut,
    outbox: Outbox,
    closed: Option<Closed>,
}

#[derive(Debug)]
enum State {
    AwaitingConnect {
        until: Duration,
    },
    /// The hub is asked.
    Authenticating(Box<Candidate>),
    /// It will be refused whatever the hub would say.
    Unfit,
    Open(Box<Open>),
    Closed,
}

/// What is remembered of a client until the hub has let it in.
#[derive(Debug)]
struct Candidate {
    identity: Identity,
    silence: Duration,
    will: Option<Will>,
    model_id: Option<String>,
}

impl Session {
    /// Starts with a connection that was just made.
    pub fn new(now: Now, limits: Limits) -> Self {
        Self {
            limits,
            state: State::AwaitingConnect { until: now.monotonic + limits.connect_within },
            input: BytesMut::new(),
            outbox: Outbox::default(),
            closed: None,
        }
    }

    /// Takes what was read from the socket.
    ///
    /// Everything given is kept, also while [`Session::wants_read`] says no; but then it waits.
    pub fn handle_bytes(&mut self, now: Now, bytes: BytesMut) {
        if let State::Closed = self.state {
            return;
        }
        if self.input.is_empty() {
            self.input = bytes;
        } else {
            self.input.extend_from_slice(&bytes);
        }
        if let State::Open(open) = &mut self.state {
            open.heard(now);
        }
        self.read_on();
    }

    /// Takes the end of the connection: the socket was closed or broke.
    pub fn handle_end(&mut self) {
        self.close(Closed::Gone);
    }

    /// Takes what the hub tells this client; nothing happens if it is not connected any more.
    pub fn handle_event(&mut self, now: Now, event: Event) {
        let State::Open(open) = &mut self.state else { return };
        let was_paused = !open.wants_read();
        if let Err(violation) = open.handle_event(event, &mut self.outbox) {
            return self.close(violation.into());
        }
        if was_paused && open.wants_read() {
            // It could not be heard while reading paused.
            open.heard(now);
            self.read_on();
        }
    }

    /// Lets the client in. `remembered` is what the hub kept of its session; `None` if it kept none.
    pub fn connected(&mut self, now: Now, remembered: Option<&[(Feature, Guarantee)]>) {
        let mut candidate = match std::mem::replace(&mut self.state, State::Closed) {
            State::Authenticating(candidate) => *candidate,
            other => return self.state = other,
        };
        self.outbox.send(&Packet::ConnAck(ConnAck::Accepted { session_present: remembered.is_some() }));
        if let Some(model) = candidate.model_id.take() {
            self.outbox.request(Request::Announce { model });
        }
        self.state = State::Open(Box::new(Open::new(now, self.limits, candidate, remembered.unwrap_or_default())));
        self.read_on();
    }

    /// Does not let the client in: return code 5 if it is the client's fault, else 3.
    pub fn refused(&mut self, refusal: &Refusal) {
        match refusal {
            Refusal::NotAuthorized(reason) => self.refuse(ConnectRefusal::NotAuthorized, reason.clone()),
            Refusal::TooManyClients(_) => self.unavailable(refusal.to_string()),
        }
    }

    /// Cannot let the client in now, for a reason that is not the client's: return code 3.
    pub fn unavailable(&mut self, reason: impl Into<String>) {
        self.refuse(ConnectRefusal::Unavailable, reason.into());
    }

    /// Ends the connection. Unless the client has said goodbye, its will is published first (protocol.md §4.1).
    pub fn close(&mut self, why: Closed) {
        let open = match std::mem::replace(&mut self.state, State::Closed) {
            State::Closed => return,
            State::Open(open) => Some(open),
            State::AwaitingConnect { .. } | State::Authenticating(_) | State::Unfit => None,
        };
        if let Some(will) = open.and_then(|open| open.into_will()).filter(|_| why != Closed::Disconnected) {
            self.outbox.request(will);
        }
        self.input = BytesMut::new();
        self.closed = Some(why);
    }

    /// Returns the next thing to do; `None` until something happens again.
    pub fn poll(&mut self) -> Option<Output> {
        self.outbox.pop().or_else(|| self.closed.take().map(Output::Close))
    }

    /// Says whether to read from the socket: not while the hub is asked, nor with too much unacknowledged.
    pub fn wants_read(&self) -> bool {
        match &self.state {
            State::AwaitingConnect { .. } => true,
            State::Open(open) => open.wants_read(),
            State::Authenticating(_) | State::Unfit | State::Closed => false,
        }
    }

    /// Returns when [`Session::handle_timeout`] wants to be called, on the monotonic clock.
    pub fn deadline(&self) -> Option<Duration> {
        match &self.state {
            State::AwaitingConnect { until } => Some(*until),
            // While reading pauses the client cannot be heard.
            State::Open(open) => open.wants_read().then(|| open.deadline()),
            State::Authenticating(_) | State::Unfit | State::Closed => None,
        }
    }

    /// Closes the connection if its deadline has come.
    pub fn handle_timeout(&mut self, now: Now) {
        if self.deadline().is_none_or(|deadline| now.monotonic < deadline) {
            return;
        }
        match &self.state {
            State::AwaitingConnect { .. } => self.close(Closed::NoConnect(self.limits.connect_within)),
            State::Open(open) => self.close(Closed::Silent(open.silence())),
            State::Authenticating(_) | State::Unfit | State::Closed => {}
        }
    }

    /// Handles the packets that have come, as far as they may be handled now.
    fn read_on(&mut self) {
        while self.wants_read() {
            match codec::decode(&mut self.input, self.limits.packet_bytes) {
                Ok(None) => break,
                Ok(Some(packet)) => self.handle_packet(packet),
                Err(error) => self.handle_garbage(error),
            }
        }
        if self.input.is_empty() {
            // A silent client keeps no buffer; whoever reads from the socket can use this one again.
            self.input = BytesMut::new();
        }
    }

    fn handle_packet(&mut self, packet: Packet) {
        match (&mut self.state, packet) {
            (State::AwaitingConnect { .. }, Packet::Connect(connect)) => self.handle_connect(*connect),
            (State::AwaitingConnect { .. }, _) => self.close(Violation::ConnectExpected.into()),
            (State::Open(open), packet) => match open.handle_packet(packet, &mut self.outbox) {
                Ok(Heard::More) => {}
                Ok(Heard::Goodbye) => self.close(Closed::Disconnected),
                Err(violation) => self.close(violation.into()),
            },
            (State::Authenticating(_) | State::Unfit | State::Closed, _) => {}
        }
    }

    /// A client of MQTT 5 or 3.1 learns that its version is the reason.
    fn handle_garbage(&mut self, error: ProtocolError) {
        let is_first = matches!(self.state, State::AwaitingConnect { .. });
        if is_first && matches!(error, ProtocolError::ProtocolLevel(_) | ProtocolError::ProtocolName) {
            self.outbox.send(&Packet::ConnAck(ConnAck::Refused(ConnectRefusal::ProtocolVersion)));
        }
        self.close(Violation::from(error).into());
    }

    fn handle_connect(&mut self, mut connect: Connect) {
        let login = match login::parse(&connect) {
            Ok(login) => login,
            Err(error) => {
                self.state = State::Unfit;
                return self.outbox.push(Output::Misfit(error));
            }
        };
        self.state = State::Authenticating(Box::new(Candidate {
            identity: login.identity.clone(),
            silence: longest_silence(connect.keep_alive, self.limits.longest_silence),
            will: connect.will.take(),
            model_id: login.model_id.clone(),
        }));
        self.outbox.push(Output::Connect(Box::new(login)));
    }

    fn refuse(&mut self, code: ConnectRefusal, reason: String) {
        if matches!(self.state, State::Authenticating(_) | State::Unfit) {
            self.outbox.send(&Packet::ConnAck(ConnAck::Refused(code)));
            self.close(Closed::Refused(reason));
        }
    }
}

/// Returns one and a half times the keep-alive; 0 means the longest (protocol.md §4.1).
fn longest_silence(keep_alive: u16, longest: Duration) -> Duration {
    match keep_alive {
        0 => longest,
        seconds => longest.min(Duration::from_secs(seconds.into()) * 3 / 2),
    }
}

/// Returns what a log may show of a client's text: not all of 64 KB, and nothing that was pasted into the wrong field.
fn shown(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    if ["sharedaccess", "sig=", "password"].iter().any(|secret| lower.contains(secret)) {
        return "(hidden, since it seems to hold a secret)".to_owned();
    }
    let mut short: String = text.chars().take(200).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
