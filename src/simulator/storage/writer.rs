//! What runs on the store thread.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;

use super::{Stored, Turn};
use crate::edgehub::{FromStore, QueueId, Queued, Ticket, ToStore};
use crate::simulator::state::document_path;
use crate::store::{self, Durability, Queues, StoreError};

/// Commands after which no more are taken before a commit.
const GROUP: usize = 4096;
/// Bytes of messages after which no more commands are taken before a commit.
const GROUP_BYTES: usize = 4 << 20;
/// Bytes read for one [`ToStore::Load`], at the most.
const LOAD_BYTES: usize = 1 << 18;
/// Messages looked at for one [`ToStore::Expire`], at the most.
const EXPIRE_COUNT: usize = 4096;
/// A change of the bytes in use that is worth telling.
const USED_STEP: u64 = 64 * 1024;

pub(super) struct Writer {
    queues: Queues,
    folder: PathBuf,
    durability: Durability,
    /// The names of queues, which would else be written anew for every message.
    names: HashMap<QueueId, Arc<str>>,
    group: Group,
    /// The highest mark that is stored or in the group.
    mark: u64,
    /// What was told last.
    told_mark: u64,
    told_used: u64,
}

/// What is left to do of a group of commands after its messages were taken.
#[derive(Default)]
struct Group {
    commands: usize,
    bytes: usize,
    documents: BTreeMap<String, Value>,
    done: BTreeMap<QueueId, u64>,
    asked: Vec<ToStore>,
    confirms: Vec<Ticket>,
    room: Vec<OwnedSemaphorePermit>,
}

impl Group {
    fn has_room(&self) -> bool {
        self.commands < GROUP && self.bytes < GROUP_BYTES
    }
}

impl Writer {
    pub(super) fn new(queues: Queues, folder: PathBuf, durability: Durability) -> Self {
        let told_used = queues.live_bytes();
        let (names, group) = (HashMap::new(), Group::default());
        Self { queues, folder, durability, names, group, mark: 0, told_mark: 0, told_used }
    }

    /// Works until nobody tells anything any more.
    pub(super) fn run(&mut self, turns: &Receiver<Turn>, say: &impl Fn(Stored)) -> Result<(), StoreError> {
        let tell = |said| say(Stored::Said(said));
        while let Ok(first) = turns.recv() {
            self.take_turn(first)?;
            while self.group.has_room()
                && let Ok(turn) = turns.try_recv()
            {
                self.take_turn(turn)?;
            }
            let group = std::mem::take(&mut self.group);
            self.queues.commit()?;
            self.save(group.documents)?;
            drop(group.room);
            if self.mark > self.told_mark {
                self.told_mark = self.mark;
                tell(FromStore::Durable { mark: self.mark });
            }
            group.confirms.into_iter().for_each(|ticket| say(Stored::Confirmed(ticket)));
            self.acknowledge(group.done)?;
            self.tell_used(&tell);
            group.asked.into_iter().try_for_each(|asked| self.answer(asked, &tell))?;
        }
        Ok(())
    }

    fn take_turn(&mut self, turn: Turn) -> Result<(), StoreError> {
        self.group.commands += turn.commands.len();
        self.group.room.extend(turn.room);
        turn.commands.into_iter().try_for_each(|command| self.take(command))
    }

    fn take(&mut self, command: ToStore) -> Result<(), StoreError> {
        match command {
            ToStore::Append { mark, queue, offset, queued } => {
                self.group.bytes += queued.message.size();
                let name = self.name(&queue);
                self.queues.append(&name, offset, |out| queued.encode(out))?;
                self.mark = self.mark.max(mark);
            }
            ToStore::Save { mark, name, document } => {
                self.group.documents.insert(name, document);
                self.mark = self.mark.max(mark);
            }
            ToStore::Done { queue, first } => drop(self.group.done.insert(queue, first)),
            asked @ (ToStore::Load { .. } | ToStore::Expire { .. }) => self.group.asked.push(asked),
            ToStore::Confirm { ticket } => self.group.confirms.push(ticket),
        }
        Ok(())
    }

    fn answer(&mut self, asked: ToStore, tell: &impl Fn(FromStore)) -> Result<(), StoreError> {
        match asked {
            ToStore::Load { queue, from, count } => {
                let messages = self.load(&queue, from, count)?;
                tell(FromStore::Loaded { queue, from, messages });
            }
            ToStore::Expire { queue, from, unix } => {
                let below = self.find_unexpired(&queue, from, unix)?;
                tell(FromStore::Expired { queue, from, below });
            }
            _ => {}
        }
        Ok(())
    }

    fn name(&mut self, queue: &QueueId) -> Arc<str> {
        match self.names.get(queue) {
            Some(name) => Arc::clone(name),
            None => {
                let name: Arc<str> = queue.name().into();
                self.names.insert(queue.clone(), Arc::clone(&name));
                name
            }
        }
    }

    fn tell_used(&mut self, tell: &impl Fn(FromStore)) {
        let used = self.queues.live_bytes();
        let is_news = used.abs_diff(self.told_used) >= USED_STEP || (used == 0 && self.told_used > 0);
        if is_news {
            self.told_used = used;
            tell(FromStore::Used { bytes: used });
        }
    }

    /// Writes documents in the order of their names: what the cloud knows before what the hub believes it knows.
    fn save(&self, documents: BTreeMap<String, Value>) -> Result<(), StoreError> {
        for (name, document) in documents {
            let path = document_path(&self.folder, &name);
            save_document(&path, &document, self.durability).map_err(|source| StoreError::Io {
                doing: "write",
                path,
                source,
            })?;
        }
        Ok(())
    }

    fn acknowledge(&mut self, done: BTreeMap<QueueId, u64>) -> Result<(), StoreError> {
        if done.is_empty() {
            return Ok(());
        }
        for (queue, first) in done {
            let name = self.name(&queue);
            self.queues.acknowledge(&name, first)?;
        }
        self.queues.commit()
    }

    /// Returns the first offset whose message has not expired, or that was not looked at.
    fn find_unexpired(&self, queue: &QueueId, from: u64, unix: Duration) -> Result<u64, StoreError> {
        let records = self.queues.read(&queue.name(), from, EXPIRE_COUNT, LOAD_BYTES)?;
        // What is no message has expired, as in `load`.
        let has_expired =
            |record: &Bytes| Queued::expiry(record).is_none_or(|expires| expires.is_some_and(|at| at < unix));
        let mut below = from;
        for (number, record) in &records {
            if !has_expired(record) {
                return Ok(*number);
            }
            below = number + 1;
        }
        Ok(below)
    }

    /// Reads messages without a gap: the hub counts them.
    fn load(&self, queue: &QueueId, from: u64, count: usize) -> Result<Vec<Queued>, StoreError> {
        let records = self.queues.read(&queue.name(), from, count, LOAD_BYTES)?;
        // A record that is lost, or no message since another version wrote it, is passed over; it is not fatal.
        let lost = || Queued { expires: Some(Duration::ZERO), since: None, message: Arc::default() };
        let mut messages = Vec::with_capacity(records.len());
        for (number, record) in records {
            let missing = usize::try_from(number - from).unwrap_or(count).min(count);
            messages.resize_with(missing.max(messages.len()), lost);
            messages.push(Queued::decode(record).unwrap_or_else(|_| lost()));
        }
        if messages.is_empty() {
            // The hub asks for what it knows to exist: all of it is lost, and asking again would bring nothing else.
            messages.resize_with(count, lost);
        }
        messages.truncate(count);
        Ok(messages)
    }
}

fn save_document(path: &Path, document: &Value, durability: Durability) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        store::create_folder(folder, durability)?;
    }
    store::save(path, document.to_string().as_bytes(), durability)
}
