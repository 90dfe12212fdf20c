//! The store thread: the one place that writes queues and state documents while a simulation runs.
//!
//! It takes everything that waits, writes it, commits once, and only then says [`FromStore::Durable`]: group commit. What
//! is done with is noted after that, so that it counts even for messages of the same group.

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use super::state::document_path;
use crate::edgehub::{FromStore, QueueId, Queued, Ticket, ToStore};
use crate::store::{self, Durability, Queues, StoreError};

/// Commands after which no more are taken before a commit.
const GROUP: usize = 4096;
/// Bytes read for one [`ToStore::Load`], at the most.
const LOAD_BYTES: usize = 1 << 20;

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

/// The handle of the store thread; dropping the sender ends it once everything is written.
#[derive(Debug)]
pub(super) struct Storage {
    /// What was said since the last [`Storage::flush`].
    waiting: Vec<ToStore>,
    commands: Option<Sender<Vec<ToStore>>>,
    thread: Option<JoinHandle<Result<(), StoreError>>>,
}

impl Storage {
    /// Starts the thread over opened queues; state documents go below `folder`.
    pub(super) fn start(
        queues: Queues,
        folder: PathBuf,
        tell: impl Fn(Stored) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (commands, received) = channel();
        let thread = std::thread::Builder::new().name("store".to_owned()).spawn(move || {
            let mut writer = Writer { queues, folder, group: Group::default(), mark: 0 };
            let ended = writer.run(&received, &tell);
            if ended.is_err() {
                tell(Stored::Failed);
            }
            ended
        })?;
        Ok(Self { waiting: Vec::new(), commands: Some(commands), thread: Some(thread) })
    }

    /// Says something to the thread, at the next [`Storage::flush`].
    pub(super) fn send(&mut self, command: ToStore) {
        self.waiting.push(command);
    }

    /// Lets the thread hear what was said; after a failure nobody does, which [`Stored::Failed`] has told.
    pub(super) fn flush(&mut self) {
        if let Some(commands) = self.commands.as_ref().filter(|_| !self.waiting.is_empty()) {
            let _ = commands.send(std::mem::take(&mut self.waiting));
        }
    }

    /// Waits until everything is written, and says why if it could not be; once.
    ///
    /// The thread may have something to tell: whoever calls this must not keep it from that.
    pub(super) fn close(&mut self) -> Result<(), StoreError> {
        self.flush();
        self.commands = None;
        let Some(thread) = self.thread.take() else { return Ok(()) };
        // A panic of the thread has been told on stderr already.
        thread.join().unwrap_or(Ok(()))
    }
}

struct Writer {
    queues: Queues,
    folder: PathBuf,
    group: Group,
    /// The highest mark that is stored or in the group.
    mark: u64,
}

/// What is left to do of a group of commands after its messages were taken.
#[derive(Default)]
struct Group {
    documents: BTreeMap<String, Value>,
    done: BTreeMap<QueueId, u64>,
    loads: Vec<(QueueId, u64, usize)>,
    confirms: Vec<Ticket>,
}

impl Writer {
    fn run(&mut self, commands: &Receiver<Vec<ToStore>>, tell: &impl Fn(Stored)) -> Result<(), StoreError> {
        let mut told = 0;
        while let Ok(first) = commands.recv() {
            let mut taken = first.len();
            self.take_all(first)?;
            while taken < GROUP
                && let Ok(more) = commands.try_recv()
            {
                taken += more.len();
                self.take_all(more)?;
            }
            let group = std::mem::take(&mut self.group);
            self.queues.commit()?;
            self.save(group.documents)?;
            if self.mark > told {
                told = self.mark;
                tell(Stored::Said(FromStore::Durable { mark: told }));
            }
            group.confirms.into_iter().for_each(|ticket| tell(Stored::Confirmed(ticket)));
            self.acknowledge(group.done)?;
            for (queue, from, count) in group.loads {
                let messages = self.load(&queue, from, count)?;
                tell(Stored::Said(FromStore::Loaded { queue, from, messages }));
            }
        }
        Ok(())
    }

    fn take_all(&mut self, commands: Vec<ToStore>) -> Result<(), StoreError> {
        commands.into_iter().try_for_each(|command| self.take(command))
    }

    fn take(&mut self, command: ToStore) -> Result<(), StoreError> {
        match command {
            ToStore::Append { mark, queue, offset, queued } => {
                self.queues.append(&queue.name(), offset, &queued.encode())?;
                self.mark = self.mark.max(mark);
            }
            ToStore::Save { mark, name, document } => {
                self.group.documents.insert(name, document);
                self.mark = self.mark.max(mark);
            }
            ToStore::Done { queue, first } => drop(self.group.done.insert(queue, first)),
            ToStore::Load { queue, from, count } => self.group.loads.push((queue, from, count)),
            ToStore::Confirm { ticket } => self.group.confirms.push(ticket),
        }
        Ok(())
    }

    /// Writes documents in the order of their names: what the cloud knows before what the hub believes it knows.
    fn save(&self, documents: BTreeMap<String, Value>) -> Result<(), StoreError> {
        for (name, document) in documents {
            let path = document_path(&self.folder, &name);
            save_document(&path, &document).map_err(|source| StoreError::Io { doing: "write", path, source })?;
        }
        Ok(())
    }

    fn acknowledge(&mut self, done: BTreeMap<QueueId, u64>) -> Result<(), StoreError> {
        if done.is_empty() {
            return Ok(());
        }
        done.iter().try_for_each(|(queue, first)| self.queues.acknowledge(&queue.name(), *first))?;
        self.queues.commit()
    }

    /// Reads messages without a gap: the hub counts them.
    fn load(&self, queue: &QueueId, from: u64, count: usize) -> Result<Vec<Queued>, StoreError> {
        let records = self.queues.read(&queue.name(), from, count, LOAD_BYTES)?;
        // A record that is lost, or no message since another version wrote it, is passed over; it is not fatal.
        let lost = || Queued { expires: Some(Duration::ZERO), message: Arc::default() };
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

fn save_document(path: &Path, document: &Value) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    store::save(path, document.to_string().as_bytes(), Durability::Process)
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
            queued: Queued { expires: None, message: Arc::new(message) },
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
            sender.send(commands).expect("the receiver is here");
            drop(sender);
            let told = std::cell::RefCell::new(Vec::new());
            let folder = self.folder.path().to_owned();
            let mut writer = Writer { queues, folder, group: Group::default(), mark: 0 };
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
        world.run(vec![append(1, 0)]).1.expect("stored");
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
        let mut storage = Storage::start(queues, world.folder.path().to_owned(), tell).expect("started");
        storage.send(append(1, 0));
        storage.flush();
        assert_eq!(told(&[said.recv().expect("stored")]), ["durable 1"]);
        storage.send(append(2, 9));
        storage.flush();
        assert_eq!(told(&[said.recv().expect("told")]), ["failed"]);
        let why = storage.close().expect_err("number 9 is out of order").to_string();
        assert_eq!(why, format!("queue `{}` is at record 1, not at 9", upstream().name()));
        storage.close().expect("it was told");
    }
}
