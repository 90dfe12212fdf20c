//! The network that the containers of an edge device share, and their way to this machine: to the gateway, and to the
//! workload API by a mounted socket or, where none arrives, by a port for each module.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::containers::Containers;
use super::control::RunFolder;
use super::doors::{Port, PortAddress, Ports};
use super::gateway::host_name;
use super::metrics::HOST_NAMES;
use super::options::Address;
use super::subject::Simulated;
use crate::engine::Engine;
use crate::engine::container::{self, ContainerSpec, NetworkAttachment};
use crate::engine::network::{self, Addresses, Network, Place};
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::identity::{DeviceId, ModuleId};
use crate::manifest::ModuleSpec;
use crate::net::{self, Binding, UnixSocket};
use crate::solution::WorkloadChoice;

/// Where a container finds its workload socket (protocol.md §1.1).
pub(super) const WORKLOAD_SOCKET: &str = "/var/run/iotedge/workload.sock";
const WORKLOAD_FOLDER: &str = "/var/run/iotedge";

const AS_PROCESSES: &str = "run the modules as processes with `--runtime process`";

/// How containers reach the workload API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum WorkloadWay {
    /// By a socket that is mounted into each.
    Socket,
    /// By a port for each, which lets in that container alone.
    Http,
}

/// The network and the way to this machine.
pub(super) struct Bridge {
    containers: Arc<Containers>,
    engine: Engine,
    device: DeviceId,
    network: Network,
    /// The address of this machine for containers.
    address: IpAddr,
    /// The gateway's host name in containers.
    pub(super) host: String,
    pub(super) way: WorkloadWay,
    /// Which address each module has that was ever given a port: the engine may not have let go of it yet when the
    /// module is deployed again.
    numbers: Mutex<BTreeMap<ModuleId, u32>>,
}

impl Bridge {
    /// Decides the way to the workload API, with a container of `image` where it has to be tried, and makes the network.
    pub(super) async fn build(
        containers: &Arc<Containers>,
        simulated: &Simulated,
        (engine, image): (&Engine, &str),
        run_folder: &RunFolder,
    ) -> Outcome<Self> {
        containers.open(engine)?;
        let device = simulated.device.clone();
        let place = network::place(engine).await;
        let own = if place == Place::Apart { Some(own_address(simulated.address)?) } else { None };
        let way = match simulated.workload {
            WorkloadChoice::Socket => WorkloadWay::Socket,
            WorkloadChoice::Http => WorkloadWay::Http,
            WorkloadChoice::Auto => probe(engine, containers.bare(&device, "probe", image), run_folder).await?,
        };
        let addresses = match way {
            WorkloadWay::Socket => Addresses::Engine,
            WorkloadWay::Http if own.is_some() => return Err(unseen()),
            WorkloadWay::Http => Addresses::Creator,
        };
        let name = containers.network_name(&device);
        let network = network::create(engine, &name, &containers.labels, addresses).await?;
        let address = own.unwrap_or(network.gateway);
        let (containers, engine, host) = (Arc::clone(containers), engine.clone(), host_name(&device));
        let bridge = Self { containers, engine, device, network, address, host, way, numbers: Mutex::default() };
        match check_reachable(address, place) {
            Ok(()) => Ok(bridge),
            Err(failure) => {
                bridge.tear_down().await;
                Err(failure)
            }
        }
    }

    /// Removes a network that nobody has joined: one that comes late is tried for again and again.
    pub(super) async fn tear_down(self) {
        // Why it is not used is what matters; what is left is removed with the simulation.
        let _ = network::remove(&self.engine, &self.network.id).await;
    }

    /// Returns the address of this machine for containers.
    pub(super) fn address(&self) -> IpAddr {
        self.address
    }

    /// Opens the ports of the workload API for modules that run as containers: none where sockets are mounted.
    pub(super) fn open_ports<'a>(&self, modules: impl Iterator<Item = &'a ModuleSpec>) -> Outcome<Ports> {
        let open = |spec: &ModuleSpec| Ok(self.open_port(spec, None)?.map(|port| (spec.id.clone(), port)));
        modules.filter_map(|spec| open(spec).transpose()).collect()
    }

    /// Opens the port of a module, unless it is served already; `None` where sockets are mounted.
    pub(super) fn open_port(&self, spec: &ModuleSpec, served: Option<PortAddress>) -> Outcome<Option<Port>> {
        if self.way == WorkloadWay::Socket {
            return Ok(None);
        }
        let cannot = || format!("cannot give module `{}` the workload API over http", spec.id);
        if container::chooses_network(&spec.create_options) {
            // Whoever shares an address with others could not be told from them.
            return Err(Failure::request(cannot())
                .cause("its createOptions choose a network, so it has no address of its own in the simulation's")
                .hint(format!(
                    "take that back in `edgectl.yaml`: `modules: {{{}: {{createOptions: {{HostConfig: \
                     {{NetworkMode: null}}, NetworkingConfig: null}}}}}}`",
                    spec.id
                )));
        }
        if let Some(address) = served {
            return Ok(Some(Port { listener: None, address }));
        }
        let container = self.network.address(self.number(&spec.id)).ok_or_else(|| {
            Failure::machine(cannot())
                .cause(format!("the network `{}` has no address left", self.network.name))
                .hint("give the engine larger subnets with `default-address-pools` in its `daemon.json`")
        })?;
        let listener = match net::bind_expected(SocketAddr::new(self.address, 0)).or_fail(Kind::Machine, cannot)? {
            Binding::Open(listener) => listener,
            Binding::Denied(address) => return Err(Failure::machine(cannot()).cause(format!("`{address}` is denied"))),
        };
        let port = listener.local_addr().or_fail(Kind::Machine, cannot)?.port();
        let address = PortAddress { container, uri: format!("http://{}:{port}", self.host) };
        Ok(Some(Port { listener: Some(listener), address }))
    }

    fn number(&self, module: &ModuleId) -> u32 {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        *numbers.entry(module.clone()).or_insert(next)
    }

    /// Returns the container of a module; `folder` holds its workload socket, `port` is used instead if there is one.
    pub(super) fn container(
        &self,
        spec: &ModuleSpec,
        environment: Vec<(String, String)>,
        folder: &Path,
        port: Option<&Port>,
    ) -> ContainerSpec {
        ContainerSpec {
            environment,
            create_options: spec.create_options.clone(),
            network: Some(NetworkAttachment {
                network: self.network.id.clone(),
                alias: spec.id.to_string(),
                address: port.map(|port| port.address.container),
            }),
            binds: match port {
                None => vec![format!("{}:{WORKLOAD_FOLDER}", folder.display())],
                Some(_) => Vec::new(),
            },
            // Hub and agent are containers of these names on a real device (protocol.md §6.3).
            extra_hosts: std::iter::once(self.host.as_str())
                .chain(HOST_NAMES)
                .map(|name| format!("{name}:{}", self.address))
                .collect(),
            ..self.containers.bare(&self.device, spec.id.as_str(), &spec.image)
        }
    }
}

/// Tries whether a socket of this machine arrives in a container.
async fn probe(engine: &Engine, probe: ContainerSpec, run_folder: &RunFolder) -> Outcome<WorkloadWay> {
    // A name that was never there before: a folder of the engine's own machine may have our folder's path.
    let name = format!("probe-{}.sock", container::short(&uuid::Uuid::new_v4().simple().to_string()));
    let socket = UnixSocket::bind(&run_folder.path().join(name), 0o666).await?;
    match container::receives(engine, probe, socket.path()).await? {
        true => Ok(WorkloadWay::Socket),
        false => Ok(WorkloadWay::Http),
    }
}

/// Refuses an engine whose containers could not reach this process.
fn check_reachable(address: IpAddr, place: Place) -> Outcome {
    if place == Place::Late {
        return Ok(());
    }
    // A listener of no use but to see whether the address is one of this machine.
    std::net::TcpListener::bind((address, 0)).map(drop).map_err(|error| {
        unreachable()
            .cause(format!("the gateway of their network, {address}, is no address of this machine: {error}"))
            .cause("the engine runs on another machine, or in a virtual one")
            .hint(AS_PROCESSES)
    })
}

/// Returns the address that the device was given, by which an engine's containers reach this machine from apart.
fn own_address(given: Option<Address>) -> Outcome<IpAddr> {
    match given {
        Some(Address::At(address)) if !address.is_loopback() => Ok(address),
        _ => {
            let here = outer_address().map_or_else(|| "IP".to_owned(), |address| address.to_string());
            Err(unreachable()
                .cause("the engine runs without root, so its networks are not this machine's")
                .hint(format!(
                    "let the device listen where they reach this machine, and others too: `--address {here}`"
                ))
                .hint(AS_PROCESSES))
        }
    }
}

/// Returns the address from which this machine speaks to others; nothing is sent.
fn outer_address() -> Option<IpAddr> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // An address for examples: no packet leaves before somebody writes.
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|address| !address.is_unspecified() && !address.is_loopback())
}

fn unreachable() -> Failure {
    Failure::machine("containers could not reach the simulated device")
}

/// A port of the workload API tells its callers by their address.
fn unseen() -> Failure {
    Failure::machine("containers could not use the workload API over http")
        .cause("the engine runs without root, so the addresses of its containers are not seen here")
        .hint("leave out `--workload http`, or run the modules as processes with `--runtime process`")
}
