//! A lock that ends with its process, whatever ends it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

/// A folder held for this process until dropped.
#[derive(Debug)]
pub struct Lock {
    // Closing the file is what gives the lock back.
    _file: File,
}

/// Why a folder could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("`{}` is held by {}", path.display(), holder(*pid))]
    Held {
        /// The lock file.
        path: PathBuf,
        /// The holder, unless it has just started.
        pid: Option<u32>,
    },
    /// The lock file cannot be made or locked.
    #[error("cannot lock `{}`", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Takes a folder for this process; the file `lock` in it tells others who has it.
///
/// The lock is advisory: it keeps out only those who ask for it too.
pub fn lock(folder: &Path) -> Result<Lock, LockError> {
    let path = folder.join("lock");
    let io = |source| LockError::Io { path: path.clone(), source };
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(io)?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Err(LockError::Held { pid: read_pid(&file), path }),
        Err(errno) => return Err(io(errno.into())),
    }
    file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())).map_err(io)?;
    Ok(Lock { _file: file })
}

fn read_pid(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_learns_who_is_the_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = lock(folder.path()).expect("free");
        let refused = lock(folder.path()).expect_err("taken");
        let path = folder.path().join("lock");
        assert_eq!(refused.to_string(), format!("`{}` is held by process {}", path.display(), std::process::id()));
        drop(first);
        lock(folder.path()).expect("free again");
    }

    #[test]
    fn a_shorter_pid_leaves_nothing_of_a_longer_one() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("lock"), "99999999999").expect("written");
        let _first = lock(folder.path()).expect("free");
        let Err(LockError::Held { pid, .. }) = lock(folder.path()) else { panic!("it is held") };
        assert_eq!(pid, Some(std::process::id()));
    }
}
