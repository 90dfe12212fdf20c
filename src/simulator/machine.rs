//! What this machine runs modules with: its container engine, asked for when it is first needed and then no more, and
//! what is under way to get modules ready.

use tokio::sync::OnceCell;

use super::errands::Errands;
use super::options::{Options, Subject};
use crate::engine::Engine;
use crate::failure::Failure;
use crate::image::Platform;
use crate::solution::{RuntimeChoice, Settings};

/// The machine as one simulation knows it.
pub(super) struct Machine<'a> {
    options: &'a Options,
    engine: OnceCell<Result<Engine, Failure>>,
    pub(super) errands: Errands,
}

impl<'a> Machine<'a> {
    pub(super) fn new(options: &'a Options) -> Self {
        Self { options, engine: OnceCell::new(), errands: Errands::none() }
    }

    /// Returns the engine, or why there is none.
    pub(super) async fn engine(&self) -> Result<&Engine, &Failure> {
        self.engine.get_or_init(|| Engine::connect(&self.options.environment)).await.as_ref()
    }

    /// Returns the platform whose images run here: the engine's own where containers are possible, else the
    /// processor's.
    pub(super) async fn platform(&self, settings: &Settings) -> Platform {
        let of_engine = match self.may_run_containers(settings) {
            true => match self.engine().await {
                Ok(engine) => engine.platform().await.ok(),
                Err(_) => None,
            },
            false => None,
        };
        let parsed = of_engine.and_then(|platform| Platform::parse(&platform).ok());
        parsed.unwrap_or_else(Platform::of_this_machine)
    }

    /// Says whether flags and `edgectl.yaml` leave room for a container; the deployment is not read yet.
    fn may_run_containers(&self, settings: &Settings) -> bool {
        let of_all = self.options.runtime.or(settings.simulate.runtime).unwrap_or(RuntimeChoice::Auto);
        let of_modules = settings.modules.values().filter_map(|over| over.runtime);
        let mut choices = self.options.runtimes.values().copied().chain(of_modules).chain([of_all]);
        matches!(self.options.subject, Subject::Solution(_)) && choices.any(|choice| choice != RuntimeChoice::Process)
    }
}
