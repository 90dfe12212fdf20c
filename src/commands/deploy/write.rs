//! `edgectl deploy`: the manifest, to a file or to standard output.

use std::path::Path;

use serde::Serialize;

use super::super::Context;
use super::summary;
use crate::failure::Outcome;
use crate::manifest::{Hide, Redacted, redact};
use crate::solution::{Manifest, ManifestKind, Readers, Solution, replace_file};
use crate::text::counted;

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

/// Where a manifest is written to, and without which secrets.
#[derive(Debug)]
pub(super) struct Target<'a> {
    /// `None` is where iotedgedev would write it.
    pub(super) out: Option<&'a Path>,
    /// `None` leaves all of them in, for the owner to read alone.
    pub(super) hide: Option<Hide>,
}

/// Writes the manifest, or prints it for `-`.
pub(super) fn write(cx: &Context, solution: &Solution, manifest: &Manifest, target: &Target<'_>) -> Outcome {
    let Redacted { mut value, hidden } = redact(&manifest.document, target.hide.unwrap_or(Hide::Registries));
    let mut readers = Readers::Everybody;
    if target.hide.is_none() && hidden > 0 {
        readers = Readers::Owner;
        value = manifest.document.value().clone();
    }
    let hidden = if target.hide.is_some() { hidden } else { 0 };
    if target.out == Some(Path::new("-")) {
        tell_hidden(cx, hidden);
        return cx.ui().document(&value);
    }
    let path = match target.out {
        Some(out) => solution.root().join(out),
        None => solution.manifest_path(manifest),
    };
    let is_written = manifest.kind == ManifestKind::Template || target.out.is_some();
    if is_written {
        replace_file(&path, &solution.shown(&path), &format!("{value:#}\n"), readers)?;
    }
    tell_written(cx, solution, manifest, &path)?;
    tell_hidden(cx, if is_written { hidden } else { 0 });
    Ok(())
}

fn tell_hidden(cx: &Context, hidden: usize) {
    if hidden > 0 {
        let secrets = counted(hidden as u64, "secret");
        cx.ui().hint(format!(
            "{secrets} left out; edgectl fills in a variable when it deploys the file, for other tools pass \
             `--with-secrets`"
        ));
    }
}

fn tell_written(cx: &Context, solution: &Solution, manifest: &Manifest, path: &Path) -> Outcome {
    let shown = shown_from_here(cx, &solution.shown(path));
    let verb = if *path == manifest.path { "Checked" } else { "Wrote" };
    cx.ui().step(verb, format!("`{shown}` ({})", summary(manifest)));
    let file = match manifest.kind {
        ManifestKind::Finished => format!(" --file {shown}"),
        ManifestKind::Template => String::new(),
    };
    let to = match &manifest.layer {
        Some(_) => "--layered --id ID --target-condition CONDITION --priority N".to_owned(),
        None => format!("--device {}", solution.device_id(None)?),
    };
    cx.ui().hint(format!("nothing is deployed yet; run `edgectl deploy --apply {to}{file}`"));
    if cx.ui().is_json() {
        let modules = manifest.modules().iter();
        let modules = modules.map(|module| WrittenModule { name: module.id.as_str(), image: &module.image }).collect();
        cx.ui().document(&Written { path: shown, platform: manifest.platform.as_str(), modules, deployed: false })?;
    }
    Ok(())
}

/// A path below the solution's folder, as it is reached from the current folder.
fn shown_from_here(cx: &Context, shown: &str) -> String {
    let path = cx.project().join(shown);
    path.strip_prefix(".").unwrap_or(&path).display().to_string()
}
