//! What the store thread says, and what is left on disk.

use std::sync::mpsc::channel;

use bytes::Bytes;
use serde_json::json;

use super::*;
use crate::edgehub::Endpoint;
use crate::message::Message;
use crate::simulator::storage::Storage;

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
