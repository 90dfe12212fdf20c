//! `edgectl deploy --diff`: what would change, compared with a manifest that is there.

use serde::Serialize;
use serde_json::Value;

use super::super::Context;
use crate::failure::{Failure, Outcome};
use crate::manifest::{Change, Difference, diff};
use crate::solution::Manifest;
use crate::text::counted;

/// What `deploy --diff --json` prints.
#[derive(Debug, Serialize)]
struct Compared<'a> {
    same: bool,
    differences: &'a [Difference],
}

/// Tells every difference; one among them fails.
pub(super) fn compare(cx: &Context, old: &Manifest, new: &Manifest) -> Outcome {
    let differences = diff(&old.document, &new.document)?;
    if cx.ui().is_json() {
        cx.ui().document(&Compared { same: differences.is_empty(), differences: &differences })?;
    } else {
        differences.iter().try_for_each(|difference| cx.ui().result(line(difference)))?;
    }
    let (old, new) = (old.document.file(), new.document.file());
    if differences.is_empty() {
        cx.ui().step("Compared", format!("`{new}` with `{old}`: they mean the same"));
        return Ok(());
    }
    let count = counted(differences.len() as u64, "place");
    Err(Failure::request(format!("`{new}` differs from `{old}` in {count}"))
        .hint("exit code 1 says that they differ; it is 0 when they mean the same"))
}

/// `changed module filter: image a:1 -> a:2`.
fn line(difference: &Difference) -> String {
    let Difference { change, subject, name, path, old, new } = difference;
    let verb = match change {
        Change::Added => "added",
        Change::Removed => "removed",
        Change::Changed => "changed",
    };
    let whose = [*subject, name.as_str()].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let values = match change {
        // A whole module or twin is named, not printed.
        Change::Added if path.is_empty() && new.is_object() => String::new(),
        Change::Removed if path.is_empty() && old.is_object() => String::new(),
        Change::Added => shown(new),
        Change::Removed => shown(old),
        Change::Changed => format!("{} -> {}", shown(old), shown(new)),
    };
    let what =
        [path.as_str(), values.as_str()].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
    let colon = if what.is_empty() { "" } else { ": " };
    format!("{verb:<7} {whose}{colon}{what}")
}

/// Texts without quotes, as long as nobody could take them for something else.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() && !text.contains(|c: char| c.is_control() || c == '"') => text.clone(),
        other => other.to_string(),
    }
}
