//! The workload API of every module: a door each, and what lies behind it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::control::RunFolder;
use super::dispatcher::Clock;
use super::event::Event;
use super::state::Identities;
use crate::failure::Outcome;
use crate::identity::{Authority, Key, MasterKey, ModuleId};
use crate::net::{HttpLimits, UnixSocket, WorkloadDoor, serve_workload};
use crate::workload::{self, Audit, ModuleDetails, Modules, Workload};

/// What all workload doors share.
pub(super) struct Behind {
    pub(super) clock: Clock,
    pub(super) hub_host: String,
    pub(super) authority: Authority,
    pub(super) identities: Identities,
    pub(super) master_key: MasterKey,
    /// What `GET /modules` tells.
    pub(super) details: Mutex<Vec<ModuleDetails>>,
    pub(super) events: mpsc::Sender<Event>,
}

impl Modules for Behind {
    fn primary_key(&self, module: &ModuleId) -> Option<&Key> {
        self.identities.modules.get(module).map(|keys| &keys.primary)
    }

    fn details(&self) -> Vec<ModuleDetails> {
        self.details.lock().map(|details| details.clone()).unwrap_or_default()
    }
}

/// The doors of containers into which no socket is mounted.
pub(super) type Ports = BTreeMap<ModuleId, Port>;

/// A port of the workload API that lets in one container.
pub(super) struct Port {
    pub(super) listener: TcpListener,
    /// The address of the container.
    pub(super) container: IpAddr,
    /// What the container is told.
    pub(super) uri: String,
}

/// Serves a socket for every module, whatever it is run as: `edgectl credentials` tells of it.
pub(super) async fn serve_sockets(
    tasks: &mut JoinSet<()>,
    behind: &Arc<Behind>,
    folder: &RunFolder,
    modules: &[ModuleId],
) -> Outcome {
    for module in modules {
        let socket = UnixSocket::bind(&folder.module(module)?.join("workload.sock"), 0o666).await?;
        tasks.spawn(serve(Arc::clone(behind), module.clone(), WorkloadDoor::Socket(socket)));
    }
    Ok(())
}

/// Serves the ports.
pub(super) fn serve_ports(tasks: &mut JoinSet<()>, behind: &Arc<Behind>, ports: Ports) {
    for (module, Port { listener, container, .. }) in ports {
        let door = WorkloadDoor::Port { listener, only: container };
        tasks.spawn(serve(Arc::clone(behind), module, door));
    }
}

/// Serves one module's door for ever.
async fn serve(behind: Arc<Behind>, module: ModuleId, door: WorkloadDoor) {
    let handler = move |request: workload::Request| {
        let (behind, module) = (Arc::clone(&behind), module.clone());
        async move {
            let (response, audit) = behind.answer(&module, &request);
            if let Some(audit) = audit {
                // A dispatcher that has ended keeps no log.
                let _ = behind.events.send(Event::Workload(audit)).await;
            }
            response
        }
    };
    serve_workload(door, HttpLimits::default(), handler).await;
}

impl Behind {
    /// Replaces what `GET /modules` tells.
    pub(super) fn set_details(&self, details: Vec<ModuleDetails>) {
        if let Ok(mut held) = self.details.lock() {
            *held = details;
        }
    }

    fn answer(&self, module: &ModuleId, request: &workload::Request) -> (workload::Response, Option<Audit>) {
        let workload = Workload {
            device: &self.identities.device_id,
            hub_host: &self.hub_host,
            authority: &self.authority,
            master_key: &self.master_key,
            modules: self,
        };
        let handled = workload.handle(module, self.clock.now(), request);
        (handled.response, handled.audit)
    }
}
