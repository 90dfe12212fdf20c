//! One message in a queue, and how the store keeps it.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};

use crate::clock::{Now, parse_iso};
use crate::message::{Message, NotAMessage, system};

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

#[cfg(test)]
mod tests {
    use super::*;

    fn queued(expires: Option<Duration>) -> Queued {
        let message = Message { body: Bytes::from_static(b"z"), ..Message::default() };
        Queued { expires, since: None, message: Arc::new(message) }
    }

    #[test]
    fn a_stored_message_keeps_its_expiry() {
        let expiring = queued(Some(Duration::from_millis(1_700_000_000_123)));
        for queued in [expiring, queued(None)] {
            let mut stored = Vec::new();
            queued.encode(&mut stored);
            assert_eq!(Queued::decode(Bytes::from(stored)), Ok(queued));
        }
        assert_eq!(Queued::decode(Bytes::from_static(b"short")), Err(NotAMessage));
    }
}
