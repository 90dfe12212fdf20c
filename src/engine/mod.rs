//! The container engine: images, registries, containers, networks. Owns `bollard`, `docker_credential` and `tar`.
//!
//! No type of `bollard` stands in a public signature. Requests that may take long tell what happens through a
//! [`Watch`]; dropping their future cancels them in the engine too.

mod about;
mod archive;
mod backoff;
mod build;
mod buildah;
mod builder;
mod buildkit;
mod classic;
mod connect;
pub mod container;
mod credentials;
mod emulator;
mod endpoint;
mod error;
mod image;
pub mod network;
mod owned;
mod push;
pub mod registry;
mod request;
mod session;
mod survey;
mod transcript;
mod transfer;

use std::sync::Arc;
use std::time::Duration;

use bollard::Docker;
use tokio::sync::OnceCell;

pub use about::About;
pub use build::{Built, Means, Place, Work};
pub use builder::Builder;
pub use credentials::{Login, Logins};
pub use owned::{Owned, What};
pub use push::Pushed;
pub use survey::{Freshness, Survey};

/// Longer than any build; `bollard` would otherwise cut a request after two minutes.
const NO_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);

/// A connection to a container engine that has answered.
#[derive(Debug, Clone)]
pub struct Engine {
    docker: Docker,
    endpoint: endpoint::Endpoint,
    nature: Arc<OnceCell<connect::Nature>>,
}

/// What a long request tells while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// The image is built, for this reason.
    Needed(&'a str),
    /// Bytes of the build context that were sent so far.
    ContextSent(u64),
    /// A step began, for example `[2/4] RUN pip install -r requirements.txt`.
    StepStarted(&'a str),
    /// A line that the running step printed.
    Output(&'a str),
    /// Bytes of layers that were moved from or to a registry so far, and how many there are.
    Transferred {
        /// Bytes moved so far.
        bytes: u64,
        /// Bytes known so far; it grows as layers are found.
        total: u64,
    },
    /// Something that deserves attention though the request goes on.
    Warning(&'a str),
}

/// Takes the events of a long request.
pub type Watch<'a> = &'a (dyn Fn(Event<'_>) + Send + Sync);

impl Engine {
    /// Returns the connection for requests that may take long until their first answer.
    fn patient(&self) -> Docker {
        self.docker.clone().with_timeout(NO_TIMEOUT)
    }
}
