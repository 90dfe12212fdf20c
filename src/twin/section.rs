//! Desired or reported properties with their version and the record of when each value changed.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::{TwinError, TwinSection};
use super::{Map, NEVER, limits, merge};
use crate::clock::iso_millis;

const METADATA: &str = "$metadata";
const VERSION: &str = "$version";
const UPDATED: &str = "$lastUpdated";
const UPDATED_VERSION: &str = "$lastUpdatedVersion";

/// Desired or reported properties.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Section {
    values: Map,
    metadata: Map,
    version: u64,
}

impl Section {
    /// No properties, at version 1.
    pub(super) fn new() -> Self {
        let metadata = Map::from_iter([(UPDATED.to_owned(), json!(NEVER))]);
        Self { values: Map::new(), metadata, version: 1 }
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn values(&self) -> &Map {
        &self.values
    }

    /// Returns the section after a merge; `self` stays for the case that something else is refused.
    pub(super) fn merged(&self, section: TwinSection, now: Duration, patch: &Map) -> Result<Self, TwinError> {
        limits::validate_members(patch)?;
        let mut next = Self { version: self.version + 1, ..self.clone() };
        merge(&mut next.values, patch);
        limits::validate_size(section, &next.values)?;
        Stamp::new(section, now, next.version).touch(&mut next.metadata, patch);
        Ok(next)
    }

    /// Returns the section with other properties.
    pub(super) fn replaced(&self, section: TwinSection, now: Duration, values: &Map) -> Result<Self, TwinError> {
        let empty = Self { values: Map::new(), metadata: Map::new(), version: self.version };
        empty.merged(section, now, values)
    }

    /// Returns the properties with `$metadata` and `$version`.
    pub(super) fn service_view(&self) -> Value {
        let mut view = self.values.clone();
        view.insert(METADATA.to_owned(), Value::Object(self.metadata.clone()));
        with_version(view, self.version)
    }

    /// Returns the properties with `$version`.
    pub(super) fn device_view(&self) -> Value {
        with_version(self.values.clone(), self.version)
    }
}

/// Adds `$version` to a document or patch of a section.
pub(super) fn with_version(mut values: Map, version: u64) -> Value {
    values.insert(VERSION.to_owned(), json!(version));
    Value::Object(values)
}

/// Takes out what a service may send along and the cloud ignores.
pub(super) fn without_service_members(mut patch: Map) -> Map {
    patch.shift_remove(METADATA);
    patch.shift_remove(VERSION);
    patch
}

/// What is written into the metadata of everything that a change touches.
struct Stamp {
    time: String,
    version: Option<u64>,
}

impl Stamp {
    /// Only desired properties record the version of a change.
    fn new(section: TwinSection, now: Duration, version: u64) -> Self {
        Self { time: iso_millis(now), version: (section == TwinSection::Desired).then_some(version) }
    }

    /// Stamps a level and what the patch changes in it; a level's metadata mirrors its values.
    fn touch(&self, metadata: &mut Map, patch: &Map) {
        metadata.insert(UPDATED.to_owned(), json!(self.time));
        if let Some(version) = self.version {
            metadata.insert(UPDATED_VERSION.to_owned(), json!(version));
        }
        for (key, change) in patch {
            if change.is_null() {
                metadata.shift_remove(key);
                continue;
            }
            let mut inner = match (change, metadata.get_mut(key)) {
                (Value::Object(_), Some(Value::Object(inner))) => std::mem::take(inner),
                _ => Map::new(),
            };
            self.touch(&mut inner, change.as_object().unwrap_or(&Map::new()));
            metadata.insert(key.clone(), Value::Object(inner));
        }
    }
}
