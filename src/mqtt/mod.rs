//! MQTT 3.1.1: codec, topics, and one connection's session. A core: bytes and rules, no socket, no clock.

pub mod bag;
pub mod codec;
pub mod packet;
mod session;
pub mod topic;

pub use session::{Closed, Limits, Login, LoginError, Notice, Output, Session, Violation};
