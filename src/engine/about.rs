//! What an engine says of itself.

use serde::Serialize;

use super::Engine;
use super::connect::{REFLECTION, UNKNOWN, describe};
use super::endpoint;
use super::error::failure;
use super::network::{self, Place};
use crate::environment::Environment;
use crate::failure::Outcome;

/// An engine as `edgectl check` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// Its name and version: `Docker Engine 20.10.24`, `Podman Engine 4.3.1`.
    pub name: String,
    /// Where it listens, in back-ticks.
    pub endpoint: String,
    /// What chose it: `DOCKER_HOST`, a docker context; nothing for the usual sockets.
    pub named_by: Option<String>,
    /// The newest version of the API that it speaks.
    pub api: String,
    /// The platform of its images in docker's words: `linux/amd64`.
    pub platform: String,
    /// Whether it runs without root.
    pub rootless: bool,
    /// The builder that `build` takes by itself: `buildkit`, `classic`, or Podman's `buildah`.
    pub builder: String,
}

impl Engine {
    /// Asks the engine what it is; `environment` tells by which way it was found.
    pub async fn about(&self, environment: &Environment) -> Outcome<About> {
        let choice = endpoint::choose(environment)?;
        let nature = self.nature().await?;
        let info = self.docker.clone().with_timeout(REFLECTION).info().await;
        let info = info.map_err(|error| failure(UNKNOWN, &error))?;
        let program = match nature.is_podman {
            true => "Podman Engine",
            false => "Docker Engine",
        };
        let says_rootless = |option: &String| option.contains("rootless");
        // Podman says so only in newer versions, and its socket always does.
        let is_users_podman = nature.is_podman && network::place(self).await == Place::Apart;
        Ok(About {
            name: format!("{program} {}", nature.version).trim_end().to_owned(),
            endpoint: describe(&choice),
            named_by: choice.named_by,
            api: nature.api.clone(),
            rootless: is_users_podman || info.security_options.unwrap_or_default().iter().any(says_rootless),
            builder: super::Builder::Auto.or_environment(environment).decide(nature).to_string(),
            platform: nature.platform.clone(),
        })
    }
}
