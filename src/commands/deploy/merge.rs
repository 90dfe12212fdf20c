//! `edgectl deploy --merge`: the manifest that IoT Hub would compose, and where each part of it comes from.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::super::Context;
use super::super::table::render_table;
use super::pin::Pinning;
use super::write::{Target, shown_from_here, tell_hidden};
use super::{Deploy, summary, tell_warnings};
use crate::document::Document;
use crate::failure::{Failure, Outcome};
use crate::manifest::{self, Finding, Merged, NoSources, Origin, Redacted, Surroundings, images, lost_secrets, merge};
use crate::solution::{Manifest, Solution, Wanted, replace_file};

/// What comes out, where it has no file yet.
const MERGED: &str = "the merged manifest";

/// What `deploy --merge --json` prints.
#[derive(Debug, Serialize)]
struct Composed<'a> {
    manifest: &'a Value,
    provenance: Map<String, Value>,
    /// The manifest's file, relative to the current folder; null if it was only printed.
    path: Option<String>,
}

/// Composes the files, checks what comes out, and prints or writes it.
pub(super) fn run(pinning: &Pinning<'_>, wanted: &Wanted, args: &Deploy, target: &Target<'_>) -> Outcome {
    let (cx, solution) = (pinning.cx, pinning.solution);
    let mut manifests = load(solution, wanted, args)?;
    manifests.iter().for_each(|manifest| tell_warnings(cx, &manifest.warnings));
    pin(pinning, &mut manifests)?;
    let merged = merged(&documents(&manifests))?;
    let mut checked = check(&manifests, &merged, wanted.today);
    args.strict.leave_out(&mut checked.warnings);
    tell_warnings(cx, &checked.warnings);
    checked.checked()?;
    checked.warnings.extend(manifests.iter().flat_map(|manifest| manifest.warnings.clone()));
    args.strict.refuse(&checked)?;
    // Secrets are hidden before they are composed: each file knows which variable stands for its own.
    let shown = manifests.iter().map(|manifest| manifest.document.with_value(target.redacted(manifest).value));
    let shown = Merged { manifest: self::merged(&shown.collect::<Vec<_>>())?.manifest, ..merged };
    let names: Vec<&str> = manifests.iter().map(|manifest| manifest.document.file()).collect();
    tell(cx, solution, &checked, &shown, &names, target)
}

/// Reads the deployment and its layers, each of which must be right in itself.
fn load(solution: &Solution, wanted: &Wanted, args: &Deploy) -> Outcome<Vec<Manifest>> {
    let mut manifests = Vec::new();
    for (number, file) in args.merge.iter().enumerate() {
        let mut manifest = solution.manifest(&Wanted { file: Some(file.clone()), ..wanted.clone() })?;
        match number {
            0 => drop(manifest.checked()?),
            _ => manifest.refuse_mistakes()?,
        }
        args.strict.leave_out(&mut manifest.warnings);
        manifests.push(manifest);
    }
    Ok(manifests)
}

fn documents(manifests: &[Manifest]) -> Vec<Document> {
    manifests.iter().map(|manifest| manifest.document.clone()).collect()
}

/// Pins the images that are left when all is composed; nobody has to have those that a layer replaces.
fn pin(pinning: &Pinning<'_>, manifests: &mut [Manifest]) -> Outcome {
    if !pinning.args.pin {
        return Ok(());
    }
    let composed = merged(&documents(manifests))?.manifest;
    let composed = Document::parse(MERGED, &composed.to_string())?;
    let left = images(&composed).into_iter().map(|(_, image)| image).collect();
    let pins = pinning.find(&left, manifests)?;
    manifests.iter_mut().for_each(|manifest| manifest.replace_images(&pins));
    Ok(())
}

fn merged(documents: &[Document]) -> Outcome<Merged> {
    let Some((base, layers)) = documents.split_first() else {
        return Err(Failure::usage("`--merge` needs a deployment").hint("pass `--merge BASE LAYER…`"));
    };
    merge(base, &layers.iter().collect::<Vec<_>>())
}

/// Checks the composed manifest; what is wrong is told in the file that brings it, and what a file was told of alone
/// not once more.
fn check(manifests: &[Manifest], merged: &Merged, today: Duration) -> Manifest {
    let document = merged.document(MERGED, documents(manifests));
    let mut checked = manifest::check(&document, Surroundings { today, sources: &NoSources });
    let told = |finding: &Finding| {
        let known = manifests.iter().flat_map(|manifest| &manifest.warnings);
        known.into_iter().any(|other| other.code == finding.code && other.at.message == finding.at.message)
    };
    // A variable brings what looks like a secret here; whether a file holds one was asked of each.
    checked.warnings.retain(|finding| finding.code != "plain-secret" && !told(finding));
    let mut manifest = manifests[0].clone();
    (manifest.document, manifest.deployment) = (document, checked.deployment);
    (manifest.layer, manifest.warnings) = (checked.layer, checked.warnings);
    manifest
}

fn tell(
    cx: &Context,
    solution: &Solution,
    manifest: &Manifest,
    merged: &Merged,
    names: &[&str],
    target: &Target<'_>,
) -> Outcome {
    let value = &merged.manifest;
    let out = target.out.filter(|out| *out != Path::new("-")).map(|out| solution.root().join(out));
    let shown = out.as_ref().map(|path| shown_from_here(cx, &solution.shown(path)));
    if let (Some(path), Some(shown)) = (&out, &shown) {
        replace_file(path, &solution.shown(path), &format!("{value:#}\n"), target.readers(manifest))?;
        cx.ui().step("Wrote", format!("`{shown}` ({})", summary(manifest)));
    }
    if cx.ui().is_json() {
        let provenance = merged.origins.iter().map(|origin| record(origin, names)).collect();
        return cx.ui().document(&Composed { manifest: value, provenance, path: shown });
    }
    let rows: Vec<_> = merged.origins.iter().map(|origin| row(origin, names)).collect();
    cx.ui().table(&render_table(["WHERE", "FROM", "INSTEAD OF"], &rows));
    if out.is_none() {
        cx.ui().document(value)?;
    }
    let lost = lost_secrets(&manifest.document.with_value(value.clone()));
    tell_hidden(cx, target.hide, &Redacted { lost, ..target.redacted(manifest) });
    Ok(())
}

/// `{"<pointer>": {"from": "layer.json", "over": ["base.json"]}}`.
fn record(origin: &Origin, names: &[&str]) -> (String, Value) {
    let over: Vec<&str> = origin.over.iter().map(|number| names[*number]).collect();
    let from = serde_json::json!({ "from": names[origin.from], "over": over });
    (origin.pointer().as_str().to_owned(), from)
}

fn row(origin: &Origin, names: &[&str]) -> [String; 3] {
    let over: Vec<&str> = origin.over.iter().map(|number| names[*number]).collect();
    let path = origin.path.join(".");
    let place = if path.is_empty() { origin.module.clone() } else { format!("{} {path}", origin.module) };
    [place, names[origin.from].to_owned(), over.join(", ")]
}
