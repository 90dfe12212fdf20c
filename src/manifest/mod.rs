//! Deployment templates and manifests: expansion, checks, the typed deployment.
//!
//! Knows nothing of folders, images on an engine or a running device; what a name stands for comes in by argument.

mod policy;

pub use policy::{DesiredStatus, PullPolicy, RestartPolicy};
