//! What `edgectl monitor` sees: the last messages that were queued, and those who watch for more.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Map, Value};

use super::edges::EdgeNumber;
use crate::clock::iso_millis;
use crate::edgehub::Endpoint;
use crate::identity::{DeviceId, Identity};
use crate::message::{Message, system, system::SystemProperties};

/// How many messages `--since` can replay, unless they take more than [`REMEMBERED_BYTES`].
const REMEMBERED: usize = 1000;
/// What the remembered messages may take in memory.
const REMEMBERED_BYTES: usize = 8 << 20;

/// A message at the moment it was queued for one destination.
#[derive(Debug, Clone)]
pub(super) struct Tapped {
    pub(super) at: Duration,
    /// Whose hub queued it.
    pub(super) edge: EdgeNumber,
    pub(super) message: Arc<Message>,
    pub(super) endpoint: Endpoint,
    pub(super) route: Option<Arc<str>>,
}

/// `monitor --json`: one line a message and destination.
#[derive(Debug, Serialize)]
pub(super) struct MessageRecord<'a> {
    r#type: &'static str,
    time: String,
    /// The edge device whose hub queued it.
    device: &'a DeviceId,
    from: Sender<'a>,
    to: String,
    route: Option<&'a str>,
    system: &'a SystemProperties,
    properties: Map<String, Value>,
    body: Value,
    #[serde(rename = "bodyEncoding")]
    body_encoding: &'static str,
}

#[derive(Debug, Serialize)]
struct Sender<'a> {
    device: &'a str,
    module: Option<&'a str>,
    output: Option<&'a str>,
}

/// Which messages somebody wants to see; `None` is any.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    /// Who has sent them: a module, or a device itself and not its modules.
    pub(super) from: Option<Identity>,
    pub(super) output: Option<String>,
    /// Whose hub has queued them.
    pub(super) edge: Option<EdgeNumber>,
    pub(super) to: Option<String>,
}

/// The last messages, oldest first.
#[derive(Debug, Default)]
pub(super) struct Taps {
    last: VecDeque<Tapped>,
    bytes: usize,
}

impl Taps {
    pub(super) fn remember(&mut self, tapped: Tapped) {
        self.bytes += tapped.message.size();
        self.last.push_back(tapped);
        while self.last.len() > REMEMBERED || self.bytes > REMEMBERED_BYTES {
            let Some(oldest) = self.last.pop_front() else { return };
            self.bytes -= oldest.message.size();
        }
    }

    /// Returns the remembered messages queued at or after `since` (wall clock).
    pub(super) fn since(&self, since: Duration) -> impl Iterator<Item = &Tapped> {
        self.last.iter().filter(move |tapped| tapped.at >= since)
    }
}

impl Filter {
    pub(super) fn admits(&self, tapped: &Tapped) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found.is_some_and(|found| found.eq_ignore_ascii_case(wanted)))
        };
        self.from.as_ref().is_none_or(|sender| is_from(&tapped.message, sender))
            && is(&self.output, tapped.message.system(system::OUTPUT_NAME))
            && self.edge.is_none_or(|edge| edge == tapped.edge)
            && is(&self.to, Some(&tapped.endpoint.to_string()))
    }
}

fn is_from(message: &Message, sender: &Identity) -> bool {
    let is = |wanted: &str, found: &str| wanted.eq_ignore_ascii_case(found);
    let found = (message.system(system::CONNECTION_DEVICE_ID), message.system(system::CONNECTION_MODULE_ID));
    match (found, &sender.module) {
        ((Some(device), Some(found)), Some(module)) => is(sender.device.as_str(), device) && is(module.as_str(), found),
        ((Some(device), None), None) => is(sender.device.as_str(), device),
        _ => false,
    }
}

impl Tapped {
    /// Returns the record that `monitor --json` and `simulate --json` print.
    pub(super) fn record<'a>(&'a self, device: &'a DeviceId) -> MessageRecord<'a> {
        let (body, body_encoding) = readable(&self.message);
        let text = |value: &Option<String>| value.clone().map_or(Value::Null, Value::String);
        MessageRecord {
            r#type: "message",
            time: iso_millis(self.at),
            device,
            from: Sender {
                device: self.message.system(system::CONNECTION_DEVICE_ID).unwrap_or(device.as_str()),
                module: self.message.system(system::CONNECTION_MODULE_ID),
                output: self.message.system(system::OUTPUT_NAME),
            },
            to: self.endpoint.to_string(),
            route: self.route.as_deref(),
            system: &self.message.system,
            properties: self.message.properties.iter().map(|(key, value)| (key.clone(), text(value))).collect(),
            body,
            body_encoding,
        }
    }
}

/// Shows a body as JSON where it says or seems to be some, else as text, else in base64.
fn readable(message: &Message) -> (Value, &'static str) {
    let content_type = message.system(system::CONTENT_TYPE).map(str::to_ascii_lowercase);
    let says_json = content_type.as_deref().is_some_and(|kind| kind.starts_with("application/json"));
    match serde_json::from_slice::<Value>(&message.body) {
        Ok(json) if says_json || (content_type.is_none() && (json.is_object() || json.is_array())) => (json, "json"),
        _ => match std::str::from_utf8(&message.body) {
            Ok(text) => (Value::from(text), "utf-8"),
            Err(_) => (Value::from(STANDARD.encode(&message.body)), "base64"),
        },
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    fn tapped(body: &'static [u8], content_type: Option<&str>) -> Tapped {
        let mut message = Message { body: Bytes::from_static(body), ..Message::default() };
        message.properties = vec![("level".into(), Some("high".into())), ("flag".into(), None)];
        message.set_system(system::CONNECTION_DEVICE_ID, "d1");
        message.set_system(system::CONNECTION_MODULE_ID, "filter");
        message.set_system(system::OUTPUT_NAME, "output1");
        if let Some(kind) = content_type {
            message.set_system(system::CONTENT_TYPE, kind);
        }
        let (at, message) = (Duration::from_millis(1_700_000_000_000), Arc::new(message));
        Tapped { at, edge: EdgeNumber::MAIN, message, endpoint: Endpoint::Upstream, route: None }
    }

    fn body_of(tapped: &Tapped) -> (Value, &'static str) {
        readable(&tapped.message)
    }

    #[test]
    fn a_body_is_shown_as_what_it_is() {
        assert_eq!(body_of(&tapped(b"{\"t\":1}", None)), (json!({"t": 1}), "json"));
        assert_eq!(body_of(&tapped(b"40", Some("application/json; charset=utf-8"))), (json!(40), "json"));
        assert_eq!(body_of(&tapped(b"40", None)), (json!("40"), "utf-8"));
        assert_eq!(body_of(&tapped(b"{\"t\":1}", Some("text/plain"))), (json!("{\"t\":1}"), "utf-8"));
        assert_eq!(body_of(&tapped(b"\xff\x00", None)), (json!("/wA="), "base64"));
    }

    #[test]
    fn a_record_has_the_documented_members() {
        let device = DeviceId::parse("d1").expect("valid");
        let record = serde_json::to_value(tapped(b"hi", None).record(&device)).expect("it is JSON");
        assert_eq!(
            record,
            json!({
                "type": "message", "time": "2023-11-14T22:13:20.000Z", "device": "d1",
                "from": {"device": "d1", "module": "filter", "output": "output1"},
                "to": "$upstream", "route": null,
                "system": {"connectionDeviceId": "d1", "connectionModuleId": "filter", "outputName": "output1"},
                "properties": {"level": "high", "flag": null}, "body": "hi", "bodyEncoding": "utf-8",
            })
        );
    }

    #[test]
    fn a_filter_admits_what_it_names() {
        let filter = |module: Option<&str>, output: Option<&str>, to: Option<&str>| {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            let from = module.map(|module| Identity::parse(module).expect("valid"));
            Filter { from, output: owned(output), edge: None, to: owned(to) }.admits(&tapped(b"", None))
        };
        assert!(filter(None, None, None));
        assert!(!filter(Some("d1"), None, None), "a module of the device sent it");
        assert!(filter(Some("D1/filter"), Some("output1"), Some("$upstream")));
        assert!(!filter(Some("d2/filter"), None, None), "the device counts");
        assert!(!filter(Some("d1/sensor"), None, None));
        assert!(!filter(Some("d1/filter"), Some("output2"), None));
        assert!(!filter(None, None, Some("modules/filter/inputs/in")));
    }

    #[test]
    fn the_last_thousand_are_remembered() {
        let mut taps = Taps::default();
        (0..1005).for_each(|millis| taps.remember(Tapped { at: Duration::from_millis(millis), ..tapped(b"", None) }));
        assert_eq!(taps.since(Duration::ZERO).count(), 1000);
        assert_eq!(taps.since(Duration::from_millis(1000)).count(), 5);
    }
}
