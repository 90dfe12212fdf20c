//! Messages to the client: credit, frames that it takes, and what it makes of them.

use bytes::Bytes;
use fe2o3_amqp_types::definitions::{DeliveryTag, Handle, Role};
use fe2o3_amqp_types::messaging::DeliveryState;
use fe2o3_amqp_types::performatives::{Disposition, Performative, Transfer};

use super::{Happening, Outcome, Session, Unsettled, Writer};
use crate::amqp::condition::{Condition, Fault};
use crate::amqp::frame;
use crate::amqp::link::{End, Link, Parcel, State};

/// Messages that may wait for credit on one link; the hub hands out fewer.
const WAITING: usize = 256;

impl Session {
    /// Gives back what credit is left, if the client still wants what there was and then no more.
    pub(in crate::amqp) fn drain(&mut self, handle: u32, out: &mut Writer) {
        if let Some(Link { end: End::Outgoing(outgoing), .. }) = self.links.get_mut(&handle)
            && outgoing.is_drained
        {
            outgoing.count = outgoing.count.wrapping_add(outgoing.credit);
            outgoing.credit = 0;
            self.tell_flow(Some(handle), out);
        }
    }

    /// Takes what the client says of deliveries to it. The sender's word on its own deliveries changes nothing: ours
    /// are settled with their outcome.
    pub(in crate::amqp) fn handle_disposition(&mut self, disposition: Disposition, out: &mut Writer) -> Vec<Happening> {
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
    pub(in crate::amqp) fn send(&mut self, handle: u32, parcel: Parcel, out: &mut Writer) -> Result<(), Fault> {
        let Some(Link { end: End::Outgoing(outgoing), .. }) = self.links.get_mut(&handle) else { return Ok(()) };
        if outgoing.waiting.len() >= WAITING {
            return Err(Condition::TooMuch.because(format!("{WAITING} messages wait for credit on one link")));
        }
        outgoing.waiting.push_back(parcel);
        self.send_waiting(handle, out);
        Ok(())
    }

    /// Sends what waits on a link as far as the client has room for it.
    pub(super) fn send_waiting(&mut self, handle: u32, out: &mut Writer) {
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

    pub(super) fn send_backlog(&mut self, out: &mut Writer) {
        while self.outgoing_window > 0
            && let Some((transfer, payload)) = self.backlog.pop_front()
        {
            frame::encode(self.channel, &Performative::Transfer(transfer), &payload, &mut out.bytes);
            self.outgoing_window -= 1;
            self.next_outgoing = self.next_outgoing.wrapping_add(1);
        }
    }
}
