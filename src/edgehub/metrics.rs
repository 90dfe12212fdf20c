//! What the hub counts, under the names that the real one has (protocol.md §6.3).
//!
//! An observer: the rest of the hub tells it what happens, and nothing depends on it.

mod families;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::port::Link;
use super::vocabulary::{Caller, Endpoint, QueueId};
use crate::clock::Now;
use crate::identity::{Identity, ModuleId};
use crate::message::{Message, system};
use crate::metrics::{Series, Summary};

/// The end of a link that is the cloud.
const UPSTREAM: &str = "upstream";

/// The hub itself, as one side of a twin operation.
const EDGE_HUB: &str = "edge_hub";

/// Which side of the hub a twin operation was on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// A client asked the hub.
    Client,
    /// The hub asked the cloud.
    Cloud,
}

impl Side {
    fn as_label(self) -> &'static str {
        match self {
            Self::Client => EDGE_HUB,
            Self::Cloud => UPSTREAM,
        }
    }
}

/// Why a message is delivered to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// No route wants it.
    NoRoute,
    /// Its time to live is over.
    Expired,
}

/// Everything that is counted. Clients are keyed by device and module, senders by device, module and output.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    /// The monotonic time of what happens at the moment.
    now: Duration,
    received: Series<3, u64>,
    sizes: Series<2, Summary>,
    sent: BTreeMap<QueueId, Series<3, u64>>,
    dropped: Series<4, u64>,
    /// How long those took who were handed messages.
    send_times: BTreeMap<Endpoint, Series<3, Summary>>,
    /// How long messages were in a queue until somebody had them.
    process_times: BTreeMap<QueueId, Series<2, Summary>>,
    unacknowledged: Series<3, u64>,
    retried: BTreeMap<Endpoint, u64>,
    twins: Series<3, u64>,
    twin_times: Series<2, Summary>,
    /// Since when the cloud is asked for a twin.
    twins_asked: BTreeMap<Identity, Duration>,
    reported: Series<3, u64>,
    report_times: Series<2, Summary>,
    /// Since when the cloud has been told patches that it has not confirmed, oldest first.
    reports_told: BTreeMap<Identity, VecDeque<Duration>>,
    calls: Series<2, u64>,
    call_times: Series<2, Summary>,
    connected: Series<2, u64>,
    disconnected: Series<2, u64>,
    refused: Series<2, u64>,
    /// Since when the link is cut.
    offline_since: Option<Duration>,
    offline_count: u64,
    offline_times: Summary,
}

impl Metrics {
    /// Takes the time of what is told from now on.
    pub(super) fn tick(&mut self, now: Now) {
        self.now = now.monotonic;
    }

    /// A client sent a message, so many bytes without the stamps.
    pub(super) fn received(&mut self, message: &Message, size: usize) {
        let [device, module, output] = sender(message);
        self.received.count([device, module, output]);
        if let Some(sizes) = self.sizes.at([device, module]) {
            sizes.observe(self.now, size as u64);
        }
    }

    /// A message is handed out of a queue; once more if it has to be sent again.
    pub(super) fn sent(&mut self, queue: &QueueId, message: &Message) {
        match self.sent.get_mut(queue) {
            Some(sent) => sent.count(sender(message)),
            None => self.sent.entry(queue.clone()).or_default().count(sender(message)),
        }
    }

    /// Whoever was handed a message has it, after it `waited` in the queue and `took` its time on the way.
    pub(super) fn taken(&mut self, queue: &QueueId, message: &Message, waited: Option<Duration>, took: Duration) {
        let times = match self.send_times.get_mut(&queue.endpoint) {
            Some(times) => times,
            None => self.send_times.entry(queue.endpoint.clone()).or_default(),
        };
        if let Some(times) = times.at(sender(message)) {
            times.observe_time(self.now, took);
        }
        let times = match self.process_times.get_mut(queue) {
            Some(times) => times,
            None => self.process_times.entry(queue.clone()).or_default(),
        };
        let [device, module, _] = sender(message);
        if let (Some(time), Some(times)) = (waited, times.at([device, module])) {
            times.observe_time(self.now, time);
        }
    }

    /// Messages are to be handed out once more.
    pub(super) fn retried(&mut self, endpoint: &Endpoint) {
        *self.retried.entry(endpoint.clone()).or_default() += 1;
    }

    /// A message is not taken in, since the store has no room.
    pub(super) fn unacknowledged(&mut self, message: &Message) {
        self.unacknowledged.count(sender(message));
    }

    pub(super) fn dropped(&mut self, lost: Lost, message: &Message) {
        let reason = match lost {
            Lost::NoRoute => "no_route",
            Lost::Expired => "ttl_expiry",
        };
        let [device, module, output] = sender(message);
        self.dropped.count([reason, device, module, output]);
    }

    /// Somebody asked for a twin.
    pub(super) fn twin_asked(&mut self, side: Side, identity: &Identity) {
        if side == Side::Cloud {
            self.twins_asked.entry(identity.clone()).or_insert(self.now);
        }
        let [device, module] = client(identity);
        self.twins.count([side.as_label(), device, module]);
    }

    /// The cloud told a twin.
    pub(super) fn twin_told(&mut self, identity: &Identity) {
        let Some(since) = self.twins_asked.remove(identity) else { return };
        if let Some(times) = self.twin_times.at(client(identity)) {
            times.observe_time(self.now, self.now.saturating_sub(since));
        }
    }

    pub(super) fn reported(&mut self, side: Side, identity: &Identity) {
        if side == Side::Cloud {
            self.reports_told.entry(identity.clone()).or_default().push_back(self.now);
        }
        let [device, module] = client(identity);
        self.reported.count([side.as_label(), device, module]);
    }

    /// The cloud has the oldest reported patch that it was told.
    pub(super) fn confirmed(&mut self, identity: &Identity) {
        let Some(since) = self.reports_told.get_mut(identity).and_then(VecDeque::pop_front) else { return };
        if let Some(times) = self.report_times.at(client(identity)) {
            times.observe_time(self.now, self.now.saturating_sub(since));
        }
    }

    /// A direct method begins.
    pub(super) fn called(&mut self, caller: &Caller, target: &Identity) {
        self.calls.count([&caller_id(caller), &target.to_string()]);
    }

    /// A direct method that began at `since` was answered.
    pub(super) fn answered(&mut self, caller: &Caller, target: &Identity, since: Duration) {
        if let Some(times) = self.call_times.at([&caller_id(caller), &target.to_string()]) {
            times.observe_time(self.now, self.now.saturating_sub(since));
        }
    }

    pub(super) fn connected(&mut self, identity: &Identity) {
        self.connected.count(client(identity));
    }

    pub(super) fn disconnected(&mut self, identity: &Identity) {
        self.disconnected.count(client(identity));
    }

    pub(super) fn refused(&mut self, identity: &Identity) {
        self.refused.count(client(identity));
    }

    pub(super) fn link_changed(&mut self, link: Link) {
        match link {
            Link::Offline => {
                self.offline_count += 1;
                self.offline_since = Some(self.now);
                self.twins_asked.clear();
                self.reports_told.clear();
            }
            Link::Online => {
                if let Some(since) = self.offline_since.take() {
                    self.offline_times.observe_time(self.now, self.now.saturating_sub(since));
                }
            }
        }
    }
}

/// Returns the labels of a client; a device has no module.
fn client(identity: &Identity) -> [&str; 2] {
    [identity.device.as_str(), identity.module.as_ref().map_or("", ModuleId::as_str)]
}

/// Returns the labels of whoever sent a stamped message.
fn sender(message: &Message) -> [&str; 3] {
    let stamped = |name: &str| message.system(name).unwrap_or_default();
    [stamped(system::CONNECTION_DEVICE_ID), stamped(system::CONNECTION_MODULE_ID), output(message)]
}

fn output(message: &Message) -> &str {
    message.system(system::OUTPUT_NAME).unwrap_or_default()
}

fn caller_id(caller: &Caller) -> String {
    match caller {
        Caller::Module { identity, .. } => identity.to_string(),
        Caller::Cloud => UPSTREAM.to_owned(),
    }
}
