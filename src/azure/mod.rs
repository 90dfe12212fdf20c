//! A real IoT Hub, by its REST API (protocol.md §10.5, §12.1–12.2): deployments to a device and to many.
//!
//! Knows no solution and no file: content comes in and answers go out as JSON. Every call ends within its [`Patience`];
//! what may be tried again is decided in [`retry`], and every refusal becomes words in [`error`].

mod call;
mod configuration;
mod credential;
mod dial;
mod error;
mod host;
mod hub;
mod retry;
mod token;

pub use call::Subject;
pub use configuration::{Configuration, ConfigurationId, ConfigurationIdError};
pub use credential::Credential;
pub use error::{AzureError, Refusal};
pub use host::{HubHost, HubHostError};
pub use hub::{Applied, Hub, Waiting};
pub use retry::Patience;
pub use token::{TokenError, entra_token};
