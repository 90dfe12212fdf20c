//! One file of a queue.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::error::StoreError;
use super::index::{self, Index};
use super::record::{self, Reader, Unreadable};

/// A reader goes through at most this much before the record it looks for.
const MARK_BYTES: u64 = 16 * 1024;

/// Records that follow each other in one file, and where they are.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    /// The number of the first record.
    pub(super) first: u64,
    /// The number after the last record.
    pub(super) next: u64,
    /// Bytes that are known to be whole records.
    pub(super) length: u64,
    marks: Vec<Mark>,
}

/// A record whose place is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) number: u64,
    pub(super) position: u64,
}

/// How reading a segment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// At its end, or since enough was read.
    Good,
    /// At a record that is not whole, which starts there.
    Torn(u64),
}

/// Records that are not written yet.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) bytes: Vec<u8>,
    pub(super) count: u64,
    marks: Vec<Mark>,
}

/// How much a reader may still take.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) records: usize,
    pub(super) bytes: usize,
}

impl Pending {
    /// Adds a record whose body `write` appends; returns the body's length if it is too long.
    pub(super) fn push(&mut self, number: u64, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), usize> {
        let position = self.bytes.len() as u64;
        record::encode(number, write, &mut self.bytes)?;
        if self.marks.last().is_none_or(|mark| position - mark.position >= MARK_BYTES) {
            self.marks.push(Mark { number, position });
        }
        self.count += 1;
        Ok(())
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(1024 * 1024);
        self.marks.clear();
        self.count = 0;
    }
}

impl Segment {
    /// Names the segment that starts with a record; there is no file yet.
    pub(super) fn new(folder: &Path, first: u64) -> Self {
        let path = folder.join(format!("{first:020}.log"));
        Self { path, first, next: first, length: 0, marks: Vec::new() }
    }

    /// Returns the number that a file's name tells, if it is a segment.
    pub(super) fn number_of(file_name: &str) -> Option<u64> {
        file_name.strip_suffix(".log")?.parse().ok()
    }

    /// Takes over what the index says of a segment that is full; `None` if the segment has to be read.
    pub(super) fn indexed(folder: &Path, first: u64) -> Option<Self> {
        let segment = Self::new(folder, first);
        let Index { next, length, marks } = Index::read(&segment.path)?;
        Some(Self { next, length, marks, ..segment })
    }

    /// Writes the index, since nothing is written to the segment any more.
    pub(super) fn seal(&mut self) {
        let index = Index { next: self.next, length: self.length, marks: std::mem::take(&mut self.marks) };
        // Without an index the segment is read when the queue is opened, which takes longer and no more.
        let _ = index.write(&self.path);
        self.marks = index.marks;
    }

    /// Removes the file and its index.
    pub(super) fn unlink(&self) -> Result<(), StoreError> {
        for path in [&self.path, &index::path_of(&self.path)] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::io("remove", path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns about how many bytes the records from `number` on take: what is read in one go counts as a whole.
    pub(super) fn bytes_from(&self, number: u64) -> u64 {
        self.length - self.mark_before(number).map_or(0, |mark| mark.position)
    }

    fn mark_before(&self, number: u64) -> Option<Mark> {
        self.marks.partition_point(|mark| mark.number <= number).checked_sub(1).map(|at| self.marks[at])
    }

    /// Reads the whole file, cuts it at the first thing that is no record, and returns how many bytes that took.
    pub(super) fn scan(folder: &Path, first: u64) -> Result<(Self, u64), StoreError> {
        let mut segment = Self::new(folder, first);
        let path = segment.path.clone();
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(StoreError::io("open", &path))?;
        let end = file.metadata().map_err(StoreError::io("read", &path))?.len();
        let handle = file.try_clone().map_err(StoreError::io("read", &path))?;
        let mut reader = Reader::new(handle, 0, end).map_err(StoreError::io("read", &path))?;
        let mut body = Vec::new();
        loop {
            let position = reader.position();
            match reader.next(&mut body) {
                Ok(Some(number)) if number == segment.next => segment.count_in(number, position),
                Ok(_) | Err(Unreadable::Torn) => break,
                Err(Unreadable::Io(error)) => return Err(StoreError::io("read", &path)(error)),
            }
            segment.length = reader.position();
        }
        let cut = end - segment.length;
        if cut > 0 {
            file.set_len(segment.length).map_err(StoreError::io("cut", &path))?;
        }
        Ok((segment, cut))
    }

    fn count_in(&mut self, number: u64, position: u64) {
        if self.marks.last().is_none_or(|mark| position - mark.position >= MARK_BYTES) {
            self.marks.push(Mark { number, position });
        }
        self.next = number + 1;
    }

    /// Counts in what has been written to the end of the file.
    pub(super) fn extend(&mut self, pending: &Pending) {
        let length = self.length;
        self.marks.extend(pending.marks.iter().map(|mark| Mark { position: mark.position + length, ..*mark }));
        self.length += pending.bytes.len() as u64;
        self.next += pending.count;
    }

    /// Adds records from `from` on to `found`, as far as there is room.
    pub(super) fn read(&self, from: u64, room: &mut Room, found: &mut Vec<(u64, Bytes)>) -> Result<End, StoreError> {
        let file = File::open(&self.path).map_err(StoreError::io("open", &self.path))?;
        let start = self.mark_before(from).map_or(0, |mark| mark.position);
        let mut reader = Reader::new(file, start, self.length).map_err(StoreError::io("read", &self.path))?;
        let mut body = Vec::new();
        loop {
            match reader.next(&mut body) {
                Ok(Some(number)) if number < from => {}
                Ok(Some(number)) if room.takes(body.len(), found.is_empty()) => {
                    found.push((number, Bytes::from(std::mem::take(&mut body))));
                }
                Ok(_) => return Ok(End::Good),
                Err(Unreadable::Torn) => return Ok(End::Torn(reader.position())),
                Err(Unreadable::Io(error)) => return Err(StoreError::io("read", &self.path)(error)),
            }
        }
    }
}

impl Room {
    /// Takes a record if it fits; the first one always does, or a long one could never be read.
    fn takes(&mut self, length: usize, is_first: bool) -> bool {
        let fits = self.records > 0 && (length <= self.bytes || is_first);
        if fits {
            self.records -= 1;
            self.bytes = self.bytes.saturating_sub(length);
        } else {
            self.close();
        }
        fits
    }

    fn close(&mut self) {
        self.records = 0;
    }
}
