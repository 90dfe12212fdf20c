//! Why a link or a connection is refused or ended, in the words that SDKs act upon (protocol.md §5.4).

use fe2o3_amqp_types::definitions::{AmqpError, ConnectionError, Error, ErrorCondition, LinkError, SessionError};

/// An error condition with its reason, which holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Fault {
    /// Which.
    pub condition: Condition,
    /// A sentence for whoever reads the client's log.
    pub reason: String,
}

/// The conditions that a hub uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The client has not proved that it is who the address names.
    Unauthorized,
    /// There is nothing at this address.
    NotFound,
    /// The peer may not do this now.
    NotAllowed,
    /// A message or performative cannot be read.
    Decode,
    /// There is too much of something.
    TooMuch,
    /// The simulation ends.
    Forced,
    /// The bytes are no frames.
    Framing,
    /// More was sent than there was credit for.
    NoCredit,
    /// The message is too large.
    TooLarge,
    /// Another connection of the same identity took over.
    Stolen,
    /// A handle is used that no link has, or by two links.
    Handle,
}

impl Condition {
    /// Adds the reason.
    pub(super) fn because(self, reason: impl Into<String>) -> Fault {
        Fault { condition: self, reason: reason.into() }
    }
}

impl From<&Fault> for Error {
    fn from(fault: &Fault) -> Self {
        let condition: ErrorCondition = match fault.condition {
            Condition::Unauthorized => AmqpError::UnauthorizedAccess.into(),
            Condition::NotFound => AmqpError::NotFound.into(),
            Condition::NotAllowed => AmqpError::NotAllowed.into(),
            Condition::Decode => AmqpError::DecodeError.into(),
            Condition::TooMuch => AmqpError::ResourceLimitExceeded.into(),
            Condition::Forced => ErrorCondition::ConnectionError(ConnectionError::ConnectionForced),
            Condition::Framing => ErrorCondition::ConnectionError(ConnectionError::FramingError),
            Condition::NoCredit => LinkError::TransferLimitExceeded.into(),
            Condition::TooLarge => LinkError::MessageSizeExceeded.into(),
            Condition::Stolen => LinkError::Stolen.into(),
            Condition::Handle => SessionError::UnattachedHandle.into(),
        };
        Self::new(condition, fault.reason.clone(), None)
    }
}
