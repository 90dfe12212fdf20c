//! What is known of a segment that nothing is written to any more, so that opening a queue need not read it.
//!
//! A hint and no more: without a whole one of the segment's own length the segment is read.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::segment::Mark;

/// Bytes beside the marks: next number, length, sum.
const HEAD: usize = 20;
const MARK: usize = 16;

/// The number after a segment's last record, its length, and some places in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Index {
    pub(super) next: u64,
    pub(super) length: u64,
    pub(super) marks: Vec<Mark>,
}

/// Returns where the index of a segment's file is.
pub(super) fn path_of(segment: &Path) -> PathBuf {
    segment.with_extension("idx")
}

impl Index {
    pub(super) fn write(&self, segment: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path_of(segment))?;
        file.write_all(&self.encode())
    }

    /// Reads the index of a segment; `None` if there is none, or none of this file.
    pub(super) fn read(segment: &Path) -> Option<Self> {
        let index = Self::decode(&fs::read(path_of(segment)).ok()?)?;
        (fs::metadata(segment).ok()?.len() == index.length).then_some(index)
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + self.marks.len() * MARK);
        bytes.extend_from_slice(&self.next.to_le_bytes());
        bytes.extend_from_slice(&self.length.to_le_bytes());
        for mark in &self.marks {
            bytes.extend_from_slice(&mark.number.to_le_bytes());
            bytes.extend_from_slice(&mark.position.to_le_bytes());
        }
        let sum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (content, sum) = bytes.split_last_chunk::<4>()?;
        if crc32fast::hash(content) != u32::from_le_bytes(*sum) {
            return None;
        }
        let (numbers, []) = content.as_chunks::<8>() else { return None };
        let mut numbers = numbers.iter().map(|number| u64::from_le_bytes(*number));
        let (next, length) = (numbers.next()?, numbers.next()?);
        let marks = std::iter::from_fn(|| Some(Mark { number: numbers.next()?, position: numbers.next()? })).collect();
        Some(Self { next, length, marks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_is_wrong_makes_it_no_index() {
        let marks = vec![Mark { number: 7, position: 0 }, Mark { number: 30, position: 16_900 }];
        let index = Index { next: 42, length: 30_000, marks };
        let bytes = index.encode();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(Index::decode(&damaged), None, "byte {at}");
            assert_eq!(Index::decode(&bytes[..at]), None, "cut at {at}");
        }
        assert_eq!(Index::decode(&bytes), Some(index));
    }
}
