//! A timer for deadlines that are put off again and again.
//!
//! Every packet puts a keep-alive off, and every delivery the time until it is overdue. To tell the runtime each time
//! would cost more than the packet: it wakes the thread that waits for sockets. So the timer is left to ring too early,
//! once, and is set anew only then, or for a deadline that comes sooner.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::clocks::Clock;

/// The last deadline that is told from none: who asks for more means for ever, and no clock has so late an instant.
const LATEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// One timer, used over and over.
#[derive(Debug)]
pub(super) struct Alarm {
    clock: Clock,
    /// Set at its first use.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, sleep: None }
    }

    /// Waits until a deadline on the monotonic clock; for ever without one. May be dropped and called again.
    pub(super) async fn wait(&mut self, deadline: Option<Duration>) {
        let Some(deadline) = deadline else { return std::future::pending().await };
        let at = self.clock.instant(deadline.min(LATEST));
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if at < sleep.deadline() {
            sleep.as_mut().reset(at);
        }
        loop {
            sleep.as_mut().await;
            if at <= Instant::now() {
                return;
            }
            sleep.as_mut().reset(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waits for a deadline and is interrupted at once.
    async fn begin_to_wait(alarm: &mut Alarm, deadline: Duration) {
        tokio::select! {
            biased;
            () = alarm.wait(Some(deadline)) => panic!("it rang before {deadline:?}"),
            () = std::future::ready(()) => {}
        }
    }

    #[tokio::test]
    async fn it_rings_at_the_last_deadline_that_was_given() {
        let clock = Clock::start(std::time::SystemTime::now);
        let mut alarm = Alarm::new(clock);
        for (first, last) in [(3_600_000, 5), (10, 20), (25, 25), (1, 26)] {
            let last = Duration::from_millis(last);
            begin_to_wait(&mut alarm, clock.now().monotonic + Duration::from_millis(first)).await;
            alarm.wait(Some(last)).await;
            assert!(clock.now().monotonic >= last, "{first}");
        }
    }

    #[tokio::test]
    async fn without_a_deadline_it_never_rings() {
        let clock = Clock::start(std::time::SystemTime::now);
        let mut alarm = Alarm::new(clock);
        begin_to_wait(&mut alarm, Duration::MAX).await;
        begin_to_wait(&mut alarm, Duration::from_secs(3600)).await;
        alarm.wait(Some(Duration::ZERO)).await;
        tokio::select! {
            biased;
            () = alarm.wait(None) => panic!("there is nothing to wait for"),
            () = std::future::ready(()) => {}
        }
    }
}
