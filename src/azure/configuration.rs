//! A deployment at scale: what runs, on which devices, and which of several wins (protocol.md §10.5).

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value, json};

/// The id of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationId(String);

/// The text is no id of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 128 small letters, digits and -:+%_#*?!(),=@;'")]
pub struct ConfigurationIdError;

impl ConfigurationId {
    /// Parses an id; capitals are refused, since the hub would.
    pub fn parse(text: &str) -> Result<Self, ConfigurationIdError> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-:+%_#*?!(),=@;'".contains(c);
        let is_id = (1..=128).contains(&text.len()) && text.chars().all(fits);
        is_id.then(|| Self(text.to_owned())).ok_or(ConfigurationIdError)
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConfigurationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A deployment as the hub keeps it; members that nobody here knows are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration(Map<String, Value>);

impl Configuration {
    /// Describes a new deployment; `modules_content` is that of a manifest.
    pub fn new(id: &ConfigurationId, modules_content: &Value) -> Self {
        let document = json!({
            "id": id.as_str(), "schemaVersion": "2.0", "content": { "modulesContent": modules_content },
        });
        Self(document.as_object().cloned().unwrap_or_default())
    }

    /// Reads the hub's document; `None` if it has no id.
    pub fn read(document: Value) -> Option<Self> {
        let Value::Object(document) = document else { return None };
        document.get("id").is_some_and(Value::is_string).then_some(Self(document))
    }

    /// Sets which devices it is for and which of several wins: what may change after it was created.
    #[must_use]
    pub fn aimed(
        mut self,
        target_condition: &str,
        priority: u32,
        labels: &BTreeMap<String, String>,
        metrics: &BTreeMap<String, String>,
    ) -> Self {
        self.0.insert("targetCondition".into(), json!(target_condition));
        self.0.insert("priority".into(), json!(priority));
        self.0.insert("labels".into(), json!(labels));
        self.0.insert("metrics".into(), json!({ "queries": metrics, "results": {} }));
        self
    }

    /// Returns the document.
    pub fn document(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Returns its id.
    pub fn id(&self) -> &str {
        self.text("id")
    }

    /// Returns what identifies this state of it; empty for one that the hub has not seen.
    pub fn etag(&self) -> &str {
        self.text("etag")
    }

    /// Returns the condition that devices have to meet; empty for none.
    pub fn target_condition(&self) -> &str {
        self.text("targetCondition")
    }

    /// Returns its priority: the highest wins.
    pub fn priority(&self) -> u64 {
        self.0.get("priority").and_then(Value::as_u64).unwrap_or_default()
    }

    /// Returns a member that is a text, or an empty one.
    pub fn text(&self, member: &str) -> &str {
        self.0.get(member).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns what edge devices are to run; `None` for a configuration of devices that are none.
    pub fn modules_content(&self) -> Option<&Value> {
        self.0.get("content")?.get("modulesContent").filter(|content| content.is_object())
    }

    /// Says whether it only changes what lies below it.
    pub fn is_layered(&self) -> bool {
        let twins = self.modules_content().and_then(Value::as_object);
        let system = twins.into_iter().flatten().filter(|(module, _)| module.starts_with('$'));
        !system.clone().any(|(module, twin)| module == "$edgeAgent" && twin.get("properties.desired").is_some())
    }

    /// Returns the queries that count devices, those of the hub itself left out.
    pub fn metrics(&self) -> Map<String, Value> {
        let queries = self.0.get("metrics").and_then(|metrics| metrics.get("queries"));
        queries.and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// Returns how many devices the hub counted by its own query of this name, such as `targetedCount`.
    pub fn count(&self, metric: &str) -> Option<u64> {
        self.0.get("systemMetrics")?.get("results")?.get(metric)?.as_u64()
    }

    /// Says whether the two are for the same devices, in the same order, with the same labels and metrics.
    pub fn is_aimed_like(&self, other: &Self) -> bool {
        let labels = |c: &Self| c.0.get("labels").and_then(Value::as_object).cloned().unwrap_or_default();
        let aim = |c: &Self| (c.target_condition().to_owned(), c.priority(), labels(c), c.metrics());
        aim(self) == aim(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // protocol.md §10.5
    #[test]
    fn an_id_has_small_letters() {
        assert!(ConfigurationId::parse("factory-1:a").is_ok());
        for text in ["", "Factory", "a b", "a/b", &"x".repeat(129)] {
            assert_eq!(ConfigurationId::parse(text), Err(ConfigurationIdError), "{text}");
        }
    }

    #[test]
    fn what_may_change_is_compared_without_what_the_hub_adds() {
        let id = ConfigurationId::parse("a").expect("an id");
        let (labels, metrics) = (BTreeMap::new(), BTreeMap::from([("m".to_owned(), "select 1".to_owned())]));
        let put = Configuration::new(&id, &json!({})).aimed("*", 5, &labels, &metrics);
        let mut document = Value::Object(put.document().clone());
        document["etag"] = json!("MQ==");
        document["metrics"]["results"] = json!({ "m": 3 });
        document["systemMetrics"] = json!({ "results": { "targetedCount": 7 }, "queries": {} });
        let got = Configuration::read(document).expect("a configuration");
        assert!(got.is_aimed_like(&put));
        assert_eq!((got.etag(), got.count("targetedCount"), got.count("other")), ("MQ==", Some(7), None));
        assert!(!got.is_aimed_like(&put.clone().aimed("*", 6, &labels, &metrics)));
        assert!(!got.is_aimed_like(&put.aimed("*", 5, &labels, &labels)));
    }

    #[test]
    fn a_layer_sets_parts_of_the_agent_or_nothing_of_it() {
        let is_layered = |content| {
            let id = ConfigurationId::parse("a").expect("an id");
            Configuration::new(&id, &content).is_layered()
        };
        assert!(is_layered(json!({ "$edgeAgent": { "properties.desired.modules.a": {} } })));
        assert!(is_layered(json!({ "a": { "properties.desired": {} } })));
        assert!(!is_layered(json!({ "$edgeAgent": { "properties.desired": {} } })));
    }
}
