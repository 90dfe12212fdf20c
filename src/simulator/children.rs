//! The instances of the simulation: what each module is run as, and what runs of it now.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::control::Answers;
use super::dispatcher::Dispatcher;
use super::edges::EdgeNumber;
use super::event::{EdgeEvent, EdgeEvents};
use super::logs::Line;
use super::plan::ModulePlan;
use super::workloads::Behind;
use crate::agent::{self, Blob, SasUrl, TaskId};
use crate::clock::Now;
use crate::failure::{Failure, Outcome};
use crate::identity::ModuleId;
use crate::net::{HttpClient, put_blob};
use crate::runtime::{self, Instance, InstanceEvent, Ledger, Meter};
use crate::workload::{Exit, ModuleDetails, RuntimeStatus};

/// How long an instance has between the gentle signal and the end; the engine's own default.
const GRACE: Duration = Duration::from_secs(10);

/// Plans and running instances.
pub(super) struct Children {
    plans: BTreeMap<ModuleId, ModulePlan>,
    running: BTreeMap<ModuleId, Child>,
    ties: Ties,
    last_run: u64,
}

/// What ties instances, and the agent that has them started, to the rest.
pub(super) struct Ties {
    /// Has the processes of this run.
    pub(super) ledger: Arc<Ledger>,
    pub(super) events: EdgeEvents,
    /// Is told what `GET /modules` of the workload API answers.
    pub(super) workloads: Arc<Behind>,
    /// Carries the agent's uploads.
    pub(super) web: Arc<HttpClient>,
}

struct Child {
    run: u64,
    instance: Instance,
    pid: Option<u32>,
    /// Once it runs.
    meter: Option<Meter>,
}

impl Children {
    pub(super) fn new(plans: Vec<ModulePlan>, ties: Ties) -> Self {
        let plans = plans.into_iter().map(|plan| (plan.spec.id.clone(), plan)).collect();
        Self { plans, running: BTreeMap::new(), ties, last_run: 0 }
    }

    /// Returns the names of all modules, external ones too.
    pub(super) fn modules(&self) -> impl Iterator<Item = &ModuleId> {
        self.plans.keys()
    }

    /// Takes new and changed plans, and forgets those of modules that are not named. What runs goes on.
    pub(super) fn replace_plans(&mut self, plans: Vec<ModulePlan>, all: &BTreeSet<ModuleId>) {
        self.plans.extend(plans.into_iter().map(|plan| (plan.spec.id.clone(), plan)));
        self.plans.retain(|module, _| all.contains(module));
    }

    pub(super) fn plan(&self, module: &ModuleId) -> Option<&ModulePlan> {
        self.plans.get(module)
    }

    /// Tells the workload API how the modules are.
    pub(super) fn tell_details(&self, agent: &agent::Agent) {
        let details = self.plans.values().map(|plan| {
            let state = agent.state(&plan.spec.id);
            let exit = state.and_then(|state| Some(Exit { at: state.exited_at?, code: state.exit_code? }));
            ModuleDetails {
                name: plan.spec.id.to_string(),
                settings: plan.settings.clone(),
                status: state.map_or(RuntimeStatus::Unknown, |state| runtime_status(state.status)),
                started: state.and_then(|state| state.started_at),
                exit,
            }
        });
        self.ties.workloads.set_details(details.collect());
    }

    pub(super) fn pid(&self, module: &ModuleId) -> Option<u32> {
        self.running.get(module)?.pid
    }

    /// Returns by what the usage of each running instance is read.
    pub(super) fn meters(&self) -> Vec<(ModuleId, Meter)> {
        let running = self.running.iter();
        running.filter_map(|(module, child)| Some((module.clone(), child.meter.clone()?))).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Starts a module; what becomes of it comes as [`EdgeEvent::Instance`].
    pub(super) fn start(&mut self, module: ModuleId) {
        let Some(spec) = self.plans.get(&module).and_then(ModulePlan::instance) else { return };
        self.last_run += 1;
        let run = self.last_run;
        let (events, name) = (self.ties.events.clone(), module.clone());
        let tell = move |event| {
            let event = EdgeEvent::Instance { module: name.clone(), run, event };
            // A module that prints faster than we read is slowed down, not buffered without end.
            events.send_in_place(event);
        };
        let instance = runtime::start(spec, &self.ties.ledger, tell);
        self.running.insert(module, Child { run, instance, pid: None, meter: None });
    }

    pub(super) fn stop(&self, module: &ModuleId) {
        if let Some(child) = self.running.get(module) {
            child.instance.stop(GRACE);
        }
    }

    pub(super) fn kill_all(&self) {
        self.running.values().for_each(|child| child.instance.kill());
    }

    /// Builds a module's image, then has it restarted.
    pub(super) fn rebuild(&self, module: ModuleId, answers: Answers) -> Outcome {
        let Some(rebuild) = self.plans.get(&module).and_then(|plan| plan.rebuild.clone()) else {
            return Err(Failure::request(format!("`{module}` has no source in this solution"))
                .hint(format!("restart it without `--build`: `edgectl restart {module}`")));
        };
        let events = self.ties.events.clone();
        tokio::spawn(async move {
            let outcome = rebuild().await;
            // A simulation that has ended meanwhile restarts nothing.
            events.send(EdgeEvent::Rebuilt { module, outcome, answers }).await;
        });
        Ok(())
    }

    /// Uploads blobs one after another; the first that is not taken ends it.
    pub(super) fn upload(&self, task: TaskId, container: SasUrl, blobs: Vec<Blob>) {
        let (events, web) = (self.ties.events.clone(), Arc::clone(&self.ties.web));
        tokio::spawn(async move {
            let mut result = Ok(());
            for Blob { name, content } in blobs {
                let put = put_blob(&web, container.expose(), &name, content).await;
                result = put.map_err(|error| format!("cannot upload `{name}`: {error}"));
                if result.is_err() {
                    break;
                }
            }
            // Nobody asks a simulation that has ended meanwhile.
            events.send(EdgeEvent::Uploaded { task, result }).await;
        });
    }

    fn is_current(&self, module: &ModuleId, run: u64) -> bool {
        self.running.get(module).is_some_and(|child| child.run == run)
    }
}

impl Dispatcher {
    pub(super) fn handle_instance(
        &mut self,
        now: Now,
        edge: EdgeNumber,
        (module, run): (ModuleId, u64),
        event: InstanceEvent,
    ) {
        let device = &mut self.edges[edge];
        if !device.children.is_current(&module, run) {
            return;
        }
        match event {
            InstanceEvent::Started { pid, image, meter } => {
                if let Some(child) = device.children.running.get_mut(&module) {
                    (child.pid, child.meter) = (pid, Some(meter));
                }
                device.agent.handle(now, agent::Input::Started { module, image });
                // Told now, before the first line that it prints.
                self.settle(now);
            }
            InstanceEvent::Output { stream, line } => {
                self.tell_line(edge, Line { at: now.unix, module, stream: stream.as_word(), text: line });
            }
            InstanceEvent::Exited { code, signal } => {
                let how = how_it_ended(code, signal);
                self.note(now, edge, module.clone(), how.clone());
                self.end_instance(now, edge, agent::Input::Exited { module: module.clone(), code }, (&module, &how));
            }
            InstanceEvent::StartFailed(failure) => {
                self.tell_failure(now, edge, &module, &failure);
                let reason = failure.message().to_owned();
                let end = agent::Input::StartFailed { module: module.clone(), reason };
                self.end_instance(now, edge, end, (&module, "did not start"));
            }
            InstanceEvent::Lost(failure) => {
                self.tell_failure(now, edge, &module, &failure);
                let end = agent::Input::Exited { module: module.clone(), code: None };
                self.end_instance(now, edge, end, (&module, "is out of reach"));
            }
        }
    }

    /// Tells why an instance is not there, in the module's log, too.
    fn tell_failure(&mut self, now: Now, edge: EdgeNumber, module: &ModuleId, failure: &Failure) {
        self.report.failure(failure);
        let text = std::iter::once(failure.message()).chain(failure.causes().iter().map(String::as_str));
        let text = text.collect::<Vec<_>>().join(": ");
        self.remember_line(edge, Line { at: now.unix, module: module.clone(), stream: "edgectl", text });
    }

    /// Forgets an instance that is no more, and tells the agent of its end; `how` it ended follows the module's name.
    fn end_instance(&mut self, now: Now, edge: EdgeNumber, end: agent::Input, (module, how): (&ModuleId, &str)) {
        let device = &mut self.edges[edge];
        device.children.running.remove(module);
        device.agent.handle(now, end);
        self.judge_exit(now, edge, module, how);
    }
}

/// Returns how an instance ended, as it follows the module's name.
fn how_it_ended(code: Option<i32>, signal: Option<i32>) -> String {
    match (code, signal) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

fn runtime_status(status: agent::Status) -> RuntimeStatus {
    match status {
        agent::Status::Running => RuntimeStatus::Running,
        agent::Status::Failed | agent::Status::GivenUp => RuntimeStatus::Failed,
        agent::Status::Stopped | agent::Status::Starting | agent::Status::Backoff => RuntimeStatus::Stopped,
    }
}
