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
        vec![
            by_module("edgeAgent_module_start_total", "How often a module was told to start.", starts),
            by_module("edgeAgent_module_stop_total", "How often a module was told to stop.", stops),
            latency,
            expected,
            correct,
        ]
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
