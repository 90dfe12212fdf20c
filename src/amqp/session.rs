//! One session of a connection: its windows, its links, and the deliveries between them.
//!
//! The deliveries have a file for each direction.
//!
//! We answer on the client's own channel and with its own handles: one number a thing, in both directions.

mod incoming;
mod outgoing;

use std::collections::{BTreeMap, VecDeque};

use bytes::{Bytes, BytesMut};
use fe2o3_amqp_types::definitions::{Handle, Role};
use fe2o3_amqp_types::messaging::DeliveryState;
use fe2o3_amqp_types::performatives::{Attach, Begin, Detach, Disposition, Flow, Performative, Transfer};

use super::condition::{Condition, Fault};
use super::frame;
use super::link::{CREDIT, End, Incoming, Link, LinkId, Outgoing, Received, State, Wanted, room_left};

/// Frames that the client may send before it hears that there is room for more.
const WINDOW: u32 = 2048;
/// The highest handle that a client may use.
pub(super) const HANDLE_MAX: u32 = 255;

/// What has happened on a session's links.
#[derive(Debug, PartialEq)]
pub(super) enum Happening {
    /// The client wants a link: accept or refuse it.
    Wanted(LinkId, Wanted),
    /// A message came.
    Received(LinkId, Received),
    /// The client has said how much it has room for.
    Credit(LinkId),
    /// The client has said what became of a delivery.
    Settled(u64, Outcome),
    /// The link is gone.
    Detached(LinkId),
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Accepted,
    Rejected,
    Released,
}

/// What a session writes to.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) bytes: BytesMut,
    /// The longest frame that the client takes.
    pub(super) frame_bytes: usize,
}

#[derive(Debug)]
struct Unsettled {
    handle: u32,
    key: u64,
}

/// A session.
#[derive(Debug)]
pub(super) struct Session {
    channel: u16,
    next_incoming: u32,
    /// Frames that the client may still send.
    incoming_window: u32,
    next_outgoing: u32,
    /// Frames that the client has room for.
    outgoing_window: u32,
    links: BTreeMap<u32, Link>,
    next_delivery: u32,
    unsettled: BTreeMap<u32, Unsettled>,
    /// Transfers that wait for the client's window.
    backlog: VecDeque<(Transfer, Bytes)>,
    /// Deliveries of the client that are accepted, not told yet: they are told as one.
    accepted: Option<(u32, u32)>,
}

impl Session {
    /// Begins a session that the client asks for.
    pub(super) fn begin(channel: u16, begin: &Begin, out: &mut Writer) -> Self {
        let answer = Begin {
            remote_channel: Some(channel),
            next_outgoing_id: 0,
            incoming_window: WINDOW,
            outgoing_window: WINDOW,
            handle_max: Handle(HANDLE_MAX),
            offered_capabilities: None,
            desired_capabilities: None,
            properties: None,
        };
        out.put(channel, Performative::Begin(answer));
        Self {
            channel,
            next_incoming: begin.next_outgoing_id,
            incoming_window: WINDOW,
            next_outgoing: 0,
            outgoing_window: begin.incoming_window,
            links: BTreeMap::new(),
            next_delivery: 0,
            unsettled: BTreeMap::new(),
            backlog: VecDeque::new(),
            accepted: None,
        }
    }

    pub(super) fn links(&self) -> impl Iterator<Item = LinkId> {
        let attached = self.links.iter().filter(|(_, link)| link.state != State::Detaching);
        attached.map(|(handle, _)| self.id(*handle))
    }

    pub(super) fn link_count(&self) -> usize {
        self.links.len()
    }

    fn id(&self, handle: u32) -> LinkId {
        LinkId { channel: self.channel, handle }
    }

    /// Returns the messages that the client has room for on a link, beside those that wait already.
    pub(super) fn credit(&self, handle: u32) -> u32 {
        match self.links.get(&handle) {
            Some(Link { end: End::Outgoing(outgoing), state: State::Attached, .. }) => outgoing.credit,
            _ => 0,
        }
    }

    /// Says whether the client wants what there is on a link and then no more.
    pub(super) fn is_draining(&self, handle: u32) -> bool {
        matches!(self.links.get(&handle), Some(Link { end: End::Outgoing(Outgoing { is_drained: true, .. }), .. }))
    }

    pub(super) fn handle_attach(&mut self, attach: Attach) -> Result<Happening, Fault> {
        let handle = attach.handle.0;
        if handle > HANDLE_MAX || self.links.contains_key(&handle) {
            return Err(Condition::Handle.because(format!("handle {handle} is in use, or above {HANDLE_MAX}")));
        }
        let wanted = Wanted::of(&attach);
        self.links.insert(handle, Link::new(Box::new(attach)));
        Ok(Happening::Wanted(self.id(handle), wanted))
    }

    /// Accepts a link. `limit` is the largest message that the client may send on it.
    pub(super) fn accept(&mut self, handle: u32, limit: usize, out: &mut Writer) {
        let Some(link) = self.links.get_mut(&handle).filter(|link| link.state == State::Asked) else { return };
        link.state = State::Attached;
        let answer = link.answer(false, limit as u64);
        out.put(self.channel, Performative::Attach(answer));
        if let End::Incoming(incoming) = &mut link.end {
            incoming.limit = limit;
            incoming.credit = CREDIT;
            self.tell_flow(Some(handle), out);
        }
    }

    /// Refuses a link that the client asks for, or ends one that it has.
    pub(super) fn detach(&mut self, handle: u32, fault: &Fault, out: &mut Writer) {
        let Some(link) = self.links.get_mut(&handle).filter(|link| link.state != State::Detaching) else { return };
        if link.state == State::Asked {
            out.put(self.channel, Performative::Attach(link.answer(true, 0)));
        }
        link.state = State::Detaching;
        self.forget_deliveries(handle);
        let detach = Detach { handle: Handle(handle), closed: true, error: Some(fault.into()) };
        out.put(self.channel, Performative::Detach(detach));
    }

    /// Takes the client's detach; returns what happened, unless we asked for it.
    pub(super) fn handle_detach(&mut self, detach: &Detach, out: &mut Writer) -> Result<Option<Happening>, Fault> {
        let handle = detach.handle.0;
        let link = self.links.remove(&handle).ok_or_else(|| unattached(handle))?;
        if link.state == State::Detaching {
            return Ok(None);
        }
        self.forget_deliveries(handle);
        if link.state == State::Asked {
            out.put(self.channel, Performative::Attach(link.answer(true, 0)));
        }
        let answer = Detach { handle: Handle(handle), closed: detach.closed, error: None };
        out.put(self.channel, Performative::Detach(answer));
        Ok(Some(Happening::Detached(self.id(handle))))
    }

    fn forget_deliveries(&mut self, handle: u32) {
        self.unsettled.retain(|_, unsettled| unsettled.handle != handle);
        self.backlog.retain(|(transfer, _)| transfer.handle.0 != handle);
    }

    pub(super) fn handle_flow(&mut self, flow: &Flow, out: &mut Writer) -> Result<Option<Happening>, Fault> {
        self.outgoing_window = room_left(flow.incoming_window, flow.next_incoming_id, self.next_outgoing);
        self.send_backlog(out);
        let handle = flow.handle.as_ref().map(|handle| handle.0);
        let happening = match handle {
            Some(handle) => self.handle_link_flow(handle, flow, out)?,
            None => None,
        };
        if flow.echo {
            self.tell_flow(handle, out);
        }
        Ok(happening)
    }

    fn handle_link_flow(&mut self, handle: u32, flow: &Flow, out: &mut Writer) -> Result<Option<Happening>, Fault> {
        let link = self.links.get_mut(&handle).ok_or_else(|| unattached(handle))?;
        let state = link.state;
        match &mut link.end {
            End::Incoming(incoming) => {
                let count = flow.delivery_count.unwrap_or(incoming.count);
                // A sender that had nothing to send has given its credit back.
                incoming.credit = incoming.credit.saturating_sub(count.wrapping_sub(incoming.count));
                incoming.count = count;
                return Ok(None);
            }
            End::Outgoing(outgoing) => outgoing.handle_flow(flow),
        }
        self.send_waiting(handle, out);
        Ok((state == State::Attached).then_some(Happening::Credit(self.id(handle))))
    }

    fn tell_disposition(&self, role: Role, (first, last): (u32, u32), state: DeliveryState, out: &mut Writer) {
        let last = (last != first).then_some(last);
        let disposition = Disposition { role, first, last, settled: true, state: Some(state), batchable: false };
        out.put(self.channel, Performative::Disposition(disposition));
    }

    fn tell_flow(&self, handle: Option<u32>, out: &mut Writer) {
        let mut flow = Flow {
            next_incoming_id: Some(self.next_incoming),
            incoming_window: self.incoming_window,
            next_outgoing_id: self.next_outgoing,
            outgoing_window: WINDOW,
            handle: handle.map(Handle),
            delivery_count: None,
            link_credit: None,
            available: None,
            drain: false,
            echo: false,
            properties: None,
        };
        match handle.and_then(|handle| self.links.get(&handle)).map(|link| &link.end) {
            Some(End::Incoming(Incoming { count, credit, .. })) => {
                (flow.delivery_count, flow.link_credit) = (Some(*count), Some(*credit));
            }
            Some(End::Outgoing(Outgoing { count, credit, is_drained, .. })) => {
                (flow.delivery_count, flow.link_credit, flow.drain) = (Some(*count), Some(*credit), *is_drained);
            }
            None => {}
        }
        out.put(self.channel, Performative::Flow(flow));
    }
}

impl Writer {
    pub(super) fn put(&mut self, channel: u16, performative: Performative) {
        frame::encode(channel, &performative, &[], &mut self.bytes);
    }
}

fn unattached(handle: u32) -> Fault {
    Condition::Handle.because(format!("no link has the handle {handle}"))
}
