//! What each module is run as, and with which environment.

use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::state::Keys;
use crate::agent::{Owner, Planned};
use crate::engine::Engine;
use crate::engine::container::ContainerSpec;
use crate::failure::{Failure, Outcome};
use crate::identity::{ConnectionString, DeviceId, Identity, ModuleId, Proof};
use crate::manifest::ModuleSpec;
use crate::runtime::{How, InstanceSpec, ProcessSpec};

/// The version of the workload API that a real device states (protocol.md §1.1).
const API_VERSION: &str = "2022-08-03";

/// A module with everything that is needed to run it.
pub(super) struct ModulePlan {
    pub(super) spec: ModuleSpec,
    pub(super) runtime: Runtime,
    /// `image` and `createOptions`, as the workload API tells them.
    pub(super) settings: Value,
    /// What `edgectl credentials` prints, `{"workload":{…},"connectionString":{…}}`.
    pub(super) credentials: Value,
    /// Makes what runs anew from its source, for `restart --build`; `None` for a module without source.
    pub(super) rebuild: Option<Rebuild>,
}

/// Makes what a module runs anew from its source.
pub(super) type Rebuild = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync>;

/// What a module is run as.
#[derive(Debug)]
pub(super) enum Runtime {
    Process(ProcessSpec),
    /// A stand-in inside this program.
    Builtin(ProcessSpec),
    Container {
        engine: Engine,
        container: Box<ContainerSpec>,
    },
    /// Started from outside.
    External,
}

impl ModulePlan {
    /// Returns what the agent needs to know.
    pub(super) fn planned(&self) -> Planned {
        let owner = match self.runtime {
            Runtime::External => Owner::External,
            _ => Owner::Agent,
        };
        Planned { spec: self.spec.clone(), owner }
    }

    /// Returns what is started; `None` for a module that is started from outside.
    pub(super) fn instance(&self) -> Option<InstanceSpec> {
        let how = match &self.runtime {
            Runtime::Process(process) | Runtime::Builtin(process) => How::Process(process.clone()),
            Runtime::Container { engine, container } => {
                How::Container { engine: engine.clone(), container: container.clone() }
            }
            Runtime::External => return None,
        };
        Some(InstanceSpec { module: self.spec.id.clone(), how })
    }
}

impl Runtime {
    /// Returns the word of `ps` for it.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Process(_) => "process",
            Self::Builtin(_) => "builtin",
            Self::Container { .. } => "container",
            Self::External => "external",
        }
    }
}

/// What a module is told about where it is (protocol.md §1.1).
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    pub(super) device: DeviceId,
    pub(super) hub_host: String,
    pub(super) gateway_host: String,
    pub(super) workload_uri: String,
    /// `UpstreamProtocol` of the agent's own environment, if it has one.
    pub(super) upstream_protocol: Option<String>,
}

impl Surroundings {
    /// Returns the variables that the agent injects into a module.
    pub(super) fn injected(&self, module: &ModuleId, generation_id: &str) -> Vec<(String, String)> {
        let variables = [
            ("IOTEDGE_WORKLOADURI", self.workload_uri.as_str()),
            ("IOTEDGE_AUTHSCHEME", "sasToken"),
            ("IOTEDGE_MODULEGENERATIONID", generation_id),
            ("IOTEDGE_IOTHUBHOSTNAME", &self.hub_host),
            ("IOTEDGE_GATEWAYHOSTNAME", &self.gateway_host),
            ("IOTEDGE_DEVICEID", self.device.as_str()),
            ("IOTEDGE_MODULEID", module.as_str()),
            ("IOTEDGE_APIVERSION", API_VERSION),
        ];
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    /// Returns a module's whole environment apart from its image's or machine's: the manifest's, then the injected,
    /// then `Env` of createOptions, which wins (protocol.md §1.1).
    pub(super) fn environment(&self, spec: &ModuleSpec, generation_id: &str) -> Outcome<Vec<(String, String)>> {
        let mut environment = spec.env.clone();
        for (name, value) in self.injected(&spec.id, generation_id) {
            if environment.iter().any(|(defined, _)| *defined == name) {
                return Err(Failure::request(format!("module `{}` defines `{name}`", spec.id))
                    .cause("the agent injects this variable itself, and a device refuses a module that has it twice")
                    .hint("remove it from `env`, or set it in `createOptions.Env`, which wins"));
            }
            environment.push((name, value));
        }
        let log_level = Some("Information".to_owned());
        let optional = [("RuntimeLogLevel", log_level), ("UpstreamProtocol", self.upstream_protocol.clone())];
        for (name, value) in optional {
            if let Some(value) = value.filter(|_| !environment.iter().any(|(defined, _)| defined == name)) {
                environment.push((name.to_owned(), value));
            }
        }
        for (name, value) in create_options_env(&spec.create_options) {
            set(&mut environment, name, value);
        }
        Ok(environment)
    }

    /// Returns what a module needs to run outside: once with the workload API, once with a connection string.
    pub(super) fn credentials(&self, module: &ModuleId, keys: &Keys, ca_file: &std::path::Path) -> Value {
        let workload: Map<String, Value> =
            self.injected(module, &keys.generation_id).into_iter().map(|(name, value)| (name, value.into())).collect();
        let connection_string = ConnectionString {
            host_name: self.hub_host.clone(),
            gateway_host_name: Some(self.gateway_host.clone()),
            identity: Some(Identity::of_module(self.device.clone(), module.clone())),
            policy: None,
            proof: Proof::Key(keys.primary.clone()),
        };
        json!({
            "workload": workload,
            "connectionString": {
                "EdgeHubConnectionString": connection_string.reveal(),
                "EdgeModuleCACertificateFile": ca_file,
            },
        })
    }
}

/// Puts a variable in place of one of the same name.
pub(super) fn set(environment: &mut Vec<(String, String)>, name: String, value: String) {
    environment.retain(|(defined, _)| *defined != name);
    environment.push((name, value));
}

/// Reads `Env` of createOptions: texts `NAME=value`.
pub(super) fn create_options_env(options: &Map<String, Value>) -> Vec<(String, String)> {
    let entries = options.get("Env").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    entries.filter_map(|entry| entry.split_once('=')).map(|(name, value)| (name.into(), value.into())).collect()
}

/// Returns the environment of a process: this machine's without any identity in it, then the module's.
pub(super) fn process_environment<'a>(
    machine: impl IntoIterator<Item = (&'a String, &'a String)>,
    module: Vec<(String, String)>,
) -> Vec<(String, String)> {
    let is_identity = |name: &str| {
        name.starts_with("IOTEDGE_") || ["EdgeHubConnectionString", "EdgeModuleCACertificateFile"].contains(&name)
    };
    let inherited = machine.into_iter().filter(|(name, _)| !is_identity(name));
    let mut environment: Vec<_> = inherited.map(|(name, value)| (name.clone(), value.clone())).collect();
    module.into_iter().for_each(|(name, value)| set(&mut environment, name, value));
    environment
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{DesiredStatus, PullPolicy, RestartPolicy};

    fn surroundings() -> Surroundings {
        Surroundings {
            device: DeviceId::parse("Hannover01").expect("valid"),
            hub_host: "127.0.0.1".into(),
            gateway_host: "hannover01".into(),
            workload_uri: "unix:///var/run/iotedge/workload.sock".into(),
            upstream_protocol: None,
        }
    }

    fn spec(env: &[(&str, &str)], options: Value) -> ModuleSpec {
        ModuleSpec {
            id: ModuleId::parse("insight").expect("valid"),
            version: String::new(),
            image: "i:1".into(),
            create_options: options.as_object().cloned().expect("an object"),
            env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            status: DesiredStatus::Running,
            restart: RestartPolicy::Always,
            pull: PullPolicy::OnCreate,
            startup_order: 0,
        }
    }

    fn get<'a>(environment: &'a [(String, String)], name: &str) -> Vec<&'a str> {
        environment.iter().filter(|(defined, _)| defined == name).map(|(_, value)| value.as_str()).collect()
    }

    #[test]
    fn a_module_gets_exactly_what_the_agent_injects() {
        let environment = surroundings().environment(&spec(&[], json!({})), "638").expect("valid");
        let lines: Vec<String> = environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            lines,
            [
                "IOTEDGE_WORKLOADURI=unix:///var/run/iotedge/workload.sock",
                "IOTEDGE_AUTHSCHEME=sasToken",
                "IOTEDGE_MODULEGENERATIONID=638",
                "IOTEDGE_IOTHUBHOSTNAME=127.0.0.1",
                "IOTEDGE_GATEWAYHOSTNAME=hannover01",
                "IOTEDGE_DEVICEID=Hannover01",
                "IOTEDGE_MODULEID=insight",
                "IOTEDGE_APIVERSION=2022-08-03",
                "RuntimeLogLevel=Information",
            ]
        );
    }

    #[test]
    fn env_of_create_options_wins() {
        let options = json!({"Env": ["IOTEDGE_DEVICEID=other", "A=2", "RuntimeLogLevel=Debug"]});
        let environment = surroundings().environment(&spec(&[("A", "1")], options), "638").expect("valid");
        assert_eq!(get(&environment, "IOTEDGE_DEVICEID"), ["other"]);
        assert_eq!(get(&environment, "A"), ["2"]);
        assert_eq!(get(&environment, "RuntimeLogLevel"), ["Debug"]);
    }

    #[test]
    fn a_manifest_that_sets_an_injected_variable_is_refused() {
        let refused = surroundings().environment(&spec(&[("IOTEDGE_DEVICEID", "x")], json!({})), "638");
        assert_eq!(refused.expect_err("refused").message(), "module `insight` defines `IOTEDGE_DEVICEID`");
    }

    #[test]
    fn a_process_inherits_the_machine_but_no_identity() {
        let machine =
            [("PATH", "/bin"), ("IOTEDGE_DEVICEID", "mine"), ("EdgeHubConnectionString", "secret"), ("A", "0")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = process_environment(machine.iter().map(|(n, v)| (n, v)), vec![("A".into(), "1".into())]);
        assert_eq!(environment, [("PATH", "/bin"), ("A", "1")].map(|(n, v)| (n.to_owned(), v.to_owned())));
    }
}
