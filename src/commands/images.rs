//! What `build` and `push` share: which images, many at a time, how they are told.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Context;
use super::input::SetArgs;
use super::lists::Lists;
use crate::engine::registry::Registries;
use crate::engine::{Engine, Event, Logins};
use crate::failure::{Failure, Kind, OrFail, Outcome, Told};
use crate::image::{Platform, Variant};
use crate::solution::{Platforms, Selection, Solution, Target};
use crate::text::{counted, size};
use crate::ui::{Task, Ui};

/// Which images.
#[derive(Debug, clap::Args)]
pub(super) struct ImageArgs {
    /// Modules [default: all that the deployment template names]
    #[arg(value_name = "MODULE")]
    modules: Vec<String>,
    /// Platform of the images (can be repeated) [default: `DEFAULT_PLATFORM`, or amd64]
    ///
    /// The word of `module.json` or the engine's: `arm64v8` and `linux/arm64` are one platform.
    #[arg(short = 'P', long = "platform", value_name = "PLATFORM")]
    platforms: Vec<Platform>,
    /// Deployment template or manifest that names the modules [default: the solution's template]
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Suffix of image tags, after the version [default: `CONTAINER_TAG`]
    #[arg(long, value_name = "SUFFIX")]
    tag: Option<String>,
    /// The images with a debugger, of `<platform>.debug` in `module.json`, where a module has one
    #[arg(long)]
    debug: bool,
    /// With a push: also one name without platform for the images of all platforms, for `deploy --platform multi`
    ///
    /// The list names the platforms of the module's module.json, or those of `--platform`. What `push` does not find in
    /// this engine may be in the registry already, from another machine.
    #[arg(long)]
    pub(super) manifest_list: bool,
    #[command(flatten)]
    variables: SetArgs,
    /// Images at a time [default: one for each core]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Cancel the others when one fails [default: they finish]
    #[arg(long)]
    fail_fast: bool,
}

/// What `--json` prints for one image.
///
/// `id` is the engine's, `digest` the registry's (null if it was not pushed); `cached` says that no step ran (null if
/// nothing was built).
#[derive(Debug, Clone, Serialize)]
pub(super) struct ImageRecord {
    pub(super) module: String,
    pub(super) platform: String,
    pub(super) image: String,
    pub(super) id: Option<String>,
    pub(super) digest: Option<String>,
    pub(super) cached: Option<bool>,
    #[serde(serialize_with = "in_milliseconds")]
    pub(super) seconds: f64,
}

/// What one job may use.
pub(super) struct Job {
    pub(super) engine: Engine,
    pub(super) registries: Registries,
    pub(super) target: Target,
    pub(super) ui: Ui,
    task: Task,
    name: String,
}

impl ImageArgs {
    /// Opens the solution with the variables of the command line.
    pub(super) fn solution(&self, cx: &Context) -> Outcome<Solution> {
        Solution::open(cx.project(), cx.environment(), &self.variables.set)
    }

    /// Returns the images that are meant; an error if there are none.
    pub(super) fn targets(&self, solution: &Solution) -> Outcome<Vec<Target>> {
        let selection = Selection {
            modules: &self.modules,
            platforms: match self.manifest_list && self.platforms.is_empty() {
                true => Platforms::Every,
                false => Platforms::Named(&self.platforms),
            },
            file: self.file.as_deref(),
            tag: self.tag.as_deref(),
            variant: if self.debug { Variant::Debug } else { Variant::Release },
        };
        let targets = solution.targets(selection)?;
        if targets.is_empty() {
            solution.template()?;
            let folder = solution.shown(&solution.modules_folder());
            return Err(Failure::request("there is no module to build")
                .cause(format!("the deployment template names no module of `{folder}`"))
                .hint("add one with `edgectl new module NAME`, or name the modules"));
        }
        Ok(targets)
    }

    /// Returns what follows the version in tags.
    pub(super) fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Returns the lists that are wanted.
    pub(super) fn lists(&self, solution: &Solution, targets: &[Target]) -> Outcome<Lists> {
        if self.manifest_list { Lists::of(solution, targets, self.tag()) } else { Ok(Lists::none()) }
    }
}

/// Does `work` for every image, several at a time, and tells the results; the others finish when one fails.
pub(super) fn run<W>(
    cx: &Context,
    (args, solution): (&ImageArgs, &Solution),
    targets: Vec<Target>,
    work: impl Fn(Arc<Job>) -> W + Send + Sync + 'static,
) -> Outcome
where
    W: Future<Output = Outcome<ImageRecord>> + Send + 'static,
{
    let ui = *cx.ui();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let pace = Pace { jobs: args.jobs.map_or(cores, usize::from), fail_fast: args.fail_fast };
    let total = targets.len();
    let outcomes = cx.block_on(async {
        let engine = Engine::connect(cx.environment()).await?;
        let registries = Registries::new(cx.environment(), Logins::of_solution(cx.environment(), solution));
        let all = run_all(cx, (engine, registries), pace, targets, work);
        tokio::select! {
            outcomes = all => outcomes,
            // What is dropped here is cancelled in the engine too.
            _ = tokio::signal::ctrl_c() => Err(Failure::interrupted()),
        }
    })?;
    let (records, failures): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    let records: Vec<ImageRecord> = records.into_iter().flatten().collect();
    // Where nothing was done, stdout stays empty: the failure on stderr is the answer.
    if !records.is_empty() {
        tell(&ui, &records)?;
    }
    let failures: Vec<_> = failures.into_iter().filter_map(Result::err).collect();
    let cancelled = total - records.len() - failures.len();
    conclude(&ui, Ended { total, cancelled }, failures)
}

/// How many at a time, and whether the first failure ends all.
#[derive(Debug, Clone, Copy)]
struct Pace {
    jobs: usize,
    fail_fast: bool,
}

/// How many images were wanted, and how many of them were given up for another one's failure.
#[derive(Debug, Clone, Copy)]
struct Ended {
    total: usize,
    cancelled: usize,
}

/// Returns the outcomes in the order of the targets, without those that were cancelled.
async fn run_all<W>(
    cx: &Context,
    (engine, registries): (Engine, Registries),
    pace: Pace,
    targets: Vec<Target>,
    work: impl Fn(Arc<Job>) -> W + Send + Sync + 'static,
) -> Outcome<Vec<Outcome<ImageRecord>>>
where
    W: Future<Output = Outcome<ImageRecord>> + Send + 'static,
{
    let several = targets.iter().any(|target| target.platform != targets[0].platform);
    let count = targets.len();
    let slots = Arc::new(Semaphore::new(pace.jobs));
    let work = Arc::new(work);
    let mut running = JoinSet::new();
    for (index, target) in targets.into_iter().enumerate() {
        let name = if several { format!("{} {}", target.module, target.platform) } else { target.module.clone() };
        let (engine, registries, ui) = (engine.clone(), registries.clone(), *cx.ui());
        let (slots, work) = (slots.clone(), work.clone());
        running.spawn(async move {
            let _slot = slots.acquire_owned().await;
            let task = ui.task(&name, target.plan.image.to_string());
            let job = Arc::new(Job { engine, registries, target, ui, task, name });
            let outcome = work(job.clone()).await;
            job.task.finish();
            if let (Err(failure), true) = (&outcome, count > 1 && !ui.is_json()) {
                ui.fail(failure);
            }
            (index, outcome)
        });
    }
    in_order(running, pace.fail_fast).await
}

/// Waits for all jobs, or with `fail_fast` for the first that fails, and sorts what they return by their numbers.
async fn in_order<T: 'static>(mut running: JoinSet<(usize, Outcome<T>)>, fail_fast: bool) -> Outcome<Vec<Outcome<T>>> {
    let mut outcomes = Vec::with_capacity(running.len());
    while let Some(ended) = running.join_next().await {
        outcomes.push(ended.or_fail(Kind::Bug, || "a job ended early")?);
        if fail_fast && outcomes.last().is_some_and(|(_, outcome)| outcome.is_err()) {
            // What is dropped here is cancelled in the engine too.
            running.shutdown().await;
        }
    }
    outcomes.sort_by_key(|(index, _)| *index);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

impl Job {
    /// Shows an event behind the job's name.
    pub(super) fn show(&self, event: Event<'_>) {
        match event {
            Event::Needed(why) => self.task.detail(&format!("{}: {why}", self.name)),
            Event::ContextSent(bytes) => self.task.update(format!("sending the context, {}", size(bytes))),
            Event::StepStarted(step) => {
                self.task.update(step);
                self.task.detail(&format!("{} {step}", self.name));
            }
            Event::Output(line) => self.task.detail(&format!("{} | {line}", self.name)),
            Event::Transferred { bytes, total } => {
                self.task.update(format!("moving layers, {} of {}", size(bytes), size(total)));
            }
            Event::Warning(text) => self.ui.warn(format!("{}: {text}", self.name)),
        }
    }

    /// Tells a step that is done.
    pub(super) fn done(&self, verb: &str, what: &str) {
        self.ui.step(verb, what);
    }
}

fn tell(ui: &Ui, records: &[ImageRecord]) -> Outcome {
    if ui.is_json() {
        return ui.document(&records);
    }
    records.iter().try_for_each(|record| match &record.digest {
        Some(digest) => ui.result(format!("{}@{digest}", record.image)),
        None => ui.result(&record.image),
    })
}

/// One failure is told as it is; of several the details were told when they happened.
fn conclude(ui: &Ui, ended: Ended, mut failures: Vec<Failure>) -> Outcome {
    if failures.is_empty() {
        return Ok(());
    }
    if ended.total == 1 {
        return Err(with_output(ui, failures.remove(0)));
    }
    let unfinished = failures.len() + ended.cancelled;
    let failures: Vec<_> = failures.into_iter().map(|failure| with_output(ui, failure)).collect();
    let told = if ui.is_json() { Told::NotYet } else { Told::Already };
    let summary = Failure::sum_up(format!("cannot finish {unfinished} of {} images", ended.total), &failures, told);
    Err(match ended.cancelled {
        0 => summary,
        cancelled => summary.cause(format!("`--fail-fast` cancelled {}", counted(cancelled as u64, "image"))),
    })
}

/// The document of a failure has no place for an excerpt; a pipeline wants the step's output all the same.
fn with_output(ui: &Ui, failure: Failure) -> Failure {
    match failure.excerpt_text().map(str::to_owned) {
        Some(output) if ui.is_json() => failure.cause(output),
        _ => failure,
    }
}

fn in_milliseconds<S: serde::Serializer>(seconds: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((seconds * 1000.0).round() / 1000.0)
}

/// Says how long something took, in the unit that a person would choose.
pub(super) fn duration(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.1}s");
    }
    let whole = seconds.round() as u64;
    format!("{}m{:02}s", whole / 60, whole % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_for_people() {
        assert_eq!([duration(0.04), duration(12.34), duration(75.4)], ["0.0s", "12.3s", "1m15s"]);
    }
}
