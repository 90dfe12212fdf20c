//! What is built: the image's name, its context, and everything that `docker build` could be told about it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Reference, Secret};

/// One build of one image, decided down to the last option; builds nothing itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildPlan {
    /// The name that the image gets.
    pub image: Reference,
    /// The folder whose files the Dockerfile can use.
    pub context: PathBuf,
    /// The Dockerfile; it may lie outside the context.
    pub dockerfile: PathBuf,
    /// The Dockerfile as messages name it.
    pub dockerfile_shown: String,
    /// The platform in docker's words (`linux/arm64`); `None` is the engine's own.
    pub platform: Option<String>,
    /// The stage to build; `None` is the last one.
    pub target: Option<String>,
    /// Build arguments (`ARG`).
    pub args: BTreeMap<String, String>,
    /// Labels of the image.
    pub labels: BTreeMap<String, String>,
    /// Images whose layers may be reused.
    pub cache_from: Vec<String>,
    /// Additional lines of `/etc/hosts`, `name:address`.
    pub extra_hosts: Vec<String>,
    /// The network of `RUN` steps.
    pub network: Option<String>,
    /// Whether results of earlier builds may be used.
    pub cache: Cache,
    /// Whether base images are looked for in their registries again.
    pub bases: Bases,
    /// Whether all layers are merged into one.
    pub layers: Layers,
    /// Limits for `RUN` steps, by their name in the engine's API; only the classic builder knows them.
    pub limits: BTreeMap<&'static str, String>,
    /// What `RUN --mount=type=secret` finds, by id.
    pub secrets: BTreeMap<String, Secret>,
    /// The sockets of the agents that `RUN --mount=type=ssh` finds, by id.
    pub agents: BTreeMap<String, PathBuf>,
    /// Options that were understood but change nothing, with the reason, to be told.
    pub notes: Vec<String>,
}

/// Whether results of earlier builds may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// Steps that did not change are taken from earlier builds.
    Use,
    /// Every step runs (`--no-cache`).
    Skip,
}

/// Whether base images are looked for in their registries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bases {
    /// An image that the engine has is good enough.
    Local,
    /// The registry is asked every time (`--pull`).
    Refresh,
}

/// Whether all layers are merged into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layers {
    /// One layer a step.
    Keep,
    /// One layer in all (`--squash`, with an engine in experimental mode).
    Squash,
}

impl BuildPlan {
    /// Says whether the engine has to ask back while it builds.
    pub fn needs_session(&self) -> bool {
        !self.secrets.is_empty() || !self.agents.is_empty()
    }

    /// Plans a build without any option.
    pub fn new(image: Reference, context: impl Into<PathBuf>, dockerfile: impl Into<PathBuf>) -> Self {
        let dockerfile = dockerfile.into();
        Self {
            image,
            context: context.into(),
            dockerfile_shown: dockerfile.display().to_string(),
            dockerfile,
            platform: None,
            target: None,
            args: BTreeMap::new(),
            labels: BTreeMap::new(),
            cache_from: Vec::new(),
            extra_hosts: Vec::new(),
            network: None,
            cache: Cache::Use,
            bases: Bases::Local,
            layers: Layers::Keep,
            limits: BTreeMap::new(),
            secrets: BTreeMap::new(),
            agents: BTreeMap::new(),
            notes: Vec::new(),
        }
    }
}
