//! The store thread: the one place that writes queues and state documents while a simulation runs.
//!
//! It takes everything that waits, writes it, commits once, and only then says [`FromStore::Durable`]: group commit. What
//! is done with is noted after that, so that it counts even for messages of the same group.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;

use super::state::document_path;
use crate::edgehub::{FromStore, QueueId, Queued, Ticket, ToStore};
use crate::store::{self, Durability, Queues, StoreError};

/// Commands after which no more are taken before a commit.
const GROUP: usize = 4096;
/// Bytes of messages after which no more commands are taken before a commit.
const GROUP_BYTES: usize = 4 << 20;
/// Bytes read for one [`ToStore::Load`], at the most.
const LOAD_BYTES: usize = 1 << 18;
/// Messages looked at for one [`ToStore::Expire`], at the most.
const EXPIRE_COUNT: usize = 4096;
/// How long it may take until the thread hears that messages are done with: what a killed process did not write down
/// comes again, which it may.
const LAZY: Duration = Duration::from_millis(10);
/// A change of the bytes in use that is worth telling.
const USED_STEP: u64 = 64 * 1024;

/// What the store thread says.
#[derive(Debug)]
pub(super) enum Stored {
    /// Something for the hub; durable is what survives a crash of this process.
    Said(FromStore),
    /// Everything before [`ToStore::Confirm`] survives a crash of this process.
    Confirmed(Ticket),
    /// Nothing more will be stored; [`Storage::close`] says why.
    Failed,
}

/// What the thread is told at once.
#[derive(Debug, Default)]
struct Turn {
    commands: Vec<ToStore>,
    /// The room that the connections took up for it; given back when it is stored.
    room: Option<OwnedSemaphorePermit>,
}

/// The handle of the store thread; dropping the sender ends it once everything is written.
#[derive(Debug)]
pub(super) struct Storage {
    /// What was said since the last [`Storage::flush`].
    waiting: Turn,
    /// Until when a turn is kept back in which messages are done with and nothing else.
    lazy_until: Option<Duration>,
    commands: Option<Sender<Turn>>,
    thread: Option<JoinHandle<Result<(), StoreError>>>,
}

impl Storage {
    /// Starts the thread over opened queues; state documents go below `folder`.
    pub(super) fn start(
        queues: Queues,
        folder: PathBuf,
        durability: Durability,
        tell: impl Fn(Stored) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (commands, received) = channel();
        let thread = std::thread::Builder::new().name("store".to_owned()).spawn(move || {
            let mut writer = Writer::new(queues, folder, durability);
            let ended = writer.run(&received, &tell);
            if ended.is_err() {
                tell(Stored::Failed);
            }
            ended
        })?;
        Ok(Self { waiting: Turn::default(), lazy_until: None, commands: Some(commands), thread: Some(thread) })
    }

    /// Says something to the thread, at the next [`Storage::flush`].
    pub(super) fn send(&mut self, command: ToStore) {
        self.waiting.commands.push(command);
    }

    /// Keeps room of the connections taken until everything that was said in this turn is stored.
    pub(super) fn hold(&mut self, room: OwnedSemaphorePermit) {
        match &mut self.waiting.room {
            Some(held) => held.merge(room),
            none => *none = Some(room),
        }
    }

    /// Lets the thread hear what was said, unless it is nothing that anybody waits for and has been said just now.
    pub(super) fn flush(&mut self, now: Duration) {
        if self.waiting.commands.iter().all(|command| matches!(command, ToStore::Done { .. })) {
            self.waiting.room = None;
            if self.waiting.commands.is_empty() || now < *self.lazy_until.get_or_insert(now + LAZY) {
                return;
            }
        }
        self.flush_all();
    }

    /// Returns when [`Storage::flush`] is due, on the monotonic clock.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.lazy_until
    }

    /// After a failure nobody hears it, which [`Stored::Failed`] has told.
    fn flush_all(&mut self) {
        self.lazy_until = None;
        let turn = std::mem::take(&mut self.waiting);
        if let Some(commands) = self.commands.as_ref().filter(|_| !turn.commands.is_empty()) {
            let _ = commands.send(turn);
        }
    }

    /// Waits until everything is written, and says why if it could not be; once.
    ///
    /// The thread may have something to tell: whoever calls this must not keep it from that.
    pub(super) fn close(&mut self) -> Result<(), StoreError> {
        self.flush_all();
        self.commands = None;
        let Some(thread) = self.thread.take() else { return Ok(()) };
        // A panic of the thread has been told on stderr already.
        thread.join().unwrap_or(Ok(()))
    }
}

struct Writer {
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
    fn new(queues: Queues, folder: PathBuf, durability: Durability) -> Self {
        let told_used = queues.live_bytes();
        let (names, group) = (HashMap::new(), Group::default());
        Self { queues, folder, durability, names, group, mark: 0, told_mark: 0, told_used }
    }

    fn run(&mut self, turns: &Receiver<Turn>, say: &impl Fn(Stored)) -> Result<(), StoreError> {
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::edgehub::Endpoint;
    use crate::message::Message;

    /// A store whose thread is run by hand, over a temporary folder.
    struct World {
        folder: tempfile::TempDir,
    }

    fn upstream() -> QueueId {
        QueueId { endpoint: Endpoint::Upstream, priority: QueueId::LAST }
    }

    fn append(mark: u64, offset: u64) -> ToStore {
        let message = Message { body: Bytes::from(offset.to_string()), ..Message::default() };
        ToStore::Append {
            mark,
            queue: upstream(),
            offset,
            queued: Queued { expires: None, since: None, message: Arc::new(message) },
        }
    }

    fn save(mark: u64, name: &str) -> ToStore {
        ToStore::Save { mark, name: name.to_owned(), document: json!(mark) }
    }

    impl World {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().expect("a temporary folder") }
        }

        /// Hands over commands all at once and returns what the thread says until they are through.
        fn run(&self, commands: Vec<ToStore>) -> (Vec<Stored>, Result<(), StoreError>) {
            let queues = Queues::open(&self.folder.path().join("queues"), Durability::Process).expect("opened").0;
            let (sender, received) = channel();
            sender.send(Turn { commands, room: None }).expect("the receiver is here");
            drop(sender);
            let told = std::cell::RefCell::new(Vec::new());
            let folder = self.folder.path().to_owned();
            let mut writer = Writer::new(queues, folder, Durability::Process);
            let ended = writer.run(&received, &|stored| told.borrow_mut().push(stored));
            (told.into_inner(), ended)
        }

        /// Returns the first and the next number of the queue, as the next start finds them.
        fn left(&self) -> (u64, u64) {
            let found = Queues::open(&self.folder.path().join("queues"), Durability::Process).expect("opened").1;
            (found[0].first, found[0].next)
        }
    }

    fn told(stored: &[Stored]) -> Vec<String> {
        let bodies = |messages: &[Queued]| -> Vec<String> {
            messages.iter().map(|queued| String::from_utf8_lossy(&queued.message.body).into_owned()).collect()
        };
        let shown = stored.iter().map(|stored| match stored {
            Stored::Said(FromStore::Durable { mark }) => format!("durable {mark}"),
            Stored::Said(FromStore::Loaded { from, messages, .. }) => {
                format!("from {from}: {}", bodies(messages).join(" "))
            }
            Stored::Said(FromStore::Expired { from, below, .. }) => format!("expired {from} to {below}"),
            Stored::Said(FromStore::Used { bytes }) => format!("used {bytes}"),
            Stored::Confirmed(Ticket(number)) => format!("confirmed {number}"),
            Stored::Failed => "failed".to_owned(),
        });
        shown.collect()
    }

    #[test]
    fn a_group_is_told_once_and_what_it_stored_can_be_loaded() {
        let world = World::new();
        let load = ToStore::Load { queue: upstream(), from: 1, count: 10 };
        let (stored, ended) = world.run(vec![append(1, 0), load, append(2, 1), save(3, "hub/sessions"), append(4, 2)]);
        ended.expect("all is stored");
        assert_eq!(told(&stored), ["durable 4", "from 1: 1 2"]);
        let document = std::fs::read(world.folder.path().join("hub/sessions.json")).expect("it was saved");
        assert_eq!(document, b"3");
    }

    #[test]
    fn what_came_before_is_stored_when_it_is_confirmed() {
        let world = World::new();
        let (stored, ended) = world.run(vec![save(0, "cloud/registry"), ToStore::Confirm { ticket: Ticket(3) }]);
        ended.expect("all is stored");
        assert_eq!(told(&stored), ["confirmed 3"]);
        assert!(world.folder.path().join("cloud/registry.json").exists());
    }

    #[test]
    fn what_is_done_in_the_group_that_stored_it_is_not_owed_again() {
        let world = World::new();
        let done = ToStore::Done { queue: upstream(), first: 2 };
        world.run(vec![append(1, 0), append(2, 1), done]).1.expect("all is stored");
        assert_eq!(world.left(), (2, 2));
    }

    #[test]
    fn a_group_without_news_tells_nothing() {
        let world = World::new();
        world.run(vec![append(1, 0), append(2, 1)]).1.expect("stored");
        let (stored, ended) = world.run(vec![ToStore::Done { queue: upstream(), first: 1 }]);
        ended.expect("stored");
        assert_eq!(told(&stored), [""; 0]);
    }

    #[test]
    fn lost_records_are_loaded_as_expired_messages() {
        let world = World::new();
        world.run(vec![append(1, 7), append(2, 8)]).1.expect("stored");
        let (stored, ended) = world.run(vec![
            ToStore::Load { queue: upstream(), from: 5, count: 10 },
            ToStore::Load { queue: upstream(), from: 9, count: 2 },
        ]);
        ended.expect("nothing is damaged");
        let expiries = |stored: &Stored| match stored {
            Stored::Said(FromStore::Loaded { messages, .. }) => {
                messages.iter().map(|queued| queued.expires.is_some()).collect()
            }
            other => panic!("expected messages, found {other:?}"),
        };
        let lost: Vec<Vec<bool>> = stored.iter().map(expiries).collect();
        assert_eq!(lost, [vec![true, true, false, false], vec![true, true]]);
    }

    #[test]
    fn expired_messages_are_found_up_to_the_first_that_is_not() {
        let world = World::new();
        let expiring = |offset, seconds| {
            let queued = Queued { expires: Some(Duration::from_secs(seconds)), since: None, message: Arc::default() };
            ToStore::Append { mark: offset + 1, queue: upstream(), offset, queued }
        };
        let expire = |from, seconds| ToStore::Expire { queue: upstream(), from, unix: Duration::from_secs(seconds) };
        let appends = [10, 20, 90, 20].into_iter().enumerate().map(|(offset, at)| expiring(offset as u64, at));
        let (stored, ended) = world.run(appends.chain([expire(0, 50), expire(2, 50), expire(2, 100)]).collect());
        ended.expect("all is stored");
        assert_eq!(told(&stored), ["durable 4", "expired 0 to 2", "expired 2 to 2", "expired 2 to 4"]);
    }

    #[test]
    fn what_waiting_messages_take_is_told_when_it_has_changed_by_much() {
        let world = World::new();
        let message = Message { body: Bytes::from(vec![b'x'; 100_000]), ..Message::default() };
        let queued = Queued { expires: None, since: None, message: Arc::new(message) };
        let big = ToStore::Append { mark: 1, queue: upstream(), offset: 0, queued };
        let (stored, _) = world.run(vec![big, append(2, 1)]);
        assert_eq!(told(&stored), ["durable 2", "used 100067"]);
        let (stored, _) = world.run(vec![append(3, 2), ToStore::Done { queue: upstream(), first: 3 }]);
        assert_eq!(told(&stored), ["durable 3", "used 0"]);
    }

    #[test]
    fn what_cannot_be_written_is_never_called_durable() {
        let world = World::new();
        std::fs::write(world.folder.path().join("hub"), "a file is in the way").expect("written");
        let (stored, ended) = world.run(vec![append(1, 0), save(2, "hub/sessions")]);
        assert_eq!(told(&stored), [""; 0]);
        ended.expect_err("the document has no place");
    }

    #[test]
    fn the_thread_says_that_it_failed_and_closing_says_why() {
        let world = World::new();
        let queues = Queues::open(&world.folder.path().join("queues"), Durability::Process).expect("opened").0;
        let (sender, said) = channel();
        let tell = move |stored| sender.send(stored).expect("the test listens");
        let mut storage =
            Storage::start(queues, world.folder.path().to_owned(), Durability::Process, tell).expect("started");
        storage.send(append(1, 0));
        storage.flush(Duration::ZERO);
        assert_eq!(told(&[said.recv().expect("stored")]), ["durable 1"]);
        storage.send(append(2, 9));
        storage.flush(Duration::ZERO);
        assert_eq!(told(&[said.recv().expect("told")]), ["failed"]);
        let why = storage.close().expect_err("number 9 is out of order").to_string();
        assert_eq!(why, format!("queue `{}` is at record 1, not at 9", upstream().name()));
        storage.close().expect("it was told");
    }
}
