//! AMQP 1.0: one client's connection, from bytes to the hub's vocabulary and back. A core: no socket, no clock.
//!
//! ```text
//! head         identities, tokens and links of one connection, in the hub's words
//!   client       one identity's links: telemetry, inputs, twin, methods
//!   cbs, address, translate   what tokens, addresses and messages mean to a hub
//! connection   the engine: preamble, SASL, open and close, signs of life
//!   session, link             windows, credit, deliveries and their settlement
//!   sasl, condition           mechanisms; error conditions
//! message      sections of a message
//! frame        performatives in frames
//!   measure      what is checked before the codec sees it
//! ```
//!
//! The encodings and the types of performatives are those of `serde_amqp` and `fe2o3-amqp-types`; the engine is our
//! own, since theirs owns socket and tasks, refuses clients without SASL, and sends delivery tags of 4 bytes where C#
//! needs 16 (protocol.md §0.14, §0.17).

mod address;
mod cbs;
mod client;
mod condition;
mod connection;
mod frame;
mod head;
mod link;
mod measure;
mod message;
mod sasl;
mod session;
#[cfg(test)]
mod tests;
mod translate;

pub use connection::{Closed, Limits};
pub use head::{Head, Notice, Output, Speaker};
pub use sasl::Login;
