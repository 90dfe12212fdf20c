//! The workload API of every module: a door each, and what lies behind it.

use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

use super::dispatcher::Clock;
use super::event::Event;
use super::state::Identities;
use crate::identity::{Authority, Key, MasterKey, ModuleId};
use crate::net::{HttpLimits, WorkloadDoor, serve_workload};
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

/// Serves one module's door for ever.
pub(super) async fn serve(behind: Arc<Behind>, module: ModuleId, door: WorkloadDoor) {
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
