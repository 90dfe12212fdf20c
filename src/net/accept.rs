//! Accepting TLS connections on a port that anything may knock at.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use super::client_certificate;
use super::tls::{HandshakeError, ServerTls, TlsStream};
use crate::identity::Thumbprints;

/// Whether a connection may begin its handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Welcome,
    /// It is closed at once.
    TurnedAway,
}

/// How connections are let in.
pub struct AcceptRules {
    /// How many handshakes may be unfinished at a time. One more, and the oldest is dropped: an honest one ends in
    /// milliseconds, so that a crowd that only opens connections cannot keep it out.
    pub half_open: usize,
    /// How long a handshake may take.
    pub handshake: Duration,
    /// Asked for every connection, before its handshake; the place for limits by address.
    pub admit: Box<dyn FnMut(SocketAddr) -> Admission + Send>,
}

impl Default for AcceptRules {
    /// 256 unfinished handshakes of at most 10 seconds, from anywhere.
    fn default() -> Self {
        Self { half_open: 256, handshake: Duration::from_secs(10), admit: Box::new(|_| Admission::Welcome) }
    }
}

impl fmt::Debug for AcceptRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { half_open, handshake, admit: _ } = self;
        f.debug_struct("AcceptRules")
            .field("half_open", half_open)
            .field("handshake", handshake)
            .finish_non_exhaustive()
    }
}

/// What came of a connection.
#[derive(Debug)]
pub enum Arrival {
    /// It is open.
    Open {
        /// The connection.
        stream: Box<TlsStream<TcpStream>>,
        /// Its other end.
        peer: SocketAddr,
        /// The client certificate, if it showed one.
        certificate: Option<Thumbprints>,
    },
    /// Its handshake did not come to an end; for the log.
    Refused {
        /// The other end.
        peer: SocketAddr,
        /// Why.
        error: HandshakeError,
    },
}

/// Accepts connections for ever and hands each to `arrive` once its handshake is over.
///
/// Dropping the future closes the listener and every unfinished handshake; open connections are not its own.
pub async fn accept_tls(
    listener: TcpListener,
    tls: ServerTls,
    mut rules: AcceptRules,
    mut arrive: impl FnMut(Arrival) + Send,
) {
    let mut handshakes = JoinSet::new();
    let mut oldest_first: VecDeque<(SocketAddr, AbortHandle)> = VecDeque::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(_) => {
                    // No file descriptor left, most likely; waiting lets some connection end first.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            Some(done) = handshakes.join_next() => {
                if let Ok(arrival) = done {
                    arrive(arrival);
                }
                continue;
            }
        };
        if (rules.admit)(peer) == Admission::TurnedAway {
            continue;
        }
        oldest_first.retain(|(_, handshake)| !handshake.is_finished());
        if oldest_first.len() >= rules.half_open.max(1)
            && let Some((peer, oldest)) = oldest_first.pop_front()
        {
            oldest.abort();
            arrive(Arrival::Refused { peer, error: HandshakeError::PushedOut });
        }
        let handshake = handshakes.spawn(open(stream, peer, tls.clone(), rules.handshake));
        oldest_first.push_back((peer, handshake));
    }
}

async fn open(stream: TcpStream, peer: SocketAddr, tls: ServerTls, limit: Duration) -> Arrival {
    // Small packets that wait for each other are all there is; without this each would wait 40 ms. A stream that
    // refuses is dead already, which the handshake will find out.
    let _ = stream.set_nodelay(true);
    match tls.handshake(stream, limit).await {
        Ok(stream) => {
            let certificate = client_certificate::shown(&stream);
            Arrival::Open { stream: Box::new(stream), peer, certificate }
        }
        Err(error) => Arrival::Refused { peer, error },
    }
}
