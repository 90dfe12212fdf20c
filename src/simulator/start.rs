//! From a solution to a running simulation, and to its end with nothing left behind.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::asked::Asked;
use super::audience::Audience;
use super::bridge::Bridge;
use super::clocks::Clock;
use super::containers::Containers;
use super::control::{self, RunFolder, RunRecord};
use super::cores::{self, Opening};
use super::debug;
use super::deployer;
use super::dispatcher::Dispatcher;
use super::edges::{EdgeDevices, EdgeNumber};
use super::ending::{Ended, Ending};
use super::event::Event;
use super::fleet;
use super::interrupts::Interrupts;
use super::lock::{clear_left, lock};
use super::machine::Machine;
use super::options::{Options, State};
use super::prepare::{self, Prepared, Workshop};
use super::refusals::Refusals;
use super::report::Report;
use super::site::{Common, Means, Site};
use super::state::{EphemeralFolder, unwritable};
use super::to_heads::ToHeads;
use crate::failure::{Kind, OrFail, Outcome};
use crate::iothub::IotHub;
use crate::net::{self, AcceptRules, Descriptors, Lobby, UnixSocket};
use crate::runtime::Ledger;
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
    /// `.edgectl`.
    root: &'a Path,
    /// The main device first.
    sites: Vec<Site>,
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
    let fleet = interrupts.unless(fleet::read(ui, options, &machine)).await?;
    let root = options.project.join(".edgectl");
    let _lock = lock(&options.project)?;
    interrupts.unless(clear_left(ui, &options.environment, &root)).await?;
    let ephemeral = match options.state {
        State::Ephemeral => Some(EphemeralFolder::create(&options.environment)?),
        State::Keep | State::Reset => None,
    };
    let state = ephemeral.as_ref().map_or(root.as_path(), EphemeralFolder::path);
    let sites = fleet.into_iter().map(|(options, simulated)| Site::open(options, simulated, state, clock));
    let sites = sites.collect::<Outcome<Vec<_>>>()?;
    let ground = Ground { ui, options, machine: &machine, clock, root: &root, sites };
    let ended = ground.simulate(interrupts).await;
    RunRecord::remove(&root);
    ended
}

/// What is ready to be run, by device.
type AllPrepared = Vec<Vec<Option<Prepared>>>;
/// The network of each device that has containers.
type Bridges = Vec<Option<Arc<Bridge>>>;

impl Ground<'_> {
    /// Makes everything ready that modules are run with; until they run, an interrupt takes all of it back.
    async fn simulate(mut self, mut interrupts: Interrupts) -> Outcome<Ended> {
        let prepared = interrupts.unless(self.prepare()).await?;
        let mut taken = debug::Taken::new();
        for site in &mut self.sites {
            debug::publish(&mut site.simulated, &mut taken)?;
            debug::write_launch(self.ui, &site.simulated)?;
        }
        let run_folder = RunFolder::create(&self.options.environment, self.root)?;
        let main = &self.sites[0];
        let containers = Arc::new(Containers::none(&main.simulated, &main.identities.simulation, self.root));
        let building = self.build_bridges(&containers, &prepared, &run_folder);
        let ended = match interrupts.unless(building).await {
            Ok(bridges) => self.simulate_prepared(prepared, &run_folder, (&containers, bridges), interrupts).await,
            Err(failure) => Err(failure),
        };
        if !containers.is_open() {
            return ended;
        }
        let removed = Interrupts::listen()?.unless(containers.remove()).await;
        end_with(self.ui, ended, removed)
    }

    /// Makes the modules of all devices ready, side by side.
    async fn prepare(&self) -> Outcome<AllPrepared> {
        let (ui, clock, machine, state) = (self.ui, self.clock, self.machine, self.root);
        let each = self.sites.iter().map(|Site { options, simulated, .. }| async move {
            Workshop { ui, clock, options, simulated, machine, state }.prepare_all().await
        });
        let (mut all, mut failures) = (Vec::new(), Vec::new());
        for (site, prepared) in self.sites.iter().zip(join_all(each).await) {
            let (ready, failed): (Vec<_>, Vec<_>) = prepared.into_iter().partition(Result::is_ok);
            all.push(ready.into_iter().flatten().collect());
            failures.extend(failed.into_iter().filter_map(Result::err).map(|failure| (&site.simulated, failure)));
        }
        if failures.is_empty() { Ok(all) } else { Err(prepare::sum_up(ui, failures)) }
    }

    /// Makes a network for each device that has containers.
    async fn build_bridges(
        &self,
        containers: &Arc<Containers>,
        prepared: &AllPrepared,
        run_folder: &RunFolder,
    ) -> Outcome<Bridges> {
        let each = self.sites.iter().zip(prepared).map(|(site, ready)| async {
            let Some((engine, spec)) = site.in_containers(ready).next() else { return Ok(None) };
            let first = (engine, spec.image.as_str());
            Ok(Some(Arc::new(Bridge::build(containers, &site.simulated, first, run_folder).await?)))
        });
        // All are awaited: what the engine is asked for is there or not, and never comes later.
        join_all(each).await.into_iter().collect()
    }

    /// Opens everything that modules speak to, and only then lets the dispatcher start them.
    async fn simulate_prepared(
        &self,
        prepared: AllPrepared,
        run_folder: &RunFolder,
        (containers, bridges): (&Arc<Containers>, Bridges),
        interrupts: Interrupts,
    ) -> Outcome<Ended> {
        let descriptors = net::raise_descriptors();
        let (events, received) = mpsc::channel(EVENTS);
        let Self { ui, machine, clock, root, .. } = *self;
        let means = Means { ui, clock, machine, root, run_folder, containers, descriptors };
        let common = Common { means, events, connections: Arc::default(), rules: accept_rules(descriptors) };
        let mut opened = Vec::new();
        for ((site, prepared), bridge) in self.sites.iter().zip(prepared).zip(bridges) {
            opened.push(site.listen(&common, prepared, bridge).await?);
        }
        let cloud = cores::cloud(&self.openings())?;

        let mut tasks = JoinSet::new();
        serve_control(&mut tasks, run_folder, &common.events).await?;
        pass_on(&mut tasks, interrupts, &common.events);
        let ledger = self.record_run(run_folder)?;
        let (mut devices, mut deployers) = (Vec::new(), Vec::new());
        for (edge, opened) in EdgeNumber::all().zip(opened) {
            let (device, deployer) = opened.start(&mut tasks, &common, (edge, &cloud), &ledger).await?;
            devices.push(device);
            deployers.push(deployer);
        }
        drop(common);
        let dispatcher = self.dispatcher(EdgeDevices::new(devices), cloud);
        // Among the workers: the main thread would have to be woken for every turn, which costs more than the turn.
        let dispatched = tokio::spawn(dispatcher.run(received));
        let ended = tokio::select! {
            ended = dispatched => ended.or_fail(Kind::Bug, || "the dispatcher ended early")?,
            never = deployer::run(deployers) => match never {},
        };
        tasks.shutdown().await;
        Ok(ended)
    }

    /// Creates the dispatcher, and says that the simulation is ready.
    fn dispatcher(&self, edges: EdgeDevices, cloud: IotHub) -> Dispatcher {
        let mut report = Report::new(*self.ui, edges.main().device.clone());
        report.tell_ready(edges.all().map(|device| device.place.clone()).collect());
        Dispatcher {
            clock: self.clock,
            edges,
            cloud,
            report,
            ending: Ending::new(self.until(), self.options.fail_on),
            heads: ToHeads::default(),
            asked: Asked::default(),
            audience: Audience::default(),
            refusals: Refusals::default(),
            passed: Vec::new(),
        }
    }

    /// Returns what the cloud is opened with.
    fn openings(&self) -> Vec<Opening<'_>> {
        self.sites.iter().map(|site| site.opening(self.ui, self.clock, &[])).collect()
    }

    /// Notes where this run can be reached, and which processes are its own.
    fn record_run(&self, run_folder: &RunFolder) -> Outcome<Arc<Ledger>> {
        let device = self.sites.first().map(|main| main.simulated.device.clone());
        RunRecord { pid: std::process::id(), folder: run_folder.path().to_owned(), device }
            .save(self.root)
            .map_err(|error| unwritable("cannot write `.edgectl/run.json`", &error))?;
        Ledger::create(self.root.join("children.json"), uuid::Uuid::new_v4().simple().to_string())
            .map_err(|error| unwritable("cannot write `.edgectl/children.json`", &error))
    }

    fn until(&self) -> Option<Duration> {
        self.options.duration.map(|duration| self.clock.now().monotonic.saturating_add(duration))
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
