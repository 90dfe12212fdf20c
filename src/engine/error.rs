//! Errors of the engine in the words of failures.

use std::error::Error as _;
use std::io;

use bollard::errors::Error;

use crate::failure::{Failure, Kind};

/// Turns an error of a request into a failure: the machine's if the engine is gone, else a refusal.
pub(super) fn failure(doing: impl std::fmt::Display, error: &Error) -> Failure {
    let refused = matches!(error, Error::DockerResponseServerError { .. } | Error::DockerStreamError { .. });
    if refused {
        return Failure::refused(doing).cause(text_of(error));
    }
    Failure::new(Kind::Machine, doing)
        .cause(text_of(error))
        .hint("see whether the container engine still runs with `docker info`")
}

/// Returns what the engine said, without the library's words around it; else the innermost cause.
pub(super) fn text_of(error: &Error) -> String {
    match error {
        Error::DockerResponseServerError { message, .. } | Error::DockerStreamError { error: message } => {
            message.trim().to_owned()
        }
        Error::SocketNotFoundError(path) => format!("there is no socket `{path}`"),
        Error::RequestTimeoutError => "it does not answer in time".to_owned(),
        error => innermost_text(error),
    }
}

/// Returns the error of the operating system below, if there is one.
pub(super) fn io_error(error: &Error) -> Option<&io::Error> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io);
        }
        next = error.source();
    }
    None
}

/// The innermost cause says most, unless it says nothing.
fn innermost_text(error: &Error) -> String {
    let mut text = error.to_string();
    let mut next: Option<&(dyn std::error::Error + 'static)> = error.source();
    while let Some(source) = next {
        let inner = source.to_string();
        if !inner.trim().is_empty() {
            text = inner;
        }
        next = source.source();
    }
    text
}
