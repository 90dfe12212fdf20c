//! What the dispatcher says to the clients' connections, gathered until the end of its turn.
//!
//! A head that is told everything at once wakes once and writes once; see [`heads`](super::heads).

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::event::ToHead;
use crate::edgehub::ConnectionId;

/// The way to one head; unbounded, since what the hub has on its way to one client is bounded by its window.
pub(super) type HeadSender = mpsc::UnboundedSender<Words>;

/// What a head is told at once.
#[derive(Debug)]
pub(super) struct Words {
    /// For which of its clients they are.
    pub(super) connection: ConnectionId,
    pub(super) said: Vec<ToHead>,
    pub(super) turn: Turn,
}

/// A share in a turn of the dispatcher, which waits until no head holds one any more.
///
/// A head lets go of it as soon as it has written, or has to wait itself: it never keeps the dispatcher waiting for a
/// client.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    _open: Arc<oneshot::Sender<Infallible>>,
}

/// The end of a turn.
#[derive(Debug)]
pub(super) struct TurnEnd(oneshot::Receiver<Infallible>);

impl TurnEnd {
    /// Waits until each head has written what it was told, as far as its client takes it now.
    pub(super) async fn wait(self) {
        // Nothing is ever sent: this fails when the last share is let go.
        let _ = self.0.await;
    }
}

impl Turn {
    fn begin() -> (Self, TurnEnd) {
        let (open, over) = oneshot::channel();
        (Self { _open: Arc::new(open) }, TurnEnd(over))
    }
}

/// The heads that have asked for something, and what they are told in this turn.
#[derive(Debug, Default)]
pub(super) struct ToHeads {
    heads: BTreeMap<ConnectionId, Listener>,
    /// Those with something to hear.
    told: Vec<ConnectionId>,
}

#[derive(Debug)]
struct Listener {
    sender: HeadSender,
    words: Vec<ToHead>,
}

impl ToHeads {
    pub(super) fn add(&mut self, connection: ConnectionId, sender: HeadSender) {
        self.heads.insert(connection, Listener { sender, words: Vec::new() });
    }

    /// Forgets a head; what it was not told yet is of no use to it.
    pub(super) fn remove(&mut self, connection: ConnectionId) {
        self.heads.remove(&connection);
    }

    /// Says something to a head, if it is still there, at the next [`ToHeads::flush`].
    pub(super) fn tell(&mut self, connection: ConnectionId, said: ToHead) {
        let Some(listener) = self.heads.get_mut(&connection) else { return };
        if listener.words.is_empty() {
            self.told.push(connection);
        }
        listener.words.push(said);
    }

    /// Lets every head hear what it was told.
    pub(super) fn flush(&mut self) -> Option<TurnEnd> {
        if self.told.is_empty() {
            return None;
        }
        let (turn, end) = Turn::begin();
        for connection in self.told.drain(..) {
            if let Some(listener) = self.heads.get_mut(&connection) {
                let said = std::mem::take(&mut listener.words);
                // A head that is gone will say so itself.
                let _ = listener.sender.send(Words { connection, said, turn: turn.clone() });
            }
        }
        Some(end)
    }
}
