//! `edgectl deploy`: the deployment manifest of a solution.

mod apply;
mod check;
mod write;

use std::path::PathBuf;

use super::Context;
use super::input::SetArgs;
use crate::clock::since_epoch;
use crate::failure::Outcome;
use crate::image::Platform;
use crate::solution::{Manifest, Solution, Wanted};
use crate::text::counted;

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
#[command(
    after_help = "Examples:\n  edgectl deploy --platform arm64v8\n  edgectl deploy --check --deny-warnings --allow image-tag\n  \
    edgectl deploy --file deployment.debug.template.json --out -\n  edgectl deploy --apply --hub simulation"
)]
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
    ///
    /// Every finding is shown with its place and a fix; the README lists their codes. Errors end with status 1. With
    /// `--json`: `{"findings": [{"code", "severity", "file", "line", "column", "message", "fix"}]}`.
    #[arg(long, conflicts_with = "out")]
    check: bool,
    /// Refuse warnings, too
    #[arg(long)]
    deny_warnings: bool,
    /// Kind of warning to leave out, such as `image-tag` (can be repeated)
    #[arg(long, value_name = "CODE", value_parser = check::parse_warning)]
    allow: Vec<String>,
    /// Deploy it, to the hub that `--hub` names
    #[arg(long, requires = "hub", conflicts_with_all = ["check", "out"])]
    apply: bool,
    /// Hub to deploy to: `simulation`, the running one
    #[arg(long, value_name = "HUB", requires = "apply", hide_possible_values = true)]
    hub: Option<Hub>,
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
    let wanted = Wanted {
        file: args.file.clone(),
        platform: args.platform.clone(),
        tag: args.tag.clone(),
        today: since_epoch(cx.now()),
    };
    let mut manifest = solution.manifest(&wanted)?;
    manifest.warnings.retain(|warning| !args.allow.iter().any(|code| code == warning.code));

    if args.check {
        return check::check(cx, &manifest, args.deny_warnings);
    }
    manifest.warnings.iter().for_each(|warning| cx.ui().warn_at(warning.code, &warning.at));
    manifest.refuse_mistakes()?;
    check::refuse(&manifest, args.deny_warnings)?;

    if args.hub == Some(Hub::Simulation) {
        manifest.checked()?;
        return apply::to_simulation(cx, &manifest);
    }
    write::write(cx, &solution, &manifest, args.out.as_deref())
}

fn summary(manifest: &Manifest) -> String {
    let kind = if manifest.layer.is_some() { "layer: " } else { "" };
    let (modules, routes) = (manifest.modules().len() as u64, manifest.routes().len() as u64);
    format!("{kind}{}, {}", counted(modules, "module"), counted(routes, "route"))
}
