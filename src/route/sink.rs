//! Where a route leads.

use std::fmt;
use std::sync::Arc;

use super::error::EndpointError;
use crate::identity::{ModuleId, NameError};

/// Where a route leads (protocol.md §8.6).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sink {
    /// IoT Hub, or the parent device.
    Upstream,
    /// An input of a module of this device, which may be unknown or not running.
    Input {
        /// The module.
        module: ModuleId,
        /// Its input.
        input: Arc<str>,
    },
}

/// Writes `$upstream` or `modules/M/inputs/I`, as `monitor --json` has it.
impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upstream => f.write_str("$upstream"),
            Self::Input { module, input } => write!(f, "modules/{module}/inputs/{input}"),
        }
    }
}

/// Reads the address in `BrokeredEndpoint("…")`: exactly four parts, of which the second and the fourth count.
pub(super) fn parse_address(address: &str) -> Result<Sink, EndpointError> {
    let malformed = || EndpointError::Address { address: address.to_owned() };
    let trimmed = address.trim();
    let trimmed = trimmed.strip_prefix('/').unwrap_or(trimmed);
    let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
    let parts: Vec<&str> = trimmed.split('/').collect();
    let [_, module, _, input] = parts[..] else { return Err(malformed()) };
    if input.is_empty() {
        return Err(malformed());
    }
    let module = ModuleId::parse(module).map_err(|error| match error {
        NameError::Empty => malformed(),
        error => EndpointError::Module(error),
    })?;
    Ok(Sink::Input { module, input: input.into() })
}
