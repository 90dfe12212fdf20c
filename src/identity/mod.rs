//! Identities: the names of devices and modules, their keys, SAS tokens and certificates.
//!
//! Owns the cryptography (`ring`, `rcgen`). Knows nothing of connections; see `edgehub`.

mod certificate;
mod master_key;
mod name;

pub use certificate::{Authority, AuthorityError, CertificateError, CertifiedKey};
pub use master_key::{MasterKey, SealError};
pub use name::{DeviceId, Identity, ModuleId, NameError};
