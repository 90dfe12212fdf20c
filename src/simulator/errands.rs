//! What preparations that go on side by side must not do twice or at the same time: several devices, and several modules
//! of one, often want the same image.

use std::sync::Arc;
use std::sync::{Mutex, PoisonError, Weak};

use tokio::sync::{self, MutexGuard, OnceCell, Semaphore};

use crate::engine::Login;
use crate::failure::Outcome;

/// What is under way for all devices of a simulation.
pub(super) struct Errands {
    underway: Mutex<Vec<(Errand, Weak<OnceCell<Outcome>>)>>,
    builds: Semaphore,
    setups: sync::Mutex<()>,
}

/// An image that is wanted.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Errand {
    /// Made from its source, by its name.
    Build(String),
    /// Fetched by its name; somebody else's login may be refused where this one is not.
    Pull(String, Option<Login>),
}

impl Errands {
    /// Nothing is under way; builds are as many at a time as there are cores.
    pub(super) fn none() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { underway: Mutex::default(), builds: Semaphore::new(cores), setups: sync::Mutex::default() }
    }

    /// Does the work, unless the same is under way: then waits for that, and returns how it ended.
    ///
    /// Nothing is remembered of work that is done: a tag may have moved since.
    pub(super) async fn run(&self, errand: Errand, work: impl Future<Output = Outcome>) -> Outcome {
        let is_build = matches!(errand, Errand::Build(_));
        let ending = self.ending(errand);
        let run = async || {
            // The semaphore is never closed.
            let _slot = if is_build { self.builds.acquire().await.ok() } else { None };
            work.await
        };
        ending.get_or_init(run).await.clone()
    }

    fn ending(&self, errand: Errand) -> Arc<OnceCell<Outcome>> {
        let mut underway = self.underway.lock().unwrap_or_else(PoisonError::into_inner);
        underway.retain(|(_, ending)| ending.strong_count() > 0);
        let same = underway.iter().find(|(other, _)| *other == errand);
        if let Some(ending) = same.and_then(|(_, ending)| ending.upgrade()) {
            return ending;
        }
        let ending = Arc::default();
        underway.push((errand, Arc::downgrade(&ending)));
        ending
    }

    /// Waits for one's turn to set up a module: a person answers one question at a time, and a folder of packages may be
    /// that of several modules.
    pub(super) async fn setup(&self) -> MutexGuard<'_, ()> {
        self.setups.lock().await
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::future::join_all;
    use tokio::task::yield_now;

    use super::*;
    use crate::failure::Failure;

    fn pull(user: &str) -> Errand {
        let login = Login::Password { user: user.to_owned(), secret: String::new() };
        Errand::Pull("r/i:1".to_owned(), Some(login))
    }

    #[tokio::test]
    async fn what_several_want_at_the_same_time_is_done_once_and_ends_for_all() {
        let (errands, done) = (Errands::none(), Cell::new(0));
        let fail = || async {
            yield_now().await;
            done.set(done.get() + 1);
            Err(Failure::refused(format!("refused {}", done.get())))
        };
        let ends = join_all(["a", "b", "a"].map(|user| errands.run(pull(user), fail()))).await;
        let ends: Vec<_> = ends.iter().map(|end| end.as_ref().expect_err("refused").message()).collect();
        assert_eq!(ends, ["refused 1", "refused 2", "refused 1"]);
        assert_eq!(errands.run(pull("a"), async { Ok(()) }).await, Ok(()), "it is tried anew afterwards");
    }

    #[tokio::test]
    async fn whoever_is_left_does_what_another_gave_up() {
        let errands = Errands::none();
        let mut given_up = Box::pin(errands.run(pull("a"), std::future::pending()));
        assert!(futures_util::poll!(given_up.as_mut()).is_pending());
        let mut other = Box::pin(errands.run(pull("a"), async { Ok(()) }));
        assert!(futures_util::poll!(other.as_mut()).is_pending());
        drop(given_up);
        assert_eq!(other.await, Ok(()));
    }
}
