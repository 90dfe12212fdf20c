//! What a module hears from its hub, with the means to answer.

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::mpsc;

use super::ClientError;
use super::exchange::{Command, Handle, Heard};
use crate::message::Message;

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// A connection was made: the twin may have changed meanwhile.
    Connected,
    /// The connection is gone, or another try failed; left out while too many events wait to be taken.
    Disconnected(ClientError),
    /// A message came.
    Input(Input),
    /// Desired properties changed: the patch, with `$version`.
    DesiredChanged(Value),
    /// A direct method is called.
    Method(MethodCall),
}

impl Event {
    pub(super) fn new(heard: Heard, answers: mpsc::Sender<Command>) -> Self {
        match heard {
            Heard::Input { input, message, handle } => Self::Input(Input { input, message, handle, answers }),
            Heard::DesiredChanged(patch) => Self::DesiredChanged(patch),
            Heard::Method { name, rid, payload } => Self::Method(MethodCall { name, payload, rid, answers }),
        }
    }
}

/// A message on an input. Unless it is accepted, the hub delivers it again.
#[derive(Debug)]
pub struct Input {
    /// The input's name.
    pub input: String,
    /// The message.
    pub message: Message,
    handle: Option<Handle>,
    answers: mpsc::Sender<Command>,
}

impl Input {
    /// Tells the hub that the message is dealt with.
    pub async fn accept(self) {
        if let Some(handle) = self.handle {
            // Without a connection the hub delivers it again anyway.
            let _ = self.answers.send(Command::Accept { handle }).await;
        }
    }
}

/// A call of a direct method; whoever called waits for the answer.
#[derive(Debug)]
pub struct MethodCall {
    /// The method's name.
    pub name: String,
    /// JSON text.
    pub payload: Bytes,
    rid: String,
    answers: mpsc::Sender<Command>,
}

impl MethodCall {
    /// Answers the call.
    pub async fn answer(self, status: i32, payload: &Value) {
        let payload = Bytes::from(payload.to_string());
        let _ = self.answers.send(Command::Answer { rid: self.rid, status, payload }).await;
    }
}
