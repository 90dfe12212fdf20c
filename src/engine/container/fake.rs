//! An engine that runs nothing, for tests: it takes one container through its life and can die.

use std::sync::{Arc, Mutex};

use bollard::{API_DEFAULT_VERSION, Docker};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::engine::Engine;
use crate::engine::endpoint::Endpoint;

/// Dies when dropped.
pub(crate) struct FakeEngine {
    pub(crate) engine: Engine,
    seen: Arc<Mutex<Vec<String>>>,
    created: Arc<Mutex<Value>>,
    server: JoinHandle<()>,
}

/// What the engine does with requests to create a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Creates {
    /// All of them succeed.
    Always,
    /// The name is taken by a container that another edgectl left.
    AfterRemoval,
    /// There is no such image.
    Never,
    /// They are never answered.
    Stalled,
}

impl FakeEngine {
    pub(crate) async fn start(creates: Creates) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound").to_string();
        let docker = Docker::connect_with_http(&address, 10, API_DEFAULT_VERSION).expect("an address");
        let (seen, created) = (Arc::default(), Arc::default());
        let connection = Connection { creates, seen: Arc::clone(&seen), created: Arc::clone(&created) };
        let server = tokio::spawn(serve(listener, connection));
        let endpoint = Endpoint::Tcp(address);
        Self { engine: Engine { docker, endpoint, nature: Default::default() }, seen, created, server }
    }

    /// Returns the requests answered so far, as method and path without version and query.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.lock().expect("not poisoned").clone()
    }

    /// Returns the body of the last request to create a container.
    pub(crate) fn created(&self) -> Value {
        self.created.lock().expect("not poisoned").clone()
    }
}

impl Drop for FakeEngine {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, connection: Connection) {
    // The connections end with this set, that is with the server.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(connection.clone().run(stream));
    }
}

#[derive(Clone)]
struct Connection {
    creates: Creates,
    seen: Arc<Mutex<Vec<String>>>,
    created: Arc<Mutex<Value>>,
}

impl Connection {
    async fn run(self, mut stream: TcpStream) {
        while let Some((request, body)) = read_request(&mut stream).await {
            let was_removed = self.seen.lock().expect("not poisoned").iter().any(|seen| seen.starts_with("DELETE"));
            let answer = match request.as_str() {
                "POST /containers/create" if self.creates == Creates::Never => {
                    json("404 Not Found", r#"{"message":"No such image: filter:1"}"#)
                }
                "POST /containers/create" if self.creates == Creates::Stalled => std::future::pending().await,
                "POST /containers/create" if self.creates == Creates::AfterRemoval && !was_removed => {
                    json("409 Conflict", r#"{"message":"Conflict. The container name is already in use"}"#)
                }
                "POST /containers/create" => {
                    *self.created.lock().expect("not poisoned") = serde_json::from_slice(&body).expect("JSON");
                    json("201 Created", r#"{"Id":"new","Warnings":[]}"#)
                }
                "GET /containers/json" => json("200 OK", r#"[{"Id":"old","Names":["/s-d-filter"]}]"#),
                "GET /containers/new/json" => json("200 OK", r#"{"Id":"new","Image":"sha256:1"}"#),
                "POST /containers/new/attach" => {
                    let mut answer = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n".to_vec();
                    answer.extend(frame(1, b"one\ntw"));
                    answer.extend(frame(2, b"oops\n"));
                    answer.extend(frame(1, b"o\n"));
                    answer
                }
                "POST /containers/new/wait" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
                _ => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
            };
            if stream.write_all(&answer).await.is_err() {
                return;
            }
            self.seen.lock().expect("not poisoned").push(request);
        }
    }
}

/// Reads a request: its method and path, and its body.
async fn read_request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).expect("a head is text");
    let mut words = head.split_ascii_whitespace();
    let (method, target) = (words.next()?, words.next()?);
    let path = target.split('?').next()?.trim_start_matches("/v1.").trim_start_matches(|c: char| c.is_ascii_digit());
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some((format!("{method} {path}"), body))
}

fn json(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

fn frame(stream: u8, bytes: &[u8]) -> Vec<u8> {
    let mut frame = vec![stream, 0, 0, 0];
    frame.extend(u32::try_from(bytes.len()).expect("short").to_be_bytes());
    frame.extend(bytes);
    frame
}
