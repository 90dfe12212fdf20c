//! Requests to a registry that are sent again where a moment may mend what was in the way.

use super::RegistryError;
use crate::engine::Watch;
use crate::engine::backoff::Backoff;
use crate::image::Reference;

/// Asks until the registry answers, at most as often as [`Backoff`] has pauses, which are told.
///
/// A registry that says for how long it wants to be left alone (`Retry-After`) is asked no sooner.
pub(super) async fn ask_persistently<T, F>(
    reference: &Reference,
    watch: Watch<'_>,
    ask: impl Fn() -> F,
) -> Result<T, RegistryError>
where
    F: Future<Output = Result<T, RegistryError>>,
{
    let mut backoff = Backoff::new();
    loop {
        match ask().await {
            Err(error) if error.may_pass() && backoff.wait_for(&error.told(reference), error.rest(), watch).await => {}
            ended => return ended,
        }
    }
}
