//! What the cloud, the agent, the engine or the hub would refuse, or silently take for something else.
//!
//! One file a concern. Every check looks at the document alone, so that one mistake never hides another; it asks no
//! network, and what it has to know of the world comes in by [`Surroundings`]. [`CODES`] lists all that can be found.

mod codes;
mod container_keys;
mod environment;
mod flow;
mod images;
mod members;
mod names;
mod options;
mod parts;
mod ports;
mod runtime_versions;
mod secrets;
mod sources;
mod twins;
mod unread;

use std::time::Duration;

use super::finding::{Finding, Severity};
use super::{Deployment, Layer, shape};
use crate::document::Document;

pub use codes::{CODES, Code, is_about_devices};
pub use secrets::hide_secrets;
pub use unread::hide_unread;
pub(super) use unread::places as unread_secrets;

use parts::Parts;

/// What a check knows besides the document.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The day, as time since 1970.
    pub today: Duration,
    /// The modules' own sources.
    pub sources: &'a dyn Sources,
}

/// What the sources of modules say.
pub trait Sources {
    /// Says whether a source of the module with this image holds a word; `None` if there is no source to look at.
    fn hold(&self, image: &str, word: &str) -> Option<bool>;
}

/// Sources of which nothing is known.
#[derive(Debug, Clone, Copy)]
pub struct NoSources;

impl Sources for NoSources {
    fn hold(&self, _: &str, _: &str) -> Option<bool> {
        None
    }
}

/// A document that was read and checked.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The deployment, or what stops it, in the order of the file.
    pub deployment: Result<Deployment, Vec<Finding>>,
    /// The layer that it is instead; [`Checked::deployment`] then says that it is none alone.
    pub layer: Option<Layer>,
    /// What is suspicious, in the order of the file.
    pub warnings: Vec<Finding>,
}

/// Reads a finished manifest, or the document that [`expand`](super::expand) returns, and checks all of it.
pub fn check(document: &Document, surroundings: Surroundings<'_>) -> Checked {
    let mut findings = Vec::new();
    let deployment = Deployment::parse(document, &mut findings);
    let layer = Layer::parse(document, &mut findings);
    match (&layer, &deployment) {
        (Some(Err(mistakes)), _) | (None, Err(mistakes)) => findings.extend(mistakes.iter().cloned()),
        _ => {}
    }
    find(document, surroundings, &mut findings);
    findings.sort_by_key(|finding| (finding.at.line, finding.at.column, std::cmp::Reverse(finding.severity)));
    findings.dedup();
    let (errors, warnings): (Vec<_>, Vec<_>) = findings.into_iter().partition(|f| f.severity == Severity::Error);
    match layer {
        _ if !errors.is_empty() => Checked { deployment: Err(errors), layer: None, warnings },
        layer => Checked { deployment, layer: layer.and_then(Result::ok), warnings },
    }
}

fn find(document: &Document, surroundings: Surroundings<'_>, findings: &mut Vec<Finding>) {
    let Ok(content) = shape::modules_content(document) else { return };
    let parts = Parts::of(document, &content);
    members::check(&parts, findings);
    names::check(&parts, findings);
    environment::check(&parts, findings);
    images::check(&parts, surroundings.today, findings);
    options::check(&parts, findings);
    ports::check(&parts, findings);
    twins::check(&parts, findings);
    flow::check(&parts, findings);
    sources::check(&parts, surroundings.sources, findings);
    secrets::check(document, findings);
}
