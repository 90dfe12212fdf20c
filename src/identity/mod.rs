//! Identities: the names of devices and modules, their keys, SAS tokens and certificates.
//!
//! Owns the cryptography (`ring`, `rcgen`). Knows nothing of connections; see `edgehub`.

mod connection_string;
mod key;
mod name;
pub mod sas;

pub use connection_string::{ConnectionString, ConnectionStringError, Proof};
pub use key::{KEY_BYTES, Key, KeyError};
pub use name::{DeviceId, Identity, ModuleId, NameError};
