//! What the hub and its surroundings say to each other: everything but the clients' own requests and events.
//!
//! [`Input`] and [`Output`] are the whole of it; what they say of a queue, a call, the cloud and the store has a file
//! each.

mod call;
mod cloud;
mod queue_id;
mod store;

use std::sync::Arc;

use bytes::Bytes;

use super::access::KnownIdentity;
use super::configuration::HubConfiguration;
use super::port::{ConnectionId, Credential, Event, Feature, Guarantee, Link, Refusal, Request, Session};
use crate::identity::{Identity, ModuleId};
use crate::message::Message;

pub use call::{Answer, CallId, Caller, Invocation, InvokeError};
pub use cloud::{FromCloud, LockToken, ToCloud};
pub use queue_id::{Endpoint, QueueId};
pub use store::{FromStore, StoreFull, ToStore};

/// A message put in by the developer.
#[derive(Debug, Clone, PartialEq)]
pub enum Injection {
    /// As if the module had sent it; routed. The output's name stands in the message.
    FromModule(ModuleId),
    /// Straight to an input.
    ToInput {
        /// The module.
        module: ModuleId,
        /// The input's name.
        input: Arc<str>,
    },
}

/// What the surroundings recognise an injection by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(pub u64);

/// What happens to the hub.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A client wants in.
    Connect {
        /// Its connection.
        connection: ConnectionId,
        /// Who it says it is.
        identity: Identity,
        /// How it proves that.
        credential: Credential,
        /// Whether its subscriptions are kept.
        session: Session,
    },
    /// A connected client asks for something.
    Request {
        /// Its connection.
        connection: ConnectionId,
        /// What it asks.
        request: Request,
    },
    /// A client is gone.
    Disconnect {
        /// Its connection.
        connection: ConnectionId,
    },
    /// A module calls a direct method of another.
    Invoke {
        /// To be named in [`Output::Invoked`].
        call: CallId,
        /// The call.
        invocation: Invocation,
    },
    /// The developer puts a message in; answered by [`Output::Injected`] when it is stored.
    Inject {
        /// Named in the answer.
        ticket: Ticket,
        /// Where.
        injection: Injection,
        /// What.
        message: Message,
    },
    /// The store says something.
    Store(FromStore),
    /// The cloud says something.
    Cloud(FromCloud),
    /// The identities of this device are these now: others are let in no more.
    Own(Vec<KnownIdentity>),
    /// The link to the cloud changed.
    Link(Link),
    /// The routes changed.
    Configure(HubConfiguration),
    /// The deadline has come.
    Timeout,
}

/// What the hub wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// A client is let in.
    Connected {
        /// Its connection.
        connection: ConnectionId,
        /// The subscriptions that were remembered; `None` if nothing is known of an earlier connection.
        remembered: Option<Vec<(Feature, Guarantee)>>,
    },
    /// A client is not let in; its connection ends.
    Refused {
        /// Its connection.
        connection: ConnectionId,
        /// Who it said it is.
        identity: Identity,
        /// Why.
        refusal: Refusal,
    },
    /// A client is told something.
    Client {
        /// Its connection.
        connection: ConnectionId,
        /// What.
        event: Event,
    },
    /// A connection must end; the reason is for the log.
    Close {
        /// The connection.
        connection: ConnectionId,
        /// Whose it was.
        identity: Identity,
        /// Why.
        reason: &'static str,
    },
    /// A call is over.
    Invoked {
        /// Which.
        call: CallId,
        /// How it ended.
        result: Result<Answer, InvokeError>,
    },
    /// An injected message is stored, or is not.
    Injected {
        /// Which.
        ticket: Ticket,
        /// How many queues took it.
        result: Result<usize, StoreFull>,
    },
    /// The store is told something.
    Store(ToStore),
    /// The cloud is told something.
    Cloud(ToCloud),
    /// A message was queued for an endpoint.
    Routed {
        /// The message, stamped.
        message: Arc<Message>,
        /// Where it goes.
        endpoint: Endpoint,
        /// The route that sent it there; `None` if the developer did.
        route: Option<Arc<str>>,
    },
    /// `$edgeAgent` is called; the agent answers the call, not the hub.
    CallAgent {
        /// The call.
        call: CallId,
        /// The method.
        method: String,
        /// JSON text.
        payload: Bytes,
    },
    /// Something a developer should know of somebody; one sentence without secret.
    Warning {
        /// Of whom.
        about: Identity,
        /// What.
        text: String,
    },
}
