//! What the agent counts, under the names that the real one has (protocol.md §6.3).
//!
//! An observer: after everything that happens it looks at each module and compares it with what it saw last.

use std::collections::BTreeMap;
use std::time::Duration;

use super::port::Owner;
use super::{Agent, Module, Phase};
use crate::clock::Now;
use crate::identity::ModuleId;
use crate::metrics::{Family, Series, Summary, Unit};

/// The label that the real runtime puts on what Microsoft collects of it; a module of the user is not.
const TELEMETRY: (&str, &str) = ("ms_telemetry", "True");
const NO_TELEMETRY: (&str, &str) = ("ms_telemetry", "False");

#[derive(Debug, Default)]
pub(super) struct Metrics {
    now: Duration,
    seen: BTreeMap<ModuleId, Seen>,
    /// By module and its version.
    starts: Series<2, u64>,
    stops: Series<2, u64>,
    latencies: Series<1, Summary>,
    calls: Series<1, u64>,
    syncs: u64,
    lost_syncs: u64,
    /// Whether the cloud has been asked for the twin and has not answered yet.
    is_twin_asked: bool,
    rollout: Option<Rollout>,
    deployment_times: Summary,
}

/// How far the newest deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rollout {
    /// It has just been heard of.
    Wanted,
    /// It is made ready.
    Preparing { since: Duration },
    /// It is ready, and its modules are brought up and taken down.
    Applying { since: Duration },
}

/// What the agent and the cloud said to each other of the agent's twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sync {
    Asked,
    Told,
    DesiredChanged,
    Reported,
    LinkLost,
}

/// A module, as it was when it was looked at last.
#[derive(Debug, Clone, Copy)]
struct Seen {
    phase: Phase,
    /// When the phase began.
    since: Duration,
    is_expected: bool,
    expected: Duration,
    correct: Duration,
}

impl Metrics {
    /// A direct method of the agent is called, by the name that the agent has for it.
    pub(super) fn called(&mut self, method: &str) {
        self.calls.count([method]);
    }

    /// Counts an attempt to sync once its end is known: asking for a twin may come to nothing, the rest does not.
    pub(super) fn synced(&mut self, sync: Sync) {
        let was_asked = std::mem::replace(&mut self.is_twin_asked, sync == Sync::Asked);
        match sync {
            Sync::Asked => {}
            Sync::LinkLost if was_asked => (self.syncs, self.lost_syncs) = (self.syncs + 1, self.lost_syncs + 1),
            Sync::LinkLost => {}
            Sync::Told => self.syncs += 1,
            Sync::DesiredChanged | Sync::Reported => {
                self.syncs += 1;
                self.is_twin_asked = was_asked;
            }
        }
    }

    /// A new deployment is wanted; one that is not complete is overtaken.
    pub(super) fn deployment_wanted(&mut self) {
        self.rollout = Some(Rollout::Wanted);
    }

    /// The newest deployment is ready.
    pub(super) fn deployment_prepared(&mut self, now: Now) {
        let since = match self.rollout {
            Some(Rollout::Preparing { since }) => since,
            // The first one is prepared before anybody asks for it.
            _ => now.monotonic,
        };
        self.rollout = Some(Rollout::Applying { since });
    }

    /// Looks at the newest deployment after something has happened; `is_moving` while modules come up or go down.
    pub(super) fn observe_deployment(&mut self, now: Now, is_moving: bool) {
        match self.rollout {
            Some(Rollout::Wanted) => self.rollout = Some(Rollout::Preparing { since: now.monotonic }),
            Some(Rollout::Applying { since }) if !is_moving => {
                self.rollout = None;
                self.deployment_times.observe_time(now.monotonic, now.monotonic.saturating_sub(since));
            }
            _ => {}
        }
    }

    /// Looks at the modules after something has happened.
    pub(super) fn observe(&mut self, now: Now, modules: &BTreeMap<ModuleId, Module>) {
        let passed = now.monotonic.saturating_sub(self.now);
        self.now = now.monotonic;
        self.seen.retain(|name, _| modules.contains_key(name));
        for (name, module) in modules.iter().filter(|(_, module)| module.planned.owner == Owner::Agent) {
            let seen = self.seen.entry(name.clone()).or_insert_with(|| Seen::new(self.now));
            seen.pass(passed);
            seen.is_expected = module.is_wanted();
            if same_kind(seen.phase, module.phase) {
                continue;
            }
            let took = self.now.saturating_sub(seen.since);
            let (before, after) = (seen.phase, module.phase);
            (seen.phase, seen.since) = (after, self.now);
            self.note_change([name.as_str(), &module.planned.spec.version], before, after, took);
        }
    }

    /// Counts what a module's way from one phase to another shows; it was `took` in the first.
    fn note_change(&mut self, module: [&str; 2], before: Phase, after: Phase, took: Duration) {
        match after {
            Phase::Starting => self.starts.count(module),
            Phase::Stopping { .. } => self.stops.count(module),
            _ => {}
        }
        let command = match (before, after) {
            (Phase::Starting, Phase::Running { .. }) => "start",
            (Phase::Stopping { .. }, _) => "stop",
            _ => return,
        };
        if let Some(latencies) = self.latencies.at([command]) {
            latencies.observe_time(self.now, took);
        }
    }
}

impl Metrics {
    /// Returns what was counted of the agent's dealings with the cloud.
    fn cloud(&self, now: Now) -> [Family; 4] {
        let mut syncs =
            Family::counter("edgeAgent_iothub_syncs_total", "How often the agent synced its twin, or tried to.");
        syncs.count([TELEMETRY], self.syncs);
        let mut lost = Family::counter(
            "edgeAgent_unsuccessful_iothub_syncs_total",
            "How often the agent asked for its twin in vain.",
        );
        lost.count([TELEMETRY], self.lost_syncs);
        let mut times = Family::summary(
            "edgeAgent_deployment_time_seconds",
            "Time from a new deployment until its modules were started and others stopped.",
        );
        if self.deployment_times.count() > 0 {
            times.spread([TELEMETRY], Unit::Nanoseconds, now.monotonic, &self.deployment_times);
        }
        // The real one writes this name so.
        let mut calls = Family::counter(
            "edgeagent_direct_method_invocations_count",
            "Direct methods of the agent that were called.",
        );
        for ([method], count) in self.calls.iter() {
            calls.count([("method_name", method)], *count);
        }
        [syncs, lost, times, calls]
    }
}

impl Seen {
    fn new(now: Duration) -> Self {
        let none = Duration::ZERO;
        Self { phase: Phase::Resting, since: now, is_expected: false, expected: none, correct: none }
    }

    /// Lets time pass in which nothing has changed.
    fn pass(&mut self, passed: Duration) {
        if self.is_expected {
            self.expected += passed;
            if matches!(self.phase, Phase::Running { .. }) {
                self.correct += passed;
            }
        }
    }
}

impl Agent {
    /// Returns what was counted until now, by the real agent's names and labels.
    pub fn metrics(&self, now: Now) -> Vec<Family> {
        let Metrics { starts, stops, latencies, .. } = &self.metrics;
        let mut latency = Family::summary("edgeAgent_command_latency_seconds", "Time until a command was done.");
        for ([command], summary) in latencies.iter() {
            latency.spread([("command", command), TELEMETRY], Unit::Nanoseconds, now.monotonic, summary);
        }
        let [expected, correct] = self.times(now);
        let mut families = vec![
            by_module("edgeAgent_module_start_total", "How often a module was told to start.", starts),
            by_module("edgeAgent_module_stop_total", "How often a module was told to stop.", stops),
            latency,
            expected,
            correct,
        ];
        families.extend(self.metrics.cloud(now));
        families
    }

    fn times(&self, now: Now) -> [Family; 2] {
        let mut expected = Family::gauge(
            "edgeAgent_total_time_expected_running_seconds",
            "How long the deployment has wanted a module to run.",
        );
        let mut correct = Family::gauge(
            "edgeAgent_total_time_running_correctly_seconds",
            "How long a module that is wanted to run has run.",
        );
        for (name, seen) in &self.metrics.seen {
            let mut seen = *seen;
            seen.pass(now.monotonic.saturating_sub(self.metrics.now));
            expected.time([("module_name", name.as_str()), NO_TELEMETRY], seen.expected);
            correct.time([("module_name", name.as_str()), NO_TELEMETRY], seen.correct);
        }
        [expected, correct]
    }
}

fn by_module(name: &'static str, help: &'static str, counted: &Series<2, u64>) -> Family {
    let mut family = Family::counter(name, help);
    for ([module, version], count) in counted.iter() {
        family.count([("module_name", module), ("module_version", version), TELEMETRY], *count);
    }
    family
}

/// Says whether a module is where it was, whatever is to follow.
fn same_kind(one: Phase, other: Phase) -> bool {
    std::mem::discriminant(&one) == std::mem::discriminant(&other)
}
