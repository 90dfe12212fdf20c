//! Which builder an engine gets: what was asked for, against what the engine has.

use std::fmt;

use bollard::models::BuildInfo;

use super::connect::Nature;
use super::transcript::Transcript;
use super::transfer::Transfers;
use super::{Watch, buildah, buildkit, classic};
use crate::environment::Environment;

/// Which of the engine's builders is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Builder {
    /// BuildKit where the engine has it.
    Auto,
    /// BuildKit.
    BuildKit,
    /// The builder that engines had first.
    Classic,
}

/// The builder that does the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    BuildKit,
    Classic,
    /// Podman's only one, whatever is asked for: classic requests, words of its own, most of BuildKit's instructions.
    Buildah,
}

impl Builder {
    /// Decides `Auto` by `DOCKER_BUILDKIT` (0 or 1), as docker does.
    pub fn or_environment(self, environment: &Environment) -> Self {
        match (self, environment.get("DOCKER_BUILDKIT").map(str::trim)) {
            (Self::Auto, Some("0" | "false")) => Self::Classic,
            (Self::Auto, Some("1" | "true")) => Self::BuildKit,
            (builder, _) => builder,
        }
    }

    pub(super) fn decide(self, nature: &Nature) -> Tool {
        match self {
            _ if nature.is_podman => Tool::Buildah,
            // Windows engines have no BuildKit.
            Self::Auto if nature.platform.starts_with("windows/") => Tool::Classic,
            Self::Auto | Self::BuildKit => Tool::BuildKit,
            Self::Classic => Tool::Classic,
        }
    }
}

impl Tool {
    /// Puts one message of the engine into the transcript.
    pub(super) fn read(
        self,
        info: BuildInfo,
        transcript: &mut Transcript,
        transfers: &mut Transfers,
        watch: Watch<'_>,
    ) {
        let read = match self {
            Self::BuildKit => buildkit::read,
            Self::Classic => classic::read,
            Self::Buildah => buildah::read,
        };
        read(info, transcript, transfers, watch);
    }

    /// Says whether every step of the Dockerfile was there from earlier builds.
    pub(super) fn is_cached(self, transcript: &Transcript) -> bool {
        match self {
            Self::BuildKit => transcript.is_cached(buildkit::is_counted),
            Self::Classic | Self::Buildah => transcript.is_cached(classic::is_counted),
        }
    }

    /// Says whether steps run one after another, so that a failure is the last one's.
    pub(super) fn is_sequential(self) -> bool {
        self != Self::BuildKit
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BuildKit => "buildkit",
            Self::Classic => "classic",
            Self::Buildah => "buildah",
        })
    }
}
