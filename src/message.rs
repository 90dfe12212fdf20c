//! A message as the hub sees it, whatever protocol brought it.

pub mod system;

use bytes::Bytes;

use system::SystemProperties;

/// A message: body, application properties in the order they came, system properties by routing name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// The payload, as it came.
    pub body: Bytes,
    /// Application properties, in order; `None` is a key without `=`.
    pub properties: Vec<(String, Option<String>)>,
    /// System properties by the names of [`system`].
    pub system: SystemProperties,
}

impl Message {
    /// Returns a system property by one of the names of [`system`].
    pub fn system(&self, name: &str) -> Option<&str> {
        self.system.get(name)
    }

    /// Returns an application property, its name compared without regard to case; a key without value is empty.
    pub fn property(&self, name: &str) -> Option<&str> {
        let (_, value) = self.properties.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(value.as_deref().unwrap_or_default())
    }

    /// Sets a system property.
    pub fn set_system(&mut self, name: &'static str, value: impl Into<String>) {
        self.system.insert(name, value.into());
    }

    /// Returns the source that routes are matched with, ending with `/` (protocol.md §8.2).
    pub fn source(&self) -> String {
        let mut source = String::new();
        self.put_source(&mut source);
        source
    }

    /// Appends [`Message::source`].
    pub fn put_source(&self, out: &mut String) {
        if self.system(system::MESSAGE_TYPE).is_some_and(|kind| kind == "twinChangeNotification") {
            return out.push_str("/twinChangeNotifications/");
        }
        out.push_str("/messages/");
        let Some(module) = self.system(system::CONNECTION_MODULE_ID) else { return };
        ["modules/", module, "/"].iter().for_each(|part| out.push_str(part));
        let Some(output) = self.system(system::OUTPUT_NAME) else { return };
        ["outputs/", output, "/"].iter().for_each(|part| out.push_str(part));
    }

    /// Returns the bytes that count against the 256 KB limit: body, property names and values.
    pub fn size(&self) -> usize {
        let properties = self.properties.iter().map(|(k, v)| k.len() + v.as_ref().map_or(0, String::len));
        let system = self.system.iter().map(|(k, v)| k.len() + v.len());
        self.body.len() + properties.sum::<usize>() + system.sum::<usize>()
    }
}

/// Why stored bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored bytes are no message")]
pub struct NotAMessage;

impl Message {
    /// Appends the stored form: length-prefixed fields, little endian, version byte first.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(1);
        let system = self.system.iter();
        put_length(out, system.len());
        for (key, value) in system {
            put_text(out, key);
            put_text(out, value);
        }
        put_length(out, self.properties.len());
        for (key, value) in &self.properties {
            put_text(out, key);
            out.push(u8::from(value.is_some()));
            put_text(out, value.as_deref().unwrap_or_default());
        }
        out.extend_from_slice(&self.body);
    }

    /// Reads the stored form back; the body shares the bytes given.
    pub fn decode(stored: Bytes) -> Result<Self, NotAMessage> {
        let mut fields = Fields { rest: stored };
        if fields.byte()? != 1 {
            return Err(NotAMessage);
        }
        let mut message = Self::default();
        for _ in 0..fields.length()? {
            let (name, value) = (fields.bytes()?, fields.text()?);
            // Another version may know further ones.
            if let Some(name) = str::from_utf8(&name).ok().and_then(system::find) {
                message.system.insert(name, value);
            }
        }
        for _ in 0..fields.length()? {
            let key = fields.text()?;
            let has_value = fields.byte()? == 1;
            let value = fields.text()?;
            message.properties.push((key, has_value.then_some(value)));
        }
        message.body = fields.rest;
        Ok(message)
    }
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    let length = u32::try_from(length).expect("a message is bounded far below 4 GiB");
    out.extend_from_slice(&length.to_le_bytes());
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_length(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

struct Fields {
    rest: Bytes,
}

impl Fields {
    fn take(&mut self, length: usize) -> Result<Bytes, NotAMessage> {
        if length > self.rest.len() {
            return Err(NotAMessage);
        }
        Ok(self.rest.split_to(length))
    }

    fn byte(&mut self) -> Result<u8, NotAMessage> {
        Ok(self.take(1)?[0])
    }

    fn length(&mut self) -> Result<usize, NotAMessage> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
    }

    fn bytes(&mut self) -> Result<Bytes, NotAMessage> {
        let length = self.length()?;
        self.take(length)
    }

    fn text(&mut self) -> Result<String, NotAMessage> {
        String::from_utf8(self.bytes()?.into()).map_err(|_| NotAMessage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Message {
        let mut message = Message { body: Bytes::from_static(b"{\"t\":40}"), ..Message::default() };
        message.properties = vec![("a".into(), Some("1".into())), ("flag".into(), None), ("e".into(), Some("".into()))];
        message.set_system(system::CONNECTION_MODULE_ID, "filter");
        message.set_system(system::OUTPUT_NAME, "alerts");
        message
    }

    #[test]
    fn a_stored_message_comes_back_as_it_was() {
        let mut stored = Vec::new();
        sample().encode(&mut stored);
        assert_eq!(Message::decode(Bytes::from(stored)), Ok(sample()));
    }

    #[test]
    fn a_message_cut_in_its_properties_is_refused() {
        let mut stored = Vec::new();
        Message { body: Bytes::new(), ..sample() }.encode(&mut stored);
        for length in 0..stored.len() {
            assert_eq!(Message::decode(Bytes::copy_from_slice(&stored[..length])), Err(NotAMessage), "cut at {length}");
        }
    }

    #[test]
    fn the_source_names_module_and_output() {
        assert_eq!(sample().source(), "/messages/modules/filter/outputs/alerts/");
        assert_eq!(Message::default().source(), "/messages/");
        let mut change = sample();
        change.set_system(system::MESSAGE_TYPE, "twinChangeNotification");
        assert_eq!(change.source(), "/twinChangeNotifications/");
    }

    #[test]
    fn properties_are_found_without_regard_to_case() {
        assert_eq!(sample().property("A"), Some("1"));
        assert_eq!(sample().property("flag"), Some(""));
        assert_eq!(sample().property("missing"), None);
    }
}
