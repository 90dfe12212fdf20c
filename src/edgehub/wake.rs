//! The next moment at which something may be due, without a look at everything that waits.
//!
//! Between two messages of a busy hub nothing but its queues, its clients and its modules could be asked for their
//! deadlines, all of them, each time. So whoever begins to wait says so once, what ends early says nothing, and the whole
//! is looked at only when the moment has come: too early at worst, and never too late.

use std::time::Duration;

/// A moment on the monotonic clock, no later than the first of those that were named.
#[derive(Debug, Default)]
pub(super) struct Wake(Option<Duration>);

impl Wake {
    /// Returns the moment; `None` if nothing was named.
    pub(super) fn at(&self) -> Option<Duration> {
        self.0
    }

    /// Names a moment at which something will be due.
    pub(super) fn by(&mut self, at: Duration) {
        self.0 = Some(self.0.map_or(at, |known| known.min(at)));
    }

    /// Forgets all that was named for the moments that are left, after a look at everything.
    pub(super) fn reset(&mut self, left: impl IntoIterator<Item = Option<Duration>>) {
        self.0 = left.into_iter().flatten().min();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_first_of_the_moments_named_until_everything_was_looked_at() {
        let [one, two, three] = [1, 2, 3].map(Duration::from_secs);
        let mut wake = Wake::default();
        assert_eq!(wake.at(), None);
        [two, one, three].into_iter().for_each(|at| wake.by(at));
        assert_eq!(wake.at(), Some(one));
        wake.reset([None, Some(three), Some(two)]);
        assert_eq!(wake.at(), Some(two));
        wake.reset([None]);
        assert_eq!(wake.at(), None);
    }
}
