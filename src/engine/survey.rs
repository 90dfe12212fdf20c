//! Whether an image has to be built: what it would be made of, against what the engine has.

use std::collections::BTreeMap;
use std::fmt;

use futures_util::future::join_all;

use super::Engine;
use super::image::familiar;
use super::registry::{Registries, Remote};
use crate::failure::{Kind, OrFail, Outcome};
use crate::image::{BaseStates, Bases, BuildPlan, Cache, DOCKER_HUB, Inputs, Reference, Staleness};

/// What an image would be made of, and whether it is there.
#[derive(Debug, Clone)]
pub struct Survey {
    inputs: Inputs,
    bases: BaseStates,
    /// How the image that the engine has compares with it.
    pub freshness: Freshness,
}

/// How an image that the engine has compares with its sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Freshness {
    /// A build would make the same.
    Fresh {
        /// The image's id, `sha256:…`.
        id: String,
    },
    /// The engine has none of this name, and its registry has what a build would make.
    InRegistry(Remote),
    /// A build might make another one.
    Stale(Staleness),
    /// Neither the engine nor the registry has an image of this name that is made of the same.
    Missing,
    /// The plan wants every step to run.
    NotAsked,
}

impl fmt::Display for Freshness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fresh { .. } | Self::InRegistry(_) => f.write_str("nothing has changed"),
            Self::Stale(why) => why.fmt(f),
            Self::Missing => f.write_str("the engine has no such image"),
            Self::NotAsked => f.write_str("every step is to run"),
        }
    }
}

impl Survey {
    /// Returns the plan with the labels by which the next survey knows the image again.
    pub fn mark(&self, plan: &BuildPlan) -> BuildPlan {
        let mut plan = plan.clone();
        plan.labels.extend(self.inputs.labels(&self.bases));
        plan
    }

    /// Returns the hash of what the image would be made of.
    pub fn inputs(&self) -> &str {
        &self.inputs.digest
    }

    /// Returns the hash of the files alone.
    pub(super) fn context(&self) -> &str {
        &self.inputs.context
    }

    fn staleness(&self, labels: &BTreeMap<String, String>, bases: Bases) -> Option<Staleness> {
        let unknown = self.bases.iter().find(|(_, known)| known.is_empty() && bases == Bases::Refresh);
        let staleness = self.inputs.staleness(labels, &self.bases);
        staleness.or_else(|| unknown.map(|(base, _)| Staleness::Base(base.clone())))
    }

    /// The image may have been built elsewhere: a pipeline's machine begins with nothing. A registry that cannot be asked
    /// has nothing, and a name without one is nobody's but this engine's.
    async fn look_into_registry(&self, plan: &BuildPlan, registries: &Registries) -> Freshness {
        let image = &plan.image;
        if image.registry() == DOCKER_HUB && !image.repository().contains('/') {
            return Freshness::Missing;
        }
        match registries.image(image).await {
            Ok(Some(remote)) if self.staleness(&remote.labels, plan.bases).is_none() => Freshness::InRegistry(remote),
            _ => Freshness::Missing,
        }
    }
}

impl Engine {
    /// Compares the image that the engine, or else its registry, has with what a build would make of the files as they
    /// are now.
    pub async fn survey(&self, plan: &BuildPlan, registries: &Registries) -> Outcome<Survey> {
        let read = plan.clone();
        let inputs = tokio::task::spawn_blocking(move || Inputs::read(&read));
        let (inputs, image) = tokio::join!(inputs, self.known_image(plan));
        let inputs = inputs.or_fail(Kind::Bug, || "the thread that reads the build context ended early")??;
        let bases = self.base_states(&inputs, plan.bases, registries).await?;
        let mut survey = Survey { inputs, bases, freshness: Freshness::NotAsked };
        if plan.cache == Cache::Use {
            survey.freshness = match image? {
                Some((id, labels)) => match survey.staleness(&labels, plan.bases) {
                    None => Freshness::Fresh { id },
                    Some(why) => Freshness::Stale(why),
                },
                None => survey.look_into_registry(plan, registries).await,
            };
        }
        Ok(survey)
    }

    async fn known_image(&self, plan: &BuildPlan) -> Outcome<Option<(String, BTreeMap<String, String>)>> {
        let image = self.inspect(&plan.image.to_string()).await?;
        Ok(image.and_then(|image| {
            let labels = image.config.and_then(|config| config.labels).unwrap_or_default();
            Some((image.id?, labels.into_iter().collect()))
        }))
    }

    async fn base_states(&self, inputs: &Inputs, bases: Bases, registries: &Registries) -> Outcome<BaseStates> {
        let states = inputs.recipe.bases.iter().map(|base| async move {
            let local = match bases {
                Bases::Local => self.local_digests(base).await?,
                Bases::Refresh => base.digest().map(str::to_owned).into_iter().collect(),
            };
            let known = match local.is_empty() {
                true => registries.current_digest(base).await.into_iter().collect(),
                false => local,
            };
            Ok((base.to_string(), known))
        });
        join_all(states).await.into_iter().collect()
    }

    /// Returns what a local image is known by, its registry's digest first; nothing if the engine has none.
    async fn local_digests(&self, base: &Reference) -> Outcome<Vec<String>> {
        if let Some(digest) = base.digest() {
            return Ok(vec![digest.to_owned()]);
        }
        let Some(image) = self.inspect(&base.to_string()).await? else { return Ok(Vec::new()) };
        let prefix = format!("{}@", base.repository());
        let pushed = image.repo_digests.unwrap_or_default();
        let pushed = pushed.iter().filter_map(|digest| familiar(digest).strip_prefix(&prefix).map(str::to_owned));
        Ok(pushed.chain(image.id).collect())
    }
}
