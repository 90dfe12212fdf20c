//! What a simulation keeps under `.edgectl/`: identities, keys, certificates, twins, queues.
//!
//! ```text
//! .edgectl/                 mode 0700
//!   .gitignore              ignores all of it, itself too
//!   lock                    held by the running simulator
//!   cloud/                  registry.json with keys of child devices, mode 0600
//!     twins/<identity>.json
//!     devicebound/<device>.json
//!   devices/<device>/
//!     ca/                   the dev CA
//!     identities.json       generation ids and keys, mode 0600
//!     hub/                  scope.json, sessions.json, twins/<identity>.json
//!     queues/               the durable queues
//! ```

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cloud_folder::CloudFolder;
use super::kept;
use crate::edgehub::{EdgeTwin, KnownIdentity, QueueId, Recovered};
use crate::environment::Environment;
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::identity::{Authentication, Authority, DeviceId, Identity, IdentityStatus, Key, ModuleId};
use crate::store::{self, Durability, Queues, StoreError};
use crate::ui::Ui;

/// What may stand in a file name as it is; everything else is percent-encoded, `.` and `/` too.
const FILE_NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// What helps where a file of the state is damaged.
const RESET: &str = "run `edgectl simulate --reset` to begin anew";

/// The folder of one device's state.
#[derive(Debug, Clone)]
pub(super) struct StateFolder {
    root: PathBuf,
    /// `devices/<device>`.
    name: String,
    device: PathBuf,
}

/// The generation id and the keys of one identity.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Keys {
    pub(super) generation_id: String,
    pub(super) primary: Key,
    pub(super) secondary: Key,
}

/// Everything secret of one device: made at the first start, kept until `--reset`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Identities {
    /// Names this simulation in labels of containers and networks.
    pub(super) simulation: String,
    pub(super) device_id: DeviceId,
    pub(super) device: Keys,
    /// Encrypts for modules through the workload API.
    pub(super) master_key: Key,
    pub(super) modules: BTreeMap<ModuleId, Keys>,
}

impl Keys {
    /// Makes new keys.
    fn generate(unix_micros: u128) -> Outcome<Self> {
        let key = || Key::generate().or_fail(Kind::Machine, || "cannot make a key");
        Ok(Self { generation_id: generation_id(unix_micros), primary: key()?, secondary: key()? })
    }
}

/// Makes a generation id of the time: 18 decimal digits, as IoT Hub's are.
pub(super) fn generation_id(unix_micros: u128) -> String {
    format!("{:018}", (unix_micros * 100) % 1_000_000_000_000_000_000)
}

impl Identities {
    /// Returns what the hub knows of each identity: the device's and every module's.
    pub(super) fn known(&self) -> Vec<KnownIdentity> {
        let known = |identity, keys: &Keys| KnownIdentity {
            identity,
            generation_id: keys.generation_id.clone(),
            status: IdentityStatus::Enabled,
            authentication: Authentication::Sas {
                primary_key: keys.primary.clone(),
                secondary_key: keys.secondary.clone(),
            },
            spoken_for_by: Vec::new(),
        };
        let modules = self.modules.iter();
        let of_module = |(module, keys): (&ModuleId, &Keys)| known(self.identity(module), keys);
        let mut all: Vec<_> = modules.map(of_module).collect();
        all.push(known(Identity::of_device(self.device_id.clone()), &self.device));
        all
    }

    /// Returns the identity of one of the device's modules.
    pub(super) fn identity(&self, module: &ModuleId) -> Identity {
        Identity::of_module(self.device_id.clone(), module.clone())
    }
}

impl StateFolder {
    /// Names the folder of `device` below `root`, usually `.edgectl`; nothing is made yet.
    pub(super) fn new(root: &Path, device: &DeviceId) -> Self {
        let name = format!("devices/{device}");
        Self { root: root.to_owned(), device: folder_path(root, &name), name }
    }

    /// Makes the folder, for its owner only.
    pub(super) fn create(&self) -> Outcome {
        make_private(&self.device)
            .map_err(|error| unwritable(format!("cannot make the state folder `{}`", self.device.display()), &error))
    }

    /// Forgets the device: keys, CA, twins and queues.
    pub(super) fn reset(&self) -> Outcome {
        remove_all(&self.device)
    }

    /// Returns where the cloud's state is.
    pub(super) fn cloud(&self) -> CloudFolder {
        CloudFolder::new(&self.root)
    }

    /// Returns the folder of everything.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the name of the device's own folder, as documents in it are named.
    pub(super) fn name(&self) -> String {
        self.name.clone()
    }

    /// Returns the identities of these modules and no other, making those that are missing; keys once made stay.
    pub(super) fn identities(&self, device: &DeviceId, modules: &[ModuleId], unix_micros: u128) -> Outcome<Identities> {
        let path = self.device.join("identities.json");
        let mut identities = match load(&path)? {
            Some(identities) => identities,
            None => Identities {
                simulation: uuid::Uuid::new_v4().simple().to_string(),
                device_id: device.clone(),
                device: Keys::generate(unix_micros)?,
                master_key: Key::generate().or_fail(Kind::Machine, || "cannot make a key")?,
                modules: BTreeMap::new(),
            },
        };
        for (position, module) in modules.iter().enumerate() {
            if !identities.modules.contains_key(module) {
                identities.modules.insert(module.clone(), Keys::generate(unix_micros + 1 + position as u128)?);
            }
        }
        save(&path, &serde_json::json!(identities))?;
        // A module that is gone cannot connect; should it come back, it finds its keys.
        identities.modules.retain(|module, _| modules.contains(module));
        Ok(identities)
    }

    /// Loads the device's dev CA, or makes it.
    pub(super) fn authority(&self, device: &DeviceId, unix: Duration) -> Outcome<Authority> {
        let folder = self.ca();
        make_private(&folder).map_err(|error| unwritable(format!("cannot make `{}`", folder.display()), &error))?;
        Ok(Authority::load_or_create(&folder, device, unix)?)
    }

    /// Returns the file with the CA's certificate, for clients that take one.
    pub(super) fn ca_file(&self) -> PathBuf {
        self.ca().join(Authority::CERTIFICATE_FILE)
    }

    fn ca(&self) -> PathBuf {
        self.device.join("ca")
    }

    /// Opens the queues and what else the hub remembers; also says how many messages are kept.
    pub(super) fn hub(&self, ui: &Ui, durability: Durability) -> Outcome<(Queues, Recovered)> {
        let opened = Queues::open(&self.device.join("queues"), durability);
        let (queues, found) = opened.map_err(|error| self.explain_queues(&error))?;
        kept::tell(ui, &found);
        let known = found.into_iter().filter_map(|q| Some((QueueId::parse(&q.queue)?, q.first, q.next)));
        let recovered = Recovered {
            queues: known.collect(),
            used: queues.live_bytes(),
            sessions: load(&self.device.join("hub").join("sessions.json"))?,
            twins: load_twins::<EdgeTwin>(&self.device.join("hub"))?,
            children: load(&self.device.join("hub").join("scope.json"))?.unwrap_or_default(),
        };
        Ok((queues, recovered))
    }

    /// What the system refuses is the machine's; what another version or another hand wrote is a file that is wrong.
    fn explain_queues(&self, error: &StoreError) -> Failure {
        let doing = format!("cannot open the queues in `{}`", self.device.display());
        match error {
            StoreError::Io { source, .. } => unwritable(error, source).context(doing),
            _ => Failure::request(doing).cause(error).hint(RESET),
        }
    }
}

/// Returns the path of a state document such as `cloud/twins/device/module`, below the folder of everything.
pub(super) fn document_path(folder: &Path, name: &str) -> PathBuf {
    let mut path = folder_path(folder, name);
    path.set_extension("json");
    path
}

/// The same for a folder.
pub(super) fn folder_path(folder: &Path, name: &str) -> PathBuf {
    let mut path = folder.to_owned();
    path.extend(name.split('/').map(file_name));
    path
}

/// Makes `.edgectl` for its owner only, with a file in it that keeps git from taking it in: it holds keys.
pub(super) fn make_root(root: &Path) -> Outcome {
    let ignore = root.join(".gitignore");
    let made = make_private(root).and_then(|()| match ignore.exists() {
        true => Ok(()),
        false => store::save(&ignore, b"*\n", Durability::Process),
    });
    made.map_err(|error| unwritable(format!("cannot make the state folder `{}`", root.display()), &error))
}

/// What lies in `.edgectl` cannot be written.
pub(super) fn unwritable(doing: impl Display, error: &io::Error) -> Failure {
    Failure::unwritable(doing, "the solution's folder", error)
}

/// What lies in `.edgectl` cannot be read, whatever is in it.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::machine(format!("cannot read `{}`", path.display()))
        .cause(error)
        .hint("make the solution's `.edgectl` readable; who ran `sudo edgectl` there owns it now")
}

/// Makes a folder, and those above it, for its owner only.
pub(super) fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Removes a file or a folder with everything in it; one that is not there is fine.
pub(super) fn remove_all(path: &Path) -> Outcome {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(unwritable(format!("cannot remove `{}`", path.display()), &error))
        }
        _ => Ok(()),
    }
}

fn file_name(text: &str) -> String {
    utf8_percent_encode(text, FILE_NAME).to_string()
}

pub(super) fn load<T: DeserializeOwned>(path: &Path) -> Outcome<Option<T>> {
    let Some(bytes) = store::load(path).map_err(|error| unreadable(path, &error))? else { return Ok(None) };
    let document =
        serde_json::from_slice(&bytes).or_fail(Kind::Request, || format!("cannot read `{}`", path.display()));
    document.map(Some).map_err(|failure| failure.hint(RESET))
}

pub(super) fn save(path: &Path, document: &Value) -> Outcome {
    let saved = store::save(path, document.to_string().as_bytes(), Durability::Process);
    saved.map_err(|error| unwritable(format!("cannot write `{}`", path.display()), &error))
}

/// Loads `twins/<device>/<module>.json` and `twins/<device>.json` below a folder.
pub(super) fn load_twins<T: DeserializeOwned>(folder: &Path) -> Outcome<BTreeMap<Identity, T>> {
    let mut twins = BTreeMap::new();
    for (name, path) in documents(&folder.join("twins"))? {
        let Ok(identity) = Identity::parse(&name) else { continue };
        if let Some(twin) = load(&path)? {
            twins.insert(identity, twin);
        }
    }
    Ok(twins)
}

/// Lists the documents one or two levels below a folder by their decoded names; what a killed process left half
/// written has another ending.
pub(super) fn documents(folder: &Path) -> Outcome<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for (name, path) in entries(folder)? {
        match path.is_dir() {
            true => found.extend(entries(&path)?.into_iter().map(|(inner, path)| (format!("{name}/{inner}"), path))),
            false => found.push((name, path)),
        }
    }
    found.retain(|(_, path)| path.extension().is_some_and(|extension| extension == "json"));
    Ok(found)
}

fn entries(folder: &Path) -> Outcome<Vec<(String, PathBuf)>> {
    let refused = |error: io::Error| unreadable(folder, &error);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(refused)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(refused)?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        if let Ok(name) = percent_decode_str(&stem).decode_utf8() {
            found.push((name.into_owned(), path.clone()));
        }
    }
    Ok(found)
}

/// A folder that is gone when the simulation is.
pub(super) struct EphemeralFolder(PathBuf);

impl EphemeralFolder {
    /// Makes the folder, for its owner only.
    pub(super) fn create(environment: &Environment) -> Outcome<Self> {
        let path = environment.temporary().join(format!("edgectl-{}", uuid::Uuid::new_v4().simple()));
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|error| {
            Failure::unwritable(format!("cannot make `{}`", path.display()), "the temporary folder", &error)
        })?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for EphemeralFolder {
    fn drop(&mut self) {
        // It lies in the temporary folder; the machine clears what we could not.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let folder = Path::new("/s");
        assert_eq!(document_path(folder, "twins/../$edgeHub"), Path::new("/s/twins/%2E%2E/%24edgeHub.json"));
    }

    #[test]
    fn a_half_written_twin_is_not_read() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let device = root.path().join("twins").join("d1");
        fs::create_dir_all(&device).expect("folders can be made");
        fs::write(device.join("filter.json"), "{\"n\":1}").expect("written");
        fs::write(device.join(".filter.json.4711.new"), "{\"n\":").expect("written");
        let twins = load_twins::<Value>(root.path()).expect("only the whole one is read");
        let filter = Identity::parse("d1/filter").expect("valid");
        assert_eq!(twins, BTreeMap::from([(filter, serde_json::json!({"n": 1}))]));
    }

    #[test]
    fn keys_are_made_once_and_kept() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let device = DeviceId::parse("d1").expect("valid");
        let filter = ModuleId::parse("filter").expect("valid");
        let folder = StateFolder::new(root.path(), &device);
        folder.create().expect("the folder is made");
        let first = folder.identities(&device, std::slice::from_ref(&filter), 1).expect("made");
        let other = folder.identities(&device, &[ModuleId::edge_hub()], 2).expect("loaded");
        assert_eq!(other.modules.keys().collect::<Vec<_>>(), [&ModuleId::edge_hub()], "the filter is gone");
        let second = folder.identities(&device, &[filter.clone(), ModuleId::edge_hub()], 2).expect("loaded");
        assert_eq!(first.simulation, second.simulation);
        assert_eq!(first.modules[&filter].primary, second.modules[&filter].primary);
        assert_ne!(second.modules[&filter].primary, second.modules[&ModuleId::edge_hub()].primary);
        assert_ne!(second.modules[&filter].generation_id, second.modules[&ModuleId::edge_hub()].generation_id);
    }
}
