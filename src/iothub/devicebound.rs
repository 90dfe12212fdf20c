//! Cloud-to-device messages: they wait here until their device has taken them (protocol.md §12.5).
//!
//! A message that is handed out is locked; it is gone when the device completes it, and is handed out again when the
//! lock is lost: because the device went away, or because the lock's time is over.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

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
/// The longest life that a sender may ask for.
pub const LONGEST_LIFE: Duration = Duration::from_secs(2 * 24 * 60 * 60);
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

/// What became of a queue when it was looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Dropped {
    pub(super) expired: usize,
    pub(super) given_up: usize,
}

/// The queues of all devices.
#[derive(Debug, Default)]
pub(super) struct DeviceBound {
    queues: BTreeMap<DeviceId, WaitingMessages>,
    receiving: BTreeSet<DeviceId>,
    last_lock: u64,
}

impl DeviceBound {
    pub(super) fn recovered(queues: BTreeMap<DeviceId, WaitingMessages>) -> Self {
        Self { queues, ..Self::default() }
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

    pub(super) fn receive(&mut self, device: &DeviceId) {
        self.receiving.insert(device.clone());
    }

    /// Takes back whatever a device has not completed; returns whether it had anything.
    pub(super) fn stop_receiving(&mut self, device: &DeviceId) -> bool {
        self.receiving.remove(device);
        let Some(queue) = self.queues.get_mut(device) else { return false };
        // All of them: `any` would stop at the first.
        queue.0.iter_mut().map(Waiting::lose_lock).fold(false, |some, lost| some | lost)
    }

    /// Removes a message that was taken; returns whether the lock was still good.
    pub(super) fn complete(&mut self, device: &DeviceId, token: LockToken) -> bool {
        let Some(queue) = self.queues.get_mut(device) else { return false };
        let before = queue.0.len();
        queue.0.retain(|waiting| waiting.lock.as_ref().is_none_or(|lock| lock.token != token));
        queue.0.len() < before
    }

    /// Forgets a device and what waits for it.
    pub(super) fn forget(&mut self, device: &DeviceId) {
        self.receiving.remove(device);
        self.queues.remove(device);
    }

    /// Drops what expired or was handed out too often, and takes back what was handed out too long ago.
    pub(super) fn clean(&mut self, now: Now, device: &DeviceId) -> Dropped {
        let Some(queue) = self.queues.get_mut(device) else { return Dropped::default() };
        let unix = u64::try_from(now.unix.as_millis()).unwrap_or(u64::MAX);
        let mut dropped = Dropped::default();
        queue.0.retain_mut(|waiting| {
            if waiting.lock.as_ref().is_some_and(|lock| lock.until <= now.monotonic) {
                waiting.lose_lock();
            }
            let is_old = waiting.lock.is_none() && waiting.expires <= unix;
            let is_given_up = waiting.lost_locks >= MAX_DELIVERIES;
            dropped.expired += usize::from(is_old && !is_given_up);
            dropped.given_up += usize::from(is_given_up);
            !is_old && !is_given_up
        });
        dropped
    }

    /// Locks and returns everything that a device takes and has not got yet.
    pub(super) fn hand_out(&mut self, now: Now, device: &DeviceId) -> Vec<(LockToken, Arc<Message>)> {
        let Some(queue) = self.queues.get_mut(device).filter(|_| self.receiving.contains(device)) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        for waiting in queue.0.iter_mut().filter(|waiting| waiting.lock.is_none()) {
            self.last_lock += 1;
            let token = LockToken(self.last_lock);
            waiting.lock = Some(Lock { token, until: now.monotonic + LOCK });
            out.push((token, Arc::clone(&waiting.message)));
        }
        out
    }

    /// Returns the devices with a lock whose time is over.
    pub(super) fn overdue(&self, now: Now) -> Vec<DeviceId> {
        let is_over = |waiting: &Waiting| waiting.lock.as_ref().is_some_and(|lock| lock.until <= now.monotonic);
        self.queues.iter().filter(|(_, queue)| queue.0.iter().any(is_over)).map(|(device, _)| device.clone()).collect()
    }

    /// Returns when the next lock's time is over, on the monotonic clock.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.queues.values().flat_map(|queue| &queue.0).filter_map(|waiting| Some(waiting.lock.as_ref()?.until)).min()
    }
}

impl Waiting {
    fn lose_lock(&mut self) -> bool {
        let had = self.lock.take().is_some();
        self.lost_locks += u32::from(had);
        had
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
