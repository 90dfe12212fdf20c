//! Which routes take a message: an index over the sources, so that only routes that may match are asked.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::configuration::{ConfiguredRoute, HubConfiguration};
use super::vocabulary::{Endpoint, QueueId};
use crate::message::Message;
use crate::route::{Route, Sink, Subject};

/// Sources of messages whose routes are remembered: so many, of so many bytes at the most. Clients name their outputs as
/// they like.
const SOURCES: usize = 1024;
const LONGEST_SOURCE: usize = 512;

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
    /// Those that may match, by the source of messages: there are few, and most messages come from one of them.
    by_message: HashMap<Box<str>, Arc<[usize]>>,
    /// Kept between messages, for its memory only.
    source: String,
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
        self.source.clear();
        message.put_source(&mut self.source);
        let candidates = match self.by_message.get(self.source.as_str()) {
            Some(known) => Arc::clone(known),
            None => self.gather(),
        };
        let subject = Subject::new(message);
        let mut found: Vec<Destination> = Vec::new();
        for (route, destination) in candidates.iter().map(|position| &self.routes[*position]) {
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
    fn gather(&mut self) -> Arc<[usize]> {
        let source = self.source.to_ascii_lowercase();
        let prefixes = source.match_indices('/').map(|(slash, _)| &source[..=slash]);
        let mut positions: Vec<usize> =
            prefixes.filter_map(|prefix| self.by_source.get(prefix)).flatten().copied().collect();
        positions.sort_unstable();
        let candidates: Arc<[usize]> = positions.into();
        if self.by_message.len() >= SOURCES {
            self.by_message.clear();
        }
        if self.source.len() <= LONGEST_SOURCE {
            self.by_message.insert(self.source.as_str().into(), Arc::clone(&candidates));
        }
        candidates
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
