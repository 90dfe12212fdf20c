//! Where a route ends, and the queue that waits there.

use std::fmt;
use std::sync::Arc;

use crate::identity::ModuleId;

/// Where a route ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// The cloud.
    Upstream,
    /// An input of a module of this device.
    Input {
        /// The module.
        module: ModuleId,
        /// The input's name.
        input: Arc<str>,
    },
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upstream => f.write_str("$upstream"),
            Self::Input { module, input } => write!(f, "modules/{module}/inputs/{input}"),
        }
    }
}

/// One queue: messages for one endpoint at one priority, 0 first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueueId {
    /// Where the messages go.
    pub endpoint: Endpoint,
    /// 0 to 9, or [`QueueId::LAST`] for a route without priority.
    pub priority: u32,
}

impl QueueId {
    /// The priority of a route without one (protocol.md §8.7).
    pub const LAST: u32 = 2_000_000_000;

    /// Returns the name under which the store keeps the queue.
    pub fn name(&self) -> String {
        format!("{}@{}", self.endpoint, self.priority)
    }

    /// Reads a name of the store back.
    pub fn parse(name: &str) -> Option<Self> {
        let (endpoint, priority) = name.rsplit_once('@')?;
        let priority = priority.parse().ok()?;
        if endpoint == "$upstream" {
            return Some(Self { endpoint: Endpoint::Upstream, priority });
        }
        let (module, input) = endpoint.strip_prefix("modules/")?.split_once("/inputs/")?;
        let module = ModuleId::parse(module).ok()?;
        Some(Self { endpoint: Endpoint::Input { module, input: input.into() }, priority })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_found_again_by_its_name() {
        let module = ModuleId::parse("filter").expect("valid");
        let input = QueueId { endpoint: Endpoint::Input { module, input: "in@1/x".into() }, priority: 3 };
        assert_eq!(input.name(), "modules/filter/inputs/in@1/x@3");
        assert_eq!(QueueId::parse(&input.name()), Some(input));
        let upstream = QueueId { endpoint: Endpoint::Upstream, priority: QueueId::LAST };
        assert_eq!(QueueId::parse(&upstream.name()), Some(upstream));
        assert_eq!(QueueId::parse("elsewhere@1"), None);
    }
}
