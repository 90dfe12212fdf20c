//! The file that remembers how far a queue is done.
//!
//! Two slots are written in turn, so that one of them is whole whenever the process or the machine ends. A cursor
//! never goes back, so the larger whole slot is the newer one.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// Bytes of a slot: number, sum, and room that keeps the second one aligned.
const SLOT: usize = 16;

/// An open cursor file.
#[derive(Debug)]
pub(super) struct Cursor {
    file: File,
    turn: u64,
    written: Option<u64>,
}

impl Cursor {
    /// Opens the file, or makes it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let mut bytes = Vec::new();
        file.by_ref().take(2 * SLOT as u64).read_to_end(&mut bytes)?;
        let slots: Vec<Option<u64>> = bytes.chunks(SLOT).map(decode).collect();
        let written = slots.iter().copied().flatten().max();
        let turn = u64::from(written.is_some() && slots.first() == Some(&written));
        Ok(Self { file, turn, written })
    }

    /// Returns the number that was written last; `None` if there is no whole slot.
    pub(super) fn written(&self) -> Option<u64> {
        self.written
    }

    /// Writes a number; it must not be below the last one.
    pub(super) fn write(&mut self, first: u64) -> io::Result<()> {
        self.file.write_all_at(&encode(first), self.turn * SLOT as u64)?;
        self.turn = 1 - self.turn;
        self.written = Some(first);
        Ok(())
    }

    /// Makes what was written survive the end of the machine.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

fn encode(first: u64) -> [u8; SLOT] {
    let number = first.to_le_bytes();
    let mut slot = [0; SLOT];
    slot[..8].copy_from_slice(&number);
    slot[8..12].copy_from_slice(&crc32fast::hash(&number).to_le_bytes());
    slot
}

fn decode(slot: &[u8]) -> Option<u64> {
    let number: [u8; 8] = slot.get(..8)?.try_into().ok()?;
    let sum: [u8; 4] = slot.get(8..12)?.try_into().ok()?;
    (crc32fast::hash(&number) == u32::from_le_bytes(sum)).then(|| u64::from_le_bytes(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_slot_leaves_the_number_before_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cursor");
        let mut cursor = Cursor::open(&path).expect("made");
        assert_eq!(cursor.written(), None);
        cursor.write(7).expect("written");
        cursor.write(9).expect("written");
        let whole = std::fs::read(&path).expect("there");
        for byte in 0..12 {
            let mut torn = whole.clone();
            torn[SLOT + byte] ^= 0x55;
            std::fs::write(&path, torn).expect("written");
            let mut cursor = Cursor::open(&path).expect("opened");
            assert_eq!(cursor.written(), Some(7), "byte {byte}");
            cursor.write(12).expect("written");
            assert_eq!(Cursor::open(&path).expect("opened").written(), Some(12), "byte {byte}");
        }
    }

    #[test]
    fn a_number_is_never_written_over_the_newest_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cursor");
        for number in 1..6 {
            Cursor::open(&path).expect("opened").write(number).expect("written");
            let bytes = std::fs::read(&path).expect("there");
            let slots: Vec<Option<u64>> = bytes.chunks(SLOT).map(decode).collect();
            assert!(slots.contains(&Some(number)), "{slots:?}");
            assert!(number == 1 || slots.contains(&Some(number - 1)), "{slots:?}");
        }
    }
}
