//! WebSockets: the upgrade of an HTTP request, and a byte stream over binary messages (RFC 6455).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{Sink, Stream};
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::Upgraded;
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

/// The longest message that is taken, in bytes; protocols cut their packets shorter.
const MESSAGE_BYTES: usize = 1 << 20;

/// A byte stream over the binary messages of a WebSocket; where one message ends means nothing.
pub struct WebSocket {
    socket: WebSocketStream<TokioIo<Upgraded>>,
    /// What was received and not read yet.
    rest: Bytes,
}

impl std::fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebSocket")
    }
}

/// Why a request for a WebSocket is not granted: a status and a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) reason: &'static str,
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish {
    /// The sub-protocol, one of those that are served.
    pub(super) protocol: &'static str,
    accept: String,
}

/// Says whether a request wants to become a WebSocket.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    words(headers, UPGRADE).any(|word| word.eq_ignore_ascii_case("websocket"))
}

/// Reads a request; the sub-protocol is the first of the client's that is served.
///
/// The path is not looked at: SDKs differ in it, and the real hub ignores it (protocol.md §4.1).
pub(super) fn read(method: &Method, headers: &HeaderMap, served: &[&'static str]) -> Result<Wish, Refused> {
    let refused = |status, reason| Err(Refused { status, reason });
    if method != Method::GET || !words(headers, CONNECTION).any(|word| word.eq_ignore_ascii_case("upgrade")) {
        return refused(StatusCode::BAD_REQUEST, "a WebSocket is asked for with GET and `Connection: Upgrade`");
    }
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return refused(StatusCode::UPGRADE_REQUIRED, "only version 13 of WebSockets is served");
    }
    let Some(key) = headers.get(SEC_WEBSOCKET_KEY) else {
        return refused(StatusCode::BAD_REQUEST, "the header `Sec-WebSocket-Key` is missing");
    };
    let mut wanted = words(headers, SEC_WEBSOCKET_PROTOCOL);
    let found = wanted.find_map(|wanted| served.iter().find(|served| served.eq_ignore_ascii_case(wanted)));
    let Some(protocol) = found else {
        return refused(StatusCode::BAD_REQUEST, "none of the sub-protocols is served: expected `mqtt` or `AMQPWSB10`");
    };
    Ok(Wish { protocol, accept: accept_key(key.as_bytes()) })
}

/// Returns the words of a header, which may stand there several times.
fn words(headers: &HeaderMap, name: hyper::header::HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Proves that the request was understood (RFC 6455 §4.2.2).
fn accept_key(key: &[u8]) -> String {
    let mut context = ring::digest::Context::new(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY);
    context.update(key);
    context.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(context.finish())
}

impl Wish {
    /// Writes the headers of the answer, whose status is 101.
    pub(super) fn grant(&self, headers: &mut HeaderMap) {
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(self.protocol));
        if let Ok(accept) = HeaderValue::from_str(&self.accept) {
            headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        }
    }
}

impl WebSocket {
    /// Waits until the answer is sent; `None` if the connection broke before.
    pub(super) async fn open(request: hyper::Request<Incoming>) -> Option<Self> {
        let upgraded = hyper::upgrade::on(request).await.ok()?;
        let limits =
            WebSocketConfig::default().max_message_size(Some(MESSAGE_BYTES)).max_frame_size(Some(MESSAGE_BYTES));
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(limits)).await;
        Some(Self { socket, rest: Bytes::new() })
    }
}

impl AsyncRead for WebSocket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
                Some(Ok(Message::Binary(bytes))) => self.rest = bytes,
                // Answered by the library.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Text(_))) => return Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
                Some(Ok(Message::Close(_))) | None => return Poll::Ready(Ok(())),
                Some(Err(error)) => return Poll::Ready(Err(broken(error))),
            }
        }
        let length = self.rest.len().min(buffer.remaining());
        buffer.put_slice(&self.rest.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for WebSocket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut socket = Pin::new(&mut self.socket);
        ready!(socket.as_mut().poll_ready(cx)).map_err(broken)?;
        socket.start_send(Message::Binary(Bytes::copy_from_slice(bytes))).map_err(broken)?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx).map_err(broken)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_close(cx).map_err(broken)
    }
}

fn broken(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVED: [&str; 2] = ["mqtt", "AMQPWSB10"];

    fn headers(changes: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let usual = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", "mqtt"),
        ];
        for (name, value) in usual.iter().chain(changes) {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_key_is_answered_as_in_the_example_of_the_rfc() {
        let wish = read(&Method::GET, &headers(&[]), &SERVED).expect("granted");
        assert_eq!((wish.protocol, wish.accept.as_str()), ("mqtt", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    }

    #[test]
    fn the_first_sub_protocol_that_is_served_is_taken() {
        // protocol.md §4.1, §5.1
        let chosen = |text| read(&Method::GET, &headers(&[("sec-websocket-protocol", text)]), &SERVED);
        assert_eq!(chosen("x, amqpwsb10, mqtt").map(|wish| wish.protocol), Ok("AMQPWSB10"));
        assert_eq!(chosen("mqttv5").map_err(|refused| refused.status), Err(StatusCode::BAD_REQUEST));
    }

    #[test]
    fn a_request_that_is_not_right_is_refused() {
        assert!(!is_wanted(&HeaderMap::new()));
        assert!(is_wanted(&headers(&[])));
        let status = |method: &Method, changes| read(method, &headers(changes), &SERVED).map_err(|r| r.status.as_u16());
        assert_eq!(status(&Method::POST, &[]), Err(400));
        assert_eq!(status(&Method::GET, &[("connection", "close")]), Err(400));
        assert_eq!(status(&Method::GET, &[("sec-websocket-version", "8")]), Err(426));
    }
}
