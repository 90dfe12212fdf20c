//! A message and its property bag, which travels at the end of an MQTT topic.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

/// Everything but the characters that RFC 3986 never reserves.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A message to or from a module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// The bytes as they are.
    pub body: Vec<u8>,
    /// For example `application/json`, without which no route can look into the body.
    pub content_type: Option<String>,
    /// For example `utf-8`, needed likewise.
    pub content_encoding: Option<String>,
    /// What the application added, in order; system properties are not among them.
    pub properties: Vec<(String, String)>,
}

impl Message {
    /// Creates a message whose body is a JSON document.
    pub fn json(document: &Value) -> Self {
        Self {
            body: document.to_string().into_bytes(),
            content_type: Some("application/json".to_owned()),
            content_encoding: Some("utf-8".to_owned()),
            properties: Vec::new(),
        }
    }

    /// Sets the application's properties.
    pub fn with_properties(self, properties: Vec<(String, String)>) -> Self {
        Self { properties, ..self }
    }

    /// Reads a message from its body and the property bag of its topic.
    pub(super) fn received(bag: &str, body: Vec<u8>) -> Self {
        let mut message = Self {
            body,
            ..Self::default()
        };
        for pair in bag.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name), decode(value));
            match name.as_str() {
                "$.ct" => message.content_type = Some(value),
                "$.ce" => message.content_encoding = Some(value),
                _ if name.starts_with("$.") => {}
                _ => message.properties.push((name, value)),
            }
        }
        message
    }

    /// Writes the property bag of a message that leaves by `output`.
    pub(super) fn bag(&self, output: &str) -> String {
        let system = [
            ("$.on", Some(output)),
            ("$.ct", self.content_type.as_deref()),
            ("$.ce", self.content_encoding.as_deref()),
        ];
        let system = system
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let own = self
            .properties
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs: Vec<_> = system
            .chain(own)
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        pairs.join("&")
    }
}

/// Percent-encodes a text for a topic, a token or a path.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bag_is_read_without_its_system_properties() {
        let message = Message::received(
            "%24.cdid=d&%24.ct=application%2Fjson&$.ce=utf-8&a%20b=%C3%A4+&flag",
            vec![1],
        );
        let properties =
            [("a b", "ä+"), ("flag", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let expected = Message {
            body: vec![1],
            content_type: Some("application/json".to_owned()),
            content_encoding: Some("utf-8".to_owned()),
            properties: properties.to_vec(),
        };
        assert_eq!(message, expected);
    }

    #[test]
    fn a_bag_starts_with_the_output() {
        let message =
            Message::json(&Value::Null).with_properties(vec![("a b".to_owned(), "1/2".to_owned())]);
        assert_eq!(
            message.bag("output1"),
            "%24.on=output1&%24.ct=application%2Fjson&%24.ce=utf-8&a%20b=1%2F2"
        );
    }
}
