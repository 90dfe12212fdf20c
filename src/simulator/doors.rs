//! The doors of a device's modules to the workload API: a socket for each, and a port where no socket arrives in its
//! container.
//!
//! A door stays where it is for as long as its module is deployed, whatever else changes of the module: an instance that
//! runs was told its address. It is closed when the module is deployed no more.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

use super::control::RunFolder;
use super::workloads::{Behind, serve};
use crate::failure::Outcome;
use crate::identity::{Identity, ModuleId};
use crate::net::{UnixSocket, WorkloadDoor};

/// The open doors of one device.
pub(super) struct Doors<'a> {
    folder: &'a RunFolder,
    behind: Arc<Behind>,
    open: BTreeMap<ModuleId, Door>,
}

/// The doors of containers into which no socket is mounted.
pub(super) type Ports = BTreeMap<ModuleId, Port>;

/// A port of the workload API that lets in one container.
pub(super) struct Port {
    /// `None` if the port is served already.
    pub(super) listener: Option<TcpListener>,
    pub(super) address: PortAddress,
}

/// Who may use a port, and how it is reached.
#[derive(Debug, Clone)]
pub(super) struct PortAddress {
    /// The address of the container.
    pub(super) container: IpAddr,
    /// What the container is told.
    pub(super) uri: String,
}

struct Door {
    /// Open whatever the module is run as: `edgectl credentials` tells of it.
    _socket: Served,
    port: Option<(PortAddress, Served)>,
}

/// A door that is served until this is dropped.
struct Served(AbortHandle);

impl Drop for Served {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<'a> Doors<'a> {
    /// Has no door yet; sockets will be in `folder`.
    pub(super) fn none(folder: &'a RunFolder, behind: Arc<Behind>) -> Self {
        Self { folder, behind, open: BTreeMap::new() }
    }

    /// Opens what is not open yet for a module as it is run now, and closes a port that it does not need any more.
    pub(super) async fn open(&mut self, tasks: &mut JoinSet<()>, module: &ModuleId, port: Option<Port>) -> Outcome {
        let mut serve = |door| Served(tasks.spawn(serve(Arc::clone(&self.behind), module.clone(), door)));
        let open = match self.open.entry(module.clone()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let identity = Identity::of_module(self.behind.device.clone(), module.clone());
                let socket = UnixSocket::bind(&self.folder.module(&identity)?.join("workload.sock"), 0o666).await?;
                entry.insert(Door { _socket: serve(WorkloadDoor::Socket(socket)), port: None })
            }
        };
        match port {
            None => open.port = None,
            Some(Port { listener: None, .. }) => {}
            Some(Port { listener: Some(listener), address }) => {
                let door = WorkloadDoor::Port { listener, only: address.container };
                open.port = Some((address, serve(door)));
            }
        }
        Ok(())
    }

    /// Returns the port of a module that has one.
    pub(super) fn port(&self, module: &ModuleId) -> Option<PortAddress> {
        let (address, _) = self.open.get(module)?.port.as_ref()?;
        Some(address.clone())
    }

    /// Closes the doors of modules that are not deployed any more.
    pub(super) fn keep(&mut self, is_deployed: impl Fn(&ModuleId) -> bool) {
        self.open.retain(|module, _| is_deployed(module));
    }
}
