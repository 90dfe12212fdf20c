//! Why a registry did not do what it was asked for.

use serde_json::Value;
use thiserror::Error;

use crate::failure::Failure;
use crate::net::{Answer, FetchError};

/// Why a registry did not do what it was asked for.
#[derive(Debug, Error)]
pub enum RegistryError {
    /// It could not be asked.
    #[error("{registry}: {error}")]
    Unreachable {
        /// Its host and port.
        registry: String,
        /// What was in the way.
        error: FetchError,
    },
    /// The login for it cannot be had.
    #[error("{}", .0.message())]
    Login(Failure),
    /// It said no; its code (`UNAUTHORIZED`, `DENIED`) or the status, and its own words.
    #[error("{said}")]
    Refused {
        /// The status code.
        status: u16,
        /// Its words in lower case, with the code in front.
        said: String,
    },
    /// What it answered makes no sense.
    #[error("the registry's answer makes no sense: {0}")]
    Answer(String),
}

impl RegistryError {
    /// Reads `{"errors": [{"code", "message"}]}`, which every registry should answer with.
    pub(super) fn refused(answer: &Answer) -> Self {
        let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let first = &document["errors"][0];
        let said = match (first["code"].as_str(), first["message"].as_str()) {
            (Some(code), Some(message)) => format!("{}: {message}", code.to_lowercase()),
            _ if answer.status == 401 => "unauthorized".to_owned(),
            _ if answer.status == 403 => "denied".to_owned(),
            _ => format!("status {}", answer.status),
        };
        Self::Refused { status: answer.status, said }
    }
}
