//! What the agent and its surroundings say to each other.

use std::time::Duration;

use crate::identity::ModuleId;
use crate::manifest::{DesiredStatus, RestartPolicy};

/// A module as the deployment wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its name.
    pub module: ModuleId,
    /// Modules of a lower order are started before it.
    pub startup_order: u32,
    /// Whether it is to run.
    pub desired: DesiredStatus,
    /// When it is started again.
    pub restart: RestartPolicy,
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

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A deployment: all modules that there are to be. Modules that are not in it are stopped and forgotten.
    Plan(Vec<Planned>),
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
    /// Everything is to end, and nothing is to start any more.
    StopAll,
    /// A [deadline](super::Agent::deadline) has passed.
    Timeout,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// When it last ended.
    pub exited_at: Option<Duration>,
    /// When it will be started again.
    pub back_off_until: Option<Duration>,
}
