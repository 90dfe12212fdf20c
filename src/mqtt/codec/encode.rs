//! From packets to bytes.

use bytes::{BufMut, BytesMut};

use super::{MAX_REMAINING_LENGTH, PROTOCOL_LEVEL, PROTOCOL_NAME, SUBSCRIPTION_REFUSED, TooLong, connect_flag, kind};
use crate::mqtt::packet::{ConnAck, Connect, Packet, PacketId, Publish, SubAck, Subscribe, Unsubscribe};

/// Appends a packet to `buffer`; nothing is appended if it cannot be written.
pub fn encode(packet: &Packet, buffer: &mut BytesMut) -> Result<(), TooLong> {
    let length = encoded_length(packet)?;
    buffer.reserve(length + 5);
    match packet {
        Packet::Connect(connect) => put_connect(connect, length, buffer),
        Packet::ConnAck(answer) => put_connack(*answer, length, buffer),
        Packet::Publish(publish) => put_publish(publish, length, buffer),
        Packet::PubAck(id) => put_id(kind::PUBACK, 0, *id, buffer),
        Packet::PubRec(id) => put_id(kind::PUBREC, 0, *id, buffer),
        Packet::PubRel(id) => put_id(kind::PUBREL, 0b0010, *id, buffer),
        Packet::PubComp(id) => put_id(kind::PUBCOMP, 0, *id, buffer),
        Packet::Subscribe(subscribe) => put_subscribe(subscribe, length, buffer),
        Packet::SubAck(answer) => put_suback(answer, length, buffer),
        Packet::Unsubscribe(unsubscribe) => put_unsubscribe(unsubscribe, length, buffer),
        Packet::UnsubAck(id) => put_id(kind::UNSUBACK, 0, *id, buffer),
        Packet::PingReq => put_header(kind::PINGREQ, 0, 0, buffer),
        Packet::PingResp => put_header(kind::PINGRESP, 0, 0, buffer),
        Packet::Disconnect => put_header(kind::DISCONNECT, 0, 0, buffer),
    }
    Ok(())
}

/// Returns the bytes of a packet after its header, which is what a receiver's limit counts.
pub fn encoded_length(packet: &Packet) -> Result<usize, TooLong> {
    let length = match packet {
        Packet::Connect(connect) => connect_length(connect)?,
        Packet::ConnAck(_) => 2,
        Packet::Publish(publish) => {
            text_length(&publish.topic)? + publish.qos.id().map_or(0, |_| 2) + publish.payload.len()
        }
        Packet::Subscribe(subscribe) => {
            subscribe.filters.iter().try_fold(2, |sum, (filter, _)| Ok(sum + text_length(filter)? + 1))?
        }
        Packet::SubAck(answer) => 2 + answer.granted.len(),
        Packet::Unsubscribe(unsubscribe) => {
            unsubscribe.filters.iter().try_fold(2, |sum, filter| Ok(sum + text_length(filter)?))?
        }
        Packet::PingReq | Packet::PingResp | Packet::Disconnect => 0,
        Packet::PubAck(_) | Packet::PubRec(_) | Packet::PubRel(_) | Packet::PubComp(_) | Packet::UnsubAck(_) => 2,
    };
    if length > MAX_REMAINING_LENGTH { Err(TooLong) } else { Ok(length) }
}

fn connect_length(connect: &Connect) -> Result<usize, TooLong> {
    let mut length = 10 + text_length(&connect.client_id)?;
    if let Some(will) = &connect.will {
        length += text_length(&will.topic)? + bytes_length(&will.payload)?;
    }
    if let Some(username) = &connect.username {
        length += text_length(username)?;
    }
    if let Some(password) = &connect.password {
        length += bytes_length(password)?;
    }
    Ok(length)
}

fn text_length(text: &str) -> Result<usize, TooLong> {
    bytes_length(text.as_bytes())
}

fn bytes_length(bytes: &[u8]) -> Result<usize, TooLong> {
    if u16::try_from(bytes.len()).is_ok() { Ok(2 + bytes.len()) } else { Err(TooLong) }
}

fn put_connect(connect: &Connect, length: usize, buffer: &mut BytesMut) {
    put_header(kind::CONNECT, 0, length, buffer);
    put_bytes(PROTOCOL_NAME.as_bytes(), buffer);
    buffer.put_u8(PROTOCOL_LEVEL);
    buffer.put_u8(connect_flags(connect));
    buffer.put_u16(connect.keep_alive);
    put_bytes(connect.client_id.as_bytes(), buffer);
    if let Some(will) = &connect.will {
        put_bytes(will.topic.as_bytes(), buffer);
        put_bytes(&will.payload, buffer);
    }
    if let Some(username) = &connect.username {
        put_bytes(username.as_bytes(), buffer);
    }
    if let Some(password) = &connect.password {
        put_bytes(password, buffer);
    }
}

fn connect_flags(connect: &Connect) -> u8 {
    let bit = |flag: u8, is_set: bool| if is_set { flag } else { 0 };
    let will = connect
        .will
        .as_ref()
        .map_or(0, |will| connect_flag::WILL | will.qos.bits() << 3 | bit(connect_flag::WILL_RETAIN, will.retain));
    will | bit(connect_flag::CLEAN_SESSION, connect.clean_session)
        | bit(connect_flag::USERNAME, connect.username.is_some())
        | bit(connect_flag::PASSWORD, connect.password.is_some())
}

fn put_connack(answer: ConnAck, length: usize, buffer: &mut BytesMut) {
    put_header(kind::CONNACK, 0, length, buffer);
    buffer.put_slice(&match answer {
        ConnAck::Accepted { session_present } => [u8::from(session_present), 0],
        ConnAck::Refused(refusal) => [0, refusal.code()],
    });
}

fn put_publish(publish: &Publish, length: usize, buffer: &mut BytesMut) {
    let flags = u8::from(publish.duplicate) << 3 | publish.qos.level().bits() << 1 | u8::from(publish.retain);
    put_header(kind::PUBLISH, flags, length, buffer);
    put_bytes(publish.topic.as_bytes(), buffer);
    if let Some(id) = publish.qos.id() {
        buffer.put_u16(id.get());
    }
    buffer.put_slice(&publish.payload);
}

fn put_subscribe(subscribe: &Subscribe, length: usize, buffer: &mut BytesMut) {
    put_header(kind::SUBSCRIBE, 0b0010, length, buffer);
    buffer.put_u16(subscribe.id.get());
    for (filter, qos) in &subscribe.filters {
        put_bytes(filter.as_bytes(), buffer);
        buffer.put_u8(qos.bits());
    }
}

fn put_suback(answer: &SubAck, length: usize, buffer: &mut BytesMut) {
    put_header(kind::SUBACK, 0, length, buffer);
    buffer.put_u16(answer.id.get());
    for granted in &answer.granted {
        buffer.put_u8(granted.map_or(SUBSCRIPTION_REFUSED, |qos| qos.bits()));
    }
}

fn put_unsubscribe(unsubscribe: &Unsubscribe, length: usize, buffer: &mut BytesMut) {
    put_header(kind::UNSUBSCRIBE, 0b0010, length, buffer);
    buffer.put_u16(unsubscribe.id.get());
    for filter in &unsubscribe.filters {
        put_bytes(filter.as_bytes(), buffer);
    }
}

fn put_id(kind: u8, flags: u8, id: PacketId, buffer: &mut BytesMut) {
    put_header(kind, flags, 2, buffer);
    buffer.put_u16(id.get());
}

fn put_header(kind: u8, flags: u8, mut length: usize, buffer: &mut BytesMut) {
    buffer.put_u8(kind << 4 | flags);
    while length >= 0x80 {
        buffer.put_u8(0x80 | (length & 0x7f) as u8);
        length >>= 7;
    }
    buffer.put_u8(length as u8);
}

/// Appends bytes behind their length, which [`encoded_length`] has found to fit.
fn put_bytes(bytes: &[u8], buffer: &mut BytesMut) {
    buffer.put_u16(u16::try_from(bytes.len()).expect("checked by encoded_length"));
    buffer.put_slice(bytes);
}
