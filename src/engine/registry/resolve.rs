//! What tags stand for now, asked in earnest: registries may take their time, and are asked again.

use futures_util::future::join_all;

use super::again::ask_persistently;
use super::{Registries, RegistryError};
use crate::engine::Watch;
use crate::failure::Outcome;
use crate::image::Reference;

impl Registries {
    /// Returns the digests that the registries have for these images now, in the same order; `None` for one that is not
    /// there.
    pub async fn resolve(&self, references: &[Reference], watch: Watch<'_>) -> Vec<Outcome<Option<String>>> {
        join_all(references.iter().map(|reference| self.resolve_one(reference, watch))).await
    }

    async fn resolve_one(&self, reference: &Reference, watch: Watch<'_>) -> Outcome<Option<String>> {
        let found = ask_persistently(reference, watch, || self.ask_digest(reference)).await;
        found.map_err(|error| error.into_failure("pin", reference))
    }

    async fn ask_digest(&self, reference: &Reference) -> Result<Option<String>, RegistryError> {
        self.of(reference).await?.digest(reference).await
    }
}
