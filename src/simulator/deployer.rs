//! Making ready what a new deployment wants while the simulation runs: images and packages, identities, doors.
//!
//! Works beside the dispatcher, one deployment of a device after the other, and hands it the result; no module is
//! started, stopped or revoked here. A module that cannot be made ready keeps running as it was, if it was. The first
//! container brings the network with it, and listeners there.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::bridge::{Bridge, WorkloadWay};
use super::doors::Doors;
use super::event::{EdgeEvent, EdgeEvents};
use super::gateway::Gateway;
use super::metrics::MetricsPort;
use super::plan::ModulePlan;
use super::planner::Planner;
use super::prepare::{Prepared, Workshop};
use super::site::{Means, Service, Site};
use super::state::Identities;
use super::subject::Simulated;
use crate::agent::{Deployed, DeploymentStatus, Planned};
use crate::edgehub::KnownIdentity;
use crate::engine::Engine;
use crate::failure::{Failure, Outcome};
use crate::identity::ModuleId;
use crate::manifest::{Deployment, Finding, ModuleSpec};
use crate::text::Pointer;

/// What makes a device's deployments ready.
pub(super) struct Deployer<'a> {
    pub(super) means: Means<'a>,
    pub(super) site: &'a Site,
    pub(super) address: IpAddr,
    /// There as soon as a module is a container.
    pub(super) bridge: Option<Arc<Bridge>>,
    /// The bridge, until the dispatcher has been told that it came.
    pub(super) came: Option<Came>,
    pub(super) service: Service,
    pub(super) events: EdgeEvents,
    /// Serves what comes with deployments.
    pub(super) tasks: JoinSet<()>,
    /// What the agent wants to have deployed.
    pub(super) wanted: mpsc::UnboundedReceiver<Desired>,
    /// What runs, or is to.
    pub(super) planned: BTreeMap<ModuleId, Planned>,
    pub(super) doors: Doors<'a>,
}

/// A bridge that came with a deployment.
pub(super) struct Came {
    pub(super) way: WorkloadWay,
    /// What the hub may be called from now on.
    pub(super) names: Vec<String>,
}

/// A deployment that is made ready.
pub(super) struct Preparation {
    pub(super) deployed: Deployed,
    /// Modules that are new or have changed.
    pub(super) plans: Vec<ModulePlan>,
    /// Everybody who may connect from now on.
    pub(super) known: Vec<KnownIdentity>,
    /// The generation ids of all modules.
    pub(super) generations: BTreeMap<ModuleId, String>,
    /// The bridge, if it came with this deployment.
    pub(super) bridge: Option<Came>,
    /// Why modules could not be made ready.
    pub(super) failures: Vec<Failure>,
}

/// The agent's desired properties.
pub(super) type Desired = Map<String, Value>;

/// Makes ready what comes for the devices, side by side, for as long as the simulation runs.
pub(super) async fn run(deployers: Vec<Deployer<'_>>) -> Infallible {
    join_all(deployers.into_iter().map(Deployer::run)).await;
    std::future::pending().await
}

impl Deployer<'_> {
    async fn run(mut self) {
        while let Some(desired) = self.wanted.recv().await {
            let preparation = self.prepare(desired).await;
            // A dispatcher that has ended applies nothing.
            self.events.send(EdgeEvent::Prepared(Box::new(preparation))).await;
        }
    }

    async fn prepare(&mut self, desired: Desired) -> Preparation {
        match self.try_prepare(&desired).await {
            Ok(preparation) => preparation,
            Err(status) => Preparation {
                deployed: Deployed { desired, plan: None, status },
                plans: Vec::new(),
                known: Vec::new(),
                generations: BTreeMap::new(),
                bridge: None,
                failures: Vec::new(),
            },
        }
    }

    async fn try_prepare(&mut self, desired: &Desired) -> Result<Preparation, DeploymentStatus> {
        let Site { options, simulated, .. } = self.site;
        let mut deployment = read(desired)?;
        deployment.modules = simulated.taking_part(options, deployment.modules);
        let identities = self.identities(&deployment.modules).map_err(|failure| failed(&[failure]))?;
        let (plans, failures) = self.plan_all(simulated.with(deployment), &identities).await;
        self.doors.keep(|module| self.planned.contains_key(module));
        let generations = identities.modules.iter().map(|(module, keys)| (module.clone(), keys.generation_id.clone()));
        let generations = generations.collect();
        let known = identities.known();
        self.doors.behind().set_identities(identities);
        let status = if failures.is_empty() { DeploymentStatus::applied() } else { failed(&failures) };
        let plan = Some(self.planned.values().cloned().collect());
        Ok(Preparation {
            deployed: Deployed { desired: desired.clone(), plan, status },
            plans,
            known,
            generations,
            bridge: self.came.take(),
            failures,
        })
    }

    /// Plans the modules that are new or have changed; says why some cannot be made ready.
    async fn plan_all(&mut self, mut simulated: Simulated, identities: &Identities) -> (Vec<ModulePlan>, Vec<Failure>) {
        let wanted = std::mem::take(&mut simulated.deployment.modules);
        let (unchanged, changed): (Vec<_>, _) = wanted.into_iter().partition(|spec| self.is_planned(spec));
        simulated.deployment.modules = changed;
        let mut before = std::mem::take(&mut self.planned);
        self.planned.extend(unchanged.iter().filter_map(|spec| before.remove_entry(&spec.id)));
        let prepared = self.workshop(&simulated).prepare_all().await;
        let (mut plans, mut failures) = (Vec::new(), Vec::new());
        for (spec, prepared) in simulated.deployment.modules.iter().zip(prepared) {
            let name = &spec.id;
            let planned = match prepared {
                Ok(prepared) => self.plan(&simulated, spec, prepared, identities).await,
                Err(failure) => Err(failure),
            };
            match planned {
                Ok(plan) => {
                    self.planned.insert(name.clone(), plan.planned());
                    plans.push(plan);
                }
                Err(failure) => {
                    failures.push(failure.context(format!("cannot deploy module `{name}`")));
                    self.planned.extend(before.remove_entry(name));
                }
            }
        }
        (plans, failures)
    }

    fn is_planned(&self, spec: &ModuleSpec) -> bool {
        self.planned.get(&spec.id).is_some_and(|planned| planned.spec == *spec)
    }

    fn workshop<'s>(&'s self, simulated: &'s Simulated) -> Workshop<'s> {
        let Means { ui, clock, machine, root: state, .. } = self.means;
        Workshop { ui, clock, options: &self.site.options, simulated, machine, state }
    }

    fn identities(&self, specs: &[ModuleSpec]) -> Outcome<Identities> {
        let modules = specs.iter().map(|spec| spec.id.clone());
        let all: Vec<_> = modules.chain([ModuleId::edge_agent(), ModuleId::edge_hub()]).collect();
        self.site.state.identities(&self.site.simulated.device, &all, self.means.clock.now().unix.as_micros())
    }

    async fn plan(
        &mut self,
        simulated: &Simulated,
        spec: &ModuleSpec,
        prepared: Option<Prepared>,
        identities: &Identities,
    ) -> Outcome<ModulePlan> {
        let bridge = match prepared.as_ref().and_then(Prepared::engine) {
            Some(engine) => Some(self.bridge(engine, &spec.image).await?),
            None => None,
        };
        let port = match &bridge {
            Some(bridge) => bridge.open_port(spec, self.doors.port(&spec.id))?,
            None => None,
        };
        let Means { run_folder, descriptors, .. } = self.means;
        let planner = Planner {
            options: &self.site.options,
            simulated,
            identities,
            state: &self.site.state,
            host: self.address.to_string(),
            run_folder,
            bridge: bridge.as_deref(),
            descriptors: descriptors.before,
        };
        let plan = planner.plan(spec, prepared, port.as_ref())?;
        self.doors.open(&mut self.tasks, &spec.id, port).await?;
        Ok(plan)
    }

    /// Returns the bridge, which the first container of the device brings with it.
    async fn bridge(&mut self, engine: &Engine, image: &str) -> Outcome<Arc<Bridge>> {
        if let Some(bridge) = &self.bridge {
            return Ok(Arc::clone(bridge));
        }
        let Means { containers, run_folder, .. } = self.means;
        let bridge = Bridge::build(containers, &self.site.simulated, (engine, image), run_folder).await?;
        match self.listen_on(&bridge).await {
            Ok(names) => {
                self.came = Some(Came { way: bridge.way, names });
                Ok(Arc::clone(self.bridge.insert(Arc::new(bridge))))
            }
            Err(failure) => {
                bridge.tear_down().await;
                Err(failure)
            }
        }
    }

    /// Listens on a bridge as at the device's own address, and returns what clients may call the hub.
    async fn listen_on(&mut self, bridge: &Bridge) -> Outcome<Vec<String>> {
        let gateway = Gateway::open_on_bridge(self.address, bridge.address())?;
        let metrics = MetricsPort::open(self.means.ui, self.site.options.metrics, [bridge.address()]).await;
        let names = gateway.names(bridge.host.clone());
        let (_, certificate) = self.site.certify(self.means.clock, &names)?;
        self.service.serve(&mut self.tasks, &certificate, (gateway, metrics))?;
        Ok(names)
    }
}

/// How many keys of a manifest stand above the agent's desired properties.
const ABOVE_DESIRED: usize = 3;

/// Reads the agent's desired properties, or says with which status it reports them (protocol.md §11.3).
fn read(desired: &Map<String, Value>) -> Result<Deployment, DeploymentStatus> {
    if desired.keys().all(|key| key.starts_with('$')) {
        return Err(DeploymentStatus { code: 417, description: "Empty deployment".to_owned() });
    }
    Deployment::parse_agent(desired).map_err(|findings| {
        let is_schema = |finding: &Finding| finding.code == "schema-version";
        let code = if findings.iter().any(is_schema) { 412 } else { 400 };
        DeploymentStatus { code, description: findings.iter().map(tell).collect::<Vec<_>>().join("; ") }
    })
}

/// Tells what is wrong, and where below the agent's desired properties.
fn tell(finding: &Finding) -> String {
    let steps = finding.at.pointer.as_ref().map(Pointer::steps).unwrap_or_default();
    match steps.get(ABOVE_DESIRED..) {
        None | Some([]) => finding.at.message.to_string(),
        Some(below) => format!("{}: {}", below.join("."), finding.at.message),
    }
}

fn failed(failures: &[Failure]) -> DeploymentStatus {
    let tell = |failure: &Failure| {
        let words = std::iter::once(failure.message()).chain(failure.causes().iter().map(String::as_str));
        words.collect::<Vec<_>>().join(": ")
    };
    DeploymentStatus { code: 500, description: failures.iter().map(tell).collect::<Vec<_>>().join("; ") }
}

impl std::fmt::Debug for Preparation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Preparation").field("status", &self.deployed.status).finish_non_exhaustive()
    }
}

/// Returns the modules that run at first, as the deployer compares them with those that come.
pub(super) fn planned(plans: &[ModulePlan]) -> BTreeMap<ModuleId, Planned> {
    plans.iter().map(|plan| (plan.spec.id.clone(), plan.planned())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    // protocol.md §11.3
    #[test]
    fn what_cannot_be_read_has_a_status_of_its_own() {
        let status = |desired: Value| {
            let refused = read(desired.as_object().expect("an object")).expect_err("refused");
            (refused.code, refused.description)
        };
        assert_eq!(status(json!({ "$version": 3 })), (417, "Empty deployment".to_owned()));
        let settings = json!({ "image": "x" });
        let system = json!({
            "edgeAgent": { "type": "docker", "settings": settings },
            "edgeHub": { "type": "docker", "status": "running", "settings": settings },
        });
        let with = |schema: &str, modules: Value| json!({ "schemaVersion": schema, "systemModules": system, "modules": modules });
        let schema = "schemaVersion: the schema `2.0` is not known; known are 1.0, 1.1".to_owned();
        assert_eq!(status(with("2.0", json!({}))), (412, schema));
        let kind = "modules.a.type: expected `docker`, found `podman`; modules.a: the member `settings` is missing";
        assert_eq!(status(with("1.1", json!({ "a": { "type": "podman" } }))), (400, kind.to_owned()));
        let mut hub = with("1.1", json!({}));
        hub["systemModules"]["edgeHub"]["status"].take();
        // protocol.md §10.2
        assert_eq!(
            status(hub),
            (
                400,
                "systemModules.edgeHub: the member `status` is missing, without which the agent starts no hub"
                    .to_owned()
            )
        );
        assert!(read(with("1.1", json!({})).as_object().expect("an object")).is_ok());
    }
}
