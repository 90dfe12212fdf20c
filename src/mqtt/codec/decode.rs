//! From bytes to packets.

use bytes::{Buf, Bytes, BytesMut};

use super::{MAX_REMAINING_LENGTH, PROTOCOL_LEVEL, PROTOCOL_NAME, ProtocolError, SUBSCRIPTION_REFUSED};
use super::{connect_flag, kind};
use crate::mqtt::packet::{
    ConnAck, Connect, ConnectRefusal, Packet, PacketId, Publish, PublishQos, Qos, SubAck, Subscribe, Unsubscribe, Will,
};

/// Takes one packet from the front of `buffer`; `None` if it is not all there yet.
///
/// A packet with more than `max` bytes after its header is refused as soon as its length is known, so that no more than
/// that is ever held. The payload of a publish shares the buffer's memory. After an error the buffer is meaningless.
pub fn decode(buffer: &mut BytesMut, max: usize) -> Result<Option<Packet>, ProtocolError> {
    let Some(header) = peek_header(buffer)? else { return Ok(None) };
    if header.length > max {
        return Err(ProtocolError::TooLarge { length: header.length, max });
    }
    if buffer.len() < header.size + header.length {
        return Ok(None);
    }
    buffer.advance(header.size);
    let mut fields = Fields { rest: buffer.split_to(header.length).freeze() };
    let packet = decode_body(header.kind, header.flags, &mut fields)?;
    match fields.rest.len() {
        0 => Ok(Some(packet)),
        left => Err(ProtocolError::LeftOver(left)),
    }
}

struct Header {
    kind: u8,
    flags: u8,
    /// Bytes after the header.
    length: usize,
    /// Bytes of the header.
    size: usize,
}

/// Reads the fixed header; a wrong first byte is refused at once.
fn peek_header(buffer: &[u8]) -> Result<Option<Header>, ProtocolError> {
    let Some((&first, rest)) = buffer.split_first() else { return Ok(None) };
    let (kind, flags) = (first >> 4, first & 0x0f);
    check_flags(kind, flags)?;
    let mut length = 0;
    for (place, byte) in rest.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(Some(Header { kind, flags, length, size: place + 2 }));
        }
    }
    if rest.len() < 4 { Ok(None) } else { Err(ProtocolError::EndlessLength) }
}

fn check_flags(kind: u8, flags: u8) -> Result<(), ProtocolError> {
    let expected = match kind {
        0 | 15 => return Err(ProtocolError::UnknownType(kind)),
        kind::PUBLISH => return Ok(()),
        kind::PUBREL | kind::SUBSCRIBE | kind::UNSUBSCRIBE => 0b0010,
        _ => 0,
    };
    if flags == expected { Ok(()) } else { Err(ProtocolError::Flags { kind, flags }) }
}

fn decode_body(kind: u8, flags: u8, fields: &mut Fields) -> Result<Packet, ProtocolError> {
    Ok(match kind {
        kind::CONNECT => Packet::Connect(Box::new(decode_connect(fields)?)),
        kind::CONNACK => Packet::ConnAck(decode_connack(fields)?),
        kind::PUBLISH => Packet::Publish(decode_publish(flags, fields)?),
        kind::PUBACK => Packet::PubAck(fields.packet_id()?),
        kind::PUBREC => Packet::PubRec(fields.packet_id()?),
        kind::PUBREL => Packet::PubRel(fields.packet_id()?),
        kind::PUBCOMP => Packet::PubComp(fields.packet_id()?),
        kind::SUBSCRIBE => Packet::Subscribe(decode_subscribe(fields)?),
        kind::SUBACK => Packet::SubAck(decode_suback(fields)?),
        kind::UNSUBSCRIBE => Packet::Unsubscribe(decode_unsubscribe(fields)?),
        kind::UNSUBACK => Packet::UnsubAck(fields.packet_id()?),
        kind::PINGREQ => Packet::PingReq,
        kind::PINGRESP => Packet::PingResp,
        kind::DISCONNECT => Packet::Disconnect,
        unknown => return Err(ProtocolError::UnknownType(unknown)),
    })
}

fn decode_connect(fields: &mut Fields) -> Result<Connect, ProtocolError> {
    if fields.text()? != PROTOCOL_NAME {
        return Err(ProtocolError::ProtocolName);
    }
    match fields.byte()? {
        PROTOCOL_LEVEL => {}
        other => return Err(ProtocolError::ProtocolLevel(other)),
    }
    let flags = fields.byte()?;
    let is_set = |flag: u8| flags & flag != 0;
    if is_set(connect_flag::RESERVED) {
        return Err(ProtocolError::ReservedConnectFlag);
    }
    if is_set(connect_flag::PASSWORD) && !is_set(connect_flag::USERNAME) {
        return Err(ProtocolError::PasswordWithoutUsername);
    }
    let keep_alive = fields.number()?;
    let client_id = fields.text()?;
    Ok(Connect {
        client_id,
        clean_session: is_set(connect_flag::CLEAN_SESSION),
        keep_alive,
        will: decode_will(flags, fields)?,
        username: is_set(connect_flag::USERNAME).then(|| fields.text()).transpose()?,
        password: is_set(connect_flag::PASSWORD).then(|| fields.bytes()).transpose()?,
    })
}

fn decode_will(flags: u8, fields: &mut Fields) -> Result<Option<Will>, ProtocolError> {
    let qos = Qos::from_bits(flags >> 3 & 0b11).ok_or(ProtocolError::WillFlags)?;
    let retain = flags & connect_flag::WILL_RETAIN != 0;
    if flags & connect_flag::WILL == 0 {
        let contradicts = retain || qos != Qos::AtMostOnce;
        return if contradicts { Err(ProtocolError::WillFlags) } else { Ok(None) };
    }
    Ok(Some(Will { topic: fields.topic()?, payload: fields.bytes()?, qos, retain }))
}

fn decode_connack(fields: &mut Fields) -> Result<ConnAck, ProtocolError> {
    match (fields.byte()?, fields.byte()?) {
        (present @ (0 | 1), 0) => Ok(ConnAck::Accepted { session_present: present == 1 }),
        (0, code) => ConnectRefusal::from_code(code).map(ConnAck::Refused).ok_or(ProtocolError::ConnAckCode),
        _ => Err(ProtocolError::ConnAckCode),
    }
}

fn decode_publish(flags: u8, fields: &mut Fields) -> Result<Publish, ProtocolError> {
    let level = Qos::from_bits(flags >> 1 & 0b11).ok_or(ProtocolError::Qos)?;
    let duplicate = flags & 0b1000 != 0;
    if duplicate && level == Qos::AtMostOnce {
        return Err(ProtocolError::DuplicateAtMostOnce);
    }
    let topic = fields.topic()?;
    let qos = match level {
        Qos::AtMostOnce => PublishQos::AtMostOnce,
        Qos::AtLeastOnce => PublishQos::AtLeastOnce(fields.packet_id()?),
        Qos::ExactlyOnce => PublishQos::ExactlyOnce(fields.packet_id()?),
    };
    Ok(Publish { duplicate, retain: flags & 1 != 0, qos, topic, payload: std::mem::take(&mut fields.rest) })
}

fn decode_subscribe(fields: &mut Fields) -> Result<Subscribe, ProtocolError> {
    let id = fields.packet_id()?;
    let mut filters = Vec::new();
    while !fields.rest.is_empty() {
        filters.push((fields.filter()?, Qos::from_bits(fields.byte()?).ok_or(ProtocolError::Qos)?));
    }
    if filters.is_empty() { Err(ProtocolError::NoFilter) } else { Ok(Subscribe { id, filters }) }
}

fn decode_suback(fields: &mut Fields) -> Result<SubAck, ProtocolError> {
    let id = fields.packet_id()?;
    let grant = |code: &u8| match *code {
        SUBSCRIPTION_REFUSED => Ok(None),
        code => Qos::from_bits(code).map(Some).ok_or(ProtocolError::SubAckCode),
    };
    let granted = std::mem::take(&mut fields.rest).iter().map(grant).collect::<Result<Vec<_>, _>>()?;
    if granted.is_empty() { Err(ProtocolError::NoFilter) } else { Ok(SubAck { id, granted }) }
}

fn decode_unsubscribe(fields: &mut Fields) -> Result<Unsubscribe, ProtocolError> {
    let id = fields.packet_id()?;
    let mut filters = Vec::new();
    while !fields.rest.is_empty() {
        filters.push(fields.filter()?);
    }
    if filters.is_empty() { Err(ProtocolError::NoFilter) } else { Ok(Unsubscribe { id, filters }) }
}

/// What is left of a packet, taken field by field.
struct Fields {
    rest: Bytes,
}

impl Fields {
    fn take(&mut self, length: usize) -> Result<Bytes, ProtocolError> {
        if length > self.rest.len() {
            return Err(ProtocolError::CutShort);
        }
        Ok(self.rest.split_to(length))
    }

    fn byte(&mut self) -> Result<u8, ProtocolError> {
        Ok(self.take(1)?[0])
    }

    fn number(&mut self) -> Result<u16, ProtocolError> {
        Ok(self.take(2)?.get_u16())
    }

    fn packet_id(&mut self) -> Result<PacketId, ProtocolError> {
        PacketId::new(self.number()?).ok_or(ProtocolError::ZeroPacketId)
    }

    fn bytes(&mut self) -> Result<Bytes, ProtocolError> {
        let length = self.number()?;
        self.take(usize::from(length))
    }

    fn text(&mut self) -> Result<String, ProtocolError> {
        let bytes = self.bytes()?;
        let text = std::str::from_utf8(&bytes).map_err(|_| ProtocolError::NotUtf8)?;
        if text.contains('\0') { Err(ProtocolError::Zero) } else { Ok(text.to_owned()) }
    }

    fn topic(&mut self) -> Result<String, ProtocolError> {
        let topic = self.text()?;
        if topic.is_empty() || topic.contains(['#', '+']) { Err(ProtocolError::Topic) } else { Ok(topic) }
    }

    fn filter(&mut self) -> Result<String, ProtocolError> {
        let filter = self.text()?;
        let mut levels = filter.split('/').rev();
        let last = levels.next().unwrap_or_default();
        let stands_alone = |level: &str, wildcards: &[char]| level.len() == 1 || !level.contains(wildcards);
        let is_well_formed = !filter.is_empty()
            && stands_alone(last, &['#', '+'])
            && levels.all(|level| !level.contains('#') && stands_alone(level, &['+']));
        if is_well_formed { Ok(filter) } else { Err(ProtocolError::Filter) }
    }
}

const _: () = assert!(MAX_REMAINING_LENGTH == (1 << 28) - 1);
