//! The hub as a module of the device: `$edgeHub`'s twin and direct methods (protocol.md §7.6).
//!
//! Its desired properties configure the hub, wholly or not at all. What it reports goes to the cloud as any module's
//! does, but makes no message for routes. Connections are gathered for a moment: a storm of them is one report.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::hub::EdgeHub;
use super::twins::{EdgeTwin, VERSION, version};
use super::vocabulary::{Answer, Output};
use crate::clock::{Now, iso_ticks};
use crate::identity::{DeviceId, Identity, ModuleId};
use crate::manifest::HubSettings;
use crate::twin::{self, ConnectionState};

/// How long connections are gathered before they are reported.
const GATHER: Duration = Duration::from_millis(250);

/// What the hub knows of itself.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) identity: Identity,
    /// Whether it was told that what an earlier run reported of clients is over.
    has_begun: bool,
    /// The version of the desired properties that were last looked at.
    looked_at: u64,
    /// Clients whose state is to be reported, and what of it.
    news: BTreeMap<Identity, Map<String, Value>>,
    /// When they are.
    due: Option<Duration>,
}

impl Own {
    pub(super) fn new(device: &DeviceId) -> Self {
        let identity = Identity::of_module(device.clone(), ModuleId::edge_hub());
        Self { identity, has_begun: false, looked_at: 0, news: BTreeMap::new(), due: None }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.due
    }
}

impl EdgeHub {
    /// Reports once what the hub is, and that the clients of an earlier run are gone.
    pub(super) fn report_start(&mut self) {
        if !std::mem::replace(&mut self.own.has_begun, true) {
            self.report_own(json!({ "schemaVersion": "1.0", "version": twin::runtime_version(), "clients": null }));
        }
    }

    /// Configures the hub with its desired properties, if they are new; reports what came of it.
    pub(super) fn apply_own_desired(&mut self) {
        let Some(EdgeTwin { desired, .. }) = self.twins.held(&self.own.identity) else { return };
        let found = version(desired);
        if found == self.own.looked_at {
            return;
        }
        let parsed = HubSettings::parse(desired);
        self.own.looked_at = found;
        let (code, description) = match parsed {
            Ok(settings) => {
                self.configure(settings.into());
                (200, String::new())
            }
            Err(error) => {
                let kept = "the configuration before it stays";
                let text = format!("`$edgeHub` version {found} is refused, {kept}: {error}");
                self.out.push_back(Output::Warning { about: self.own.identity.clone(), text });
                (400, format!("Error while parsing desired properties - {error}"))
            }
        };
        let status = json!({ "code": code, "description": description });
        self.report_own(json!({ "lastDesiredVersion": found, "lastDesiredStatus": status }));
    }

    /// Notes that a client connected or went. A device that went is forgotten, a module stays with its times.
    pub(super) fn note_presence(&mut self, now: Now, identity: &Identity, state: ConnectionState) {
        let at = iso_ticks(now.unix);
        let news = self.own.news.entry(identity.clone()).or_default();
        match state {
            ConnectionState::Connected => news.insert("lastConnectedTimeUtc".to_owned(), at.into()),
            ConnectionState::Disconnected => news.insert("lastDisconnectedTimeUtc".to_owned(), at.into()),
        };
        news.insert("status".to_owned(), json!(state));
        self.own.due.get_or_insert(now.monotonic + GATHER);
    }

    /// Reports the clients that came and went, once they have been gathered.
    pub(super) fn report_clients(&mut self, now: Duration) {
        if self.own.due.is_none_or(|due| due > now) {
            return;
        }
        self.own.due = None;
        let gone = json!(ConnectionState::Disconnected);
        let told = |(identity, news): (Identity, Map<String, Value>)| {
            let is_forgotten = identity.module.is_none() && news["status"] == gone;
            (twin_key(&identity), if is_forgotten { Value::Null } else { Value::Object(news) })
        };
        let clients: Map<String, Value> = std::mem::take(&mut self.own.news).into_iter().map(told).collect();
        self.report_own(json!({ "clients": clients }));
    }

    /// Reports, unless nothing would change or the twin has no room: many clients do not fit into one.
    fn report_own(&mut self, patch: Value) {
        self.report_start();
        let Value::Object(patch) = patch else { return };
        let identity = self.own.identity.clone();
        let before = self.twins.held(&identity).map(|held| held.reported.clone()).unwrap_or_default();
        let mut after = before.clone();
        twin::merge(&mut after, &patch);
        let difference = twin::diff(&before, &after);
        after.shift_remove(VERSION);
        if !difference.is_empty() && twin::fits_reported(&after) {
            self.accept_reported(&identity, &difference);
        }
    }

    /// Answers a direct method of the hub itself.
    pub(super) fn answer_own(method: &str, payload: &Bytes) -> Answer {
        let is_refresh = method.eq_ignore_ascii_case("RefreshDeviceScopeIdentityCache");
        let status = match is_refresh {
            // There is nothing to refresh: the hub is told of every identity at once.
            true if names_devices(payload) => 200,
            true => 400,
            false => 404,
        };
        Answer { status, payload: Bytes::from_static(b"null") }
    }
}

/// Says whether a payload is `{"deviceIds": ["…"]}`.
fn names_devices(payload: &Bytes) -> bool {
    let payload: Value = serde_json::from_slice(payload).unwrap_or_default();
    payload["deviceIds"].as_array().is_some_and(|ids| ids.iter().all(Value::is_string))
}

/// Writes an identity as a key of a twin, which may hold no dot, no dollar and no blank.
fn twin_key(identity: &Identity) -> String {
    identity.to_string().replace('%', "%25").replace('.', "%2E").replace('$', "%24").replace(' ', "%20")
}
