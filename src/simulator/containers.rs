//! What the containers of a simulation share: a labelled network of their own, and a way to the gateway.

use std::path::Path;

use super::gateway::host_name;
use super::subject::Simulated;
use crate::engine::container::{self, ContainerSpec, NetworkAttachment};
use crate::engine::{Engine, network};
use crate::failure::Outcome;
use crate::manifest::ModuleSpec;
use crate::runtime;

/// Where a container finds its workload socket (protocol.md §1.1).
pub(super) const WORKLOAD_SOCKET: &str = "/var/run/iotedge/workload.sock";
const WORKLOAD_FOLDER: &str = "/var/run/iotedge";

/// The network that the containers of a simulation share.
pub(super) struct Containers {
    engine: Engine,
    network: network::Network,
    /// The gateway's host name in containers.
    pub(super) host: String,
    simulation: String,
    solution: String,
    device: String,
}

impl Containers {
    /// Removes what an earlier run left, then creates the network.
    pub(super) async fn create(engine: &Engine, simulated: &Simulated, simulation: &str) -> Outcome<Self> {
        runtime::clear_containers(engine, simulation).await?;
        let (solution, device) = (simulated.name.clone(), simulated.device.to_string());
        let network = network::create(engine, &container::name(&solution, &device, "network"), simulation).await?;
        let host = host_name(&simulated.device);
        Ok(Self { engine: engine.clone(), network, host, simulation: simulation.to_owned(), solution, device })
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
    pub(super) async fn remove(self) -> Outcome {
        runtime::clear_containers(&self.engine, &self.simulation).await.map(drop)
    }
}
