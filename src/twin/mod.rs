//! Twin documents: merge, versions, metadata, limits (protocol.md §7.1–7.4).
//!
//! A [`Twin`] is the cloud's document. What the edge hub keeps of it is plain maps, changed with [`merge`] and compared
//! with [`diff`]. Nothing here knows who is connected or who is to be told of a change.

mod error;
mod limits;
mod merge;
mod metadata;
mod section;
#[cfg(test)]
mod tests;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock::iso_millis;
use crate::identity::{DeviceId, Identity, ModuleId};

pub use error::{TwinError, TwinSection};
pub use limits::{desired_mistakes, desired_size, fits_reported, parse_reported, validate_desired, validate_tags};
pub use merge::{diff, fold, merge};

use section::Section;

/// A JSON object that keeps the order of its keys.
pub type Map = serde_json::Map<String, Value>;

/// The time of what never happened.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// Whether an identity is connected, as its twin tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConnectionState {
    /// It has a connection.
    Connected,
    /// It has none.
    Disconnected,
}

/// A change of the service form: the sections that are named.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TwinDocument {
    /// `properties.desired`.
    pub desired: Option<Map>,
    /// `tags`.
    pub tags: Option<Map>,
}

/// Members of the service form that nobody changes by it (protocol.md §7.1).
const READ_ONLY: [&str; 18] = [
    "deviceId",
    "moduleId",
    "etag",
    "deviceEtag",
    "version",
    "status",
    "statusReason",
    "statusUpdateTime",
    "connectionState",
    "lastActivityTime",
    "cloudToDeviceMessageCount",
    "authenticationType",
    "x509Thumbprint",
    "capabilities",
    "deviceScope",
    "parentScopes",
    "modelId",
    "configurations",
];

impl TwinDocument {
    /// A change of desired properties only.
    pub fn of_desired(desired: Map) -> Self {
        Self { desired: Some(desired), tags: None }
    }

    /// A change of tags only.
    pub fn of_tags(tags: Map) -> Self {
        Self { desired: None, tags: Some(tags) }
    }

    /// Reads `{"properties":{"desired":{…}},"tags":{…}}`; `properties.reported` and what else a service sees of a twin
    /// are ignored, as the cloud does.
    pub fn parse(document: Value) -> Result<Self, TwinError> {
        let mut parsed = Self::default();
        for (key, value) in into_object(document, TwinSection::Desired)? {
            match key.as_str() {
                "tags" => parsed.tags = Some(into_object(value, TwinSection::Tags)?),
                "properties" => {
                    for (key, value) in into_object(value, TwinSection::Desired)? {
                        match key.as_str() {
                            "desired" => parsed.desired = Some(into_object(value, TwinSection::Desired)?),
                            "reported" => {}
                            _ => return Err(TwinError::UnknownMember { path: format!("properties.{key}") }),
                        }
                    }
                }
                other if READ_ONLY.contains(&other) => {}
                _ => return Err(TwinError::UnknownMember { path: key }),
            }
        }
        if parsed == Self::default() {
            return Err(TwinError::NothingToChange);
        }
        Ok(parsed)
    }

    /// Says whether a document is in the service form, and no bare desired properties.
    pub fn is_service_form(document: &Map) -> bool {
        let is_member =
            |key: &String| matches!(key.as_str(), "properties" | "tags") || READ_ONLY.contains(&key.as_str());
        let is_section = |key: &str| document.get(key).is_some_and(Value::is_object);
        (is_section("properties") || is_section("tags")) && document.keys().all(is_member)
    }
}

/// What a connected module is told of new desired properties.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredChange {
    /// The section's new version.
    pub version: u64,
    /// The patch as it was sent, nulls included, or the complete new section with null for what is gone; with `$version`.
    pub patch: Value,
}

/// The cloud's document of a device or module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Twin {
    device_id: DeviceId,
    module_id: Option<ModuleId>,
    /// Counts changes of tags and desired properties; the etag is made of it.
    service_changes: u64,
    device_etag: String,
    version: u64,
    connection: ConnectionState,
    last_activity: Option<Duration>,
    waiting_messages: u64,
    scopes: Scopes,
    model_id: String,
    tags: Map,
    desired: Section,
    reported: Section,
}

/// Where a device stands in the hierarchy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Scopes {
    Module,
    EdgeDevice {
        own: String,
        /// That of the edge device above it.
        #[serde(default)]
        parent: Option<String>,
    },
    Leaf {
        parent: String,
    },
}

impl Twin {
    /// The twin of a new identity: of an edge device or of a module.
    pub fn new(identity: &Identity, generation: &str) -> Self {
        let scopes = match &identity.module {
            Some(_) => Scopes::Module,
            None => Scopes::EdgeDevice { own: edge_scope(&identity.device, generation), parent: None },
        };
        Self {
            device_id: identity.device.clone(),
            module_id: identity.module.clone(),
            service_changes: 1,
            device_etag: STANDARD.encode(generation.get(..9).unwrap_or(generation)),
            version: 1,
            connection: ConnectionState::Disconnected,
            last_activity: None,
            waiting_messages: 0,
            scopes,
            model_id: String::new(),
            tags: Map::new(),
            desired: Section::new(),
            reported: Section::new(),
        }
    }

    /// The twin of a new device that connects through the edge device with the scope `parent`.
    pub fn of_leaf(device: &DeviceId, generation: &str, parent: &str) -> Self {
        let twin = Self::new(&Identity::of_device(device.clone()), generation);
        Self { scopes: Scopes::Leaf { parent: parent.to_owned() }, ..twin }
    }

    /// Puts an edge device below the one of this scope, or below none (protocol.md §12.2); others stay where they are.
    pub fn set_parent_scope(&mut self, scope: Option<String>) {
        if let Scopes::EdgeDevice { parent, .. } = &mut self.scopes {
            *parent = scope;
        }
    }

    /// Returns whose twin it is.
    pub fn identity(&self) -> Identity {
        Identity { device: self.device_id.clone(), module: self.module_id.clone() }
    }

    /// Returns the scope of a device: its own, or that of the edge device that it connects through.
    pub fn device_scope(&self) -> Option<&str> {
        match &self.scopes {
            Scopes::Module => None,
            Scopes::EdgeDevice { own: scope, .. } | Scopes::Leaf { parent: scope } => Some(scope),
        }
    }

    /// Returns the text that changes with every change of tags or desired properties.
    pub fn etag(&self) -> String {
        STANDARD.encode(self.service_changes.to_be_bytes())
    }

    /// Returns the number of changes of any kind, plus one.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Returns the desired properties.
    pub fn desired(&self) -> &Map {
        self.desired.values()
    }

    /// Returns the version of the desired properties.
    pub fn desired_version(&self) -> u64 {
        self.desired.version()
    }

    /// Returns the reported properties.
    pub fn reported(&self) -> &Map {
        self.reported.values()
    }

    /// Returns the version of the reported properties.
    pub fn reported_version(&self) -> u64 {
        self.reported.version()
    }

    /// Merges desired properties and tags, both or neither; returns what the module is told.
    pub fn patch(&mut self, now_unix: Duration, change: TwinDocument) -> Result<Option<DesiredChange>, TwinError> {
        let tags = change.tags.map(|patch| merged_tags(self.tags.clone(), &patch)).transpose()?;
        let told = change.desired.map(|patch| self.patch_desired(now_unix, patch)).transpose()?;
        Ok(self.finish(tags, told))
    }

    /// Replaces the sections that are named, all or none; returns what the module is told.
    pub fn replace(&mut self, now_unix: Duration, change: TwinDocument) -> Result<Option<DesiredChange>, TwinError> {
        let tags = change.tags.map(|tags| merged_tags(Map::new(), &tags)).transpose()?;
        let told = change.desired.map(|desired| self.replace_desired(now_unix, desired)).transpose()?;
        Ok(self.finish(tags, told))
    }

    /// Merges desired properties; the module is told the patch as it is, nulls included.
    pub fn patch_desired(&mut self, now_unix: Duration, patch: Map) -> Result<DesiredChange, TwinError> {
        let patch = section::without_service_members(patch);
        self.desired = self.desired.merged(TwinSection::Desired, now_unix, &patch)?;
        self.count_service_change();
        let version = self.desired.version();
        Ok(DesiredChange { version, patch: section::with_version(patch, version) })
    }

    /// Replaces all desired properties; the module is told the complete new ones, and null for those that are gone.
    pub fn replace_desired(&mut self, now_unix: Duration, desired: Map) -> Result<DesiredChange, TwinError> {
        let desired = section::without_service_members(desired);
        let replaced = self.desired.replaced(TwinSection::Desired, now_unix, &desired)?;
        let before = std::mem::replace(&mut self.desired, replaced);
        self.count_service_change();
        let (version, told) = (self.desired.version(), merge::replacement(before.values(), self.desired.values()));
        Ok(DesiredChange { version, patch: section::with_version(told, version) })
    }

    /// Merges reported properties and returns the section's new version.
    pub fn patch_reported(&mut self, now_unix: Duration, patch: &Map) -> Result<u64, TwinError> {
        self.reported = self.reported.merged(TwinSection::Reported, now_unix, patch)?;
        self.version += 1;
        self.last_activity = Some(now_unix);
        Ok(self.reported.version())
    }

    /// Notes that the identity connected or went away; nothing happens if that is known.
    pub fn set_connection(&mut self, state: ConnectionState, now_unix: Duration) {
        if self.connection == state {
            return;
        }
        self.connection = state;
        self.last_activity = Some(now_unix);
    }

    /// Notes how many cloud-to-device messages wait.
    pub fn set_waiting_messages(&mut self, count: u64) {
        self.waiting_messages = count;
    }

    /// Notes the model that the client announced.
    pub fn set_model_id(&mut self, model: &str) {
        model.clone_into(&mut self.model_id);
    }

    /// Returns the document that the service sees.
    pub fn service_view(&self) -> Value {
        let mut view = json!({ "deviceId": self.device_id });
        let mut put = |key: &str, value: Value| view[key] = value;
        if let Some(module) = &self.module_id {
            put("moduleId", json!(module));
        }
        put("etag", json!(self.etag()));
        put("deviceEtag", json!(self.device_etag));
        put("version", json!(self.version));
        put("status", json!("enabled"));
        put("statusUpdateTime", json!(NEVER));
        put("connectionState", json!(self.connection));
        put("lastActivityTime", json!(self.last_activity.map_or_else(|| NEVER.to_owned(), iso_millis)));
        put("cloudToDeviceMessageCount", json!(self.waiting_messages));
        put("authenticationType", json!("sas"));
        put("x509Thumbprint", json!({ "primaryThumbprint": null, "secondaryThumbprint": null }));
        self.scopes.describe(&mut put);
        put("modelId", json!(self.model_id));
        put("tags", json!(self.tags));
        put("properties", json!({ "desired": self.desired.service_view(), "reported": self.reported.service_view() }));
        view
    }

    /// Returns the document that the device or module sees.
    pub fn device_view(&self) -> Value {
        json!({ "desired": self.desired.device_view(), "reported": self.reported.device_view() })
    }

    /// Takes the new tags; one request counts as one change, whatever it changed.
    fn finish(&mut self, tags: Option<Map>, told: Option<DesiredChange>) -> Option<DesiredChange> {
        if tags.is_some() && told.is_none() {
            self.count_service_change();
        }
        if let Some(tags) = tags {
            self.tags = tags;
        }
        told
    }

    fn count_service_change(&mut self) {
        self.service_changes += 1;
        self.version += 1;
    }
}

/// Returns the scope of an edge device, which its children name as their parent.
pub fn edge_scope(device: &DeviceId, generation: &str) -> String {
    format!("ms-azure-iot-edge://{device}-{generation}")
}

/// Returns what `$edgeAgent` and `$edgeHub` report as their `version`: this program's, whose parts they are.
pub fn runtime_version() -> Value {
    json!({ "version": env!("CARGO_PKG_VERSION"), "build": "edgectl", "commit": "" })
}

impl Scopes {
    fn describe(&self, put: &mut impl FnMut(&str, Value)) {
        match self {
            Self::Module => {}
            Self::EdgeDevice { own, parent } => {
                put("capabilities", json!({ "iotEdge": true }));
                put("deviceScope", json!(own));
                put("parentScopes", json!(parent.as_slice()));
            }
            Self::Leaf { parent } => {
                put("capabilities", json!({ "iotEdge": false }));
                put("deviceScope", json!(parent));
                put("parentScopes", json!([parent]));
            }
        }
    }
}

fn merged_tags(mut tags: Map, patch: &Map) -> Result<Map, TwinError> {
    limits::validate_members(patch)?;
    merge(&mut tags, patch);
    limits::validate_size(TwinSection::Tags, &tags)?;
    Ok(tags)
}

fn into_object(value: Value, section: TwinSection) -> Result<Map, TwinError> {
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(TwinError::NotAnObject { section }),
    }
}
