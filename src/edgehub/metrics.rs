//! What the hub counts, under the names that the real one has (protocol.md §6.3).
//!
//! An observer: the rest of the hub tells it what happens, and nothing depends on it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::hub::EdgeHub;
use super::port::Link;
use super::queue::Queued;
use super::vocabulary::{Caller, Endpoint, QueueId};
use crate::clock::{Now, parse_iso};
use crate::identity::{DeviceId, Identity, ModuleId};
use crate::message::{Message, system};
use crate::metrics::{Family, Series, Summary, Unit};

/// The end of a link that is the cloud.
const UPSTREAM: &str = "upstream";
/// The hub itself, as one side of a twin operation.
const EDGE_HUB: &str = "edge_hub";
/// The label that the real runtime puts on what Microsoft collects of it.
const TELEMETRY: (&str, &str) = ("ms_telemetry", "True");

/// Which side of the hub a twin operation was on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// A client asked the hub.
    Client,
    /// The hub asked the cloud.
    Cloud,
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

    pub(super) fn received(&mut self, sender: &Identity, message: &Message) {
        let [device, module] = client(sender);
        self.received.count([device, module, output(message)]);
        if let Some(sizes) = self.sizes.at([device, module]) {
            sizes.observe(self.now, message.size() as u64);
        }
    }

    /// A message is handed out of a queue; once more if it has to be sent again.
    pub(super) fn sent(&mut self, queue: &QueueId, message: &Message) {
        match self.sent.get_mut(queue) {
            Some(sent) => sent.count(sender(message)),
            None => self.sent.entry(queue.clone()).or_default().count(sender(message)),
        }
    }

    /// Whoever was handed a message at `sent` has it.
    pub(super) fn taken(&mut self, now: Now, queue: &QueueId, queued: &Queued, sent: Duration) {
        let times = match self.send_times.get_mut(&queue.endpoint) {
            Some(times) => times,
            None => self.send_times.entry(queue.endpoint.clone()).or_default(),
        };
        if let Some(times) = times.at(sender(&queued.message)) {
            times.observe_time(self.now, self.now.saturating_sub(sent));
        }
        let times = match self.process_times.get_mut(queue) {
            Some(times) => times,
            None => self.process_times.entry(queue.clone()).or_default(),
        };
        let [device, module, _] = sender(&queued.message);
        if let (Some(time), Some(times)) = (waited(now, queued), times.at([device, module])) {
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

impl EdgeHub {
    /// Returns what was counted until now, by the real hub's names and labels.
    pub fn metrics(&self, now: Now) -> Vec<Family> {
        let metrics = &self.metrics;
        let mut families = Vec::from(metrics.messages(now.monotonic, &self.device));
        families.extend(metrics.deliveries(now.monotonic, &self.device));
        families.push(self.queue_lengths());
        families.extend(metrics.twins(now.monotonic));
        families.extend(metrics.methods(now.monotonic));
        families.extend(self.connections());
        families.extend(metrics.offline(now.monotonic, &self.device));
        families
    }

    fn queue_lengths(&self) -> Family {
        let mut lengths = Family::gauge("edgehub_queue_length", "Messages that wait for an endpoint.");
        for (id, queue) in &self.queues {
            let endpoint = endpoint_id(&self.device, &id.endpoint);
            let priority = id.priority.to_string();
            lengths.count([("endpoint", &endpoint), ("priority", &priority), TELEMETRY], queue.unfinished());
        }
        lengths
    }

    fn connections(&self) -> [Family; 4] {
        let mut clients = Family::gauge("edgehub_connected_clients", "Clients that are connected.");
        clients.count([], self.clients.count() as u64);
        let Metrics { connected, disconnected, refused, .. } = &self.metrics;
        let mut failed = Family::counter("edgehub_client_connect_failed_total", "Clients that were not let in.");
        for ([device, module], count) in refused.iter() {
            let id = id(device, module);
            failed.count([("id", &id), ("reason", "not_authenticated"), TELEMETRY], *count);
        }
        [
            clients,
            by_client("edgehub_client_connect_success_total", "Clients that were let in.", connected),
            by_client("edgehub_client_disconnect_total", "Connections of clients that ended.", disconnected),
            failed,
        ]
    }
}

impl Metrics {
    fn messages(&self, now: Duration, hub: &DeviceId) -> [Family; 4] {
        let mut received =
            Family::counter("edgehub_messages_received_total", "Messages that clients sent and the hub took.");
        for ([device, module, output], count) in self.received.iter() {
            let id = id(device, module);
            received.count([("id", &id), ("route_output", output), TELEMETRY], *count);
        }
        let mut sizes = Family::summary("edgehub_message_size_bytes", "Sizes of the messages that clients sent.");
        for ([device, module], summary) in self.sizes.iter() {
            sizes.spread([("id", &id(device, module))], Unit::Pieces, now, summary);
        }
        let mut sent = Family::counter("edgehub_messages_sent_total", "Messages handed to modules or to the cloud.");
        for (queue, senders) in &self.sent {
            for ([device, module, output], count) in senders.iter() {
                add_sent(&mut sent, hub, queue, [&id(device, module), output], *count);
            }
        }
        let mut dropped =
            Family::counter("edgehub_messages_dropped_total", "Messages that nobody gets, by what became of them.");
        for ([reason, device, module, output], count) in self.dropped.iter() {
            let from = id(device, module);
            let labels = [("reason", reason), ("from", &from), ("from_route_output", output), TELEMETRY];
            dropped.count(labels, *count);
        }
        [received, sizes, sent, dropped]
    }

    fn deliveries(&self, now: Duration, hub: &DeviceId) -> [Family; 4] {
        let mut times =
            Family::summary("edgehub_message_send_duration_seconds", "Time until a module or the cloud had a message.");
        for (endpoint, senders) in &self.send_times {
            let (to, input) = receiver(hub, endpoint);
            for ([device, module, output], summary) in senders.iter() {
                let from = id(device, module);
                let labels = [("from", &*from), ("to", &*to), ("from_route_output", output), ("to_route_input", input)];
                times.spread(labels, Unit::Nanoseconds, now, summary);
            }
        }
        let mut refused = Family::counter("edgehub_messages_unack_total", "Messages that the store had no room for.");
        for ([device, module, output], count) in self.unacknowledged.iter() {
            let from = id(device, module);
            refused.count(
                [("reason", "storage_failure"), ("from", &from), ("from_route_output", output), TELEMETRY],
                *count,
            );
        }
        let mut retried = Family::counter("edgehub_operation_retry_total", "How often messages had to be sent again.");
        for (endpoint, count) in &self.retried {
            let operation = match endpoint {
                Endpoint::Upstream => "SendMessageToCloud",
                Endpoint::Input { .. } => "SendMessageToModule",
            };
            retried.count([("id", &endpoint_id(hub, endpoint)), ("operation", operation), TELEMETRY], *count);
        }
        [times, self.processing(now, hub), refused, retried]
    }

    fn processing(&self, now: Duration, hub: &DeviceId) -> Family {
        let mut times = Family::summary(
            "edgehub_message_process_duration_seconds",
            "Time from the queueing of a message until a module or the cloud had it.",
        );
        for (queue, senders) in &self.process_times {
            let (to, _) = receiver(hub, &queue.endpoint);
            let priority = queue.priority.to_string();
            for ([device, module], summary) in senders.iter() {
                let from = id(device, module);
                let labels = [("from", &*from), ("to", &*to), ("priority", &*priority), TELEMETRY];
                times.spread(labels, Unit::Nanoseconds, now, summary);
            }
        }
        times
    }

    fn twins(&self, now: Duration) -> [Family; 4] {
        let mut asked = Family::counter("edgehub_gettwin_total", "Twins asked for, of the hub or of the cloud.");
        for ([side, device, module], count) in self.twins.iter() {
            asked.count([("source", side), ("id", &id(device, module)), TELEMETRY], *count);
        }
        let mut times = Family::summary("edgehub_gettwin_duration_seconds", "Time until the cloud told a twin.");
        for ([device, module], summary) in self.twin_times.iter() {
            let labels = [("source", UPSTREAM), ("id", &id(device, module))];
            times.spread(labels, Unit::Nanoseconds, now, summary);
        }
        let mut reported =
            Family::counter("edgehub_reported_properties_total", "Reported patches, to the hub or to the cloud.");
        for ([side, device, module], count) in self.reported.iter() {
            reported.count([("target", side), ("id", &id(device, module)), TELEMETRY], *count);
        }
        let mut report_times = Family::summary(
            "edgehub_reported_properties_update_duration_seconds",
            "Time until the cloud had reported properties.",
        );
        for ([device, module], summary) in self.report_times.iter() {
            let labels = [("target", UPSTREAM), ("id", &id(device, module))];
            report_times.spread(labels, Unit::Nanoseconds, now, summary);
        }
        [asked, times, reported, report_times]
    }

    fn methods(&self, now: Duration) -> [Family; 2] {
        let mut calls = Family::counter("edgehub_direct_methods_total", "Direct methods called through the hub.");
        for ([from, to], count) in self.calls.iter() {
            calls.count([("from", from), ("to", to), TELEMETRY], *count);
        }
        let mut times =
            Family::summary("edgehub_direct_method_duration_seconds", "Time until a direct method was answered.");
        for ([from, to], summary) in self.call_times.iter() {
            times.spread([("from", from), ("to", to)], Unit::Nanoseconds, now, summary);
        }
        [calls, times]
    }

    fn offline(&self, now: Duration, device: &DeviceId) -> [Family; 2] {
        let hub = format!("{device}/{}", ModuleId::EDGE_HUB);
        let labels = [("id", hub.as_str()), TELEMETRY];
        let mut count = Family::counter("edgehub_offline_count_total", "How often the link to the cloud was cut.");
        let mut times = Family::summary("edgehub_offline_duration_seconds", "How long the link was cut each time.");
        if self.offline_count > 0 {
            count.count(labels, self.offline_count);
        }
        if self.offline_times.count() > 0 {
            times.spread(labels, Unit::Nanoseconds, now, &self.offline_times);
        }
        [count, times]
    }
}

impl Side {
    fn as_label(self) -> &'static str {
        match self {
            Self::Client => EDGE_HUB,
            Self::Cloud => UPSTREAM,
        }
    }
}

fn add_sent(sent: &mut Family, hub: &DeviceId, queue: &QueueId, [from, output]: [&str; 2], count: u64) {
    let (to, input) = receiver(hub, &queue.endpoint);
    let priority = queue.priority.to_string();
    let labels = [
        ("from", from),
        ("to", to.as_str()),
        ("from_route_output", output),
        ("to_route_input", input),
        ("priority", priority.as_str()),
        TELEMETRY,
    ];
    sent.count(labels, count);
}

/// Returns who gets what is sent to an endpoint, and at which input.
fn receiver<'e>(hub: &DeviceId, endpoint: &'e Endpoint) -> (String, &'e str) {
    match endpoint {
        Endpoint::Upstream => (UPSTREAM.to_owned(), ""),
        Endpoint::Input { module, input } => (format!("{hub}/{module}"), input),
    }
}

fn endpoint_id(hub: &DeviceId, endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Upstream => "iothub".to_owned(),
        Endpoint::Input { module, input } => format!("{hub}/{module}/{input}"),
    }
}

fn by_client(name: &'static str, help: &'static str, counted: &Series<2, u64>) -> Family {
    let mut family = Family::counter(name, help);
    for ([device, module], count) in counted.iter() {
        family.count([("id", &id(device, module))], *count);
    }
    family
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

/// Returns how long a message has been queued; of one that was read back its own time tells.
fn waited(now: Now, queued: &Queued) -> Option<Duration> {
    match queued.since {
        Some(since) => Some(now.monotonic.saturating_sub(since)),
        None => {
            let stamped = queued.message.system(system::ENQUEUED_TIME)?;
            Some(now.unix.saturating_sub(parse_iso(stamped)?))
        }
    }
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

fn id(device: &str, module: &str) -> String {
    if module.is_empty() { device.to_owned() } else { format!("{device}/{module}") }
}
