//! One session of a connection: its windows, its links, and the deliveries between them.
//!
//! We answer on the client's own channel and with its own handles: one number a thing, in both directions.

use std::collections::{BTreeMap, VecDeque};

use bytes::{Bytes, BytesMut};
use fe2o3_amqp_types::definitions::{DeliveryTag, Error, Handle, Role};
use fe2o3_amqp_types::messaging::{Accepted, DeliveryState, Rejected};
use fe2o3_amqp_types::performatives::{Attach, Begin, Detach, Disposition, Flow, Performative, Transfer};

use super::condition::{Condition, Fault};
use super::frame;
use super::link::{CREDIT, End, Incoming, Link, LinkId, Outgoing, Parcel, Received, State, Wanted};

/// Frames that the client may send before it hears that there is room for more.
const WINDOW: u32 = 2048;
/// Messages that may wait for credit on one link; the hub hands out fewer.
const WAITING: usize = 256;
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
        let seen = flow.next_incoming_id.unwrap_or_default();
        let limit = seen.wrapping_add(flow.incoming_window);
        let room = limit.wrapping_sub(self.next_outgoing);
        self.outgoing_window = if room > i32::MAX as u32 { 0 } else { room };
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
        if flow.drain {
            self.drain(handle, out);
        }
        Ok((state == State::Attached).then_some(Happening::Credit(self.id(handle))))
    }

    /// Gives back what credit is left: the client wanted what there is and then no more.
    fn drain(&mut self, handle: u32, out: &mut Writer) {
        if let Some(Link { end: End::Outgoing(outgoing), .. }) = self.links.get_mut(&handle) {
            outgoing.count = outgoing.count.wrapping_add(outgoing.credit);
            outgoing.credit = 0;
            self.tell_flow(Some(handle), out);
        }
    }

    pub(super) fn handle_transfer(
        &mut self,
        transfer: &Transfer,
        payload: &Bytes,
        out: &mut Writer,
    ) -> Result<Option<Happening>, Fault> {
        if self.incoming_window == 0 {
            return Err(Condition::NotAllowed.because("more frames were sent than the session's window allows"));
        }
        self.next_incoming = self.next_incoming.wrapping_add(1);
        self.incoming_window -= 1;
        if self.incoming_window < WINDOW / 2 {
            self.incoming_window = WINDOW;
            self.tell_flow(None, out);
        }
        let handle = transfer.handle.0;
        let link = self.links.get_mut(&handle).ok_or_else(|| unattached(handle))?;
        if link.state == State::Detaching {
            return Ok(None);
        }
        let End::Incoming(incoming) = &mut link.end else {
            return Err(Condition::NotAllowed.because("a message was sent on a link that only receives"));
        };
        let is_aborted = transfer.aborted;
        let received = incoming.take(transfer, payload)?;
        if is_aborted && incoming.settle() {
            self.tell_flow(Some(handle), out);
        }
        Ok(received.map(|received| Happening::Received(self.id(handle), received)))
    }

    /// Says what became of a message of the client: accepted, or rejected for a reason.
    pub(super) fn settle(&mut self, handle: u32, received: &Received, result: Result<(), &Fault>, out: &mut Writer) {
        if !received.is_settled {
            match result {
                Ok(()) => self.note_accepted(received.delivery, out),
                Err(fault) => {
                    self.tell_accepted(out);
                    let state = DeliveryState::Rejected(Rejected { error: Some(Error::from(fault)) });
                    let range = (received.delivery, received.delivery);
                    self.tell_disposition(Role::Receiver, range, state, out);
                }
            }
        }
        if let Some(Link { end: End::Incoming(incoming), state: State::Attached, .. }) = self.links.get_mut(&handle)
            && incoming.settle()
        {
            self.tell_flow(Some(handle), out);
        }
    }

    fn note_accepted(&mut self, delivery: u32, out: &mut Writer) {
        match &mut self.accepted {
            Some((_, last)) if last.wrapping_add(1) == delivery => *last = delivery,
            _ => {
                self.tell_accepted(out);
                self.accepted = Some((delivery, delivery));
            }
        }
    }

    /// Tells what is accepted and was not told yet.
    pub(super) fn tell_accepted(&mut self, out: &mut Writer) {
        if let Some(range) = self.accepted.take() {
            self.tell_disposition(Role::Receiver, range, DeliveryState::Accepted(Accepted {}), out);
        }
    }

    fn tell_disposition(&self, role: Role, (first, last): (u32, u32), state: DeliveryState, out: &mut Writer) {
        let last = (last != first).then_some(last);
        let disposition = Disposition { role, first, last, settled: true, state: Some(state), batchable: false };
        out.put(self.channel, Performative::Disposition(disposition));
    }

    /// Takes what the client says of deliveries to it. The sender's word on its own deliveries changes nothing: ours
    /// are settled with their outcome.
    pub(super) fn handle_disposition(&mut self, disposition: Disposition, out: &mut Writer) -> Vec<Happening> {
        if disposition.role == Role::Sender {
            return Vec::new();
        }
        let (first, last) = (disposition.first, disposition.last.unwrap_or(disposition.first));
        let outcome = match &disposition.state {
            Some(DeliveryState::Accepted(_)) => Outcome::Accepted,
            Some(DeliveryState::Rejected(_)) => Outcome::Rejected,
            Some(DeliveryState::Released(_) | DeliveryState::Modified(_)) => Outcome::Released,
            // Settled without a word: whether it was used nobody knows, so it comes again.
            None if disposition.settled => Outcome::Released,
            None | Some(DeliveryState::Received(_)) => return Vec::new(),
        };
        let length = last.wrapping_sub(first);
        let named: Vec<u32> =
            self.unsettled.keys().copied().filter(|delivery| delivery.wrapping_sub(first) <= length).collect();
        if !disposition.settled
            && !named.is_empty()
            && let Some(state) = disposition.state
        {
            self.tell_disposition(Role::Sender, (first, last), state, out);
        }
        let settled = named.iter().filter_map(|delivery| self.unsettled.remove(delivery));
        settled.map(|unsettled| Happening::Settled(unsettled.key, outcome)).collect()
    }

    /// Sends a message, or lets it wait for credit; says whether too many wait already.
    pub(super) fn send(&mut self, handle: u32, parcel: Parcel, out: &mut Writer) -> Result<(), Fault> {
        let Some(Link { end: End::Outgoing(outgoing), .. }) = self.links.get_mut(&handle) else { return Ok(()) };
        if outgoing.waiting.len() >= WAITING {
            return Err(Condition::TooMuch.because(format!("{WAITING} messages wait for credit on one link")));
        }
        outgoing.waiting.push_back(parcel);
        self.send_waiting(handle, out);
        Ok(())
    }

    /// Sends what waits on a link as far as the client has room for it.
    fn send_waiting(&mut self, handle: u32, out: &mut Writer) {
        while let Some(Link { end: End::Outgoing(outgoing), state: State::Attached, .. }) = self.links.get_mut(&handle)
            && outgoing.credit > 0
            && let Some(parcel) = outgoing.waiting.pop_front()
        {
            outgoing.credit -= 1;
            outgoing.count = outgoing.count.wrapping_add(1);
            self.enqueue(handle, parcel, out);
        }
        self.send_backlog(out);
    }

    fn enqueue(&mut self, handle: u32, parcel: Parcel, out: &Writer) {
        let delivery = self.next_delivery;
        self.next_delivery = self.next_delivery.wrapping_add(1);
        if let Some(key) = parcel.key {
            self.unsettled.insert(delivery, Unsettled { handle, key });
        }
        let transfer = Transfer {
            handle: Handle(handle),
            delivery_id: Some(delivery),
            delivery_tag: Some(DeliveryTag::from(parcel.tag.to_vec())),
            message_format: Some(0),
            settled: Some(parcel.key.is_none()),
            more: true,
            rcv_settle_mode: None,
            state: None,
            resume: false,
            aborted: false,
            batchable: false,
        };
        self.cut(transfer, parcel.payload, out);
    }

    /// Cuts a message into frames that the client takes.
    fn cut(&mut self, mut transfer: Transfer, mut payload: Bytes, out: &Writer) {
        let room = out.frame_bytes - frame::overhead(&Performative::Transfer(transfer.clone()));
        while payload.len() > room {
            let part = payload.split_to(room);
            self.backlog.push_back((transfer.clone(), part));
            (transfer.delivery_tag, transfer.message_format) = (None, None);
        }
        transfer.more = false;
        self.backlog.push_back((transfer, payload));
    }

    fn send_backlog(&mut self, out: &mut Writer) {
        while self.outgoing_window > 0
            && let Some((transfer, payload)) = self.backlog.pop_front()
        {
            frame::encode(self.channel, &Performative::Transfer(transfer), &payload, &mut out.bytes);
            self.outgoing_window -= 1;
            self.next_outgoing = self.next_outgoing.wrapping_add(1);
        }
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
            Some(End::Outgoing(Outgoing { count, credit, .. })) => {
                (flow.delivery_count, flow.link_credit) = (Some(*count), Some(*credit));
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
