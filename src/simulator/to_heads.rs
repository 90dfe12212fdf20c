//! What the dispatcher says to the clients' connections, gathered until the end of its turn.
//!
//! A head that is told everything at once wakes once and writes once; see [`heads`](super::heads).

use std::collections::HashMap;

use tokio::sync::mpsc;

use super::event::ToHead;
use crate::edgehub::ConnectionId;

/// The way to one head, which is told by the number of the connection for which of its clients the words are.
///
/// Unbounded, since what the hub has on its way to one client is bounded by its window.
pub(super) type HeadSender = mpsc::UnboundedSender<(ConnectionId, Vec<ToHead>)>;

/// The heads that have asked for something, and what they are told in this turn.
#[derive(Debug, Default)]
pub(super) struct ToHeads {
    heads: HashMap<ConnectionId, Listener>,
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

    /// Lets every head hear what it was told; says whether there was one.
    pub(super) fn flush(&mut self) -> bool {
        let has_told = !self.told.is_empty();
        for connection in self.told.drain(..) {
            if let Some(listener) = self.heads.get_mut(&connection) {
                // A head that is gone will say so itself.
                let _ = listener.sender.send((connection, std::mem::take(&mut listener.words)));
            }
        }
        has_told
    }
}
