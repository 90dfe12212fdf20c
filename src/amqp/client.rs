//! One identity on a connection: its standing with the hub, its links, and what is under way on them.

use std::collections::{BTreeMap, VecDeque};

use super::address::Purpose;
use super::link::{LinkId, Wanted};
use super::message::MessageId;
use super::sasl::Login;
use crate::edgehub::{Credential, Feature};
use crate::identity::Identity;

/// Requests for the twin, and calls of methods, that may be unanswered at once.
const UNANSWERED: usize = 256;

/// Who waits for the hub's word on a credential.
#[derive(Debug)]
pub(super) enum Asker {
    /// SASL.
    Sasl,
    /// A request to `$cbs`: the session it came in, and its id.
    Token { channel: u16, id: Option<MessageId> },
    /// A link, for which the device's token is tried.
    Link,
}

/// A credential that the hub is asked about, in the order of the questions.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) asker: Asker,
    pub(super) credential: Credential,
}

/// A link by which the hub's deliveries go to the client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stream {
    pub(super) link: LinkId,
    /// The largest message that the client takes.
    pub(super) largest: Option<u64>,
    /// Deliveries that came from the hub.
    pub(super) received: u64,
    /// Deliveries that the hub was told there is room for.
    pub(super) allowed: u64,
}

/// A client: one identity of those on a connection.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) identity: Identity,
    pub(super) credential: Credential,
    pub(super) is_in: bool,
    pub(super) questions: VecDeque<Question>,
    /// Links that wait until the hub has let the client in.
    pub(super) waiting: Vec<(LinkId, Wanted, Purpose)>,
    /// The link of each purpose, and what it has in common with its partner.
    links: BTreeMap<Purpose, (LinkId, String)>,
    streams: BTreeMap<Feature, Stream>,
    twin_requests: Numbered<Option<MessageId>>,
    calls: Numbered<String>,
}

/// What waits for an answer, each with a number of its own.
#[derive(Debug)]
struct Numbered<T> {
    last: u64,
    open: BTreeMap<u64, T>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { last: 0, open: BTreeMap::new() }
    }
}

impl<T> Numbered<T> {
    /// Adds one; `None` if too many wait already.
    fn push(&mut self, waiting: T) -> Option<u64> {
        if self.open.len() >= UNANSWERED {
            return None;
        }
        self.last += 1;
        self.open.insert(self.last, waiting);
        Some(self.last)
    }
}

impl Client {
    pub(super) fn new(login: &Login, asker: Asker) -> Self {
        let credential = login.credential.clone();
        Self {
            identity: login.identity.clone(),
            credential: credential.clone(),
            is_in: false,
            questions: VecDeque::from([Question { asker, credential }]),
            waiting: Vec::new(),
            links: BTreeMap::new(),
            streams: BTreeMap::new(),
            twin_requests: Numbered::default(),
            calls: Numbered::default(),
        }
    }

    pub(super) fn stream(&mut self, feature: Feature) -> Option<&mut Stream> {
        self.streams.get_mut(&feature)
    }

    /// Takes a link for deliveries.
    pub(super) fn set_stream(&mut self, feature: Feature, stream: Stream) {
        self.streams.insert(feature, stream);
    }

    /// Returns the link of a purpose.
    pub(super) fn link(&self, purpose: Purpose) -> Option<LinkId> {
        self.links.get(&purpose).map(|(link, _)| *link)
    }

    /// Returns the links that a new one ends: the older of its purpose, and a partner that belongs to another pair.
    pub(super) fn ended_by(&self, purpose: Purpose, pair: &str) -> Vec<LinkId> {
        let partner = purpose.partner().and_then(|partner| self.links.get(&partner));
        let stranger = partner.filter(|(_, id)| id != pair).map(|(link, _)| *link);
        self.link(purpose).into_iter().chain(stranger).collect()
    }

    /// Takes the link of a purpose.
    pub(super) fn set_link(&mut self, purpose: Purpose, link: LinkId, pair: &str) {
        self.links.insert(purpose, (link, pair.to_owned()));
    }

    /// Forgets a link; returns what the client does not receive any more.
    pub(super) fn forget_link(&mut self, link: LinkId) -> Vec<Feature> {
        self.waiting.retain(|(waiting, ..)| *waiting != link);
        self.streams.retain(|_, stream| stream.link != link);
        let Some(purpose) = self.links.iter().find(|(_, (known, _))| *known == link).map(|(purpose, _)| *purpose)
        else {
            return Vec::new();
        };
        self.links.remove(&purpose);
        match purpose {
            Purpose::Inputs => vec![Feature::Inputs],
            Purpose::CloudToDevice => vec![Feature::CloudToDevice],
            Purpose::MethodCalls => vec![Feature::Methods],
            Purpose::TwinAnswers => vec![Feature::TwinAnswers, Feature::DesiredUpdates],
            Purpose::Telemetry | Purpose::MethodAnswers | Purpose::TwinRequests => Vec::new(),
        }
    }

    /// Numbers a request for the twin; `None` if too many are unanswered.
    pub(super) fn open_twin_request(&mut self, id: Option<MessageId>) -> Option<String> {
        self.twin_requests.push(id).map(|number| number.to_string())
    }

    /// Returns the id of a request for the twin that is answered now.
    pub(super) fn close_twin_request(&mut self, rid: &str) -> Option<Option<MessageId>> {
        self.twin_requests.open.remove(&rid.parse().ok()?)
    }

    /// Gives a call of a method an id that fits a UUID. The oldest of too many is forgotten: the hub has given it up.
    pub(super) fn open_call(&mut self, rid: String) -> [u8; 16] {
        if self.calls.open.len() >= UNANSWERED {
            self.calls.open.pop_first();
        }
        let number = self.calls.push(rid).unwrap_or_default();
        u128::from(number).to_be_bytes()
    }

    /// Returns the hub's id of a call that is answered now.
    pub(super) fn close_call(&mut self, id: [u8; 16]) -> Option<String> {
        let number = u64::try_from(u128::from_be_bytes(id)).ok()?;
        self.calls.open.remove(&number)
    }
}
