//! What a registry knows of an image that was pushed earlier, from another machine perhaps: its id and its labels.

use std::collections::BTreeMap;

use serde_json::Value;

use super::again::ask_persistently;
use super::{Registries, RegistryError};
use crate::engine::Watch;
use crate::failure::Outcome;
use crate::image::Reference;

/// An image of one platform in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// What the registry knows it by, `sha256:…`.
    pub digest: String,
    /// What an engine will know it by, `sha256:…`.
    pub id: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

impl Registries {
    /// Returns what a registry knows of an image; `None` if it has none of that name, or a list of several platforms.
    pub async fn image(&self, reference: &Reference) -> Result<Option<Remote>, RegistryError> {
        let registry = self.of(reference).await?;
        let Some(manifest) = registry.manifest(reference).await? else { return Ok(None) };
        let document: Value = serde_json::from_slice(&manifest.bytes)
            .map_err(|error| RegistryError::Answer(format!("a manifest that is no JSON: {error}")))?;
        let Some(id) = document["config"]["digest"].as_str() else { return Ok(None) };
        let config = registry.json_blob(&reference.path(), id).await?;
        let labels = config["config"]["Labels"].as_object().into_iter().flatten();
        let labels = labels.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        Ok(Some(Remote { digest: manifest.digest, id: id.to_owned(), labels: labels.collect() }))
    }

    /// The same for a command that needs to know: what a moment may mend is tried again, and told.
    pub async fn look_for(&self, reference: &Reference, watch: Watch<'_>) -> Outcome<Option<Remote>> {
        let found = ask_persistently(reference, watch, || self.image(reference)).await;
        found.map_err(|error| error.into_failure("look for", reference))
    }
}
