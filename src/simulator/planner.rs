//! From a prepared module to its plan: identity, environment, container or process.

use std::path::Path;

use serde_json::json;

use super::bridge::{Bridge, WORKLOAD_SOCKET};
use super::choose::Native;
use super::control::RunFolder;
use super::doors::{Port, Ports};
use super::options::Options;
use super::plan::{ModulePlan, Runtime, Surroundings, process_environment};
use super::prepare::Prepared;
use super::state::{Identities, StateFolder};
use super::subject::Simulated;
use crate::failure::{Failure, Kind, Outcome};
use crate::identity::ModuleId;
use crate::manifest::ModuleSpec;
use crate::runtime::ProcessSpec;

/// What is needed to plan a module.
pub(super) struct Planner<'a> {
    pub(super) options: &'a Options,
    pub(super) simulated: &'a Simulated,
    pub(super) identities: &'a Identities,
    pub(super) state: &'a StateFolder,
    /// The name of the gateway and of the simulated IoT Hub for processes.
    pub(super) host: String,
    pub(super) run_folder: &'a RunFolder,
    pub(super) bridge: Option<&'a Bridge>,
    /// How many files a process may have open.
    pub(super) descriptors: u64,
}

impl Planner<'_> {
    /// Plans the modules of the deployment, each as it was prepared.
    pub(super) fn plan_all(&self, prepared: Vec<Option<Prepared>>, ports: &Ports) -> Outcome<Vec<ModulePlan>> {
        let modules = self.simulated.deployment.modules.iter().zip(prepared);
        modules.map(|(spec, prepared)| self.plan(spec, prepared, ports.get(&spec.id))).collect()
    }

    /// Plans a module; nothing prepared means that it is started from outside. A container uses the port, if it has one.
    pub(super) fn plan(
        &self,
        spec: &ModuleSpec,
        prepared: Option<Prepared>,
        port: Option<&Port>,
    ) -> Outcome<ModulePlan> {
        let defect = |what: &str| Failure::new(Kind::Bug, format!("module `{}` has no {what}", spec.id));
        let keys = self.identities.modules.get(&spec.id).ok_or_else(|| defect("identity"))?;
        let folder = self.run_folder.module(&self.identities.identity(&spec.id))?;
        let outside = self.surroundings(&self.host, socket_uri(&folder.join("workload.sock")));
        let credentials = outside.credentials(&spec.id, keys, &self.state.ca_file());
        let (runtime, rebuild) = match prepared {
            None => (Runtime::External, None),
            Some(Prepared::Native(native, rebuild)) => {
                (self.native(native, outside.environment(spec, &keys.generation_id)?), rebuild)
            }
            Some(Prepared::Container { engine, rebuild }) => {
                let bridge = self.bridge.ok_or_else(|| defect("network"))?;
                let uri = port.map_or_else(|| socket_uri(Path::new(WORKLOAD_SOCKET)), |port| port.address.uri.clone());
                let environment = self.surroundings(&bridge.host, uri).environment(spec, &keys.generation_id)?;
                let container = Box::new(bridge.container(spec, environment, &folder, port));
                (Runtime::Container { engine, container }, rebuild)
            }
        };
        Ok(ModulePlan {
            spec: spec.clone(),
            runtime,
            settings: json!({ "image": spec.image, "createOptions": spec.create_options }),
            credentials,
            rebuild,
        })
    }

    fn surroundings(&self, gateway_host: &str, workload_uri: String) -> Surroundings {
        let agent = self.simulated.deployment.system.iter().find(|spec| spec.id == ModuleId::edge_agent());
        let protocol = agent.and_then(|agent| agent.env.iter().find(|(name, _)| name == "UpstreamProtocol"));
        Surroundings {
            device: self.simulated.device.clone(),
            hub_host: self.host.clone(),
            gateway_host: gateway_host.to_owned(),
            workload_uri,
            upstream_protocol: protocol.map(|(_, value)| value.clone()),
        }
    }

    fn native(&self, native: Native, environment: Vec<(String, String)>) -> Runtime {
        let environment = process_environment(self.options.environment.all(), environment);
        let descriptors = Some(self.descriptors);
        match native {
            Native::Process { command, folder } => {
                Runtime::Process(ProcessSpec { command, folder, environment, descriptors })
            }
            Native::Builtin { arguments } => {
                let mut command = vec![self.options.program.display().to_string()];
                command.extend(arguments);
                let folder = self.options.project.clone();
                Runtime::Builtin(ProcessSpec { command, folder, environment, descriptors })
            }
        }
    }
}

fn socket_uri(socket: &Path) -> String {
    format!("unix://{}", socket.display())
}
