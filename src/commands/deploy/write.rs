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

impl Target<'_> {
    /// Returns what is written.
    pub(super) fn redacted(&self, manifest: &Manifest) -> Redacted {
        match self.hide {
            Some(hide) => redact(&manifest.document, hide),
            None => Redacted { value: manifest.document.value().clone(), hidden: 0, lost: 0 },
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
    let redacted = target.redacted(manifest);
    if target.out == Some(Path::new("-")) {
        tell_hidden(cx, target.hide, &redacted);
        return cx.ui().document(&redacted.value);
    }
    let path = match target.out {
        Some(out) => solution.root().join(out),
        None => solution.manifest_path(manifest),
    };
    let is_written = manifest.kind == ManifestKind::Template || target.out.is_some();
    if is_written {
        let text = format!("{:#}\n", redacted.value);
        replace_file(&path, &solution.shown(&path), &text, target.readers(manifest))?;
    }
    tell_written(cx, solution, manifest, &path)?;
    if !is_written || redacted.lost == 0 {
        tell_next(cx, solution, manifest, &path)?;
    }
    if is_written {
        tell_hidden(cx, target.hide, &redacted);
    }
    Ok(())
}

/// Says that secrets are missing, and what to do about it.
pub(super) fn tell_hidden(cx: &Context, hide: Option<Hide>, redacted: &Redacted) {
    if redacted.hidden == 0 {
        return;
    }
    let secrets = counted(redacted.hidden as u64, "secret");
    cx.ui().hint(match (hide, redacted.lost) {
        (_, 0) => format!(
            "{secrets} left out; edgectl fills in a variable when it deploys the file, for other tools pass \
             `--with-secrets`"
        ),
        (Some(Hide::All), _) => format!("{secrets} left out; this is for reading, to deploy it leave out `--redact`"),
        (_, lost) => format!(
            "{secrets} left out, {lost} of which no variable holds; name variables in the template, or pass \
             `--with-secrets`, to deploy the file"
        ),
    });
}

fn tell_written(cx: &Context, solution: &Solution, manifest: &Manifest, path: &Path) -> Outcome {
    let shown = shown_from_here(cx, &solution.shown(path));
    let verb = if *path == manifest.path { "Checked" } else { "Wrote" };
    cx.ui().step(verb, format!("`{shown}` ({})", summary(manifest)));
    if cx.ui().is_json() {
        let modules = manifest.modules().iter();
        let modules = modules.map(|module| WrittenModule { name: module.id.as_str(), image: &module.image }).collect();
        cx.ui().document(&Written { path: shown, platform: manifest.platform.as_str(), modules, deployed: false })?;
    }
    Ok(())
}

/// Says how to deploy the very file, whatever platform, tag or pins it was made with.
fn tell_next(cx: &Context, solution: &Solution, manifest: &Manifest, path: &Path) -> Outcome {
    let program = match cx.project() {
        here if here == Path::new(".") => "edgectl".to_owned(),
        elsewhere => format!("edgectl -C {}", elsewhere.display()),
    };
    let place = match &manifest.layer {
        Some(_) => "--layered --target-condition EXPR --id NAME --priority N".to_owned(),
        None => format!("--device {}", solution.device_id(None)?),
    };
    let file = solution.shown(path);
    cx.ui().hint(format!("nothing is deployed yet; run `{program} deploy --apply {place} --file {file}`"));
    Ok(())
}

/// A path below the solution's folder, as it is reached from the current folder.
pub(super) fn shown_from_here(cx: &Context, shown: &str) -> String {
    let path = cx.project().join(shown);
    path.strip_prefix(".").unwrap_or(&path).display().to_string()
}
