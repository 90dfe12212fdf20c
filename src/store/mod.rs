//! Durable queues and state files.
//!
//! A queue is a numbered sequence of records with one cursor: what is below the cursor is done. [`Queues`] holds all
//! queues of one folder and makes them durable together; it is synchronous and meant for one thread that owns it.
//! [`save`] and [`load`] are for state that is small and replaced as a whole; [`lock`] keeps a second process out.
//!
//! Knows nothing of messages, routes or modules: a record is bytes, a queue is a name. Nothing here decides when a
//! record expires or who may be told that it is stored.
//!
//! # On disk
//!
//! ```text
//! <folder>/format                                  the version of all this, as text
//! <folder>/<name>.queue/00000000000000000042.log   a segment: records from number 42 on
//! <folder>/<name>.queue/00000000000000000042.idx   what is known of a segment that is full
//! <folder>/<name>.queue/cursor                     two slots, written in turn
//! record = length u32 | crc32 u32 | number u64 | body        little endian; the sum covers all but itself
//! ```

mod cursor;
mod error;
mod file;
mod folder;
mod index;
mod lock;
mod log;
mod queues;
mod record;
mod segment;

pub use error::StoreError;
pub use file::{create_folder, load, save};
pub use lock::{Lock, LockError, lock};
pub use queues::{Queues, Recovered};

/// What a stored record or file survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The end of this process, `kill -9` included: written, but not synced.
    Process,
    /// Also the end of the machine: synced before it counts.
    Power,
}

#[cfg(test)]
mod tests;
