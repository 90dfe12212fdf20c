//! The container engine: images, registries, containers, networks. Owns `bollard`.
//!
//! No type of `bollard` stands in a public signature.

pub mod container;
pub mod network;

use bollard::Docker;

use crate::environment::Environment;
use crate::failure::{Failure, Outcome};

/// A connection to a container engine that has answered.
#[derive(Debug, Clone)]
pub struct Engine {
    docker: Docker,
}

impl Engine {
    /// Connects to the engine that the environment names (`DOCKER_HOST`), else to the local one.
    pub async fn connect(_environment: &Environment) -> Outcome<Self> {
        let unreachable = |error| {
            Failure::machine("no container engine answers")
                .cause(error)
                .hint("start Docker, or pass `--runtime process` to run modules without containers")
        };
        let docker = Docker::connect_with_defaults().map_err(unreachable)?;
        let docker = docker.negotiate_version().await.map_err(unreachable)?;
        Ok(Self { docker })
    }
}
