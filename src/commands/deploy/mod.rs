//! `edgectl deploy`: the deployment manifest of a solution.

mod apply;
mod check;
mod write;

use std::path::PathBuf;

use super::Context;
use super::input::SetArgs;
use crate::failure::Outcome;
use crate::identity::DeviceId;
use crate::image::Platform;
use crate::manifest::Finding;
use crate::solution::{Manifest, Solution, Wanted};

/// Write the deployment manifest of the solution
///
/// Expands the deployment template into `config/deployment.<PLATFORM>.json`, as iotedgedev does, and checks it.
/// Variables come from `--set`, the environment and `.env`, in this order. Nothing is deployed yet: the last line says
/// how to.
///
/// With `--apply --hub simulation` the running simulation takes the deployment, as a device takes one from its IoT
/// Hub: only modules that changed are started anew, and no file is written. With `--json`: `{"version", "deployed",
/// "added", "changed", "removed", "status", "description"}`
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl deploy --platform arm64v8\n  edgectl deploy --check\n  \
    edgectl deploy --file deployment.debug.template.json --out -\n  edgectl deploy --apply --hub simulation")]
pub struct Deploy {
    /// Deployment template or finished manifest [default: the solution's template]
    ///
    /// In a finished manifest nothing is expanded; it is only checked.
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Platform of images that name none [default: `DEFAULT_PLATFORM`, or amd64]
    #[arg(short = 'P', long, value_name = "PLATFORM")]
    platform: Option<Platform>,
    /// File to write, `-` for standard output [default: `config/deployment.<PLATFORM>.json`]
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Only check, and write nothing
    #[arg(long, conflicts_with = "out")]
    check: bool,
    /// Deploy it, to the hub that `--hub` names
    #[arg(long, requires = "hub", conflicts_with_all = ["check", "out"])]
    apply: bool,
    /// Hub to deploy to: `simulation`, the running one
    #[arg(long, value_name = "HUB", requires = "apply", hide_possible_values = true)]
    hub: Option<Hub>,
    /// Edge device of the simulation that takes it [default: the main one]
    #[arg(short, long, value_name = "DEVICE", requires = "apply", value_parser = DeviceId::parse)]
    device: Option<DeviceId>,
    /// Suffix of image tags, after the version [default: `CONTAINER_TAG`]
    #[arg(long, value_name = "SUFFIX")]
    tag: Option<String>,
    #[command(flatten)]
    variables: SetArgs,
}

/// Where a deployment can be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Hub {
    Simulation,
}

pub(super) fn run(cx: &Context, args: &Deploy) -> Outcome {
    let solution = Solution::open(cx.project(), cx.environment(), &args.variables.set)?;
    let wanted = Wanted { file: args.file.clone(), platform: args.platform.clone(), tag: args.tag.clone() };
    let manifest = solution.manifest(&wanted)?;

    if args.check {
        return check::check(cx, &manifest);
    }
    tell_warnings(cx, &manifest.warnings);
    manifest.refuse_mistakes()?;

    if args.hub == Some(Hub::Simulation) {
        manifest.checked()?;
        return apply::to_simulation(cx, &manifest, args.device.as_ref());
    }
    write::write(cx, &solution, &manifest, args.out.as_deref())
}

fn tell_warnings(cx: &Context, warnings: &[Finding]) {
    warnings.iter().for_each(|warning| cx.ui().warn_at(&warning.at));
}

fn summary(manifest: &Manifest) -> String {
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let kind = if manifest.layer.is_some() { "layer: " } else { "" };
    let (modules, routes) = (manifest.modules().len(), manifest.routes().len());
    format!("{kind}{}, {}", counted(modules, "module"), counted(routes, "route"))
}
