//! What the containers of a simulation share: a labelled network of their own, and a way to the gateway.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::gateway::host_name;
use super::subject::Simulated;
use crate::engine::container::{self, ContainerSpec, NetworkAttachment};
use crate::engine::{Engine, network};
use crate::environment::Environment;
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::manifest::ModuleSpec;
use crate::runtime;
use crate::store::{self, Durability};
use crate::ui::Ui;

/// Where a container finds its workload socket (protocol.md §1.1).
pub(super) const WORKLOAD_SOCKET: &str = "/var/run/iotedge/workload.sock";
const WORKLOAD_FOLDER: &str = "/var/run/iotedge";
/// How long the engine may take to remove everything.
const REMOVE_WITHIN: Duration = Duration::from_secs(60);

/// The network that the containers of a simulation share.
pub(super) struct Containers {
    engine: Engine,
    network: network::Network,
    /// The gateway's host name in containers.
    pub(super) host: String,
    simulation: String,
    solution: String,
    device: String,
    note: PathBuf,
}

/// `.edgectl/containers.json`: there as long as a simulation may have containers, even if it was killed.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    simulation: String,
}

impl Containers {
    /// Creates the network; `root` is the state folder, where it is noted that there is something to remove.
    pub(super) async fn create(engine: &Engine, simulated: &Simulated, simulation: &str, root: &Path) -> Outcome<Self> {
        let note = note_path(root);
        let text = serde_json::json!(Note { simulation: simulation.to_owned() }).to_string();
        store::save(&note, text.as_bytes(), Durability::Process)
            .or_fail(Kind::Machine, || format!("cannot write `{}`", note.display()))?;
        let (solution, device) = (simulated.name.clone(), simulated.device.to_string());
        let network = network::create(engine, &container::name(&solution, &device, "network"), simulation).await?;
        let host = host_name(&simulated.device);
        let simulation = simulation.to_owned();
        let containers = Self { engine: engine.clone(), network, host, simulation, solution, device, note };
        match containers.check_reachable() {
            Ok(()) => Ok(containers),
            Err(failure) => {
                containers.remove().await?;
                Err(failure)
            }
        }
    }

    /// Refuses an engine whose containers could not reach this process.
    fn check_reachable(&self) -> Outcome {
        let gateway = self.network.gateway;
        // A listener of no use but to see whether the address is one of this machine.
        std::net::TcpListener::bind((gateway, 0)).map(drop).map_err(|error| {
            Failure::machine("containers could not reach the simulated device")
                .cause(format!("the gateway of their network, {gateway}, is no address of this machine: {error}"))
                .cause("the engine runs on another machine, or in a virtual one")
                .hint("run the modules as processes with `--runtime process`")
        })
    }

    /// Returns the address of this machine in the network.
    pub(super) fn bridge(&self) -> std::net::IpAddr {
        self.network.gateway
    }

    /// Returns the container of a module; `folder` holds its workload socket.
    pub(super) fn container(
        &self,
        spec: &ModuleSpec,
        environment: Vec<(String, String)>,
        folder: &Path,
    ) -> ContainerSpec {
        let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        ContainerSpec {
            name: container::name(&self.solution, &self.device, spec.id.as_str()),
            image: spec.image.clone(),
            environment,
            create_options: spec.create_options.clone(),
            network: Some(NetworkAttachment { name: self.network.name.clone(), alias: spec.id.to_string() }),
            labels: vec![
                label(container::SIMULATION_LABEL, &self.simulation),
                label(container::MODULE_LABEL, spec.id.as_str()),
            ],
            binds: vec![format!("{}:{WORKLOAD_FOLDER}", folder.display())],
            extra_hosts: vec![format!("{}:{}", self.host, self.network.gateway)],
        }
    }

    /// Removes the network and every container of the simulation.
    ///
    /// An engine that hangs is not waited for: the next start removes what is left.
    pub(super) async fn remove(self) -> Outcome {
        let cleared = timeout(REMOVE_WITHIN, runtime::clear_containers(&self.engine, &self.simulation)).await;
        cleared.unwrap_or_else(|_| {
            Err(Failure::machine("cannot remove the containers of this simulation")
                .cause(format!("the engine gave no answer within {} s", REMOVE_WITHIN.as_secs()))
                .hint("mend the engine; the next `edgectl simulate` removes what is left"))
        })?;
        forget(&self.note)
    }
}

/// Removes the containers and networks that a killed edgectl left; an engine that does not answer keeps them for later.
pub(super) async fn clear_left(ui: &Ui, environment: &Environment, root: &Path) -> Outcome {
    let path = note_path(root);
    let doing = || format!("cannot read `{}`", path.display());
    let Some(bytes) = store::load(&path).or_fail(Kind::Machine, doing)? else { return Ok(()) };
    let Ok(note) = serde_json::from_slice::<Note>(&bytes) else { return forget(&path) };
    let engine = match Engine::connect(environment).await {
        Ok(engine) => engine,
        Err(failure) => {
            ui.warn(format!("containers of the last run may be left: {}", failure.message()));
            return Ok(());
        }
    };
    let removed = runtime::clear_containers(&engine, &note.simulation).await?;
    if !removed.containers.is_empty() {
        ui.step("Removed", format!("containers that the last run left: {}", removed.containers.join(", ")));
    }
    forget(&path)
}

fn note_path(root: &Path) -> PathBuf {
    root.join("containers.json")
}

fn forget(note: &Path) -> Outcome {
    match std::fs::remove_file(note) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::machine(format!("cannot remove `{}`", note.display())).cause(error))
        }
        _ => Ok(()),
    }
}
