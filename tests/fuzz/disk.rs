//! What was stored, after something else has written there.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use edgectl::edgehub::Queued;
use edgectl::message::{Message, system};
use edgectl::store::{Durability, Queues};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::mutation::mutated;

fn stored() -> Vec<u8> {
    let mut message = Message { body: Bytes::from_static(b"{\"n\":5}"), ..Message::default() };
    message.set_system(system::CONTENT_TYPE, "application/json");
    message.properties = vec![("a".to_owned(), Some("b".to_owned())), ("flag".to_owned(), None)];
    encoded(&Queued { expires: Some(Duration::from_secs(1_800_000_000)), since: None, message: message.into() })
}

fn encoded(queued: &Queued) -> Vec<u8> {
    let mut out = Vec::new();
    queued.encode(&mut out);
    out
}

fn records() -> Vec<Vec<u8>> {
    (0..20_u8).map(|n| vec![n; usize::from(n) * 7]).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("readable").flatten() {
        match entry.path() {
            folder if folder.is_dir() => found.extend(files(&folder)),
            file => found.push(file),
        }
    }
    found.sort();
    found
}

proptest! {
    #[test]
    fn a_stored_message_is_read_or_refused(bytes in mutated(Just(stored()), &["\0\0\0\0", "\u{7f}", "contentType"])) {
        if let Ok(queued) = Queued::decode(Bytes::from(bytes)) {
            prop_assert_eq!(Queued::decode(encoded(&queued).into()), Ok(queued));
        }
    }

    #[test]
    fn damaged_queues_give_what_was_written_or_nothing(
        which in any::<Index>(),
        changes in vec((any::<Index>(), any::<u8>()), 1..6),
        end in proptest::option::of(any::<Index>()),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut queues, _) = Queues::open(folder.path(), Durability::Process).expect("new");
        for (number, record) in (0..).zip(records()) {
            queues.append("q", number, |out| out.extend_from_slice(&record)).expect("in order");
        }
        queues.commit().expect("written");
        queues.acknowledge("q", 3).expect("known");
        queues.commit().expect("written");
        drop(queues);
        let files = files(folder.path());
        let file = which.get(&files);
        let mut bytes = fs::read(file).expect("readable");
        for (at, byte) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        if let Some(end) = end {
            bytes.truncate(end.index(bytes.len() + 1));
        }
        fs::write(file, bytes).expect("writable");

        let Ok((mut queues, recovered)) = Queues::open(folder.path(), Durability::Process) else { return Ok(()) };
        for (number, record) in queues.read("q", 0, 100, 1 << 20).expect("readable") {
            let written = usize::try_from(number).ok().and_then(|number| records().get(number).cloned());
            prop_assert_eq!(Some(record.to_vec()), written);
        }
        if let Some(queue) = recovered.iter().find(|queue| queue.queue == "q") {
            queues.append("q", queue.next, |out| out.extend_from_slice(b"more")).expect("its next number");
            queues.commit().expect("written");
        }
    }
}
