//! Identities: the names of devices and modules, their keys, SAS tokens and certificates.
//!
//! Owns the cryptography (`ring`, `rcgen`). Knows nothing of connections; see `edgehub`.

mod authentication;
mod certificate;
mod chain;
mod connection_string;
mod device_certificate;
mod key;
mod master_key;
mod name;
pub mod sas;
mod thumbprint;

pub use authentication::{Authentication, IdentityStatus};
pub use certificate::{Authority, AuthorityError, CertificateError, CertifiedKey};
pub use chain::AuthChain;
pub use connection_string::{ConnectionString, ConnectionStringError, Proof};
pub use device_certificate::DeviceCertificate;
pub use key::{KEY_BYTES, Key, KeyError};
pub use master_key::{MasterKey, SealError};
pub use name::{DeviceId, Identity, ModuleId, NameError};
pub use thumbprint::{Thumbprint, ThumbprintError, Thumbprints};
