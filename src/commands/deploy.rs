//! `edgectl deploy`: the deployment manifest of a solution.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Context;
use super::input::SetArgs;
use crate::failure::Outcome;
use crate::image::Platform;
use crate::manifest::{Deployment, Finding, FindingRecord, failure_of};
use crate::solution::{Manifest, ManifestKind, Readers, Solution, Wanted, replace_file};

/// Write the deployment manifest of the solution
///
/// Expands the deployment template into `config/deployment.<PLATFORM>.json`, as iotedgedev does, and checks it.
/// Variables come from `--set`, the environment and `.env`, in this order. Nothing is deployed yet: the last line says
/// how to.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl deploy --platform arm64v8\n  edgectl deploy --check\n  \
    edgectl deploy --file deployment.debug.template.json --out -")]
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
    /// Suffix of image tags, after the version [default: `CONTAINER_TAG`]
    #[arg(long, value_name = "SUFFIX")]
    tag: Option<String>,
    #[command(flatten)]
    variables: SetArgs,
}

/// What `deploy --json` prints.
#[derive(Debug, Serialize)]
struct Written<'a> {
    /// The manifest, relative to the current folder.
    path: String,
    platform: &'a str,
    modules: Vec<WrittenModule<'a>>,
    /// Always false: writing a manifest deploys nothing.
    deployed: bool,
}

#[derive(Debug, Serialize)]
struct WrittenModule<'a> {
    name: &'a str,
    image: &'a str,
}

/// What `deploy --check --json` prints.
#[derive(Debug, Serialize)]
struct Checked<'a> {
    findings: Vec<FindingRecord<'a>>,
}

pub(super) fn run(cx: &Context, args: &Deploy) -> Outcome {
    let solution = Solution::open(cx.project(), cx.environment(), &args.variables.set)?;
    let wanted = Wanted { file: args.file.clone(), platform: args.platform.clone(), tag: args.tag.clone() };
    let manifest = solution.manifest(&wanted)?;

    if args.check {
        return check(cx, &manifest);
    }
    tell_warnings(cx, &manifest.warnings);
    let deployment = manifest.checked()?;

    if args.out.as_deref() == Some(Path::new("-")) {
        return cx.ui().document(manifest.document.value());
    }
    let path = match &args.out {
        Some(out) => solution.root().join(out),
        None => solution.manifest_path(&manifest),
    };
    if manifest.kind == ManifestKind::Template || args.out.is_some() {
        let text = format!("{:#}\n", manifest.document.value());
        replace_file(&path, &solution.shown(&path), &text, readers(deployment))?;
    }
    tell_written(cx, &solution, &manifest, &path)
}

fn check(cx: &Context, manifest: &Manifest) -> Outcome {
    let errors = manifest.deployment.as_ref().err().map(Vec::as_slice).unwrap_or_default();
    if cx.ui().is_json() {
        let findings = errors.iter().chain(&manifest.warnings).map(Finding::to_record).collect();
        cx.ui().document(&Checked { findings })?;
    } else {
        tell_warnings(cx, &manifest.warnings);
    }
    if !errors.is_empty() {
        return Err(failure_of(manifest.document.file(), errors));
    }
    let deployment = manifest.checked()?;
    cx.ui().step("Checked", format!("`{}` ({})", manifest.document.file(), summary(deployment)));
    Ok(())
}

fn tell_written(cx: &Context, solution: &Solution, manifest: &Manifest, path: &Path) -> Outcome {
    let deployment = manifest.checked()?;
    let shown = shown_from_here(cx, &solution.shown(path));
    let verb = if *path == manifest.path { "Checked" } else { "Wrote" };
    cx.ui().step(verb, format!("`{shown}` ({})", summary(deployment)));
    let device = solution.device_id(None)?;
    cx.ui().hint(format!(
        "nothing is deployed yet; run `az iot edge set-modules --hub-name HUB --device-id {device} --content {shown}`"
    ));
    if cx.ui().is_json() {
        let modules = deployment.modules.iter();
        let modules = modules.map(|module| WrittenModule { name: module.id.as_str(), image: &module.image }).collect();
        cx.ui().document(&Written { path: shown, platform: manifest.platform.as_str(), modules, deployed: false })?;
    }
    Ok(())
}

fn tell_warnings(cx: &Context, warnings: &[Finding]) {
    warnings.iter().for_each(|warning| cx.ui().warn_at(&warning.at));
}

/// Passwords of registries are written out, so nobody else is to read them.
fn readers(deployment: &Deployment) -> Readers {
    if deployment.registries.is_empty() { Readers::Everybody } else { Readers::Owner }
}

fn summary(deployment: &Deployment) -> String {
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    format!("{}, {}", counted(deployment.modules.len(), "module"), counted(deployment.routes.len(), "route"))
}

/// A path below the solution's folder, as it is reached from the current folder.
fn shown_from_here(cx: &Context, shown: &str) -> String {
    let path = cx.project().join(shown);
    path.strip_prefix(".").unwrap_or(&path).display().to_string()
}
