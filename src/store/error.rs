//! What can go wrong in the store.

use std::io;
use std::path::{Path, PathBuf};

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("cannot {doing} `{}`", path.display())]
    Io {
        /// What the store was doing: `write`, `open` …
        doing: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A record was given a number that is not the queue's next one, or one was acknowledged that does not exist.
    #[error("queue `{queue}` is at record {expected}, not at {found}")]
    OutOfOrder {
        /// The queue.
        queue: String,
        /// The number that the queue would take next.
        expected: u64,
        /// The number that it was given.
        found: u64,
    },
    /// A record that was whole when the queue was opened is not any more.
    #[error("`{}` is damaged at byte {position}", path.display())]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where its first unreadable record starts.
        position: u64,
    },
    /// The record is longer than a queue takes.
    #[error("a record of {length} bytes is longer than {limit}")]
    TooLong {
        /// Its length.
        length: usize,
        /// The longest.
        limit: usize,
    },
    /// The folder was written by another version of this program.
    #[error("`{}` says {found:?}, where {expected:?} is expected", path.display())]
    Format {
        /// The file that says so.
        path: PathBuf,
        /// What it says.
        found: String,
        /// What this version writes.
        expected: &'static str,
    },
}

impl StoreError {
    /// Says whether the disk, the quota or the limit of a file's size is used up.
    pub fn is_full(&self) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        matches!(self, Self::Io { source, .. } if matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge))
    }

    /// Returns a function that says what was being done to which path, for `map_err`.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}
