//! Deployment templates and manifests: expansion, checks, the typed deployment.
//!
//! Knows nothing of folders, images on an engine or a running device; what a name stands for comes in by [`Names`].
//!
//! A template goes through [`expand`], which returns the manifest as a document whose places are still those of the
//! template; [`check()`] then reads that document, and says at which places it is wrong or suspicious.

mod check;
mod content;
mod create_options;
mod deployment;
mod diff;
mod expand;
mod finding;
mod hub;
mod images;
mod layer;
mod layered;
mod merge;
mod modules;
mod placeholder;
mod policy;
mod redact;
mod routes;
mod secret;
mod shape;

pub use check::{
    CODES, Checked, Code, NoSources, Sources, Surroundings, check, hide_secrets, hide_unread, is_about_devices,
};
pub use create_options::{Chunks, pieces as create_options_pieces, write as write_create_options};
pub use deployment::{Deployment, ModuleSpec, RegistryCredential, RouteSpec};
pub use diff::{Change, Difference, diff, diff_content};
pub use expand::{Expanded, Names, expand, expand_variables};
pub use finding::{Finding, FindingRecord, Severity, failure_of};
pub use hub::{HubError, HubSettings};
pub use images::images;
pub use layer::Layer;
pub use layered::{extract_layer, layer_mistakes};
pub use merge::{Merged, Origin, merge};
pub use placeholder::{ImagePlaceholder, ModulePlace, NamedImage, images_named};
pub use policy::{DesiredStatus, PullPolicy, RestartPolicy};
pub use redact::{HIDDEN, Hide, Redacted, fill_in, lost_secrets, missing_secrets, redact};
pub use secret::{is_placeholder, is_secret};
pub use shape::{is_layer, is_template, module_member, modules_content};

#[cfg(test)]
mod tests;
