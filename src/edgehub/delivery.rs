//! From the queues to those who wait: in order, in a window, at least once.

use std::sync::Arc;
use std::time::Duration;

use super::hub::{EdgeHub, Handed};
use super::metrics::Lost;
use super::port::{ConnectionId, Delivery, Event, Feature, Guarantee, Link, Target};
use super::queue::Queued;
use super::vocabulary::{Endpoint, Output, QueueId, ToCloud, ToStore};
use crate::clock::Now;
use crate::identity::Identity;
use crate::message::Message;

/// How long a client or the cloud may take to acknowledge (protocol.md §9.2).
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(30);

/// Where a message stands.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    queue: &'a QueueId,
    offset: u64,
}

/// Who takes what an endpoint's queues hold.
#[derive(Debug, Clone)]
enum Taker {
    Cloud,
    Client { connection: ConnectionId, guarantee: Guarantee, identity: Identity, input: String },
}

impl EdgeHub {
    /// Hands out what the stirred queues hold to those who are ready for it.
    pub(super) fn hand_out(&mut self, now: Now) {
        while let Some(endpoint) = self.stirred.pop_first() {
            let Some(taker) = self.taker(&endpoint) else { continue };
            let last = QueueId { endpoint: endpoint.clone(), priority: u32::MAX };
            let ids: Vec<QueueId> =
                self.queues.range(QueueId { endpoint, priority: 0 }..=last).map(|(id, _)| id.clone()).collect();
            for id in ids {
                // A queue of higher priority is drained before a lower one (protocol.md §8.8).
                if !self.hand_out_queue(now, &id, &taker) {
                    break;
                }
            }
        }
    }

    /// Hands out one queue; returns whether nothing is left in it.
    fn hand_out_queue(&mut self, now: Now, id: &QueueId, taker: &Taker) -> bool {
        loop {
            let Some(queue) = self.queues.get_mut(id) else { return true };
            let Some((offset, queued)) = queue.hand_out(now.monotonic) else { break };
            if queued.expires.is_some_and(|at| at < now.unix) {
                self.metrics.dropped(Lost::Expired, &queued.message);
                self.finish(now, id, offset);
                continue;
            }
            self.metrics.sent(id, &queued.message);
            let message = Arc::clone(&queued.message);
            self.deliver(now, Place { queue: id, offset }, message, taker);
        }
        let Some(queue) = self.queues.get_mut(id) else { return true };
        if let Some(missing) = queue.missing() {
            let load = ToStore::Load { queue: id.clone(), from: missing.from, count: missing.count };
            self.out.push_back(Output::Store(load));
        }
        queue.is_empty()
    }

    fn taker(&self, endpoint: &Endpoint) -> Option<Taker> {
        match endpoint {
            Endpoint::Upstream => (self.link == Link::Online).then_some(Taker::Cloud),
            Endpoint::Input { module, input } => {
                let identity = Identity::of_module(self.device.clone(), module.clone());
                let (connection, guarantee) = self.clients.ready(&identity, Feature::Inputs)?;
                Some(Taker::Client { connection, guarantee, identity, input: input.clone() })
            }
        }
    }

    fn deliver(&mut self, now: Now, Place { queue: id, offset }: Place<'_>, message: Arc<Message>, taker: &Taker) {
        let (connection, guarantee, identity, input) = match taker {
            Taker::Cloud => {
                self.out.push_back(Output::Cloud(ToCloud::Telemetry { queue: id.clone(), offset, message }));
                return;
            }
            Taker::Client { connection, guarantee, identity, input } => (*connection, *guarantee, identity, input),
        };
        self.clients.counts(identity).received += 1;
        self.last_delivery += 1;
        let delivery = Delivery(self.last_delivery);
        self.tell(connection, Event::Deliver { delivery, guarantee, target: Target::Input(input.clone()), message });
        match guarantee {
            Guarantee::AtMostOnce => self.finish(now, id, offset),
            Guarantee::AtLeastOnce => {
                self.deliveries.insert(delivery, Handed { connection, queue: id.clone(), offset });
            }
        }
    }

    pub(super) fn handle_acknowledge(&mut self, now: Now, connection: ConnectionId, delivery: Delivery) {
        if self.deliveries.get(&delivery).is_some_and(|handed| handed.connection == connection)
            && let Some(handed) = self.deliveries.remove(&delivery)
        {
            self.finish(now, &handed.queue, handed.offset);
        }
    }

    /// Marks a message of a queue as done, for ever.
    pub(super) fn finish(&mut self, now: Now, id: &QueueId, offset: u64) {
        let Some(queue) = self.queues.get_mut(id) else { return };
        if let Some(first) = queue.finish(now.monotonic, offset) {
            self.tell_store(ToStore::Done { queue: id.clone(), first });
        }
        self.stirred.insert(id.endpoint.clone());
    }

    pub(super) fn handle_loaded(&mut self, id: QueueId, from: u64, messages: Vec<Queued>) {
        if let Some(queue) = self.queues.get_mut(&id) {
            queue.loaded(from, messages);
            self.stirred.insert(id.endpoint);
        }
    }

    pub(super) fn delivery_deadline(&self) -> Option<Duration> {
        self.queues.values().filter_map(|queue| queue.oldest_flight()).min().map(|sent| sent + ACKNOWLEDGE_WITHIN)
    }

    pub(super) fn take_back_overdue(&mut self, now: Duration) {
        for queue in self.queues.values_mut() {
            if queue.oldest_flight().is_some_and(|sent| sent + ACKNOWLEDGE_WITHIN <= now) {
                queue.take_back();
            }
        }
    }
}
