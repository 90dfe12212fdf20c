//! One edge device on its way from a deployment to what the dispatcher owns: its gateway, cores, store and doors.

use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::bridge::Bridge;
use super::children::{Children, Ties};
use super::clocks::Clock;
use super::containers::Containers;
use super::control::RunFolder;
use super::cores::Opening;
use super::debug;
use super::deployer::{self, Deployer};
use super::doors::{Doors, Ports};
use super::edges::{EdgeDevice, EdgeNumber};
use super::event::{EdgeEvent, EdgeEvents, Event};
use super::gateway::{Gateway, host_name};
use super::heads::Heads;
use super::logs::Logs;
use super::machine::Machine;
use super::metrics::{MetricsPort, Source};
use super::options::{Options, State};
use super::plan::ModulePlan;
use super::planner::Planner;
use super::prepare::Prepared;
use super::report::{self, Place};
use super::state::{Identities, StateFolder};
use super::storage::{Storage, Stored};
use super::subject::Simulated;
use super::test_port;
use super::workloads::Behind;
use crate::agent::{self, Agent};
use crate::edgehub::{EdgeHub, Link};
use crate::engine::Engine;
use crate::failure::{Kind, OrFail, Outcome};
use crate::identity::{Authority, CertifiedKey, ModuleId};
use crate::iothub::{CloudLink, IotHub};
use crate::manifest::ModuleSpec;
use crate::net::{AcceptRules, Descriptors, HttpClient, Proxies, Trust};
use crate::runtime::Ledger;
use crate::store::Queues;
use crate::twin::Twin;
use crate::ui::Ui;

/// An edge device of which no more is there than files: its deployment, its state, its identities.
pub(super) struct Site {
    /// What the command line says about this device.
    pub(super) options: Options,
    pub(super) simulated: Simulated,
    pub(super) state: StateFolder,
    pub(super) identities: Identities,
}

/// What the devices of a simulation are opened with, and deployed to; all of it outlives the dispatcher.
#[derive(Clone, Copy)]
pub(super) struct Means<'a> {
    pub(super) ui: &'a Ui,
    pub(super) clock: Clock,
    pub(super) machine: &'a Machine<'a>,
    /// `.edgectl`.
    pub(super) root: &'a Path,
    pub(super) run_folder: &'a RunFolder,
    pub(super) containers: &'a Arc<Containers>,
    pub(super) descriptors: Descriptors,
}

/// What the devices of a simulation share while they are opened.
pub(super) struct Common<'a> {
    pub(super) means: Means<'a>,
    pub(super) events: mpsc::Sender<Event>,
    /// How many connections there have been to all devices.
    pub(super) connections: Arc<AtomicU64>,
    pub(super) rules: AcceptRules,
}

/// A device that listens, whose modules are planned and whose hub has what the last run left.
pub(super) struct Opened<'a> {
    site: &'a Site,
    bridge: Option<Arc<Bridge>>,
    gateway: Gateway,
    metrics: Option<MetricsPort>,
    names: Vec<String>,
    ports: Ports,
    plans: Vec<ModulePlan>,
    hub: EdgeHub,
    queues: Queues,
}

/// What answers clients, wherever they are listened for.
pub(super) struct Service {
    heads: Heads,
    rules: AcceptRules,
    counted: Arc<Source>,
}

impl Service {
    /// Serves what listens, for as long as `tasks` are there.
    pub(super) fn serve(
        &self,
        tasks: &mut JoinSet<()>,
        certificate: &CertifiedKey,
        (gateway, metrics): (Gateway, Option<MetricsPort>),
    ) -> Outcome {
        gateway.serve(tasks, certificate, &self.heads, &self.rules)?;
        if let Some(metrics) = metrics {
            metrics.serve(tasks, &self.rules.lobby, &self.counted);
        }
        Ok(())
    }
}

impl Site {
    /// Takes a deployment with what the last run left of its device, below `root`.
    pub(super) fn open(options: Options, simulated: Simulated, root: &Path, clock: Clock) -> Outcome<Self> {
        let state = StateFolder::new(root, &simulated.device);
        if options.state == State::Reset {
            state.reset()?;
            state.cloud().reset(&simulated.device)?;
        }
        state.create()?;
        let modules = simulated.deployment.modules.iter().map(|spec| spec.id.clone());
        let modules: Vec<ModuleId> = modules.chain([ModuleId::edge_agent(), ModuleId::edge_hub()]).collect();
        let identities = state.identities(&simulated.device, &modules, clock.now().unix.as_micros())?;
        Ok(Self { options, simulated, state, identities })
    }

    /// Returns the modules that are run as containers.
    pub(super) fn in_containers<'a>(
        &'a self,
        prepared: &'a [Option<Prepared>],
    ) -> impl Iterator<Item = (&'a Engine, &'a ModuleSpec)> {
        let modules = self.simulated.deployment.modules.iter().zip(prepared);
        modules.filter_map(|(spec, prepared)| Some((prepared.as_ref()?.engine()?, spec)))
    }

    /// Returns what the cores are opened with; `names` are those that a SAS audience may have for the hub.
    pub(super) fn opening<'a>(&'a self, ui: &'a Ui, clock: Clock, names: &'a [String]) -> Opening<'a> {
        Opening {
            ui,
            now: clock.now(),
            device: &self.simulated.device,
            parent: self.simulated.parent.as_ref(),
            deployment: &self.simulated.deployment,
            identities: &self.identities,
            state: &self.state,
            link: self.options.link,
            max_clients: self.options.max_clients,
            names,
            max_storage: self.options.max_storage,
            durability: self.options.durability,
        }
    }

    /// Listens, and plans the modules as they were prepared.
    pub(super) async fn listen<'a>(
        &'a self,
        common: &Common<'a>,
        prepared: Vec<Option<Prepared>>,
        bridge: Option<Arc<Bridge>>,
    ) -> Outcome<Opened<'a>> {
        let Means { ui, clock, run_folder, descriptors, .. } = common.means;
        let gateway = Gateway::open(self.simulated.address, bridge.as_deref().map(Bridge::address)).await?;
        gateway.tell_denied(ui);
        let metrics = MetricsPort::open(ui, self.options.metrics, gateway.addresses()).await;
        let names = gateway.names(host_name(&self.simulated.device));
        let ports = match &bridge {
            Some(bridge) => bridge.open_ports(self.in_containers(&prepared).map(|(_, spec)| spec))?,
            None => Ports::new(),
        };
        let planner = Planner {
            options: &self.options,
            simulated: &self.simulated,
            identities: &self.identities,
            state: &self.state,
            host: gateway.host(),
            run_folder,
            bridge: bridge.as_deref(),
            descriptors: descriptors.before,
        };
        let plans = planner.plan_all(prepared, &ports)?;
        let (hub, queues) = self.opening(ui, clock, &names).hub()?;
        Ok(Opened { site: self, bridge, gateway, metrics, names, ports, plans, hub, queues })
    }

    /// Returns the dev CA, and a server certificate for every name that clients may dial.
    pub(super) fn certify(&self, clock: Clock, names: &[String]) -> Outcome<(Authority, CertifiedKey)> {
        let unix = clock.now().unix;
        let authority = self.state.authority(&self.simulated.device, unix)?;
        let certificate = authority.server_certificate(names, unix);
        let certificate = certificate.or_fail(Kind::Bug, || "cannot make the server certificate")?;
        Ok((authority, certificate))
    }

    fn start_storage(&self, queues: Queues, events: EdgeEvents) -> Outcome<Storage> {
        let tell = move |stored: Stored| events.blocking_send(EdgeEvent::Stored(stored));
        Storage::start(queues, self.state.root().to_owned(), self.options.durability, tell)
            .or_fail(Kind::Machine, || "cannot start the thread of the store")
    }

    /// Creates the agent with what the deployment wants at first; it is online.
    fn agent(&self, clock: Clock, plans: &[ModulePlan], cloud: &IotHub) -> Agent {
        let twin = cloud.twin(&self.identities.identity(&ModuleId::edge_agent()));
        let mut desired = twin.map(|twin| twin.desired().clone()).unwrap_or_default();
        desired.insert("$version".to_owned(), twin.map_or(1, Twin::desired_version).into());
        let plan = Some(plans.iter().map(ModulePlan::planned).collect());
        let deployed = agent::Deployed { desired, plan, status: agent::DeploymentStatus::applied() };
        let mut agent = Agent::new(self.options.time_scale);
        agent.handle(clock.now(), agent::Input::Deployed(deployed));
        if self.options.link == Link::Online {
            agent.handle(clock.now(), agent::Input::Online);
        }
        agent
    }

    /// Returns what carries the agent's uploads: through the proxy that the environment names.
    fn web(&self) -> Arc<HttpClient> {
        Arc::new(HttpClient::new(Trust::default(), Proxies::of(&self.options.environment)))
    }

    /// Returns what the metrics are made of.
    fn counted(&self, clock: Clock, hub_host: &str, events: EdgeEvents) -> Source {
        Source {
            clock,
            hub_host: hub_host.to_owned(),
            device: self.simulated.device.clone(),
            instance: uuid::Uuid::new_v4().to_string(),
            folder: self.state.root().to_owned(),
            events,
            resources: Mutex::default(),
        }
    }
}

impl<'a> Opened<'a> {
    /// Opens everything else that modules speak to; they are started by the dispatcher.
    pub(super) async fn start(
        mut self,
        tasks: &mut JoinSet<()>,
        common: &Common<'a>,
        (edge, cloud): (EdgeNumber, &IotHub),
        ledger: &Arc<Ledger>,
    ) -> Outcome<(EdgeDevice, Deployer<'a>)> {
        let (site, means) = (self.site, common.means);
        let clock = means.clock;
        let place = self.place();
        let (device, host) = (place.device.clone(), place.hub.clone());
        let events = EdgeEvents::new(edge, common.events.clone());
        let storage = site.start_storage(self.queues, events.clone())?;
        let (authority, certificate) = site.certify(clock, &self.names)?;
        let heads = Heads::new(events.clone(), clock, device.clone(), Arc::clone(&common.connections));
        let counted = Arc::new(site.counted(clock, &host, events.clone()));
        let service = Service { heads, rules: common.rules.clone(), counted };
        let address = self.gateway.address();
        service.serve(tasks, &certificate, (self.gateway, self.metrics))?;
        test_port::open(tasks, (means.ui, &site.options), &host, &events).await?;
        let behind = Arc::new(Behind::new(clock, host.clone(), authority, &site.identities, events.clone()));
        let mut doors = Doors::none(means.run_folder, Arc::clone(&behind));
        for module in &place.modules {
            doors.open(tasks, module, self.ports.remove(module)).await?;
        }
        let (wanted, deployments) = mpsc::unbounded_channel();
        let deployer = Deployer {
            means,
            site,
            address,
            bridge: self.bridge,
            came: None,
            service,
            behind: Arc::clone(&behind),
            events: events.clone(),
            tasks: JoinSet::new(),
            wanted: deployments,
            planned: deployer::planned(&self.plans),
            doors,
        };
        let agent = site.agent(clock, &self.plans, cloud);
        let ties = Ties { ledger: Arc::clone(ledger), events, workloads: behind, web: site.web() };
        let children = Children::new(self.plans, ties);
        let device = EdgeDevice {
            device,
            place,
            state: site.state.clone(),
            hub: self.hub,
            link: CloudLink::new(site.options.link),
            agent,
            wanted,
            storage,
            children,
            logs: Logs::default(),
        };
        Ok((device, deployer))
    }

    fn place(&self) -> Place {
        Place {
            device: self.site.simulated.device.clone(),
            parent: self.site.simulated.parent.clone(),
            address: self.gateway.host(),
            hub: self.gateway.host(),
            ports: report::Ports { metrics: self.metrics.as_ref().map(MetricsPort::number), ..self.gateway.ports() },
            workload: self.bridge.as_ref().map(|bridge| bridge.way),
            modules: self.plans.iter().map(|plan| plan.spec.id.clone()).collect(),
            upstream: self.site.options.link,
            debuggers: debug::debuggers(&self.site.simulated),
        }
    }
}
