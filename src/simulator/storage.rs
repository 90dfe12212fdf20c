//! The store thread: the one place that writes queues and state documents while a simulation runs.
//!
//! It takes everything that waits, writes it, commits once, and only then says [`Stored::Durable`]: group commit.

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use super::state::document_path;
use crate::edgehub::{QueueId, Queued};
use crate::message::Message;
use crate::store::{self, Durability, Queues, StoreError};

/// Commands taken before a commit, at the most.
const GROUP: usize = 4096;
/// Bytes read for one [`Command::Load`], at the most.
const LOAD_BYTES: usize = 1 << 20;

/// What the store thread does.
#[derive(Debug)]
pub(super) enum Command {
    Append {
        mark: u64,
        queue: QueueId,
        offset: u64,
        queued: Queued,
    },
    /// Replaces the state document `<folder>/<name>.json`.
    Save {
        mark: u64,
        name: String,
        document: Value,
    },
    Done {
        queue: QueueId,
        first: u64,
    },
    Load {
        queue: QueueId,
        from: u64,
        count: usize,
    },
}

/// What the store thread says.
#[derive(Debug)]
pub(super) enum Stored {
    /// Everything up to this mark survives a crash of this process.
    Durable { mark: u64 },
    /// What was asked for.
    Loaded { queue: QueueId, from: u64, messages: Vec<Queued> },
    /// Nothing more will be stored.
    Failed(StoreError),
}

/// The handle of the store thread; dropping the sender ends it once everything is written.
#[derive(Debug)]
pub(super) struct Storage {
    commands: Option<Sender<Command>>,
    thread: Option<JoinHandle<()>>,
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
            let mut writer = Writer { queues, folder, documents: BTreeMap::new(), mark: 0 };
            if let Err(error) = writer.run(&received, &tell) {
                tell(Stored::Failed(error));
            }
        })?;
        Ok(Self { commands: Some(commands), thread: Some(thread) })
    }

    /// Hands over a command; after a failure nobody takes it, which [`Stored::Failed`] has told.
    pub(super) fn send(&self, command: Command) {
        if let Some(commands) = &self.commands {
            let _ = commands.send(command);
        }
    }

    /// Waits until everything is written.
    pub(super) fn close(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been told on stderr already.
            let _ = thread.join();
        }
    }
}

struct Writer {
    queues: Queues,
    folder: PathBuf,
    documents: BTreeMap<String, Value>,
    mark: u64,
}

impl Writer {
    fn run(&mut self, commands: &Receiver<Command>, tell: &impl Fn(Stored)) -> Result<(), StoreError> {
        while let Ok(first) = commands.recv() {
            let mut loads = Vec::new();
            self.take(first, &mut loads)?;
            for command in commands.try_iter().take(GROUP) {
                self.take(command, &mut loads)?;
            }
            self.commit()?;
            tell(Stored::Durable { mark: self.mark });
            for (queue, from, count) in loads {
                let messages = self.load(&queue, from, count)?;
                tell(Stored::Loaded { queue, from, messages });
            }
        }
        Ok(())
    }

    fn take(&mut self, command: Command, loads: &mut Vec<(QueueId, u64, usize)>) -> Result<(), StoreError> {
        match command {
            Command::Append { mark, queue, offset, queued } => {
                self.queues.append(&queue.name(), offset, &queued.encode())?;
                self.mark = mark;
            }
            Command::Save { mark, name, document } => {
                self.documents.insert(name, document);
                self.mark = self.mark.max(mark);
            }
            Command::Done { queue, first } => self.queues.acknowledge(&queue.name(), first)?,
            Command::Load { queue, from, count } => loads.push((queue, from, count)),
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.queues.commit()?;
        for (name, document) in std::mem::take(&mut self.documents) {
            let path = document_path(&self.folder, &name);
            save_document(&path, &document).map_err(|source| StoreError::Io { doing: "write", path, source })?;
        }
        Ok(())
    }

    fn load(&mut self, queue: &QueueId, from: u64, count: usize) -> Result<Vec<Queued>, StoreError> {
        let records = self.queues.read(&queue.name(), from, count, LOAD_BYTES)?;
        // A record that is whole but no message was written by another version: it is passed over, not fatal.
        let lost = || Queued { expires: Some(Duration::ZERO), message: Message::default() };
        Ok(records.into_iter().map(|(_, record)| Queued::decode(record).unwrap_or_else(|_| lost())).collect())
    }
}

fn save_document(path: &Path, document: &Value) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    store::save(path, document.to_string().as_bytes(), Durability::Process)
}
