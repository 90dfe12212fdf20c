//! `edgectl deploy`: the manifest, to a file or to standard output.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

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

impl Target<'_> {
    /// Returns what is written, and how many secrets are not in it.
    pub(super) fn value_of(&self, manifest: &Manifest) -> (Value, usize) {
        match self.hide {
            Some(hide) => {
                let Redacted { value, hidden } = redact(&manifest.document, hide);
                (value, hidden)
            }
            None => (manifest.document.value().clone(), 0),
        }
    }

    /// What holds a secret is the owner's to read.
    pub(super) fn readers(&self, manifest: &Manifest) -> Readers {
        let has_secrets = || redact(&manifest.document, Hide::Registries).hidden > 0;
        if self.hide.is_none() && has_secrets() { Readers::Owner } else { Readers::Everybody }
    }
}

/// Writes the manifest, or prints it for `-`.
pub(super) fn write(cx: &Context, solution: &Solution, manifest: &Manifest, target: &Target<'_>) -> Outcome {
    let (value, hidden) = target.value_of(manifest);
    if target.out == Some(Path::new("-")) {
        tell_hidden(cx, target.hide, hidden);
        return cx.ui().document(&value);
    }
    let path = match target.out {
        Some(out) => solution.root().join(out),
        None => solution.manifest_path(manifest),
    };
    let is_written = manifest.kind == ManifestKind::Template || target.out.is_some();
    if is_written {
        replace_file(&path, &solution.shown(&path), &format!("{value:#}\n"), target.readers(manifest))?;
    }
    tell_written(cx, solution, manifest, &path)?;
    tell_hidden(cx, target.hide, if is_written { hidden } else { 0 });
    Ok(())
}

/// Says that secrets are missing, and what to do about it.
pub(super) fn tell_hidden(cx: &Context, hide: Option<Hide>, hidden: usize) {
    if hidden == 0 {
        return;
    }
    let secrets = counted(hidden as u64, "secret");
    cx.ui().hint(match hide {
        Some(Hide::All) => format!("{secrets} left out; this is for reading, to deploy it leave out `--redact`"),
        _ => format!(
            "{secrets} left out; edgectl fills in a variable when it deploys the file, for other tools pass \
             `--with-secrets`"
        ),
    });
}

fn tell_written(cx: &Context, solution: &Solution, manifest: &Manifest, path: &Path) -> Outcome {
    let shown = shown_from_here(cx, &solution.shown(path));
    let verb = if *path == manifest.path { "Checked" } else { "Wrote" };
    cx.ui().step(verb, format!("`{shown}` ({})", summary(manifest)));
    let (place, file) = match (&manifest.layer, manifest.kind) {
        (Some(_), _) => ("--layered --target-condition EXPR --id NAME --priority N".to_owned(), Some(&shown)),
        (None, ManifestKind::Finished) => (format!("--device {}", solution.device_id(None)?), Some(&shown)),
        (None, ManifestKind::Template) => (format!("--device {}", solution.device_id(None)?), None),
    };
    let file = file.map(|file| format!(" --file {file}")).unwrap_or_default();
    cx.ui().hint(format!("nothing is deployed yet; run `edgectl deploy --apply {place}{file}`"));
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
