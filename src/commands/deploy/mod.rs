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
use crate::manifest::Hide;
use crate::solution::{Manifest, ManifestKind, Solution, Wanted};
use crate::text::counted;
use write::Target;

/// Write the deployment manifest of the solution
///
/// Expands the deployment template into `config/deployment.<PLATFORM>.json`, as iotedgedev does, and checks it.
/// Variables come from `--set`, the environment and `.env`, in this order. Nothing is deployed yet: the last line says
/// how to.
///
/// Passwords of registries never reach the file unless `--with-secrets`: the variable that the template names stays in
/// its place, or `***`. Deploying such a file with `--file` fills the variables in again.
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
    /// Write passwords of registries, too, into a file that only you may read
    #[arg(long, conflicts_with_all = ["redact", "check", "apply"])]
    with_secrets: bool,
    /// Take out whatever looks like a secret, in environments and twins of modules, too
    #[arg(long, conflicts_with_all = ["check", "apply"])]
    redact: bool,
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
    tell_leniency(cx, &manifest);

    if args.hub == Some(Hub::Simulation) {
        manifest.checked()?;
        return apply::to_simulation(cx, &manifest);
    }
    write::write(cx, &solution, &manifest, &Target { out: args.out.as_deref(), hide: args.hide() })
}

impl Deploy {
    /// Which secrets are kept out of what is written.
    fn hide(&self) -> Option<Hide> {
        match (self.with_secrets, self.redact) {
            (true, _) => None,
            (false, true) => Some(Hide::All),
            (false, false) => Some(Hide::Registries),
        }
    }
}

/// Notes what edgectl tolerates and others don't; a template's manifest has none of it, a finished one is used as it is.
fn tell_leniency(cx: &Context, manifest: &Manifest) {
    let Some(line) = manifest.document.first_lenient_line() else { return };
    let what = format!("`{}` has comments or trailing commas, the first in line {line}", manifest.document.file());
    match manifest.kind {
        ManifestKind::Template => cx.ui().hint(format!("{what}: edgectl reads them, iotedgedev doesn't")),
        ManifestKind::Finished => {
            cx.ui().warn(format!("{what}: edgectl reads them, `az` doesn't"));
            cx.ui().hint("write a plain copy with `--out FILE`");
        }
    }
}

fn summary(manifest: &Manifest) -> String {
    let kind = if manifest.layer.is_some() { "layer: " } else { "" };
    let (modules, routes) = (manifest.modules().len() as u64, manifest.routes().len() as u64);
    format!("{kind}{}, {}", counted(modules, "module"), counted(routes, "route"))
}
