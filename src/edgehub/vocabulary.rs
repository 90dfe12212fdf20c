//! What the hub and its surroundings say to each other: everything but the clients' own requests and events.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::access::KnownIdentity;
use super::configuration::HubConfiguration;
use super::port::{ConnectionId, Credential, Event, Feature, Guarantee, Link, Refusal, Request, Session};
use super::queue::Queued;
use crate::identity::{Identity, ModuleId};
use crate::message::Message;
use crate::twin::ConnectionState;

/// Where a route ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// The cloud.
    Upstream,
    /// An input of a module of this device.
    Input {
        /// The module.
        module: ModuleId,
        /// The input's name.
        input: Arc<str>,
    },
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upstream => f.write_str("$upstream"),
            Self::Input { module, input } => write!(f, "modules/{module}/inputs/{input}"),
        }
    }
}

/// One queue: messages for one endpoint at one priority, 0 first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueueId {
    /// Where the messages go.
    pub endpoint: Endpoint,
    /// 0 to 9, or [`QueueId::LAST`] for a route without priority.
    pub priority: u32,
}

impl QueueId {
    /// The priority of a route without one (protocol.md §8.7).
    pub const LAST: u32 = 2_000_000_000;

    /// Returns the name under which the store keeps the queue.
    pub fn name(&self) -> String {
        format!("{}@{}", self.endpoint, self.priority)
    }

    /// Reads a name of the store back.
    pub fn parse(name: &str) -> Option<Self> {
        let (endpoint, priority) = name.rsplit_once('@')?;
        let priority = priority.parse().ok()?;
        if endpoint == "$upstream" {
            return Some(Self { endpoint: Endpoint::Upstream, priority });
        }
        let (module, input) = endpoint.strip_prefix("modules/")?.split_once("/inputs/")?;
        let module = ModuleId::parse(module).ok()?;
        Some(Self { endpoint: Endpoint::Input { module, input: input.into() }, priority })
    }
}

/// One invocation of a direct method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// Who invokes a direct method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A module of this device, through the hub's HTTPS head (protocol.md §6.1).
    Module {
        /// The module.
        identity: Identity,
        /// What it showed.
        credential: Credential,
    },
    /// The cloud.
    Cloud,
}

/// A direct method to be called.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// Who calls.
    pub caller: Caller,
    /// Who is called.
    pub target: Identity,
    /// The method.
    pub method: String,
    /// JSON text.
    pub payload: Bytes,
    /// How long to wait for the answer.
    pub response_timeout: Duration,
    /// How long to wait for the target to be connected and subscribed.
    pub connect_timeout: Duration,
}

/// A module's answer to a direct method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The module's own status.
    pub status: i32,
    /// JSON text, or empty.
    pub payload: Bytes,
}

/// Why a direct method has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvokeError {
    /// The caller is not who it says; the text is for the log.
    NotAuthorized(String),
    /// The target is not connected, or not subscribed to methods, within the connect time-out.
    NotFound,
    /// The target gave no answer within the response time-out.
    NoAnswer,
}

/// A message put in by the developer.
#[derive(Debug, Clone, PartialEq)]
pub enum Injection {
    /// As if the module had sent it; routed. The output's name stands in the message.
    FromModule(ModuleId),
    /// Straight to an input.
    ToInput {
        /// The module.
        module: ModuleId,
        /// The input's name.
        input: Arc<str>,
    },
}

/// The store holds as much as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the messages that wait take {used} bytes, and {limit} are allowed")]
pub struct StoreFull {
    /// What the waiting messages take.
    pub used: u64,
    /// What they may.
    pub limit: u64,
}

/// What the surroundings recognise an injection by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(pub u64);

/// One handing over of a cloud-to-device message: what the cloud knows by it is locked until it is completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LockToken(pub u64);

/// What the hub tells the cloud.
#[derive(Debug, Clone, PartialEq)]
pub enum ToCloud {
    /// A message; answered by [`FromCloud::Taken`].
    Telemetry {
        /// The queue it stands in.
        queue: QueueId,
        /// Its offset there.
        offset: u64,
        /// The message.
        message: Arc<Message>,
    },
    /// Reported properties changed at the edge; answered by [`FromCloud::Confirmed`].
    Reported {
        /// Whose.
        identity: Identity,
        /// The patch.
        patch: Map<String, Value>,
    },
    /// The twin is wanted; answered by [`FromCloud::Twin`].
    GetTwin {
        /// Whose.
        identity: Identity,
    },
    /// A call that came as [`FromCloud::Invoke`] is over.
    Answered {
        /// Which.
        call: CallId,
        /// How it ended.
        result: Result<Answer, InvokeError>,
    },
    /// A client connected or went.
    Presence {
        /// Who.
        identity: Identity,
        /// How it is now.
        state: ConnectionState,
    },
    /// The children of this device are wanted; answered by [`FromCloud::Scope`].
    GetScope,
    /// A child takes cloud-to-device messages from now on.
    Receive {
        /// Who.
        identity: Identity,
        /// How many it takes in all, counted since it began to; `None` as many as there are.
        total: Option<u64>,
    },
    /// A child takes none any more; what it has not completed was not delivered.
    StopReceiving {
        /// Who.
        identity: Identity,
    },
    /// A child has taken a cloud-to-device message.
    Completed {
        /// Who.
        identity: Identity,
        /// As in [`FromCloud::DeviceBound`].
        lock: LockToken,
    },
    /// A child has not used a cloud-to-device message, which it may get again.
    Abandoned {
        /// Who.
        identity: Identity,
        /// As in [`FromCloud::DeviceBound`].
        lock: LockToken,
    },
    /// A child never wants a cloud-to-device message again.
    Rejected {
        /// Who.
        identity: Identity,
        /// As in [`FromCloud::DeviceBound`].
        lock: LockToken,
    },
}

/// What the cloud tells the hub.
#[derive(Debug, Clone, PartialEq)]
pub enum FromCloud {
    /// A message arrived.
    Taken {
        /// The queue it stood in.
        queue: QueueId,
        /// Its offset there.
        offset: u64,
    },
    /// Reported properties have arrived, be they taken or refused.
    Confirmed {
        /// Whose.
        identity: Identity,
    },
    /// A twin, as a device sees it.
    Twin {
        /// Whose.
        identity: Identity,
        /// Desired properties with `$version`.
        desired: Map<String, Value>,
        /// Reported properties with `$version`.
        reported: Map<String, Value>,
    },
    /// Desired properties changed.
    DesiredPatch {
        /// Whose.
        identity: Identity,
        /// The patch, with `$version`.
        patch: Map<String, Value>,
    },
    /// A direct method is called.
    Invoke {
        /// To be named in [`Output::Invoked`].
        call: CallId,
        /// The call.
        invocation: Invocation,
    },
    /// Every device that may connect through this one, and their modules.
    Scope {
        /// All there are.
        children: Vec<KnownIdentity>,
    },
    /// A cloud-to-device message.
    DeviceBound {
        /// For whom.
        identity: Identity,
        /// Named again in [`ToCloud::Completed`].
        lock: LockToken,
        /// The message.
        message: Arc<Message>,
    },
}

/// What the store is to do, in the order of the telling.
#[derive(Debug, Clone, PartialEq)]
pub enum ToStore {
    /// Keep a message; answered by [`FromStore::Durable`] with this mark or a later one.
    Append {
        /// Grows by one with each [`ToStore::Append`] and [`ToStore::Save`] of the hub.
        mark: u64,
        /// The queue.
        queue: QueueId,
        /// The message's offset there.
        offset: u64,
        /// The message.
        queued: Queued,
    },
    /// Keep a state document, replacing the one of that name; answered as [`ToStore::Append`] is.
    Save {
        /// As that of [`ToStore::Append`]; 0 if nobody waits for it.
        mark: u64,
        /// A name such as `hub/twins/filter`.
        name: String,
        /// The document.
        document: Value,
    },
    /// Everything below this offset is done.
    Done {
        /// The queue.
        queue: QueueId,
        /// The first offset that is not.
        first: u64,
    },
    /// Read messages; answered by [`FromStore::Loaded`].
    Load {
        /// The queue.
        queue: QueueId,
        /// The first offset wanted.
        from: u64,
        /// How many at the most.
        count: usize,
    },
    /// Find messages at the head of a queue that have expired; answered by [`FromStore::Expired`].
    Expire {
        /// The queue.
        queue: QueueId,
        /// The first offset to look at.
        from: u64,
        /// What expired before this has (wall clock).
        unix: Duration,
    },
    /// Say when everything before this is stored; for others than the hub, which waits for marks.
    Confirm {
        /// Named in the answer.
        ticket: Ticket,
    },
}

/// What the store says.
#[derive(Debug, Clone, PartialEq)]
pub enum FromStore {
    /// Everything up to this mark is stored.
    Durable {
        /// The mark of a [`ToStore::Append`] or [`ToStore::Save`].
        mark: u64,
    },
    /// Messages that [`ToStore::Load`] asked for.
    Loaded {
        /// The queue.
        queue: QueueId,
        /// The first message's offset.
        from: u64,
        /// The messages, in order; those that were lost are expired ones.
        messages: Vec<Queued>,
    },
    /// Messages that [`ToStore::Expire`] asked for: everything between two offsets. There may be more.
    Expired {
        /// The queue.
        queue: QueueId,
        /// What was asked for.
        from: u64,
        /// The first offset that has not expired, or that was not looked at.
        below: u64,
    },
    /// How many bytes the messages that are not done take on disk; told when that has changed by much.
    Used {
        /// So many.
        bytes: u64,
    },
}

/// What happens to the hub.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A client wants in.
    Connect {
        /// Its connection.
        connection: ConnectionId,
        /// Who it says it is.
        identity: Identity,
        /// How it proves that.
        credential: Credential,
        /// Whether its subscriptions are kept.
        session: Session,
    },
    /// A connected client asks for something.
    Request {
        /// Its connection.
        connection: ConnectionId,
        /// What it asks.
        request: Request,
    },
    /// A client is gone.
    Disconnect {
        /// Its connection.
        connection: ConnectionId,
    },
    /// A module calls a direct method of another.
    Invoke {
        /// To be named in [`Output::Invoked`].
        call: CallId,
        /// The call.
        invocation: Invocation,
    },
    /// The developer puts a message in; answered by [`Output::Injected`] when it is stored.
    Inject {
        /// Named in the answer.
        ticket: Ticket,
        /// Where.
        injection: Injection,
        /// What.
        message: Message,
    },
    /// The store says something.
    Store(FromStore),
    /// The cloud says something.
    Cloud(FromCloud),
    /// The identities of this device are these now: others are let in no more.
    Own(Vec<KnownIdentity>),
    /// The link to the cloud changed.
    Link(Link),
    /// The routes changed.
    Configure(HubConfiguration),
    /// The deadline has come.
    Timeout,
}

/// What the hub wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// A client is let in.
    Connected {
        /// Its connection.
        connection: ConnectionId,
        /// The subscriptions that were remembered; `None` if nothing is known of an earlier connection.
        remembered: Option<Vec<(Feature, Guarantee)>>,
    },
    /// A client is not let in; its connection ends.
    Refused {
        /// Its connection.
        connection: ConnectionId,
        /// Who it said it is.
        identity: Identity,
        /// Why.
        refusal: Refusal,
    },
    /// A client is told something.
    Client {
        /// Its connection.
        connection: ConnectionId,
        /// What.
        event: Event,
    },
    /// A connection must end; the reason is for the log.
    Close {
        /// The connection.
        connection: ConnectionId,
        /// Whose it was.
        identity: Identity,
        /// Why.
        reason: &'static str,
    },
    /// A call is over.
    Invoked {
        /// Which.
        call: CallId,
        /// How it ended.
        result: Result<Answer, InvokeError>,
    },
    /// An injected message is stored, or is not.
    Injected {
        /// Which.
        ticket: Ticket,
        /// How many queues took it.
        result: Result<usize, StoreFull>,
    },
    /// The store is told something.
    Store(ToStore),
    /// The cloud is told something.
    Cloud(ToCloud),
    /// A message was queued for an endpoint.
    Routed {
        /// The message, stamped.
        message: Arc<Message>,
        /// Where it goes.
        endpoint: Endpoint,
        /// The route that sent it there; `None` if the developer did.
        route: Option<Arc<str>>,
    },
    /// `$edgeAgent` is called; the agent answers the call, not the hub.
    CallAgent {
        /// The call.
        call: CallId,
        /// The method.
        method: String,
        /// JSON text.
        payload: Bytes,
    },
    /// Something a developer should know; one sentence without secret.
    Warning(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_found_again_by_its_name() {
        let module = ModuleId::parse("filter").expect("valid");
        let input = QueueId { endpoint: Endpoint::Input { module, input: "in@1/x".into() }, priority: 3 };
        assert_eq!(input.name(), "modules/filter/inputs/in@1/x@3");
        assert_eq!(QueueId::parse(&input.name()), Some(input));
        let upstream = QueueId { endpoint: Endpoint::Upstream, priority: QueueId::LAST };
        assert_eq!(QueueId::parse(&upstream.name()), Some(upstream));
        assert_eq!(QueueId::parse("elsewhere@1"), None);
    }
}
