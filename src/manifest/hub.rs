//! `$edgeHub`'s desired properties as they stand in its twin: what the running hub is configured with.
//!
//! A file gets every finding at its place, see [`Deployment::parse`](super::Deployment::parse). A twin has no places, and
//! the hub takes it as it is or not at all: the first mistake counts. Modules that a route names need not be there.

use std::time::Duration;

use serde_json::{Map, Value};

use super::deployment::{max_bytes, schema, time_to_live};
use super::{Finding, RouteSpec, routes};
use crate::document::Document;
use crate::route::Route;

/// What the hub is configured with.
#[derive(Debug, Clone, PartialEq)]
pub struct HubSettings {
    /// The routes, in the order of the twin, each with what it compiled to.
    pub routes: Vec<(RouteSpec, Route)>,
    /// How long a message waits for its receiver unless its route says otherwise; `None` means for ever.
    pub time_to_live: Option<Duration>,
    /// Bytes that waiting messages may take; `None` is no limit.
    pub max_bytes: Option<u64>,
}

/// Why the hub does not take its desired properties (protocol.md §8.7).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HubError {
    /// One route is wrong, which refuses all of them.
    #[error("Error parsing route {name} - {reason}")]
    Route {
        /// The route's name.
        name: String,
        /// What is wrong with it.
        reason: Box<str>,
    },
    /// Something else is.
    #[error("{0}")]
    Other(Box<str>),
}

impl From<Finding> for HubError {
    fn from(finding: Finding) -> Self {
        Self::Other(finding.at.message)
    }
}

impl HubSettings {
    /// The schemas of `$edgeHub` that are known (protocol.md §10.3).
    pub(super) const SCHEMAS: &[&str] = &["1.0", "1.1", "1.2", "1.3"];

    /// Reads desired properties; members that a twin adds, such as `$version`, are passed over.
    pub fn parse(desired: &Map<String, Value>) -> Result<Self, HubError> {
        let text = Value::Object(desired.clone()).to_string();
        let document = Document::parse("$edgeHub", &text).map_err(|at| HubError::Other(at.message))?;
        let hub = document.root();
        let schema = schema(&hub, Self::SCHEMAS)?;
        let (time_to_live, max_bytes) = (time_to_live(&hub)?, max_bytes(&hub)?);
        let mut settings = Self { routes: Vec::new(), time_to_live, max_bytes };
        let Some(routes) = hub.get("routes") else { return Ok(settings) };
        let members = routes.members().map_err(|at| HubError::Other(at.message))?;
        for (name, node) in members.into_iter().filter(|(_, node)| !node.value().is_null()) {
            let wrong = |reason: Box<str>| HubError::Route { name: name.to_owned(), reason };
            let (_, spec) = routes::read_route(name, &node, &schema).map_err(|at| wrong(at.message))?;
            if schema == "1.0" && spec.text.trim().is_empty() {
                continue;
            }
            let route = Route::parse(&spec.text).map_err(|error| wrong(error.to_string().into()))?;
            settings.routes.push((spec, route));
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TO_CLOUD: &str = "FROM /messages/* INTO $upstream";

    fn parse(desired: &Value) -> Result<HubSettings, String> {
        HubSettings::parse(desired.as_object().expect("an object")).map_err(|error| error.to_string())
    }

    #[test]
    fn routes_and_their_times_are_read() {
        let desired = json!({
            "schemaVersion": "1.1",
            "routes": {
                "a": TO_CLOUD, "b": { "route": TO_CLOUD, "priority": 2, "timeToLiveSecs": 5 }, "gone": null,
            },
            "storeAndForwardConfiguration": { "timeToLiveSecs": 60 },
            "$version": 3,
        });
        let settings = parse(&desired).expect("all is right");
        let routes: Vec<_> = settings.routes.iter().map(|(r, _)| (r.name.as_str(), r.priority, r.ttl)).collect();
        assert_eq!(routes, [("a", None, None), ("b", Some(2), Some(Duration::from_secs(5)))]);
        assert_eq!(settings.time_to_live, Some(Duration::from_secs(60)));
    }

    // protocol.md §8.7
    #[test]
    fn one_mistake_refuses_everything_in_the_words_of_the_product() {
        let with = |routes: Value| parse(&json!({ "schemaVersion": "1.0", "routes": routes })).map(|s| s.routes.len());
        let refused = with(json!({ "good": TO_CLOUD, "bad": "FROM /messages/*" }));
        assert_eq!(refused, Err("Error parsing route bad - expected `/`, `WHERE` or `INTO`, found the end".into()));
        let refused = with(json!({ "o": { "route": TO_CLOUD } }));
        assert_eq!(refused, Err("Error parsing route o - expected a string for `o`, found an object".into()));
        assert_eq!(with(json!({ "blank": " ", "good": TO_CLOUD })), Ok(1), "1.0 passes a blank route over");
        let refused = parse(&json!({ "schemaVersion": "2.0" }));
        assert_eq!(refused, Err("the schema `2.0` is not known; known are 1.0, 1.1, 1.2, 1.3".into()));
        assert_eq!(parse(&json!({})), Err("the member `schemaVersion` is missing".into()));
    }
}
