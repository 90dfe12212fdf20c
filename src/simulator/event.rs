//! Everything that can happen to the dispatcher, and what it says to the heads.

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::control::ControlCall;
use super::deployer::Preparation;
use super::metrics::Page;
use super::storage::Stored;
use super::test_port::TestMessage;
use super::to_heads::HeadSender;
use crate::agent::TaskId;
use crate::edgehub::{
    Answer, ConnectionId, Credential, Event as HubEvent, Feature, Guarantee, Invocation, InvokeError, Refusal, Request,
    Session,
};
use crate::failure::{Failure, Outcome};
use crate::identity::{Identity, ModuleId};
use crate::metrics::Family;
use crate::runtime::InstanceEvent;
use crate::workload::Audit;

/// One thing that happened.
#[derive(Debug)]
pub(super) enum Event {
    /// A client's connection has something to say.
    Head { connection: ConnectionId, event: FromHead },
    /// A module calls a direct method of another over HTTPS.
    Invoke { invocation: Invocation, reply: oneshot::Sender<Result<Answer, InvokeError>> },
    /// Somebody was not let in, and has its answer already.
    Refused { reason: String },
    /// Somebody wants to know what was counted.
    Metrics { page: Page, reply: oneshot::Sender<Vec<Family>> },
    /// The workload API did something for a module.
    Workload(Audit),
    /// An instance started, printed or ended.
    Instance { module: ModuleId, run: u64, event: InstanceEvent },
    /// The store says something.
    Stored(Stored),
    /// A command of another edgectl.
    Control(ControlCall),
    /// An image that `restart --build` asked for is built, or not.
    Rebuilt { module: ModuleId, outcome: Outcome, answers: super::control::Answers },
    /// What the agent wanted to be uploaded is, or not.
    Uploaded { task: TaskId, result: Result<(), String> },
    /// A message came in at the test port.
    Test(TestMessage),
    /// A deployment is made ready.
    Prepared(Box<Preparation>),
    /// Ctrl-C or a termination signal, as the failure that it ends the simulation with.
    Interrupt(Failure),
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
