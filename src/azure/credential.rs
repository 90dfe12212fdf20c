//! How a call to the hub proves that it may be made.

use std::fmt;
use std::time::Duration;

use super::HubHost;
use crate::identity::{Key, sas};

/// How long a SAS token lives: a call takes seconds, and clocks may differ by minutes.
const TOKEN_LIFE: Duration = Duration::from_secs(3600);

/// What proves that a call may be made. Never shown: `Debug` names the kind alone.
#[derive(Clone)]
pub enum Credential {
    /// A shared access policy of the hub and its key, by which each call gets a SAS token.
    Policy {
        /// The policy's name.
        name: String,
        /// Its key.
        key: Key,
    },
    /// A finished SAS token.
    Token(String),
    /// A bearer token of Microsoft Entra ID.
    Bearer(String),
}

impl Credential {
    /// Returns the value of the header `Authorization` (protocol.md §12.1).
    pub(super) fn authorization(&self, host: &HubHost, unix: Duration) -> String {
        match self {
            Self::Policy { name, key } => sas::create(host.name(), key, unix + TOKEN_LIFE, Some(name)),
            Self::Token(token) => token.clone(),
            Self::Bearer(token) => format!("Bearer {token}"),
        }
    }

    /// Returns who it is, in words.
    pub fn who(&self) -> String {
        match self {
            Self::Policy { name, .. } => format!("the policy `{name}`"),
            Self::Token(_) => "the SAS token of the connection string".to_owned(),
            Self::Bearer(_) => "the account that `az` is logged in with".to_owned(),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy { name, .. } => f.debug_struct("Policy").field("name", name).finish_non_exhaustive(),
            Self::Token(_) => f.write_str("Token(hidden)"),
            Self::Bearer(_) => f.write_str("Bearer(hidden)"),
        }
    }
}
