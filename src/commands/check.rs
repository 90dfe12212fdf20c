//! `edgectl check`: what stands between this machine and a running simulation.

use serde::Serialize;

use super::Context;
use crate::clock::since_epoch;
use crate::doctor::{self, Area, Check as Finding, Status};
use crate::failure::{Failure, Outcome};

/// Look at the engine, the ports and the solution
///
/// Says which container engine is used and why, which ports are free, and what is wrong with the solution here; each
/// with its fix. Changes nothing. A warning costs something and the rest works; an error has the exit code of the
/// command that would meet it.
///
/// With `--json`: `{"checks":[{"area", "status", "message", "causes", "fixes"}]}`
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  edgectl check")]
pub struct Check {}

/// What `check --json` prints.
#[derive(Serialize)]
struct Report<'a> {
    checks: &'a [Finding],
}

pub(super) fn run(cx: &Context) -> Outcome {
    let checks = cx.block_on(doctor::examine(cx.project(), cx.environment(), since_epoch(cx.now())))?;
    match cx.ui().is_json() {
        true => cx.ui().document(&Report { checks: &checks })?,
        false => checks.iter().try_for_each(|check| cx.ui().result(render(check)))?,
    }
    let errors = checks.iter().filter(|check| check.status == Status::Error).count();
    match checks.iter().find_map(Finding::kind) {
        None => Ok(()),
        Some(kind) => Err(Failure::new(kind, format!("{errors} of {} checks failed", checks.len()))
            .hint("mend the errors above, then run `edgectl check` again")),
    }
}

/// One line for what was found; why, and what to do, below it.
fn render(check: &Finding) -> String {
    let status = match check.status {
        Status::Ok => "ok",
        Status::Warning => "warning",
        Status::Error => "error",
    };
    let area = match check.area {
        Area::Engine => "engine",
        Area::Ports => "ports",
        Area::Solution => "solution",
    };
    let mut lines = vec![format!("{status:<7}  {area:<8}  {}", check.message)];
    lines.extend(check.causes.iter().map(|cause| format!("{:19}{cause}", "")));
    lines.extend(check.fixes.iter().map(|fix| format!("{:19}fix: {fix}", "")));
    lines.join("\n")
}
