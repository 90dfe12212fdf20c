//! Why a client cannot do something.

use std::fmt::Display;

use crate::mqtt::codec::ProtocolError;
use crate::mqtt::packet::ConnectRefusal;

/// Why a module's client cannot connect, or an operation did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// A variable is missing.
    #[error("the environment has no `{0}`")]
    Missing(&'static str),
    /// A variable has a wrong value.
    #[error("the value of `{0}` is wrong")]
    Variable(&'static str),
    /// The workload URI is none that this client can use.
    #[error("`IOTEDGE_WORKLOADURI` is `{0}`, expected `unix:///…` or `http://host:port`")]
    WorkloadUri(String),
    /// The workload API cannot be used.
    #[error("cannot use the workload API: {0}")]
    Workload(String),
    /// The gateway cannot be reached or is not trusted.
    #[error("cannot connect to `{gateway}`: {why}")]
    Gateway {
        /// Host and port.
        gateway: String,
        /// Why.
        why: String,
    },
    /// The hub does not let the module in. Trying again is of no use.
    #[error("the hub refuses the module (MQTT return code {})", .0.code())]
    Refused(ConnectRefusal),
    /// The hub breaks the protocol.
    #[error("the hub breaks the protocol: {0}")]
    Protocol(String),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The hub did not answer in time.
    #[error("the hub does not answer")]
    Silent,
    /// A twin request was refused.
    #[error("the hub answers {0} to a twin request")]
    Twin(u16),
    /// The message or patch is too large to be sent.
    #[error("the message is too large to be sent")]
    TooLarge,
    /// Too many messages are on their way.
    #[error("too many messages wait for their acknowledgement")]
    TooMany,
    /// The client has ended.
    #[error("the client has ended")]
    Ended,
}

impl ClientError {
    pub(super) fn workload(why: impl Display) -> Self {
        Self::Workload(why.to_string())
    }

    pub(super) fn broken(why: impl Display) -> Self {
        Self::Broken(why.to_string())
    }

    /// Says whether another attempt may succeed.
    pub fn is_lasting(&self) -> bool {
        matches!(self, Self::Refused(refusal) if *refusal != ConnectRefusal::Unavailable)
    }
}

impl From<ProtocolError> for ClientError {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error.to_string())
    }
}
