//! What is asked and answered over the control socket.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::edgehub::Link;
use crate::failure::{Failure, Kind};
use crate::identity::ModuleId;

/// What a command asks of the running simulation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Request {
    /// The `ready` document, once the simulation is.
    Ready {
        /// How far it must be.
        until: Until,
    },
    /// One record a module, in the shape of `ps --json`.
    Ps,
    /// Log lines; with `follow` until the client goes away.
    Logs {
        /// Of these modules; none is all.
        modules: Vec<ModuleId>,
        /// Whether to go on with new lines.
        follow: bool,
        /// The last lines of each module only.
        tail: Option<usize>,
        /// Not older than this many seconds.
        since: Option<f64>,
    },
    /// Ends the simulation gently; answered when everything has ended.
    Stop,
    /// Starts a module anew and clears its back-off.
    Restart {
        /// Which.
        module: ModuleId,
        /// Whether its image is built first.
        build: bool,
    },
    /// Shows or changes a twin; the record is the full twin.
    Twin {
        /// Whose.
        target: TargetName,
        /// What to change.
        change: TwinChange,
    },
    /// Calls a direct method; the record is `{"status","payload"}`.
    Call {
        /// Whom.
        target: TargetName,
        /// The method.
        method: String,
        /// JSON; absent is `null`.
        payload: Option<Value>,
        /// Seconds to wait for the answer.
        response_timeout: f64,
        /// Seconds to wait until the target is connected.
        connect_timeout: f64,
    },
    /// Puts a message in; done when it is stored.
    Send {
        /// Where.
        target: SendTarget,
        /// What.
        message: MessageBody,
    },
    /// Messages as they are queued, until the client goes away.
    Monitor {
        /// Only from this module.
        from_module: Option<ModuleId>,
        /// Only from this output.
        from_output: Option<String>,
        /// Only to this destination, as `monitor --json` prints it.
        to: Option<String>,
        /// Remembered messages first.
        since: Option<Since>,
    },
    /// Tells or changes the link to the cloud; the record is `{"upstream","waiting"}`.
    Upstream {
        /// What it shall be; `None` only tells.
        link: Option<Link>,
    },
    /// What a module needs to run outside; the record is `{"workload":{…},"connectionString":{…}}`.
    Credentials {
        /// Which.
        module: ModuleId,
    },
}

/// How far a simulation must be to be called ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Until {
    /// Ports bound, and every module started.
    Started,
    /// Every module connected too.
    Connected,
}

/// A name as the developer wrote it: `module`, `device` or `device/module`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetName(pub String);

/// What happens to a twin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TwinChange {
    /// Nothing.
    Show,
    /// Desired properties are merged; null deletes.
    Patch(Map<String, Value>),
    /// Desired properties are replaced.
    Replace(Map<String, Value>),
    /// The service form, merged: desired properties and tags.
    PatchDocument {
        /// `properties.desired`.
        desired: Option<Map<String, Value>>,
        /// `tags`.
        tags: Option<Map<String, Value>>,
    },
    /// The service form, replacing what is named.
    ReplaceDocument {
        /// `properties.desired`.
        desired: Option<Map<String, Value>>,
        /// `tags`.
        tags: Option<Map<String, Value>>,
    },
}

/// Where a message is put in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SendTarget {
    /// `module/inputs/name`: queued straight to that input.
    Input {
        /// The module.
        module: ModuleId,
        /// The input.
        input: String,
    },
    /// `module/outputs/name`: routed as if the module had sent it.
    Output {
        /// The module.
        module: ModuleId,
        /// The output.
        output: String,
    },
}

/// A message to put in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageBody {
    /// The body, in base64.
    pub body: String,
    /// Application properties, in order.
    pub properties: Vec<(String, String)>,
    /// The content type.
    pub content_type: Option<String>,
    /// The content encoding.
    pub content_encoding: Option<String>,
}

/// From when on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Since {
    /// Everything that is remembered.
    Start(Start),
    /// Not older than this many seconds.
    Seconds(f64),
}

/// The beginning of what is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start {
    /// The only one.
    #[serde(rename = "start")]
    Start,
}

/// One line of an answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Line {
    Record(Value),
    Done,
    Failed(WireFailure),
}

/// A failure on its way to the command that must tell it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireFailure {
    code: u8,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
}

impl From<&Failure> for WireFailure {
    fn from(failure: &Failure) -> Self {
        Self {
            code: failure.kind().exit_code(),
            message: failure.message().to_owned(),
            causes: failure.causes().to_vec(),
            hints: failure.hints().to_vec(),
        }
    }
}

impl From<WireFailure> for Failure {
    fn from(wire: WireFailure) -> Self {
        let kind = Kind::of_exit_code(wire.code).unwrap_or(Kind::Bug);
        let failure = wire.causes.iter().fold(Self::new(kind, wire.message), Self::cause);
        wire.hints.iter().fold(failure, Self::hint)
    }
}
