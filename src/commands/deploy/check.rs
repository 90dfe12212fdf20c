//! `edgectl deploy --check`: what is wrong or suspicious, and nothing written.

use serde::Serialize;

use super::super::Context;
use super::{summary, tell_warnings};
use crate::failure::Outcome;
use crate::manifest::{Finding, FindingRecord, failure_of};
use crate::solution::Manifest;

/// What `deploy --check --json` prints.
#[derive(Debug, Serialize)]
struct Checked<'a> {
    findings: Vec<FindingRecord<'a>>,
}

/// Tells every finding; an error among them fails.
pub(super) fn check(cx: &Context, manifest: &Manifest) -> Outcome {
    let errors = manifest.mistakes();
    if cx.ui().is_json() {
        let findings = errors.iter().chain(&manifest.warnings).map(Finding::to_record).collect();
        cx.ui().document(&Checked { findings })?;
    } else {
        tell_warnings(cx, &manifest.warnings);
    }
    if !errors.is_empty() {
        return Err(failure_of(manifest.document.file(), errors));
    }
    cx.ui().step("Checked", format!("`{}` ({})", manifest.document.file(), summary(manifest)));
    Ok(())
}
