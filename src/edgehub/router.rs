//! Which routes take a message: an index over the sources, so that only routes that may match are asked.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::configuration::{ConfiguredRoute, HubConfiguration};
use super::vocabulary::{Endpoint, QueueId};
use crate::message::Message;
use crate::route::{Route, Sink, Subject};

/// Where one message goes, by which route, and how long it lives there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Destination {
    pub(super) queue: QueueId,
    pub(super) route: Arc<str>,
    pub(super) time_to_live: Option<Duration>,
}

/// The routes of a configuration, ready to be asked for every message.
#[derive(Debug, Default)]
pub(super) struct Router {
    /// In the manifest's order.
    routes: Vec<(Route, Destination)>,
    /// Positions in `routes`, by their source in lower case.
    by_source: HashMap<Box<str>, Vec<usize>>,
    /// Kept between messages, for their memory only.
    source: String,
    candidates: Vec<usize>,
}

impl Router {
    pub(super) fn new(configuration: HubConfiguration) -> Self {
        let mut router = Self::default();
        for configured in configuration.routes {
            let source = configured.route.source().to_ascii_lowercase().into_boxed_str();
            router.by_source.entry(source).or_default().push(router.routes.len());
            let destination = destination_of(&configured, configuration.time_to_live);
            router.routes.push((configured.route, destination));
        }
        router
    }

    /// Finds where a message goes: one destination an endpoint, by the route with the smallest priority number
    /// (protocol.md §8.6).
    pub(super) fn find(&mut self, message: &Message) -> Vec<Destination> {
        self.gather(message);
        let subject = Subject::new(message);
        let mut found: Vec<Destination> = Vec::new();
        for &position in &self.candidates {
            let (route, destination) = &self.routes[position];
            if !route.admits(&subject) {
                continue;
            }
            match found.iter_mut().find(|other| other.queue.endpoint == destination.queue.endpoint) {
                None => found.push(destination.clone()),
                Some(other) if destination.queue.priority < other.queue.priority => *other = destination.clone(),
                Some(_) => {}
            }
        }
        found
    }

    /// Gathers the routes whose source the message's begins with. Both end at a slash, so that is what to look for.
    fn gather(&mut self, message: &Message) {
        self.source.clear();
        message.put_source(&mut self.source);
        self.source.make_ascii_lowercase();
        self.candidates.clear();
        for (slash, _) in self.source.match_indices('/') {
            if let Some(routes) = self.by_source.get(&self.source[..=slash]) {
                self.candidates.extend_from_slice(routes);
            }
        }
        self.candidates.sort_unstable();
    }
}

fn destination_of(configured: &ConfiguredRoute, time_to_live: Option<Duration>) -> Destination {
    let endpoint = match configured.route.sink() {
        Sink::Upstream => Endpoint::Upstream,
        Sink::Input { module, input } => Endpoint::Input { module: module.clone(), input: Arc::clone(input) },
    };
    Destination {
        queue: QueueId { endpoint, priority: configured.priority.map_or(QueueId::LAST, u32::from) },
        route: Arc::clone(&configured.name),
        time_to_live: configured.time_to_live.or(time_to_live),
    }
}
