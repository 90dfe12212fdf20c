//! Whether an image has to be built: what it would be made of, against what the engine has.

use std::collections::BTreeMap;
use std::fmt;

use super::Engine;
use crate::failure::{Kind, OrFail, Outcome};
use crate::image::{BaseStates, Bases, BuildPlan, Cache, Inputs, Reference, Staleness};

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
    /// A build might make another one.
    Stale(Staleness),
    /// The engine has no image of this name.
    Missing,
    /// The plan wants every step to run.
    NotAsked,
}

impl fmt::Display for Freshness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fresh { .. } => f.write_str("nothing has changed"),
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
}

impl Engine {
    /// Compares the image that the engine has with what a build would make of the files as they are now.
    pub async fn survey(&self, plan: &BuildPlan) -> Outcome<Survey> {
        let read = plan.clone();
        let inputs = tokio::task::spawn_blocking(move || Inputs::read(&read));
        let (inputs, image) = tokio::join!(inputs, self.known_image(plan));
        let inputs = inputs.or_fail(Kind::Bug, || "the thread that reads the build context ended early")??;
        let bases = self.base_states(&inputs, plan.bases).await?;
        let freshness = match image? {
            _ if plan.cache == Cache::Skip => Freshness::NotAsked,
            None => Freshness::Missing,
            Some((id, labels)) => match inputs.staleness(&labels, &bases) {
                None => Freshness::Fresh { id },
                Some(why) => Freshness::Stale(why),
            },
        };
        Ok(Survey { inputs, bases, freshness })
    }

    async fn known_image(&self, plan: &BuildPlan) -> Outcome<Option<(String, BTreeMap<String, String>)>> {
        let image = self.inspect(&plan.image.to_string()).await?;
        Ok(image.and_then(|image| {
            let labels = image.config.and_then(|config| config.labels).unwrap_or_default();
            Some((image.id?, labels.into_iter().collect()))
        }))
    }

    async fn base_states(&self, inputs: &Inputs, _bases: Bases) -> Outcome<BaseStates> {
        let mut states = BaseStates::new();
        for base in &inputs.recipe.bases {
            states.insert(base.to_string(), self.local_digests(base).await?);
        }
        Ok(states)
    }

    /// Returns what a local image is known by, its registry's digest first; nothing if the engine has none.
    async fn local_digests(&self, base: &Reference) -> Outcome<Vec<String>> {
        if let Some(digest) = base.digest() {
            return Ok(vec![digest.to_owned()]);
        }
        let Some(image) = self.inspect(&base.to_string()).await? else { return Ok(Vec::new()) };
        let prefix = format!("{}@", base.repository());
        let pushed = image.repo_digests.unwrap_or_default();
        let pushed = pushed.iter().filter_map(|digest| digest.strip_prefix(&prefix).map(str::to_owned));
        Ok(pushed.chain(image.id).collect())
    }
}
