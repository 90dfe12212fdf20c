//! The limits of twins (protocol.md §7.2): every key and value, and a budget of bytes for each module.

use super::parts::Parts;
use crate::document::Node;
use crate::manifest::finding::Finding;
use crate::twin::{TwinError, desired_mistakes, desired_size};

/// From this share of the limit on, a twin that only grows a little more is refused.
const NEARLY_FULL_PERCENT: usize = 90;

/// Reports what no twin may hold, and twins that are too large or nearly.
pub(super) fn check(parts: &Parts<'_>, findings: &mut Vec<Finding>) {
    for (name, twin) in &parts.twins {
        check_twin(name, twin, findings);
    }
}

fn check_twin(name: &str, twin: &Node<'_>, findings: &mut Vec<Finding>) {
    let Ok(values) = twin.object() else { return };
    for (pointer, error) in desired_mistakes(values) {
        let at = twin.pointer().join(&pointer);
        let (code, told) = match &error {
            TwinError::KeyTooLong { .. } | TwinError::KeyCharacter { .. } => {
                ("twin-key", twin.document().key_error(&at, &error))
            }
            _ => ("twin-value", twin.document().error(&at, &error)),
        };
        // A name that the agent or the hub refuses has been told already, with what it may be.
        if !findings.iter().any(|other| (other.at.line, other.at.column) == (told.line, told.column)) {
            findings.push(Finding::error(code, told.hint(error.hint())));
        }
    }
    let (bytes, limit) = desired_size(values);
    let told = || twin.error(format!("the desired properties of `{name}` take {bytes} bytes, and {limit} are allowed"));
    let hint = match name {
        "$edgeAgent" => "move long values of `env` and `createOptions` into files or images",
        "$edgeHub" => "shorten routes, or join routes with one sink by `OR`",
        _ => "keep large values elsewhere, such as in a file that the module fetches",
    };
    if bytes > limit {
        findings.push(Finding::error("twin-size", told().hint(hint)));
    } else if bytes * 100 > limit * NEARLY_FULL_PERCENT {
        findings.push(Finding::warning("twin-nearly-full", told().hint(hint)));
    }
}
