//! The edge hub of one device: clients, routing, queues, twins' edge side, direct methods.
//!
//! A core: no socket, no clock, no task. [`EdgeHub::handle`] takes an [`Input`], [`EdgeHub::poll`] gives [`Output`]s
//! until there are none, [`EdgeHub::deadline`] says when [`Input::Timeout`] is due. Nothing is acknowledged to a sender
//! before the store has said, by [`FromStore::Durable`], that it holds what the acknowledgement promises.

mod access;
mod children;
mod clients;
mod configuration;
mod delivery;
mod devicebound;
mod http;
mod hub;
mod link;
mod methods;
mod metrics;
mod nested;
mod own;
mod passage;
mod port;
mod queue;
mod queued;
mod router;
mod storage;
mod telemetry;
mod twins;
mod vocabulary;
mod wake;

#[cfg(test)]
mod world;

pub use access::KnownIdentity;
pub use clients::ClientStatus;
pub use configuration::{ConfiguredRoute, HubConfiguration};
pub use http::{HttpAnswer, HttpCall, answer_invocation, parse_invocation};
pub use hub::{EdgeHub, Recovered};
pub use nested::{NestedCall, Question, WantedModule, parse_nested};
pub use port::{
    ConnectionId, Credential, Delivery, Event, Feature, Guarantee, Link, Receipt, Refusal, Request, Session, Target,
};
pub use queued::Queued;
pub use telemetry::MAX_MESSAGE;
pub use twins::EdgeTwin;
pub use vocabulary::{
    Answer, CallId, Caller, Endpoint, FromCloud, FromStore, Injection, Input, Invocation, InvokeError, LockToken,
    Output, QueueId, StoreFull, Ticket, ToCloud, ToStore,
};
