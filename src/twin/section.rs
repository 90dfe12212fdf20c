//! Desired or reported properties with their version and the record of when each value changed.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::{TwinError, TwinSection};
use super::metadata::{Metadata, Stamp};
use super::{Map, limits, merge};

const METADATA: &str = "$metadata";
const VERSION: &str = "$version";

/// Desired or reported properties.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Section {
    values: Map,
    metadata: Metadata,
    version: u64,
}

impl Section {
    /// No properties, at version 1.
    pub(super) fn new() -> Self {
        Self { values: Map::new(), metadata: Metadata::default(), version: 1 }
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
        // Only desired properties record the version of a change.
        let version = (section == TwinSection::Desired).then_some(next.version);
        next.metadata.touch(Stamp::new(now, version), patch);
        Ok(next)
    }

    /// Returns the section with other properties.
    pub(super) fn replaced(&self, section: TwinSection, now: Duration, values: &Map) -> Result<Self, TwinError> {
        let empty = Self { values: Map::new(), metadata: Metadata::default(), version: self.version };
        empty.merged(section, now, values)
    }

    /// Returns the properties with `$metadata` and `$version`.
    pub(super) fn service_view(&self) -> Value {
        let mut view = self.values.clone();
        view.insert(METADATA.to_owned(), Value::Object(self.metadata.view(&self.values)));
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
