//! Messages of AMQP to messages of the hub and back: which property, annotation or body means what (protocol.md §5.4).

use std::time::Duration;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_amqp::primitives::{Binary, Symbol, Timestamp, Uuid};

use super::condition::Fault;
use super::message::{Builder, MessageId, Sections, Value, decode, text_of, text_of_id};
use crate::clock::{iso_millis, parse_iso};
use crate::edgehub::{Delivery, Target};
use crate::identity::Identity;
use crate::message::{Message, system};

/// Application properties that are system properties to the hub.
const APPLICATION: &[(&str, &str)] = &[
    ("iothub-outputname", system::OUTPUT_NAME),
    ("iothub-message-schema", system::MESSAGE_SCHEMA),
    ("iothub-creation-time-utc", system::CREATION_TIME),
    ("iothub-operation", system::OPERATION),
    ("iothub-ack", system::ACK),
];

/// Annotations that are system properties to the hub.
const ANNOTATIONS: &[(&str, &str)] =
    &[("iothub-interface-id", system::INTERFACE_ID), ("dt-subject", system::COMPONENT)];

/// What .NET leaves as it is in the ids of an address.
const KEPT_IN_IDS: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'!').remove(b'*').remove(b'(').remove(b')');

/// Reads a client's message.
pub(super) fn telemetry(bytes: &Bytes) -> Result<Message, Fault> {
    let sections = decode(bytes)?;
    let mut message = Message { body: sections.body_bytes()?, ..Message::default() };
    read_properties(&sections, &mut message);
    for (name, value) in &sections.application {
        match APPLICATION.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, system)) => message.set_system(system, text_of(value).unwrap_or_default()),
            None => message.properties.push((name.clone(), text_of(value))),
        }
    }
    for (name, system) in ANNOTATIONS {
        if let Some(text) = sections.annotation(name).and_then(text_of) {
            message.set_system(system, text);
        }
    }
    Ok(message)
}

fn read_properties(sections: &Sections, message: &mut Message) {
    let properties = &sections.properties;
    let symbol = |symbol: &Symbol| symbol.as_str().to_owned();
    let read = [
        (system::MESSAGE_ID, properties.message_id.as_ref().map(text_of_id)),
        (system::CORRELATION_ID, properties.correlation_id.as_ref().map(text_of_id)),
        (system::USER_ID, properties.user_id.as_ref().map(|id| String::from_utf8_lossy(id).into_owned())),
        (system::TO, properties.to.clone()),
        (system::CONTENT_TYPE, properties.content_type.as_ref().map(symbol)),
        (system::CONTENT_ENCODING, properties.content_encoding.as_ref().map(symbol)),
        (system::EXPIRY, properties.absolute_expiry_time.clone().and_then(iso_of)),
    ];
    for (name, value) in read {
        if let Some(value) = value {
            message.set_system(name, value);
        }
    }
}

/// Writes a time; `None` for one before 1970 or after 9999.
pub(super) fn iso_of(time: Timestamp) -> Option<String> {
    const LAST: u64 = 253_402_300_799_999;
    let millis = u64::try_from(time.into_inner()).ok().filter(|millis| *millis <= LAST)?;
    Some(iso_millis(Duration::from_millis(millis)))
}

fn timestamp_of(text: &str) -> Option<Timestamp> {
    i64::try_from(parse_iso(text)?.as_millis()).ok().map(Timestamp::from_milliseconds)
}

/// Returns the tag of a delivery: 16 bytes, since C# makes a GUID of them (protocol.md §0.17).
pub(super) fn tag_of(delivery: Delivery) -> [u8; 16] {
    guid_of(delivery).to_bytes_le()
}

fn guid_of(delivery: Delivery) -> uuid::Uuid {
    uuid::Uuid::from_u128(u128::from(delivery.0))
}

/// Writes a message to an input or from the cloud.
pub(super) fn delivery(to: &Identity, delivery: Delivery, target: &Target, message: &Message) -> Bytes {
    let mut builder = Builder::default();
    if let Target::Input(input) = target {
        builder.annotate("x-opt-input-name", &**input);
    }
    let annotated = [
        ("iothub-connection-device-id", system::CONNECTION_DEVICE_ID),
        ("iothub-connection-module-id", system::CONNECTION_MODULE_ID),
    ];
    for (name, system) in annotated.iter().chain(ANNOTATIONS) {
        if let Some(text) = message.system(system) {
            builder.annotate(name, text.to_owned());
        }
    }
    if let Some(time) = message.system(system::ENQUEUED_TIME).and_then(timestamp_of) {
        builder.annotate("iothub-enqueuedtime", time);
    }
    builder.annotate("x-opt-lock-token", guid_of(delivery).to_string());
    builder.annotate("x-opt-sequence-number", delivery.0);
    write_properties(to, target, message, &mut builder);
    for (name, value) in &message.properties {
        let value = value.clone().map_or(Value::Null, Value::String);
        builder.application.insert(name.clone(), value);
    }
    for (name, system) in APPLICATION {
        // Which output it left by is the sender's business.
        if let Some(text) = message.system(system).filter(|_| *system != system::OUTPUT_NAME) {
            builder.application.insert((*name).to_owned(), Value::String(text.to_owned()));
        }
    }
    builder.with_data(&message.body)
}

fn write_properties(to: &Identity, target: &Target, message: &Message, builder: &mut Builder) {
    let text = |name| message.system(name).map(str::to_owned);
    let properties = &mut builder.properties;
    properties.message_id = text(system::MESSAGE_ID).map(MessageId::String);
    properties.correlation_id = text(system::CORRELATION_ID).map(MessageId::String);
    properties.user_id = text(system::USER_ID).map(|id| Binary::from(id.into_bytes()));
    properties.to = match target {
        Target::Input(_) => text(system::TO),
        Target::CloudToDevice => Some(address_of(to)),
    };
    // Symbols are ASCII; what a client of MQTT wrote need not be.
    let symbol = |name| text(name).filter(|text| text.is_ascii()).map(Symbol::from);
    properties.content_type = symbol(system::CONTENT_TYPE);
    properties.content_encoding = symbol(system::CONTENT_ENCODING);
    properties.absolute_expiry_time = message.system(system::EXPIRY).and_then(timestamp_of);
}

/// Returns the address that a message from the cloud bears: that of the client, its ids encoded (protocol.md §5.4).
fn address_of(identity: &Identity) -> String {
    let encoded = |id| utf8_percent_encode(id, KEPT_IN_IDS);
    let device = encoded(identity.device.as_str());
    match &identity.module {
        None => format!("/devices/{device}"),
        Some(module) => format!("/devices/{device}/modules/{}", encoded(module.as_str())),
    }
}

/// Writes a call of a direct method. Its id is a UUID, since the SDKs for C and Java take no text (protocol.md §0.16).
pub(super) fn method_call(id: [u8; 16], name: &str, payload: &[u8]) -> Bytes {
    let mut builder = Builder::default();
    builder.properties.correlation_id = Some(MessageId::Uuid(Uuid::from(id)));
    builder.application.insert("IoThub-methodname".to_owned(), Value::String(name.to_owned()));
    builder.with_data(payload)
}

/// A client's answer to a direct method.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MethodAnswer {
    /// The id of the call, whether it came as a UUID or as a text.
    pub(super) id: [u8; 16],
    pub(super) status: i32,
    pub(super) payload: Bytes,
}

/// Reads an answer to a direct method; `None` if it names no call that could be ours.
pub(super) fn method_answer(bytes: &Bytes) -> Result<Option<MethodAnswer>, Fault> {
    let sections = decode(bytes)?;
    let id = match &sections.properties.correlation_id {
        Some(MessageId::Uuid(uuid)) => Some(*uuid.as_inner()),
        Some(MessageId::String(text)) => uuid::Uuid::parse_str(text).ok().map(uuid::Uuid::into_bytes),
        Some(MessageId::Ulong(_) | MessageId::Binary(_)) | None => None,
    };
    let status = sections.application("IoThub-status").and_then(text_of).and_then(|text| text.parse().ok());
    let payload = sections.body_bytes()?;
    // What no number can be read from is what MQTT's head says too (protocol.md §4.5).
    Ok(id.map(|id| MethodAnswer { id, status: status.unwrap_or(400_000), payload }))
}

/// What a client wants of its twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TwinOperation {
    Get,
    PatchReported,
    /// To be told of changes of desired properties.
    Watch,
    /// Not to be told any more.
    Unwatch,
}

/// A request for the twin.
#[derive(Debug)]
pub(super) struct TwinRequest {
    /// `None` for one that a hub does not know.
    pub(super) operation: Option<TwinOperation>,
    /// To be repeated in the answer, with its type.
    pub(super) id: Option<MessageId>,
    pub(super) body: Bytes,
}

/// Reads a request for the twin.
pub(super) fn twin_request(bytes: &Bytes) -> Result<TwinRequest, Fault> {
    let sections = decode(bytes)?;
    let text = |name| sections.annotation(name).and_then(text_of).unwrap_or_default().to_ascii_lowercase();
    let (operation, resource) = (text("operation"), text("resource"));
    let (reported, desired) = ("/properties/reported", "/notifications/twin/properties/desired");
    let operation = match operation.as_str() {
        "get" => Some(TwinOperation::Get),
        "patch" if resource == reported => Some(TwinOperation::PatchReported),
        "put" if resource == desired => Some(TwinOperation::Watch),
        "delete" if resource == desired => Some(TwinOperation::Unwatch),
        _ => None,
    };
    Ok(TwinRequest { operation, body: sections.body_bytes()?, id: sections.properties.correlation_id })
}

/// Writes an answer to a request for the twin.
///
/// A refusal has no body at all: the SDK for Node reads every body there as JSON, and an empty one breaks its connection.
pub(super) fn twin_answer(id: MessageId, status: u16, body: &[u8]) -> Bytes {
    let mut builder = Builder::default();
    builder.properties.correlation_id = Some(id);
    builder.annotate("status", i32::from(status));
    if status < 300 { builder.with_data(body) } else { builder.without_body() }
}

/// Writes a change of desired properties: without a correlation id, which tells it from an answer.
pub(super) fn desired_change(patch: &[u8]) -> Bytes {
    Builder::default().with_data(patch)
}
