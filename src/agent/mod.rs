//! The agent of one device: which instance should run when. A core: no process, no clock, no task.
//!
//! [`Agent::handle`] takes what happened, [`Agent::poll`] gives what is to be done about it, and
//! [`Agent::deadline`] says when to come back with [`Input::Timeout`]. What a module is made of the agent only compares
//! and reports; images, environments and processes belong to the executors in `runtime`.
//!
//! As the real agent it starts modules by `startupOrder` and waits for the start alone, not for readiness (protocol.md
//! §11.2); it restarts by policy with a growing pause, gives a module up after [`MAX_RESTARTS`] restarts, and forgets
//! them when the module has been up for [`HEALTHY_AFTER`] (§11.1). A new deployment touches only what changed; a module
//! of which more than the status did is stopped and started, in its order. Unlike the real one the agent acts when
//! something happens, not every 5 s, and a start that fails counts as a restart that failed: the real one retries those
//! apart and without an upper limit to the pause.

mod calls;
mod logs;
mod metrics;
mod module;
mod moment;
mod port;
mod report;
mod restart;
#[cfg(test)]
mod tests;
mod twin;
mod upload;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZeroU32;
use std::time::Duration;

use crate::clock::Now;
use crate::identity::ModuleId;

pub use logs::{LogLine, LogSource, LogsRequest};
pub use port::{AgentCall, Deployed, DeploymentStatus, Input, ModuleState, Output, Owner, Planned, Status};
pub use restart::{HEALTHY_AFTER, MAX_RESTARTS};
pub use upload::{Blob, SasUrl, TaskId, Upload};

use metrics::Metrics;
use module::{End, Module, Phase, Step, Then};
use twin::AgentTwin;
use upload::Tasks;

/// The agent of one device.
#[derive(Debug)]
pub struct Agent {
    time_scale: NonZeroU32,
    modules: BTreeMap<ModuleId, Module>,
    /// Modules of the plan that wait for those of a lower order.
    waiting: BTreeSet<(u32, ModuleId)>,
    is_stopping: bool,
    twin: AgentTwin,
    tasks: Tasks,
    metrics: Metrics,
    /// When the first module wants to be looked at; as of the last input.
    modules_due: Option<Duration>,
    outputs: VecDeque<Output>,
}

impl Agent {
    /// Creates an agent without a plan, whose pauses are divided by `time_scale`.
    pub fn new(time_scale: NonZeroU32) -> Self {
        Self {
            time_scale,
            modules: BTreeMap::new(),
            waiting: BTreeSet::new(),
            is_stopping: false,
            twin: AgentTwin::default(),
            tasks: Tasks::default(),
            metrics: Metrics::default(),
            modules_due: None,
            outputs: VecDeque::new(),
        }
    }

    /// Takes what happened. Events of modules that are not known are passed over.
    pub fn handle(&mut self, now: Now, input: Input) {
        match input {
            Input::Deployed(deployed) => self.handle_deployed(now, deployed),
            Input::Started { module, image } => self.started(now, &module, image),
            Input::StartFailed { module, reason } => self.ended(now, &module, End::NotStarted(reason)),
            Input::Exited { module, code } => self.ended(now, &module, End::Exited(code)),
            Input::Restart { module } => self.restart(&module),
            Input::Call { call, method, payload } => self.handle_call(now, call, &method, &payload),
            Input::Online => self.handle_online(),
            Input::Offline => self.handle_offline(),
            Input::Twin { desired, reported } => self.handle_twin(desired, reported),
            Input::DesiredPatch(patch) => self.handle_desired_patch(&patch),
            Input::StopAll => self.stop_all(),
            Input::Uploaded { task, result } => self.tasks.end(&task, result),
            Input::ShutDown => self.twin.has_shut_down = true,
            Input::Timeout => self.time_passed(now),
        }
        self.start_waiting();
        self.twin.has_news = true;
        self.metrics.observe(now, &self.modules);
        self.metrics.observe_deployment(now, self.is_moving());
        self.modules_due = self.modules.values().filter_map(Module::deadline).min();
    }

    /// Returns the next thing to be done; what is to be reported comes last, all of it at once.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front().or_else(|| self.report().map(Output::Report))
    }

    /// Returns the monotonic time of the next [`Input::Timeout`].
    pub fn deadline(&self) -> Option<Duration> {
        self.modules_due.into_iter().chain(self.twin.deadline()).min()
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

    /// Says whether a module waits for its turn, comes up or goes down.
    fn is_moving(&self) -> bool {
        let moves = |module: &Module| matches!(module.phase, Phase::Starting | Phase::Stopping { .. });
        !self.waiting.is_empty() || self.modules.values().any(moves)
    }

    fn apply_plan(&mut self, plan: Vec<Planned>) {
        if self.is_stopping {
            return;
        }
        let plan: BTreeMap<ModuleId, Planned> = plan.into_iter().map(|p| (p.spec.id.clone(), p)).collect();
        let gone: Vec<ModuleId> = self.modules.keys().filter(|name| !plan.contains_key(*name)).cloned().collect();
        gone.iter().for_each(|name| self.stop(name, Then::Forget));
        self.waiting.clear();
        for (name, planned) in plan {
            let step = match self.modules.get_mut(&name) {
                Some(module) => module.change(planned),
                None => {
                    let module = self.modules.entry(name.clone()).or_insert_with(|| Module::new(planned));
                    if module.is_wanted() { Step::BringUp } else { Step::Leave }
                }
            };
            match step {
                Step::BringUp => drop(self.waiting.insert((self.order(&name), name))),
                Step::TakeDown => self.stop(&name, Then::Rest),
                Step::Leave => {}
            }
        }
    }

    fn order(&self, name: &ModuleId) -> u32 {
        self.modules.get(name).map_or(u32::MAX, |module| module.planned.spec.startup_order)
    }

    /// Brings up the modules of the lowest order that waits, once those below it have been started.
    fn start_waiting(&mut self) {
        while let Some((order, _)) = self.waiting.first().cloned() {
            let is_before = |module: &Module| module.is_coming_up() && module.planned.spec.startup_order < order;
            if self.modules.values().any(is_before) {
                return;
            }
            while let Some((_, name)) = self.waiting.first().filter(|(first, _)| *first == order).cloned() {
                self.waiting.pop_first();
                self.stop(&name, Then::Start);
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

    fn started(&mut self, now: Now, name: &ModuleId, image: Option<String>) {
        let healthy_after = HEALTHY_AFTER / self.time_scale.get();
        let Some(module) = self.modules.get_mut(name) else { return };
        match module.phase {
            Phase::Starting => module.phase = Phase::Running { healthy_at: now.monotonic + healthy_after },
            Phase::Stopping { .. } => {}
            Phase::Resting | Phase::Running { .. } | Phase::BackingOff { .. } => return,
        }
        module.state.status = Status::Running;
        module.state.start_failure = None;
        module.state.image = image;
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
            End::Exited(code) => restart::is_due(module.planned.spec.restart, *code),
        };
        if self.is_stopping || !module.is_wanted() || !is_due {
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
            self.modules.iter().map(|(name, module)| (module.planned.spec.startup_order, name.clone())).collect();
        names.sort();
        // What was started last may need what was started first until its end.
        names.iter().rev().for_each(|(_, name)| self.stop(name, Then::Rest));
    }

    fn time_passed(&mut self, now: Now) {
        self.retry_deployment(now.monotonic);
        let is_due = |module: &Module| module.deadline().is_some_and(|deadline| deadline <= now.monotonic);
        let due: Vec<ModuleId> = self.modules.iter().filter(|(_, m)| is_due(m)).map(|(name, _)| name.clone()).collect();
        for name in due {
            let Some(module) = self.modules.get_mut(&name) else { continue };
            if let Phase::BackingOff { .. } = module.phase {
                module.state.restarts += 1;
                module.state.restarted_at = Some(now.unix);
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
