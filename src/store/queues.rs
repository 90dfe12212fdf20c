//! All queues of one folder, made durable together.

use std::collections::{BTreeSet, HashMap};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::error::StoreError;
use super::log::Log;
use super::segment::Room;
use super::{Durability, file, folder, record};

const FORMAT: &str = "edgectl queues 1\n";

/// Durable queues by name.
///
/// Nothing that is appended or acknowledged counts before [`Queues::commit`]. One owner per folder; see
/// [`lock`](super::lock).
#[derive(Debug)]
pub struct Queues {
    root: PathBuf,
    durability: Durability,
    logs: Vec<Log>,
    /// Where each queue's log is among them.
    places: HashMap<String, usize>,
    /// Those that the next commit has to look at.
    changed: BTreeSet<usize>,
    live_bytes: u64,
}

/// What was found of a queue when the folder was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// Its name.
    pub queue: String,
    /// The number of the first record that is not acknowledged.
    pub first: u64,
    /// The number that the next record gets; equal to `first` if nothing is owed.
    pub next: u64,
    /// Records in between that cannot be read any more, since a segment is damaged or gone.
    pub lost: u64,
    /// Bytes cut from the ends of segments, since they were no whole record; never committed ones unless the disk is
    /// at fault.
    pub cut: u64,
}

impl Queues {
    /// Opens the queues of a folder, which is made if it is not there; also returns what is in it, sorted by name.
    ///
    /// Each queue is cut at the first thing that is no whole record.
    pub fn open(root: &Path, durability: Durability) -> Result<(Self, Vec<Recovered>), StoreError> {
        DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(StoreError::io("create", root))?;
        check_format(root, durability)?;
        let mut queues = Self {
            root: root.to_owned(),
            durability,
            logs: Vec::new(),
            places: HashMap::new(),
            changed: BTreeSet::new(),
            live_bytes: 0,
        };
        let mut recovered = Vec::new();
        for (queue, folder) in folder::find_queues(root).map_err(StoreError::io("read", root))? {
            let (mut log, loss) = Log::open(root.join(folder), durability)?;
            queues.live_bytes += log.recount().1;
            recovered.push(Recovered {
                queue: queue.clone(),
                first: log.first(),
                next: log.next(),
                lost: loss.records,
                cut: loss.bytes,
            });
            queues.add(queue, log);
        }
        Ok((queues, recovered))
    }

    /// Adds a record, whose body `write` appends, to a queue; a queue that does not exist starts with it.
    ///
    /// Only remembered: [`Queues::commit`] writes it. `number` must be the queue's next one.
    pub fn append(&mut self, queue: &str, number: u64, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), StoreError> {
        let place = match self.places.get(queue) {
            Some(place) => *place,
            None => self.add(queue.to_owned(), self.new_log(queue, number)),
        };
        if self.logs[place].is_blank() {
            // Nothing of it has ever been written: it begins with any number.
            self.logs[place] = self.new_log(queue, number);
        }
        let log = &mut self.logs[place];
        check_order(queue, log.next() == number, log, number)?;
        log.append(write).map_err(|length| StoreError::TooLong { length, limit: record::MAX_BODY })?;
        self.changed.insert(place);
        Ok(())
    }

    fn new_log(&self, queue: &str, first: u64) -> Log {
        Log::new(self.root.join(folder::of_queue(queue)), self.durability, first)
    }

    fn add(&mut self, queue: String, log: Log) -> usize {
        let place = self.logs.len();
        self.logs.push(log);
        self.places.insert(queue, place);
        place
    }

    /// Says that everything below `first` is done.
    ///
    /// Only remembered: [`Queues::commit`] writes it, so a killed process may find some of it again. For
    /// records that are not committed yet it is written one commit later than they are. A queue that does not exist
    /// (any more) is passed over.
    pub fn acknowledge(&mut self, queue: &str, first: u64) -> Result<(), StoreError> {
        let Some(&place) = self.places.get(queue) else { return Ok(()) };
        let log = &mut self.logs[place];
        if log.is_blank() {
            return Ok(());
        }
        check_order(queue, first <= log.next(), log, first)?;
        log.acknowledge(first);
        self.changed.insert(place);
        Ok(())
    }

    /// Returns about how many bytes the committed records that are not acknowledged take.
    pub fn live_bytes(&self) -> u64 {
        self.live_bytes
    }

    /// Makes everything since the last commit durable.
    ///
    /// # Errors
    ///
    /// A failed commit takes back everything that was appended since the last one, in every queue, so that the
    /// numbers are free again; the queues can be used on, and a disk that was full may have room the next time
    /// ([`StoreError::is_full`]). What was acknowledged stays so. Segments that are done are removed first, to make
    /// room.
    pub fn commit(&mut self) -> Result<(), StoreError> {
        let changed = std::mem::take(&mut self.changed);
        let written =
            self.for_each(&changed, Log::write_cursor).and_then(|()| self.for_each(&changed, Log::write_pending));
        if let Err(error) = written {
            self.take_back();
            self.changed = changed;
            return Err(error);
        }
        for place in changed {
            let log = &mut self.logs[place];
            log.settle();
            let (before, after) = log.recount();
            self.live_bytes = self.live_bytes - before + after;
            // What was pending may be done already: that is written with the next commit.
            if log.owes_cursor() {
                self.changed.insert(place);
            }
        }
        Ok(())
    }

    fn for_each(
        &mut self,
        places: &BTreeSet<usize>,
        mut act: impl FnMut(&mut Log) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        places.iter().try_for_each(|place| act(&mut self.logs[*place]))
    }

    /// Forgets everything that was appended since the last commit.
    pub fn take_back(&mut self) {
        self.logs.iter_mut().for_each(Log::take_back);
    }

    /// Returns committed records that are not acknowledged, from number `from` on, oldest first, with their numbers.
    ///
    /// At most `max_records`, and at most `max_bytes` of bodies, but at least one record if there is one. Numbers
    /// have a gap where records are [lost](Recovered::lost).
    pub fn read(
        &self,
        queue: &str,
        from: u64,
        max_records: usize,
        max_bytes: usize,
    ) -> Result<Vec<(u64, Bytes)>, StoreError> {
        let room = Room { records: max_records, bytes: max_bytes };
        self.places.get(queue).map_or_else(|| Ok(Vec::new()), |place| self.logs[*place].read(from, room))
    }
}

fn check_order(queue: &str, is_in_order: bool, log: &Log, found: u64) -> Result<(), StoreError> {
    match is_in_order {
        true => Ok(()),
        false => Err(StoreError::OutOfOrder { queue: queue.to_owned(), expected: log.next(), found }),
    }
}

fn check_format(root: &Path, durability: Durability) -> Result<(), StoreError> {
    let path = root.join("format");
    let found = file::load(&path).map_err(StoreError::io("read", &path))?;
    match found.as_deref().map(String::from_utf8_lossy) {
        None => file::save(&path, FORMAT.as_bytes(), durability).map_err(StoreError::io("write", &path)),
        Some(found) if found == FORMAT => Ok(()),
        Some(found) => {
            let found = found.chars().take(80).collect();
            Err(StoreError::Format { path, found, expected: FORMAT })
        }
    }
}
