//! Frames: bytes to performatives and back. Knows nothing of what a performative means.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use fe2o3_amqp_types::performatives::Performative;
use fe2o3_amqp_types::sasl::{SaslInit, SaslMechanisms, SaslOutcome};
use serde::Serialize;
use serde_amqp::{from_slice, to_vec};

use super::measure::{NotAValue, descriptor, value_length};

/// What a connection begins with: the name of the protocol, its id and version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Preamble {
    /// AMQP itself.
    Amqp,
    /// SASL, and then AMQP.
    Sasl,
}

impl Preamble {
    /// Its length in bytes.
    pub(super) const LENGTH: usize = 8;

    /// Returns the bytes on the wire.
    pub(super) fn bytes(self) -> &'static [u8; 8] {
        match self {
            Self::Amqp => b"AMQP\x00\x01\x00\x00",
            Self::Sasl => b"AMQP\x03\x01\x00\x00",
        }
    }

    /// Takes the preamble off the front; `None` while it is incomplete.
    pub(super) fn decode(input: &mut BytesMut) -> Result<Option<Self>, FrameError> {
        let seen = &input[..input.len().min(Self::LENGTH)];
        let Some(found) = [Self::Amqp, Self::Sasl].into_iter().find(|known| known.bytes().starts_with(seen)) else {
            return Err(FrameError::Preamble);
        };
        if seen.len() < Self::LENGTH {
            return Ok(None);
        }
        input.advance(Self::LENGTH);
        Ok(Some(found))
    }
}

/// Why bytes are no frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    /// Something else than AMQP 1.0 is spoken.
    #[error("the first bytes are no AMQP 1.0 header")]
    Preamble,
    /// A frame is longer than was agreed.
    #[error("a frame has {found} bytes, and {limit} were agreed")]
    TooLong {
        /// What it says of itself.
        found: usize,
        /// What was agreed.
        limit: usize,
    },
    /// The frame's own header is wrong.
    #[error("a frame has a wrong header")]
    Header,
    /// The performative is no AMQP value.
    #[error(transparent)]
    Value(#[from] NotAValue),
    /// The performative is an AMQP value, and no performative.
    #[error("a frame holds no performative: {0}")]
    Performative(String),
}

/// What a frame of AMQP holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body {
    /// Nothing: a sign of life.
    Empty,
    /// A performative and what follows it, which is a part of a message after a transfer.
    Performative(Box<Performative>, Bytes),
}

/// A frame of AMQP.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frame {
    /// The sender's number of the session; 0 for the connection.
    pub(super) channel: u16,
    /// What it holds.
    pub(super) body: Body,
}

/// The length of a frame's header without extension.
const HEADER: usize = 8;
const AMQP: u8 = 0x00;
const SASL: u8 = 0x01;

/// Takes an AMQP frame off the front; `None` while it is incomplete.
///
/// `limit` is the most bytes that a frame may have, its header included.
pub(super) fn decode(input: &mut BytesMut, limit: usize) -> Result<Option<Frame>, FrameError> {
    let Some((channel, mut body)) = take(input, limit, AMQP)? else { return Ok(None) };
    if body.is_empty() {
        return Ok(Some(Frame { channel, body: Body::Empty }));
    }
    let performative = body.split_to(value_length(&body)?);
    let performative = parse(&performative)?;
    Ok(Some(Frame { channel, body: Body::Performative(Box::new(performative), body) }))
}

/// Takes the client's choice of a mechanism off the front; `None` while it is incomplete.
///
/// It is all that a client may say with the mechanisms that a hub has.
pub(super) fn decode_sasl(input: &mut BytesMut, limit: usize) -> Result<Option<SaslInit>, FrameError> {
    let Some((_, body)) = take(input, limit, SASL)? else { return Ok(None) };
    let length = value_length(&body)?;
    parse(&body[..length]).map(Some)
}

/// Takes one frame of a kind off the front: its channel and its body.
fn take(input: &mut BytesMut, limit: usize, kind: u8) -> Result<Option<(u16, Bytes)>, FrameError> {
    let Some(header) = input.first_chunk::<HEADER>() else { return Ok(None) };
    let &[a, b, c, d, offset, found, high, low] = header;
    let size = u32::from_be_bytes([a, b, c, d]) as usize;
    if size > limit {
        return Err(FrameError::TooLong { found: size, limit });
    }
    let offset = usize::from(offset) * 4;
    if offset < HEADER || size < offset || found != kind {
        return Err(FrameError::Header);
    }
    if input.len() < size {
        return Ok(None);
    }
    let mut frame = input.split_to(size).freeze();
    frame.advance(offset);
    Ok(Some((u16::from_be_bytes([high, low]), frame)))
}

fn parse<'de, T: serde::Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, FrameError> {
    // The codec would find a value that has no descriptor wrong only after it has tried what it is not.
    descriptor(bytes)?;
    from_slice(bytes).map_err(|error| FrameError::Performative(error.to_string()))
}

/// Appends a frame with a performative and what follows it.
pub(super) fn encode(channel: u16, performative: &Performative, payload: &[u8], out: &mut BytesMut) {
    put(AMQP, channel, &encoded(performative), payload, out);
}

/// Appends an empty frame, which only says that we live.
pub(super) fn encode_empty(out: &mut BytesMut) {
    put(AMQP, 0, &[], &[], out);
}

/// Appends the mechanisms that are offered.
pub(super) fn encode_mechanisms(mechanisms: &SaslMechanisms, out: &mut BytesMut) {
    put(SASL, 0, &encoded(mechanisms), &[], out);
}

/// Appends how the authentication ended.
pub(super) fn encode_outcome(outcome: &SaslOutcome, out: &mut BytesMut) {
    put(SASL, 0, &encoded(outcome), &[], out);
}

/// Returns the bytes of a frame that a performative takes with the frame's header.
pub(super) fn overhead(performative: &Performative) -> usize {
    HEADER + encoded(performative).len()
}

/// Encodes a value of ours.
pub(super) fn encoded(value: &impl Serialize) -> Vec<u8> {
    to_vec(value).expect("the types of AMQP have an encoding")
}

fn put(kind: u8, channel: u16, performative: &[u8], payload: &[u8], out: &mut BytesMut) {
    let size = HEADER + performative.len() + payload.len();
    out.put_u32(u32::try_from(size).expect("a frame is cut to what was agreed"));
    out.put_slice(&[2, kind]);
    out.put_u16(channel);
    out.put_slice(performative);
    out.put_slice(payload);
}
