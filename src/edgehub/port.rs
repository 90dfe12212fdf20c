//! What a protocol head and the hub say to each other, whatever the protocol.
//!
//! A head turns bytes into [`Request`]s and [`Event`]s into bytes. It knows no other client, no queue and no twin.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::identity::{AuthChain, Thumbprints};
use crate::message::Message;

/// One connection of a client, unique for the life of the simulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// What a head chose to recognise its own publish by, when the hub answers [`Event::Accepted`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Receipt(pub u64);

/// One delivery of one message on one connection; unique for the life of the simulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Delivery(pub u64);

/// What a client shows to prove its identity; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A SAS token, as it came (protocol.md §3.1).
    Sas(String),
    /// A TLS client certificate, whose private key the handshake has proved (protocol.md §3.6).
    Certificate(Thumbprints),
    /// The SAS token of an edge hub below that connects for somebody else (protocol.md §3.6).
    OnBehalf {
        /// Who speaks for whom.
        chain: AuthChain,
        /// The token of the actor's `$edgeHub`, as it came.
        token: String,
    },
    /// Nothing.
    None,
}

impl Credential {
    /// Puts the certificate of the connection in the place of nothing: a token counts more, even a wrong one.
    pub fn or_certificate(self, shown: Option<Thumbprints>) -> Self {
        match (self, shown) {
            (Self::None, Some(thumbprints)) => Self::Certificate(thumbprints),
            (credential, _) => credential,
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::None { "Credential(none)" } else { "Credential(hidden)" })
    }
}

/// Whether what the hub remembers of a client's subscriptions is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// Subscriptions are remembered across connections and restarts (MQTT clean session 0).
    Kept,
    /// Subscriptions are forgotten now and at the end of the connection.
    Clean,
}

/// Why a client was not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The identity is unknown, or the credential does not prove it; the text is for the log and holds no secret.
    #[error("{0}")]
    NotAuthorized(String),
    /// So many clients are connected already, and no more are wanted.
    #[error("{0} clients are connected already")]
    TooManyClients(usize),
}

/// What a client can subscribe to (protocol.md §4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Feature {
    /// Messages to a module's inputs.
    Inputs,
    /// Direct methods.
    Methods,
    /// Changes of desired properties.
    DesiredUpdates,
    /// Answers to twin requests.
    TwinAnswers,
    /// Cloud-to-device messages.
    CloudToDevice,
}

/// Who acknowledges deliveries: nobody's memory may fill with what a slow client has not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Guarantee {
    /// Done when it is on its way, which the head says once it has written it (MQTT QoS 0).
    AtMostOnce,
    /// Done when the client says so (MQTT QoS 1).
    AtLeastOnce,
}

/// What a client asks of the hub.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// It wants to receive.
    Subscribe {
        /// What.
        feature: Feature,
        /// How surely.
        guarantee: Guarantee,
    },
    /// It does not want to receive any more.
    Unsubscribe {
        /// What.
        feature: Feature,
    },
    /// It sends a message. Answered by [`Event::Accepted`] once the message is stored wherever it goes.
    ///
    /// Identity properties (`connectionDeviceId` …) in it are ignored: the hub stamps them.
    Publish {
        /// Named again in the answer; `None` if the client wants no answer (QoS 0).
        receipt: Option<Receipt>,
        /// The message.
        message: Message,
    },
    /// It asks for its twin. Answered by [`Event::TwinAnswer`].
    GetTwin {
        /// The client's own request id, echoed byte for byte.
        rid: String,
    },
    /// It reports properties. Answered by [`Event::TwinAnswer`].
    PatchReported {
        /// The client's own request id, echoed byte for byte.
        rid: String,
        /// The patch, JSON text.
        patch: Bytes,
    },
    /// It answers a direct method.
    AnswerMethod {
        /// The id that [`Event::CallMethod`] carried.
        rid: String,
        /// The module's own status.
        status: i32,
        /// JSON text, or empty.
        payload: Bytes,
    },
    /// It has taken a delivery; whatever the guarantee.
    Acknowledge {
        /// Which.
        delivery: Delivery,
    },
    /// It has not used a delivery, which comes again after a pause (protocol.md §5.4, §9.2).
    Release {
        /// Which.
        delivery: Delivery,
    },
    /// It never wants a delivery again, which is dropped (protocol.md §9.2).
    Reject {
        /// Which.
        delivery: Delivery,
    },
    /// It has room for deliveries; until it says so once, as many as there are may come.
    ///
    /// Said before [`Request::Subscribe`] by a client that counts, and forgotten with [`Request::Unsubscribe`].
    Allow {
        /// Of what.
        feature: Feature,
        /// How many may have come in all, counted from the first [`Request::Allow`] on.
        total: u64,
    },
    /// It says which model it implements, as its twin tells then (protocol.md §7.1).
    Announce {
        /// The model's id.
        model: String,
    },
    /// It proves anew who it is, since its credential grows old. Answered by [`Event::Renewed`].
    Renew {
        /// What proves it.
        credential: Credential,
    },
}

/// Where in the client a delivered message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An input of a module.
    Input(Arc<str>),
    /// A cloud-to-device message.
    CloudToDevice,
}

/// What the hub tells a client.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A published message is stored wherever it goes.
    Accepted {
        /// The receipt of the publish.
        receipt: Receipt,
    },
    /// A message for the client.
    Deliver {
        /// Named again in [`Request::Acknowledge`].
        delivery: Delivery,
        /// Who acknowledges: the client, or the head itself as soon as it has taken the message.
        guarantee: Guarantee,
        /// Where it goes.
        target: Target,
        /// The message, stamped with its sender.
        message: Arc<Message>,
    },
    /// The answer to a twin request.
    TwinAnswer {
        /// The request's id.
        rid: String,
        /// 200 for a twin, 204 for an accepted patch, 400 for a refused one, 500 otherwise.
        status: u16,
        /// The new version of the reported section, where the hub tells it.
        version: Option<u64>,
        /// JSON text, or empty.
        body: Bytes,
    },
    /// Desired properties changed.
    DesiredChanged {
        /// The section's new version; also in the body as `$version`.
        version: u64,
        /// The patch, JSON text.
        patch: Bytes,
    },
    /// The answer to [`Request::Renew`]; who is refused is still connected.
    Renewed {
        /// Why not.
        result: Result<(), Refusal>,
    },
    /// A direct method is called.
    CallMethod {
        /// To be given back in [`Request::AnswerMethod`].
        rid: String,
        /// The method's name.
        name: String,
        /// JSON text; `null` where the caller gave none.
        payload: Bytes,
    },
}

/// Whether the cloud can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Link {
    /// It can.
    Online,
    /// It cannot.
    Offline,
}
