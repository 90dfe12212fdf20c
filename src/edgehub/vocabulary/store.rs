//! What the hub and the store tell each other.

use std::time::Duration;

use serde_json::Value;

use super::Ticket;
use super::queue_id::QueueId;
use crate::edgehub::queued::Queued;

/// The store holds as much as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the messages that wait take {used} bytes, and {limit} are allowed")]
pub struct StoreFull {
    /// What the waiting messages take.
    pub used: u64,
    /// What they may.
    pub limit: u64,
}

/// What the store is to do, in the order of the telling.
#[derive(Debug, Clone, PartialEq)]
pub enum ToStore {
    /// Keep a message; answered by [`FromStore::Durable`] with this mark or a later one.
    Append {
        /// Grows by one with each [`ToStore::Append`] and [`ToStore::Save`] of the hub.
        mark: u64,
        /// The queue.
        queue: QueueId,
        /// The message's offset there.
        offset: u64,
        /// The message.
        queued: Queued,
    },
    /// Keep a state document, replacing the one of that name; answered as [`ToStore::Append`] is.
    Save {
        /// As that of [`ToStore::Append`]; 0 if nobody waits for it.
        mark: u64,
        /// A name such as `hub/twins/filter`.
        name: String,
        /// The document.
        document: Value,
    },
    /// Everything below this offset is done.
    Done {
        /// The queue.
        queue: QueueId,
        /// The first offset that is not.
        first: u64,
    },
    /// Read messages; answered by [`FromStore::Loaded`].
    Load {
        /// The queue.
        queue: QueueId,
        /// The first offset wanted.
        from: u64,
        /// How many at the most.
        count: usize,
    },
    /// Find messages at the head of a queue that have expired; answered by [`FromStore::Expired`].
    Expire {
        /// The queue.
        queue: QueueId,
        /// The first offset to look at.
        from: u64,
        /// What expired before this has (wall clock).
        unix: Duration,
    },
    /// Say when everything before this is stored; for others than the hub, which waits for marks.
    Confirm {
        /// Named in the answer.
        ticket: Ticket,
    },
}

/// What the store says.
#[derive(Debug, Clone, PartialEq)]
pub enum FromStore {
    /// Everything up to this mark is stored.
    Durable {
        /// The mark of a [`ToStore::Append`] or [`ToStore::Save`].
        mark: u64,
    },
    /// Messages that [`ToStore::Load`] asked for.
    Loaded {
        /// The queue.
        queue: QueueId,
        /// The first message's offset.
        from: u64,
        /// The messages, in order; those that were lost are expired ones.
        messages: Vec<Queued>,
    },
    /// Messages that [`ToStore::Expire`] asked for: everything between two offsets. There may be more.
    Expired {
        /// The queue.
        queue: QueueId,
        /// What was asked for.
        from: u64,
        /// The first offset that has not expired, or that was not looked at.
        below: u64,
    },
    /// How many bytes the messages that are not done take on disk; told when that has changed by much.
    Used {
        /// So many.
        bytes: u64,
    },
}
