//! The agent of one device: which instance should run when. A core: no process, no clock, no task.
//!
//! [`Agent::handle`] takes what happened, [`Agent::poll`] gives what is to be done about it, and
//! [`Agent::deadline`] says when to come back with [`Input::Timeout`]. The agent knows modules by name only; images,
//! environments and processes belong to the executors in `runtime`.
//!
//! As the real agent it starts modules by `startupOrder` and waits for the start alone, not for readiness
//! (protocol.md §11.2); it restarts by policy with a growing pause, gives a module up after
//! [`MAX_RESTARTS`] restarts, and forgets them when the module has been up for [`HEALTHY_AFTER`] (§11.1). Unlike the
//! real one it acts when something happens, not every 5 s, and a start that fails counts as a restart that failed:
//! the real one retries those apart and without an upper limit to the pause.

mod metrics;
mod port;
mod restart;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZeroU32;
use std::time::Duration;

use crate::clock::Now;
use crate::identity::ModuleId;
use crate::manifest::DesiredStatus;

pub use port::{Input, ModuleState, Output, Owner, Planned, Status};
pub use restart::{HEALTHY_AFTER, MAX_RESTARTS};

use metrics::Metrics;

/// The agent of one device.
#[derive(Debug)]
pub struct Agent {
    time_scale: NonZeroU32,
    modules: BTreeMap<ModuleId, Module>,
    /// Modules of the plan that wait for those of a lower order.
    waiting: BTreeSet<(u32, ModuleId)>,
    is_stopping: bool,
    metrics: Metrics,
    outputs: VecDeque<Output>,
}

#[derive(Debug)]
struct Module {
    planned: Planned,
    phase: Phase,
    state: ModuleState,
}

/// Where a module is between two outputs; the times are monotonic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Resting,
    Starting,
    Running { healthy_at: Duration },
    Stopping { then: Then },
    BackingOff { until: Duration },
}

/// What follows when a module that is being stopped has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Rest,
    Start,
    Forget,
}

impl Module {
    fn new(planned: Planned) -> Self {
        let state = ModuleState {
            status: Status::Stopped,
            restarts: 0,
            exit_code: None,
            start_failure: None,
            started_at: None,
            exited_at: None,
            back_off_until: None,
        };
        Self { planned, phase: Phase::Resting, state }
    }

    fn rest(&mut self, status: Status) {
        self.phase = Phase::Resting;
        self.state.status = status;
        self.state.back_off_until = None;
    }

    fn deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::BackingOff { until } => Some(until),
            Phase::Running { healthy_at } if self.state.restarts > 0 => Some(healthy_at),
            _ => None,
        }
    }
}

impl Agent {
    /// Creates an agent without a plan, whose pauses are divided by `time_scale`.
    pub fn new(time_scale: NonZeroU32) -> Self {
        Self {
            time_scale,
            modules: BTreeMap::new(),
            waiting: BTreeSet::new(),
            is_stopping: false,
            metrics: Metrics::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Takes what happened. Events of modules that are not known are passed over.
    pub fn handle(&mut self, now: Now, input: Input) {
        match input {
            Input::Plan(plan) => self.apply_plan(plan),
            Input::Started { module } => self.started(now, &module),
            Input::StartFailed { module, reason } => self.ended(now, &module, End::NotStarted(reason)),
            Input::Exited { module, code } => self.ended(now, &module, End::Exited(code)),
            Input::Restart { module } => self.restart(&module),
            Input::StopAll => self.stop_all(),
            Input::Timeout => self.time_passed(now),
        }
        self.start_waiting();
        self.metrics.observe(now, &self.modules);
    }

    /// Returns the next thing to be done.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Returns the monotonic time of the next [`Input::Timeout`].
    pub fn deadline(&self) -> Option<Duration> {
        self.modules.values().filter_map(Module::deadline).min()
    }

    /// Returns what is known of a module.
    pub fn state(&self, module: &ModuleId) -> Option<&ModuleState> {
        self.modules.get(module).map(|module| &module.state)
    }

    /// Says whether no instance is up or on its way.
    pub fn is_idle(&self) -> bool {
        let is_down = |module: &Module| matches!(module.phase, Phase::Resting | Phase::BackingOff { .. });
        self.waiting.is_empty() && self.modules.values().all(is_down)
    }

    fn apply_plan(&mut self, plan: Vec<Planned>) {
        if self.is_stopping {
            return;
        }
        let plan: BTreeMap<ModuleId, Planned> = plan.into_iter().map(|p| (p.module.clone(), p)).collect();
        let gone: Vec<ModuleId> = self.modules.keys().filter(|name| !plan.contains_key(*name)).cloned().collect();
        gone.iter().for_each(|name| self.stop(name, Then::Forget));
        self.waiting.clear();
        for (name, planned) in plan {
            let desired = wanted(&planned);
            let module = self.modules.entry(name.clone()).or_insert_with(|| Module::new(planned.clone()));
            let was_desired = wanted(&module.planned);
            module.planned = planned;
            match (desired, module.phase) {
                (DesiredStatus::Stopped, _) => self.stop(&name, Then::Rest),
                (DesiredStatus::Running, Phase::Stopping { .. }) => self.stop(&name, Then::Start),
                (DesiredStatus::Running, Phase::Resting)
                    if module.state.started_at.is_none() || was_desired == DesiredStatus::Stopped =>
                {
                    self.waiting.insert((module.planned.startup_order, name));
                }
                (DesiredStatus::Running, _) => {}
            }
        }
    }

    /// Starts the modules of the lowest order that waits, once those below it have been started.
    fn start_waiting(&mut self) {
        while let Some((order, _)) = self.waiting.first().cloned() {
            let is_before = |module: &Module| module.phase == Phase::Starting && module.planned.startup_order < order;
            if self.modules.values().any(is_before) {
                return;
            }
            while let Some((_, name)) = self.waiting.first().filter(|(first, _)| *first == order).cloned() {
                self.waiting.pop_first();
                self.start(&name);
            }
        }
    }

    fn start(&mut self, name: &ModuleId) {
        let Some(module) = self.modules.get_mut(name).filter(|_| !self.is_stopping) else { return };
        module.phase = Phase::Starting;
        module.state.status = Status::Starting;
        module.state.back_off_until = None;
        self.outputs.push_back(Output::Start { module: name.clone() });
        self.changed(name);
    }

    /// Sees to it that a module is down, and that `then` follows.
    fn stop(&mut self, name: &ModuleId, then: Then) {
        let Some(module) = self.modules.get_mut(name) else { return };
        let is_up = matches!(module.phase, Phase::Starting | Phase::Running { .. });
        if is_up || matches!(module.phase, Phase::Stopping { .. }) {
            module.phase = Phase::Stopping { then };
            if is_up {
                self.outputs.push_back(Output::Stop { module: name.clone() });
            }
            return;
        }
        let was = module.state.status;
        if was == Status::Backoff {
            module.rest(Status::Stopped);
        }
        match then {
            Then::Rest if was == Status::Backoff => self.changed(name),
            Then::Rest => {}
            Then::Start => self.start(name),
            Then::Forget => self.forget(name),
        }
    }

    fn forget(&mut self, name: &ModuleId) {
        self.modules.remove(name);
        self.changed(name);
    }

    fn started(&mut self, now: Now, name: &ModuleId) {
        let healthy_after = HEALTHY_AFTER / self.time_scale.get();
        let Some(module) = self.modules.get_mut(name) else { return };
        match module.phase {
            Phase::Starting => module.phase = Phase::Running { healthy_at: now.monotonic + healthy_after },
            Phase::Stopping { .. } => {}
            Phase::Resting | Phase::Running { .. } | Phase::BackingOff { .. } => return,
        }
        module.state.status = Status::Running;
        module.state.start_failure = None;
        module.state.started_at = Some(now.unix);
        self.changed(name);
    }

    fn ended(&mut self, now: Now, name: &ModuleId, end: End) {
        let Some(module) = self.modules.get_mut(name) else { return };
        let phase = module.phase;
        if matches!(phase, Phase::Resting | Phase::BackingOff { .. }) {
            return;
        }
        let status = module.note(now, &end);
        module.rest(status);
        match phase {
            Phase::Stopping { then: Then::Forget } => return self.forget(name),
            Phase::Stopping { then: Then::Start } => return self.start(name),
            Phase::Stopping { then: Then::Rest } => {}
            _ => self.back_off(now, name, &end),
        }
        self.changed(name);
    }

    fn back_off(&mut self, now: Now, name: &ModuleId, end: &End) {
        let Some(module) = self.modules.get_mut(name) else { return };
        let is_due = match end {
            End::NotStarted(_) => true,
            End::Exited(code) => restart::is_due(module.planned.restart, *code),
        };
        if self.is_stopping || wanted(&module.planned) == DesiredStatus::Stopped || !is_due {
            return;
        }
        let Some(pause) = restart::pause(module.state.restarts) else {
            module.state.status = Status::GivenUp;
            return;
        };
        let pause = pause / self.time_scale.get();
        module.phase = Phase::BackingOff { until: now.monotonic + pause };
        module.state.status = Status::Backoff;
        module.state.back_off_until = Some(now.unix + pause);
    }

    fn restart(&mut self, name: &ModuleId) {
        let Some(module) = self.modules.get_mut(name) else { return };
        if self.is_stopping || module.planned.owner == Owner::External {
            return;
        }
        module.state.restarts = 0;
        self.waiting.retain(|(_, waiting)| waiting != name);
        self.stop(name, Then::Start);
    }

    fn stop_all(&mut self) {
        self.is_stopping = true;
        self.waiting.clear();
        let mut names: Vec<(u32, ModuleId)> =
            self.modules.iter().map(|(name, module)| (module.planned.startup_order, name.clone())).collect();
        names.sort();
        // What was started last may need what was started first until its end.
        names.iter().rev().for_each(|(_, name)| self.stop(name, Then::Rest));
    }

    fn time_passed(&mut self, now: Now) {
        let is_due = |module: &Module| module.deadline().is_some_and(|deadline| deadline <= now.monotonic);
        let due: Vec<ModuleId> = self.modules.iter().filter(|(_, m)| is_due(m)).map(|(name, _)| name.clone()).collect();
        for name in due {
            let Some(module) = self.modules.get_mut(&name) else { continue };
            if let Phase::BackingOff { .. } = module.phase {
                module.state.restarts += 1;
                self.start(&name);
            } else {
                module.state.restarts = 0;
                self.changed(&name);
            }
        }
    }

    fn changed(&mut self, name: &ModuleId) {
        self.outputs.push_back(Output::Changed { module: name.clone() });
    }
}

/// How an instance came to its end.
#[derive(Debug)]
enum End {
    NotStarted(String),
    Exited(Option<i32>),
}

impl Module {
    /// Writes down an end, and returns what it makes of the module.
    fn note(&mut self, now: Now, end: &End) -> Status {
        self.state.exited_at = Some(now.unix);
        match end {
            End::NotStarted(reason) => {
                self.state.start_failure = Some(reason.clone());
                Status::Failed
            }
            End::Exited(code) => {
                self.state.exit_code = *code;
                if *code == Some(0) { Status::Stopped } else { Status::Failed }
            }
        }
    }
}

fn wanted(planned: &Planned) -> DesiredStatus {
    match planned.owner {
        Owner::Agent => planned.desired,
        Owner::External => DesiredStatus::Stopped,
    }
}

#[cfg(test)]
mod tests;
