//! Publishes on their way: those of the client that wait for the hub, and those of the hub that wait for the client.

use std::collections::VecDeque;
use std::collections::btree_map::{BTreeMap, Entry};

use crate::edgehub::{Delivery, Receipt};
use crate::mqtt::packet::PacketId;

/// The client's publishes of level 1 that have no PUBACK yet, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    waiting: VecDeque<Waiting>,
    receipts: u64,
}

#[derive(Debug)]
struct Waiting {
    id: PacketId,
    /// The receipt under which the hub will accept it; `None` once it may be acknowledged.
    receipt: Option<Receipt>,
}

impl Inbound {
    /// Returns the number of publishes without PUBACK.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Adds a publish that the hub has to accept.
    pub(super) fn push(&mut self, id: PacketId) -> Receipt {
        let receipt = Receipt(self.receipts);
        self.receipts += 1;
        self.waiting.push_back(Waiting { id, receipt: Some(receipt) });
        receipt
    }

    /// Adds a publish that needs no acceptance.
    pub(super) fn push_accepted(&mut self, id: PacketId) {
        self.waiting.push_back(Waiting { id, receipt: None });
    }

    /// Notes that the hub has accepted a publish.
    pub(super) fn accept(&mut self, receipt: Receipt) {
        if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.receipt == Some(receipt)) {
            waiting.receipt = None;
        }
    }

    /// Takes the oldest publish if it may be acknowledged: PUBACKs keep the order of the publishes [MQTT-4.6.0-2].
    pub(super) fn pop_accepted(&mut self) -> Option<PacketId> {
        self.waiting.front().filter(|oldest| oldest.receipt.is_none())?;
        self.waiting.pop_front().map(|oldest| oldest.id)
    }
}

/// The hub's publishes of level 1 that have no PUBACK yet.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    sequence: u64,
    in_flight: BTreeMap<PacketId, Delivery>,
}

impl Outbound {
    /// The packet ids that there are (protocol.md §4.1).
    const IDS: usize = 16_384;

    /// Numbers a delivery; `None` if every number is taken.
    pub(super) fn number(&mut self, delivery: Delivery) -> Option<PacketId> {
        if self.in_flight.len() >= Self::IDS {
            return None;
        }
        loop {
            let id = PacketId::of_sequence(self.sequence);
            self.sequence += 1;
            if let Entry::Vacant(free) = self.in_flight.entry(id) {
                free.insert(delivery);
                return Some(id);
            }
        }
    }

    /// Returns the delivery that a PUBACK is for; `None` if there is none, or no more.
    pub(super) fn acknowledge(&mut self, id: PacketId) -> Option<Delivery> {
        self.in_flight.remove(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packet_ids_count_to_16384_and_skip_those_in_flight() {
        let mut outbound = Outbound::default();
        let first = outbound.number(Delivery(0)).expect("an id");
        for n in 1..16_384 {
            let id = outbound.number(Delivery(n)).expect("an id");
            assert_eq!(u64::from(id.get()), n + 1);
            assert_eq!(outbound.acknowledge(id), Some(Delivery(n)));
        }
        assert_eq!(outbound.number(Delivery(99)).map(PacketId::get), Some(2));
        assert_eq!(outbound.acknowledge(first), Some(Delivery(0)));
        assert_eq!(outbound.acknowledge(first), None);
    }

    #[test]
    fn no_more_than_16384_deliveries_are_in_flight() {
        let mut outbound = Outbound::default();
        assert!((0..16_384).all(|n| outbound.number(Delivery(n)).is_some()));
        assert_eq!(outbound.number(Delivery(16_384)), None);
    }
}
