//! Making ready what a module is run as: images built or pulled, the setup of processes run. Modules are made ready side
//! by side; one that cannot be does not keep the others.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::choose::{Candidate, Native};
use super::clocks::Clock;
use super::errands::Errand;
use super::machine::Machine;
use super::options::{Options, Permission, Subject};
use super::plan::Rebuild;
use super::setup::Setup;
use super::subject::Simulated;
use crate::engine::registry::Registries;
use crate::engine::{Builder, Engine, Event, Freshness, Login, Logins, Means, Place, Work};
use crate::failure::{Failure, Kind, OrFail, Outcome, Told};
use crate::image::{BuildPlan, Reference};
use crate::manifest::{ModuleSpec, PullPolicy};
use crate::solution::{Module, RuntimeChoice, Solution};
use crate::text::size;
use crate::ui::{Task, Ui};
use futures_util::{StreamExt, stream};

impl Prepared {
    /// Returns the engine that the module needs.
    pub(super) fn engine(&self) -> Option<&Engine> {
        match self {
            Self::Container { engine, .. } => Some(engine),
            Self::Native(..) => None,
        }
    }
}

/// How many modules of a device are made ready at a time; the engine has a line of its own for what it fetches.
const AT_ONCE: usize = 16;

/// What all preparations of a device share.
pub(super) struct Workshop<'a> {
    pub(super) ui: &'a Ui,
    pub(super) clock: Clock,
    pub(super) options: &'a Options,
    pub(super) simulated: &'a Simulated,
    pub(super) machine: &'a Machine<'a>,
    /// The state folder, where it is noted which setups have run.
    pub(super) state: &'a Path,
}

/// What a module is run as, ready to be started.
pub(super) enum Prepared {
    Container { engine: Engine, rebuild: Option<Rebuild> },
    Native(Native, Option<Rebuild>),
}

impl Workshop<'_> {
    /// Decides and prepares how each module is run, in the order of the deployment; `None` is started from outside.
    pub(super) async fn prepare_all(&self) -> Vec<Outcome<Option<Prepared>>> {
        let modules = self.simulated.deployment.modules.iter();
        let each: Vec<_> = modules.map(|spec| self.prepare_unless_external(spec)).collect();
        stream::iter(each).buffered(AT_ONCE).collect().await
    }

    async fn prepare_unless_external(&self, spec: &ModuleSpec) -> Outcome<Option<Prepared>> {
        if self.options.external.iter().any(|name| name == spec.id.as_str()) {
            return Ok(None);
        }
        self.prepare(self.candidate(spec, self.wish(spec))).await.map(Some)
    }

    /// The demo is to run without an engine, so it asks for none.
    fn wish(&self, spec: &ModuleSpec) -> RuntimeChoice {
        match (&self.options.subject, self.simulated.wish(self.options, spec)) {
            (Subject::Demo, RuntimeChoice::Auto) => RuntimeChoice::Process,
            (_, wish) => wish,
        }
    }

    fn seconds_since(&self, started: Duration) -> f64 {
        self.clock.now().monotonic.saturating_sub(started).as_secs_f64()
    }

    fn solution(&self) -> Option<&Solution> {
        self.simulated.solution.as_ref()
    }

    fn candidate<'a>(&'a self, spec: &'a ModuleSpec, wish: RuntimeChoice) -> Candidate<'a> {
        let over = self.solution().and_then(|solution| solution.settings().modules.get(spec.id.as_str()));
        let command = over.and_then(|over| over.command.as_deref());
        Candidate { spec, source: self.source(spec), wish, command }
    }

    /// Finds the source of a module in the solution: the folder that makes its image, else the one of its name.
    fn source(&self, spec: &ModuleSpec) -> Option<&Module> {
        let makes_it = self.simulated.source_of(&spec.image).map(|(module, _)| module);
        let of_that_name = || self.solution()?.modules().iter().find(|module| module.name() == spec.id.as_str());
        makes_it.or_else(of_that_name)
    }

    fn logins(&self) -> Logins {
        Logins::of_solution(&self.options.environment, self.solution())
    }

    fn means(&self) -> Means {
        let environment = &self.options.environment;
        let builder = Builder::Auto.or_environment(environment);
        Means { builder, registries: Registries::new(environment, self.logins()), place: Place::Engine }
    }

    /// Decides how a module is run, and makes that ready.
    async fn prepare(&self, candidate: Candidate<'_>) -> Outcome<Prepared> {
        match candidate.wish {
            RuntimeChoice::Docker => match self.machine.engine().await {
                Ok(engine) => self.container(engine, candidate).await,
                Err(failure) => Err(failure.clone()),
            },
            RuntimeChoice::Process => {
                let native = candidate.native_or_failure(&self.options.project)?;
                self.native(native, candidate).await
            }
            RuntimeChoice::Auto => self.whatever_works(candidate).await,
        }
    }

    async fn whatever_works(&self, candidate: Candidate<'_>) -> Outcome<Prepared> {
        let native = candidate.native(&self.options.project);
        let refused = match self.machine.engine().await {
            Ok(engine) => match self.container(engine, candidate).await {
                Ok(prepared) => return Ok(prepared),
                // A source that does not build is the developer's to mend; running something older would mislead.
                Err(failure) if candidate.source.is_some() || native.is_none() => return Err(failure),
                Err(failure) => failure,
            },
            Err(failure) => failure.clone(),
        };
        match native {
            Some(native) => self.native(native, candidate).await,
            None => Err(candidate.no_way(Some(refused))),
        }
    }

    async fn container(&self, engine: &Engine, candidate: Candidate<'_>) -> Outcome<Prepared> {
        let image = &candidate.spec.image;
        let plan = self.build_plan(candidate)?;
        let rebuild = plan.clone().map(|plan| rebuild(engine.clone(), plan, self.means()));
        match plan {
            Some(plan) if self.options.build == Permission::Refused => self.look_at(engine, candidate, &plan).await?,
            Some(plan) => {
                let errand = Errand::Build(plan.image.to_string());
                self.machine.errands.run(errand, self.build(engine, candidate, &plan)).await?;
            }
            None if !engine.has_image(image).await? => self.pull(engine, candidate).await?,
            None => {}
        }
        Ok(Prepared::Container { engine: engine.clone(), rebuild })
    }

    /// Returns how the image is built, if the solution has its source.
    fn build_plan(&self, candidate: Candidate<'_>) -> Outcome<Option<BuildPlan>> {
        let made = self.simulated.source_of(&candidate.spec.image);
        let (Some(solution), Some((source, variant))) = (self.solution(), made) else { return Ok(None) };
        let platform = solution.platform(self.simulated.wanted.platform.as_ref())?;
        let target = solution.target(source, &platform, variant, self.simulated.wanted.tag.as_deref())?;
        Ok(Some(target.plan))
    }

    /// Where nothing may be built: an image that is missing is a failure, one that is stale is told.
    async fn look_at(&self, engine: &Engine, candidate: Candidate<'_>, plan: &BuildPlan) -> Outcome {
        let module = &candidate.spec.id;
        let registries = self.means().registries;
        match engine.survey(plan, &registries).await?.freshness {
            Freshness::Missing | Freshness::InRegistry(_) => {
                Err(Failure::request(format!("the image of `{module}` is missing"))
                    .cause(format!("`{}` is not built yet, and `--no-build` is given", plan.image))
                    .hint(format!("build it with `edgectl build {module}`, or leave `--no-build` out")))
            }
            Freshness::Stale(why) => {
                self.ui.warn(format!("the image of `{module}` may be out of date: {why}"));
                self.ui.hint(format!("build it with `edgectl build {module}`, or leave `--no-build` out"));
                Ok(())
            }
            Freshness::Fresh { .. } | Freshness::NotAsked => Ok(()),
        }
    }

    /// Builds what is missing or stale.
    async fn build(&self, engine: &Engine, candidate: Candidate<'_>, plan: &BuildPlan) -> Outcome {
        let module = &candidate.spec.id;
        let task = self.ui.task(module.as_str(), format!("Building {}", plan.image));
        let built = engine.build(plan, &self.means(), &|event| show(&task, event)).await;
        task.finish();
        let built = built.map_err(|failure| self.with_output(failure))?;
        if built.work != Work::Nothing {
            self.ui.step("Built", format!("{} in {:.1}s", plan.image, built.seconds));
        }
        Ok(())
    }

    async fn pull(&self, engine: &Engine, candidate: Candidate<'_>) -> Outcome {
        let (module, image) = (&candidate.spec.id, &candidate.spec.image);
        if candidate.spec.pull == PullPolicy::Never {
            return Err(Failure::machine(format!("the image of `{module}` is missing"))
                .cause(format!("the engine has no `{image}`, and its `imagePullPolicy` is `never`"))
                .hint(format!("fetch it with `docker pull {image}`")));
        }
        let reference = Reference::parse(image)
            .or_fail(Kind::Request, || format!("module `{module}` has no usable image"))
            .map_err(|failure| failure.hint("write it as `registry/repository:tag`"))?;
        let logins = self.logins().with(self.registries());
        let login = logins.given(reference.registry()).cloned();
        let is_given = login.is_some();
        let fetch = async {
            let task = self.ui.task(module.as_str(), format!("Pulling {image}"));
            let started = self.clock.now().monotonic;
            let pulled = engine.pull(&reference, &logins, &|event| show(&task, event)).await;
            task.finish();
            pulled?;
            self.ui.step("Pulled", format!("{image} in {:.1}s", self.seconds_since(started)));
            Ok(())
        };
        self.machine.errands.run(Errand::Pull(image.clone(), login), fetch).await.map_err(|failure| {
            let failure = match is_given {
                true => failure.hint("the login came from `registryCredentials` of the deployment; correct it there"),
                false => failure,
            };
            failure.hint(format!(
                "leave the module out with `--without {module}`, or run it with `--runtime {module}=process`"
            ))
        })
    }

    /// Returns the logins that the manifest gives the device.
    fn registries(&self) -> impl Iterator<Item = (String, Login)> {
        let registries = self.simulated.deployment.registries.iter();
        registries.map(|registry| {
            let login = Login::Password { user: registry.username.clone(), secret: registry.password.clone() };
            (registry.address.clone(), login)
        })
    }

    async fn native(&self, native: Native, candidate: Candidate<'_>) -> Outcome<Prepared> {
        let setup = candidate.source.and_then(|source| source.run()).filter(|run| !run.setup.is_empty());
        let (Native::Process { .. }, Some(run)) = (&native, setup) else {
            return Ok(Prepared::Native(native, None));
        };
        let setup = Setup {
            module: candidate.spec.id.to_string(),
            commands: run.setup.clone(),
            folder: run.cwd.clone(),
            environment: self.options.environment.clone(),
        };
        let _turn = self.machine.errands.setup().await;
        if self.options.setup == Permission::Granted && !setup.is_done(self.state)? {
            self.ask(&setup)?;
            self.run_setup(&setup).await?;
            setup.note_done(self.state)?;
        }
        let setup = Arc::new(setup);
        let ui = *self.ui;
        let again: Rebuild = Arc::new(move || {
            let setup = Arc::clone(&setup);
            Box::pin(async move { setup.run(&|line| ui.detail(format!("{} | {line}", setup.module))).await })
        });
        Ok(Prepared::Native(native, Some(again)))
    }

    /// Shows the last line of a setup while it runs, and all of them with `--verbose`.
    async fn run_setup(&self, setup: &Setup) -> Outcome {
        let started = self.clock.now().monotonic;
        let task = self.ui.task(&setup.module, "Setting up");
        let tell = |line: &str| {
            task.update(line);
            task.detail(&format!("{} | {line}", setup.module));
        };
        let done = setup.run(&tell).await;
        task.finish();
        done.map_err(|failure| self.with_output(failure))?;
        self.ui.step("Set up", format!("{} in {:.1}s", setup.module, self.seconds_since(started)));
        Ok(())
    }

    /// The document of a failure has no place for an excerpt.
    fn with_output(&self, failure: Failure) -> Failure {
        match failure.excerpt_text().map(str::to_owned) {
            Some(output) if self.ui.is_json() => failure.cause(output),
            _ => failure,
        }
    }

    fn ask(&self, setup: &Setup) -> Outcome {
        for command in &setup.commands {
            self.ui.step("Setup", format!("{}: {}", setup.module, command.join(" ")));
        }
        let question = format!("Run the setup of `{}` in {}?", setup.module, setup.folder.display());
        match self.ui.confirm(&question, "`--yes` to run it, or `--no-setup` to go on without")? {
            true => Ok(()),
            false => Err(Failure::request(format!("the setup of `{}` was declined", setup.module))
                .hint("pass `--no-setup` to go on without it")),
        }
    }
}

/// What registries answered may have changed since, and is asked anew.
fn rebuild(engine: Engine, plan: BuildPlan, means: Means) -> Rebuild {
    Arc::new(move || {
        let (engine, plan) = (engine.clone(), plan.clone());
        let means = Means { registries: means.registries.anew(), ..means.clone() };
        Box::pin(async move { engine.build(&plan, &means, &|_| {}).await.map(drop) })
    })
}

fn show(task: &Task, event: Event<'_>) {
    match event {
        Event::StepStarted(step) => task.update(step),
        Event::Output(line) => task.detail(line),
        Event::Transferred { bytes, total } => {
            task.update(format!("moving layers, {} of {}", size(bytes), size(total)))
        }
        Event::ContextSent(bytes) => task.update(format!("sending the context, {}", size(bytes))),
        Event::Warning(text) | Event::Needed(text) => task.detail(text),
    }
}

/// Makes one failure of those of many modules, each with its device. What stands against several is told once.
pub(super) fn sum_up(ui: &Ui, failures: Vec<(&Simulated, Failure)>) -> Failure {
    let modules = failures.len();
    let says = |failure: &Failure| (failure.message().to_owned(), failure.causes().to_owned());
    let mut distinct: Vec<(&Simulated, Failure)> = Vec::new();
    for (device, failure) in failures {
        if !distinct.iter().any(|(_, other)| says(other) == says(&failure)) {
            distinct.push((device, failure));
        }
    }
    let doing = format!("cannot make {modules} modules ready");
    let (bare, named): (Vec<_>, Vec<_>) =
        distinct.into_iter().map(|(device, failure)| (failure.clone(), device.about(failure))).unzip();
    match &named[..] {
        [failure] => failure.clone(),
        failures if ui.is_json() => Failure::sum_up(doing, failures, Told::NotYet),
        failures => {
            let is_news = |at: &usize| bare[..*at].iter().all(|other| other.causes() != bare[*at].causes());
            (0..failures.len()).filter(is_news).for_each(|at| ui.fail(&failures[at]));
            Failure::sum_up(doing, &bare, Told::Already)
        }
    }
}
