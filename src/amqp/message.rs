//! An AMQP message: its sections to and from bytes. Which property means what to a hub is told in `translate`.

use bytes::{BufMut, Bytes, BytesMut};
pub(super) use fe2o3_amqp_types::messaging::{MessageId, Properties};
pub(super) use serde_amqp::Value;
use serde_amqp::from_slice;
use serde_amqp::primitives::{OrderedMap, Symbol};

use super::condition::{Condition, Fault};
use super::frame::encoded;
use super::measure::{descriptor, value_length};

/// The format of several messages in one: each data section holds one of them (protocol.md §5.4).
pub(super) const BATCH: u32 = 0x8001_3700;

/// Codes of sections (AMQP 1.0 part 3 §3.2).
mod section {
    pub(super) const HEADER: u64 = 0x70;
    pub(super) const DELIVERY_ANNOTATIONS: u64 = 0x71;
    pub(super) const ANNOTATIONS: u64 = 0x72;
    pub(super) const PROPERTIES: u64 = 0x73;
    pub(super) const APPLICATION: u64 = 0x74;
    pub(super) const DATA: u64 = 0x75;
    pub(super) const SEQUENCE: u64 = 0x76;
    pub(super) const VALUE: u64 = 0x77;
    pub(super) const FOOTER: u64 = 0x78;
}

/// A message taken apart.
#[derive(Debug, Default)]
pub(super) struct Sections {
    pub(super) annotations: Vec<(String, Value)>,
    pub(super) properties: Properties,
    pub(super) application: Vec<(String, Value)>,
    pub(super) body: Body,
}

/// What a message carries.
#[derive(Debug, Default, PartialEq)]
pub(super) enum Body {
    #[default]
    None,
    Data(Bytes),
    Value(Value),
}

impl Sections {
    /// Returns an annotation.
    pub(super) fn annotation(&self, name: &str) -> Option<&Value> {
        self.annotations.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Returns an application property, its name compared without regard to case.
    pub(super) fn application(&self, name: &str) -> Option<&Value> {
        self.application.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Takes the body as bytes: data as it is, a text or a binary value as what it says.
    pub(super) fn body_bytes(&self) -> Result<Bytes, Fault> {
        match &self.body {
            Body::None | Body::Value(Value::Null) => Ok(Bytes::new()),
            Body::Data(data) => Ok(data.clone()),
            Body::Value(Value::String(text)) => Ok(Bytes::copy_from_slice(text.as_bytes())),
            Body::Value(Value::Binary(bytes)) => Ok(Bytes::copy_from_slice(bytes)),
            Body::Value(_) => Err(unreadable("the body is an AMQP value that is neither text nor binary")),
        }
    }
}

fn unreadable(reason: impl std::fmt::Display) -> Fault {
    Condition::Decode.because(format!("the message cannot be read: {reason}"))
}

/// Takes a message apart. Unknown sections and those that concern only a queue between sender and receiver are skipped.
pub(super) fn decode(message: &Bytes) -> Result<Sections, Fault> {
    let mut sections = Sections::default();
    for_each_section(message, |code, whole, value| {
        match code {
            section::ANNOTATIONS => sections.annotations = parse_map(&value)?,
            section::PROPERTIES => sections.properties = from_slice(&whole).map_err(unreadable)?,
            section::APPLICATION => sections.application = parse_map(&value)?,
            section::DATA => {
                let data = parse_data(&value)?;
                sections.body = match std::mem::take(&mut sections.body) {
                    Body::Data(before) => Body::Data([before, data].concat().into()),
                    Body::None | Body::Value(_) => Body::Data(data),
                };
            }
            section::VALUE => sections.body = Body::Value(from_slice(&value).map_err(unreadable)?),
            section::SEQUENCE => return Err(unreadable("the body is an AMQP sequence")),
            section::HEADER | section::DELIVERY_ANNOTATIONS | section::FOOTER => {}
            _ => return Err(unreadable(format!("it has a section 0x{code:02x}"))),
        }
        Ok(())
    })?;
    Ok(sections)
}

/// Takes the messages out of one of the format [`BATCH`].
pub(super) fn unpack(batch: &Bytes) -> Result<Vec<Bytes>, Fault> {
    let mut messages = Vec::new();
    for_each_section(batch, |code, _, value| {
        if code == section::DATA {
            messages.push(parse_data(&value)?);
        }
        Ok(())
    })?;
    Ok(messages)
}

/// Calls `take` with the code, the whole and the value of each section.
fn for_each_section(
    message: &Bytes,
    mut take: impl FnMut(u64, Bytes, Bytes) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut rest = message.clone();
    while !rest.is_empty() {
        let length = value_length(&rest).map_err(unreadable)?;
        let whole = rest.split_to(length);
        let (code, start) = descriptor(&whole).map_err(unreadable)?;
        let code = code.ok_or_else(|| unreadable("a section has a name and no code"))?;
        let value = whole.slice(start..);
        take(code, whole, value)?;
    }
    Ok(())
}

fn parse_map(value: &[u8]) -> Result<Vec<(String, Value)>, Fault> {
    let map: OrderedMap<Value, Value> = from_slice(value).map_err(unreadable)?;
    let named = map.into_iter().filter_map(|(key, value)| match key {
        Value::String(name) => Some((name, value)),
        Value::Symbol(name) => Some((name.into_inner(), value)),
        _ => None,
    });
    Ok(named.collect())
}

/// Returns what a binary value holds, without copying it.
fn parse_data(value: &Bytes) -> Result<Bytes, Fault> {
    match value.first() {
        Some(0xa0) => Ok(value.slice(2..)),
        Some(0xb0) => Ok(value.slice(5..)),
        _ => Err(unreadable("a data section holds no binary")),
    }
}

/// Puts a message together.
#[derive(Debug, Default)]
pub(super) struct Builder {
    pub(super) annotations: OrderedMap<Symbol, Value>,
    pub(super) properties: Properties,
    pub(super) application: OrderedMap<String, Value>,
}

impl Builder {
    pub(super) fn annotate(&mut self, name: &str, value: impl Into<Value>) {
        self.annotations.insert(Symbol::from(name), value.into());
    }

    /// Returns the message with a data section.
    pub(super) fn with_data(&self, body: &[u8]) -> Bytes {
        let mut out = self.sections();
        out.reserve(8 + body.len());
        out.put_slice(&[0x00, 0x53, section::DATA as u8, 0xb0]);
        out.put_u32(u32::try_from(body.len()).expect("a message is bounded far below 4 GiB"));
        out.put_slice(body);
        out.freeze()
    }

    /// Returns the message without a body.
    pub(super) fn without_body(&self) -> Bytes {
        self.sections().freeze()
    }

    /// Returns the message with a value of AMQP as its body.
    pub(super) fn with_value(&self, value: &Value) -> Bytes {
        let mut out = self.sections();
        out.put_slice(&[0x00, 0x53, section::VALUE as u8]);
        out.put_slice(&encoded(value));
        out.freeze()
    }

    fn sections(&self) -> BytesMut {
        let mut out = BytesMut::new();
        if !self.annotations.is_empty() {
            out.put_slice(&[0x00, 0x53, section::ANNOTATIONS as u8]);
            out.put_slice(&encoded(&self.annotations));
        }
        if self.properties != Properties::default() {
            out.put_slice(&encoded(&self.properties));
        }
        if !self.application.is_empty() {
            out.put_slice(&[0x00, 0x53, section::APPLICATION as u8]);
            out.put_slice(&encoded(&self.application));
        }
        out
    }
}

/// Returns a simple value as a text, the form in which the hub keeps properties; `None` for null and for what is not
/// simple.
pub(super) fn text_of(value: &Value) -> Option<String> {
    Some(match value {
        Value::String(text) => text.clone(),
        Value::Symbol(text) => text.as_str().to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Ubyte(value) => value.to_string(),
        Value::Ushort(value) => value.to_string(),
        Value::Uint(value) => value.to_string(),
        Value::Ulong(value) => value.to_string(),
        Value::Byte(value) => value.to_string(),
        Value::Short(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Long(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Double(value) => value.to_string(),
        Value::Char(value) => value.to_string(),
        Value::Timestamp(value) => super::translate::iso_of(value.clone())?,
        Value::Uuid(value) => format!("{value:x}"),
        Value::Binary(value) => String::from_utf8_lossy(value).into_owned(),
        _ => return None,
    })
}

/// Returns the text of an id, whatever its type.
pub(super) fn text_of_id(id: &MessageId) -> String {
    match id {
        MessageId::Ulong(number) => number.to_string(),
        MessageId::Uuid(uuid) => format!("{uuid:x}"),
        MessageId::Binary(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        MessageId::String(text) => text.clone(),
    }
}
