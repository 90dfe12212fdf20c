//! Why a registry did not do what it was asked for.

use std::time::Duration;

use serde_json::Value;
use thiserror::Error;

use crate::engine::push::advise;
use crate::failure::Failure;
use crate::image::Reference;
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
        /// For how long it wants to be left alone, zero if it does not say.
        rest: Duration,
    },
    /// What it answered makes no sense.
    #[error("the registry's answer makes no sense: {0}")]
    Answer(String),
}

impl RegistryError {
    /// Says whether the same request may go better in a moment.
    pub(in crate::engine) fn may_pass(&self) -> bool {
        use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof};
        const BROKEN: [std::io::ErrorKind; 5] =
            [BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof];
        match self {
            Self::Unreachable { error, .. } => match error {
                FetchError::Broken(_) | FetchError::TimedOut(_) => true,
                FetchError::Unreachable(error) => BROKEN.contains(&error.kind()),
                FetchError::Address(_) | FetchError::Proxy(_) | FetchError::Tls(_) | FetchError::TooLong(_) => false,
            },
            Self::Refused { status, .. } => *status == 429 || *status >= 500,
            Self::Login(_) | Self::Answer(_) => false,
        }
    }

    /// Returns for how long the registry wants to be left alone.
    pub(in crate::engine) fn rest(&self) -> Duration {
        match self {
            Self::Refused { rest, .. } => *rest,
            _ => Duration::ZERO,
        }
    }

    /// Says what happened to whom, in one line.
    pub(in crate::engine) fn told(&self, reference: &Reference) -> String {
        match self {
            Self::Unreachable { .. } => format!("cannot reach the registry of `{reference}`: {self}"),
            _ => format!("the registry of `{reference}` says: {self}"),
        }
    }

    /// Turns it into what a user is told who wanted to `verb` an image.
    pub(in crate::engine) fn into_failure(self, verb: &str, reference: &Reference) -> Failure {
        let doing = format!("cannot {verb} `{reference}`");
        if let Self::Login(failure) = self {
            return failure.context(doing);
        }
        let said = self.to_string();
        let verb = if verb == "push" { verb } else { "pull" };
        let hint = match self.rest().as_secs() {
            0 => advise(verb, reference.registry(), &said),
            seconds => format!("{verb} again in {seconds} s; the registry `{}` wants that pause", reference.registry()),
        };
        Failure::refused(doing).cause(&said).hint(hint)
    }

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
        // Registries tell seconds; a date would be as good as nothing said.
        let seconds = answer.header("retry-after").and_then(|text| text.trim().parse().ok());
        Self::Refused { status: answer.status, said, rest: Duration::from_secs(seconds.unwrap_or_default()) }
    }
}
