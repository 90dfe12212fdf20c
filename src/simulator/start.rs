//! From a solution to a running simulation, and to its end with nothing left behind.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::bridge::Bridge;
use super::children::Children;
use super::containers::Containers;
use super::control::{self, RunFolder, RunRecord};
use super::cores::Opening;
use super::deployer::{self, Deployer};
use super::dispatcher::{Asked, Audience, Clock, Dispatcher, Ended, Ending};
use super::event::Event;
use super::gateway::Gateway;
use super::heads::Heads;
use super::interrupts::Interrupts;
use super::lock::{clear_left, lock};
use super::machine::Machine;
use super::metrics::{MetricsPort, Source};
use super::options::{Options, State};
use super::plan::ModulePlan;
use super::planner::Planner;
use super::prepare::{Prepared, Workshop};
use super::refusals::Refusals;
use super::report::{self, Ready, Report};
use super::state::{EphemeralFolder, Identities, StateFolder, unwritable};
use super::storage::{Storage, Stored};
use super::subject::Simulated;
use super::test_port;
use super::to_heads::ToHeads;
use super::workloads::{self, Behind, Ports};
use crate::agent::{self, Agent};
use crate::edgehub::{EdgeHub, Link};
use crate::engine::Engine;
use crate::failure::{Kind, OrFail, Outcome};
use crate::identity::{Authority, CertifiedKey, ModuleId};
use crate::iothub::{CloudLink, IotHub};
use crate::manifest::ModuleSpec;
use crate::net::{self, AcceptRules, Descriptors, Lobby, UnixSocket};
use crate::runtime::Ledger;
use crate::store::Queues;
use crate::twin::Twin;
use crate::ui::Ui;

/// Events that may wait for the dispatcher; whoever sends more waits.
const EVENTS: usize = 4096;
/// How long a command may take to hear that the simulation has ended.
const GOODBYE: Duration = Duration::from_secs(1);
/// The most connections whose clients have not proved yet who they are: 10,000 open ones leave room for others.
const LOBBY: u64 = 4096;

/// What a simulation stands on: files read, folders made and locked.
struct Ground<'a> {
    ui: &'a Ui,
    options: &'a Options,
    machine: &'a Machine<'a>,
    clock: Clock,
    simulated: Simulated,
    /// `.edgectl`.
    root: &'a Path,
    state: StateFolder,
    identities: Identities,
}

/// Runs a simulation until it ends, and nothing of it is left.
pub async fn run(ui: &Ui, options: &Options) -> Outcome {
    let ended = simulate(ui, options).await?;
    for answers in ended.waiting {
        // Whoever asked may start the next one at once. One that does not listen is not waited for.
        let _ = tokio::time::timeout(GOODBYE, answers.done_and_written()).await;
    }
    ended.outcome
}

async fn simulate(ui: &Ui, options: &Options) -> Outcome<Ended> {
    let clock = Clock::start(options.wall);
    let mut interrupts = Interrupts::listen()?;
    let machine = Machine::new(options);
    let simulated = interrupts.unless(Simulated::read(ui, options, &machine)).await?;
    let root = options.project.join(".edgectl");
    let _lock = lock(&options.project)?;
    interrupts.unless(clear_left(ui, &options.environment, &root)).await?;
    let ephemeral = match options.state {
        State::Ephemeral => Some(EphemeralFolder::create(&options.environment)?),
        State::Keep | State::Reset => None,
    };
    let state = StateFolder::new(ephemeral.as_ref().map_or(root.as_path(), EphemeralFolder::path), &simulated.device);
    if options.state == State::Reset {
        state.reset()?;
        state.cloud().reset(&simulated.device)?;
    }
    state.create()?;
    let identities = state.identities(&simulated.device, &identities_of(&simulated), clock.now().unix.as_micros())?;
    let ground = Ground { ui, options, machine: &machine, clock, simulated, root: &root, state, identities };
    let ended = ground.simulate(interrupts).await;
    RunRecord::remove(&root);
    ended
}

fn identities_of(simulated: &Simulated) -> Vec<ModuleId> {
    let modules = simulated.deployment.modules.iter().map(|spec| spec.id.clone());
    modules.chain([ModuleId::edge_agent(), ModuleId::edge_hub()]).collect()
}

impl Ground<'_> {
    /// Makes everything ready that modules are run with; until they run, an interrupt takes all of it back.
    async fn simulate(self, mut interrupts: Interrupts) -> Outcome<Ended> {
        let (ui, clock, options, state) = (self.ui, self.clock, self.options, self.root);
        let machine = self.machine;
        let workshop = Workshop { ui, clock, options, simulated: &self.simulated, machine, state };
        let prepared = interrupts.unless(workshop.prepare_all()).await?;
        let run_folder = RunFolder::create(&self.options.environment, self.root)?;
        let Some((engine, spec)) = self.in_containers(&prepared).next() else {
            return self.simulate_prepared(prepared, run_folder, None, interrupts).await;
        };
        let image = spec.image.clone();
        let containers = Containers::open(engine, &self.simulated, &self.identities.simulation, self.root)?;
        let building = Bridge::build(&containers, self.simulated.workload, &image, &run_folder);
        let ended = match interrupts.unless(building).await {
            Ok(bridge) => self.simulate_prepared(prepared, run_folder, Some(&bridge), interrupts).await,
            Err(failure) => Err(failure),
        };
        let removed = Interrupts::listen()?.unless(containers.remove()).await;
        end_with(ui, ended, removed)
    }

    /// Returns the modules that are run as containers.
    fn in_containers<'p>(
        &'p self,
        prepared: &'p [Option<Prepared>],
    ) -> impl Iterator<Item = (&'p Engine, &'p ModuleSpec)> {
        let modules = self.simulated.deployment.modules.iter().zip(prepared);
        modules.filter_map(|(spec, prepared)| Some((prepared.as_ref()?.engine()?, spec)))
    }

    /// Opens everything that modules speak to, and only then lets the dispatcher start them.
    async fn simulate_prepared(
        self,
        prepared: Vec<Option<Prepared>>,
        run_folder: RunFolder,
        bridge: Option<&Bridge<'_>>,
        interrupts: Interrupts,
    ) -> Outcome<Ended> {
        let gateway = Gateway::open(self.simulated.address, bridge.map(Bridge::address)).await?;
        gateway.tell_denied(self.ui);
        let metrics = MetricsPort::open(self.ui, self.options.metrics, gateway.addresses()).await;
        let names = gateway.names(bridge.map(|bridge| bridge.host.as_str()));
        let ports = match bridge {
            Some(bridge) => bridge.open_ports(self.in_containers(&prepared).map(|(_, spec)| spec)).await?,
            None => Ports::new(),
        };
        let descriptors = net::raise_descriptors();
        let planner = Planner {
            options: self.options,
            simulated: &self.simulated,
            identities: &self.identities,
            state: &self.state,
            host: gateway.host(),
            run_folder: &run_folder,
            bridge,
            ports: &ports,
            descriptors: descriptors.before,
        };
        let plans = planner.plan_all(prepared)?;
        let mut report = Report::new(*self.ui, self.ready(&plans, &gateway, metrics.as_ref(), bridge));
        let (hub, queues, cloud) = self.open_cores(&names)?;
        let (events, received) = mpsc::channel(EVENTS);
        let storage = self.start_storage(queues, &events)?;
        let (authority, certificate) = self.certify(&names)?;
        let hub_host = gateway.host();

        let mut tasks = JoinSet::new();
        let heads = Heads::new(events.clone(), self.clock, self.simulated.device.clone());
        let rules = accept_rules(descriptors);
        gateway.serve(&mut tasks, &certificate, &heads, &rules)?;
        if let Some(metrics) = metrics {
            metrics.serve(&mut tasks, &rules.lobby, self.counted(&hub_host, &events));
        }
        serve_control(&mut tasks, &run_folder, &events).await?;
        test_port::open(&mut tasks, (self.ui, self.options), &hub_host, &events).await?;
        pass_on(&mut tasks, interrupts, &events);
        let ledger = self.record_run(&run_folder)?;
        let (clock, until, fail_on) = (self.clock, self.until(), self.options.fail_on);
        let (device, state) = (self.simulated.device.clone(), self.state.clone());
        let behind = Arc::new(Behind::new(clock, hub_host.clone(), authority, &self.identities, events.clone()));
        let mut doors = BTreeMap::new();
        for module in &report.ready().modules {
            doors.insert(module.clone(), workloads::open(&mut tasks, &run_folder, &behind, module).await?);
        }
        workloads::serve_ports(&mut tasks, &behind, ports);

        let agent = self.agent(&plans, &cloud);
        let (wanted, deployments) = mpsc::unbounded_channel();
        let deployer = Deployer {
            ui: self.ui,
            clock,
            options: self.options,
            simulated: &self.simulated,
            machine: self.machine,
            root: self.root,
            state: &self.state,
            host: hub_host,
            run_folder: &run_folder,
            bridge,
            descriptors: descriptors.before,
            behind: Arc::clone(&behind),
            events: events.clone(),
            planned: deployer::planned(&plans),
            doors,
        };
        let children = Children::new(plans, ledger, events, behind);
        report.tell_ready();
        let dispatcher = Dispatcher {
            clock,
            device,
            state,
            hub,
            cloud,
            link: CloudLink::new(self.options.link),
            agent,
            wanted,
            storage,
            children,
            report,
            ending: Ending::new(until, fail_on),
            heads: ToHeads::default(),
            asked: Asked::default(),
            audience: Audience::default(),
            refusals: Refusals::default(),
        };
        // Among the workers: the main thread would have to be woken for every turn, which costs more than the turn.
        let dispatched = tokio::spawn(dispatcher.run(received));
        let ended = tokio::select! {
            ended = dispatched => ended.or_fail(Kind::Bug, || "the dispatcher ended early")?,
            never = deployer.run(deployments) => match never {},
        };
        tasks.shutdown().await;
        Ok(ended)
    }

    /// Opens hub, queues and cloud with what the last run left.
    fn open_cores(&self, names: &[String]) -> Outcome<(EdgeHub, Queues, IotHub)> {
        let opening = Opening {
            ui: self.ui,
            now: self.clock.now(),
            device: &self.simulated.device,
            deployment: &self.simulated.deployment,
            identities: &self.identities,
            state: &self.state,
            link: self.options.link,
            max_clients: self.options.max_clients,
            names,
            max_storage: self.options.max_storage,
            durability: self.options.durability,
        };
        let (hub, queues) = opening.hub()?;
        Ok((hub, queues, opening.cloud()?))
    }

    fn start_storage(&self, queues: Queues, events: &mpsc::Sender<Event>) -> Outcome<Storage> {
        let events = events.clone();
        let tell = move |stored: Stored| drop(events.blocking_send(Event::Stored(stored)));
        Storage::start(queues, self.state.root().to_owned(), self.options.durability, tell)
            .or_fail(Kind::Machine, || "cannot start the thread of the store")
    }

    /// Returns the dev CA, and a server certificate for every name that clients may dial.
    fn certify(&self, names: &[String]) -> Outcome<(Authority, CertifiedKey)> {
        let unix = self.clock.now().unix;
        let authority = self.state.authority(&self.simulated.device, unix)?;
        let certificate = authority.server_certificate(names, unix);
        let certificate = certificate.or_fail(Kind::Bug, || "cannot make the server certificate")?;
        Ok((authority, certificate))
    }

    /// Notes where this run can be reached, and which processes are its own.
    fn record_run(&self, run_folder: &RunFolder) -> Outcome<Arc<Ledger>> {
        RunRecord { pid: std::process::id(), folder: run_folder.path().to_owned() }
            .save(self.root)
            .map_err(|error| unwritable("cannot write `.edgectl/run.json`", &error))?;
        Ledger::create(self.root.join("children.json"), uuid::Uuid::new_v4().simple().to_string())
            .map_err(|error| unwritable("cannot write `.edgectl/children.json`", &error))
    }

    fn until(&self) -> Option<Duration> {
        self.options.duration.map(|duration| self.clock.now().monotonic.saturating_add(duration))
    }

    /// Creates the agent with what the deployment wants at first; it is online.
    fn agent(&self, plans: &[ModulePlan], cloud: &IotHub) -> Agent {
        let twin = cloud.twin(&self.identities.identity(&ModuleId::edge_agent()));
        let mut desired = twin.map(|twin| twin.desired().clone()).unwrap_or_default();
        desired.insert("$version".to_owned(), twin.map_or(1, Twin::desired_version).into());
        let plan = Some(plans.iter().map(ModulePlan::planned).collect());
        let deployed = agent::Deployed { desired, plan, status: agent::DeploymentStatus::applied() };
        let mut agent = Agent::new(self.options.time_scale);
        agent.handle(self.clock.now(), agent::Input::Deployed(deployed));
        if self.options.link == Link::Online {
            agent.handle(self.clock.now(), agent::Input::Online);
        }
        agent
    }

    /// Returns what the metrics are made of.
    fn counted(&self, hub_host: &str, events: &mpsc::Sender<Event>) -> Source {
        Source {
            clock: self.clock,
            hub_host: hub_host.to_owned(),
            device: self.simulated.device.clone(),
            instance: uuid::Uuid::new_v4().to_string(),
            folder: self.state.root().to_owned(),
            events: events.clone(),
        }
    }

    fn ready(
        &self,
        plans: &[ModulePlan],
        gateway: &Gateway,
        metrics: Option<&MetricsPort>,
        bridge: Option<&Bridge<'_>>,
    ) -> Ready {
        Ready {
            r#type: "ready",
            device: self.simulated.device.clone(),
            address: gateway.host(),
            hub: gateway.host(),
            ports: report::Ports { metrics: metrics.map(MetricsPort::number), ..gateway.ports() },
            workload: bridge.map(|bridge| bridge.way),
            modules: plans.iter().map(|plan| plan.spec.id.clone()).collect(),
            upstream: self.options.link,
            pid: std::process::id(),
        }
    }
}

/// Lets in what this process has room for: half of its descriptors are for clients that are in, and for files.
fn accept_rules(descriptors: Descriptors) -> AcceptRules {
    let seats = (descriptors.now / 2).min(LOBBY);
    AcceptRules::with(Lobby::new(usize::try_from(seats).unwrap_or(usize::MAX)))
}

async fn serve_control(tasks: &mut JoinSet<()>, folder: &RunFolder, events: &mpsc::Sender<Event>) -> Outcome {
    let socket = UnixSocket::bind(&folder.path().join("control.sock"), 0o600).await?;
    let events = events.clone();
    tasks.spawn(control::serve(socket, move |call| {
        // The dispatcher may be busy; the task of this client waits for it.
        let events = events.clone();
        tokio::spawn(async move { events.send(Event::Control(call)).await });
    }));
    Ok(())
}

fn pass_on(tasks: &mut JoinSet<()>, mut interrupts: Interrupts, events: &mpsc::Sender<Event>) {
    let events = events.clone();
    tasks.spawn(async move {
        loop {
            let failure = interrupts.next().await;
            if events.send(Event::Interrupt(failure)).await.is_err() {
                return;
            }
        }
    });
}

/// Returns how a simulation ended; containers that could not be removed are an end of their own, or a warning.
fn end_with(ui: &Ui, ended: Outcome<Ended>, removed: Outcome) -> Outcome<Ended> {
    let Err(failure) = removed else { return ended };
    let failure = failure.context("cannot remove the containers of this simulation");
    let failure = failure.hint("start the engine; the next `edgectl simulate` removes what is left");
    match ended {
        Ok(Ended { outcome: Ok(()), waiting }) => Ok(Ended { outcome: Err(failure), waiting }),
        ended => {
            ui.warn(failure.message());
            failure.hints().iter().for_each(|hint| ui.hint(hint));
            ended
        }
    }
}
