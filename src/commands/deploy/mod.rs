//! `edgectl deploy`: the deployment manifest of a solution, one file for each way to deal with it.

mod check;
mod cloud;
mod diff;
mod layered;
mod merge;
mod pin;
mod simulation;
mod write;

use std::path::PathBuf;

use super::Context;
use super::input::SetArgs;
use crate::clock::since_epoch;
use crate::failure::Outcome;
use crate::image::Platform;
use crate::manifest::{Chunks, Finding, Hide, is_about_devices, missing_secrets};
use crate::solution::{Manifest, ManifestKind, Solution, Wanted};
use crate::text::{TextError, counted};
use check::StrictArgs;
use cloud::{CloudArgs, Content};
use pin::{PinArgs, Pinning};
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
/// With `--pin` every image is named by its digest behind the tag, so that each device pulls the very same: those of the
/// solution by `images.lock`, which `edgectl build --push` writes, unless their sources have changed since.
///
/// With `--apply` it is deployed, and no file is written: to one device of an IoT Hub, or to all that meet a condition,
/// by the hub's REST API. The hub is named and asked for, unless `--yes`. With `--json`: `{"hub", "device", "deployed"}`,
/// or `{"hub", "id", "result":"created|updated|unchanged", "layered", "targetCondition", "priority", "etag"}`.
///
/// With `--apply --hub simulation` the running simulation takes the deployment, as a device takes one from its IoT
/// Hub: only modules that changed are started anew. With `--json`: `{"version", "deployed", "added", "changed",
/// "removed", "status", "description"}`
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl deploy --platform arm64v8\n  \
    edgectl deploy --check --deny-warnings --allow image-tag\n  edgectl deploy --pin --apply --device hall1\n  \
    edgectl deploy --apply --target-condition \"tags.site='hall1'\" --id hall1-2 --priority 10\n  \
    edgectl deploy --apply --hub simulation")]
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
    #[command(flatten)]
    strict: StrictArgs,
    /// Deploy it instead of writing it
    #[arg(long, conflicts_with_all = ["check", "out", "merge", "diff"])]
    apply: bool,
    /// It is a layer over other deployments: keys such as `properties.desired.modules.NAME`
    #[arg(long, conflicts_with_all = ["merge", "diff"])]
    layered: bool,
    /// Module to make a layer of, with its routes and its twin (can be repeated)
    #[arg(long, value_name = "MODULE", requires = "layered")]
    only: Vec<String>,
    /// Compose a deployment and its layers as IoT Hub does, the highest priority last
    ///
    /// What comes out goes to standard output or to `--out`, where each part comes from to standard error. With
    /// `--json`: `{"manifest", "provenance":{POINTER:{"from", "over":[]}}, "path"}`; the longest pointer to a value
    /// tells of it.
    #[arg(long, value_name = "FILE", num_args = 2.., conflicts_with_all = ["file", "check", "diff"])]
    merge: Vec<PathBuf>,
    /// Tell what differs in meaning from a template or manifest: exit code 0 if nothing, else 1
    ///
    /// With `--json`: `{"same", "differences":[{"change":"added|removed|changed", "subject":"module|route|twin|agent|hub",
    /// "name", "path", "old", "new"}]}`. Secrets are compared and not shown.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["check", "out"])]
    diff: Option<PathBuf>,
    /// Write passwords of registries, too, into a file that only you may read
    #[arg(long, conflicts_with_all = ["redact", "check", "apply"])]
    with_secrets: bool,
    /// Take out whatever looks like a secret, in environments and twins of modules, too
    #[arg(long, conflicts_with_all = ["check", "apply"])]
    redact: bool,
    /// Suffix of image tags, after the version [default: `CONTAINER_TAG`]
    #[arg(long, value_name = "SUFFIX")]
    tag: Option<String>,
    /// Write createOptions in one piece, as IoT Central wants them; at most 4096 bytes fit
    #[arg(long, conflicts_with = "merge", hide_short_help = true)]
    no_chunks: bool,
    #[command(flatten)]
    variables: SetArgs,
    #[command(flatten)]
    pin: PinArgs,
    #[command(flatten)]
    cloud: CloudArgs,
}

pub(super) fn run(cx: &Context, args: &Deploy) -> Outcome {
    let solution = Solution::open(cx.project(), cx.environment(), &args.variables.set)?;
    let wanted = Wanted {
        file: args.file.clone(),
        platform: args.platform.clone(),
        tag: args.tag.clone(),
        today: since_epoch(cx.now()),
    };
    let target = Target { out: args.out.as_deref(), hide: args.hide() };
    let pinning = Pinning { cx, solution: &solution, args: &args.pin, tag: args.tag.as_deref() };
    if !args.merge.is_empty() {
        return merge::run(&pinning, &wanted, args, &target);
    }
    let mut manifest = args.read(&solution, &wanted)?;
    if args.check {
        return check::check(cx, &manifest, &args.strict);
    }
    if args.apply && args.cloud.is_simulation()? {
        manifest.warnings.retain(|warning| !is_about_devices(warning.code));
    }
    tell_warnings(cx, &manifest.warnings);
    manifest.refuse_mistakes()?;
    args.strict.refuse(&manifest)?;
    tell_leniency(cx, &manifest);
    pinning.apply(&mut manifest)?;

    if let Some(old) = &args.diff {
        let old = solution.manifest(&Wanted { file: Some(old.clone()), ..wanted })?;
        return diff::compare(cx, &old, &manifest);
    }
    if args.apply {
        return apply(cx, &solution, &manifest, &args.cloud);
    }
    write::write(cx, &solution, &manifest, &target)
}

fn apply(cx: &Context, solution: &Solution, manifest: &Manifest, args: &CloudArgs) -> Outcome {
    if manifest.layer.is_none() || args.is_simulation()? {
        manifest.checked()?;
    }
    refuse_without_secrets(manifest)?;
    if args.is_simulation()? {
        return simulation::apply(cx, manifest, args.device.as_deref());
    }
    let modules = &cloud::modules_of(&manifest.document)?;
    let content = Content { modules, summary: summary(manifest), is_layer: manifest.layer.is_some() };
    cloud::apply(cx, solution.variables(), args, &content)
}

/// The hub would take asterisks, or the name of a variable, for the secret that they stand for.
fn refuse_without_secrets(manifest: &Manifest) -> Outcome {
    let missing = missing_secrets(&manifest.document);
    let Some((first, others)) = missing.split_first() else { return Ok(()) };
    let count = counted(missing.len() as u64, "secret");
    let failure = first.clone().into_failure(format!("`{}` lacks {count}", manifest.document.file()));
    let told = |at: &TextError| format!("line {}, column {}: {}", at.line, at.column, at.message);
    Err(others.iter().fold(failure, |failure, other| failure.cause(told(other))))
}

impl Deploy {
    /// Reads the manifest in the form that the flags want, with the warnings that they let through.
    fn read(&self, solution: &Solution, wanted: &Wanted) -> Outcome<Manifest> {
        let mut manifest = solution.manifest(wanted)?;
        if self.layered {
            manifest = layered::layer_of(solution, manifest, &self.only)?;
        }
        if self.no_chunks {
            manifest.write_create_options(Chunks::Whole)?;
        }
        self.strict.leave_out(&mut manifest.warnings);
        Ok(manifest)
    }

    /// Which secrets are kept out of what is written.
    fn hide(&self) -> Option<Hide> {
        match (self.with_secrets, self.redact) {
            (true, _) => None,
            (false, true) => Some(Hide::All),
            (false, false) => Some(Hide::Registries),
        }
    }
}

fn tell_warnings(cx: &Context, warnings: &[Finding]) {
    warnings.iter().for_each(|warning| cx.ui().warn_at(warning.code, &warning.at));
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
