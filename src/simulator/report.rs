//! What a running simulation says in the foreground: lines for a person, or JSON Lines under `--json`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::bridge::WorkloadWay;
use super::logs::Line;
use super::taps::Tapped;
use crate::failure::Failure;
use crate::identity::{DeviceId, ModuleId};
use crate::ui::Ui;

/// The first record of `simulate --json`, and what `--detach` prints: the ports are bound.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ready {
    pub(super) r#type: &'static str,
    pub(super) device: DeviceId,
    /// Where the gateway listens, and what `IOTEDGE_GATEWAYHOSTNAME` of a process says.
    pub(super) address: String,
    /// `IOTEDGE_IOTHUBHOSTNAME`.
    pub(super) hub: String,
    pub(super) ports: Ports,
    /// How containers reach the workload API; `null` if there are none.
    pub(super) workload: Option<WorkloadWay>,
    pub(super) modules: Vec<ModuleId>,
    pub(super) pid: u32,
}

/// The ports; `null` is one that could not be opened.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Ports {
    pub(super) mqtt: Option<u16>,
    pub(super) https: Option<u16>,
}

/// The voice of the simulation.
pub(super) struct Report {
    ui: Ui,
    ready: Ready,
    width: usize,
    last: BTreeMap<ModuleId, Value>,
    reader_gone: bool,
}

impl Report {
    pub(super) fn new(ui: Ui, ready: Ready) -> Self {
        let width = ready.modules.iter().map(|module| module.as_str().len()).max().unwrap_or_default();
        Self { ui, ready, width, last: BTreeMap::new(), reader_gone: false }
    }

    /// Returns the document that says the simulation is ready.
    pub(super) fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Says that the ports are bound.
    pub(super) fn tell_ready(&mut self) {
        if self.ui.is_json() {
            let ready = self.ready.clone();
            return self.record(&ready);
        }
        let Ready { device, address, ports, .. } = &self.ready;
        let port = |name, port: Option<u16>| port.map(|port| format!("{name} {port}"));
        let open: Vec<String> = [port("MQTT", ports.mqtt), port("HTTPS", ports.https)].into_iter().flatten().collect();
        self.ui.step("Simulating", format!("device `{device}` at {address} ({})", open.join(", ")));
        match self.ready.workload {
            Some(WorkloadWay::Http) => {
                self.ui.step("Serving", "the workload API to containers over http, on a port for each");
            }
            Some(WorkloadWay::Socket) => self.ui.detail("the workload API is mounted into containers as a socket"),
            None => {}
        }
    }

    /// Says whether nobody reads the records any more.
    pub(super) fn is_reader_gone(&self) -> bool {
        self.reader_gone
    }

    pub(super) fn step(&self, verb: &str, what: &str) {
        self.ui.step(verb, what);
    }

    pub(super) fn warn(&self, text: &str) {
        self.ui.warn(text);
    }

    /// Tells of a module's failure, which the simulation survives.
    pub(super) fn failure(&self, failure: &Failure) {
        let mut text = failure.message().to_owned();
        failure.causes().iter().for_each(|cause| text.push_str(&format!("\n  caused by: {cause}")));
        self.ui.warn(text);
        failure.hints().iter().for_each(|hint| self.ui.hint(hint));
    }

    /// Tells a line of a module's log; what edgectl noted about a module is a detail.
    pub(super) fn line(&mut self, line: &Line) {
        if self.ui.is_json() {
            return self.record(&line.record());
        }
        match line.stream {
            "edgectl" => self.ui.detail(format!("{:<width$} . {}", line.module, line.text, width = self.width)),
            _ => self.ui.log(line.module.as_str(), self.width, &line.text),
        }
    }

    /// Tells a message; only JSON shows them unasked.
    pub(super) fn message(&mut self, tapped: &Tapped, device: &DeviceId) {
        if self.ui.is_json() {
            self.record(&tapped.record(device));
        }
    }

    /// Tells what changed of a module; `record` is its line of `ps --json`.
    pub(super) fn module(&mut self, module: &ModuleId, record: Value) {
        let watched = |record: &Value| ["status", "connected", "pid", "restarts"].map(|key| record[key].clone());
        let before = self.last.insert(module.clone(), record.clone());
        if before.as_ref().map(watched) == Some(watched(&record)) {
            return;
        }
        if self.ui.is_json() {
            let mut event = serde_json::json!({ "type": "module" });
            if let (Some(event), Value::Object(record)) = (event.as_object_mut(), record) {
                event.extend(record);
            }
            return self.record(&event);
        }
        self.tell_change(module, before.as_ref(), &record);
    }

    fn tell_change(&self, module: &ModuleId, before: Option<&Value>, now: &Value) {
        let changed = |key: &str| before.map(|before| &before[key]) != Some(&now[key]);
        if changed("status") {
            let runtime = now["runtime"].as_str().unwrap_or_default();
            match (now["status"].as_str().unwrap_or_default(), now["pid"].as_u64()) {
                ("running", Some(pid)) => self.ui.step("Started", format!("{module} ({runtime} {pid})")),
                ("running", None) => self.ui.step("Started", format!("{module} ({runtime})")),
                ("backoff", _) => self.ui.step("Waiting", format!("to restart {module}")),
                ("stopped", _) if before.is_some() => self.ui.step("Stopped", module.as_str()),
                // That may be what it was told to do: 137 is how a container ends that does not listen.
                ("failed", _) => match now["exitCode"].as_i64() {
                    Some(code) => self.ui.step("Ended", format!("{module} (exit code {code})")),
                    None => self.ui.step("Ended", module.as_str()),
                },
                _ => {}
            }
        }
        if changed("connected") {
            match now["connected"].as_bool() {
                Some(true) => self.ui.step("Connected", module.as_str()),
                _ if before.is_some() => self.ui.step("Disconnected", module.as_str()),
                _ => {}
            }
        }
    }

    fn record(&mut self, record: &impl Serialize) {
        if self.ui.record(record).is_err() {
            self.reader_gone = true;
        }
    }
}
