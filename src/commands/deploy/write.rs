//! `edgectl deploy`: the manifest, to a file or to standard output.

use std::path::Path;

use serde::Serialize;

use super::super::Context;
use super::summary;
use crate::failure::Outcome;
use crate::solution::{Manifest, ManifestKind, Readers, Solution, replace_file};

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

/// Writes the manifest to `out`, or to where iotedgedev would write it.
pub(super) fn write(cx: &Context, solution: &Solution, manifest: &Manifest, out: Option<&Path>) -> Outcome {
    if out == Some(Path::new("-")) {
        return cx.ui().document(manifest.document.value());
    }
    let path = match out {
        Some(out) => solution.root().join(out),
        None => solution.manifest_path(manifest),
    };
    if manifest.kind == ManifestKind::Template || out.is_some() {
        let text = format!("{:#}\n", manifest.document.value());
        replace_file(&path, &solution.shown(&path), &text, readers(manifest))?;
    }
    tell_written(cx, solution, manifest, &path)
}

fn tell_written(cx: &Context, solution: &Solution, manifest: &Manifest, path: &Path) -> Outcome {
    let shown = shown_from_here(cx, &solution.shown(path));
    let verb = if *path == manifest.path { "Checked" } else { "Wrote" };
    cx.ui().step(verb, format!("`{shown}` ({})", summary(manifest)));
    let command = match &manifest.layer {
        Some(_) => "az iot edge deployment create --layered --hub-name HUB --deployment-id ID".to_owned(),
        None => format!("az iot edge set-modules --hub-name HUB --device-id {}", solution.device_id(None)?),
    };
    cx.ui().hint(format!("nothing is deployed yet; run `{command} --content {shown}`"));
    if cx.ui().is_json() {
        let modules = manifest.modules().iter();
        let modules = modules.map(|module| WrittenModule { name: module.id.as_str(), image: &module.image }).collect();
        cx.ui().document(&Written { path: shown, platform: manifest.platform.as_str(), modules, deployed: false })?;
    }
    Ok(())
}

/// Passwords of registries are written out, so nobody else is to read them.
fn readers(manifest: &Manifest) -> Readers {
    if manifest.registries().is_empty() { Readers::Everybody } else { Readers::Owner }
}

/// A path below the solution's folder, as it is reached from the current folder.
fn shown_from_here(cx: &Context, shown: &str) -> String {
    let path = cx.project().join(shown);
    path.strip_prefix(".").unwrap_or(&path).display().to_string()
}
