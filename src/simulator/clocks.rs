//! The clocks of a simulation.

use std::time::{Duration, Instant, SystemTime};

use crate::clock::{Now, since_epoch};

/// Both clocks, read here and nowhere below.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    started: Instant,
    wall: fn() -> SystemTime,
}

impl Clock {
    pub(super) fn start(wall: fn() -> SystemTime) -> Self {
        Self { started: Instant::now(), wall }
    }

    pub(super) fn now(self) -> Now {
        Now { monotonic: self.started.elapsed(), unix: since_epoch((self.wall)()) }
    }

    pub(super) fn instant(self, deadline: Duration) -> tokio::time::Instant {
        (self.started + deadline).into()
    }
}
