//! What is told of a module: a line of `ps --json`, and the record of each of its changes.

use serde::Serialize;

use super::edges::EdgeDevice;
use super::plan::Runtime;
use crate::clock::iso_millis;
use crate::edgehub::ClientStatus;
use crate::identity::{DeviceId, ModuleId};

/// `ps --json`: one module.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ModuleRecord<'a> {
    device: &'a DeviceId,
    name: &'a ModuleId,
    image: &'a str,
    runtime: &'static str,
    desired: &'static str,
    status: &'static str,
    connected: bool,
    restarts: u32,
    exit_code: Option<i32>,
    started_at: Option<String>,
    messages: Messages,
    pid: Option<u32>,
}

/// How many messages went to somebody, and came from it.
#[derive(Debug, Serialize)]
pub(super) struct Messages {
    r#in: u64,
    out: u64,
}

impl From<ClientStatus> for Messages {
    fn from(client: ClientStatus) -> Self {
        Self { r#in: client.received, out: client.sent }
    }
}

/// Returns the line of `ps` for a module; `None` where the device has no such module.
pub(super) fn module_record<'a>(device: &'a EdgeDevice, module: &'a ModuleId) -> Option<ModuleRecord<'a>> {
    let plan = device.children.plan(module)?;
    let state = device.agent.state(module);
    let client = device.hub.client(&device.identity(module));
    let outside = matches!(plan.runtime, Runtime::External);
    let status = match (outside, client.connected) {
        (true, true) => "running",
        (true, false) => "stopped",
        (false, _) => state.map_or("stopped", |state| state.status.as_word()),
    };
    Some(ModuleRecord {
        device: &device.device,
        name: module,
        image: &plan.spec.image,
        runtime: plan.runtime.word(),
        desired: plan.spec.status.as_word(),
        status,
        connected: client.connected,
        restarts: state.map_or(0, |state| state.restarts),
        exit_code: state.and_then(|state| state.exit_code),
        started_at: state.and_then(|state| state.started_at).map(iso_millis),
        messages: client.into(),
        pid: device.children.pid(module),
    })
}
