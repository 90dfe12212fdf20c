//! From the queues to those who wait: in order, in a window, at least once.

use std::sync::Arc;
use std::time::Duration;

use super::hub::{EdgeHub, Handed};
use super::metrics::Lost;
use super::passage::Passage;
use super::port::{ConnectionId, Delivery, Event, Feature, Guarantee, Link, Target};
use super::queue::{Queue, Queued};
use super::twins::as_from_reporter;
use super::vocabulary::{Endpoint, Output, QueueId, ToCloud, ToStore};
use crate::clock::Now;
use crate::identity::Identity;
use crate::message::Message;

/// How long a client or the cloud may take to acknowledge (protocol.md §9.2).
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(30);

/// Deliveries that may be on their way to one input at a time.
const INPUT_WINDOW: usize = 64;

/// Messages that may be on their way to the cloud: ten batches of ten, as the real hub sends them (protocol.md §9.2).
const UPSTREAM_WINDOW: usize = 100;

/// Where a message stands.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    queue: &'a QueueId,
    offset: u64,
}

/// What a client made of a delivery (protocol.md §5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was used.
    Done,
    /// It is never wanted again.
    Rejected,
    /// It was not used, and comes again.
    Released,
}

/// Who takes what an endpoint's queues hold.
#[derive(Debug, Clone)]
enum Taker {
    Cloud,
    Client { connection: ConnectionId, guarantee: Guarantee, identity: Identity, input: Arc<str> },
}

impl Taker {
    fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Cloud => None,
            Self::Client { identity, .. } => Some(identity),
        }
    }
}

impl EdgeHub {
    /// Hands out what the stirred queues hold to those who are ready for it.
    pub(super) fn hand_out(&mut self) {
        let now = self.now;
        while let Some(endpoint) = self.stirred.pop_first() {
            let taker = self.taker(now, &endpoint);
            let last = QueueId { endpoint: endpoint.clone(), priority: u32::MAX };
            let queues = self.queues.range_mut(QueueId { endpoint, priority: 0 }..=last);
            let Some(taker) = taker else {
                queues.for_each(|(_, queue)| queue.close());
                continue;
            };
            let ids: Vec<QueueId> = queues.map(|(id, _)| id.clone()).collect();
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
        let window = match taker {
            Taker::Cloud => UPSTREAM_WINDOW,
            Taker::Client { .. } => INPUT_WINDOW,
        };
        loop {
            let room = taker.identity().and_then(|identity| self.clients.room(identity, Feature::Inputs));
            let room = room.map_or(usize::MAX, |room| usize::try_from(room.left()).unwrap_or(usize::MAX));
            if room == 0 {
                // What is on its way stays so; the rest waits for the client to have room again.
                return false;
            }
            let Some(queue) = self.queues.get_mut(id) else { return true };
            queue.open();
            let next = || queue.hand_out(now.monotonic, window).map(|(offset, queued)| (offset, queued.clone()));
            let handed: Vec<(u64, Queued)> = std::iter::from_fn(next).take(room).collect();
            if handed.is_empty() {
                if let Some(missing) = queue.missing() {
                    let load = ToStore::Load { queue: id.clone(), from: missing.from, count: missing.count };
                    self.out.push_back(Output::Store(load));
                }
                return queue.is_empty();
            }
            self.wake.by(now.monotonic + ACKNOWLEDGE_WITHIN);
            for (offset, queued) in handed {
                self.hand_over(now, Place { queue: id, offset }, queued, taker);
            }
        }
    }

    /// Delivers one message that was handed out, unless it has expired.
    fn hand_over(&mut self, now: Now, place: Place<'_>, queued: Queued, taker: &Taker) {
        let message = queued.message;
        if queued.expires.is_some_and(|at| at < now.unix) {
            self.metrics.dropped(Lost::Expired, &message);
            return self.finish(now, place.queue, place.offset);
        }
        let (queue, receiver) = (place.queue.clone(), taker.identity().cloned());
        self.passages.push(Passage::Sent { queue, receiver, message: Arc::clone(&message) });
        if let Some(identity) = taker.identity() {
            self.clients.take_room(identity, Feature::Inputs);
        }
        self.deliver(place, message, taker);
    }

    fn taker(&self, now: Now, endpoint: &Endpoint) -> Option<Taker> {
        match endpoint {
            Endpoint::Upstream => {
                (self.link == Link::Online && self.upstream.is_ready(now.monotonic)).then_some(Taker::Cloud)
            }
            Endpoint::Input { module, input } => {
                let identity = Identity::of_module(self.device.clone(), module.clone());
                let (connection, guarantee) = self.clients.ready(&identity, Feature::Inputs)?;
                Some(Taker::Client { connection, guarantee, identity, input: Arc::clone(input) })
            }
        }
    }

    fn deliver(&mut self, Place { queue: id, offset }: Place<'_>, message: Arc<Message>, taker: &Taker) {
        let (connection, guarantee, input) = match taker {
            Taker::Cloud => {
                self.out.push_back(Output::Cloud(ToCloud::Telemetry { queue: id.clone(), offset, message }));
                return;
            }
            Taker::Client { connection, guarantee, input, .. } => (*connection, *guarantee, input),
        };
        let message = as_from_reporter(message);
        self.last_delivery += 1;
        let delivery = Delivery(self.last_delivery);
        self.tell(
            connection,
            Event::Deliver { delivery, guarantee, target: Target::Input(Arc::clone(input)), message },
        );
        self.deliveries.insert(delivery, Handed { connection, queue: id.clone(), offset });
    }

    /// Takes what a client says of a delivery.
    pub(super) fn settle_delivery(&mut self, now: Now, connection: ConnectionId, delivery: Delivery, fate: Fate) {
        if self.settle_device_bound(connection, delivery, fate) {
            return;
        }
        let Some(handed) = self.take_delivery(connection, delivery) else { return };
        match fate {
            Fate::Done | Fate::Rejected => self.taken(now, &handed.queue, handed.offset),
            Fate::Released => {
                if let Some(queue) = self.queues.get_mut(&handed.queue) {
                    let again = queue.release(now.monotonic, handed.offset);
                    again.into_iter().for_each(|at| self.wake.by(at));
                    self.metrics.retried(&handed.queue.endpoint);
                }
            }
        }
    }

    /// Takes a delivery off the list, if it was made on this connection.
    fn take_delivery(&mut self, connection: ConnectionId, delivery: Delivery) -> Option<Handed> {
        self.deliveries.get(&delivery).filter(|handed| handed.connection == connection)?;
        self.deliveries.remove(&delivery)
    }

    /// Takes it that whoever a message was handed to has it.
    pub(super) fn taken(&mut self, now: Now, id: &QueueId, offset: u64) {
        let Some(queue) = self.queues.get_mut(id) else { return };
        if let Some((sent, queued)) = queue.on_its_way(offset) {
            let (waited, took) = (queued.waited(now), now.monotonic.saturating_sub(sent));
            self.passages.push(Passage::Taken {
                queue: id.clone(),
                message: Arc::clone(&queued.message),
                waited,
                took,
            });
        }
        self.finish(now, id, offset);
    }

    /// Marks a message of a queue as done, for ever.
    pub(super) fn finish(&mut self, now: Now, id: &QueueId, offset: u64) {
        let Some(queue) = self.queues.get_mut(id) else { return };
        if let Some(first) = queue.finish(now.monotonic, offset) {
            let has_news = queue.has_more() || queue.is_empty();
            self.tell_store(ToStore::Done { queue: id.clone(), first });
            if has_news {
                self.stirred.insert(id.endpoint.clone());
            }
        }
    }

    pub(super) fn handle_loaded(&mut self, id: QueueId, from: u64, messages: Vec<Queued>) {
        if let Some(queue) = self.queues.get_mut(&id) {
            queue.loaded(from, messages);
            self.stirred.insert(id.endpoint);
        }
    }

    pub(super) fn delivery_deadline(&self) -> Option<Duration> {
        let overdue = |queue: &Queue| queue.oldest_flight().map(|sent| sent + ACKNOWLEDGE_WITHIN);
        self.queues.values().flat_map(|queue| [overdue(queue), queue.next_again()]).flatten().min()
    }

    pub(super) fn take_back_overdue(&mut self, now: Duration) {
        for (id, queue) in &mut self.queues {
            queue.end_pauses(now);
            if queue.oldest_flight().is_some_and(|sent| sent + ACKNOWLEDGE_WITHIN <= now) {
                queue.take_back();
                self.metrics.retried(&id.endpoint);
                if id.endpoint == Endpoint::Upstream {
                    self.upstream.failed(now);
                }
            }
        }
    }
}
