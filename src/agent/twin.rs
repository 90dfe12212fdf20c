//! The agent's twin: which deployment is the newest, and what the cloud knows of the agent (protocol.md §11.3).
//!
//! The agent speaks to the cloud itself, not through the hub: without a link nothing is queued, and when it is back
//! the whole twin is fetched and the difference reported.

use std::time::Duration;

use serde_json::{Map, Value};

use super::metrics::Sync;
use super::port::{Deployed, DeploymentStatus, Output};
use super::{Agent, report};
use crate::clock::Now;
use crate::twin;

/// A deployment that failed in part is tried again this often, with doubling pauses and no longest one (§11.2).
const MAX_RETRIES: u32 = 20;
const FIRST_RETRY: Duration = Duration::from_secs(10);
const VERSION: &str = "$version";

/// What the agent knows of its twin.
#[derive(Debug)]
pub(super) struct AgentTwin {
    /// The newest desired properties, with `$version`.
    desired: Map<String, Value>,
    /// The version that was handed out to be prepared last.
    prepared: u64,
    /// The newest version of which it is known what became of it.
    handled: u64,
    /// The newest desired properties that a plan could be made of.
    deployed: Map<String, Value>,
    pub(super) status: DeploymentStatus,
    /// The reported properties as the cloud has them; `None` while they are not known.
    told: Option<Map<String, Value>>,
    /// Whether anything has happened since the last look at what is to be reported.
    pub(super) has_news: bool,
    link: Link,
    retries: u32,
    /// When a deployment that failed in part is tried again, on the monotonic clock.
    retry_at: Option<Duration>,
    pub(super) began: Option<Duration>,
    pub(super) has_shut_down: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Online,
    Offline,
}

impl Default for AgentTwin {
    fn default() -> Self {
        Self {
            desired: Map::new(),
            prepared: 0,
            handled: 0,
            deployed: Map::new(),
            status: DeploymentStatus { code: 406, description: String::new() },
            told: None,
            has_news: false,
            link: Link::Offline,
            retries: 0,
            retry_at: None,
            began: None,
            has_shut_down: false,
        }
    }
}

impl AgentTwin {
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.retry_at
    }

    /// The desired properties by which everything runs now.
    pub(super) fn deployed(&self) -> &Map<String, Value> {
        &self.deployed
    }

    /// What was deployed as `edgeAgent` or `edgeHub`.
    pub(super) fn system(&self, name: &str) -> Option<&Map<String, Value>> {
        self.deployed.get("systemModules")?.get(name)?.as_object()
    }

    /// The version of the deployment that `lastDesiredStatus` is about.
    pub(super) fn handled(&self) -> u64 {
        self.handled
    }
}

impl Agent {
    pub(super) fn handle_online(&mut self) {
        self.twin.link = Link::Online;
        self.ask_twin();
    }

    pub(super) fn handle_offline(&mut self) {
        self.twin.link = Link::Offline;
        self.twin.told = None;
        self.metrics.synced(Sync::LinkLost);
    }

    fn ask_twin(&mut self) {
        self.metrics.synced(Sync::Asked);
        self.outputs.push_back(Output::GetTwin);
    }

    pub(super) fn handle_twin(&mut self, desired: Map<String, Value>, mut reported: Map<String, Value>) {
        self.metrics.synced(Sync::Told);
        reported.shift_remove(VERSION);
        self.twin.told = Some(reported);
        self.take_desired(desired);
    }

    /// Takes a change of desired properties if it is the next one; else the whole twin is fetched.
    pub(super) fn handle_desired_patch(&mut self, patch: &Map<String, Value>) {
        self.metrics.synced(Sync::DesiredChanged);
        if version(&self.twin.desired) + 1 != version(patch) {
            self.ask_twin();
            return;
        }
        let mut desired = self.twin.desired.clone();
        twin::merge(&mut desired, patch);
        self.take_desired(desired);
    }

    fn take_desired(&mut self, desired: Map<String, Value>) {
        self.twin.desired = desired;
        if version(&self.twin.desired) != self.twin.prepared && !self.is_stopping {
            self.twin.retries = 0;
            self.prepare();
        }
    }

    fn prepare(&mut self) {
        self.twin.retry_at = None;
        self.twin.prepared = version(&self.twin.desired);
        self.metrics.deployment_wanted();
        self.outputs.push_back(Output::Prepare { desired: self.twin.desired.clone() });
    }

    /// Takes what became of a deployment; one that was overtaken meanwhile counts for nothing.
    pub(super) fn handle_deployed(&mut self, now: Now, deployed: Deployed) {
        let found = version(&deployed.desired);
        if self.twin.prepared == 0 {
            // The first one is prepared before anybody asks for it.
            self.twin.began = Some(now.unix);
            self.twin.prepared = found;
            self.twin.desired = deployed.desired.clone();
        }
        if found != self.twin.prepared {
            return;
        }
        self.metrics.deployment_prepared(now);
        if let Some(plan) = deployed.plan {
            self.twin.deployed = deployed.desired;
            self.apply_plan(plan);
        }
        self.twin.handled = found;
        let is_failed_in_part = deployed.status.code == 500;
        self.twin.status = deployed.status;
        if is_failed_in_part && self.twin.retries < MAX_RETRIES {
            let pause = FIRST_RETRY.saturating_mul(1 << self.twin.retries) / self.time_scale.get();
            self.twin.retry_at = Some(now.monotonic + pause);
            self.twin.retries += 1;
        }
    }

    /// Tries a deployment again that failed in part.
    pub(super) fn retry_deployment(&mut self, now: Duration) {
        if self.twin.retry_at.is_some_and(|at| at <= now) {
            self.prepare();
        }
    }

    /// Returns what the cloud does not know yet of the agent, and takes it that it will.
    pub(super) fn report(&mut self) -> Option<Map<String, Value>> {
        if !std::mem::take(&mut self.twin.has_news) || self.twin.link == Link::Offline || self.twin.prepared == 0 {
            return None;
        }
        self.twin.told.as_ref()?;
        let document = report::document(self);
        let told = self.twin.told.replace(document)?;
        let difference = twin::diff(&told, self.twin.told.as_ref()?);
        if difference.is_empty() {
            return None;
        }
        self.metrics.synced(Sync::Reported);
        Some(difference)
    }
}

fn version(section: &Map<String, Value>) -> u64 {
    section.get(VERSION).and_then(Value::as_u64).unwrap_or_default()
}
