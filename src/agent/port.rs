//! What the agent and its surroundings say to each other.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::logs::LogsRequest;
use super::upload::{TaskId, Upload};
use crate::identity::ModuleId;
use crate::manifest::ModuleSpec;

/// A module as the deployment wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// What it is; a module of which anything but the status has changed is made anew.
    pub spec: ModuleSpec,
    /// Who starts it.
    pub owner: Owner,
}

/// Who starts and stops a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The agent.
    Agent,
    /// Somebody outside, such as an IDE: the agent only knows of the module.
    External,
}

/// A direct method of the agent, as its surroundings recognise it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AgentCall(pub u64);

/// How a deployment came out: `lastDesiredStatus` (protocol.md §11.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentStatus {
    /// 200, 400, 406, 412, 417 or 500.
    pub code: u16,
    /// What is wrong; empty for 200.
    pub description: String,
}

impl DeploymentStatus {
    /// All of it is applied.
    pub fn applied() -> Self {
        Self { code: 200, description: String::new() }
    }
}

/// What became of the desired properties that [`Output::Prepare`] handed out.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployed {
    /// The desired properties, with `$version`.
    pub desired: Map<String, Value>,
    /// All modules that there are to be; `None` if the desired properties say nothing of use, and all stays as it is.
    pub plan: Option<Vec<Planned>>,
    /// What is to be reported.
    pub status: DeploymentStatus,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A deployment is prepared. Modules that are not in it are stopped and forgotten.
    Deployed(Deployed),
    /// An instance was started.
    Started {
        /// Which.
        module: ModuleId,
    },
    /// An instance could not be started.
    StartFailed {
        /// Which.
        module: ModuleId,
        /// Why, in the words of whoever tried.
        reason: String,
    },
    /// An instance ended.
    Exited {
        /// Which.
        module: ModuleId,
        /// Its exit code; `None` if a signal ended it or nobody knows.
        code: Option<i32>,
    },
    /// The user wants a module to be stopped, if it runs, and started at once; its restarts are forgotten.
    Restart {
        /// Which.
        module: ModuleId,
    },
    /// A direct method is called; answered by [`Output::Answer`] or [`Output::ReadLogs`].
    Call {
        /// To be named in the answer.
        call: AgentCall,
        /// The method.
        method: String,
        /// JSON text.
        payload: Bytes,
    },
    /// The cloud can be reached.
    Online,
    /// It cannot; what was on its way is lost.
    Offline,
    /// The agent's twin, as the cloud has it; both sections with `$version`.
    Twin {
        /// Desired properties.
        desired: Map<String, Value>,
        /// Reported properties.
        reported: Map<String, Value>,
    },
    /// The agent's desired properties changed: the patch, with `$version`.
    DesiredPatch(Map<String, Value>),
    /// Everything is to end, and nothing is to start any more.
    StopAll,
    /// Everything has ended, and this is the last report.
    ShutDown,
    /// What [`Output::Upload`] asked for has ended.
    Uploaded {
        /// Which.
        task: TaskId,
        /// Why nothing, or not everything, was uploaded.
        result: Result<(), String>,
    },
    /// A [deadline](super::Agent::deadline) has passed.
    Timeout,
}

/// What is to be done.
#[derive(Debug, Clone)]
pub enum Output {
    /// Start an instance; to be answered by [`Input::Started`] or [`Input::StartFailed`].
    Start {
        /// Of which module.
        module: ModuleId,
    },
    /// Stop the instance; to be answered by [`Input::Exited`] (or [`Input::StartFailed`], if it was not up yet).
    Stop {
        /// Of which module.
        module: ModuleId,
    },
    /// Tell whoever watches that [`Agent::state`](super::Agent::state) has changed; it is `None` for a module that is gone.
    Changed {
        /// Of which module.
        module: ModuleId,
    },
    /// Make ready what these desired properties want; to be answered by [`Input::Deployed`].
    Prepare {
        /// The desired properties, with `$version`.
        desired: Map<String, Value>,
    },
    /// Ask the cloud for the agent's twin; to be answered by [`Input::Twin`].
    GetTwin,
    /// Tell the cloud what changed of the reported properties.
    Report(Map<String, Value>),
    /// A call is over.
    Answer {
        /// Which.
        call: AgentCall,
        /// The status.
        status: i32,
        /// JSON.
        payload: Value,
    },
    /// A call wants the logs of modules; [`LogsRequest::answer`] makes the answer of them.
    ReadLogs {
        /// Which.
        call: AgentCall,
        /// What it wants.
        request: Box<LogsRequest>,
    },
    /// Upload [blobs](Upload::blobs); to be answered by [`Input::Uploaded`].
    Upload {
        /// Names it in the answer.
        task: TaskId,
        /// What and where.
        upload: Box<Upload>,
    },
}

/// How a module is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Not started yet, or ended with exit code 0, or stopped.
    Stopped,
    /// About to run.
    Starting,
    /// Running, perhaps asked to stop.
    Running,
    /// Waiting for its next start.
    Backoff,
    /// Ended otherwise than with exit code 0, and its policy leaves it so.
    Failed,
    /// Failed too often: it is not started any more.
    GivenUp,
}

impl Status {
    /// Returns the word that `ps` and the agent's reported properties have for it.
    pub fn as_word(self) -> &'static str {
        match self {
            Self::Stopped | Self::Starting => "stopped",
            Self::Running => "running",
            Self::Backoff => "backoff",
            Self::Failed | Self::GivenUp => "failed",
        }
    }
}

/// What the agent knows of a module. Times are since 1970-01-01 UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleState {
    /// How it is.
    pub status: Status,
    /// How often it was started again since it was last healthy.
    pub restarts: u32,
    /// How it ended the last time, if with an exit code.
    pub exit_code: Option<i32>,
    /// Why it could not be started the last time, unless it has been started since.
    pub start_failure: Option<String>,
    /// When it was last started.
    pub started_at: Option<Duration>,
    /// When it was last started again by its policy.
    pub restarted_at: Option<Duration>,
    /// When it last ended.
    pub exited_at: Option<Duration>,
    /// When it will be started again.
    pub back_off_until: Option<Duration>,
}
