//! Questions about images that the engine has, and pulling those it has not.

use bollard::errors::Error;
use bollard::models::ImageInspect;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;

use super::error::{failure, text_of};
use super::transfer::Transfers;
use super::{Engine, Logins, Watch, credentials, push};
use crate::failure::Outcome;
use crate::image::{INPUTS_LABEL, Reference};

impl Engine {
    /// Says whether the engine has an image of this name.
    pub async fn has_image(&self, name: &str) -> Outcome<bool> {
        self.inspect(name).await.map(|image| image.is_some())
    }

    /// Returns the id (`sha256:…`) of a local image, or `None` if the engine has none of this name.
    pub async fn image_id(&self, name: &str) -> Outcome<Option<String>> {
        Ok(self.inspect(name).await?.and_then(|image| image.id))
    }

    /// Returns the hash of what a local image was built from; `None` if edgectl did not build it.
    pub async fn image_inputs(&self, name: &str) -> Outcome<Option<String>> {
        let labels = self.inspect(name).await?.and_then(|image| image.config?.labels);
        Ok(labels.and_then(|mut labels| labels.remove(INPUTS_LABEL)))
    }

    /// Returns the digest (`sha256:…`) that a registry knows a local image by; `None` if it was never pushed or pulled.
    pub async fn image_digest(&self, reference: &Reference) -> Outcome<Option<String>> {
        let digests =
            self.inspect(&reference.to_string()).await?.and_then(|image| image.repo_digests).unwrap_or_default();
        let prefix = format!("{}@", reference.repository());
        Ok(digests.iter().find_map(|digest| familiar(digest).strip_prefix(&prefix).map(str::to_owned)))
    }

    pub(super) async fn inspect(&self, name: &str) -> Outcome<Option<ImageInspect>> {
        match self.docker.inspect_image(name).await {
            Ok(image) => Ok(Some(image)),
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
            Err(error) => Err(failure(format!("cannot ask the container engine for the image `{name}`"), &error)),
        }
    }

    /// Pulls an image; without tag and digest, `latest`.
    pub async fn pull(&self, reference: &Reference, logins: &Logins, watch: Watch<'_>) -> Outcome {
        let found = logins.find_with_origin(reference.registry()).await?;
        let origin = found.as_ref().map(|(_, origin)| *origin);
        let key = credentials::key_of(reference.registry());
        let credentials = found.map(|(login, _)| login.into_credentials(&key));
        let version = reference.digest().or(reference.tag()).unwrap_or("latest");
        let options = CreateImageOptionsBuilder::new().from_image(&reference.repository()).tag(version).build();
        let docker = self.to_registry("/images/create", reference).await;
        let mut messages = docker.create_image(Some(options), None, credentials);
        let mut transfers = Transfers::default();
        while let Some(message) = messages.next().await {
            let message =
                message.map_err(|error| push::explain("pull", reference, (&text_of(&error), &error), origin))?;
            if let (Some(layer), Some(detail)) = (message.id, message.progress_detail)
                && let (Some(bytes), Some(total)) = (detail.current, detail.total)
            {
                transfers.update(&layer, bytes, total, watch);
            }
        }
        Ok(())
    }
}

/// Returns a name as docker, and a `module.json`, has it: Podman writes `docker.io/library/a:1` for `a:1`.
pub(super) fn familiar(name: &str) -> &str {
    let Some(path) = name.strip_prefix("docker.io/") else { return name };
    path.strip_prefix("library/").unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::familiar;

    #[test]
    fn images_of_the_hub_go_by_their_short_names() {
        let names = ["docker.io/library/a:1", "docker.io/a/b@sha256:0a", "a:1", "docker.io.test/a:1", "<none>:<none>"];
        let short = ["a:1", "a/b@sha256:0a", "a:1", "docker.io.test/a:1", "<none>:<none>"];
        assert_eq!(names.map(familiar), short);
    }
}
