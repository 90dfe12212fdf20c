//! Images of modules: names, platforms, build options, build contexts. Knows files and rules, and no engine.

mod context;
mod hash;
mod ignore;
mod inputs;
mod lock;
mod options;
mod pattern;
mod plan;
mod platform;
mod recipe;
mod reference;
mod secret;

pub use context::{BuildContext, Dockerfile, Entry, IgnoreFile, unreadable};
pub use hash::{Content, ContentHash, ContextHash};
pub use ignore::{Ignore, IgnoreError, Verdict};
pub use inputs::{BASES_LABEL, BaseStates, INPUTS_LABEL, Inputs, Staleness};
pub use lock::{ImageLock, LockedImage};
pub use options::{OptionError, Variable, supported_options};
pub use plan::{Bases, BuildPlan, Cache, Layers};
pub use platform::{Platform, PlatformError, Variant};
pub use recipe::Recipe;
pub use reference::{DOCKER_HUB, Reference, ReferenceError};
pub use secret::Secret;
