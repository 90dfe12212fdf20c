//! Everything that can happen to the dispatcher, and what it says to the heads.

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::control::ControlCall;
use super::deployer::Preparation;
use super::edges::EdgeNumber;
use super::metrics::{Counted, Page};
use super::storage::Stored;
use super::test_port::TestMessage;
use super::to_heads::HeadSender;
use crate::agent::TaskId;
use crate::edgehub::{
    Answer, ConnectionId, Credential, Event as HubEvent, Feature, Guarantee, HttpAnswer, Invocation, InvokeError,
    NestedCall, Refusal, Request, Session,
};
use crate::failure::{Failure, Outcome};
use crate::identity::{Identity, ModuleId};

use crate::runtime::InstanceEvent;
use crate::workload::Audit;

/// One thing that happened.
#[derive(Debug)]
pub(super) enum Event {
    /// At one of the edge devices.
    Edge(EdgeNumber, EdgeEvent),
    /// A command of another edgectl.
    Control(ControlCall),
    /// Ctrl-C or a termination signal, as the failure that it ends the simulation with.
    Interrupt(Failure),
}

/// One thing that happened at an edge device.
#[derive(Debug)]
pub(super) enum EdgeEvent {
    /// A client's connection has something to say.
    Head { connection: ConnectionId, event: FromHead },
    /// A module calls a direct method of another over HTTPS.
    Invoke { invocation: Invocation, reply: oneshot::Sender<Result<Answer, InvokeError>> },
    /// A device below this one asks for identities over HTTPS.
    Nested { call: NestedCall, reply: oneshot::Sender<HttpAnswer> },
    /// Somebody was not let in, and has its answer already.
    Refused { reason: String },
    /// Somebody wants to know what was counted.
    Metrics { page: Page, reply: oneshot::Sender<Counted> },
    /// The workload API did something for a module.
    Workload(Audit),
    /// An instance started, printed or ended.
    Instance { module: ModuleId, run: u64, event: InstanceEvent },
    /// The store says something.
    Stored(Stored),
    /// An image that `restart --build` asked for is built, or not.
    Rebuilt { module: ModuleId, outcome: Outcome, answers: super::control::Answers },
    /// What the agent wanted to be uploaded is, or not.
    Uploaded { task: TaskId, result: Result<(), String> },
    /// A message came in at the test port.
    Test(TestMessage),
    /// A deployment is made ready.
    Prepared(Box<Preparation>),
}

/// The way to the dispatcher for everything that belongs to one edge device.
///
/// A dispatcher that has ended takes nothing; whoever sends then has ended with it.
#[derive(Debug, Clone)]
pub(super) struct EdgeEvents {
    edge: EdgeNumber,
    events: mpsc::Sender<Event>,
}

impl EdgeEvents {
    pub(super) fn new(edge: EdgeNumber, events: mpsc::Sender<Event>) -> Self {
        Self { edge, events }
    }

    /// Tells the dispatcher, once it has room.
    pub(super) async fn send(&self, event: EdgeEvent) {
        let _ = self.events.send(Event::Edge(self.edge, event)).await;
    }

    /// The same on a thread that may wait.
    pub(super) fn blocking_send(&self, event: EdgeEvent) {
        let _ = self.events.blocking_send(Event::Edge(self.edge, event));
    }

    /// The same on a task: while there is no room, the whole thread waits.
    pub(super) fn send_in_place(&self, event: EdgeEvent) {
        if let Err(TrySendError::Full(event)) = self.events.try_send(Event::Edge(self.edge, event)) {
            tokio::task::block_in_place(|| self.events.blocking_send(event).ok());
        }
    }

    /// Returns when the dispatcher has ended.
    pub(super) async fn closed(&self) {
        self.events.closed().await;
    }
}

/// What the task of a client's connection says.
#[derive(Debug)]
pub(super) enum FromHead {
    /// The client wants in; what the hub says to it goes through `head`.
    Connect { identity: Identity, credential: Credential, session: Session, head: HeadSender },
    /// The client wants in, and says who it is in a way that no hub takes.
    Misfit { reason: String, head: HeadSender },
    /// The client asks for things, in this order; the room is given back when they are done with.
    Requests { requests: Vec<Request>, room: OwnedSemaphorePermit },
    /// Something a developer should know of the client.
    Notice(String),
    /// The connection is gone, and why.
    Closed(String),
}

/// What the dispatcher says to the task of a client's connection.
#[derive(Debug)]
pub(super) enum ToHead {
    /// The client is in, with the subscriptions that were remembered.
    Connected { remembered: Option<Vec<(Feature, Guarantee)>> },
    /// The client is not let in.
    Refused(Refusal),
    /// The hub tells the client something.
    Event(HubEvent),
    /// The connection must end, and why.
    Close(&'static str),
}
