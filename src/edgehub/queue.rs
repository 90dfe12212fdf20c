//! One queue of one endpoint at one priority: what is stored, what is in memory, what is on its way.
//!
//! The messages themselves lie in the store. While somebody reads them at most [`CACHE_COUNT`] messages or
//! [`CACHE_BYTES`] bytes from the first unacknowledged one on are in memory, and otherwise none; the rest is loaded when
//! its turn comes, so that a slow or absent reader costs disk.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};

use crate::clock::{Now, parse_iso};
use crate::message::{Message, NotAMessage, system};

/// Messages kept in memory per queue.
pub(super) const CACHE_COUNT: usize = 256;
/// Bytes kept in memory per queue, beyond which only one more message is taken.
pub(super) const CACHE_BYTES: usize = 1 << 18;
/// How long a message that was given back waits at first, and at the most (protocol.md §9.2).
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A message with the moment after which it must not be delivered any more.
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    /// Wall clock; `None` lives for ever.
    pub expires: Option<Duration>,
    /// When it was queued, on the monotonic clock; not stored, and so `None` for one that was read back.
    pub since: Option<Duration>,
    /// The message.
    pub message: Arc<Message>,
}

impl Queued {
    /// Appends the stored form: expiry in milliseconds since 1970 (all ones for never), then the message.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let millis = self.expires.map_or(u64::MAX, |at| u64::try_from(at.as_millis()).unwrap_or(u64::MAX - 1));
        out.extend_from_slice(&millis.to_le_bytes());
        self.message.encode(out);
    }

    /// Reads when a stored message expires; the inner `None` is never, the outer one no message.
    pub fn expiry(stored: &[u8]) -> Option<Option<Duration>> {
        let millis = u64::from_le_bytes(*stored.first_chunk()?);
        Some((millis != u64::MAX).then(|| Duration::from_millis(millis)))
    }

    /// Returns how long the message has been queued; of one that was read back its own time tells.
    pub(super) fn waited(&self, now: Now) -> Option<Duration> {
        match self.since {
            Some(since) => Some(now.monotonic.saturating_sub(since)),
            None => Some(now.unix.saturating_sub(parse_iso(self.message.system(system::ENQUEUED_TIME)?)?)),
        }
    }

    /// Reads the stored form.
    pub fn decode(mut stored: Bytes) -> Result<Self, NotAMessage> {
        let expires = Self::expiry(&stored).ok_or(NotAMessage)?;
        stored.advance(8);
        Message::decode(stored).map(|message| Self { expires, since: None, message: Arc::new(message) })
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;
    const WINDOW: u64 = 32;

    fn queued(body: &'static str) -> Queued {
        let message = Message { body: Bytes::from_static(body.as_bytes()), ..Message::default() };
        Queued { expires: None, since: None, message: Arc::new(message) }
    }

    fn filled(count: u64) -> Queue {
        let mut queue = Queue::default();
        (0..count).for_each(|_| {
            queue.append(&queued("x"));
        });
        queue
    }

    fn hand_out_all(queue: &mut Queue) -> Vec<u64> {
        std::iter::from_fn(|| queue.hand_out(NOW, WINDOW as usize).map(|(offset, _)| offset)).collect()
    }

    #[test]
    fn the_window_bounds_what_is_on_its_way() {
        let mut queue = filled(WINDOW + 5);
        assert_eq!(hand_out_all(&mut queue), (0..WINDOW).collect::<Vec<_>>());
        assert_eq!(queue.finish(NOW, 0), Some(1));
        assert_eq!(hand_out_all(&mut queue), [WINDOW]);
    }

    #[test]
    fn out_of_turn_acknowledgements_wait_for_the_first() {
        let mut queue = filled(3);
        hand_out_all(&mut queue);
        assert_eq!(queue.finish(NOW, 1), None);
        assert_eq!(queue.unfinished(), 2);
        assert_eq!(queue.finish(NOW, 0), Some(2));
    }

    #[test]
    fn after_a_disconnect_only_what_is_not_done_comes_again() {
        let mut queue = filled(4);
        hand_out_all(&mut queue);
        queue.finish(NOW, 0);
        queue.finish(NOW, 2);
        queue.take_back();
        assert_eq!(hand_out_all(&mut queue), [1, 3]);
    }

    #[test]
    fn whoever_works_through_a_window_one_by_one_is_not_late() {
        let mut queue = filled(3);
        hand_out_all(&mut queue);
        assert_eq!(queue.oldest_flight(), Some(NOW));
        queue.finish(Duration::from_secs(20), 0);
        assert_eq!(queue.oldest_flight(), Some(Duration::from_secs(20)));
        queue.finish(Duration::from_secs(25), 2);
        assert_eq!(queue.oldest_flight(), Some(Duration::from_secs(20)), "the second is still waited for");
    }

    #[test]
    fn what_is_given_back_comes_again_after_a_pause_that_doubles() {
        // protocol.md §9.2
        let mut queue = filled(2);
        hand_out_all(&mut queue);
        let mut now = NOW;
        for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
            queue.release(now, 0);
            assert_eq!(queue.next_again(), Some(now + Duration::from_secs(pause)));
            now += Duration::from_secs(pause);
            assert_eq!(queue.hand_out(now, WINDOW as usize), None, "its time has not been told");
            queue.end_pauses(now);
            assert_eq!(queue.next_again(), None);
            assert_eq!(queue.hand_out(now, WINDOW as usize).map(|(offset, _)| offset), Some(0));
        }
        assert_eq!(queue.oldest_flight(), Some(now));
        queue.finish(now, 0);
        queue.release(now, 0);
        queue.release(now, 9);
        assert_eq!(queue.next_again(), None, "neither what is done nor what was never handed out comes again");
    }

    #[test]
    fn more_than_there_is_cannot_be_loaded() {
        let mut queue = Queue::recovered(7, 9);
        queue.open();
        queue.missing();
        queue.loaded(7, vec![queued("a"); 5]);
        assert_eq!(hand_out_all(&mut queue), [7, 8]);
    }

    #[test]
    fn a_second_acknowledgement_changes_nothing() {
        let mut queue = filled(2);
        hand_out_all(&mut queue);
        assert_eq!(queue.finish(NOW, 0), Some(1));
        assert_eq!(queue.finish(NOW, 0), None);
        assert_eq!(queue.finish(NOW, 9), None);
        assert_eq!(queue.unfinished(), 1);
    }

    #[test]
    fn what_does_not_fit_in_memory_is_loaded_when_its_turn_comes() {
        let mut queue = filled(CACHE_COUNT as u64 + 10);
        assert_eq!(queue.missing(), None);
        for offset in 0..CACHE_COUNT as u64 {
            assert_eq!(queue.hand_out(NOW, 1).map(|(offset, _)| offset), Some(offset));
            queue.finish(NOW, offset);
        }
        assert_eq!(queue.hand_out(NOW, 1), None);
        let missing = queue.missing().expect("ten are in the store");
        assert_eq!(missing.from, CACHE_COUNT as u64);
        assert_eq!(queue.missing(), None, "asked once");
        queue.loaded(missing.from, vec![queued("y"); 10]);
        assert_eq!(hand_out_all(&mut queue).len(), 10);
    }

    #[test]
    fn a_recovered_queue_starts_at_its_first_unacknowledged_message() {
        let mut queue = Queue::recovered(7, 9);
        queue.open();
        assert_eq!(queue.missing().map(|m| m.from), Some(7));
        queue.loaded(7, vec![queued("a"), queued("b")]);
        assert_eq!(hand_out_all(&mut queue), [7, 8]);
    }

    #[test]
    fn without_a_reader_nothing_is_in_memory() {
        let mut queue = filled(3);
        hand_out_all(&mut queue);
        queue.finish(NOW, 1);
        queue.close();
        queue.append(&queued("y"));
        queue.missing();
        queue.loaded(0, vec![queued("x"); 3]);
        assert_eq!((queue.cache.len(), queue.cache_bytes, queue.unfinished()), (0, 0, 3));
        queue.open();
        assert_eq!(queue.missing().map(|m| m.from), Some(0));
        queue.loaded(0, vec![queued("x"); 4]);
        assert_eq!(hand_out_all(&mut queue), [0, 2, 3]);
    }

    #[test]
    fn what_is_on_its_way_does_not_expire() {
        let mut queue = filled(3);
        hand_out_all(&mut queue);
        assert_eq!((queue.resting(), queue.expire(2)), (None, false));
        queue.close();
        assert_eq!((queue.resting(), queue.expire(2)), (Some(0), true));
        assert_eq!((queue.resting(), queue.expire(2)), (Some(2), false));
        assert!(queue.expire(99));
        assert!(queue.is_empty());
    }

    #[test]
    fn a_stored_message_keeps_its_expiry() {
        let expiring = Queued { expires: Some(Duration::from_millis(1_700_000_000_123)), ..queued("z") };
        for queued in [expiring, queued("z")] {
            let mut stored = Vec::new();
            queued.encode(&mut stored);
            assert_eq!(Queued::decode(Bytes::from(stored)), Ok(queued));
        }
        assert_eq!(Queued::decode(Bytes::from_static(b"short")), Err(NotAMessage));
    }
}
