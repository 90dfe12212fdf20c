//! The queues as their owner sees them, and what faults do to them.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;

use super::*;

const QUEUE: &str = "modules/filter/inputs/input1";

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn open(folder: &Path) -> (Queues, Vec<Recovered>) {
    Queues::open(folder, Durability::Process).expect("opened")
}

fn recovered(queue: &str, first: u64, next: u64) -> Recovered {
    Recovered { queue: queue.to_owned(), first, next, lost: 0, cut: 0 }
}

fn append(queues: &mut Queues, queue: &str, number: u64, record: &[u8]) -> Result<(), StoreError> {
    queues.append(queue, number, |out| out.extend_from_slice(record))
}

fn put(queues: &mut Queues, records: impl IntoIterator<Item = (u64, Vec<u8>)>) {
    for (number, record) in records {
        append(queues, QUEUE, number, &record).expect("in order");
    }
    queues.commit().expect("written");
}

fn numbers(queues: &Queues, from: u64) -> Vec<u64> {
    let found = queues.read(QUEUE, from, usize::MAX, usize::MAX).expect("readable");
    found.into_iter().map(|(number, _)| number).collect()
}

fn texts(queues: &Queues) -> Vec<(u64, String)> {
    let found = queues.read(QUEUE, 0, usize::MAX, usize::MAX).expect("readable");
    found.into_iter().map(|(number, body)| (number, String::from_utf8_lossy(&body).into_owned())).collect()
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder.join(folder::of_queue(QUEUE)))
        .expect("the queue is on disk")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    found.sort();
    found
}

#[test]
fn committed_records_are_found_again() {
    for durability in [Durability::Process, Durability::Power] {
        let folder = folder();
        let (mut queues, found) = Queues::open(folder.path(), durability).expect("opened");
        assert_eq!(found, []);
        put(&mut queues, [(5, b"a".to_vec()), (6, b"".to_vec()), (7, b"c".to_vec())]);
        append(&mut queues, QUEUE, 8, b"never committed").expect("in order");
        drop(queues);
        let (mut queues, found) = Queues::open(folder.path(), durability).expect("opened");
        assert_eq!(found, [recovered(QUEUE, 5, 8)]);
        assert_eq!(texts(&queues), [(5, "a".into()), (6, "".into()), (7, "c".into())]);
        put(&mut queues, [(8, b"d".to_vec())]);
        assert_eq!(numbers(&queues, 7), [7, 8]);
    }
}

#[test]
fn what_is_acknowledged_does_not_come_back() {
    let folder = folder();
    let (mut queues, _) = open(folder.path());
    put(&mut queues, (0..5).map(|n| (n, vec![b'x'])));
    queues.acknowledge(QUEUE, 3).expect("in order");
    queues.acknowledge(QUEUE, 1).expect("an older cursor changes nothing");
    assert_eq!(numbers(&queues, 0), [3, 4]);
    queues.commit().expect("written");
    let (mut queues, found) = open(folder.path());
    assert_eq!(found, [recovered(QUEUE, 3, 5)]);
    queues.acknowledge(QUEUE, 5).expect("in order");
    queues.commit().expect("written");
    assert_eq!(open(folder.path()).1, [recovered(QUEUE, 5, 5)]);
}

#[test]
fn an_acknowledgement_that_overtakes_its_commit_is_kept_for_the_next() {
    let folder = folder();
    let (mut queues, _) = open(folder.path());
    append(&mut queues, QUEUE, 0, b"a").expect("in order");
    queues.acknowledge(QUEUE, 1).expect("in order");
    queues.commit().expect("written");
    assert_eq!(numbers(&queues, 0), [0; 0]);
    queues.commit().expect("written");
    assert_eq!(open(folder.path()).1, [recovered(QUEUE, 1, 1)]);
}

#[test]
fn numbers_out_of_order_are_refused() {
    let folder = folder();
    let (mut queues, _) = open(folder.path());
    put(&mut queues, [(0, b"a".to_vec())]);
    let refused = append(&mut queues, QUEUE, 2, b"c").expect_err("1 is next");
    assert_eq!(refused.to_string(), format!("queue `{QUEUE}` is at record 1, not at 2"));
    let refused = queues.acknowledge(QUEUE, 2).expect_err("there is no record 1");
    assert_eq!(refused.to_string(), format!("queue `{QUEUE}` is at record 1, not at 2"));
    let refused = append(&mut queues, QUEUE, 1, &vec![0; record::MAX_BODY + 1]).expect_err("too long");
    assert_eq!(refused.to_string(), "a record of 16777217 bytes is longer than 16777216");
    put(&mut queues, [(1, b"b".to_vec())]);
}

#[test]
fn reading_stops_at_the_asked_number_and_size() {
    let folder = folder();
    let (mut queues, _) = open(folder.path());
    put(&mut queues, (0..100).map(|n| (n, vec![0; 1000])));
    let read = |from, records, bytes| -> Vec<u64> {
        let found = queues.read(QUEUE, from, records, bytes).expect("readable");
        found.into_iter().map(|(number, _)| number).collect()
    };
    assert_eq!(read(98, 10, usize::MAX), [98, 99]);
    assert_eq!(read(40, 2, usize::MAX), [40, 41]);
    assert_eq!(read(40, 10, 2999), [40, 41]);
    assert_eq!(read(40, 10, 1), [40]);
    assert_eq!(read(40, 0, usize::MAX), [0; 0]);
    assert_eq!(read(100, 10, usize::MAX), [0; 0]);
}

#[test]
fn segments_that_are_done_are_removed() {
    let folder = folder();
    let (mut queues, _) = open(folder.path());
    for batch in 0..20 {
        put(&mut queues, (batch * 1000..(batch + 1) * 1000).map(|n| (n, vec![0; 1000])));
    }
    assert_eq!(segments(folder.path()).len(), 3);
    assert_eq!(numbers(&queues, 8_990).first(), Some(&8_990));
    assert_eq!(numbers(&queues, 0), (0..20_000).collect::<Vec<u64>>());
    queues.acknowledge(QUEUE, 17_500).expect("in order");
    queues.commit().expect("written");
    assert_eq!(segments(folder.path()).len(), 2, "the segment that starts at 18,000 is not the one before it");
    drop(queues);
    let (mut queues, found) = open(folder.path());
    assert_eq!(found, [recovered(QUEUE, 17_500, 20_000)]);
    queues.acknowledge(QUEUE, 20_000).expect("in order");
    queues.commit().expect("written");
    assert_eq!(segments(folder.path()), [] as [PathBuf; 0]);
    assert_eq!(open(folder.path()).1, [recovered(QUEUE, 20_000, 20_000)]);
    put(&mut queues, [(20_000, b"next".to_vec())]);
    assert_eq!(texts(&open(folder.path()).0), [(20_000, "next".into())]);
}

#[test]
fn another_format_is_refused() {
    let folder = folder();
    fs::write(folder.path().join("format"), "edgectl queues 2\n").expect("written");
    let refused = Queues::open(folder.path(), Durability::Process).expect_err("not ours");
    let path = folder.path().join("format");
    let expected = r#"says "edgectl queues 2\n", where "edgectl queues 1\n" is expected"#;
    assert_eq!(refused.to_string(), format!("`{}` {expected}", path.display()));
}

/// Three records: 18, 20 and 17 bytes long with their heads, of which the last two are the tail.
fn three_records(folder: &Path) -> (PathBuf, Vec<u8>) {
    let (mut queues, _) = open(folder);
    put(&mut queues, [(0, b"ab".to_vec()), (1, b"cdef".to_vec()), (2, b"g".to_vec())]);
    let path = segments(folder).remove(0);
    let bytes = fs::read(&path).expect("readable");
    assert_eq!(bytes.len(), 18 + 20 + 17);
    (path, bytes)
}

#[test]
fn a_tail_cut_anywhere_leaves_the_whole_records() {
    let folder = folder();
    let (path, whole) = three_records(folder.path());
    for length in 0..=whole.len() {
        fs::write(&path, &whole[..length]).expect("written");
        let (mut queues, found) = open(folder.path());
        let (next, kept) = match length {
            0..18 => (0, 0),
            18..38 => (1, 18),
            38..55 => (2, 38),
            _ => (3, 55),
        };
        let expected = Recovered { cut: (length - kept) as u64, ..recovered(QUEUE, 0, next) };
        assert_eq!(found, [expected], "cut at {length}");
        put(&mut queues, [(next, b"new".to_vec())]);
        assert_eq!(numbers(&open(folder.path()).0, 0), (0..=next).collect::<Vec<u64>>(), "cut at {length}");
    }
}

#[test]
fn a_bit_flipped_anywhere_ends_the_queue_before_its_record() {
    let folder = folder();
    let (path, whole) = three_records(folder.path());
    for byte in 0..whole.len() {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[byte] ^= 1 << bit;
            fs::write(&path, damaged).expect("written");
            let next = [18, 38, 55].iter().filter(|end| byte >= **end).count() as u64;
            assert_eq!(numbers(&open(folder.path()).0, 0), (0..next).collect::<Vec<u64>>(), "byte {byte}, bit {bit}");
        }
    }
}

#[test]
fn a_tail_of_zeros_is_no_record() {
    let folder = folder();
    let (path, mut bytes) = three_records(folder.path());
    bytes.extend([0; 4096]);
    fs::write(&path, bytes).expect("written");
    assert_eq!(open(folder.path()).1, [Recovered { cut: 4096, ..recovered(QUEUE, 0, 3) }]);
}

#[test]
fn a_damaged_older_segment_costs_only_its_own_records() {
    let folder = folder();
    let (mut queues, _) = open(folder.path());
    for batch in 0..10 {
        put(&mut queues, (batch * 1000..(batch + 1) * 1000).map(|n| (n, vec![0; 1000])));
    }
    let oldest = segments(folder.path()).remove(0);
    let mut bytes = fs::read(&oldest).expect("readable");
    assert_eq!(bytes.len(), 9000 * 1016);
    bytes[8_000 * 1016 + 500] ^= 1;
    fs::write(&oldest, bytes).expect("written");
    assert_eq!(numbers(&queues, 7_999)[..2], [7_999, 9_000]);
    let (queues, found) = open(folder.path());
    assert_eq!(found, [recovered(QUEUE, 0, 10_000)], "what is full is not read");
    assert_eq!(numbers(&queues, 7_999)[..2], [7_999, 9_000]);
    fs::remove_file(oldest.with_extension("idx")).expect("it is there");
    let (queues, found) = open(folder.path());
    assert_eq!(found, [Recovered { lost: 1000, cut: 1000 * 1016, ..recovered(QUEUE, 0, 10_000) }]);
    assert_eq!(numbers(&queues, 7_999)[..2], [7_999, 9_000]);
}

#[test]
fn damage_to_the_last_segment_is_told_once_nothing_before_it_is_left() {
    let folder = folder();
    let (mut queues, _) = open(folder.path());
    put(&mut queues, (0..10).map(|n| (n, vec![0; 1000])));
    let path = segments(folder.path()).remove(0);
    let mut bytes = fs::read(&path).expect("readable");
    bytes[8 * 1016 + 500] ^= 1;
    fs::write(&path, bytes).expect("written");
    assert_eq!(numbers(&queues, 7), [7]);
    let refused = queues.read(QUEUE, 8, 1, 1).expect_err("its sum is wrong");
    assert_eq!(refused.to_string(), format!("`{}` is damaged at byte {}", path.display(), 8 * 1016));
}

#[test]
fn what_is_not_done_counts_as_live() {
    let folder = folder();
    let (mut queues, _) = open(folder.path());
    put(&mut queues, (0..2_000).map(|n| (n, vec![0; 1000])));
    assert_eq!(queues.live_bytes(), 2_000 * 1016);
    queues.acknowledge(QUEUE, 1_000).expect("in order");
    queues.commit().expect("written");
    let live = queues.live_bytes();
    assert!((1_000 * 1016..1_020 * 1016).contains(&live), "{live}: as exact as the marks are");
    assert_eq!(open(folder.path()).0.live_bytes(), live);
    queues.acknowledge(QUEUE, 2_000).expect("in order");
    queues.commit().expect("written");
    assert_eq!(queues.live_bytes(), 0);
}

#[test]
fn numbers_that_were_done_are_not_used_again() {
    let folder = folder();
    let (mut queues, _) = open(folder.path());
    put(&mut queues, (0..5).map(|n| (n, vec![b'x'])));
    queues.acknowledge(QUEUE, 4).expect("in order");
    queues.commit().expect("written");
    let segment = segments(folder.path()).remove(0);
    fs::write(&segment, "").expect("as if the machine had ended before it wrote the segment");
    let (mut queues, found) = open(folder.path());
    assert_eq!(found, [recovered(QUEUE, 4, 4)]);
    put(&mut queues, [(4, b"new".to_vec())]);
    assert_eq!(texts(&open(folder.path()).0), [(4, "new".into())]);
}

/// Runs one test of this program again, in a process of its own, with a folder to work in.
fn in_child(test: &str, folder: &Path) -> Command {
    let program = std::env::current_exe().expect("this program has a path");
    // A file that grows too large would end the process by a signal if that were not ignored.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(program);
    command.args(["--exact", &format!("store::tests::{test}"), "--nocapture", "--test-threads=1"]);
    command.env("EDGECTL_TEST_CHILD", folder);
    command
}

fn child_folder() -> Option<PathBuf> {
    std::env::var_os("EDGECTL_TEST_CHILD").map(PathBuf::from)
}

#[test]
fn a_full_disk_takes_nothing_and_loses_nothing() {
    let Some(folder) = child_folder() else {
        let folder = folder();
        let child = in_child("a_full_disk_takes_nothing_and_loses_nothing", folder.path()).output().expect("started");
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
        assert_eq!(texts(&open(folder.path()).0), [(0, "before".into()), (1, "after".into())]);
        return;
    };
    let (mut queues, _) = open(&folder);
    put(&mut queues, [(0, b"before".to_vec())]);
    let unlimited = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: Some(100), ..unlimited }).expect("limited");
    append(&mut queues, "other", 0, b"fits").expect("in order");
    append(&mut queues, QUEUE, 1, &[b'x'; 200]).expect("in order");
    let refused = queues.commit().expect_err("the limit is 100 bytes");
    assert!(refused.is_full(), "{refused:?}");
    assert_eq!(numbers(&queues, 0), [0]);
    assert_eq!(fs::metadata(&segments(&folder)[0]).expect("there").len(), 16 + 6, "what was half written is cut");
    assert_eq!(queues.read("other", 0, 1, 1).expect("readable"), [], "the commit is taken back in every queue");
    setrlimit(Resource::Fsize, unlimited).expect("as before");
    put(&mut queues, [(1, b"after".to_vec())]);
    append(&mut queues, "other", 0, b"again").expect("its number is free again");
    queues.commit().expect("written");
    assert_eq!(open(&folder).1, [recovered(QUEUE, 0, 2), recovered("other", 0, 1)]);
}

#[test]
fn a_killed_process_keeps_what_it_committed() {
    if let Some(folder) = child_folder() {
        return commit_until_killed(&folder);
    }
    let folder = folder();
    let mut committed = 0;
    for kill_after in [1, 2, 3, 10, 50, 100, 200, 500] {
        let mut child = in_child("a_killed_process_keeps_what_it_committed", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let told =
            output.lines().map_while(Result::ok).filter_map(|line| line.strip_prefix("committed ")?.parse().ok());
        committed = told.take(kill_after).last().unwrap_or(committed);
        child.kill().expect("killed");
        child.wait().expect("ended");
        let (mut queues, found) = open(folder.path());
        let [only] = &found[..] else { panic!("{found:?}") };
        assert!(only.next >= committed && only.lost == 0, "{only:?}, committed up to {committed}");
        let records = queues.read(QUEUE, 0, usize::MAX, usize::MAX).expect("readable");
        assert_eq!(records.len() as u64, only.next - only.first, "{only:?}");
        for ((number, body), expected) in records.into_iter().zip(only.first..) {
            assert_eq!((number, body), (expected, record_of(expected).into()));
        }
        queues.acknowledge(QUEUE, only.next).expect("in order");
        queues.commit().expect("written");
        committed = only.next;
    }
}

fn record_of(number: u64) -> Vec<u8> {
    number.to_string().repeat((number % 977) as usize).into_bytes()
}

fn commit_until_killed(folder: &Path) {
    let (mut queues, found) = open(folder);
    let mut next = found.first().map_or(0, |queue| queue.next);
    let mut stdout = std::io::stdout();
    loop {
        for _ in 0..1 + next % 7 {
            append(&mut queues, QUEUE, next, &record_of(next)).expect("in order");
            next += 1;
        }
        queues.acknowledge(QUEUE, next.saturating_sub(100).max(1) - 1).expect("in order");
        queues.commit().expect("written");
        if writeln!(stdout, "\ncommitted {next}").is_err() {
            return;
        }
    }
}
