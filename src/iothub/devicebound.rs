//! Cloud-to-device messages: they wait here until their device has taken them (protocol.md §12.5).
//!
//! A message that is handed out is locked; it is gone when the device completes it, and is handed out again when the
//! lock is lost: because the device went away, or because the lock's time is over.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::feedback::MessageEnd;
use crate::clock::Now;
use crate::edgehub::LockToken;
use crate::identity::DeviceId;
use crate::message::Message;

/// Messages that may wait for one device.
pub const MAX_WAITING: usize = 50;
/// The largest message, body and properties.
pub const MAX_DEVICE_MESSAGE: usize = 64 * 1024;
/// How long a message lives unless its sender says something else.
pub const DEFAULT_LIFE: Duration = Duration::from_secs(60 * 60);
const LOCK: Duration = Duration::from_secs(60);
const MAX_DELIVERIES: u32 = 10;

/// The messages of one device, oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WaitingMessages(VecDeque<Waiting>);

/// A message that waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Waiting {
    /// Wall clock, in milliseconds since 1970.
    expires: u64,
    /// How often it was handed out and not completed.
    lost_locks: u32,
    #[serde(with = "stored_message")]
    message: Arc<Message>,
    #[serde(skip)]
    lock: Option<Lock>,
}

/// While a message is handed out.
#[derive(Debug, Clone)]
struct Lock {
    token: LockToken,
    /// On the monotonic clock.
    until: Duration,
}

/// What a device takes, and what it got, counted since it began to take.
#[derive(Debug, Clone, Copy, Default)]
struct Room {
    /// `None` is no limit.
    total: Option<u64>,
    given: u64,
}

/// The queues of all devices.
#[derive(Debug, Default)]
pub(super) struct DeviceBound {
    queues: BTreeMap<DeviceId, WaitingMessages>,
    receiving: BTreeMap<DeviceId, Room>,
    /// When the next message that is not handed out expires, on the monotonic clock; of those with such a message.
    expiries: BTreeMap<DeviceId, Duration>,
    last_lock: u64,
}

impl DeviceBound {
    pub(super) fn recovered(queues: BTreeMap<DeviceId, WaitingMessages>) -> Self {
        // The first look tells when they expire.
        let expiries = queues.keys().map(|device| (device.clone(), Duration::ZERO)).collect();
        Self { queues, expiries, ..Self::default() }
    }

    pub(super) fn count(&self, device: &DeviceId) -> usize {
        self.queues.get(device).map_or(0, |queue| queue.0.len())
    }

    /// Returns what is kept of a device's queue.
    pub(super) fn document(&self, device: &DeviceId) -> serde_json::Value {
        serde_json::json!(self.queues.get(device).cloned().unwrap_or_default())
    }

    /// Puts a message last.
    pub(super) fn enqueue(&mut self, now: Now, device: &DeviceId, message: Message, life: Duration) {
        let expires = u64::try_from((now.unix + life).as_millis()).unwrap_or(u64::MAX);
        let waiting = Waiting { expires, lost_locks: 0, message: Arc::new(message), lock: None };
        self.queues.entry(device.clone()).or_default().0.push_back(waiting);
    }

    pub(super) fn receive(&mut self, device: &DeviceId, total: Option<u64>) {
        self.receiving.entry(device.clone()).or_default().total = total;
    }

    /// Takes back whatever a device has not completed; returns whether it had anything.
    pub(super) fn stop_receiving(&mut self, device: &DeviceId) -> bool {
        self.receiving.remove(device);
        let Some(queue) = self.queues.get_mut(device) else { return false };
        // All of them: `any` would stop at the first.
        queue.0.iter_mut().map(Waiting::lose_lock).fold(false, |some, lost| some | lost)
    }

    /// Removes a message that is done with and returns it, if the lock was still good.
    pub(super) fn complete(&mut self, device: &DeviceId, token: LockToken) -> Option<Arc<Message>> {
        let queue = &mut self.queues.get_mut(device)?.0;
        let place = queue.iter().position(|waiting| waiting.lock.as_ref().is_some_and(|lock| lock.token == token))?;
        queue.remove(place).map(|waiting| waiting.message)
    }

    /// Takes a message back that was not used; returns whether the lock was still good.
    pub(super) fn abandon(&mut self, device: &DeviceId, token: LockToken) -> bool {
        let waiting = self.queues.get_mut(device).and_then(|queue| {
            queue.0.iter_mut().find(|waiting| waiting.lock.as_ref().is_some_and(|lock| lock.token == token))
        });
        waiting.is_some_and(Waiting::lose_lock)
    }

    /// Forgets a device and what waits for it.
    pub(super) fn forget(&mut self, device: &DeviceId) {
        self.receiving.remove(device);
        self.purge(device);
    }

    /// Removes all that waits for a device, and returns it.
    pub(super) fn purge(&mut self, device: &DeviceId) -> Vec<Arc<Message>> {
        self.expiries.remove(device);
        let queue = self.queues.remove(device).unwrap_or_default();
        queue.0.into_iter().map(|waiting| waiting.message).collect()
    }

    /// Drops what expired or was handed out too often and returns it, and takes back what was handed out too long ago.
    pub(super) fn clean(&mut self, now: Now, device: &DeviceId) -> Vec<(Arc<Message>, MessageEnd)> {
        let Some(queue) = self.queues.get_mut(device) else { return Vec::new() };
        let unix = u64::try_from(now.unix.as_millis()).unwrap_or(u64::MAX);
        let mut dropped = Vec::new();
        queue.0.retain_mut(|waiting| {
            if waiting.lock.as_ref().is_some_and(|lock| lock.until <= now.monotonic) {
                waiting.lose_lock();
            }
            let end = waiting.end(unix);
            dropped.extend(end.map(|end| (Arc::clone(&waiting.message), end)));
            end.is_none()
        });
        let free = queue.0.iter().filter(|waiting| waiting.lock.is_none());
        match free.map(|waiting| waiting.expires).min() {
            Some(next) => {
                let left = Duration::from_millis(next.saturating_sub(unix));
                self.expiries.insert(device.clone(), now.monotonic + left);
            }
            None => drop(self.expiries.remove(device)),
        }
        dropped
    }

    /// Locks and returns everything that a device takes and has not got yet.
    pub(super) fn hand_out(&mut self, now: Now, device: &DeviceId) -> Vec<(LockToken, Arc<Message>)> {
        let (Some(queue), Some(room)) = (self.queues.get_mut(device), self.receiving.get_mut(device)) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        for waiting in queue.0.iter_mut().filter(|waiting| waiting.lock.is_none()) {
            if room.total.is_some_and(|total| room.given >= total) {
                break;
            }
            room.given += 1;
            self.last_lock += 1;
            let token = LockToken(self.last_lock);
            waiting.lock = Some(Lock { token, until: now.monotonic + LOCK });
            out.push((token, Arc::clone(&waiting.message)));
        }
        out
    }

    /// Returns the devices with a lock whose time is over, or a message that has expired.
    pub(super) fn overdue(&self, now: Now) -> Vec<DeviceId> {
        let is_over = |waiting: &Waiting| waiting.lock.as_ref().is_some_and(|lock| lock.until <= now.monotonic);
        let has_expired = |device: &DeviceId| self.expiries.get(device).is_some_and(|at| *at <= now.monotonic);
        let due = self.queues.iter().filter(|(device, queue)| has_expired(device) || queue.0.iter().any(is_over));
        due.map(|(device, _)| device.clone()).collect()
    }

    /// Returns when the next of them is, on the monotonic clock.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let locks = self.queues.values().flat_map(|queue| &queue.0).filter_map(|waiting| waiting.lock.as_ref());
        locks.map(|lock| lock.until).chain(self.expiries.values().copied()).min()
    }
}

impl Waiting {
    fn lose_lock(&mut self) -> bool {
        let had = self.lock.take().is_some();
        self.lost_locks += u32::from(had);
        had
    }

    /// Says whether, and why, it is not to be handed out any more.
    fn end(&self, unix: u64) -> Option<MessageEnd> {
        if self.lost_locks >= MAX_DELIVERIES {
            return Some(MessageEnd::DeliveryCountExceeded);
        }
        (self.lock.is_none() && self.expires <= unix).then_some(MessageEnd::Expired)
    }
}

/// A message in JSON: its stored form in base64.
mod stored_message {
    use std::sync::Arc;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::message::Message;

    pub(super) fn serialize<S: Serializer>(message: &Message, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Message>, D::Error> {
        let bytes = STANDARD.decode(String::deserialize(deserializer)?).map_err(Error::custom)?;
        Message::decode(Bytes::from(bytes)).map(Arc::new).map_err(Error::custom)
    }
}
