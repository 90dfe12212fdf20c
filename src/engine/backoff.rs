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
        let Some(pause) = self.left.next().filter(|_| rest <= LONGEST) else { return false };
        let pause = rest.max(*pause);
        watch(Event::Warning(&format!("{why}; trying again in {} s", pause.as_secs())));
        tokio::time::sleep(pause).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_are_at_least_what_is_asked_for_and_bounded() {
        let told = Mutex::new(Vec::new());
        let watch = |event: Event<'_>| match event {
            Event::Warning(text) => told.lock().expect("nobody panicked").push(text.to_owned()),
            _ => panic!("it warns"),
        };
        let (mut backoff, started) = (Backoff::new(), tokio::time::Instant::now());
        assert!(!Backoff::new().wait_for("no", Duration::from_secs(61), &watch).await);
        for rest in [0, 60, 3] {
            assert!(backoff.wait_for("no", Duration::from_secs(rest), &watch).await);
        }
        assert!(!backoff.wait("no", &watch).await, "three attempts more are enough");
        assert_eq!(started.elapsed().as_secs(), 1 + 60 + 4);
        let told = told.into_inner().expect("nobody panicked");
        assert_eq!(told, [1, 60, 4].map(|seconds| format!("no; trying again in {seconds} s")));
    }
}
