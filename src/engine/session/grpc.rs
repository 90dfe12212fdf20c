//! As much of gRPC as a session needs: one message in, one out, and how a refusal is said.

use std::convert::Infallible;
use std::pin::Pin;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{Stream, stream};
use http_body_util::StreamBody;
use hyper::body::Frame;
use hyper::header::{HeaderMap, HeaderValue};
use hyper::{Response, http};

/// The body of an answer.
pub(super) type Answer = StreamBody<Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, Infallible>> + Send>>>;

/// Length and flag in front of each message.
const PREFIX: usize = 5;

/// Why a call is refused, by gRPC's codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    code: &'static str,
    message: String,
}

impl Refusal {
    pub(super) fn not_found(message: String) -> Self {
        Self { code: "5", message }
    }

    /// The engine then does without, where it can.
    pub(super) fn unknown(method: &str) -> Self {
        Self { code: "12", message: format!("unknown method {method}") }
    }

    pub(super) fn internal(message: String) -> Self {
        Self { code: "13", message }
    }
}

/// Returns the answer with one message.
pub(super) fn message(payload: &[u8]) -> Response<Answer> {
    streamed(stream::iter([Ok(Frame::data(framed(payload))), Ok(Frame::trailers(trailers("0", "")))]))
}

/// Returns the answer that is no message.
pub(super) fn refused(refusal: &Refusal) -> Response<Answer> {
    streamed(stream::iter([Ok(Frame::trailers(trailers(refusal.code, &refusal.message)))]))
}

/// Returns an answer of many messages; the stream ends with its trailers.
pub(super) fn streamed(
    frames: impl Stream<Item = Result<Frame<Bytes>, Infallible>> + Send + 'static,
) -> Response<Answer> {
    let frames: Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, Infallible>> + Send>> = Box::pin(frames);
    let mut response = Response::new(StreamBody::new(frames));
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

/// Returns what ends an answer.
pub(super) fn trailers(code: &'static str, message: &str) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(code));
    let message = percent_encoding::utf8_percent_encode(message, percent_encoding::CONTROLS).to_string();
    if let Ok(message) = HeaderValue::from_str(&message) {
        trailers.insert("grpc-message", message);
    }
    trailers
}

/// Puts the prefix in front of a message.
pub(super) fn framed(payload: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(PREFIX + payload.len());
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(payload.len()).unwrap_or(u32::MAX));
    bytes.put_slice(payload);
    bytes.freeze()
}

/// Returns the message behind the prefix.
pub(super) fn payload(bytes: &[u8]) -> &[u8] {
    bytes.get(PREFIX..).unwrap_or_default()
}

/// Takes the next whole message out of what has come so far.
pub(super) fn next_message(bytes: &mut BytesMut) -> Option<Bytes> {
    let prefix: [u8; PREFIX] = bytes.get(..PREFIX)?.try_into().ok()?;
    let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
    if bytes.len() < PREFIX + length {
        return None;
    }
    Some(bytes.split_to(PREFIX + length).freeze().slice(PREFIX..))
}

/// Writes a field of text or bytes as protocol buffers do.
pub(super) fn field(number: u8, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = value.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(value);
    bytes
}

/// Reads field 1, of text or bytes, which stands first in every message here; `None` if it is left out, as empty ones are.
pub(super) fn first_field(message: &[u8]) -> Option<&[u8]> {
    let (tag, mut rest) = message.split_first()?;
    if *tag != 1 << 3 | 2 {
        return None;
    }
    let mut length = 0_usize;
    for shift in [0, 7, 14, 21] {
        let (byte, after) = rest.split_first()?;
        rest = after;
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return rest.get(..length);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_they_were_written() {
        for length in [0, 1, 127, 128, 300, 20_000] {
            let value = vec![b'x'; length];
            assert_eq!(first_field(&field(1, &value)), Some(&value[..]));
        }
        assert_eq!(field(2, b"ab"), [0x12, 2, b'a', b'b']);
        for wrong in [&b""[..], b"\x12\x01a", b"\x0a", b"\x0a\x05ab", b"\x0a\xff\xff\xff\xff\xff"] {
            assert_eq!(first_field(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn messages_are_put_together_from_pieces() {
        let mut bytes = BytesMut::new();
        let mut messages = Vec::new();
        for piece in [&framed(b"one")[..4], &framed(b"one")[4..], &[framed(b""), framed(b"two")].concat()] {
            bytes.extend_from_slice(piece);
            messages.extend(std::iter::from_fn(|| next_message(&mut bytes)));
        }
        assert_eq!(messages, [&b"one"[..], b"", b"two"]);
    }
}
