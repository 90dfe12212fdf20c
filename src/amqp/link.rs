//! One link of a session: who sends, with how much credit, and what is under way.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use fe2o3_amqp_types::definitions::{ReceiverSettleMode, Role, SenderSettleMode};
use fe2o3_amqp_types::messaging::TargetArchetype;
use fe2o3_amqp_types::performatives::{Attach, Flow, Transfer};
use fe2o3_amqp_types::primitives::Value;

use super::condition::{Condition, Fault};

/// Deliveries that a client may have under way on one link (protocol.md §5.3: at least 50).
pub(super) const CREDIT: u32 = 100;

/// A link of a connection, as long as it is attached: the numbers of session and link as the client chose them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct LinkId {
    pub(super) channel: u16,
    pub(super) handle: u32,
}

/// Which way messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    FromClient,
    ToClient,
}

/// What a client says of a link that it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) direction: Direction,
    /// Where the messages go to or come from.
    pub(super) address: String,
    /// Whether messages to the client are settled as they are sent.
    pub(super) is_settled: bool,
    /// The largest message that the client takes, in bytes.
    pub(super) largest: Option<u64>,
    /// For whom an edge hub speaks on the link, as it came (protocol.md §5.3).
    pub(super) chain: Option<String>,
    /// The model that the client implements.
    pub(super) model: Option<String>,
    /// What the two links of a pair have in common (protocol.md §5.3); empty if the client says nothing.
    pub(super) pair: String,
}

/// The property of a link that holds the auth chain.
const AUTH_CHAIN: &str = "com.microsoft:auth-chain";
/// The property of a link that names the client's model.
const MODEL: &str = "com.microsoft:model-id";
/// The property of a link that tells its pair: `methods:{id}`, `twin:{id}`.
const PAIR: &str = "com.microsoft:channel-correlation-id";

impl Wanted {
    pub(super) fn of(attach: &Attach) -> Self {
        let direction = direction_of(attach);
        let address = match direction {
            Direction::ToClient => attach.source.as_ref().and_then(|source| source.address.clone()),
            Direction::FromClient => attach.target.as_ref().and_then(|target| {
                let TargetArchetype::Target(target) = target.as_ref();
                target.address.clone()
            }),
        };
        let is_settled = attach.snd_settle_mode == SenderSettleMode::Settled;
        let largest = attach.max_message_size.filter(|largest| *largest > 0);
        let pair = text_property(attach, PAIR).and_then(|id| id.split_once(':')).map(|(_, id)| id.to_owned());
        Self {
            direction,
            address: address.unwrap_or_default(),
            is_settled,
            largest,
            chain: text_property(attach, AUTH_CHAIN).map(str::to_owned),
            model: text_property(attach, MODEL).map(str::to_owned),
            pair: pair.unwrap_or_default(),
        }
    }
}

fn text_property<'a>(attach: &'a Attach, name: &str) -> Option<&'a str> {
    let mut properties = attach.properties.iter().flat_map(|properties| properties.iter());
    properties.find(|(known, _)| known.as_str() == name).and_then(|(_, value)| match value {
        Value::String(text) => Some(text.as_str()),
        _ => None,
    })
}

fn direction_of(attach: &Attach) -> Direction {
    match attach.role {
        Role::Sender => Direction::FromClient,
        Role::Receiver => Direction::ToClient,
    }
}

/// One message of the client, complete.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Received {
    /// The session's number of the delivery, by which it is settled.
    pub(super) delivery: u32,
    pub(super) is_settled: bool,
    /// 0 for one message; [`super::message::BATCH`] for several in one.
    pub(super) format: u32,
    /// The message; `None` if it was larger than the link allows.
    pub(super) payload: Option<Bytes>,
}

/// A message for the client.
#[derive(Debug)]
pub(super) struct Parcel {
    /// Names the delivery when the client settles it; `None` for one that is settled as it is sent.
    pub(super) key: Option<u64>,
    pub(super) tag: [u8; 16],
    pub(super) payload: Bytes,
}

/// A link.
#[derive(Debug)]
pub(super) struct Link {
    /// What the client asked for, to be repeated in the answer.
    pub(super) attach: Box<Attach>,
    pub(super) state: State,
    pub(super) end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The client has asked.
    Asked,
    Attached,
    /// We have detached it, and the client has not said yet that it knows.
    Detaching,
}

#[derive(Debug)]
pub(super) enum End {
    Incoming(Incoming),
    Outgoing(Outgoing),
}

impl Link {
    pub(super) fn new(attach: Box<Attach>) -> Self {
        let end = match direction_of(&attach) {
            Direction::FromClient => End::Incoming(Incoming {
                count: attach.initial_delivery_count.unwrap_or_default(),
                ..Incoming::default()
            }),
            Direction::ToClient => End::Outgoing(Outgoing::default()),
        };
        Self { attach, state: State::Asked, end }
    }

    /// Returns the answer to the client's attach, with its own modes where they are the client's to choose.
    ///
    /// A refused link is answered without source or target, and then detached.
    pub(super) fn answer(&self, is_refused: bool, max_message: u64) -> Attach {
        let (role, rcv_settle_mode, count) = match &self.end {
            End::Incoming(_) => (Role::Receiver, ReceiverSettleMode::First, None),
            End::Outgoing(outgoing) => (Role::Sender, self.attach.rcv_settle_mode.clone(), Some(outgoing.count)),
        };
        let is_incoming = matches!(self.end, End::Incoming(_));
        Attach {
            name: self.attach.name.clone(),
            handle: self.attach.handle.clone(),
            role,
            snd_settle_mode: self.attach.snd_settle_mode.clone(),
            rcv_settle_mode,
            source: self.attach.source.clone().filter(|_| !is_refused || is_incoming),
            target: self.attach.target.clone().filter(|_| !is_refused || !is_incoming),
            unsettled: None,
            incomplete_unsettled: false,
            initial_delivery_count: count,
            max_message_size: is_incoming.then_some(max_message),
            offered_capabilities: None,
            desired_capabilities: None,
            properties: None,
        }
    }
}

/// A link on which the client sends.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    /// Deliveries begun, counted as the client counts.
    pub(super) count: u32,
    /// Deliveries that the client may still begin.
    pub(super) credit: u32,
    /// Deliveries that are neither settled nor given up.
    pub(super) open: u32,
    /// The largest message.
    pub(super) limit: usize,
    partial: Option<Partial>,
}

/// A delivery of which not everything has come.
#[derive(Debug)]
struct Partial {
    delivery: u32,
    is_settled: bool,
    format: u32,
    bytes: BytesMut,
    is_too_large: bool,
}

impl Incoming {
    /// Takes a part of a message; returns the message when it is complete.
    pub(super) fn take(&mut self, transfer: &Transfer, payload: &Bytes) -> Result<Option<Received>, Fault> {
        let mut partial = match self.partial.take() {
            Some(partial) => partial,
            None => self.begin(transfer)?,
        };
        if transfer.aborted {
            self.open = self.open.saturating_sub(1);
            return Ok(None);
        }
        partial.is_settled |= transfer.settled.unwrap_or_default();
        partial.is_too_large |= partial.bytes.len() + payload.len() > self.limit;
        if !transfer.more && partial.bytes.is_empty() && !partial.is_too_large {
            return Ok(Some(partial.complete(payload.clone())));
        }
        match partial.is_too_large {
            true => partial.bytes.clear(),
            false => partial.bytes.extend_from_slice(payload),
        }
        if transfer.more {
            self.partial = Some(partial);
            return Ok(None);
        }
        let whole = std::mem::take(&mut partial.bytes).freeze();
        Ok(Some(partial.complete(whole)))
    }

    fn begin(&mut self, transfer: &Transfer) -> Result<Partial, Fault> {
        let delivery = transfer.delivery_id;
        let delivery = delivery.ok_or_else(|| Condition::NotAllowed.because("a first transfer has no delivery-id"))?;
        if self.credit == 0 {
            return Err(Condition::NoCredit.because("a message was sent without credit"));
        }
        self.credit -= 1;
        self.count = self.count.wrapping_add(1);
        self.open += 1;
        Ok(Partial {
            delivery,
            is_settled: false,
            format: transfer.message_format.unwrap_or_default(),
            bytes: BytesMut::new(),
            is_too_large: false,
        })
    }

    /// Notes that a delivery is settled; returns whether the client should be told of new credit.
    pub(super) fn settle(&mut self) -> bool {
        self.open = self.open.saturating_sub(1);
        let wanted = CREDIT.saturating_sub(self.open);
        if wanted < self.credit + CREDIT / 2 {
            return false;
        }
        self.credit = wanted;
        true
    }
}

impl Partial {
    fn complete(self, whole: Bytes) -> Received {
        Received {
            delivery: self.delivery,
            is_settled: self.is_settled,
            format: self.format,
            payload: (!self.is_too_large).then_some(whole),
        }
    }
}

/// A link on which the client receives.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// Deliveries sent.
    pub(super) count: u32,
    /// Deliveries that the client has room for.
    pub(super) credit: u32,
    /// Whether the client wants what there is and then no more, as it said last.
    pub(super) is_drained: bool,
    /// Messages that wait for credit, in order.
    pub(super) waiting: VecDeque<Parcel>,
}

impl Outgoing {
    /// Takes the client's view: what it has counted and how much more it has room for.
    pub(super) fn handle_flow(&mut self, flow: &Flow) {
        self.credit = room_left(flow.link_credit.unwrap_or_default(), flow.delivery_count, self.count);
        self.is_drained = flow.drain;
    }
}

/// Returns what is left of the room that the other side tells, which has not seen all that was sent since.
///
/// Both count in serial numbers, and the room may be all that a number holds: the SDK for C tells of a window without
/// end. Less than nothing is what a client says that lowered its credit while messages were under way.
pub(super) fn room_left(told: u32, seen: Option<u32>, sent: u32) -> u32 {
    let on_their_way = sent.wrapping_sub(seen.unwrap_or_default());
    if on_their_way > i32::MAX as u32 { 0 } else { told.saturating_sub(on_their_way) }
}
