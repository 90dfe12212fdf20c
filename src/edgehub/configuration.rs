//! What `$edgeHub`'s desired properties decide: routes and how long messages live.

use std::sync::Arc;
use std::time::Duration;

use crate::manifest::{HubSettings, RouteSpec};
use crate::route::Route;

/// A compiled route with its name, priority and time to live.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfiguredRoute {
    /// The name in the manifest.
    pub name: Arc<str>,
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
    /// Bytes that waiting messages may take on disk; `None` is as much as it has.
    pub max_bytes: Option<u64>,
}

impl From<HubSettings> for HubConfiguration {
    fn from(settings: HubSettings) -> Self {
        let configured = |(spec, route): (RouteSpec, Route)| ConfiguredRoute {
            name: spec.name.as_str().into(),
            route,
            priority: spec.priority,
            time_to_live: spec.ttl,
        };
        Self {
            routes: settings.routes.into_iter().map(configured).collect(),
            time_to_live: settings.time_to_live,
            max_bytes: settings.max_bytes,
        }
    }
}
