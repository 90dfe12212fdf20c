//! The store thread: the one place that writes queues and state documents while a simulation runs.
//!
//! It takes everything that waits, writes it, commits once, and only then says [`FromStore::Durable`]: group commit. What
//! is done with is noted after that, so that it counts even for messages of the same group.

mod writer;

use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use crate::edgehub::{FromStore, Ticket, ToStore};
use crate::store::{Durability, Queues, StoreError};
use writer::Writer;

/// How long it may take until the thread hears that messages are done with: what a killed process did not write down
/// comes again, which it may.
const LAZY: Duration = Duration::from_millis(10);

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
