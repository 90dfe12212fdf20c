//! Taking a solution for this process: one simulation at a time, with what a killed one left cleared first.

use std::path::Path;

use super::containers;
use super::state::{make_root, unwritable};
use crate::environment::Environment;
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::runtime;
use crate::store::{self, Lock, LockError};
use crate::text::counted;
use crate::ui::Ui;

/// Fails if a simulation of the solution runs already, or if there could be none.
pub fn check_free(project: &Path) -> Outcome {
    lock(project).map(drop)
}

/// Takes the solution for as long as the lock lives; `None` if it has no state yet, so that nothing can run.
pub fn hold(project: &Path) -> Outcome<Option<Lock>> {
    if !project.join(".edgectl").is_dir() {
        return Ok(None);
    }
    lock(project).map(Some)
}

/// Takes the solution, making its state folder.
pub(super) fn lock(project: &Path) -> Outcome<Lock> {
    let root = project.join(".edgectl");
    make_root(&root)?;
    store::lock(&root).map_err(|error| explain(error, project))
}

/// Ends processes and removes containers that a killed edgectl left; whoever calls holds the lock.
pub(super) async fn clear_left(ui: &Ui, environment: &Environment, root: &Path) -> Outcome {
    let cleared = runtime::clear_processes(&root.join("children.json")).await;
    let ended = cleared.or_fail(Kind::Machine, || "cannot clear what the last run left")?;
    if !ended.is_empty() {
        ui.step("Ended", format!("{} that the last run left", counted(ended.len() as u64, "process")));
    }
    containers::clear_left(ui, environment, root).await
}

fn explain(error: LockError, project: &Path) -> Failure {
    match error {
        LockError::Held { pid, .. } => {
            let failure = Failure::machine(format!("a simulation of `{}` runs already", project.display()));
            let failure = match pid {
                Some(pid) => failure.cause(format!("process {pid} holds `.edgectl/lock`")),
                None => failure,
            };
            failure.hint("look at it with `edgectl ps`, or end it with `edgectl stop`")
        }
        LockError::Io { path, source } => unwritable(format!("cannot lock `{}`", path.display()), &source),
    }
}
