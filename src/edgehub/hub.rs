//! The hub itself: its parts, and the way from an input to the part that handles it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use serde_json::Value;

use super::access::{Access, KnownIdentity};
use super::clients::Clients;
use super::configuration::HubConfiguration;
use super::delivery::Fate;
use super::devicebound::DeviceBound;
use super::link::Upstream;
use super::methods::Calls;
use super::metrics::Metrics;
use super::own::Own;
use super::passage::Passage;
use super::port::{ConnectionId, Delivery, Event, Link, Receipt, Request};
use super::queue::Queue;
use super::router::Router;
use super::storage::Stored;
use super::twins::{EdgeTwin, Twins};
use super::vocabulary::{Endpoint, FromStore, Input, Output, QueueId, StoreFull, Ticket, ToStore};
use super::wake::Wake;
use crate::clock::Now;
use crate::identity::{DeviceId, Identity};

/// What an earlier run left in the store.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Queues with their first unacknowledged and their next offset.
    pub queues: Vec<(QueueId, u64, u64)>,
    /// Bytes that the messages in them take.
    pub used: u64,
    /// The state document `sessions`.
    pub sessions: Option<Value>,
    /// The state documents `twins/…`, by identity.
    pub twins: BTreeMap<Identity, EdgeTwin>,
    /// The state document `scope`: the children that the cloud told of.
    pub children: Vec<KnownIdentity>,
}

/// The edge hub of one device.
#[derive(Debug)]
pub struct EdgeHub {
    pub(super) device: DeviceId,
    /// The time of the last input.
    pub(super) now: Now,
    pub(super) metrics: Metrics,
    /// What the metrics have not counted yet.
    pub(super) passages: Vec<Passage>,
    pub(super) access: Access,
    pub(super) clients: Clients,
    pub(super) router: Router,
    /// How long a message lives that no route sent; `None` is for ever.
    pub(super) time_to_live: Option<Duration>,
    pub(super) queues: BTreeMap<QueueId, Queue>,
    pub(super) deliveries: BTreeMap<Delivery, Handed>,
    pub(super) last_delivery: u64,
    pub(super) promises: Promises,
    pub(super) twins: Twins,
    pub(super) own: Own,
    pub(super) calls: Calls,
    pub(super) device_bound: DeviceBound,
    pub(super) link: Link,
    /// Endpoints whose queues may have something to hand out.
    pub(super) stirred: BTreeSet<Endpoint>,
    pub(super) stored: Stored,
    pub(super) upstream: Upstream,
    /// When queues and clients are looked at again.
    pub(super) wake: Wake,
    pub(super) out: VecDeque<Output>,
}

/// Where a delivery came from.
#[derive(Debug, Clone)]
pub(super) struct Handed {
    pub(super) connection: ConnectionId,
    pub(super) queue: QueueId,
    pub(super) offset: u64,
}

/// What has been promised to whom once the store holds everything up to a mark, in the order of the promises.
#[derive(Debug, Default)]
pub(super) struct Promises {
    /// The mark of the newest append or save.
    issued: u64,
    durable: u64,
    waiting: VecDeque<(u64, Promise)>,
}

/// One answer that waits for the store.
#[derive(Debug)]
pub(super) enum Promise {
    Accept { connection: ConnectionId, receipt: Receipt },
    Tell { connection: ConnectionId, event: Event },
    Inject { ticket: Ticket, result: Result<usize, StoreFull> },
}

impl Promises {
    /// Returns the mark of the next append or save.
    pub(super) fn next_mark(&mut self) -> u64 {
        self.issued += 1;
        self.issued
    }

    fn stored(&mut self, mark: u64) {
        self.durable = self.durable.max(mark);
    }

    fn due(&mut self) -> Option<Promise> {
        let (mark, _) = self.waiting.front()?;
        if *mark > self.durable {
            return None;
        }
        self.waiting.pop_front().map(|(_, promise)| promise)
    }
}

impl EdgeHub {
    /// Creates the hub of `device`, known to SAS audiences by any of `hosts`, without routes and without a link.
    ///
    /// `own` are the device itself and its modules.
    pub fn new(device: DeviceId, hosts: Vec<String>, own: Vec<KnownIdentity>, recovered: Recovered) -> Self {
        let queues = recovered.queues.into_iter();
        let itself = Own::new(&device);
        let mut hub = Self {
            device,
            now: Now::default(),
            metrics: Metrics::default(),
            passages: Vec::new(),
            access: Access::new(hosts, own, recovered.children),
            clients: Clients::recovered(recovered.sessions.as_ref()),
            router: Router::default(),
            time_to_live: None,
            queues: queues.map(|(id, first, next)| (id, Queue::recovered(first, next))).collect(),
            deliveries: BTreeMap::new(),
            last_delivery: 0,
            promises: Promises::default(),
            twins: Twins::recovered(recovered.twins),
            own: itself,
            calls: Calls::default(),
            device_bound: DeviceBound::default(),
            link: Link::Offline,
            stirred: BTreeSet::new(),
            stored: Stored::recovered(recovered.used),
            upstream: Upstream::default(),
            wake: Wake::default(),
            out: VecDeque::new(),
        };
        hub.look_at_deadlines();
        hub
    }

    /// Replaces the hosts that a SAS audience may name for this hub.
    pub fn answer_to(&mut self, hosts: Vec<String>) {
        self.access.answer_to(hosts);
    }

    /// Takes one input. Then drain [`EdgeHub::poll`].
    pub fn handle(&mut self, now: Now, input: Input) {
        self.now = now;
        self.metrics.tick(now);
        match input {
            Input::Connect { connection, identity, credential, session } => {
                self.handle_connect(now, connection, identity, &credential, session);
            }
            Input::Request { connection, request } => self.handle_request(now, connection, request),
            Input::Disconnect { connection } => self.handle_disconnect(now, connection),
            Input::Invoke { call, invocation } => self.handle_invoke(now, call, invocation),
            Input::Inject { ticket, injection, message } => self.handle_inject(now, ticket, injection, message),
            Input::Store(FromStore::Durable { mark }) => self.promises.stored(mark),
            Input::Store(FromStore::Loaded { queue, from, messages }) => self.handle_loaded(queue, from, messages),
            Input::Store(FromStore::Expired { queue, from, below }) => self.handle_expired(now, queue, from, below),
            Input::Store(FromStore::Used { bytes }) => self.stored.used = bytes,
            Input::Cloud(from_cloud) => self.handle_cloud(now, from_cloud),
            Input::Own(own) => self.handle_own(now, own),
            Input::Link(link) => self.handle_link(link),
            Input::Configure(configuration) => self.configure(configuration),
            Input::Timeout => self.handle_timeout(now),
        }
    }

    /// Returns what the hub wants done next; what all inputs until now brought to a queue is handed out at once.
    pub fn poll(&mut self) -> Option<Output> {
        if self.out.is_empty() {
            self.keep_promises();
            self.hand_out();
        }
        self.out.pop_front()
    }

    /// Returns when [`Input::Timeout`] is due, on the monotonic clock.
    pub fn deadline(&self) -> Option<Duration> {
        let waits = [self.wake.at(), self.calls.deadline(), self.upstream.resumes, self.own.deadline()];
        waits.into_iter().flatten().min()
    }

    /// Says how many messages wait in the queues, by endpoint.
    pub fn waiting(&self) -> BTreeMap<Endpoint, u64> {
        let mut waiting = BTreeMap::new();
        for (id, queue) in self.queues.iter().filter(|(_, queue)| queue.unfinished() > 0) {
            *waiting.entry(id.endpoint.clone()).or_default() += queue.unfinished();
        }
        waiting
    }

    fn handle_request(&mut self, now: Now, connection: ConnectionId, request: Request) {
        let Some(identity) = self.clients.identity(connection).cloned() else { return };
        match request {
            Request::Subscribe { feature, guarantee } => self.handle_subscribe(now, &identity, feature, guarantee),
            Request::Unsubscribe { feature } => self.handle_unsubscribe(&identity, feature),
            Request::Publish { receipt, message } => self.handle_publish(now, connection, &identity, receipt, message),
            Request::GetTwin { rid } => self.handle_get_twin(connection, identity, rid),
            Request::PatchReported { rid, patch } => {
                self.handle_patch_reported(now, connection, &identity, rid, &patch);
            }
            Request::AnswerMethod { rid, status, payload } => self.handle_answer(&identity, &rid, status, payload),
            Request::Acknowledge { delivery } => self.settle_delivery(now, connection, delivery, Fate::Done),
            Request::Reject { delivery } => self.settle_delivery(now, connection, delivery, Fate::Rejected),
            Request::Release { delivery } => self.settle_delivery(now, connection, delivery, Fate::Released),
            Request::Allow { feature, total } => self.handle_allow(&identity, feature, total),
            Request::Announce { model } => self.handle_model(identity, model),
            Request::Renew { credential } => self.handle_renew(now, connection, &identity, &credential),
        }
    }

    pub(super) fn configure(&mut self, configuration: HubConfiguration) {
        self.time_to_live = configuration.time_to_live;
        self.stored.limit = self.stored.chosen.or(configuration.max_bytes);
        self.router = Router::new(configuration);
    }

    fn handle_timeout(&mut self, now: Now) {
        self.clients.settle(now.monotonic);
        self.review_receivers();
        self.take_back_overdue(now.monotonic);
        self.upstream.resume(now.monotonic);
        self.expire_calls(now.monotonic);
        self.sweep(now);
        self.report_clients(now.monotonic);
        self.stirred.extend(self.queues.keys().map(|id| id.endpoint.clone()));
        self.look_at_deadlines();
    }

    /// Asks everything that [`Wake`] spares from being asked all the time.
    fn look_at_deadlines(&mut self) {
        self.wake.reset([self.delivery_deadline(), self.clients.settle_deadline(), self.sweep_deadline()]);
    }

    /// Gives an answer as soon as the store holds everything that was handed to it so far.
    pub(super) fn promise(&mut self, promise: Promise) {
        self.promises.waiting.push_back((self.promises.issued, promise));
    }

    fn keep_promises(&mut self) {
        while let Some(promise) = self.promises.due() {
            let output = match promise {
                Promise::Accept { connection, receipt } => {
                    Output::Client { connection, event: Event::Accepted { receipt } }
                }
                Promise::Tell { connection, event } => Output::Client { connection, event },
                Promise::Inject { ticket, result } => Output::Injected { ticket, result },
            };
            self.out.push_back(output);
        }
    }

    /// Has the state document `hub/<name>` stored.
    pub(super) fn save(&mut self, name: &str, document: Value) {
        let mark = self.promises.next_mark();
        self.tell_store(ToStore::Save { mark, name: format!("hub/{name}"), document });
    }

    pub(super) fn tell_store(&mut self, told: ToStore) {
        self.out.push_back(Output::Store(told));
    }

    pub(super) fn tell(&mut self, connection: ConnectionId, event: Event) {
        self.out.push_back(Output::Client { connection, event });
    }
}
