//! How long to wait before the next attempt to connect.

use std::time::{Duration, Instant};

const LONGEST: Duration = Duration::from_secs(60);
/// A connection that lived this long was a good one: the pauses start over.
const GOOD: Duration = Duration::from_secs(30);

/// Pauses of 1, 2, 4 … 60 seconds.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
    connected_at: Option<Instant>,
}

impl Backoff {
    /// Notes that a connection stands.
    pub fn connected(&mut self, now: Instant) {
        self.connected_at = Some(now);
    }

    /// Notes that the connection or the attempt failed; returns how long to wait.
    pub fn failed(&mut self, now: Instant) -> Duration {
        if self
            .connected_at
            .take()
            .is_some_and(|since| now - since >= GOOD)
        {
            self.failures = 0;
        }
        let pause = Duration::from_secs(1 << self.failures.min(6));
        self.failures += 1;
        pause.min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute() {
        let now = Instant::now();
        let mut backoff = Backoff::default();
        let pauses: Vec<u64> = (0..8).map(|_| backoff.failed(now).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn only_a_connection_that_lived_starts_over() {
        let now = Instant::now();
        let mut backoff = Backoff::default();
        assert_eq!(backoff.failed(now).as_secs(), 1);
        backoff.connected(now);
        assert_eq!(backoff.failed(now + Duration::from_secs(1)).as_secs(), 2);
        backoff.connected(now);
        assert_eq!(backoff.failed(now + GOOD).as_secs(), 1);
    }
}
