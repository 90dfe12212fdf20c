//! How many files and sockets this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More than any machine that edgectl runs on serves; where the system names no limit, this is one.
const ENOUGH: u64 = 1 << 20;

/// The limit of open files of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptors {
    /// What it was when the process started; for its children.
    pub before: u64,
    /// What it is now.
    pub now: u64,
}

/// Raises the limit of open files to what the system allows.
///
/// Shells start programs with 1,024 or so, for the sake of those that use `select`. edgectl is none of them, and
/// thousands of clients need more; modules may be, so that they get back what was.
pub fn raise_descriptors() -> Descriptors {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(ENOUGH).min(ENOUGH);
    let before = limit.current.unwrap_or(ENOUGH);
    let raised = wanted > before && setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit }).is_ok();
    Descriptors { before, now: if raised { wanted } else { before } }
}
