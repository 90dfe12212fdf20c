//! Messages from the client, and how they are settled.

use bytes::Bytes;
use fe2o3_amqp_types::definitions::{Error, Role};
use fe2o3_amqp_types::messaging::{Accepted, DeliveryState, Rejected};
use fe2o3_amqp_types::performatives::Transfer;

use super::{Happening, Session, WINDOW, Writer, unattached};
use crate::amqp::condition::{Condition, Fault};
use crate::amqp::link::{End, Link, Received, State};

impl Session {
    pub(in crate::amqp) fn handle_transfer(
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
        let received = match incoming.take(transfer, payload) {
            Err(fault) if fault.condition == Condition::NoCredit => {
                self.detach(handle, &fault, out);
                return Ok(Some(Happening::Detached(self.id(handle))));
            }
            result => result?,
        };
        if is_aborted && incoming.settle() {
            self.tell_flow(Some(handle), out);
        }
        Ok(received.map(|received| Happening::Received(self.id(handle), received)))
    }

    /// Says what became of a message of the client: accepted, or rejected for a reason.
    pub(in crate::amqp) fn settle(
        &mut self,
        handle: u32,
        received: &Received,
        result: Result<(), &Fault>,
        out: &mut Writer,
    ) {
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
    pub(in crate::amqp) fn tell_accepted(&mut self, out: &mut Writer) {
        if let Some(range) = self.accepted.take() {
            self.tell_disposition(Role::Receiver, range, DeliveryState::Accepted(Accepted {}), out);
        }
    }
}
