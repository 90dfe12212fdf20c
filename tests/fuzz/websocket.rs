//! A client that asks for a WebSocket and then says what is nearly its frames.

use std::time::Duration;

use edgectl::net::{HttpLimits, Response, serve_web};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use crate::mutation::mutated;

const REQUEST: &str = "GET /$iothub/websocket HTTP/1.1\r\nHost: gateway\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
const WORDS: &[&str] = &["\r\n", "\r\n\r\n", "Upgrade", "mqtt", "\u{7f}", "\0", ": "];

/// A masked frame: its first byte says what it is, its mask is zero.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload].concat()
}

/// Binary, cut in two, text, ping, pong, close.
fn frames() -> Vec<Vec<u8>> {
    vec![
        frame(0x82, b"whole"),
        frame(0x02, b"one "),
        frame(0x80, b"message"),
        frame(0x81, b"text"),
        frame(0x89, b"ping"),
        frame(0x8a, b"pong"),
        frame(0x88, &[0x03, 0xe8]),
    ]
}

/// Says all of it and leaves; returns what came out of the WebSocket, if it became one.
fn exchange(request: &[u8], said: &[u8]) -> Option<Vec<u8>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (mut client, server) = duplex(1 << 20);
        client.write_all(&[request, said].concat()).await.expect("there is room");
        client.shutdown().await.expect("it is open");
        let not_found = |_| async { Response { status: 404, content_type: "text/plain", body: "".into() } };
        let served = serve_web(server, HttpLimits::default(), &["mqtt"], not_found);
        let served = tokio::time::timeout(Duration::from_secs(60), served).await.expect("it ends");
        let (protocol, mut socket) = served?;
        assert_eq!(protocol, "mqtt");
        let mut received = Vec::new();
        // A client that breaks the rules ends the stream with an error.
        let read = tokio::time::timeout(Duration::from_secs(60), socket.read_to_end(&mut received)).await;
        let _ = read.expect("it ends");
        Some(received)
    })
}

#[test]
fn binary_messages_are_one_stream() {
    let said = frames()[..3].concat();
    assert_eq!(exchange(REQUEST.as_bytes(), &said), Some(b"wholeone message".to_vec()));
}

proptest! {
    #[test]
    fn no_frame_breaks_a_websocket(said in vec(prop_oneof![mutated(select(frames()), WORDS), select(frames())], 0..8)) {
        let said = said.concat();
        // Who has left before the answer gets no WebSocket.
        let received = exchange(REQUEST.as_bytes(), &said).unwrap_or_default();
        prop_assert!(received.len() <= said.len(), "nothing comes out that was not put in");
    }

    #[test]
    fn no_request_for_a_websocket_breaks_the_server(request in mutated(Just(REQUEST.as_bytes().to_vec()), WORDS)) {
        let _ = exchange(&request, &frames().concat());
    }
}
