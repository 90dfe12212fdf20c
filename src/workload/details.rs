//! What `GET /modules` tells about a module.

use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::iso_millis;

/// A module as the workload API shows it to any other (protocol.md §2.2).
#[derive(Debug, Clone, PartialEq)]
pub struct ModuleDetails {
    /// Its name.
    pub name: String,
    /// `image` and `createOptions` of the manifest.
    pub settings: Value,
    /// What it is doing.
    pub status: RuntimeStatus,
    /// When it was started last, as time since 1970.
    pub started: Option<Duration>,
    /// How it ended last.
    pub exit: Option<Exit>,
}

/// The end of a module's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// When, as time since 1970.
    pub at: Duration,
    /// Its exit code.
    pub code: i32,
}

/// What a module is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuntimeStatus {
    /// It runs.
    Running,
    /// It was never started, or ended with 0.
    Stopped,
    /// It ended with another code.
    Failed,
    /// The engine could not end it.
    Dead,
    /// Nobody knows.
    Unknown,
}

impl RuntimeStatus {
    fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Unknown => "unknown",
        }
    }
}

impl ModuleDetails {
    /// The type is `docker` whatever runs the module: the product knows no other, nor do its clients.
    pub(super) fn to_json(&self) -> Value {
        let mut status = json!({ "runtimeStatus": { "status": self.status.as_str() } });
        if let Some(started) = self.started {
            status["startTime"] = iso_millis(started).into();
        }
        if let Some(exit) = self.exit {
            status["exitStatus"] = json!({ "exitTime": iso_millis(exit.at), "statusCode": exit.code.to_string() });
        }
        json!({
            "id": "id",
            "name": self.name,
            "type": "docker",
            "config": { "settings": self.settings, "env": [] },
            "status": status,
        })
    }
}
