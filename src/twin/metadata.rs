//! When each value of a section last changed: a tree like that of its values.
//!
//! An edge device with a thousand modules has tens of thousands of these in its `$edgeAgent` twin, so they are kept as
//! numbers and become JSON only when somebody looks.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use super::{Map, NEVER};
use crate::clock::{iso_millis, parse_iso};

const UPDATED: &str = "$lastUpdated";
const UPDATED_VERSION: &str = "$lastUpdatedVersion";

/// When a level last changed, and its members.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Metadata {
    /// In milliseconds since 1970; 0 for never.
    updated: u64,
    /// The section's version of that change; 0 if it is not recorded.
    version: u64,
    /// In the order of their keys.
    members: Vec<(Box<str>, Metadata)>,
}

/// What is noted of everything that a change touches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    updated: u64,
    version: u64,
}

impl Stamp {
    pub(super) fn new(now: Duration, version: Option<u64>) -> Self {
        Self { updated: millis(now), version: version.unwrap_or_default() }
    }
}

impl Metadata {
    /// Stamps a level and what the patch changes in it.
    pub(super) fn touch(&mut self, stamp: Stamp, patch: &Map) {
        (self.updated, self.version) = (stamp.updated, stamp.version);
        for (key, change) in patch {
            match (change, self.find(key)) {
                (Value::Null, Ok(at)) => drop(self.members.remove(at)),
                (Value::Null, Err(_)) => {}
                (change, Ok(at)) => self.members[at].1.change(stamp, change),
                (change, Err(at)) => {
                    self.members.insert(at, (key.as_str().into(), Self::default()));
                    self.members[at].1.change(stamp, change);
                }
            }
        }
    }

    fn change(&mut self, stamp: Stamp, change: &Value) {
        match change {
            Value::Object(patch) => self.touch(stamp, patch),
            _ => *self = Self { updated: stamp.updated, version: stamp.version, members: Vec::new() },
        }
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.members.binary_search_by(|(name, _)| (**name).cmp(key))
    }

    /// Returns the document of a level with these values, in their order.
    pub(super) fn view(&self, values: &Map) -> Map {
        let mut view = self.own_view();
        for (key, value) in values {
            let Ok(at) = self.find(key) else { continue };
            let member = &self.members[at].1;
            let inner = value.as_object().map_or_else(|| member.own_view(), |values| member.view(values));
            view.insert(key.clone(), Value::Object(inner));
        }
        view
    }

    fn own_view(&self) -> Map {
        let updated =
            if self.updated == 0 { NEVER.to_owned() } else { iso_millis(Duration::from_millis(self.updated)) };
        let mut view = Map::from_iter([(UPDATED.to_owned(), json!(updated))]);
        if self.version != 0 {
            view.insert(UPDATED_VERSION.to_owned(), json!(self.version));
        }
        view
    }

    fn document(&self) -> Map {
        let mut document = self.own_view();
        document.extend(self.members.iter().map(|(key, member)| (key.to_string(), Value::Object(member.document()))));
        document
    }

    /// Reads what [`Metadata::document`] and [`Metadata::view`] return; what else there is counts as never changed.
    fn read(document: &Map) -> Self {
        let updated = document.get(UPDATED).and_then(Value::as_str).and_then(parse_iso).map_or(0, millis);
        let version = document.get(UPDATED_VERSION).and_then(Value::as_u64).unwrap_or_default();
        let inner = document.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_object()?)));
        let mut members: Vec<_> = inner.map(|(key, inner)| (key.into(), Self::read(inner))).collect();
        members.sort_by(|(one, _): &(Box<str>, _), (other, _)| one.cmp(other));
        Self { updated, version, members }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.document().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::read(&Map::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(value: Value) -> Map {
        let Value::Object(map) = value else { panic!("{value} is no object") };
        map
    }

    fn touched(patches: &[(u64, Value)]) -> Metadata {
        let mut metadata = Metadata::default();
        for (version, patch) in patches {
            let now = Duration::from_millis(1_700_000_000_000 + version);
            metadata.touch(Stamp::new(now, Some(*version)), &map(patch.clone()));
        }
        metadata
    }

    #[test]
    fn the_view_has_the_order_of_the_values() {
        let values = json!({ "z": 1, "a": { "y": 1, "b": 1 }, "m": 1 });
        let view = touched(&[(2, values.clone())]).view(&map(values));
        let order = |map: &Map| map.keys().filter(|key| !key.starts_with('$')).cloned().collect::<Vec<_>>();
        assert_eq!(order(&view), ["z", "a", "m"]);
        assert_eq!(view["a"].as_object().map(order), Some(vec!["y".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let metadata = touched(&[
            (2, json!({ "b": { "c": 1, "d": [1] }, "a": 1 })),
            (3, json!({ "b": { "c": 2, "e": {} }, "a": null, "f": 1 })),
            (4, json!({ "b": { "e": 1 }, "f": { "g": 1 } })),
        ]);
        let text = serde_json::to_string(&metadata).expect("it is JSON");
        assert_eq!(serde_json::from_str::<Metadata>(&text).expect("it was written"), metadata);
    }

    #[test]
    fn a_value_instead_of_an_object_forgets_its_members() {
        let metadata = touched(&[(2, json!({ "a": { "b": 1 } })), (3, json!({ "a": 1 }))]);
        assert_eq!(metadata, touched(&[(3, json!({ "a": 1 }))]));
    }
}
