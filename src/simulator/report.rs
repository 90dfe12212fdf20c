//! What a running simulation says in the foreground: lines for a person, or JSON Lines under `--json`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::bridge::WorkloadWay;
use super::control::LinkState;
use super::debug::Debugger;
use super::feedback::FeedbackRecord;
use super::logs::Line;
use super::naming::called;
use super::taps::Tapped;
use crate::clock::iso_millis;
use crate::edgehub::Link;
use crate::failure::Failure;
use crate::identity::{DeviceId, Identity, ModuleId};
use crate::ui::Ui;

/// The first record of `simulate --json`, and what `--detach` prints: the ports are bound.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Ready {
    r#type: &'static str,
    /// The main device.
    #[serde(flatten)]
    main: Option<Place>,
    pid: u32,
    /// All of them, the main one first.
    devices: Vec<Place>,
}

impl Ready {
    /// Describes the devices of this process, the main one first.
    pub(super) fn new(devices: Vec<Place>) -> Self {
        Self { r#type: "ready", main: devices.first().cloned(), pid: std::process::id(), devices }
    }
}

/// Where an edge device is reached, and what it has.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Place {
    pub(super) device: DeviceId,
    /// The edge device that it is a child of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parent: Option<DeviceId>,
    /// Where the gateway listens, and what `IOTEDGE_GATEWAYHOSTNAME` of a process says.
    pub(super) address: String,
    /// `IOTEDGE_IOTHUBHOSTNAME`.
    pub(super) hub: String,
    pub(super) ports: Ports,
    /// How containers reach the workload API; `null` if there are none.
    pub(super) workload: Option<WorkloadWay>,
    pub(super) modules: Vec<ModuleId>,
    /// Whether the cloud can be reached.
    pub(super) upstream: Link,
    /// What `--debug` wants; left out without it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) debuggers: Vec<Debugger>,
}

/// The ports; `null` is one that could not be opened.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Ports {
    pub(super) mqtt: Option<u16>,
    pub(super) amqp: Option<u16>,
    pub(super) https: Option<u16>,
    /// Also `null` where metrics are not wanted.
    pub(super) metrics: Option<u16>,
}

/// The voice of the simulation.
pub(super) struct Report {
    ui: Ui,
    /// The device whose modules are called by their names alone.
    main: DeviceId,
    width: usize,
    last: BTreeMap<Identity, Value>,
    reader_gone: bool,
}

impl Report {
    pub(super) fn new(ui: Ui, main: DeviceId) -> Self {
        Self { ui, main, width: 0, last: BTreeMap::new(), reader_gone: false }
    }

    /// Says that the ports of all devices are bound.
    pub(super) fn tell_ready(&mut self, places: Vec<Place>) {
        places.iter().for_each(|place| self.fit(place));
        match self.ui.is_json() {
            true => self.record(&Ready::new(places)),
            false => places.iter().for_each(|place| self.tell_place(place)),
        }
    }

    fn tell_place(&self, place: &Place) {
        let Place { device, address, ports, .. } = place;
        let port = |name, port: Option<u16>| port.map(|port| format!("{name} {port}"));
        let heads = [port("MQTT", ports.mqtt), port("AMQP", ports.amqp), port("HTTPS", ports.https)];
        let open: Vec<String> = heads.into_iter().flatten().collect();
        self.ui.step("Simulating", format!("device `{device}` at {address} ({})", open.join(", ")));
        if let Some(way) = place.workload {
            self.tell_way(way);
        }
        if let Some(port) = ports.metrics {
            self.ui.detail(format!("metrics are at http://{address}:{port}/metrics"));
        }
        place.debuggers.iter().for_each(|debugger| debugger.tell(&self.ui));
    }

    /// Says how containers reach the workload API.
    pub(super) fn tell_way(&self, way: WorkloadWay) {
        match way {
            WorkloadWay::Http => {
                self.ui.step("Serving", "the workload API to containers over http, on a port for each")
            }
            WorkloadWay::Socket => self.ui.detail("the workload API is mounted into containers as a socket"),
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

    pub(super) fn hint(&self, text: &str) {
        self.ui.hint(text);
    }

    /// Tells of a module's failure, which the simulation survives.
    pub(super) fn failure(&self, failure: &Failure) {
        let mut text = failure.message().to_owned();
        failure.causes().iter().for_each(|cause| text.push_str(&format!("\n  caused by: {cause}")));
        self.ui.warn(text);
        failure.hints().iter().for_each(|hint| self.ui.hint(hint));
    }

    /// Tells a line of a module's log; what edgectl noted about a module is a detail.
    pub(super) fn line(&mut self, device: &DeviceId, line: &Line) {
        if self.ui.is_json() {
            return self.record(&line.record(device));
        }
        let name = self.name(device, &line.module);
        match line.stream {
            "edgectl" => self.ui.detail(format!("{name:<width$} . {}", line.text, width = self.width)),
            _ => self.ui.log(&name, self.width, &line.text),
        }
    }

    /// Tells a message; only JSON shows them unasked.
    pub(super) fn message(&mut self, tapped: &Tapped, device: &DeviceId) {
        if self.ui.is_json() {
            self.record(&tapped.record(device));
        }
    }

    /// Tells what became of a cloud-to-device message; only JSON shows it unasked.
    pub(super) fn feedback(&mut self, record: &FeedbackRecord<'_>) {
        if self.ui.is_json() {
            self.record(record);
        }
    }

    /// Tells that the link to the cloud changed.
    pub(super) fn link(&mut self, device: &DeviceId, state: &LinkState) {
        if !self.ui.is_json() {
            let of = if *device == self.main { String::new() } else { format!("of {device} ") };
            return self.ui.step("Upstream", format!("{of}{state}"));
        }
        let mut event = serde_json::json!(state);
        event["type"] = "upstream".into();
        event["device"] = serde_json::json!(device);
        self.record(&event);
    }

    /// Makes room for the names of a device's modules.
    pub(super) fn fit(&mut self, place: &Place) {
        let widths = place.modules.iter().map(|module| self.name(&place.device, module).len());
        self.width = widths.max().unwrap_or_default().max(self.width);
    }

    /// Returns what a module is called: by its name alone, or with that of its device.
    fn name<'a>(&self, device: &DeviceId, module: &'a ModuleId) -> Cow<'a, str> {
        called(&self.main, device, module.as_str())
    }

    /// Tells that a module is gone.
    pub(super) fn removed(&mut self, device: &DeviceId, module: &ModuleId) {
        self.last.remove(&Identity::of_module(device.clone(), module.clone()));
        match self.ui.is_json() {
            true => self.record(&serde_json::json!({
                "type": "module", "device": device, "name": module, "status": "removed",
            })),
            false => self.ui.step("Removed", self.name(device, module)),
        }
    }

    /// Tells what changed of a module; `record` is its line of `ps --json`.
    pub(super) fn module(&mut self, device: &DeviceId, module: &ModuleId, record: Value) {
        let watched = |record: &Value| ["status", "connected", "pid", "restarts"].map(|key| record[key].clone());
        let identity = Identity::of_module(device.clone(), module.clone());
        let before = self.last.insert(identity, record.clone());
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
        self.tell_change(&self.name(device, module), before.as_ref(), &record);
    }

    /// Tells that a child device, or a module below one, connected or went.
    pub(super) fn child(&mut self, identity: &Identity, connected: bool) {
        if self.ui.is_json() {
            return self.child_record(identity, serde_json::json!({ "type": "device", "connected": connected }));
        }
        let kind = if identity.module.is_some() { "module" } else { "device" };
        self.ui.step(if connected { "Connected" } else { "Disconnected" }, format!("{kind} {identity}"));
    }

    /// Tells a detail about a child device or a module below one.
    pub(super) fn child_note(&mut self, at: Duration, identity: &Identity, text: &str) {
        if self.ui.is_json() {
            let note = serde_json::json!({ "type": "note", "time": iso_millis(at), "text": text });
            return self.child_record(identity, note);
        }
        self.ui.detail(format!("{:<width$} . {text}", identity.to_string(), width = self.width));
    }

    /// Adds `deviceId`, and `moduleId` for a module.
    fn child_record(&mut self, identity: &Identity, mut record: Value) {
        record["deviceId"] = serde_json::json!(identity.device);
        if let Some(module) = &identity.module {
            record["moduleId"] = serde_json::json!(module);
        }
        self.record(&record);
    }

    fn tell_change(&self, module: &str, before: Option<&Value>, now: &Value) {
        let changed = |key: &str| before.map(|before| &before[key]) != Some(&now[key]);
        if changed("status") {
            let runtime = now["runtime"].as_str().unwrap_or_default();
            match (now["status"].as_str().unwrap_or_default(), now["pid"].as_u64()) {
                ("running", Some(pid)) => self.ui.step("Started", format!("{module} ({runtime} {pid})")),
                ("running", None) => self.ui.step("Started", format!("{module} ({runtime})")),
                ("backoff", _) => self.ui.step("Waiting", format!("to restart {module}")),
                ("stopped", _) if before.is_some() => self.ui.step("Stopped", module),
                // That may be what it was told to do: 137 is how a container ends that does not listen.
                ("failed", _) => match now["exitCode"].as_i64() {
                    Some(code) => self.ui.step("Ended", format!("{module} (exit code {code})")),
                    None => self.ui.step("Ended", module),
                },
                _ => {}
            }
        }
        if changed("connected") {
            match now["connected"].as_bool() {
                Some(true) => self.ui.step("Connected", module),
                _ if before.is_some() => self.ui.step("Disconnected", module),
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
