//! A client for IoT Edge modules: MQTT 3.1.1 over TLS to the edge hub, with tokens signed by the workload API.
//!
//! One thread, no callbacks: [`Client::next`] returns the next event and keeps the connection alive meanwhile. A lost
//! connection is opened again with growing pauses, and a token is renewed before it expires; neither is an event.
//! A message is delivered and sent at least once.

mod backoff;
mod client;
mod credentials;
mod link;
mod message;
mod mqtt;
mod session;
mod settings;
mod tls;
mod topics;
mod workload;

pub use client::Client;
pub use message::Message;
pub use session::{Event, Input};
pub use settings::Settings;
