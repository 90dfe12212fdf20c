//! One queue of one endpoint at one priority: what is stored, what is in memory, what is on its way.
//!
//! The messages themselves lie in the store. While somebody reads them at most [`CACHE_COUNT`] messages or
//! [`CACHE_BYTES`] bytes from the first unacknowledged one on are in memory, and otherwise none; the rest is loaded when
//! its turn comes, so that a slow or absent reader costs disk.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::queued::Queued;

/// Messages kept in memory per queue.
pub(super) const CACHE_COUNT: usize = 256;
/// Bytes kept in memory per queue, beyond which only one more message is taken.
pub(super) const CACHE_BYTES: usize = 1 << 18;
/// How long a message that was given back waits at first, and at the most (protocol.md §9.2).
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A queue. Offsets count messages; everything below `first` is done.
#[derive(Debug, Default)]
pub(super) struct Queue {
    first: u64,
    next: u64,
    /// The messages from `first` on, as far as they are in memory.
    cache: VecDeque<Queued>,
    cache_bytes: usize,
    /// Those of the messages from `first` on that were handed out.
    flight: VecDeque<Flight>,
    /// Offsets above `first` that are done out of turn.
    done: BTreeSet<u64>,
    /// Those that were given back, until they come again.
    released: BTreeMap<u64, Released>,
    loading: bool,
    reader: Reader,
}

/// A message on its way.
#[derive(Debug, Clone, Copy)]
struct Flight {
    /// When it was handed out.
    sent: Duration,
    /// The same, or when it became the oldest, if that was later: whoever works through a full window has the whole time
    /// for each of its messages.
    since: Duration,
}

impl Flight {
    fn at(now: Duration) -> Self {
        Self { sent: now, since: now }
    }
}

/// Whether somebody takes what a queue holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Reader {
    #[default]
    Present,
    Absent,
}

/// A message that its taker gave back.
#[derive(Debug, Clone, Copy)]
struct Released {
    times: u32,
    again: Again,
}

/// When a message that was given back comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    At(Duration),
    Now,
    /// It has come.
    Done,
}

/// What to fetch from the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) from: u64,
    pub(super) count: usize,
}

impl Queue {
    /// A queue found in the store.
    pub(super) fn recovered(first: u64, next: u64) -> Self {
        Self { first, next, reader: Reader::Absent, ..Self::default() }
    }

    /// Says how many messages are not done.
    pub(super) fn unfinished(&self) -> u64 {
        self.next - self.first - self.done.len() as u64
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first == self.next
    }

    /// Says whether there are messages that were not handed out.
    pub(super) fn has_more(&self) -> bool {
        self.first + (self.flight.len() as u64) < self.next
    }

    /// Takes a message in and returns its offset; the caller has it stored.
    pub(super) fn append(&mut self, queued: &Queued) -> u64 {
        let offset = self.next;
        self.next += 1;
        if self.reader == Reader::Present && self.first + self.cache.len() as u64 == offset && self.has_room() {
            self.remember(queued.clone());
        }
        offset
    }

    /// Takes messages that the store has read; others than those asked for are ignored, and more than there are.
    pub(super) fn loaded(&mut self, from: u64, messages: Vec<Queued>) {
        self.loading = false;
        let expected = self.first + self.cache.len() as u64;
        let Ok(skip) = usize::try_from(expected.saturating_sub(from)) else { return };
        if from > expected || self.reader == Reader::Absent {
            return;
        }
        let owed = usize::try_from(self.next - expected).unwrap_or(usize::MAX);
        messages.into_iter().skip(skip).take(owed).for_each(|queued| self.remember(queued));
    }

    /// Notes that somebody takes what there is.
    pub(super) fn open(&mut self) {
        self.reader = Reader::Present;
    }

    /// Notes that nobody does: everything not done is handed out again to whoever comes next, and memory is freed.
    pub(super) fn close(&mut self) {
        self.take_back();
        self.cache = VecDeque::new();
        self.cache_bytes = 0;
        self.reader = Reader::Absent;
    }

    /// Marks everything below an offset as done, if none of it is on its way; says whether the first offset moved.
    pub(super) fn expire(&mut self, below: u64) -> bool {
        let below = below.min(self.next);
        if below <= self.first || !self.flight.is_empty() {
            return false;
        }
        self.first = below;
        self.done = self.done.split_off(&below);
        self.cache = VecDeque::new();
        self.cache_bytes = 0;
        true
    }

    /// Returns the first offset if nothing is on its way, so that what has expired may be cleared away.
    pub(super) fn resting(&self) -> Option<u64> {
        (self.flight.is_empty() && !self.is_empty()).then_some(self.first)
    }

    /// Returns what should be fetched now; asks once until [`Queue::loaded`].
    pub(super) fn missing(&mut self) -> Option<Missing> {
        let from = self.first + self.cache.len() as u64;
        if self.loading || from >= self.next || self.cache.len() >= CACHE_COUNT / 2 || self.cache_bytes >= CACHE_BYTES {
            return None;
        }
        self.loading = true;
        Some(Missing { from, count: CACHE_COUNT - self.cache.len() })
    }

    /// Returns the next message to hand out, if it is in memory and less than `window` are on their way.
    pub(super) fn hand_out(&mut self, now: Duration, window: usize) -> Option<(u64, &Queued)> {
        if let Some(position) = self.take_due(now) {
            return Some((self.first + position as u64, &self.cache[position]));
        }
        loop {
            let position = self.flight.len();
            if position >= window || position >= self.cache.len() {
                return None;
            }
            self.flight.push_back(Flight::at(now));
            let offset = self.first + position as u64;
            if !self.done.contains(&offset) {
                return Some((offset, &self.cache[position]));
            }
        }
    }

    /// Takes a message back that comes again after a pause, which doubles each time (protocol.md §9.2); returns when.
    pub(super) fn release(&mut self, now: Duration, offset: u64) -> Option<Duration> {
        let position = self.position(offset).filter(|_| !self.done.contains(&offset))?;
        let times = self.released.get(&offset).map_or(0, |released| released.times);
        let at = now + SHORTEST_PAUSE.saturating_mul(1 << times.min(6)).min(LONGEST_PAUSE);
        self.released.insert(offset, Released { times: times + 1, again: Again::At(at) });
        self.flight[position].since = at;
        Some(at)
    }

    /// Returns when the next message comes again.
    pub(super) fn next_again(&self) -> Option<Duration> {
        let waits = self.released.values().filter_map(|released| match released.again {
            Again::At(at) => Some(at),
            Again::Now | Again::Done => None,
        });
        waits.min()
    }

    /// Lets those come again whose pause is over.
    pub(super) fn end_pauses(&mut self, now: Duration) {
        for released in self.released.values_mut() {
            if matches!(released.again, Again::At(at) if at <= now) {
                released.again = Again::Now;
            }
        }
    }

    fn take_due(&mut self, now: Duration) -> Option<usize> {
        let (offset, released) = self.released.iter_mut().find(|(_, released)| released.again == Again::Now)?;
        released.again = Again::Done;
        let offset = *offset;
        let position = self.position(offset)?;
        self.flight[position] = Flight::at(now);
        Some(position)
    }

    /// Returns where a message stands among those handed out.
    fn position(&self, offset: u64) -> Option<usize> {
        let position = usize::try_from(offset.checked_sub(self.first)?).ok()?;
        (position < self.flight.len()).then_some(position)
    }

    /// Returns a message that is on its way, and when it was handed out.
    pub(super) fn on_its_way(&self, offset: u64) -> Option<(Duration, &Queued)> {
        let position = self.position(offset).filter(|_| !self.done.contains(&offset))?;
        Some((self.flight[position].sent, self.cache.get(position)?))
    }

    /// Marks a message as done; returns the new first offset when it moved.
    pub(super) fn finish(&mut self, now: Duration, offset: u64) -> Option<u64> {
        if offset < self.first || offset >= self.next {
            return None;
        }
        self.done.insert(offset);
        self.released.remove(&offset);
        let before = self.first;
        while self.done.remove(&self.first) {
            self.first += 1;
            self.flight.pop_front();
            if let Some(gone) = self.cache.pop_front() {
                self.cache_bytes -= gone.message.size();
            }
        }
        if self.first == before {
            return None;
        }
        if let Some(oldest) = self.flight.front_mut() {
            oldest.since = now;
        }
        Some(self.first)
    }

    /// Forgets what was handed out: everything not done is handed out again, from the first on.
    pub(super) fn take_back(&mut self) {
        self.flight.clear();
        self.released.clear();
    }

    /// Returns since when the oldest unfinished message is waited for.
    pub(super) fn oldest_flight(&self) -> Option<Duration> {
        self.flight.front().map(|oldest| oldest.since)
    }

    fn has_room(&self) -> bool {
        self.cache.len() < CACHE_COUNT && self.cache_bytes < CACHE_BYTES
    }

    fn remember(&mut self, queued: Queued) {
        self.cache_bytes += queued.message.size();
        self.cache.push_back(queued);
    }
}
