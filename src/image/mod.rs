//! Images of modules: names, tags, platforms, build contexts.

mod platform;

pub use platform::{Platform, PlatformError, Variant};
