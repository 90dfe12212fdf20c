//! `edgectl simulate`: a whole edge device, and the cloud above it, on this machine.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use super::input::{SetArgs, parse_bytes, parse_seconds};
use super::upstream::LinkArg;
use super::{Context, detach};
use crate::clock::since_epoch;
use crate::failure::{Failure, Outcome};
use crate::identity::{DeviceId, NameError};
use crate::image::Platform;
use crate::simulator::control::Until;
use crate::simulator::{Address, FailOn, Metrics, Options, Permission, State, Subject};
use crate::solution::{RuntimeChoice, Wanted, WorkloadChoice};
use crate::store::Durability;

/// Run the solution on a simulated edge device
///
/// Gives every module of the deployment its identity, twin, workload API and hub, and starts it: as a container where
/// an engine answers and has, builds or gets the image; else as a process, by `run` in its module.json or by its
/// language. Messages, twins and keys are kept under `.edgectl/` until `--reset`.
///
/// Ctrl-C or SIGTERM ends everything gently, a second one at once. Exit codes: 0 after `--duration` or `edgectl stop`,
/// 130 after Ctrl-C, 143 after SIGTERM or when the terminal was closed, 4 when a module was given up.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl simulate\n  edgectl simulate --demo\n  \
    edgectl simulate --runtime process --detach --wait connected\n  edgectl simulate --debug filter\n  \
    edgectl simulate --external filter")]
pub struct Simulate {
    /// Deployment template or finished manifest [default: the solution's template]
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// How modules run: `auto`, `docker` or `process`; for one module `MODULE=…` (can be repeated)
    #[arg(long, value_name = "[MODULE=]HOW", value_parser = parse_runtime)]
    runtime: Vec<RuntimeFlag>,
    /// Id of the device [default: `EDGE_DEVICE_ID`, or the folder's name]; `ID=FILE` adds a device (can be repeated)
    ///
    /// FILE is the deployment of the further device, which takes the next free loopback address. Its modules are called
    /// `ID/MODULE` in commands and flags, or by their names alone where no other device has one of that name. What the
    /// devices share is the cloud. `devices` in `edgectl.yaml` adds devices, too.
    #[arg(short, long, value_name = "ID[=FILE]", value_parser = parse_device)]
    device: Vec<DeviceFlag>,
    /// Platform of the images [default: `DEFAULT_PLATFORM`, or the engine's own]
    #[arg(short = 'P', long, value_name = "PLATFORM")]
    platform: Option<Platform>,
    /// Suffix of image tags, after the version [default: `CONTAINER_TAG`]
    #[arg(long, value_name = "SUFFIX")]
    tag: Option<String>,
    #[command(flatten)]
    variables: SetArgs,
    /// Address to listen on, `auto` for the first free loopback one [default: 127.0.0.1]
    #[arg(long, value_name = "IP")]
    address: Option<Address>,
    /// Port of the metrics of hub and agent, or `off` [default: 9600]
    #[arg(long, value_name = "PORT")]
    metrics_port: Option<Metrics>,
    /// How containers reach the workload API: `auto`, `socket` or `http` [default: auto]
    ///
    /// `auto` mounts a socket into each container where the engine can; else, or with `http`, each gets a port that
    /// lets in no other container. Choose `http` where SELinux keeps containers from sockets of this machine.
    #[arg(long, value_name = "WAY", value_parser = parse_workload)]
    workload: Option<WorkloadChoice>,
    /// Run this module's image with its debugger (can be repeated)
    ///
    /// The image is that of `<platform>.debug` in module.json, built where it is missing or stale. The debugger's port is
    /// published on 127.0.0.1, the next free one if it is taken, and `.vscode/launch.json` gets what attaches to it.
    /// `createOptions` are those of `deployment.debug.template.json` where that has the module.
    #[arg(long, value_name = "MODULE", value_delimiter = ',')]
    debug: Vec<String>,
    /// Leave the start of this module to you, with `edgectl credentials` (can be repeated)
    #[arg(long, value_name = "MODULE")]
    external: Vec<String>,
    /// Run only this module (can be repeated)
    #[arg(long, value_name = "MODULE")]
    only: Vec<String>,
    /// Leave this module out (can be repeated)
    #[arg(long, value_name = "MODULE")]
    without: Vec<String>,
    /// Build no image; one that is missing is an error, one that is out of date a warning
    #[arg(long)]
    no_build: bool,
    /// Skip the setup commands of processes (pip, npm, cargo)
    #[arg(long)]
    no_setup: bool,
    /// Run in the background, and return when every module is started
    #[arg(long, conflicts_with_all = ["ephemeral"])]
    detach: bool,
    /// With `--detach`: return when every module is `connected`
    #[arg(long, value_name = "WHAT", requires = "detach", hide_possible_values = true)]
    wait: Option<Wait>,
    /// Refuse further clients while so many are connected [default: no limit]
    #[arg(long, value_name = "N", hide_short_help = true)]
    max_clients: Option<usize>,
    /// End after this time, such as `10s`, `5m` or `1h`
    #[arg(long, value_name = "DURATION", value_parser = parse_seconds)]
    duration: Option<f64>,
    /// End with exit code 4 on a module's first `exit` or `backoff`
    ///
    /// `backoff` is the wait before a restart.
    #[arg(long, value_name = "WHAT", hide_possible_values = true)]
    fail_on: Option<FailFlag>,
    /// Take messages for the one `--external` module at this port [53000]
    ///
    /// As iotedgehubdev did: `POST /api/v1/messages` with `{"inputName": …, "data": …}`; answered with 202 once the
    /// message is stored. Nobody has to prove who he is, so the port is on loopback.
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "53000", requires = "external")]
    input_port: Option<u16>,
    /// Divide the agent's pauses by this number, for tests
    #[arg(long, value_name = "N", default_value = "1", hide_short_help = true)]
    time_scale: NonZeroU32,
    /// Link to the cloud at the start: `online` or `offline`, as `edgectl upstream` changes it
    #[arg(
        long,
        value_name = "STATE",
        default_value = "online",
        hide_default_value = true,
        hide_possible_values = true
    )]
    upstream: LinkArg,
    /// Forget the keys, twins and messages of earlier runs first
    #[arg(long)]
    reset: bool,
    /// Keep nothing of this run
    #[arg(long, conflicts_with = "reset")]
    ephemeral: bool,
    /// Refuse messages while those that wait take this much, such as `500MB` [default: the manifest's limit, or none]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    max_storage: Option<u64>,
    /// What an acknowledged message survives: the end of this `process`, or with `fsync` that of the machine
    #[arg(long, value_name = "WHAT", default_value = "process", hide_possible_values = true)]
    durability: DurabilityFlag,
    /// Run the solution inside this program: a sensor, a filter and a route upstream
    #[arg(long, conflicts_with_all = ["file", "external", "debug", "platform", "tag", "set"])]
    demo: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Wait {
    Connected,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FailFlag {
    Exit,
    Backoff,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DurabilityFlag {
    Process,
    Fsync,
}

impl From<FailFlag> for FailOn {
    fn from(flag: FailFlag) -> Self {
        match flag {
            FailFlag::Backoff => Self::Backoff,
            FailFlag::Exit => Self::Exit,
        }
    }
}

impl From<DurabilityFlag> for Durability {
    fn from(flag: DurabilityFlag) -> Self {
        match flag {
            DurabilityFlag::Process => Self::Process,
            DurabilityFlag::Fsync => Self::Power,
        }
    }
}

/// `ID`, or `ID=FILE` of a further device.
#[derive(Debug, Clone)]
enum DeviceFlag {
    Main(String),
    Further(DeviceId, PathBuf),
}

#[derive(Debug, Clone)]
struct RuntimeFlag {
    module: Option<String>,
    choice: RuntimeChoice,
}

pub(super) fn run(cx: &Context, args: &Simulate) -> Outcome {
    let options = args.options(cx)?;
    match args.detach {
        true => detach::run(cx, &options, args.wait.map_or(Until::Started, |Wait::Connected| Until::Connected)),
        false => cx.block_on(crate::simulator::run(cx.ui(), &options)),
    }
}

impl Simulate {
    fn options(&self, cx: &Context) -> Outcome<Options> {
        let wanted = Wanted {
            file: self.file.clone(),
            platform: self.platform.clone(),
            tag: self.tag.clone(),
            today: since_epoch(cx.now()),
        };
        let of_module = |flag: &RuntimeFlag| flag.module.clone().map(|module| (module, flag.choice));
        Ok(Options {
            project: cx.project_absolute()?,
            environment: cx.environment().clone(),
            wall: cx.clock(),
            program: cx.program()?,
            subject: if self.demo { Subject::Demo } else { Subject::Solution(wanted) },
            set: self.variables.set.clone(),
            runtime: self.runtime.iter().rev().find(|flag| flag.module.is_none()).map(|flag| flag.choice),
            runtimes: self.runtime.iter().filter_map(of_module).collect::<BTreeMap<_, _>>(),
            device: self.main_device()?,
            further: self.device.iter().filter_map(DeviceFlag::further).collect(),
            address: self.address,
            metrics: self.metrics_port.unwrap_or_default(),
            workload: self.workload,
            debug: self.debug.clone(),
            external: self.external.clone(),
            only: self.only.clone(),
            without: self.without.clone(),
            build: permission(self.no_build),
            setup: permission(self.no_setup),
            max_clients: self.max_clients,
            duration: self.duration.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)),
            link: self.upstream.into(),
            fail_on: self.fail_on.map_or(FailOn::GivenUp, FailOn::from),
            input_port: self.input_port,
            time_scale: self.time_scale,
            state: self.state(),
            max_storage: self.max_storage,
            durability: self.durability.into(),
        })
    }

    fn state(&self) -> State {
        match (self.reset, self.ephemeral) {
            (true, _) => State::Reset,
            (false, true) => State::Ephemeral,
            (false, false) => State::Keep,
        }
    }
}

impl Simulate {
    fn main_device(&self) -> Outcome<Option<String>> {
        let mut named = self.device.iter().filter_map(|flag| match flag {
            DeviceFlag::Main(id) => Some(id.clone()),
            DeviceFlag::Further(..) => None,
        });
        let first = named.next();
        match named.next() {
            None => Ok(first),
            Some(second) => Err(Failure::usage("`--device` names the main device twice")
                .hint(format!("name the deployment of a further device, too: `--device {second}=FILE`"))),
        }
    }
}

impl DeviceFlag {
    fn further(&self) -> Option<(DeviceId, PathBuf)> {
        match self {
            Self::Main(_) => None,
            Self::Further(id, file) => Some((id.clone(), file.clone())),
        }
    }
}

/// The id of the main device is looked at later, where it may come from files as well.
fn parse_device(text: &str) -> Result<DeviceFlag, NameError> {
    match text.split_once('=') {
        None => Ok(DeviceFlag::Main(text.to_owned())),
        Some((id, file)) => Ok(DeviceFlag::Further(DeviceId::parse(id)?, file.into())),
    }
}

fn permission(refused: bool) -> Permission {
    if refused { Permission::Refused } else { Permission::Granted }
}

fn parse_workload(word: &str) -> Result<WorkloadChoice, String> {
    WorkloadChoice::from_word(word).ok_or_else(|| format!("`{word}` is none of {}", WorkloadChoice::WORDS.join(", ")))
}

fn parse_runtime(text: &str) -> Result<RuntimeFlag, String> {
    let (module, word) = match text.split_once('=') {
        Some((module, word)) => (Some(module.to_owned()), word),
        None => (None, text),
    };
    let choice = RuntimeChoice::from_word(word)
        .ok_or_else(|| format!("`{word}` is none of {}", RuntimeChoice::WORDS.join(", ")))?;
    Ok(RuntimeFlag { module, choice })
}
