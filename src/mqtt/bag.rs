//! Property bags: the properties of a message, URL-encoded into the last level of its topic (protocol.md §4.3).
//!
//! A hub and a module spell the same properties differently on the wire; the tables here are both.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::message::{Message, system};

/// The most properties that one bag may hold.
pub const MAX_PROPERTIES: usize = 1_000;

/// A bag holds more than [`MAX_PROPERTIES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message has more than {MAX_PROPERTIES} properties")]
pub struct TooManyProperties;

/// System properties and their names on the wire, in the order in which they are written.
const WIRE_NAMES: [(&str, &str); 16] = [
    (system::CONNECTION_DEVICE_ID, "$.cdid"),
    (system::CONNECTION_MODULE_ID, "$.cmid"),
    (system::TO, "$.to"),
    (system::MESSAGE_ID, "$.mid"),
    (system::CORRELATION_ID, "$.cid"),
    (system::USER_ID, "$.uid"),
    (system::CONTENT_TYPE, "$.ct"),
    (system::CONTENT_ENCODING, "$.ce"),
    (system::EXPIRY, "$.exp"),
    (system::MESSAGE_SCHEMA, "$.schema"),
    (system::CREATION_TIME, "$.ctime"),
    (system::COMPONENT, "$.sub"),
    (system::OUTPUT_NAME, "$.on"),
    (system::INTERFACE_ID, "$.ifid"),
    (system::ACK, "iothub-ack"),
    (system::OPERATION, "iothub-operation"),
];

/// Names that are only read.
const OTHER_WIRE_NAMES: [(&str, &str); 1] = [(system::ACK, "ack")];

/// What only a hub may say: a client that writes it would speak in another's name.
const STAMPED_BY_THE_HUB: [&str; 2] = [system::CONNECTION_DEVICE_ID, system::CONNECTION_MODULE_ID];

/// What only a client says (protocol.md §4.3, "in only").
const SAID_BY_CLIENTS: [&str; 2] = [system::OUTPUT_NAME, system::INTERFACE_ID];

/// What RFC 3986 leaves as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Which end wrote a bag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// A module or device: what it says about who it is counts for nothing.
    Client,
    /// The hub.
    Hub,
}

/// Reads a bag into a message's properties.
///
/// `k=v&k2=v2`, both sides URL-encoded, a `+` is itself; a key without `=` has no value, `k=` an empty one. Of a key
/// that stands there twice the last counts. Wrong encoding is kept as it is, as .NET does.
pub fn parse(bag: &str, author: Author, message: &mut Message) -> Result<(), TooManyProperties> {
    // Devices with the SDK for C on constrained chips put a question mark before the first key.
    let bag = bag.strip_prefix('?').unwrap_or(bag);
    for (count, field) in bag.split('&').filter(|field| !field.is_empty()).enumerate() {
        if count == MAX_PROPERTIES {
            return Err(TooManyProperties);
        }
        let (key, value) = match field.split_once('=') {
            None => (field, None),
            Some((key, value)) => (key, Some(decode(value))),
        };
        take_property(&decode(key), value, author, message);
    }
    Ok(())
}

/// Appends a message's properties as a bag: system properties first and `$` as `%24`, since the SDKs for Java and C look
/// for that (protocol.md §0.7).
pub fn put(message: &Message, author: Author, out: &mut String) {
    let mut bag = Bag { begins: out.len(), out };
    let hidden = hidden_from(author);
    for (name, wire) in WIRE_NAMES.iter().filter(|(name, _)| !hidden.contains(name)) {
        if let Some(value) = message.system(name) {
            bag.put(wire, Some(value));
        }
    }
    for (key, value) in &message.properties {
        // An application property must not be taken for what the hub says.
        if system_name(key).is_none() {
            bag.put(key, value.as_deref());
        }
    }
}

/// A bag that grows at the end of a text.
struct Bag<'o> {
    begins: usize,
    out: &'o mut String,
}

impl Bag<'_> {
    fn put(&mut self, key: &str, value: Option<&str>) {
        if self.out.len() > self.begins {
            self.out.push('&');
        }
        self.out.extend(utf8_percent_encode(key, UNRESERVED));
        if let Some(value) = value {
            self.out.push('=');
            self.out.extend(utf8_percent_encode(value, UNRESERVED));
        }
    }
}

/// The system properties that the other end of `author` is not told.
fn hidden_from(author: Author) -> &'static [&'static str] {
    match author {
        Author::Client => &STAMPED_BY_THE_HUB,
        Author::Hub => &SAID_BY_CLIENTS,
    }
}

fn take_property(key: &str, value: Option<Cow<'_, str>>, author: Author, message: &mut Message) {
    match system_name(key) {
        Some(name) if hidden_from(author).contains(&name) => {}
        Some(name) => message.set_system(name, value.unwrap_or_default()),
        None => {
            let value = value.map(Cow::into_owned);
            match message.properties.iter_mut().find(|(known, _)| known == key) {
                Some(property) => property.1 = value,
                None => message.properties.push((key.to_owned(), value)),
            }
        }
    }
}

fn system_name(wire: &str) -> Option<&'static str> {
    WIRE_NAMES.iter().chain(&OTHER_WIRE_NAMES).find(|(_, known)| *known == wire).map(|(name, _)| *name)
}

fn decode(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8().unwrap_or(Cow::Borrowed(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(bag: &str) -> Message {
        let mut message = Message::default();
        parse(bag, Author::Client, &mut message).expect("a bag");
        message
    }

    fn format(message: &Message, author: Author) -> String {
        let mut bag = String::new();
        put(message, author, &mut bag);
        bag
    }

    fn system_of(message: &Message) -> Vec<(&str, &str)> {
        message.system.iter().collect()
    }

    #[test]
    fn the_bag_of_python_is_understood() {
        let message = parsed("%24.on=output1&%24.mid=7f&%24.ct=application%2Fjson&%24.ce=utf-8&a%20b=c%26d&z=");
        let expected = [
            ("contentEncoding", "utf-8"),
            ("contentType", "application/json"),
            ("messageId", "7f"),
            ("outputName", "output1"),
        ];
        assert_eq!(system_of(&message), expected);
        assert_eq!(message.properties, [("a b".into(), Some("c&d".into())), ("z".into(), Some("".into()))]);
    }

    #[test]
    fn every_property_that_a_client_may_set_is_known() {
        let message = parsed(
            "$.mid=1&$.cid=2&$.uid=3&$.to=4&$.ct=5&$.ce=6&$.exp=7&$.schema=8&$.ctime=9&$.on=10&$.sub=11&$.ifid=12\
             &iothub-ack=13&iothub-operation=14",
        );
        let expected = [
            ("absolute-expiry-time", "7"),
            ("ack", "13"),
            ("cid", "2"),
            ("contentEncoding", "6"),
            ("contentType", "5"),
            ("creationTime", "9"),
            ("dt-subject", "11"),
            ("iothub-interface-id", "12"),
            ("messageId", "1"),
            ("messageSchema", "8"),
            ("operation", "14"),
            ("outputName", "10"),
            ("to", "4"),
            ("userId", "3"),
        ];
        assert_eq!(system_of(&message), expected);
        assert_eq!(message.properties, []);
        assert_eq!(system_of(&parsed("ack=full")), [("ack", "full")]);
    }

    #[test]
    fn a_client_cannot_say_who_it_is() {
        let message = parsed("%24.cdid=other&%24.cmid=other&a=1");
        assert_eq!(system_of(&message), []);
        assert_eq!(message.properties, [("a".into(), Some("1".into()))]);
    }

    #[test]
    fn a_property_of_diagnostics_stays_an_application_property() {
        assert_eq!(parsed("$.diagid=1").properties, [("$.diagid".into(), Some("1".into()))]);
    }

    #[test]
    fn a_key_without_value_is_null_and_a_plus_is_a_plus() {
        let message = parsed("flag&empty=&sum=1+1=2&bad=%zz&late=1&late=2");
        let expected = [
            ("flag".into(), None),
            ("empty".into(), Some("".into())),
            ("sum".into(), Some("1+1=2".into())),
            ("bad".into(), Some("%zz".into())),
            ("late".into(), Some("2".into())),
        ];
        assert_eq!(message.properties, expected);
    }

    #[test]
    fn a_question_mark_before_the_bag_is_no_part_of_a_key() {
        assert_eq!(parsed("?a=1").properties, [("a".into(), Some("1".into()))]);
    }

    #[test]
    fn a_bag_holds_a_thousand_properties() {
        let bag = |count: usize| (0..count).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join("&");
        assert_eq!(parsed(&bag(1_000)).properties.len(), 1_000);
        assert_eq!(parse(&bag(1_001), Author::Client, &mut Message::default()), Err(TooManyProperties));
    }

    #[test]
    fn a_delivered_bag_starts_with_encoded_system_properties() {
        let mut message = parsed("zone=a/b&%24.ct=application%2Fjson&%24.on=out&flag");
        message.set_system(system::CONNECTION_DEVICE_ID, "d");
        message.set_system(system::CONNECTION_MODULE_ID, "sensor");
        let expected = "%24.cdid=d&%24.cmid=sensor&%24.ct=application%2Fjson&zone=a%2Fb&flag";
        assert_eq!(format(&message, Author::Hub), expected);
    }

    #[test]
    fn an_application_property_cannot_pose_as_the_sender() {
        let mut message = Message::default();
        message.properties.push(("$.cmid".into(), Some("forged".into())));
        message.set_system(system::CONNECTION_DEVICE_ID, "d");
        assert_eq!(format(&message, Author::Hub), "%24.cdid=d");
    }

    proptest! {
        #[test]
        fn properties_come_back_as_they_were(properties in proptest::collection::btree_map(".{1,9}", proptest::option::of(".{0,9}"), 0..9)) {
            let message = Message { properties: properties.into_iter().collect(), ..Message::default() };
            prop_assert_eq!(parsed(&format(&message, Author::Client)), message);
        }

        #[test]
        fn any_text_is_read_without_panic(bag in ".{0,200}") {
            parsed(&bag);
        }
    }
}
