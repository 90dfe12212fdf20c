//! Images of modules: names, platforms, build options, build contexts. Knows files and rules, and no engine.

mod context;
mod ignore;
mod options;
mod pattern;
mod plan;
mod platform;
mod reference;

pub use context::{BuildContext, Dockerfile, Entry, IgnoreFile, unreadable};
pub use ignore::{Ignore, IgnoreError, Verdict};
pub use options::{OptionError, Variable, supported_options};
pub use plan::{Bases, BuildPlan, Cache, Layers};
pub use platform::{Platform, PlatformError, Variant};
pub use reference::{DOCKER_HUB, Reference, ReferenceError};

/// The label with the hash of everything but the base images.
pub const INPUTS_LABEL: &str = "io.edgectl.image.inputs";
