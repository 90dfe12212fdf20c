//! System properties: what a message says of itself in the protocols' own fields, by the names of the routing language
//! (protocol.md §8.3).

use serde::{Serialize, Serializer};

/// `messageId`.
pub const MESSAGE_ID: &str = "messageId";
/// The correlation id.
pub const CORRELATION_ID: &str = "cid";
/// `userId`.
pub const USER_ID: &str = "userId";
/// `to`.
pub const TO: &str = "to";
/// `ack`.
pub const ACK: &str = "ack";
/// The absolute expiry time, as text.
pub const EXPIRY: &str = "absolute-expiry-time";
/// `contentType`.
pub const CONTENT_TYPE: &str = "contentType";
/// `contentEncoding`.
pub const CONTENT_ENCODING: &str = "contentEncoding";
/// `creationTime`.
pub const CREATION_TIME: &str = "creationTime";
/// `messageSchema`.
pub const MESSAGE_SCHEMA: &str = "messageSchema";
/// `operation`.
pub const OPERATION: &str = "operation";
/// The sender's output.
pub const OUTPUT_NAME: &str = "outputName";
/// The receiver's input; told beside the message on delivery.
pub const INPUT_NAME: &str = "inputName";
/// The device that sent it; stamped by the hub.
pub const CONNECTION_DEVICE_ID: &str = "connectionDeviceId";
/// The module that sent it; stamped by the hub.
pub const CONNECTION_MODULE_ID: &str = "connectionModuleId";
/// When the hub took it, ISO 8601; stamped by the hub.
pub const ENQUEUED_TIME: &str = "enqueuedTime";
/// `messageType`; `twinChangeNotification` makes a message of `/twinChangeNotifications`.
pub const MESSAGE_TYPE: &str = "messageType";
/// The interface id of a security message.
pub const INTERFACE_ID: &str = "iothub-interface-id";
/// The component (`dt-subject`).
pub const COMPONENT: &str = "dt-subject";
/// The device whose reported properties changed (protocol.md §7.5).
pub const REPORTER_DEVICE_ID: &str = "rpSenderDeviceId";
/// The module whose reported properties changed.
pub const REPORTER_MODULE_ID: &str = "rpSenderModuleId";

/// All of them.
const NAMES: [&str; 21] = [
    MESSAGE_ID,
    CORRELATION_ID,
    USER_ID,
    TO,
    ACK,
    EXPIRY,
    CONTENT_TYPE,
    CONTENT_ENCODING,
    CREATION_TIME,
    MESSAGE_SCHEMA,
    OPERATION,
    OUTPUT_NAME,
    INPUT_NAME,
    CONNECTION_DEVICE_ID,
    CONNECTION_MODULE_ID,
    ENQUEUED_TIME,
    MESSAGE_TYPE,
    INTERFACE_ID,
    COMPONENT,
    REPORTER_DEVICE_ID,
    REPORTER_MODULE_ID,
];

/// Returns the name that is spelled so, without regard to case.
pub fn find(spelled: &str) -> Option<&'static str> {
    NAMES.into_iter().find(|name| name.eq_ignore_ascii_case(spelled))
}

/// Room for as many as most messages have by the time a hub has stamped them.
const USUAL: usize = 8;

/// The system properties of one message, in the order of their names.
///
/// They are few, and each message that passes has some: they lie side by side, and their names are not copied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SystemProperties(Vec<(&'static str, String)>);

impl SystemProperties {
    /// Returns the value of a property, named as above.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// Sets a property to a value.
    pub fn insert(&mut self, name: &'static str, value: String) {
        if self.0.is_empty() {
            self.0.reserve(USUAL);
        }
        match self.0.binary_search_by(|(known, _)| (*known).cmp(name)) {
            Ok(place) => self.0[place].1 = value,
            Err(place) => self.0.insert(place, (name, value)),
        }
    }

    /// Takes a property away.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        let place = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.remove(place).1)
    }

    /// Returns names and values, in the order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

impl Serialize for SystemProperties {
    /// An object of texts.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_without_regard_to_case() {
        assert_eq!(find("CONTENTTYPE"), Some(CONTENT_TYPE));
        assert_eq!(find("contentType "), None);
    }

    #[test]
    fn properties_are_in_the_order_of_their_names_and_the_last_value_counts() {
        let mut properties = SystemProperties::default();
        for (name, value) in [(TO, "b"), (ACK, "full"), (TO, "a"), (USER_ID, "u")] {
            properties.insert(name, value.to_owned());
        }
        assert_eq!(properties.remove(USER_ID).as_deref(), Some("u"));
        assert_eq!(properties.remove(USER_ID), None);
        assert_eq!((properties.get(TO), properties.get(USER_ID)), (Some("a"), None));
        assert_eq!(serde_json::to_string(&properties).expect("texts"), r#"{"ack":"full","to":"a"}"#);
    }
}
