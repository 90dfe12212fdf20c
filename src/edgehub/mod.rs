//! The edge hub of one device: clients, routing, queues, twins' edge side, direct methods.
//!
//! A core: no socket, no clock, no task.

mod port;

pub use port::{
    ConnectionId, Credential, Delivery, Event, Feature, Guarantee, Link, Receipt, Refusal, Request, Session, Target,
};
