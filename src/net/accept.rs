//! Accepting TLS connections on a port that anything may knock at.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::client_certificate;
use super::lobby::{Lobby, Seat};
use super::tls::{HandshakeError, ServerTls, TlsStream};
use crate::identity::Thumbprints;

/// How connections are let in.
#[derive(Debug, Clone)]
pub struct AcceptRules {
    /// Where connections are until their clients have proved who they are; shared with other listeners.
    pub lobby: Lobby,
    /// How long a handshake may take.
    pub handshake: Duration,
}

impl AcceptRules {
    /// Handshakes of at most 10 seconds.
    pub fn with(lobby: Lobby) -> Self {
        Self { lobby, handshake: Duration::from_secs(10) }
    }
}

impl Default for AcceptRules {
    /// A lobby of its own with 256 seats, and handshakes of at most 10 seconds.
    fn default() -> Self {
        Self::with(Lobby::new(256))
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
        /// Its place in the lobby, to be left once the client has proved who it is.
        seat: Seat,
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
    rules: AcceptRules,
    mut arrive: impl FnMut(Arrival) + Send,
) {
    let mut handshakes = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let seat = rules.lobby.enter(peer.ip());
                    handshakes.spawn(open(stream, peer, seat, tls.clone(), rules.handshake));
                }
                Err(_) => {
                    // No file descriptor left, most likely: some connection has to end.
                    rules.lobby.push_one_out();
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            },
            Some(done) = handshakes.join_next() => {
                if let Ok(arrival) = done {
                    arrive(arrival);
                }
            }
        }
    }
}

async fn open(stream: TcpStream, peer: SocketAddr, seat: Seat, tls: ServerTls, limit: Duration) -> Arrival {
    // Small packets that wait for each other are all there is; without this each would wait 40 ms. A stream that
    // refuses is dead already, which the handshake will find out.
    let _ = stream.set_nodelay(true);
    match seat.hold(tls.handshake(stream, limit)).await {
        Some(Ok(stream)) => {
            let certificate = client_certificate::shown(&stream);
            Arrival::Open { stream: Box::new(stream), peer, certificate, seat }
        }
        Some(Err(error)) => Arrival::Refused { peer, error },
        None => Arrival::Refused { peer, error: HandshakeError::PushedOut },
    }
}
