//! Building images: one request, told as it goes, with the failing step in the failure.
//!
//! BuildKit gets the context as an archive, not by a file-sync session (bollard 0.21 has none while it streams).
//! It therefore cannot keep a Dockerfile out of `COPY . .` that the ignore file names: the Dockerfile is always sent.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use bollard::auth::DockerCredentials;
use bollard::models::BuildInfo;
use bollard::query_parameters::{BuildImageOptions, BuilderVersion};
use futures_util::StreamExt;
use tokio::time::{Instant, MissedTickBehavior};

use super::archive::{self, Packing};
use super::builder::Tool;
use super::connect::{Nature, PATIENCE};
use super::error::{failure, text_of};
use super::push::advise;
use super::registry::{Registries, Remote};
use super::session::{self, Services};
use super::transcript::{Step, Transcript};
use super::transfer::Transfers;
use super::{Builder, Engine, Event, Freshness, Survey, Watch, buildah, credentials, emulator, request};
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::image::{
    Bases, BuildContext, BuildPlan, Cache, DOCKER_HUB, Dockerfile, IgnoreFile, Layers, Recipe, Reference,
};

/// How often a context is sent whose files change meanwhile.
const ATTEMPTS: u32 = 3;
const TICK: Duration = Duration::from_millis(100);

const NO_BUILDKIT: &str = "Podman has no BuildKit: its own builder does the work";

/// What a build may use, and what it is for.
#[derive(Debug, Clone)]
pub struct Means {
    /// Which builder.
    pub builder: Builder,
    /// Where base images come from, and where the image itself may be.
    pub registries: Registries,
    /// Where the image is wanted.
    pub place: Place,
}

/// Where an image is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the engine: one that only its registry has is pulled.
    Engine,
    /// In its registry: one that is there already need not be in the engine.
    Registry,
}

/// An image that is where it is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// The image's id, `sha256:…`.
    pub id: String,
    /// What its registry knows it by, if it was found there.
    pub digest: Option<String>,
    /// The hash of what it is made of ([`Inputs`](crate::image::Inputs)).
    pub inputs: String,
    /// How much there was to do.
    pub work: Work,
    /// How long it took.
    pub seconds: f64,
}

/// How much there was to do for an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// The image was there already, made of the same: nothing was sent to the engine.
    Nothing,
    /// Every step was there from earlier builds.
    Lookups,
    /// At least one step ran.
    Steps,
}

impl Engine {
    /// Makes sure that the image of a plan is where it is wanted: builds it unless it is there, made of the same files,
    /// options and base images.
    pub async fn build(&self, plan: &BuildPlan, means: &Means, watch: Watch<'_>) -> Outcome<Built> {
        let started = Instant::now();
        let survey = self.survey(plan, &means.registries).await?;
        let found = match &survey.freshness {
            Freshness::Fresh { id } => Some((id.clone(), None)),
            Freshness::InRegistry(remote) => self.bring(plan, remote, means, watch).await,
            _ => None,
        };
        let (id, digest, work) = match found {
            Some((id, digest)) => (id, digest, Work::Nothing),
            None => {
                watch(Event::Needed(&survey.freshness.to_string()));
                let built = self.build_unchanged(plan, survey, means, watch).await?;
                return Ok(Built { seconds: started.elapsed().as_secs_f64(), ..built });
            }
        };
        Ok(Built { id, digest, inputs: survey.inputs().to_owned(), work, seconds: started.elapsed().as_secs_f64() })
    }

    /// Builds of the very files that the label tells of: where they changed meanwhile, of those that are there by then.
    async fn build_unchanged(
        &self,
        plan: &BuildPlan,
        mut survey: Survey,
        means: &Means,
        watch: Watch<'_>,
    ) -> Outcome<Built> {
        for attempt in 1.. {
            if let Some((id, work)) = self.run_build(&survey.mark(plan), &survey, means, watch).await? {
                return Ok(Built { id, digest: None, inputs: survey.inputs().to_owned(), work, seconds: 0.0 });
            }
            if attempt == ATTEMPTS {
                break;
            }
            watch(Event::Warning("files of the build context changed while they were sent: sending them again"));
            survey = self.survey(plan, &means.registries).await?;
        }
        Err(Failure::request(cannot_build(plan))
            .cause("files of its build context change again and again while they are sent")
            .hint("wait for what writes there, or leave such files out with a line in `.dockerignore`"))
    }

    /// Gets what its registry has already. Where the engine cannot, it is built after all.
    async fn bring(
        &self,
        plan: &BuildPlan,
        remote: &Remote,
        means: &Means,
        watch: Watch<'_>,
    ) -> Option<(String, Option<String>)> {
        if means.place == Place::Engine {
            self.pull(&plan.image, means.registries.logins(), watch).await.ok()?;
        }
        Some((remote.id.clone(), Some(remote.digest.clone())))
    }

    /// Builds an image. Base images are pulled with the logins that there are for their registries.
    ///
    /// A step that fails is a refusal that shows the end of the step's own output. Dropping the future ends the build
    /// in the engine too. `None` if the files are no more those of the survey; nothing is built then.
    async fn run_build(
        &self,
        plan: &BuildPlan,
        survey: &Survey,
        means: &Means,
        watch: Watch<'_>,
    ) -> Outcome<Option<(String, Work)>> {
        let nature = self.nature().await?;
        let (tool, note) = means.builder.decide_for(plan, nature)?;
        note.iter().for_each(|note| watch(Event::Warning(note)));
        if tool == Tool::Buildah && means.builder == Builder::BuildKit {
            watch(Event::Warning(NO_BUILDKIT));
        }
        self.warn_of_emulation(plan, nature, watch).await;
        let ignore_file = if tool == Tool::BuildKit { IgnoreFile::Ordinary } else { IgnoreFile::Sent };
        let context = BuildContext::open(plan, ignore_file)?;
        let dockerfile = std::fs::read(&plan.dockerfile)
            .or_fail(Kind::Request, || format!("cannot read the Dockerfile `{}`", plan.dockerfile_shown))?;
        let dockerfile = String::from_utf8_lossy(&dockerfile);
        let texts = credentials::texts_of(&dockerfile, &plan.args, &plan.cache_from);
        let credentials = means.registries.logins().find_mentioned(&texts).await?;
        let mut options = options_of(plan, nature, tool, context.dockerfile());
        let session = match plan.needs_session() {
            true if tool != Tool::BuildKit => return Err(no_session(plan, tool)),
            true => Some(session::open(&self.endpoint, Services::load(plan, credentials.clone())?, PATIENCE).await?),
            false => None,
        };
        if let Some(session) = &session {
            // The library would open a session of its own under this id for its own kind of build.
            options.version = BuilderVersion::BuilderV1;
            options.session = Some(session.id.clone());
        }
        let bases = Recipe::read(&dockerfile, &plan.args, plan.platform.as_deref()).bases;
        let request = Request { plan, tool, bases, options, credentials, expected: survey.context() };
        let Some(transcript) = self.send(request, context, watch).await? else { return Ok(None) };
        let work = if tool.is_cached(&transcript) { Work::Lookups } else { Work::Steps };
        match transcript.image_id {
            Some(id) => Ok(Some((id, work))),
            None => Ok(Some((self.built_id(plan).await?, work))),
        }
    }

    async fn warn_of_emulation(&self, plan: &BuildPlan, nature: &Nature, watch: Watch<'_>) {
        let Some(platform) = &plan.platform else { return };
        let Ok(dockerfile) = tokio::fs::read_to_string(&plan.dockerfile).await else { return };
        if Recipe::read(&dockerfile, &plan.args, Some(platform)).runs
            && let Some(missing) = self.missing_emulator(platform, &nature.platform).await
        {
            watch(Event::Warning(&missing));
        }
    }

    async fn built_id(&self, plan: &BuildPlan) -> Outcome<String> {
        let id = self.image_id(&plan.image.to_string()).await?;
        id.ok_or_else(|| {
            Failure::refused(cannot_build(plan))
                .cause("the engine ended the build without an image")
                .hint("build again with `--builder classic`, and see the engine's own log")
        })
    }

    async fn send(&self, request: Request<'_>, context: BuildContext, watch: Watch<'_>) -> Outcome<Option<Transcript>> {
        let Request { plan, tool, bases, options, credentials, expected } = request;
        let mut extra = extra_parameters(plan, tool);
        extra.extend(request::trust_of_loopback(tool, &bases));
        let docker = self.patient().with_request_modifier(move |request| request::repair(request, "/build", &extra));
        let (archive, packing) = archive::pack(context, expected.to_owned());
        let mut messages =
            Box::pin(docker.build_image(options, Some(credentials), Some(bollard::body_try_stream(archive))));
        let transcript = Transcript::new(plan.labels.len());
        let mut told = Told { tool, transcript, transfers: Transfers::default() };
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut sent = 0;
        let ended = loop {
            tokio::select! {
                message = messages.next() => match message {
                    Some(Ok(info)) => told.read(info, watch),
                    Some(Err(error)) => break Err(error),
                    None => break Ok(()),
                },
                _ = ticks.tick() => sent = tell_sent(&packing, sent, watch),
            }
        };
        drop(messages);
        match ended {
            _ if packing.has_changed() => Ok(None),
            Ok(()) => Ok(Some(told.transcript)),
            // A context that cannot be read breaks the request; that is the cause, the broken request only follows.
            Err(error) => {
                if tool.is_sequential() {
                    told.transcript.fail_last_step(&text_of(&error));
                }
                Err(packing.failure().await.unwrap_or_else(|| refusal(plan, &told.transcript, &error)))
            }
        }
    }
}

struct Request<'a> {
    plan: &'a BuildPlan,
    tool: Tool,
    bases: BTreeSet<Reference>,
    options: BuildImageOptions,
    credentials: HashMap<String, DockerCredentials>,
    /// The hash of the context.
    expected: &'a str,
}

struct Told {
    tool: Tool,
    transcript: Transcript,
    transfers: Transfers,
}

impl Told {
    fn read(&mut self, info: BuildInfo, watch: Watch<'_>) {
        self.tool.read(info, &mut self.transcript, &mut self.transfers, watch);
    }
}

fn tell_sent(packing: &Packing, told: u64, watch: Watch<'_>) -> u64 {
    let sent = packing.sent();
    if sent > told {
        watch(Event::ContextSent(sent));
    }
    sent
}

fn options_of(plan: &BuildPlan, nature: &Nature, tool: Tool, dockerfile: &Dockerfile) -> BuildImageOptions {
    let is_foreign = |platform: &&String| **platform != nature.platform;
    BuildImageOptions {
        dockerfile: match dockerfile {
            Dockerfile::Inside(name) => name.to_string_lossy().into_owned(),
            Dockerfile::Outside(_) => archive::OUTSIDE_NAME.to_owned(),
        },
        t: Some(plan.image.to_string()),
        nocache: plan.cache == Cache::Skip,
        pull: (plan.bases == Bases::Refresh).then(|| "1".to_owned()),
        forcerm: true,
        cachefrom: (!plan.cache_from.is_empty()).then(|| plan.cache_from.clone()),
        buildargs: Some(plan.args.clone().into_iter().collect()),
        labels: Some(plan.labels.clone().into_iter().collect()),
        squash: (plan.layers == Layers::Squash).then_some(true),
        networkmode: plan.network.clone(),
        // Left to the engine where it is its own: base images made by hand often lie about their platform.
        platform: plan.platform.as_ref().filter(is_foreign).cloned().unwrap_or_default(),
        target: plan.target.clone().unwrap_or_default(),
        version: if tool == Tool::BuildKit { BuilderVersion::BuilderBuildKit } else { BuilderVersion::BuilderV1 },
        // The engine mixes up builds that share a session. bollard 0.21 serves each on a task that it keeps to itself, so
        // its descriptor stays open until the engine closes it: about one for each rebuild while a simulation runs.
        session: (tool == Tool::BuildKit).then(|| uuid::Uuid::new_v4().to_string()),
        ..BuildImageOptions::default()
    }
}

/// What bollard's options cannot say: several hosts, sizes beyond 2 GiB, limits it does not know, and BuildKit with a
/// session that is not its own.
fn extra_parameters(plan: &BuildPlan, tool: Tool) -> Vec<(&'static str, String)> {
    let hosts = plan.extra_hosts.iter().map(|host| ("extrahosts", host.clone()));
    let limits = plan.limits.iter().map(|(name, value)| (*name, value.clone()));
    let version = (plan.needs_session() && tool == Tool::BuildKit).then(|| ("version", "2".to_owned()));
    hosts.chain(limits).chain(version).collect()
}

fn no_session(plan: &BuildPlan, tool: Tool) -> Failure {
    let refused = Failure::request(cannot_build(plan));
    if tool == Tool::Buildah {
        return refused
            .cause("`--secret` and `--ssh` need BuildKit, and Podman has none")
            .hint(format!("build this image with `podman build`, and tag it `{}`", plan.image));
    }
    refused
        .cause("`--secret` and `--ssh` need BuildKit, and this is the classic builder")
        .hint("build with `--builder buildkit`, or take the options out of `image.buildOptions`")
}

fn cannot_build(plan: &BuildPlan) -> String {
    format!("cannot build `{}`", plan.image)
}

fn refusal(plan: &BuildPlan, transcript: &Transcript, error: &bollard::errors::Error) -> Failure {
    let said = without_wrapping(&text_of(error)).to_owned();
    let refused = failure(cannot_build(plan), error);
    if refused.kind() != Kind::Refused {
        return refused;
    }
    let refused = Failure::refused(cannot_build(plan));
    match transcript.failed_step() {
        Some(step) => explain_step(refused, plan, step, step.error.as_deref().unwrap_or(&said)),
        None => refused.cause(said).hint(format!("correct `{}`, then build again", plan.dockerfile_shown)),
    }
}

fn explain_step(refused: Failure, plan: &BuildPlan, step: &Step, said: &str) -> Failure {
    let said = without_wrapping(said);
    let dockerfile = &plan.dockerfile_shown;
    if let Some(base) = base_image(&step.name) {
        let registry = Reference::parse(base).map_or_else(|_| DOCKER_HUB.to_owned(), |base| base.registry().to_owned());
        return refused
            .cause(format!("base image `{base}`: {said}"))
            .hint(advise("pull", &registry, said))
            .hint(format!("correct `FROM` in `{dockerfile}` if another image is meant"));
    }
    let refused = match exit_code(said) {
        Some(code) => refused.cause(format!("step `{}` ended with exit code {code}", step.name)),
        None => refused.cause(format!("step `{}`: {said}", step.name)),
    };
    let refused = match step.output() {
        Some(output) => refused.excerpt(output),
        None => refused,
    };
    if said.contains("exec format error") || step.output().is_some_and(|output| output.contains("exec format error")) {
        return refused.hint(emulator::advice(plan.platform.as_deref().unwrap_or("another platform")));
    }
    let refused = refused.hint(format!("correct that step in `{dockerfile}`, then build again"));
    if ["not found", "no such file"].iter().any(|words| said.contains(words)) && step.output().is_none() {
        return refused.hint("see whether a line of `.dockerignore` leaves the file out");
    }
    refused
}

/// Returns the image that a step only looks for.
fn base_image(step: &str) -> Option<&str> {
    let metadata = step.strip_prefix("[internal] load metadata for ");
    metadata.or_else(|| step.split_once("] FROM ").map(|(_, rest)| rest.split(' ').next().unwrap_or(rest)))
}

/// Every builder ends its sentence with the code: `… exit code: 3`, `… non-zero code: 3`, `… exit status 3`.
fn exit_code(said: &str) -> Option<u32> {
    let (before, code) = said.trim().rsplit_once(' ')?;
    ["code:", "exit status"].iter().any(|words| before.ends_with(words)).then(|| code.parse().ok()).flatten()
}

fn without_wrapping(said: &str) -> &str {
    const WRAPPING: [&str; 5] = [
        "failed to solve with frontend dockerfile.v0: ",
        "failed to solve: ",
        "failed to create LLB definition: ",
        "rpc error: code = Unknown desc = ",
        "creating build container: ",
    ];
    let mut said = said.trim();
    while let Some(inner) = WRAPPING.iter().find_map(|wrapping| said.strip_prefix(wrapping)) {
        said = inner;
    }
    buildah::without_step(said)
}
