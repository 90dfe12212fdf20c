//! The part of MQTT 3.1.1 that a module needs: packets to bytes and back. No socket, no state.

use std::io::{self, ErrorKind};

/// The longest packet that is accepted; the hub sends messages of at most 256 KiB.
const LONGEST_PACKET: usize = 512 * 1024;

/// PINGREQ.
pub const PING: &[u8] = &[0xC0, 0];
/// DISCONNECT.
pub const DISCONNECT: &[u8] = &[0xE0, 0];

/// A packet that the hub sends.
#[derive(Debug, PartialEq, Eq)]
pub enum Packet {
    /// The answer to CONNECT; 0 is welcome.
    ConnAck { code: u8 },
    /// A message; with an id if it wants to be acknowledged.
    Publish {
        topic: String,
        payload: Vec<u8>,
        id: Option<u16>,
    },
    /// The hub has stored the message with this id.
    PubAck { id: u16 },
    /// The answer to SUBSCRIBE: the quality granted for each filter, 0x80 for a refusal.
    SubAck { id: u16, granted: Vec<u8> },
    /// The answer to PINGREQ.
    Pong,
}

/// What CONNECT says.
pub struct Connect<'a> {
    pub client_id: &'a str,
    pub user_name: &'a str,
    pub password: &'a str,
    pub keep_alive_seconds: u16,
}

/// Encodes CONNECT, for a session that the hub keeps while the module is away.
pub fn connect(connect: &Connect) -> io::Result<Vec<u8>> {
    const USER_NAME_AND_PASSWORD: u8 = 0xC0;
    let mut body = Vec::new();
    put_text(&mut body, "MQTT")?;
    body.extend([4, USER_NAME_AND_PASSWORD]);
    body.extend(connect.keep_alive_seconds.to_be_bytes());
    for text in [connect.client_id, connect.user_name, connect.password] {
        put_text(&mut body, text)?;
    }
    framed(0x10, &body)
}

/// Encodes SUBSCRIBE.
pub fn subscribe(id: u16, filters: &[(String, u8)]) -> io::Result<Vec<u8>> {
    let mut body = id.to_be_bytes().to_vec();
    for (filter, quality) in filters {
        put_text(&mut body, filter)?;
        body.push(*quality);
    }
    framed(0x82, &body)
}

/// Encodes PUBLISH; with an id it asks for an acknowledgement.
pub fn publish(topic: &str, payload: &[u8], id: Option<u16>) -> io::Result<Vec<u8>> {
    let mut body = Vec::with_capacity(topic.len() + payload.len() + 4);
    put_text(&mut body, topic)?;
    if let Some(id) = id {
        body.extend(id.to_be_bytes());
    }
    body.extend(payload);
    framed(if id.is_some() { 0x32 } else { 0x30 }, &body)
}

/// Encodes PUBACK.
pub fn acknowledge(id: u16) -> [u8; 4] {
    let [high, low] = id.to_be_bytes();
    [0x40, 2, high, low]
}

/// Takes the first packet off the front of `bytes`, once it is whole.
pub fn take_packet(bytes: &mut Vec<u8>) -> io::Result<Option<Packet>> {
    let Some((header, length)) = fixed_header(bytes)? else {
        return Ok(None);
    };
    let end = header + length;
    if bytes.len() < end {
        return Ok(None);
    }
    let packet = decode(bytes[0], &bytes[header..end])
        .ok_or_else(|| malformed("the hub sent a malformed packet"))?;
    bytes.drain(..end);
    Ok(Some(packet))
}

/// Returns how long the fixed header is and how long what follows it.
fn fixed_header(bytes: &[u8]) -> io::Result<Option<(usize, usize)>> {
    let mut length = 0;
    for (index, byte) in bytes.iter().skip(1).take(4).enumerate() {
        length |= usize::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return match length {
                0..=LONGEST_PACKET => Ok(Some((index + 2, length))),
                _ => Err(malformed("the hub sent a packet longer than 512 KiB")),
            };
        }
    }
    if bytes.len() > 4 {
        Err(malformed(
            "the hub sent a packet without an end to its length",
        ))
    } else {
        Ok(None)
    }
}

fn decode(first: u8, body: &[u8]) -> Option<Packet> {
    match (first >> 4, body) {
        (2, [_, code]) => Some(Packet::ConnAck { code: *code }),
        (3, _) => decode_publish(first, body),
        (4, [high, low]) => Some(Packet::PubAck {
            id: u16::from_be_bytes([*high, *low]),
        }),
        (9, [high, low, granted @ ..]) => Some(Packet::SubAck {
            id: u16::from_be_bytes([*high, *low]),
            granted: granted.to_vec(),
        }),
        (13, []) => Some(Packet::Pong),
        _ => None,
    }
}

fn decode_publish(first: u8, body: &[u8]) -> Option<Packet> {
    let (length, rest) = body.split_first_chunk()?;
    let (topic, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    let topic = String::from_utf8(topic.to_vec()).ok()?;
    match first >> 1 & 3 {
        0 => Some(Packet::Publish {
            topic,
            payload: rest.to_vec(),
            id: None,
        }),
        1 => {
            let (id, payload) = rest.split_first_chunk()?;
            Some(Packet::Publish {
                topic,
                payload: payload.to_vec(),
                id: Some(u16::from_be_bytes(*id)),
            })
        }
        _ => None,
    }
}

fn put_text(body: &mut Vec<u8>, text: &str) -> io::Result<()> {
    let length =
        u16::try_from(text.len()).map_err(|_| malformed("a text is longer than 65,535 bytes"))?;
    body.extend(length.to_be_bytes());
    body.extend(text.as_bytes());
    Ok(())
}

fn framed(first: u8, body: &[u8]) -> io::Result<Vec<u8>> {
    if body.len() > LONGEST_PACKET {
        return Err(malformed("a packet is longer than 512 KiB"));
    }
    let mut packet = vec![first];
    let mut length = body.len();
    while length > 0x7F {
        packet.push((length & 0x7F) as u8 | 0x80);
        length >>= 7;
    }
    packet.push(length as u8);
    packet.extend(body);
    Ok(packet)
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connect_asks_for_a_kept_session() {
        let packet = connect(&Connect {
            client_id: "d/m",
            user_name: "u",
            password: "p",
            keep_alive_seconds: 60,
        });
        let expected = b"\x10\x15\0\x04MQTT\x04\xC0\0\x3C\0\x03d/m\0\x01u\0\x01p";
        assert_eq!(packet.expect("short enough"), expected);
    }

    #[test]
    fn a_long_publish_has_a_length_of_several_bytes() {
        let packet = publish("t", &[7; 200], Some(0x0102)).expect("short enough");
        assert_eq!(packet[..8], [0x32, 0xCD, 0x01, 0, 1, b't', 1, 2]);
    }

    #[test]
    fn a_packet_is_taken_only_when_it_is_whole() {
        let expected = Packet::Publish {
            topic: "t".to_owned(),
            payload: b"hi".to_vec(),
            id: Some(5),
        };
        let packet = publish("t", b"hi", Some(5)).expect("short enough");
        for cut in 0..packet.len() {
            let mut bytes = packet[..cut].to_vec();
            assert_eq!(take_packet(&mut bytes).expect("nothing is wrong yet"), None);
        }
        let mut bytes = [&packet[..], &[0xD0]].concat();
        assert_eq!(
            take_packet(&mut bytes).expect("well-formed"),
            Some(expected)
        );
        assert_eq!(bytes, [0xD0]);
    }

    #[test]
    fn the_answers_of_the_hub_are_read() {
        for (bytes, expected) in [
            (&[0x20, 2, 1, 5][..], Packet::ConnAck { code: 5 }),
            (&[0x40, 2, 1, 2], Packet::PubAck { id: 0x0102 }),
            (
                &[0x90, 4, 0, 1, 1, 0x80],
                Packet::SubAck {
                    id: 1,
                    granted: vec![1, 0x80],
                },
            ),
            (&[0xD0, 0], Packet::Pong),
        ] {
            assert_eq!(
                take_packet(&mut bytes.to_vec()).expect("well-formed"),
                Some(expected)
            );
        }
    }

    #[test]
    fn nonsense_is_an_error() {
        for bytes in [
            &[0xF0, 0][..],
            &[0x20, 1, 0],
            &[0x36, 3, 0, 0, 0],
            &[0x30, 0xFF, 0xFF, 0xFF, 0x7F],
            &[0x30, 0xFF],
        ] {
            let verdict = take_packet(&mut [bytes, &[0xFF; 8]].concat());
            assert_eq!(
                verdict.expect_err("it is nonsense").kind(),
                ErrorKind::InvalidData,
                "{bytes:?}"
            );
        }
    }
}
