//! `edgectl build`: images of modules, and on request their push.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::ValueEnum;

use super::Context;
use super::images::{self, ImageArgs, ImageRecord, Job};
use super::ledger::{Ledger, read_inputs};
use super::push::push;
use crate::engine::{Builder, Means, Place, Work};
use crate::failure::{Failure, Kind, Outcome};
use crate::image::{Bases, BuildPlan, Cache};
use crate::solution::{Solution, Target};

/// Build the images of modules
///
/// Builds what `module.json` describes, several modules at a time, with BuildKit where the engine has it. The image
/// is named `repository:version[-tag]-platform`. One whose files, options and base images are what they were is not
/// built again. When a step fails, its own output is shown, the other modules finish, and the exit code is 4.
/// With `--push` the digests of the images are noted in `images.lock`, for `deploy --pin`.
/// `DOCKER_HOST`, docker's contexts, `DOCKER_BUILDKIT` and docker's credentials count.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl build\n  edgectl build filter --build-arg VERSION=2\n  \
    edgectl build --push --platform amd64 --platform arm64v8")]
pub struct Build {
    #[command(flatten)]
    images: ImageArgs,
    /// Push each image that was built
    #[arg(long)]
    push: bool,
    /// Build argument; without `=VALUE` from the environment (can be repeated)
    #[arg(long = "build-arg", value_name = "NAME[=VALUE]", value_parser = parse_build_arg)]
    build_args: Vec<String>,
    /// Secret for `RUN --mount=type=secret`: `id=NAME,src=PATH` or `id=NAME,env=VARIABLE` (can be repeated)
    #[arg(long = "secret", value_name = "SECRET")]
    secrets: Vec<String>,
    /// SSH agent for `RUN --mount=type=ssh`: `default`, or `ID=SOCKET` (can be repeated)
    #[arg(long = "ssh", value_name = "AGENT")]
    agents: Vec<String>,
    /// Run every step, whatever earlier builds left
    #[arg(long)]
    no_cache: bool,
    /// Look for newer base images in their registries
    #[arg(long)]
    pull: bool,
    /// Builder: `auto`, `buildkit` or `classic` [default: auto, or as `DOCKER_BUILDKIT` says]
    #[arg(
        long,
        value_name = "BUILDER",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    builder: Choice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    Auto,
    #[value(name = "buildkit")]
    BuildKit,
    Classic,
}

pub(super) fn run(cx: &Context, args: &Build) -> Outcome {
    let solution = args.images.solution(cx)?;
    let mut targets = args.images.targets(&solution)?;
    let plain = targets.iter().map(|target| (target.plan.image.to_string(), target.plan.clone())).collect();
    for target in &mut targets {
        args.apply(&mut target.plan, cx)?;
        target.plan.notes.iter().for_each(|note| cx.ui().warn(format!("{}: {note}", target.module)));
    }
    let builder = args.builder().or_environment(cx.environment());
    if args.images.manifest_list && !args.push {
        return Err(Failure::usage("`--manifest-list` is for images that are pushed").hint("add `--push`"));
    }
    if args.push {
        return build_and_push(cx, args, builder, &solution, (plain, targets));
    }
    images::run(cx, (&args.images, &solution), targets, move |job| async move {
        let means = Means { builder, registries: job.registries.clone(), place: Place::Engine };
        Ok(build(&job, means).await?.0)
    })
}

/// `plain` are the plans without the flags of this run, by image: `deploy --pin` knows no others.
fn build_and_push(
    cx: &Context,
    args: &Build,
    builder: Builder,
    solution: &Solution,
    (plain, targets): (BTreeMap<String, BuildPlan>, Vec<Target>),
) -> Outcome {
    let ledger = Arc::new(Ledger::open(solution)?);
    let lists = args.images.lists(solution, &targets)?;
    let shared = Arc::new((plain, Arc::clone(&ledger), lists));
    let outcome = images::run(cx, (&args.images, solution), targets, move |job| {
        let shared = Arc::clone(&shared);
        async move {
            let (plain, ledger, lists) = &*shared;
            let means = Means { builder, registries: job.registries.clone(), place: Place::Registry };
            let plain = plain.get(&job.target.plan.image.to_string()).filter(|plain| **plain != job.target.plan);
            // Read before the build, so that what changes meanwhile is not taken for what was built.
            let inputs = match plain {
                Some(plain) => read_inputs(plain).await,
                None => None,
            };
            let (record, built) = build(&job, means).await?;
            let inputs = if plain.is_some() { inputs } else { Some(built) };
            // What the registry had already needs no push.
            let record = if record.digest.is_none() { push(&job, record).await? } else { record };
            ledger.record(&job.target, &record, inputs.clone())?;
            lists.add(&job, ledger, inputs).await?;
            Ok(record)
        }
    });
    ledger.tell(cx.ui());
    outcome
}

impl Build {
    fn builder(&self) -> Builder {
        match self.builder {
            Choice::Auto => Builder::Auto,
            Choice::BuildKit => Builder::BuildKit,
            Choice::Classic => Builder::Classic,
        }
    }

    /// Flags come after the options of `module.json`, so that they win.
    fn apply(&self, plan: &mut BuildPlan, cx: &Context) -> Outcome {
        let variable = |name: &str| cx.environment().get(name).map(str::to_owned);
        let secrets = self.secrets.iter().map(|secret| format!("--secret='{secret}'"));
        let agents = self.agents.iter().map(|agent| format!("--ssh='{agent}'"));
        let options: Vec<String> = secrets.chain(agents).collect();
        plan.apply_options(&options, &variable)
            .map_err(|error| Failure::new(Kind::Usage, error).hint("see `edgectl build --help`"))?;
        for arg in &self.build_args {
            match arg.split_once('=') {
                Some((name, value)) => drop(plan.args.insert(name.to_owned(), value.to_owned())),
                None => plan.args.extend(cx.environment().get(arg).map(|value| (arg.clone(), value.to_owned()))),
            }
        }
        if self.no_cache {
            plan.cache = Cache::Skip;
        }
        if self.pull {
            plan.bases = Bases::Refresh;
        }
        Ok(())
    }
}

/// Takes `NAME` and `NAME=VALUE`.
fn parse_build_arg(text: &str) -> Result<String, &'static str> {
    match text.split('=').next() {
        None | Some("") => Err("expected NAME or NAME=VALUE"),
        Some(_) => Ok(text.to_owned()),
    }
}

/// Builds the image of a job; also returns the hash of what it is made of.
async fn build(job: &Arc<Job>, means: Means) -> Outcome<(ImageRecord, String)> {
    let target = &job.target;
    let built = job.engine.build(&target.plan, &means, &|event| job.show(event)).await?;
    let image = target.plan.image.to_string();
    let took = images::duration(built.seconds);
    match built.work {
        Work::Nothing if built.digest.is_some() => job.done("Unchanged", &format!("`{image}`, as its registry has it")),
        Work::Nothing => job.done("Unchanged", &format!("`{image}`")),
        Work::Lookups => job.done("Built", &format!("`{image}` in {took} (every step was cached)")),
        Work::Steps => job.done("Built", &format!("`{image}` in {took}")),
    }
    let record = ImageRecord {
        module: target.module.clone(),
        platform: target.platform.to_string(),
        image,
        id: Some(built.id),
        digest: built.digest,
        cached: Some(built.work != Work::Steps),
        seconds: built.seconds,
    };
    Ok((record, built.inputs))
}
