//! The server's side of one connection: its tokens, its links, and what the hub and its identities say to each other.
//!
//! Several identities may share a connection (protocol.md §5.2); to the hub each is a client of its own. Bytes go in by
//! [`Head::handle_bytes`], the hub's words by the other methods; after each call, drain [`Head::poll`]. Decides nothing
//! about who may connect and where a message goes; see `edgehub`.

mod from_client;
mod links;
mod logins;
mod to_client;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::address::Purpose;
use super::client::{Asker, Client};
use super::condition::Condition;
use super::connection::{Closed, Connection, Limits, Turn};
use super::link::{LinkId, Received};
use super::sasl::Login;
use super::session::Happening;
use crate::clock::Now;
use crate::edgehub::{Receipt, Request};
use crate::identity::{Identity, Thumbprints};

/// Room for what AMQP puts around a message of the largest size, or around several of a batch.
const ENVELOPE: usize = 64 * 1024;
/// The largest request to `$cbs`.
const TOKEN_BYTES: usize = 64 * 1024;
/// Messages of the client that wait for the hub before reading pauses.
const UNACCEPTED: usize = 64;
/// Identities on one connection.
const CLIENTS: usize = 1000;

/// One identity on a connection, as long as it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Speaker(pub u32);

/// What a connection wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Write these bytes: all that has to be said since the last time, in one piece.
    Send(Bytes),
    /// Let this client in or not; answer with [`Head::connected`] or [`Head::refused`].
    Connect {
        /// How the answer names it.
        speaker: Speaker,
        /// Who wants in.
        login: Box<Login>,
    },
    /// Tell the hub.
    Request {
        /// Whose request it is.
        speaker: Speaker,
        /// What it asks.
        request: Request,
    },
    /// Tell the developer, who would wonder otherwise.
    Notice {
        /// Whom it is about.
        speaker: Speaker,
        /// What.
        notice: Notice,
    },
    /// Tell the developer that somebody was not let in, since no hub could; why.
    Misfit(String),
    /// Tell the hub that this client is gone, though the connection is not.
    Left {
        /// Who.
        speaker: Speaker,
        /// Why.
        why: String,
    },
    /// Close the socket and tell the hub that everybody on it is gone; nothing comes after it.
    Close(Closed),
}

/// Something that a developer would wonder about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    /// A link to nowhere.
    #[error("attached a link to `{0}`, which no hub knows")]
    UnknownAddress(String),
    /// A token for an identity that is in already.
    #[error("put a token that is refused, and stays connected with its older one: {0}")]
    NotRenewed(String),
    /// A message that the hub did not take.
    #[error("sent a message that is rejected: {0}")]
    Rejected(String),
    /// A message that the client did not take.
    #[error("rejected a message, which is dropped")]
    Refused,
    /// A message that is too large for the client.
    #[error("takes messages of at most {0} bytes: a larger one is dropped")]
    Undeliverable(u64),
}

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    /// The client puts tokens.
    TokenRequests,
    /// It gets the answers.
    TokenAnswers,
    Own(Speaker, Purpose),
}

/// The server's side of one AMQP connection.
#[derive(Debug)]
pub struct Head {
    connection: Connection,
    limits: Limits,
    /// The certificate that the client showed; who relies on it puts no token (protocol.md §5.1).
    certificate: Option<Thumbprints>,
    /// Until when somebody must be let in; `None` once somebody was.
    login_until: Option<Duration>,
    clients: BTreeMap<Speaker, Client>,
    last_speaker: u32,
    /// Tokens of edge hubs: each lets its own hub in, and whom that speaks for, when they attach a link.
    lent: BTreeMap<Identity, String>,
    links: BTreeMap<LinkId, Bound>,
    /// Messages of the client that the hub has not accepted yet.
    publishes: HashMap<Receipt, (LinkId, Received)>,
    last_receipt: u64,
    /// Deliveries that the client has not settled yet.
    deliveries: HashMap<u64, (Speaker, LinkId)>,
    outputs: VecDeque<Output>,
    /// Whether [`Output::Close`] was said, after which nothing is.
    is_over: bool,
}

impl Head {
    /// Starts with a connection that was just made, on which this certificate was shown or none.
    pub fn new(now: Now, limits: Limits, certificate: Option<Thumbprints>) -> Self {
        Self {
            connection: Connection::new(now, limits),
            limits,
            certificate,
            login_until: Some(now.monotonic + limits.authenticate_within),
            clients: BTreeMap::new(),
            last_speaker: 0,
            lent: BTreeMap::new(),
            links: BTreeMap::new(),
            publishes: HashMap::new(),
            last_receipt: 0,
            deliveries: HashMap::new(),
            outputs: VecDeque::new(),
            is_over: false,
        }
    }

    /// Takes what was read from the socket.
    pub fn handle_bytes(&mut self, now: Now, bytes: BytesMut) {
        self.connection.handle_time(now);
        self.connection.handle_bytes(bytes);
        self.work();
    }

    /// Takes the end of the connection: the socket was closed or broke.
    pub fn handle_end(&mut self) {
        self.connection.end(Closed::Gone);
    }

    /// Says whether to read from the socket: not with too much unaccepted.
    pub fn wants_read(&self) -> bool {
        !self.connection.is_closed() && self.publishes.len() < UNACCEPTED
    }

    /// Returns when [`Head::handle_timeout`] wants to be called, on the monotonic clock.
    pub fn deadline(&self) -> Option<Duration> {
        if self.connection.is_closed() {
            return None;
        }
        [self.connection.deadline(), self.login_until].into_iter().flatten().min()
    }

    /// Gives signs of life, and gives clients up that gave none or proved nothing.
    pub fn handle_timeout(&mut self, now: Now) {
        self.connection.handle_time(now);
        self.connection.handle_timeout();
        self.work();
        if self.login_until.is_some_and(|until| until <= now.monotonic) {
            let within = self.limits.authenticate_within;
            let fault =
                Condition::Unauthorized.because(format!("nobody was authenticated within {} s", within.as_secs()));
            self.connection.close_with(&fault, Closed::NoLogin(within));
        }
    }

    /// Returns the next thing to do; `None` until something happens again.
    pub fn poll(&mut self) -> Option<Output> {
        if self.is_over {
            return None;
        }
        let output = self.outputs.pop_front().or_else(|| self.connection.take_bytes().map(Output::Send));
        output.or_else(|| {
            let closed = self.connection.take_closed()?;
            self.is_over = true;
            Some(Output::Close(closed))
        })
    }

    /// Ends the connection, since the simulation ends.
    pub fn close(&mut self, reason: &str) {
        let closed = Closed::Stopped(reason.to_owned());
        self.connection.close_with(&Condition::Forced.because(reason), closed);
    }

    fn request(&mut self, speaker: Speaker, request: Request) {
        self.outputs.push_back(Output::Request { speaker, request });
    }

    fn notice(&mut self, speaker: Speaker, notice: Notice) {
        self.outputs.push_back(Output::Notice { speaker, notice });
    }

    /// Does what follows from what the client has done.
    fn work(&mut self) {
        while let Some(turn) = self.connection.turn() {
            match turn {
                Turn::Login(login) => self.authenticate(login, Asker::Sasl),
                Turn::Hopeless(reason) => self.outputs.push_back(Output::Misfit(reason)),
                Turn::Link(Happening::Wanted(link, wanted)) => self.handle_wanted(link, wanted),
                Turn::Link(Happening::Received(link, received)) => self.handle_received(link, received),
                Turn::Link(Happening::Credit(link)) => self.tell_room(link),
                Turn::Link(Happening::Settled(key, outcome)) => self.handle_settled(key, outcome),
                Turn::Link(Happening::Detached(link)) => self.forget_link(link),
            }
        }
    }
}
