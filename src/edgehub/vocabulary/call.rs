//! Direct methods: a call, who makes it and how it ends.

use std::time::Duration;

use bytes::Bytes;

use crate::edgehub::port::Credential;
use crate::identity::Identity;

/// One invocation of a direct method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// Who invokes a direct method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A module of this device, through the hub's HTTPS head (protocol.md §6.1).
    Module {
        /// The module.
        identity: Identity,
        /// What it showed.
        credential: Credential,
    },
    /// The cloud.
    Cloud,
}

/// A direct method to be called.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// Who calls.
    pub caller: Caller,
    /// Who is called.
    pub target: Identity,
    /// The method.
    pub method: String,
    /// JSON text.
    pub payload: Bytes,
    /// How long to wait for the answer.
    pub response_timeout: Duration,
    /// How long to wait for the target to be connected and subscribed.
    pub connect_timeout: Duration,
}

/// A module's answer to a direct method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The module's own status.
    pub status: i32,
    /// JSON text, or empty.
    pub payload: Bytes,
}

/// Why a direct method has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvokeError {
    /// The caller is not who it says; the text is for the log.
    NotAuthorized(String),
    /// The target is not connected, or not subscribed to methods, within the connect time-out.
    NotFound,
    /// The target gave no answer within the response time-out.
    NoAnswer,
}
