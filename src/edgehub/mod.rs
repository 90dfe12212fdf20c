//! The edge hub of one device: clients, routing, queues, twins' edge side, direct methods.
//!
//! A core: no socket, no clock, no task.

mod http;
mod port;

pub use http::{HttpAnswer, HttpCall, Invocation, InvocationResult, answer_invocation, parse_invocation};
pub use port::{
    ConnectionId, Credential, Delivery, Event, Feature, Guarantee, Link, Receipt, Refusal, Request, Session, Target,
};
