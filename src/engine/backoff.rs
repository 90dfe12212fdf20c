//! Waiting before another attempt: a few times, ever longer, and told. Who waits knows what may be tried again.

use std::time::Duration;

use super::{Event, Watch};

/// How long to wait before each further attempt.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// How long a pause may be that somebody else asks for: a user who has to wait longer would rather know.
const LONGEST: Duration = Duration::from_secs(60);

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
        self.wait_for(why, Duration::ZERO, watch).await
    }

    /// The same, for as long as `rest` at least; `false`, at once, if that is longer than anybody waits.
    pub(super) async fn wait_for(&mut self, why: &str, rest: Duration, watch: Watch<'_>) -> bool {
        let Some(pause) = self.next(rest) else { return false };
        watch(Event::Warning(&format!("{why}; trying again in {} s", pause.as_secs())));
        tokio::time::sleep(pause).await;
        true
    }

    fn next(&mut self, rest: Duration) -> Option<Duration> {
        let pause = self.left.next().filter(|_| rest <= LONGEST)?;
        Some(rest.max(*pause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_at_least_what_is_asked_for_and_bounded() {
        let mut backoff = Backoff::new();
        let pauses = [0, 60, 3, 0].map(|rest| backoff.next(Duration::from_secs(rest)).map(|pause| pause.as_secs()));
        assert_eq!(pauses, [Some(1), Some(60), Some(4), None]);
        assert_eq!(Backoff::new().next(Duration::from_secs(61)), None);
    }
}
