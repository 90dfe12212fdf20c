//! `edgectl deploy --check`: what is wrong or suspicious, and nothing written.

use serde::Serialize;

use super::super::Context;
use super::summary;
use crate::failure::{Failure, Outcome};
use crate::manifest::{CODES, Finding, FindingRecord, Severity};
use crate::solution::Manifest;
use crate::text::{counted, did_you_mean};

/// How strictly findings are taken.
#[derive(Debug, clap::Args)]
pub(super) struct StrictArgs {
    /// Refuse warnings, too
    #[arg(long)]
    deny_warnings: bool,
    /// Kind of warning to leave out, such as `image-tag` (can be repeated)
    #[arg(long, value_name = "CODE", value_parser = parse_warning, hide_short_help = true)]
    allow: Vec<String>,
}

/// What `deploy --check --json` prints.
#[derive(Debug, Serialize)]
struct Checked<'a> {
    /// In the order of the file.
    findings: Vec<FindingRecord<'a>>,
}

/// Tells every finding; an error among them fails, and a warning if they are denied.
pub(super) fn check(cx: &Context, manifest: &Manifest, strict: &StrictArgs) -> Outcome {
    let mut findings: Vec<&Finding> = manifest.mistakes().iter().chain(&manifest.warnings).collect();
    findings.sort_by_key(|finding| (finding.at.line, finding.at.column));
    if cx.ui().is_json() {
        cx.ui().document(&Checked { findings: findings.iter().map(|finding| finding.to_record()).collect() })?;
    } else {
        findings.iter().for_each(|finding| tell(cx, finding));
    }
    strict.refuse(manifest)?;
    let warnings = match manifest.warnings.len() as u64 {
        0 => String::new(),
        count => format!("; {}", counted(count, "warning")),
    };
    cx.ui().step("Checked", format!("`{}` ({}{warnings})", manifest.document.file(), summary(manifest)));
    Ok(())
}

impl StrictArgs {
    /// Leaves out the kinds of warnings that are allowed.
    pub(super) fn leave_out(&self, warnings: &mut Vec<Finding>) {
        warnings.retain(|warning| !self.allow.iter().any(|code| code == warning.code));
    }

    /// Refuses a manifest with mistakes, or with warnings if they are denied, by their numbers.
    pub(super) fn refuse(&self, manifest: &Manifest) -> Outcome {
        let (errors, warnings) = (manifest.mistakes().len() as u64, manifest.warnings.len() as u64);
        let failure = |counts| Failure::request(format!("`{}` has {counts}", manifest.document.file()));
        let (errors_told, warnings_told) = (counted(errors, "error"), counted(warnings, "warning"));
        let again = "mend what is told above and check again";
        match (errors, warnings) {
            (0, 0) => Ok(()),
            (0, _) if !self.deny_warnings => Ok(()),
            (0, _) => {
                Err(failure(warnings_told).hint("mend what is told above, or leave a kind out with `--allow CODE`"))
            }
            (_, 0) => Err(failure(errors_told).hint(again)),
            _ => Err(failure(format!("{errors_told} and {warnings_told}")).hint(again)),
        }
    }
}

fn tell(cx: &Context, finding: &Finding) {
    match finding.severity {
        Severity::Error => cx.ui().mistake_at(finding.code, &finding.at),
        Severity::Warning => cx.ui().warn_at(finding.code, &finding.at),
    }
}

/// Reads the code of a warning.
fn parse_warning(text: &str) -> Result<String, String> {
    let mut warnings = CODES.iter().filter(|code| code.severity == Severity::Warning).map(|code| code.name);
    if warnings.any(|known| known == text) {
        return Ok(text.to_owned());
    }
    let all = CODES.iter().filter(|code| code.severity == Severity::Warning).map(|code| code.name);
    let hint = did_you_mean(text, all).unwrap_or_default();
    Err(match CODES.iter().any(|code| code.name == text) {
        true => format!("`{text}` is an error, which nothing allows"),
        false => format!("no warning is called so; {hint}"),
    })
}
