//! Waiting before another attempt: a few times, ever longer, and told. Who waits knows what may be tried again.

use std::time::Duration;

use super::{Event, Watch};

/// How long to wait before each further attempt.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// The pauses that are left for one undertaking.
#[derive(Debug)]
pub(super) struct Backoff {
    left: std::slice::Iter<'static, Duration>,
}

impl Backoff {
    /// Returns all pauses.
    pub(super) fn new() -> Self {
        Self { left: PAUSES.iter() }
    }

    /// Tells why there is another attempt and waits for it; `false`, at once, if there were enough.
    pub(super) async fn wait(&mut self, why: &str, watch: Watch<'_>) -> bool {
        let Some(pause) = self.left.next() else { return false };
        watch(Event::Warning(&format!("{why}; trying again in {} s", pause.as_secs())));
        tokio::time::sleep(*pause).await;
        true
    }
}
