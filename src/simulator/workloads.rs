//! What lies behind the doors of modules to the workload API (`doors`): keys, certificates, what `GET /modules` tells.

use std::sync::{Arc, Mutex, RwLock};

use super::clocks::Clock;
use super::event::{EdgeEvent, EdgeEvents};
use super::state::Identities;
use crate::identity::{Authority, DeviceId, Key, MasterKey, ModuleId};
use crate::net::{HttpLimits, WorkloadDoor, serve_workload};
use crate::workload::{self, Audit, ModuleDetails, Modules, Workload};

/// What all workload doors of a device share.
pub(super) struct Behind {
    clock: Clock,
    hub_host: String,
    authority: Authority,
    pub(super) device: DeviceId,
    /// Of the modules that there are now.
    identities: RwLock<Identities>,
    master_key: MasterKey,
    /// What `GET /modules` tells.
    details: Mutex<Vec<ModuleDetails>>,
    events: EdgeEvents,
}

impl Modules for Behind {
    fn primary_key(&self, module: &ModuleId) -> Option<Key> {
        let identities = self.identities.read().ok()?;
        identities.modules.get(module).map(|keys| keys.primary.clone())
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
                behind.events.send(EdgeEvent::Workload(audit)).await;
            }
            response
        }
    };
    serve_workload(door, HttpLimits::default(), handler).await;
}

impl Behind {
    /// Puts together what the doors share; nothing is known of modules yet but who they are.
    pub(super) fn new(
        clock: Clock,
        hub_host: String,
        authority: Authority,
        identities: &Identities,
        events: EdgeEvents,
    ) -> Self {
        Self {
            clock,
            hub_host,
            authority,
            master_key: MasterKey::derive(&identities.master_key),
            device: identities.device_id.clone(),
            identities: RwLock::new(identities.clone()),
            details: Mutex::default(),
            events,
        }
    }

    /// Replaces what is known of who the modules are.
    pub(super) fn set_identities(&self, identities: Identities) {
        if let Ok(mut held) = self.identities.write() {
            *held = identities;
        }
    }

    /// Replaces what `GET /modules` tells.
    pub(super) fn set_details(&self, details: Vec<ModuleDetails>) {
        if let Ok(mut held) = self.details.lock() {
            *held = details;
        }
    }

    fn answer(&self, module: &ModuleId, request: &workload::Request) -> (workload::Response, Option<Audit>) {
        let workload = Workload {
            device: &self.device,
            hub_host: &self.hub_host,
            authority: &self.authority,
            master_key: &self.master_key,
            modules: self,
        };
        let handled = workload.handle(module, self.clock.now(), request);
        (handled.response, handled.audit)
    }
}
