//! How an identity proves who it is, as it stands in the registry of an IoT Hub (protocol.md §12.2).

use serde::{Deserialize, Serialize};

use super::{Key, KeyError, Thumbprint};

/// What proves an identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Authentication {
    /// A token signed with either key.
    Sas {
        /// The first key.
        primary_key: Key,
        /// The second key, with which keys are changed without a gap.
        secondary_key: Key,
    },
    /// A certificate that the device signed itself, known by either thumbprint.
    SelfSigned {
        /// The first certificate.
        primary_thumbprint: Thumbprint,
        /// The second one, with which certificates are changed without a gap.
        secondary_thumbprint: Option<Thumbprint>,
    },
}

impl Authentication {
    /// Makes new keys.
    pub fn generate_keys() -> Result<Self, KeyError> {
        Ok(Self::Sas { primary_key: Key::generate()?, secondary_key: Key::generate()? })
    }

    /// Returns the hub's word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Sas { .. } => "sas",
            Self::SelfSigned { .. } => "selfSigned",
        }
    }
}

/// Whether an identity may connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum IdentityStatus {
    /// It may.
    Enabled,
    /// It is refused whatever it shows.
    Disabled,
}
