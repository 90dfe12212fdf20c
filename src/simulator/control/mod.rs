//! The control socket: how other edgectl commands speak to a running simulation.
//!
//! JSON lines over a unix socket: the client writes one [`Request`], the server answers any number of records and then
//! one last line, `done` or `failed`. The socket lies in a private folder, so whoever can open it is the developer.

mod client;
mod folder;
mod protocol;
mod server;
mod target;

pub use client::Connection;
pub use folder::{RunFolder, RunRecord};
pub use protocol::{
    DeployOutcome, LinkRequest, LinkState, MessageBody, NewDevice, Request, SendTarget, Since, Start, TargetName,
    TwinChange, Until,
};
pub use server::{Answers, ControlCall, serve};
pub use target::{Destination, ModuleName, Origin, TargetError};
