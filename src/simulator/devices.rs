//! Child devices: registered with the running simulation, or in its files while none runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::cloud_folder::CloudFolder;
use super::control::{Answers, NewDevice};
use super::dispatcher::{Dispatcher, Injector};
use super::edges::{EdgeDevice, EdgeNumber};
use super::lock::lock;
use super::module_record::Messages;
use super::state::{generation_id, load, make_root, unwritable};
use crate::clock::{Now, iso_millis};
use crate::edgehub::{ClientStatus, ConnectionId, Link, ToStore};
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::identity::{
    Authentication, ConnectionString, DeviceCertificate, DeviceId, Identity, IdentityStatus, Proof, Thumbprint,
};
use crate::iothub::{Capabilities, DEFAULT_LIFE, Device, Module, Registry, RegistryError, SendError};
use crate::message::{Message, system};
use crate::store::{self, Durability};
use crate::text::did_you_mean;

/// `device list --json`: one device.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DeviceRecord<'a> {
    device_id: &'a DeviceId,
    parent: &'a DeviceId,
    status: IdentityStatus,
    authentication: &'static str,
    capabilities: Capabilities,
    connected: bool,
    messages: Messages,
    /// Cloud-to-device messages that wait; `null` while no simulation runs.
    waiting: Option<usize>,
}

/// A certificate that was made for a device, and where it lies.
#[derive(Debug)]
pub struct MadeCertificate {
    /// What the registry knows it by.
    pub thumbprint: Thumbprint,
    /// The folder with `certificate.pem` and `key.pem`.
    pub folder: PathBuf,
}

/// The file with a device's certificate, in its folder.
const CERTIFICATE_FILE: &str = "certificate.pem";
/// The file with the private key of it, in the same folder.
const KEY_FILE: &str = "key.pem";

/// Makes a certificate for a device of the solution in `project`, in files of mode 0600.
pub fn make_certificate(project: &Path, device: &DeviceId, unix: Duration) -> Outcome<MadeCertificate> {
    let made = DeviceCertificate::create(device, unix).or_fail(Kind::Bug, || "cannot make a certificate")?;
    let folder = {
        let root = project.join(".edgectl");
        make_root(&root)?;
        CloudFolder::new(&root).certificate_folder(device)?
    };
    for (name, text) in [(CERTIFICATE_FILE, &made.certified.chain), (KEY_FILE, &made.certified.key)] {
        let path = folder.join(name);
        store::save(&path, text.as_bytes(), Durability::Process)
            .map_err(|error| unwritable(format!("cannot write `{}`", path.display()), &error))?;
    }
    Ok(MadeCertificate { thumbprint: made.thumbprints.sha256, folder })
}

/// Returns the variables that name the certificate of a device and its key, if [`make_certificate`] made one.
pub fn certificate_variables(project: &Path, device: &DeviceId) -> Option<[(&'static str, PathBuf); 2]> {
    let folder = CloudFolder::new(&project.join(".edgectl")).made_certificate(device)?;
    Some([("X509_CERT_FILE", folder.join(CERTIFICATE_FILE)), ("X509_KEY_FILE", folder.join(KEY_FILE))])
}

/// Removes the certificate that was made for a device, and its private key.
pub fn forget_certificate(project: &Path, device: &DeviceId) -> Outcome {
    CloudFolder::new(&project.join(".edgectl")).forget_certificate(device)
}

/// Registers a device while no simulation runs; its record is that of `device list`.
pub fn add(project: &Path, new: NewDevice, parent: DeviceId, unix: Duration) -> Outcome<Value> {
    let _lock = lock(project)?;
    let cloud = CloudFolder::new(&project.join(".edgectl"));
    let mut registry = cloud.registry()?;
    let device = device_of(new, parent, unix);
    registry.add(device.clone()).map_err(explain)?;
    for (identity, module) in first_modules(&device, unix)? {
        registry.put_module(identity, module);
    }
    cloud.save_registry(&registry)?;
    Ok(json!(record(&device, ClientStatus::default(), None)))
}

/// Removes a device while no simulation runs.
pub fn remove(project: &Path, id: &DeviceId) -> Outcome {
    let _lock = lock(project)?;
    let cloud = CloudFolder::new(&project.join(".edgectl"));
    let mut registry = cloud.registry()?;
    registry.remove(id).map_err(|_| unknown_in(&registry, id))?;
    cloud.save_registry(&registry)?;
    cloud.forget(id)
}

/// Lets a device connect, or not any more, while no simulation runs; its record is that of `device list`.
pub fn set_status(project: &Path, id: &DeviceId, status: IdentityStatus, unix: Duration) -> Outcome<Value> {
    let _lock = lock(project)?;
    let cloud = CloudFolder::new(&project.join(".edgectl"));
    let mut registry = cloud.registry()?;
    registry.set_status(id, status, unix).map_err(|_| unknown_in(&registry, id))?;
    cloud.save_registry(&registry)?;
    Ok(json!(registry.device(id).map(|device| record(device, ClientStatus::default(), None))))
}

/// Lists the devices while no simulation runs.
pub fn list(project: &Path) -> Outcome<Vec<Value>> {
    let registry = CloudFolder::new(&project.join(".edgectl")).registry()?;
    Ok(registry.devices().map(|device| json!(record(device, ClientStatus::default(), None))).collect())
}

/// Returns the edge devices that were simulated in `project`.
pub fn edge_devices(project: &Path) -> Outcome<Vec<DeviceId>> {
    let Ok(entries) = fs::read_dir(project.join(".edgectl/devices")) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let identities: Option<Value> = load(&path.join("identities.json"))?;
        found.extend(identities.and_then(|kept| DeviceId::parse(kept["deviceId"].as_str()?).ok()));
    }
    Ok(found)
}

fn device_of(new: NewDevice, parent: DeviceId, unix: Duration) -> Device {
    let NewDevice { device_id, status, authentication, parent: _, capabilities } = new;
    let generation_id = generation_id(unix.as_micros());
    Device { device_id, generation_id, status, status_changed: None, authentication, parent, capabilities }
}

/// Makes the modules that a device has from the beginning, with keys.
fn first_modules(device: &Device, unix: Duration) -> Outcome<Vec<(Identity, Module)>> {
    let modules = Module::of_edge_devices().into_iter().filter(|_| device.capabilities.iot_edge);
    let make = |module| Ok((Identity::of_module(device.device_id.clone(), module), new_module(unix)?));
    modules.map(make).collect()
}

/// Makes a module of an edge device's runtime, with keys.
pub(super) fn new_module(unix: Duration) -> Outcome<Module> {
    let authentication = Authentication::generate_keys().or_fail(Kind::Machine, || "cannot make a key")?;
    let generation_id = generation_id(unix.as_micros());
    Ok(Module { generation_id, version: 1, managed_by: None, authentication })
}

fn record(device: &Device, client: ClientStatus, waiting: Option<usize>) -> DeviceRecord<'_> {
    DeviceRecord {
        device_id: &device.device_id,
        parent: &device.parent,
        status: device.status,
        authentication: device.authentication.word(),
        capabilities: device.capabilities,
        connected: client.connected,
        messages: client.into(),
        waiting,
    }
}

/// The failure of adding a device whose id is taken.
pub fn already_there(id: &DeviceId) -> Failure {
    explain(RegistryError::Exists(id.clone()))
}

fn explain(error: RegistryError) -> Failure {
    let failure = Failure::request(error.to_string());
    match error {
        RegistryError::Exists(id) => failure.hint(format!(
            "use another id, or remove that device with `edgectl device remove {id}` if it is not an edge device"
        )),
        RegistryError::Unknown(_) => failure.hint("see `edgectl device list`"),
        RegistryError::Childless(id) => failure
            .hint(format!("pass another `--parent`, or register `{id}` anew with `edgectl device add {id} --edge`")),
    }
}

fn unknown_in(registry: &Registry, id: &DeviceId) -> Failure {
    let failure = Failure::request(format!("there is no device `{id}`"));
    match did_you_mean(id.as_str(), registry.devices().map(|device| device.device_id.as_str())) {
        Some(hint) => failure.hint(hint),
        None => failure.hint(format!("register it with `edgectl device add {id}`")),
    }
}

impl Dispatcher {
    pub(super) fn handle_add_device(&mut self, now: Now, new: NewDevice, answers: &Answers) -> Outcome {
        let parent = new.parent.clone().unwrap_or_else(|| self.edges.main().device.clone());
        let device = device_of(new, parent, now.unix);
        let modules = first_modules(&device, now.unix)?;
        self.cloud.add_device(device.clone()).map_err(explain)?;
        modules.into_iter().for_each(|(identity, module)| self.cloud.put_module(identity, module));
        answers.record(&record(&device, ClientStatus::default(), Some(0)));
        answers.done();
        Ok(())
    }

    pub(super) fn handle_devices(&mut self, now: Now, answers: &Answers) {
        let devices: Vec<Device> = self.cloud.registry().devices().cloned().collect();
        devices.iter().for_each(|device| self.answer_device(now, device, answers));
        answers.done();
    }

    fn answer_device(&mut self, now: Now, device: &Device, answers: &Answers) {
        let waiting = self.cloud.waiting(now, &device.device_id);
        let edge = self.edge_of(&device.identity());
        let client = edge.map(|edge| self.edges[edge].hub.client(&device.identity()));
        answers.record(&record(device, client.unwrap_or_default(), Some(waiting)));
    }

    pub(super) fn handle_device_status(
        &mut self,
        now: Now,
        id: &DeviceId,
        status: IdentityStatus,
        answers: &Answers,
    ) -> Outcome {
        self.cloud.set_status(now.unix, id, status).map_err(|_| self.unregistered(id))?;
        // What its parent makes of it at once is shown, too.
        self.settle(now);
        if let Some(device) = self.cloud.registry().device(id).cloned() {
            self.answer_device(now, &device, answers);
        }
        answers.done();
        Ok(())
    }

    /// The failure of naming a device that the registry does not have.
    fn unregistered(&self, id: &DeviceId) -> Failure {
        match self.edges.find(id) {
            Some(_) => Failure::request(format!("`{id}` is simulated here, and no child device"))
                .hint(format!("cut its link to the cloud instead: `edgectl upstream offline --device {id}`")),
            None => unknown_in(self.cloud.registry(), id),
        }
    }

    pub(super) fn handle_remove_device(&mut self, id: &DeviceId, answers: &Answers) -> Outcome {
        self.cloud.remove_device(id).map_err(|_| self.unregistered(id))?;
        answers.record(&json!({ "removed": id }));
        answers.done();
        Ok(())
    }

    pub(super) fn handle_purge_device(&mut self, now: Now, id: &DeviceId, answers: &Answers) -> Outcome {
        let purged = self.cloud.purge(now.unix, id).map_err(|_| self.unregistered(id))?;
        answers.record(&json!({ "deviceId": id, "moduleId": null, "totalMessagesPurged": purged }));
        answers.done();
        Ok(())
    }

    /// Queues a message for a device in the cloud, to live for that long; answered when that is stored.
    pub(super) fn handle_send_to_device(
        &mut self,
        now: Now,
        id: &DeviceId,
        (mut message, life): (Message, Option<Duration>),
        answers: &Answers,
    ) -> Outcome {
        if let Some(life) = life {
            message.set_system(system::EXPIRY, iso_millis(now.unix + life));
        }
        self.cloud.send(now, id, message, life.unwrap_or(DEFAULT_LIFE)).map_err(|error| self.explain_send(&error))?;
        self.settle_link(now);
        let ticket = self.asked.open_injection(Injector::Control(answers.clone()));
        let edge = self.edge_of(&Identity::of_device(id.clone())).unwrap_or(EdgeNumber::MAIN);
        self.edges[edge].storage.send(ToStore::Confirm { ticket });
        Ok(())
    }

    fn explain_send(&self, error: &SendError) -> Failure {
        let failure = Failure::request(error.to_string());
        match error {
            SendError::Unknown(id) if self.edges.find(id).is_some() => {
                failure.hint("messages go to child devices: `edgectl device add leaf1`, then `send devices/leaf1`")
            }
            SendError::Unknown(id) => unknown_in(self.cloud.registry(), id),
            SendError::TooLarge { .. } => failure.cause("the properties count too").hint("send it in parts"),
            SendError::Full(id) => Failure::refused(error.to_string())
                .hint(format!("connect `{id}` and have it receive, or wait: a message lives for an hour")),
        }
    }

    /// Returns what a device needs to connect through its gateway; `None` for one that is not registered.
    pub(super) fn device_credentials(&self, id: &DeviceId) -> Option<Value> {
        let device = self.cloud.registry().device(id)?;
        // A parent that is not simulated has no gateway; the main one refuses the device, and says why.
        let edge = self.edge_of(&device.identity()).unwrap_or(EdgeNumber::MAIN);
        let EdgeDevice { place, state, .. } = &self.edges[edge];
        let connection_string = ConnectionString {
            host_name: place.hub.clone(),
            // An IoT Edge has a setting of its own for it.
            gateway_host_name: Some(place.address.clone()).filter(|_| !device.capabilities.iot_edge),
            identity: Some(device.identity()),
            policy: None,
            proof: match &device.authentication {
                Authentication::Sas { primary_key, .. } => Proof::Key(primary_key.clone()),
                Authentication::SelfSigned { .. } => Proof::Certificate,
            },
        };
        let mut variables = json!({
            "IOTHUB_DEVICE_CONNECTION_STRING": connection_string.reveal(),
            "IOTEDGE_ROOT_CA_CERT_PATH": state.ca_file(),
        });
        if device.capabilities.iot_edge {
            variables["IOTEDGE_PARENTHOSTNAME"] = json!(place.address);
        }
        Some(json!({ "connectionString": variables }))
    }

    /// Tells that whoever speaks on a connection came or went, if it is no module of the device itself.
    pub(super) fn tell_speaker(&mut self, edge: EdgeNumber, connection: ConnectionId, connected: bool) {
        if let Some(identity) = self.edges[edge].hub.speaker(connection).cloned() {
            self.tell_child(edge, &identity, connected);
        }
    }

    /// Tells that somebody came or went, if it is no module of the device itself.
    pub(super) fn tell_child(&mut self, edge: EdgeNumber, identity: &Identity, connected: bool) {
        if self.edges[edge].own_module(identity).is_none() {
            self.report.child(identity, connected);
        }
    }

    /// Says why a device may have been refused, where the cloud knows more than the hub.
    pub(super) fn explain_stranger(&self, edge: EdgeNumber, identity: &Identity) -> Option<String> {
        let edge = &self.edges[edge];
        if identity.module.is_some() || identity.device == edge.device {
            return None;
        }
        let id = &identity.device;
        Some(match self.cloud.registry().device(id) {
            None => format!("register it with `edgectl device add {id}`"),
            Some(device) if self.cloud.registry().edge_of(identity) != edge.device => {
                format!("the parent of `{id}` is `{}`: connect it there, or register it anew", device.parent)
            }
            Some(device) if device.status == IdentityStatus::Disabled => {
                format!("let it connect with `edgectl device enable {id}`")
            }
            Some(_) if edge.hub.link() == Link::Offline => format!(
                "if `{id}` was registered or changed while the link was cut, restore it once: `edgectl upstream online`"
            ),
            Some(_) => format!("see what it needs with `edgectl credentials {id}`"),
        })
    }
}
