//! What the hub and the cloud tell each other.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::call::{Answer, CallId, Invocation, InvokeError};
use super::queue_id::QueueId;
use crate::edgehub::access::KnownIdentity;
use crate::identity::Identity;
use crate::message::Message;
use crate::twin::ConnectionState;

/// One handing over of a cloud-to-device message: what the cloud knows by it is locked until it is completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LockToken(pub u64);

/// What the hub tells the cloud.
#[derive(Debug, Clone, PartialEq)]
pub enum ToCloud {
    /// A message; answered by [`FromCloud::Taken`].
    Telemetry {
        /// The queue it stands in.
        queue: QueueId,
        /// Its offset there.
        offset: u64,
        /// The message.
        message: Arc<Message>,
    },
    /// Reported properties changed at the edge; answered by [`FromCloud::Confirmed`].
    Reported {
        /// Whose.
        identity: Identity,
        /// The patch.
        patch: Map<String, Value>,
    },
    /// The twin is wanted; answered by [`FromCloud::Twin`].
    GetTwin {
        /// Whose.
        identity: Identity,
    },
    /// A call that came as [`FromCloud::Invoke`] is over.
    Answered {
        /// Which.
        call: CallId,
        /// How it ended.
        result: Result<Answer, InvokeError>,
    },
    /// A client connected or went.
    Presence {
        /// Who.
        identity: Identity,
        /// How it is now.
        state: ConnectionState,
    },
    /// A client implements a model.
    Model {
        /// Who.
        identity: Identity,
        /// The model's id.
        model: String,
    },
    /// The children of this device are wanted; answered by [`FromCloud::Scope`].
    GetScope,
    /// A child takes cloud-to-device messages from now on.
    Receive {
        /// Who.
        identity: Identity,
        /// How many it takes in all, counted since it began to; `None` as many as there are.
        total: Option<u64>,
    },
    /// A child takes none any more; what it has not completed was not delivered.
    StopReceiving {
        /// Who.
        identity: Identity,
    },
    /// A child has taken a cloud-to-device message.
    Completed {
        /// Who.
        identity: Identity,
        /// As in [`FromCloud::DeviceBound`].
        lock: LockToken,
    },
    /// A child has not used a cloud-to-device message, which it may get again.
    Abandoned {
        /// Who.
        identity: Identity,
        /// As in [`FromCloud::DeviceBound`].
        lock: LockToken,
    },
    /// A child never wants a cloud-to-device message again.
    Rejected {
        /// Who.
        identity: Identity,
        /// As in [`FromCloud::DeviceBound`].
        lock: LockToken,
    },
}

/// What the cloud tells the hub.
#[derive(Debug, Clone, PartialEq)]
pub enum FromCloud {
    /// A message arrived.
    Taken {
        /// The queue it stood in.
        queue: QueueId,
        /// Its offset there.
        offset: u64,
    },
    /// Reported properties have arrived, be they taken or refused.
    Confirmed {
        /// Whose.
        identity: Identity,
    },
    /// A twin, as a device sees it.
    Twin {
        /// Whose.
        identity: Identity,
        /// Desired properties with `$version`.
        desired: Map<String, Value>,
        /// Reported properties with `$version`.
        reported: Map<String, Value>,
    },
    /// Desired properties changed.
    DesiredPatch {
        /// Whose.
        identity: Identity,
        /// The patch, with `$version`.
        patch: Map<String, Value>,
    },
    /// A direct method is called.
    Invoke {
        /// To be named in [`super::Output::Invoked`].
        call: CallId,
        /// The call.
        invocation: Invocation,
    },
    /// Every device that may connect through this one, and their modules.
    Scope {
        /// All there are.
        children: Vec<KnownIdentity>,
    },
    /// A cloud-to-device message.
    DeviceBound {
        /// For whom.
        identity: Identity,
        /// Named again in [`ToCloud::Completed`].
        lock: LockToken,
        /// The message.
        message: Arc<Message>,
    },
}
