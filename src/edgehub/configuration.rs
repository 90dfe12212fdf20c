//! What `$edgeHub`'s desired properties decide: routes and how long messages live.

use std::time::Duration;

use super::vocabulary::{Endpoint, QueueId};
use crate::manifest::{HubSettings, RouteSpec};
use crate::message::Message;
use crate::route::{Route, Sink, Subject};

/// A compiled route with its name, priority and time to live.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfiguredRoute {
    /// The name in the manifest.
    pub name: String,
    /// The compiled route.
    pub route: Route,
    /// 0 to 9; `None` comes after all.
    pub priority: Option<u8>,
    /// Overrides the global one.
    pub time_to_live: Option<Duration>,
}

/// The hub's configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HubConfiguration {
    /// Routes in the manifest's order.
    pub routes: Vec<ConfiguredRoute>,
    /// How long a message lives; `None` is for ever.
    pub time_to_live: Option<Duration>,
}

/// Where one message goes, by which route, and how long it lives there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Destination {
    pub(super) queue: QueueId,
    pub(super) route: String,
    pub(super) time_to_live: Option<Duration>,
}

impl From<HubSettings> for HubConfiguration {
    fn from(settings: HubSettings) -> Self {
        let configured = |(spec, route): (RouteSpec, Route)| ConfiguredRoute {
            name: spec.name,
            route,
            priority: spec.priority,
            time_to_live: spec.ttl,
        };
        Self { routes: settings.routes.into_iter().map(configured).collect(), time_to_live: settings.time_to_live }
    }
}

impl HubConfiguration {
    /// Returns where a message goes: one destination an endpoint, by the route with the smallest priority number
    /// (protocol.md §8.6).
    pub(super) fn destinations(&self, message: &Message) -> Vec<Destination> {
        let (source, subject) = (message.source(), Subject::new(message));
        let mut found: Vec<Destination> = Vec::new();
        for configured in self.routes.iter().filter(|configured| configured.route.takes(&source, &subject)) {
            let destination = self.destination(configured);
            match found.iter_mut().find(|other| other.queue.endpoint == destination.queue.endpoint) {
                None => found.push(destination),
                Some(other) if destination.queue.priority < other.queue.priority => *other = destination,
                Some(_) => {}
            }
        }
        found
    }

    fn destination(&self, configured: &ConfiguredRoute) -> Destination {
        let endpoint = match configured.route.sink() {
            Sink::Upstream => Endpoint::Upstream,
            Sink::Input { module, input } => Endpoint::Input { module: module.clone(), input: input.clone() },
        };
        Destination {
            queue: QueueId { endpoint, priority: configured.priority.map_or(QueueId::LAST, u32::from) },
            route: configured.name.clone(),
            time_to_live: configured.time_to_live.or(self.time_to_live),
        }
    }
}
