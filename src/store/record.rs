//! One record as bytes, and reading one after the other from a segment.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// Bytes before a record's body: length, sum, number.
const HEAD: usize = 16;

/// The longest body. A message of the largest size that IoT Hub takes (256 KB) fits many times.
pub(super) const MAX_BODY: usize = 16 * 1024 * 1024;

/// Appends a record to `out`, whose body `write` appends; returns the body's length if it is longer than
/// [`MAX_BODY`], and then appends nothing.
pub(super) fn encode(number: u64, write: impl FnOnce(&mut Vec<u8>), out: &mut Vec<u8>) -> Result<(), usize> {
    let start = out.len();
    out.extend_from_slice(&[0; HEAD]);
    write(out);
    let (head, body) = out[start..].split_at_mut(HEAD);
    if body.len() > MAX_BODY {
        let length = body.len();
        out.truncate(start);
        return Err(length);
    }
    let length = u32::try_from(body.len()).expect("a body is at most 16 MB long");
    head[..4].copy_from_slice(&length.to_le_bytes());
    head[4..8].copy_from_slice(&sum(length, number, body).to_le_bytes());
    head[8..].copy_from_slice(&number.to_le_bytes());
    Ok(())
}

/// The length is part of the sum, so that a tail of zeros, as a power cut may leave it, is no record.
fn sum(length: u32, number: u64, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length.to_le_bytes());
    hasher.update(&number.to_le_bytes());
    hasher.update(body);
    hasher.finalize()
}

/// Why there is no further record.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// The bytes are no whole record.
    Torn,
    /// The file cannot be read.
    Io(io::Error),
}

/// Reads records between two positions of a segment.
pub(super) struct Reader {
    source: BufReader<File>,
    position: u64,
    end: u64,
}

impl Reader {
    /// Starts at `position`, where a record starts, and ends at `end`.
    pub(super) fn new(mut file: File, position: u64, end: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(position))?;
        Ok(Self { source: BufReader::with_capacity(64 * 1024, file), position, end })
    }

    /// Returns where the next record starts.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Puts the next body into `body` and returns its number; `None` at the end.
    pub(super) fn next(&mut self, body: &mut Vec<u8>) -> Result<Option<u64>, Unreadable> {
        if self.position == self.end {
            return Ok(None);
        }
        let mut head = [0; HEAD];
        self.fill(&mut head)?;
        let [l0, l1, l2, l3, s0, s1, s2, s3, number @ ..] = head;
        let (length, number) = (u32::from_le_bytes([l0, l1, l2, l3]), u64::from_le_bytes(number));
        if u64::from(length) > self.end - self.position - HEAD as u64 || length as usize > MAX_BODY {
            return Err(Unreadable::Torn);
        }
        body.resize(length as usize, 0);
        self.fill(body)?;
        if sum(length, number, body) != u32::from_le_bytes([s0, s1, s2, s3]) {
            return Err(Unreadable::Torn);
        }
        self.position += HEAD as u64 + u64::from(length);
        Ok(Some(number))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Unreadable> {
        if self.end - self.position < bytes.len() as u64 {
            return Err(Unreadable::Torn);
        }
        self.source.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Unreadable::Torn,
            _ => Unreadable::Io(error),
        })
    }
}
