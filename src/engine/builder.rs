//! Which builder an engine gets: what was asked for, against what the engine has.

use std::fmt;

use bollard::models::BuildInfo;

use super::connect::Nature;
use super::transcript::Transcript;
use super::transfer::Transfers;
use super::{Watch, buildah, buildkit, classic};
use crate::environment::Environment;
use crate::failure::{Failure, Outcome};
use crate::image::BuildPlan;

/// Which of the engine's builders is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Builder {
    /// BuildKit where the engine has it.
    Auto,
    /// BuildKit.
    BuildKit,
    /// The builder that engines had first.
    Classic,
}

/// The builder that does the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    BuildKit,
    Classic,
    /// Podman's only one, whatever is asked for: classic requests, words of its own, most of BuildKit's instructions.
    Buildah,
}

impl Builder {
    /// Decides `Auto` by `DOCKER_BUILDKIT` (0 or 1), as docker does.
    pub fn or_environment(self, environment: &Environment) -> Self {
        match (self, environment.get("DOCKER_BUILDKIT").map(str::trim)) {
            (Self::Auto, Some("0" | "false")) => Self::Classic,
            (Self::Auto, Some("1" | "true")) => Self::BuildKit,
            (builder, _) => builder,
        }
    }

    pub(super) fn decide(self, nature: &Nature) -> Tool {
        match self {
            _ if nature.is_podman => Tool::Buildah,
            // Windows engines have no BuildKit.
            Self::Auto if nature.platform.starts_with("windows/") => Tool::Classic,
            Self::Auto | Self::BuildKit => Tool::BuildKit,
            Self::Classic => Tool::Classic,
        }
    }
}

impl Builder {
    /// Decides for one plan; also returns what is to be told about it.
    ///
    /// Options that the engine's BuildKit does not know it would drop in silence: such a plan is the classic builder's,
    /// unless it was said otherwise.
    pub(super) fn decide_for(self, plan: &BuildPlan, nature: &Nature) -> Outcome<(Tool, Option<String>)> {
        let (tool, lacking) = (self.decide(nature), lacking(plan, nature));
        if tool != Tool::BuildKit || lacking.is_empty() {
            return Ok((tool, None));
        }
        let has_not = format!("BuildKit in this engine has no {}", lacking.join(", "));
        if self == Self::Auto && !plan.needs_session() {
            return Ok((Tool::Classic, Some(format!("{has_not}: the classic builder is used"))));
        }
        let refused = Failure::request(format!("cannot build `{}`", plan.image)).cause(has_not);
        Err(match plan.needs_session() {
            true => refused
                .cause("the classic builder has no `--secret` and no `--ssh`")
                .hint("take one or the other out of `image.buildOptions`"),
            false => refused.hint("build with `--builder classic`, or take the options out of `image.buildOptions`"),
        })
    }
}

/// Limits by their name in the engine's API, and their options.
const LIMITS: [(&str, &str); 10] = [
    ("cgroupparent", "--cgroup-parent"),
    ("cpuperiod", "--cpu-period"),
    ("cpuquota", "--cpu-quota"),
    ("cpusetcpus", "--cpuset-cpus"),
    ("cpusetmems", "--cpuset-mems"),
    ("cpushares", "--cpu-shares"),
    ("memory", "--memory"),
    ("memswap", "--memory-swap"),
    ("shmsize", "--shm-size"),
    ("ulimits", "--ulimit"),
];

/// Returns the options of a plan that BuildKit in an engine does not know, in back-ticks: limits, of which it has two
/// since Docker 23, and networks of the engine.
fn lacking(plan: &BuildPlan, nature: &Nature) -> Vec<String> {
    let has = |limit: &str| ["shmsize", "ulimits"].contains(&limit) && is_since(&nature.api, (1, 42));
    let limits = LIMITS.iter().filter(|(limit, _)| plan.limits.contains_key(limit) && !has(limit));
    let limits = limits.map(|(_, option)| format!("`{option}`"));
    let network = plan.network.as_deref().filter(|name| !["default", "host", "none"].contains(name));
    limits.chain(network.map(|name| format!("`--network {name}`"))).collect()
}

/// Compares a version of the API, such as `1.41`.
fn is_since(version: &str, wanted: (u32, u32)) -> bool {
    let parsed = version.split_once('.').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    parsed.is_some_and(|version: (u32, u32)| version >= wanted)
}

impl Tool {
    /// Puts one message of the engine into the transcript.
    pub(super) fn read(
        self,
        info: BuildInfo,
        transcript: &mut Transcript,
        transfers: &mut Transfers,
        watch: Watch<'_>,
    ) {
        let read = match self {
            Self::BuildKit => buildkit::read,
            Self::Classic => classic::read,
            Self::Buildah => buildah::read,
        };
        read(info, transcript, transfers, watch);
    }

    /// Says whether every step of the Dockerfile was there from earlier builds.
    pub(super) fn is_cached(self, transcript: &Transcript) -> bool {
        match self {
            Self::BuildKit => transcript.is_cached(buildkit::is_counted),
            Self::Classic | Self::Buildah => transcript.is_cached(classic::is_counted),
        }
    }

    /// Says whether steps run one after another, so that a failure is the last one's.
    pub(super) fn is_sequential(self) -> bool {
        self != Self::BuildKit
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BuildKit => "buildkit",
            Self::Classic => "classic",
            Self::Buildah => "buildah",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Reference;

    fn decide(builder: Builder, api: &str, options: &[&str]) -> Result<(Tool, Option<String>), Vec<String>> {
        let mut plan = BuildPlan::new(Reference::parse("a").expect("it is a reference"), "/c", "/c/Dockerfile");
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        plan.apply_options(&options, &|_| None).expect("they are supported");
        let nature =
            Nature { platform: "linux/amd64".into(), is_podman: false, version: String::new(), api: api.to_owned() };
        builder.decide_for(&plan, &nature).map_err(|failure| failure.causes().to_vec())
    }

    #[test]
    fn what_buildkit_would_drop_is_the_classic_builders() {
        let classic = |lacking: &str| {
            let note = format!("BuildKit in this engine has no {lacking}: the classic builder is used");
            Ok((Tool::Classic, Some(note)))
        };
        let cases = [
            ("1.41", &["--label a=b"][..], Ok((Tool::BuildKit, None))),
            ("1.41", &["--shm-size 1g", "--ulimit nofile=1"], classic("`--shm-size`, `--ulimit`")),
            ("1.42", &["--shm-size 1g", "--ulimit nofile=1"], Ok((Tool::BuildKit, None))),
            ("1.50", &["--memory 1g", "--shm-size 1g"], classic("`--memory`")),
            ("1.50", &["--cgroup-parent /a"], classic("`--cgroup-parent`")),
            ("1.50", &["--network host"], Ok((Tool::BuildKit, None))),
            ("1.50", &["--network azure"], classic("`--network azure`")),
        ];
        for (api, options, expected) in cases {
            assert_eq!(decide(Builder::Auto, api, options), expected, "{options:?} with {api}");
        }
        assert_eq!(decide(Builder::Classic, "1.41", &["--memory 1g"]), Ok((Tool::Classic, None)));
    }

    #[test]
    fn what_neither_builder_can_do_is_refused() {
        let lacking = "BuildKit in this engine has no `--memory`".to_owned();
        assert_eq!(decide(Builder::BuildKit, "1.50", &["--memory 1g"]), Err(vec![lacking.clone()]));
        let other = "the classic builder has no `--secret` and no `--ssh`".to_owned();
        let options = ["--memory 1g", "--secret id=a,src=b"];
        assert_eq!(decide(Builder::Auto, "1.50", &options), Err(vec![lacking, other]));
    }
}
