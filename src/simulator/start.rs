//! From a solution to a running simulation, and to its end with nothing left behind.

use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::children::Children;
use super::containers::{self, Containers};
use super::control::{self, RunFolder, RunRecord};
use super::cores::Opening;
use super::dispatcher::{Clock, Dispatcher, Parts};
use super::event::Event;
use super::gateway::Gateway;
use super::heads::Heads;
use super::options::{Options, State};
use super::plan::ModulePlan;
use super::planner::Planner;
use super::prepare::{Prepared, prepare_all};
use super::report::{Ready, Report};
use super::state::{EphemeralFolder, Identities, StateFolder, make_private};
use super::storage::{Storage, Stored};
use super::subject::Simulated;
use super::workloads::{self, Behind};
use crate::agent::{self, Agent};
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::identity::{MasterKey, ModuleId};
use crate::net::{UnixSocket, WorkloadDoor};
use crate::runtime::{self, Ledger};
use crate::store::{self, Lock, LockError};
use crate::text::counted;
use crate::ui::Ui;

/// Events that may wait for the dispatcher; whoever sends more waits.
const EVENTS: usize = 4096;

/// What a simulation stands on: files read, folders made and locked.
struct Ground<'a> {
    ui: &'a Ui,
    options: &'a Options,
    clock: Clock,
    simulated: Simulated,
    /// `.edgectl`.
    root: &'a Path,
    state: StateFolder,
    identities: Identities,
}

/// Runs a simulation until it ends.
pub async fn run(ui: &Ui, options: &Options) -> Outcome {
    let clock = Clock::start(options.wall);
    let simulated = Simulated::read(ui, options)?;
    let root = options.project.join(".edgectl");
    let _lock = lock(&options.project)?;
    clear_leftovers(ui, &root).await?;
    containers::clear_left(ui, &options.environment, &root).await?;
    let ephemeral = match options.state {
        State::Ephemeral => Some(EphemeralFolder::create(&options.environment)?),
        State::Keep | State::Reset => None,
    };
    let state = StateFolder::new(ephemeral.as_ref().map_or(root.as_path(), EphemeralFolder::path), &simulated.device);
    if options.state == State::Reset {
        state.reset()?;
    }
    state.create()?;
    let mut modules: Vec<ModuleId> = simulated.deployment.modules.iter().map(|spec| spec.id.clone()).collect();
    modules.extend([ModuleId::edge_agent(), ModuleId::edge_hub()]);
    let identities = state.identities(&simulated.device, &modules, clock.now().unix.as_micros())?;
    let outcome = Ground { ui, options, clock, simulated, root: &root, state, identities }.simulate().await;
    RunRecord::remove(&root);
    outcome
}

/// Fails if a simulation of the solution runs already, or if there could be none.
pub fn check_free(project: &Path) -> Outcome {
    lock(project).map(drop)
}

/// Takes the solution for this process, making its state folder.
fn lock(project: &Path) -> Outcome<Lock> {
    let root = project.join(".edgectl");
    make_private(&root)
        .or_fail(Kind::Machine, || format!("cannot make the state folder `{}`", root.display()))
        .map_err(|failure| failure.hint("make the solution's folder writable"))?;
    store::lock(&root).map_err(|error| explain_lock(error, project))
}

impl Ground<'_> {
    async fn simulate(self) -> Outcome {
        let prepared = prepare_all(self.ui, self.options, &self.simulated, self.root).await?;
        let engine = prepared.iter().flatten().find_map(Prepared::engine);
        let containers = match engine {
            Some(engine) => {
                Some(Containers::create(engine, &self.simulated, &self.identities.simulation, self.root).await?)
            }
            None => None,
        };
        let ui = self.ui;
        let outcome = self.simulate_prepared(prepared, containers.as_ref()).await;
        match containers {
            Some(containers) => end_with(ui, outcome, containers.remove().await),
            None => outcome,
        }
    }

    async fn simulate_prepared(self, prepared: Vec<Option<Prepared>>, containers: Option<&Containers>) -> Outcome {
        let now = self.clock.now();
        let gateway = Gateway::open(self.simulated.address, containers.map(Containers::bridge)).await?;
        gateway.tell_denied(self.ui);
        let names = gateway.names(containers.map(|containers| containers.host.as_str()));
        let run_folder = RunFolder::create(&self.options.environment, self.root)?;
        let plans = self.plan(prepared, containers, &gateway, &run_folder)?;
        let ready = self.ready(&plans, &gateway);
        let opening = Opening {
            ui: self.ui,
            now,
            device: &self.simulated.device,
            deployment: &self.simulated.deployment,
            identities: &self.identities,
            state: &self.state,
            names: &names,
        };
        let (hub, queues) = opening.hub()?;
        let cloud = opening.cloud()?;

        let (events, received) = mpsc::channel(EVENTS);
        let mut tasks = JoinSet::new();
        let storage = {
            let events = events.clone();
            let tell = move |stored: Stored| drop(events.blocking_send(Event::Stored(stored)));
            Storage::start(queues, self.state.device().to_owned(), tell)
                .or_fail(Kind::Machine, || "cannot start the thread of the store")?
        };
        let authority = self.state.authority(&self.simulated.device, now.unix)?;
        let certificate = authority
            .server_certificate(&names, now.unix)
            .or_fail(Kind::Bug, || "cannot make the server certificate")?;
        let hub_host = gateway.host();
        gateway.serve(
            &mut tasks,
            &certificate,
            &Heads::new(events.clone(), self.clock, self.simulated.device.clone()),
        )?;
        serve_control(&mut tasks, &run_folder, &events)?;
        watch_signals(&mut tasks, &events)?;
        RunRecord { pid: std::process::id(), folder: run_folder.path().to_owned() }
            .save(self.root)
            .or_fail(Kind::Machine, || "cannot write `.edgectl/run.json`")?;
        let ledger = Ledger::create(self.root.join("children.json"), uuid::Uuid::new_v4().simple().to_string())
            .or_fail(Kind::Machine, || "cannot write `.edgectl/children.json`")?;

        let mut agent = Agent::new(std::num::NonZeroU32::MIN);
        agent.handle(self.clock.now(), agent::Input::Plan(plans.iter().map(ModulePlan::planned).collect()));
        let (ui, options, clock, device) = (self.ui, self.options, self.clock, self.simulated.device.clone());
        let behind = Arc::new(Behind {
            clock,
            hub_host,
            authority,
            master_key: MasterKey::derive(&self.identities.master_key),
            identities: self.identities,
            details: Mutex::default(),
            events: events.clone(),
        });
        serve_workloads(&mut tasks, &run_folder, &behind, &ready.modules).await?;
        let mut report = Report::new(*ui, ready);
        report.tell_ready();
        let parts = Parts {
            clock,
            device,
            hub,
            cloud,
            agent,
            storage,
            children: Children::new(plans, ledger, events, behind),
            report,
            until: options.duration.map(|duration| clock.now().monotonic.saturating_add(duration)),
            fail_on: options.fail_on,
        };
        let outcome = Dispatcher::new(parts).run(received).await;
        tasks.shutdown().await;
        outcome
    }

    fn plan(
        &self,
        prepared: Vec<Option<Prepared>>,
        containers: Option<&Containers>,
        gateway: &Gateway,
        run_folder: &RunFolder,
    ) -> Outcome<Vec<ModulePlan>> {
        let planner = Planner {
            options: self.options,
            simulated: &self.simulated,
            identities: &self.identities,
            state: &self.state,
            host: gateway.host(),
            run_folder,
            containers,
        };
        let modules = self.simulated.deployment.modules.iter().zip(prepared);
        modules.map(|(spec, prepared)| planner.plan(spec, prepared)).collect()
    }

    fn ready(&self, plans: &[ModulePlan], gateway: &Gateway) -> Ready {
        Ready {
            r#type: "ready",
            device: self.simulated.device.clone(),
            address: gateway.host(),
            hub: gateway.host(),
            ports: gateway.ports(),
            modules: plans.iter().map(|plan| plan.module.clone()).collect(),
            pid: std::process::id(),
        }
    }
}

async fn serve_workloads(
    tasks: &mut JoinSet<()>,
    folder: &RunFolder,
    behind: &Arc<Behind>,
    modules: &[ModuleId],
) -> Outcome {
    for module in modules {
        let path = folder.module(module)?.join("workload.sock");
        let door = WorkloadDoor::Socket(UnixSocket::bind(&path, 0o666).await?);
        tasks.spawn(workloads::serve(Arc::clone(behind), module.clone(), door));
    }
    Ok(())
}

fn serve_control(tasks: &mut JoinSet<()>, folder: &RunFolder, events: &mpsc::Sender<Event>) -> Outcome {
    let path = folder.path().join("control.sock");
    let listener =
        UnixListener::bind(&path).or_fail(Kind::Machine, || format!("cannot listen on `{}`", path.display()))?;
    let events = events.clone();
    tasks.spawn(control::serve(listener, move |call| {
        // The dispatcher may be busy; the task of this client waits for it.
        let events = events.clone();
        tokio::spawn(async move { events.send(Event::Control(call)).await });
    }));
    Ok(())
}

fn watch_signals(tasks: &mut JoinSet<()>, events: &mpsc::Sender<Event>) -> Outcome {
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        let mut signals = signal(kind).or_fail(Kind::Machine, || "cannot listen to signals")?;
        let events = events.clone();
        tasks.spawn(async move {
            while signals.recv().await.is_some() {
                if events.send(Event::Interrupt).await.is_err() {
                    return;
                }
            }
        });
    }
    Ok(())
}

/// Returns how a simulation ended; containers that could not be removed are an end of their own, or a warning.
fn end_with(ui: &Ui, outcome: Outcome, removed: Outcome) -> Outcome {
    let Err(failure) = removed else { return outcome };
    let failure = failure.context("cannot remove the containers of this simulation");
    let failure = failure.hint("start the engine; the next `edgectl simulate` removes what is left");
    if outcome.is_ok() {
        return Err(failure);
    }
    ui.warn(failure.message());
    failure.hints().iter().for_each(|hint| ui.hint(hint));
    outcome
}

/// Ends processes that a killed edgectl left.
async fn clear_leftovers(ui: &Ui, root: &Path) -> Outcome {
    let cleared = runtime::clear_processes(&root.join("children.json")).await;
    let ended = cleared.or_fail(Kind::Machine, || "cannot clear what the last run left")?;
    if !ended.is_empty() {
        ui.step("Ended", format!("{} that the last run left", counted(ended.len() as u64, "process")));
    }
    Ok(())
}

fn explain_lock(error: LockError, project: &Path) -> Failure {
    match error {
        LockError::Held { pid, .. } => {
            let failure = Failure::machine(format!("a simulation of `{}` runs already", project.display()));
            let failure = match pid {
                Some(pid) => failure.cause(format!("process {pid} holds `.edgectl/lock`")),
                None => failure,
            };
            failure.hint("look at it with `edgectl ps`, or end it with `edgectl stop`")
        }
        LockError::Io { path, source } => Failure::machine(format!("cannot lock `{}`", path.display()))
            .cause(source)
            .hint("make the solution's folder writable"),
    }
}
