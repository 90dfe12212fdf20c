//! What the command line decides about a simulation.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use super::ending::FailOn;
use crate::edgehub::Link;
use crate::environment::Environment;
use crate::failure::{Failure, Outcome};
use crate::identity::DeviceId;
use crate::solution::{RuntimeChoice, Wanted, WorkloadChoice};
use crate::store::Durability;

/// Everything that `edgectl simulate` is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of the solution, absolute.
    pub project: PathBuf,
    /// The environment of this process.
    pub environment: Environment,
    /// The wall clock.
    pub wall: fn() -> SystemTime,
    /// This program, for stand-ins.
    pub program: PathBuf,
    /// What is simulated.
    pub subject: Subject,
    /// Variables for the deployment template, which come before all others.
    pub set: Vec<(String, String)>,
    /// How modules are run unless something else is said of one.
    pub runtime: Option<RuntimeChoice>,
    /// How single modules are run.
    pub runtimes: BTreeMap<String, RuntimeChoice>,
    /// The id of the main device.
    pub device: Option<String>,
    /// Further devices and their deployments: on top of, or instead of those in `edgectl.yaml`.
    pub further: Vec<(DeviceId, PathBuf)>,
    /// Where to listen.
    pub address: Option<Address>,
    /// Where metrics are served.
    pub metrics: Metrics,
    /// How containers reach the workload API.
    pub workload: Option<WorkloadChoice>,
    /// Modules that are run with a debugger.
    pub debug: Vec<String>,
    /// Modules that are started from outside.
    pub external: Vec<String>,
    /// Only these modules, if any are named.
    pub only: Vec<String>,
    /// Not these.
    pub without: Vec<String>,
    /// Whether missing images may be built.
    pub build: Permission,
    /// Whether the setup of processes may run.
    pub setup: Permission,
    /// How many clients may be connected at a time; `None` is any number.
    pub max_clients: Option<usize>,
    /// When the simulation ends by itself.
    pub duration: Option<Duration>,
    /// The link to the cloud at the start.
    pub link: Link,
    /// When a module's end ends it.
    pub fail_on: FailOn,
    /// Where test messages for the one external module are taken.
    pub input_port: Option<u16>,
    /// By how much the agent's pauses are divided.
    pub time_scale: NonZeroU32,
    /// What is done with the state of an earlier run.
    pub state: State,
    /// Bytes that waiting messages may take on disk, over what the manifest says.
    pub max_storage: Option<u64>,
    /// What an acknowledged message survives.
    pub durability: Durability,
}

impl Options {
    /// Returns the names of modules that something is said of.
    pub(super) fn named(&self) -> impl Iterator<Item = &String> {
        self.only.iter().chain(&self.without).chain(&self.debug).chain(&self.external).chain(self.runtimes.keys())
    }

    /// Returns what is said of one device: `DEVICE/MODULE` is one of its modules, and `MODULE` one of the device that
    /// `holder` tells for it.
    pub(super) fn of_device<'d>(
        &self,
        device: &DeviceId,
        main: &DeviceId,
        holder: impl Fn(&str) -> &'d DeviceId,
    ) -> Self {
        let own = |name: &String| match name.split_once('/') {
            Some((of, module)) => (of == device.as_str()).then(|| module.to_owned()),
            None => (device == holder(name)).then(|| name.clone()),
        };
        let all = |names: &[String]| names.iter().filter_map(own).collect();
        Self {
            runtimes: self.runtimes.iter().filter_map(|(name, choice)| Some((own(name)?, *choice))).collect(),
            debug: all(&self.debug),
            external: all(&self.external),
            only: all(&self.only),
            without: all(&self.without),
            input_port: self.input_port.filter(|_| device == main),
            ..self.clone()
        }
    }
}

/// What is simulated.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A solution's deployment.
    Solution(Wanted),
    /// The solution inside this program.
    Demo,
}

/// Where to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// There.
    At(IpAddr),
    /// At the first loopback address whose ports are free.
    Auto,
}

impl Address {
    /// Reads an address of `edgectl.yaml`; `setting` names its place there.
    pub fn of_setting(setting: &str, text: &str) -> Outcome<Self> {
        text.parse().map_err(|error: String| {
            Failure::request(format!("cannot use `{setting}` of edgectl.yaml"))
                .cause(error)
                .hint("write an address such as `127.0.0.2`, or `auto`")
        })
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            _ => text.parse().map(Self::At).map_err(|_| format!("`{text}` is no IP address, and not `auto`")),
        }
    }
}

/// Where the real hub and the real agent serve their metrics (protocol.md §6.3).
pub const METRICS_PORT: u16 = 9600;

/// Where metrics are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metrics {
    /// On this port of every address of the device.
    Port(u16),
    /// Nowhere.
    Off,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::Port(METRICS_PORT)
    }
}

impl FromStr for Metrics {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("off", _) => Ok(Self::Off),
            (_, Ok(port)) if port > 0 => Ok(Self::Port(port)),
            _ => Err(format!("`{text}` is no port from 1 to 65535, and not `off`")),
        }
    }
}

/// Whether something may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// It may.
    Granted,
    /// It may not.
    Refused,
}

/// What is done with the state of an earlier run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is gone on with.
    Keep,
    /// It is forgotten first.
    Reset,
    /// It is neither read nor written: this run keeps nothing.
    Ephemeral,
}
