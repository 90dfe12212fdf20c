//! Cloud-to-device messages on their way through the hub to a child (protocol.md §12.5).
//!
//! They wait in the cloud and not here: the hub says which children take some, hands over what comes, and tells what
//! was taken. Whatever else happens, the cloud has the message still.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::delivery::Fate;
use super::hub::EdgeHub;
use super::port::{ConnectionId, Delivery, Event, Feature, Guarantee, Link, Target};
use super::vocabulary::{LockToken, Output, ToCloud};
use crate::identity::Identity;
use crate::message::Message;

#[derive(Debug, Default)]
pub(super) struct DeviceBound {
    /// Who takes messages, and how many, as far as the cloud was told.
    receiving: BTreeMap<Identity, Receiving>,
    handed: BTreeMap<Delivery, HandedOver>,
}

/// What the cloud was told of a device that takes messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Receiving {
    /// What the device had got before the cloud was told, and begins to count.
    before: u64,
    total: Option<u64>,
}

/// A message that its device has not acknowledged yet.
#[derive(Debug)]
struct HandedOver {
    connection: ConnectionId,
    identity: Identity,
    lock: LockToken,
}

impl DeviceBound {
    pub(super) fn forget_connection(&mut self, connection: ConnectionId) {
        self.handed.retain(|_, handed| handed.connection != connection);
    }
}

impl EdgeHub {
    /// Tells the cloud whether a device takes messages, and how many, if that has changed.
    pub(super) fn review_receiver(&mut self, identity: &Identity) {
        let takes = self.link == Link::Online && self.clients.ready(identity, Feature::CloudToDevice).is_some();
        let identity = identity.clone();
        let told = self.device_bound.receiving.get(&identity).copied();
        if !takes {
            if self.device_bound.receiving.remove(&identity).is_some() {
                self.out.push_back(Output::Cloud(ToCloud::StopReceiving { identity }));
            }
            return;
        }
        let room = self.clients.room(&identity, Feature::CloudToDevice);
        let before = told.map_or_else(|| room.map_or(0, |room| room.given), |told| told.before);
        let total = room.map(|room| room.total.saturating_sub(before));
        let now = Receiving { before, total };
        if told != Some(now) {
            self.device_bound.receiving.insert(identity.clone(), now);
            self.out.push_back(Output::Cloud(ToCloud::Receive { identity, total }));
        }
    }

    /// The same for every device that is connected.
    pub(super) fn review_receivers(&mut self) {
        for identity in self.clients.connected_devices() {
            self.review_receiver(&identity);
        }
    }

    /// Forgets who takes messages: the cloud notices the cut by itself.
    pub(super) fn lose_receivers(&mut self) {
        self.device_bound = DeviceBound::default();
    }

    /// Hands a message to its device; one that went away meanwhile gets it when it is back.
    pub(super) fn handle_device_bound(&mut self, identity: Identity, lock: LockToken, message: Arc<Message>) {
        let Some((connection, guarantee)) = self.clients.ready(&identity, Feature::CloudToDevice) else { return };
        self.clients.take_room(&identity, Feature::CloudToDevice);
        self.clients.counts(&identity).received += 1;
        self.last_delivery += 1;
        let delivery = Delivery(self.last_delivery);
        self.tell(connection, Event::Deliver { delivery, guarantee, target: Target::CloudToDevice, message });
        match guarantee {
            Guarantee::AtMostOnce => self.out.push_back(Output::Cloud(ToCloud::Completed { identity, lock })),
            Guarantee::AtLeastOnce => {
                self.device_bound.handed.insert(delivery, HandedOver { connection, identity, lock });
            }
        }
    }

    /// Takes what a device says of a delivery; returns whether it was a message from the cloud.
    pub(super) fn settle_device_bound(&mut self, connection: ConnectionId, delivery: Delivery, fate: Fate) -> bool {
        let is_its = self.device_bound.handed.get(&delivery).is_some_and(|handed| handed.connection == connection);
        let handed = if is_its { self.device_bound.handed.remove(&delivery) } else { None };
        let Some(HandedOver { identity, lock, .. }) = handed else { return false };
        self.out.push_back(Output::Cloud(match fate {
            Fate::Done => ToCloud::Completed { identity, lock },
            Fate::Rejected => ToCloud::Rejected { identity, lock },
            Fate::Released => ToCloud::Abandoned { identity, lock },
        }));
        true
    }
}
