//! Identities: the names of devices and modules, their keys, SAS tokens and certificates.
//!
//! Owns the cryptography (`ring`, `rcgen`). Knows nothing of connections; see `edgehub`.

mod name;

pub use name::{DeviceId, Identity, ModuleId, NameError};
