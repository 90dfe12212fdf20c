//! Serving the workload API of one module: on a unix socket, or on a port that only one address may use.
//!
//! Who calls is known by where the call arrives (protocol.md §2.1: there is no process id over TCP), so every module
//! has a door of its own.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::http::{self, HttpLimits, serve_http};
use super::unix::UnixSocket;
use crate::workload;

/// How many connections of one module are served at a time; more wait.
const CONNECTIONS: usize = 64;

/// Where one module reaches its workload API.
#[derive(Debug)]
pub enum WorkloadDoor {
    /// A unix socket.
    Socket(UnixSocket),
    /// A TCP port.
    Port {
        /// Where it listens.
        listener: TcpListener,
        /// The one address that may connect; others are closed at once.
        only: IpAddr,
    },
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl WorkloadDoor {
    /// Waits for the next connection; `None` is one that may not come in.
    async fn accept(&self) -> io::Result<Option<Box<dyn Stream>>> {
        match self {
            Self::Socket(socket) => Ok(Some(Box::new(socket.accept().await?))),
            Self::Port { listener, only } => {
                let (stream, peer) = listener.accept().await?;
                Ok((peer.ip().to_canonical() == *only).then(|| Box::new(stream) as Box<dyn Stream>))
            }
        }
    }
}

/// Serves the workload API of one module for ever; dropping the future closes its door and its connections.
///
/// The handler knows which module the door belongs to.
pub async fn serve_workload<H, F>(door: WorkloadDoor, limits: HttpLimits, handler: H)
where
    H: Fn(workload::Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = workload::Response> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = door.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok(Some(stream)) => {
                    connections.spawn(serve_one(stream, limits, handler.clone()));
                }
                Ok(None) => {}
                // No file descriptor left, most likely; waiting lets some connection end first.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_one<H, F>(stream: Box<dyn Stream>, limits: HttpLimits, handler: H)
where
    H: Fn(workload::Request) -> F,
    F: Future<Output = workload::Response>,
{
    let answer = |request: http::Request| {
        let content_type = request.header("content-type").map(str::to_owned);
        let answered = handler(workload::Request {
            method: request.method,
            path_and_query: request.target,
            content_type,
            body: request.body.into(),
        });
        async move {
            let workload::Response { status, content_type, body } = answered.await;
            http::Response { status, content_type, body: body.into() }
        }
    };
    serve_http(stream, limits, answer).await;
}
