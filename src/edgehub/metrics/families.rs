//! What was counted, as metrics of the real hub: their names, labels and help.

use std::time::Duration;

use super::{Metrics, UPSTREAM};
use crate::clock::Now;
use crate::edgehub::EdgeHub;
use crate::edgehub::vocabulary::{Endpoint, QueueId};
use crate::identity::{DeviceId, ModuleId};
use crate::metrics::{Family, Series, Unit};

/// The label that the real runtime puts on what Microsoft collects of it.
const TELEMETRY: (&str, &str) = ("ms_telemetry", "True");

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

fn id(device: &str, module: &str) -> String {
    if module.is_empty() { device.to_owned() } else { format!("{device}/{module}") }
}
