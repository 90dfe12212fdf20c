//! One AMQP connection: preamble, SASL, open and close, signs of life, sessions. Knows nothing of hubs; see `head`.

mod opening;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use fe2o3_amqp_types::performatives::{Begin, Close, End, Performative};

use super::condition::{Condition, Fault};
use super::frame::{self, Body, Frame, FrameError};
use super::link::{LinkId, Parcel, Received};
use super::sasl::Login;
use super::session::{Happening, Session, Writer};
use crate::clock::Now;

use opening::blank_open;

/// What one client may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a connection may go on without anybody being authenticated on it.
    pub authenticate_within: Duration,
    /// The longest silence of a client (protocol.md §5.1).
    pub silence: Duration,
    /// The shortest time-out that a client may ask of us (protocol.md §5.1).
    pub shortest_idle: Duration,
    /// Bytes of a frame.
    pub frame_bytes: usize,
    /// The highest number of a session.
    pub channel_max: u16,
    /// Links of all sessions.
    pub links: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            authenticate_within: Duration::from_secs(60),
            silence: Duration::from_secs(240),
            shortest_idle: Duration::from_secs(5),
            frame_bytes: 65_536,
            channel_max: 255,
            links: 1024,
        }
    }
}

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// The client said goodbye.
    #[error("the client disconnected")]
    Disconnected,
    /// The client said goodbye because of something that it did not like.
    #[error("the client disconnected: {0}")]
    Displeased(String),
    /// The connection broke.
    #[error("the connection broke")]
    Gone,
    /// Nothing was heard for too long.
    #[error("nothing was heard for {} s", .0.as_secs())]
    Silent(Duration),
    /// Nobody proved who it is.
    #[error("nobody was authenticated within {} s", .0.as_secs())]
    NoLogin(Duration),
    /// Nobody could be let in.
    #[error("refused: {0}")]
    Refused(String),
    /// The client broke a rule.
    #[error("{0}")]
    Violation(String),
    /// The simulation ends, or somebody else took over.
    #[error("the hub closed the connection: {0}")]
    Stopped(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Preamble {
        after_sasl: bool,
    },
    /// The mechanisms are offered.
    Sasl,
    /// The hub is asked.
    Deciding,
    AwaitingOpen,
    Open,
    Closed,
}

/// What a client has done.
#[derive(Debug, PartialEq)]
pub(super) enum Turn {
    /// It wants in by SASL; answer with [`Connection::decide`].
    Login(Login),
    /// It wanted in as nobody can, and is told so.
    Hopeless(String),
    /// Something on its links.
    Link(Happening),
}

/// The server's side of one connection.
#[derive(Debug)]
pub(super) struct Connection {
    limits: Limits,
    stage: Stage,
    input: BytesMut,
    out: Writer,
    sessions: BTreeMap<u16, Session>,
    turns: VecDeque<Turn>,
    now: Duration,
    /// When something was last heard, and last said.
    heard: Duration,
    said: Duration,
    /// How often the client wants to hear something.
    beat: Duration,
    /// Links on which the client wants what there is and then no more: until when the hub may bring something.
    drains: VecDeque<(Duration, LinkId)>,
    closed: Option<Closed>,
}

/// How long a client that drains a link waits for what the hub has.
const DRAINED_AFTER: Duration = Duration::from_millis(100);

impl Connection {
    pub(super) fn new(now: Now, limits: Limits) -> Self {
        Self {
            limits,
            stage: Stage::Preamble { after_sasl: false },
            input: BytesMut::new(),
            out: Writer { bytes: BytesMut::new(), frame_bytes: 512 },
            sessions: BTreeMap::new(),
            turns: VecDeque::new(),
            now: now.monotonic,
            heard: now.monotonic,
            said: now.monotonic,
            beat: Duration::from_secs(60),
            drains: VecDeque::new(),
            closed: None,
        }
    }

    /// Takes what time it is; said before anything else that happens.
    pub(super) fn handle_time(&mut self, now: Now) {
        self.now = now.monotonic;
    }

    pub(super) fn handle_bytes(&mut self, bytes: BytesMut) {
        if self.stage == Stage::Closed {
            return;
        }
        self.heard = self.now;
        if self.input.is_empty() {
            self.input = bytes;
        } else {
            self.input.extend_from_slice(&bytes);
        }
        self.read_on();
    }

    /// Handles what was kept while the hub was asked.
    fn read_on(&mut self) {
        while !matches!(self.stage, Stage::Deciding | Stage::Closed) {
            match self.read_one() {
                Ok(true) => {}
                Ok(false) => return,
                Err(fault) => self.close_with(&fault, Closed::Violation(fault.reason.clone())),
            }
        }
    }

    /// Handles the next piece of what has come; says whether there was one.
    fn read_one(&mut self) -> Result<bool, Fault> {
        match self.stage {
            Stage::Preamble { after_sasl } => self.read_preamble(after_sasl),
            Stage::Sasl => self.read_choice(),
            Stage::AwaitingOpen | Stage::Open => {
                let Some(frame) = frame::decode(&mut self.input, self.limits.frame_bytes)? else { return Ok(false) };
                self.handle_frame(frame)?;
                Ok(true)
            }
            Stage::Deciding | Stage::Closed => Ok(false),
        }
    }

    fn handle_frame(&mut self, frame: Frame) -> Result<(), Fault> {
        let Body::Performative(performative, payload) = frame.body else { return Ok(()) };
        match (*performative, self.stage) {
            (Performative::Open(open), Stage::AwaitingOpen) => self.handle_open(&open),
            (Performative::Close(close), Stage::Open) => {
                self.out.put(0, Performative::Close(Close::new(None)));
                self.end(close.error.map_or(Closed::Disconnected, |error| {
                    Closed::Displeased(error.description.unwrap_or_else(|| format!("{:?}", error.condition)))
                }));
                Ok(())
            }
            (Performative::Begin(begin), Stage::Open) => self.handle_begin(frame.channel, &begin),
            (Performative::Open(_), _) => Err(Condition::NotAllowed.because("a second open came")),
            (_, Stage::AwaitingOpen) => Err(Condition::NotAllowed.because("the first performative is no open")),
            (performative, _) => self.handle_in_session(frame.channel, performative, &payload),
        }
    }

    fn handle_begin(&mut self, channel: u16, begin: &Begin) -> Result<(), Fault> {
        if channel > self.limits.channel_max || self.sessions.contains_key(&channel) {
            return Err(Condition::NotAllowed.because(format!("session {channel} is open, or too high a number")));
        }
        self.sessions.insert(channel, Session::begin(channel, begin, &mut self.out));
        Ok(())
    }

    fn handle_in_session(&mut self, channel: u16, performative: Performative, payload: &Bytes) -> Result<(), Fault> {
        let links: usize = self.sessions.values().map(Session::link_count).sum();
        let unknown = || Condition::NotAllowed.because(format!("session {channel} is not open"));
        let session = self.sessions.get_mut(&channel).ok_or_else(unknown)?;
        let out = &mut self.out;
        let happening = match performative {
            Performative::Attach(_) if links >= self.limits.links => {
                return Err(Condition::TooMuch.because(format!("there are {links} links already")));
            }
            Performative::Attach(attach) => Some(session.handle_attach(attach)?),
            Performative::Detach(detach) => session.handle_detach(&detach, out)?,
            Performative::Flow(flow) => session.handle_flow(&flow, out)?,
            Performative::Transfer(transfer) => session.handle_transfer(&transfer, payload, out)?,
            Performative::Disposition(disposition) => {
                self.turns.extend(session.handle_disposition(disposition, out).into_iter().map(Turn::Link));
                None
            }
            Performative::End(_) => {
                self.turns.extend(session.links().map(Happening::Detached).map(Turn::Link));
                self.sessions.remove(&channel);
                self.out.put(channel, Performative::End(End { error: None }));
                None
            }
            Performative::Open(_) | Performative::Begin(_) | Performative::Close(_) => None,
        };
        if let Some(Happening::Credit(link)) = happening {
            self.note_drain(link);
        }
        self.turns.extend(happening.map(Turn::Link));
        Ok(())
    }

    /// Lets the hub bring what it has before the credit of a link is given back, if the client wants that.
    fn note_drain(&mut self, link: LinkId) {
        let is_draining = self.sessions.get(&link.channel).is_some_and(|session| session.is_draining(link.handle));
        if is_draining && !self.drains.iter().any(|(_, draining)| *draining == link) {
            self.drains.push_back((self.now + DRAINED_AFTER, link));
        }
    }

    fn session(&mut self, link: LinkId) -> Option<(&mut Session, &mut Writer)> {
        self.sessions.get_mut(&link.channel).map(|session| (session, &mut self.out))
    }

    /// Accepts a link; `limit` is the largest message that the client may send on it.
    pub(super) fn accept(&mut self, link: LinkId, limit: usize) {
        if let Some((session, out)) = self.session(link) {
            session.accept(link.handle, limit, out);
        }
    }

    /// Refuses or ends a link.
    pub(super) fn detach(&mut self, link: LinkId, fault: &Fault) {
        if let Some((session, out)) = self.session(link) {
            session.detach(link.handle, fault, out);
        }
    }

    /// Settles a message of the client.
    pub(super) fn settle(&mut self, link: LinkId, received: &Received, result: Result<(), &Fault>) {
        if let Some((session, out)) = self.session(link) {
            session.settle(link.handle, received, result, out);
        }
    }

    /// Sends a message as soon as the client has room for it.
    pub(super) fn send(&mut self, link: LinkId, parcel: Parcel) {
        if let Some((session, out)) = self.session(link)
            && let Err(fault) = session.send(link.handle, parcel, out)
        {
            self.close_with(&fault, Closed::Violation(fault.reason.clone()));
        }
    }

    /// Returns how many messages the client has room for on a link.
    pub(super) fn credit(&self, link: LinkId) -> u32 {
        self.sessions.get(&link.channel).map_or(0, |session| session.credit(link.handle))
    }

    /// Returns what the client has done next.
    pub(super) fn turn(&mut self) -> Option<Turn> {
        self.turns.pop_front()
    }

    /// Returns what is to be written: all that was said since the last time, in one piece.
    pub(super) fn take_bytes(&mut self) -> Option<Bytes> {
        let out = &mut self.out;
        self.sessions.values_mut().for_each(|session| session.tell_accepted(out));
        if out.bytes.is_empty() {
            return None;
        }
        self.said = self.now;
        Some(out.bytes.split().freeze())
    }

    /// Returns, once, why the connection ended.
    pub(super) fn take_closed(&mut self) -> Option<Closed> {
        self.closed.take()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.stage == Stage::Closed
    }

    /// Ends the connection and tells the client why, if it can be told.
    pub(super) fn close_with(&mut self, fault: &Fault, why: Closed) {
        match self.stage {
            Stage::Open => self.out.put(0, Performative::Close(Close::new(Some(fault.into())))),
            // An open goes before a close, whatever comes after it.
            Stage::AwaitingOpen => {
                if self.handle_open(&blank_open()).is_ok() {
                    self.out.put(0, Performative::Close(Close::new(Some(fault.into()))));
                }
            }
            Stage::Preamble { .. } | Stage::Sasl | Stage::Deciding | Stage::Closed => {}
        }
        self.end(why);
    }

    /// Ends the connection without a word. What the client did before its goodbye still counts: see [`Connection::turn`].
    pub(super) fn end(&mut self, why: Closed) {
        if self.stage != Stage::Closed {
            self.sessions.values_mut().for_each(|session| session.tell_accepted(&mut self.out));
            self.stage = Stage::Closed;
            self.sessions.clear();
            self.input = BytesMut::new();
            self.closed = Some(why);
        }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        let silence = self.heard + self.limits.silence;
        match self.stage {
            Stage::Closed => None,
            Stage::Open => {
                let drain = self.drains.front().map(|(until, _)| *until);
                [Some(silence), Some(self.said + self.beat), drain].into_iter().flatten().min()
            }
            Stage::Preamble { .. } | Stage::Sasl | Stage::Deciding | Stage::AwaitingOpen => Some(silence),
        }
    }

    /// Ends the waiting of clients that drain a link, gives a sign of life if one is due, and gives a client up that
    /// gave none.
    pub(super) fn handle_timeout(&mut self) {
        while let Some((until, link)) = self.drains.front().copied()
            && until <= self.now
        {
            self.drains.pop_front();
            if let Some((session, out)) = self.session(link) {
                session.drain(link.handle, out);
                self.turns.push_back(Turn::Link(Happening::Credit(link)));
            }
        }
        if self.stage == Stage::Open && self.now >= self.said + self.beat {
            frame::encode_empty(&mut self.out.bytes);
        }
        if self.stage != Stage::Closed && self.now >= self.heard + self.limits.silence {
            let silence = self.limits.silence;
            let fault = Condition::TooMuch.because(format!("nothing was heard for {} s", silence.as_secs()));
            self.close_with(&fault, Closed::Silent(silence));
        }
    }
}

impl From<FrameError> for Fault {
    fn from(error: FrameError) -> Self {
        let condition = match error {
            FrameError::Preamble | FrameError::TooLong { .. } | FrameError::Header => Condition::Framing,
            FrameError::Value(_) | FrameError::Performative(_) => Condition::Decode,
        };
        condition.because(error.to_string())
    }
}
