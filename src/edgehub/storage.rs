//! What the store has room for, and what need not be stored any more.

use std::time::Duration;

use super::hub::EdgeHub;
use super::vocabulary::{Output, QueueId, StoreFull, ToStore};
use crate::clock::Now;

/// How often expired messages are cleared away that nobody asks for. The real hub does so every half hour
/// (protocol.md §9.1); none is ever delivered after its time, so that only the disk notices.
const SWEEP: Duration = Duration::from_secs(60);

/// The store, as far as the hub knows it.
#[derive(Debug, Default)]
pub(super) struct Stored {
    /// Bytes of messages that are not done, as told last.
    pub(super) used: u64,
    /// The most that they may be; `None` is as much as the disk has.
    pub(super) limit: Option<u64>,
    /// What was chosen over any limit of the configuration.
    pub(super) chosen: Option<u64>,
    /// When expired messages were looked for last, on the monotonic clock.
    swept: Duration,
}

impl Stored {
    pub(super) fn recovered(used: u64) -> Self {
        Self { used, ..Self::default() }
    }

    /// Returns when expired messages are looked for next, if there are any messages.
    pub(super) fn next_sweep(&self) -> Duration {
        self.swept + SWEEP
    }
}

impl EdgeHub {
    /// Limits the bytes that waiting messages may take on disk, whatever the configuration says.
    pub fn limit_storage(&mut self, bytes: u64) {
        self.stored.chosen = Some(bytes);
        self.stored.limit = Some(bytes);
    }

    /// Refuses what would be stored beyond the limit (protocol.md §9.1).
    pub(super) fn check_room(&self) -> Result<(), StoreFull> {
        match self.stored.limit {
            Some(limit) if self.stored.used >= limit => Err(StoreFull { used: self.stored.used, limit }),
            _ => Ok(()),
        }
    }

    pub(super) fn sweep_deadline(&self) -> Option<Duration> {
        self.queues.values().any(|queue| !queue.is_empty()).then_some(self.stored.next_sweep())
    }

    /// Has the store look for expired messages, if it is time.
    pub(super) fn sweep(&mut self, now: Now) {
        if self.stored.next_sweep() > now.monotonic {
            return;
        }
        self.stored.swept = now.monotonic;
        let resting = self.queues.iter().filter_map(|(id, queue)| Some((id.clone(), queue.resting()?)));
        let asked = resting.map(|(queue, from)| ToStore::Expire { queue, from, unix: now.unix });
        self.out.extend(asked.map(Output::Store));
    }

    /// Takes what the store found, and has it look on if all that it looked at had expired.
    pub(super) fn handle_expired(&mut self, now: Now, id: QueueId, from: u64, below: u64) {
        let Some(queue) = self.queues.get_mut(&id).filter(|queue| queue.resting() == Some(from)) else { return };
        if !queue.expire(below) {
            return;
        }
        let rest = queue.resting();
        self.tell_store(ToStore::Done { queue: id.clone(), first: below });
        if let Some(from) = rest {
            self.tell_store(ToStore::Expire { queue: id, from, unix: now.unix });
        }
    }
}
