//! Making ready what a module is run as: images built or pulled, the setup of processes run.

use std::path::Path;
use std::sync::Arc;

use super::choose::{Candidate, Native};
use super::options::{Options, Permission, Subject};
use super::plan::Rebuild;
use super::setup::Setup;
use super::subject::Simulated;
use crate::engine::{Builder, Engine, Event, Logins};
use crate::environment::Environment;
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::image::{BuildPlan, Reference, Variant};
use crate::manifest::{ModuleSpec, PullPolicy};
use crate::solution::{Module, RuntimeChoice, Solution, Wanted};
use crate::ui::{Task, Ui};

impl Prepared {
    /// Returns the engine that the module needs.
    pub(super) fn engine(&self) -> Option<&Engine> {
        match self {
            Self::Container { engine, .. } => Some(engine),
            Self::Native(..) => None,
        }
    }
}

/// What all preparations share.
struct Workshop<'a> {
    ui: &'a Ui,
    environment: &'a Environment,
    solution: Option<&'a Solution>,
    root: &'a Path,
    /// The state folder, where it is noted which setups have run.
    state: &'a Path,
    engine: Result<Engine, Failure>,
    wanted: &'a Wanted,
    build: Permission,
    setup: Permission,
}

/// What a module is run as, ready to be started.
pub(super) enum Prepared {
    Container { engine: Engine, rebuild: Option<Rebuild> },
    Native(Native, Option<Rebuild>),
}

/// Decides and prepares how each module is run, in the order of the deployment; `None` is started from outside.
pub(super) async fn prepare_all(
    ui: &Ui,
    options: &Options,
    simulated: &Simulated,
    state: &Path,
) -> Outcome<Vec<Option<Prepared>>> {
    let modules = &simulated.deployment.modules;
    let is_external = |spec: &ModuleSpec| options.external.iter().any(|name| name == spec.id.as_str());
    let needs_engine = |spec: &ModuleSpec| match (&options.subject, simulated.wish(options, spec)) {
        (Subject::Demo, wish) => wish == RuntimeChoice::Docker,
        (Subject::Solution(_), wish) => wish != RuntimeChoice::Process,
    };
    let engine = match modules.iter().any(|spec| !is_external(spec) && needs_engine(spec)) {
        true => Engine::connect(&options.environment).await,
        false => Err(Failure::machine("no container engine was asked for")),
    };
    let workshop = Workshop {
        ui,
        environment: &options.environment,
        solution: simulated.solution.as_ref(),
        root: &options.project,
        state,
        engine,
        wanted: &simulated.wanted,
        build: options.build,
        setup: options.setup,
    };
    let mut all = Vec::new();
    for spec in modules {
        let prepared = match is_external(spec) {
            true => None,
            false => Some(workshop.prepare(workshop.candidate(spec, simulated.wish(options, spec))).await?),
        };
        all.push(prepared);
    }
    Ok(all)
}

impl Workshop<'_> {
    fn candidate<'a>(&'a self, spec: &'a ModuleSpec, wish: RuntimeChoice) -> Candidate<'a> {
        let over = self.solution.and_then(|solution| solution.settings().modules.get(spec.id.as_str()));
        let command = over.and_then(|over| over.command.as_deref());
        Candidate { spec, source: self.source(spec), wish, command }
    }

    /// Finds the source of a module in the solution: the folder that makes its image, else the one of its name.
    fn source(&self, spec: &ModuleSpec) -> Option<&Module> {
        let solution = self.solution?;
        let platform = solution.platform(self.wanted.platform.as_ref()).ok()?;
        let tag = solution.tag_suffix(self.wanted.tag.as_deref());
        let makes_it = |module: &&Module| {
            module.image(&platform, Variant::Release, tag).is_ok_and(|image| image.to_string() == spec.image)
        };
        let modules = solution.modules();
        modules.iter().find(makes_it).or_else(|| modules.iter().find(|module| module.name() == spec.id.as_str()))
    }

    /// Decides how a module is run, and makes that ready.
    pub(super) async fn prepare(&self, candidate: Candidate<'_>) -> Outcome<Prepared> {
        match candidate.wish {
            RuntimeChoice::Docker => match &self.engine {
                Ok(engine) => self.container(engine, candidate).await,
                Err(failure) => Err(copy(failure)),
            },
            RuntimeChoice::Process => {
                let native = candidate.native_or_failure(self.root)?;
                self.native(native, candidate).await
            }
            RuntimeChoice::Auto => self.whatever_works(candidate).await,
        }
    }

    async fn whatever_works(&self, candidate: Candidate<'_>) -> Outcome<Prepared> {
        let native = candidate.native(self.root);
        let refused = match &self.engine {
            Ok(engine) => match self.container(engine, candidate).await {
                Ok(prepared) => return Ok(prepared),
                // A source that does not build is the developer's to mend; running something older would mislead.
                Err(failure) if candidate.source.is_some() || native.is_none() => return Err(failure),
                Err(failure) => failure,
            },
            Err(failure) => copy(failure),
        };
        match native {
            Some(native) => self.native(native, candidate).await,
            None => Err(candidate.no_way(Some(refused))),
        }
    }

    async fn container(&self, engine: &Engine, candidate: Candidate<'_>) -> Outcome<Prepared> {
        let image = &candidate.spec.image;
        let plan = self.build_plan(candidate)?;
        let rebuild = plan.clone().map(|plan| rebuild(engine.clone(), plan, self.environment.clone()));
        if !engine.has_image(image).await? {
            match plan {
                Some(plan) => self.build(engine, candidate, &plan).await?,
                None => self.pull(engine, candidate).await?,
            }
        }
        Ok(Prepared::Container { engine: engine.clone(), rebuild })
    }

    /// Returns how the image is built, if the solution has its source.
    fn build_plan(&self, candidate: Candidate<'_>) -> Outcome<Option<BuildPlan>> {
        let (Some(solution), Some(source)) = (self.solution, candidate.source) else { return Ok(None) };
        let platform = solution.platform(self.wanted.platform.as_ref())?;
        let target = solution.target(source, &platform, Variant::Release, self.wanted.tag.as_deref())?;
        Ok((target.plan.image.to_string() == candidate.spec.image).then_some(target.plan))
    }

    async fn build(&self, engine: &Engine, candidate: Candidate<'_>, plan: &BuildPlan) -> Outcome {
        let module = &candidate.spec.id;
        if self.build == Permission::Refused {
            return Err(Failure::request(format!("the image of `{module}` is missing"))
                .cause(format!("`{}` is not built yet, and `--no-build` is given", plan.image))
                .hint(format!("build it with `edgectl build {module}`, or leave `--no-build` out")));
        }
        let progress = self.ui.progress();
        let task = progress.task(module.as_str(), format!("Building {}", plan.image));
        let logins = Logins::new(self.environment);
        let builder = Builder::Auto.or_environment(self.environment);
        let built = engine.build(plan, builder, &logins, &|event| show(&task, event)).await;
        task.finish();
        let built = built?;
        self.ui.step("Built", format!("{} in {:.1}s", plan.image, built.seconds));
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
        let progress = self.ui.progress();
        let task = progress.task(module.as_str(), format!("Pulling {image}"));
        let pulled = engine.pull(&reference, &Logins::new(self.environment), &|event| show(&task, event)).await;
        task.finish();
        pulled.map_err(|failure| {
            failure.hint(format!(
                "leave the module out with `--without {module}`, or run it with `--runtime {module}=process`"
            ))
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
            environment: self.environment.clone(),
        };
        if self.setup == Permission::Granted && !setup.is_done(self.state)? {
            self.ask(&setup)?;
            setup.run(self.ui).await?;
            setup.note_done(self.state)?;
        }
        let setup = Arc::new(setup);
        let ui = *self.ui;
        let again: Rebuild = Arc::new(move || {
            let setup = Arc::clone(&setup);
            Box::pin(async move { setup.run(&ui).await })
        });
        Ok(Prepared::Native(native, Some(again)))
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

fn rebuild(engine: Engine, plan: BuildPlan, environment: Environment) -> Rebuild {
    Arc::new(move || {
        let (engine, plan, environment) = (engine.clone(), plan.clone(), environment.clone());
        Box::pin(async move {
            let builder = Builder::Auto.or_environment(&environment);
            engine.build(&plan, builder, &Logins::new(&environment), &|_| {}).await.map(drop)
        })
    })
}

fn show(task: &Task, event: Event<'_>) {
    match event {
        Event::StepStarted(step) => task.update(step),
        Event::Output(line) => task.detail(line),
        Event::Transferred { bytes, total } => task.update(format!("{bytes} of {total} bytes")),
        Event::ContextSent(bytes) => task.update(format!("{bytes} bytes of context sent")),
        Event::Warning(text) => task.detail(text),
    }
}

fn copy(failure: &Failure) -> Failure {
    let copied = failure.causes().iter().fold(Failure::new(failure.kind(), failure.message()), Failure::cause);
    failure.hints().iter().fold(copied, Failure::hint)
}
