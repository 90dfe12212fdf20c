//! One queue on disk: its segments and its cursor.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::Durability;
use super::cursor::Cursor;
use super::error::StoreError;
use super::file::{create_folder, sync_folder};
use super::segment::{End, Pending, Room, Segment};

/// A segment this long is followed by a new one.
const SEGMENT_BYTES: u64 = 8 * 1024 * 1024;

/// A segment this long is removed as soon as all of it is done, though it is the last one.
const DRAINED_BYTES: u64 = 1024 * 1024;

/// What a queue's files had lost when they were opened.
#[derive(Debug, Default)]
pub(super) struct Loss {
    /// Records that are known to have been there.
    pub(super) records: u64,
    /// Bytes that were no whole record.
    pub(super) bytes: u64,
}

#[derive(Debug)]
pub(super) struct Log {
    folder: PathBuf,
    durability: Durability,
    /// Oldest first; records are written to the last one.
    segments: VecDeque<Segment>,
    /// The last segment's file, once something was written to it.
    tail: Option<File>,
    tail_is_torn: bool,
    /// `None` until the queue is on disk.
    cursor: Option<Cursor>,
    first: u64,
    next: u64,
    pending: Pending,
    /// What [`Log::recount`] said last.
    counted: u64,
}

impl Log {
    /// Starts a queue that is not on disk yet.
    pub(super) fn new(folder: PathBuf, durability: Durability, first: u64) -> Self {
        Self {
            folder,
            durability,
            segments: VecDeque::new(),
            tail: None,
            tail_is_torn: false,
            cursor: None,
            first,
            next: first,
            pending: Pending::default(),
            counted: 0,
        }
    }

    /// Opens what is on disk, and mends it.
    pub(super) fn open(folder: PathBuf, durability: Durability) -> Result<(Self, Loss), StoreError> {
        let cursor_path = folder.join("cursor");
        let cursor = Cursor::open(&cursor_path).map_err(StoreError::io("open", &cursor_path))?;
        let done = cursor.written().unwrap_or(0);
        let mut log = Self { cursor: Some(cursor), ..Self::new(folder, durability, done) };
        let mut loss = Loss::default();
        let numbers = list_segments(&log.folder).map_err(StoreError::io("read", &log.folder))?;
        let count = numbers.len();
        let wholly_done = numbers.partition_point(|first| *first <= done).saturating_sub(1);
        for (at, first) in numbers.into_iter().enumerate() {
            if at < wholly_done {
                Segment::new(&log.folder, first).unlink()?;
                continue;
            }
            let is_last = at + 1 == count;
            let indexed = Segment::indexed(&log.folder, first).filter(|_| !is_last);
            let (segment, cut) = match indexed {
                Some(segment) => (segment, 0),
                None => Segment::scan(&log.folder, first)?,
            };
            let expected = log.segments.back().map_or(done, |before| before.next).max(done);
            loss.records += segment.first.saturating_sub(expected);
            loss.bytes += cut;
            log.segments.push_back(segment);
        }
        let end = log.segments.back().map_or(done, |last| last.next);
        if end < done {
            // The machine ended before it wrote what was already done; the numbers must not be used again.
            log.segments.drain(..).try_for_each(|segment| segment.unlink())?;
        }
        log.next = end.max(done);
        log.first = log.segments.front().map_or(done, |oldest| oldest.first).max(done);
        Ok((log, loss))
    }

    /// Returns the number of the first record that is not done.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// Returns the number that the next record must have.
    pub(super) fn next(&self) -> u64 {
        self.next + self.pending.count
    }

    /// Says whether anything of this queue has reached the disk.
    fn is_on_disk(&self) -> bool {
        self.cursor.is_some()
    }

    /// Says whether there is nothing of this queue at all.
    pub(super) fn is_blank(&self) -> bool {
        !self.is_on_disk() && self.pending.count == 0
    }

    /// Adds a record whose body `write` appends; returns the body's length if it is too long.
    pub(super) fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), usize> {
        self.pending.push(self.next(), write)
    }

    /// Says whether the cursor's file is behind.
    pub(super) fn owes_cursor(&self) -> bool {
        self.cursor.as_ref().is_some_and(|cursor| cursor.written() != Some(self.first.min(self.next)))
    }

    /// Returns about how many bytes the committed records that are not done take: at the last call, and now.
    pub(super) fn recount(&mut self) -> (u64, u64) {
        let before = self.counted;
        self.counted = self.live_bytes();
        (before, self.counted)
    }

    fn live_bytes(&self) -> u64 {
        if self.first >= self.next {
            return 0;
        }
        let of_segment = |segment: &Segment| match segment.next <= self.first {
            true => 0,
            false => segment.bytes_from(self.first),
        };
        self.segments.iter().map(of_segment).sum()
    }

    pub(super) fn acknowledge(&mut self, first: u64) {
        self.first = self.first.max(first);
    }

    /// Writes how far the queue is done, and removes the segments that are.
    ///
    /// Records that are only pending are left out: their numbers may yet be taken back.
    pub(super) fn write_cursor(&mut self) -> Result<(), StoreError> {
        let first = self.first.min(self.next);
        let Some(cursor) = &mut self.cursor else { return Ok(()) };
        if cursor.written() == Some(first) {
            return Ok(());
        }
        cursor.write(first).map_err(StoreError::io("write", &self.folder.join("cursor")))?;
        self.remove_done(first)
    }

    fn remove_done(&mut self, first: u64) -> Result<(), StoreError> {
        let mut done = self.segments.iter().skip(1).take_while(|segment| segment.first <= first).count();
        let is_drained = first == self.next && self.segments.back().is_some_and(|last| last.length >= DRAINED_BYTES);
        if is_drained {
            done = self.segments.len();
            self.tail = None;
        }
        if let (1.., Durability::Power, Some(cursor)) = (done, self.durability, &self.cursor) {
            cursor.sync().map_err(StoreError::io("sync", &self.folder.join("cursor")))?;
        }
        self.segments.drain(..done).try_for_each(|segment| segment.unlink())
    }

    /// Writes what is pending; it counts only after [`Log::settle`].
    pub(super) fn write_pending(&mut self) -> Result<(), StoreError> {
        if self.pending.count == 0 {
            return Ok(());
        }
        self.create_folder()?;
        if self.segments.back().is_none_or(|last| last.length >= SEGMENT_BYTES) {
            self.begin_segment()?;
        }
        let last = self.segments.back().expect("a segment was begun if there was none");
        let write = StoreError::io("write", &last.path);
        self.write_tail(last.length).map_err(write)
    }

    fn create_folder(&mut self) -> Result<(), StoreError> {
        if self.is_on_disk() {
            return Ok(());
        }
        let create = || -> io::Result<Cursor> {
            create_folder(&self.folder, self.durability)?;
            let mut cursor = Cursor::open(&self.folder.join("cursor"))?;
            cursor.write(self.first.min(self.next))?;
            if self.durability == Durability::Power {
                cursor.sync()?;
                sync_folder(&self.folder)?;
            }
            Ok(cursor)
        };
        self.cursor = Some(create().map_err(StoreError::io("create", &self.folder))?);
        Ok(())
    }

    fn begin_segment(&mut self) -> Result<(), StoreError> {
        if let Some(full) = self.segments.back_mut() {
            full.seal();
        }
        let segment = Segment::new(&self.folder, self.next);
        let create = || -> io::Result<File> {
            let path = &segment.path;
            let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
            if self.durability == Durability::Power {
                sync_folder(&self.folder)?;
            }
            Ok(file)
        };
        self.tail = Some(create().map_err(StoreError::io("create", &segment.path))?);
        self.tail_is_torn = false;
        self.segments.push_back(segment);
        Ok(())
    }

    fn write_tail(&mut self, position: u64) -> io::Result<()> {
        let file = match (&mut self.tail, self.segments.back()) {
            (Some(file), _) => file,
            (none, Some(last)) => none.insert(OpenOptions::new().write(true).open(&last.path)?),
            (None, None) => return Ok(()),
        };
        if self.tail_is_torn {
            file.set_len(position)?;
            self.tail_is_torn = false;
        }
        file.write_all_at(&self.pending.bytes, position)?;
        match self.durability {
            Durability::Process => Ok(()),
            Durability::Power => file.sync_data(),
        }
    }

    /// Counts in what was pending: it is written.
    pub(super) fn settle(&mut self) {
        if let Some(last) = self.segments.back_mut() {
            last.extend(&self.pending);
        }
        self.next = self.next();
        self.pending.clear();
    }

    /// Forgets what was pending, written or not.
    pub(super) fn take_back(&mut self) {
        if let (1.., Some(file), Some(last)) = (self.pending.count, &self.tail, self.segments.back()) {
            self.tail_is_torn = file.set_len(last.length).is_err();
        }
        self.pending.clear();
        self.first = self.first.min(self.next);
    }

    /// Returns written records from `from` on.
    ///
    /// What is damaged of a segment that is full is left out; where that is the last segment, reading ends before it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if there is nothing before the damage.
    pub(super) fn read(&self, from: u64, mut room: Room) -> Result<Vec<(u64, Bytes)>, StoreError> {
        let from = from.max(self.first);
        let mut found = Vec::new();
        let start = self.segments.partition_point(|segment| segment.next <= from);
        for segment in self.segments.iter().skip(start) {
            if room.records == 0 {
                break;
            }
            let end = segment.read(from, &mut room, &mut found)?;
            if let End::Torn(position) = end
                && segment.next == self.next
                && found.is_empty()
            {
                return Err(StoreError::Damaged { path: segment.path.clone(), position });
            }
        }
        Ok(found)
    }
}

fn list_segments(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        numbers.extend(entry?.file_name().to_str().and_then(Segment::number_of));
    }
    numbers.sort_unstable();
    Ok(numbers)
}
