//! One name for the images of several platforms: a manifest list, or an index in the words of OCI.

use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};

use super::again::ask_persistently;
use super::{Manifest, Registries, Registry, RegistryError, digest_of, version_of};
use crate::engine::Watch;
use crate::failure::{Failure, Outcome};
use crate::image::Reference;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// An image of one platform that a list is to name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, in the repository of the list.
    pub image: Reference,
    /// The platform in docker's words: `linux/arm64`.
    pub platform: String,
}

impl Registries {
    /// Puts a list of images that the registry has already under a name, and returns its digest.
    ///
    /// What a moment may mend is tried again, and told, as with the push of an image.
    pub async fn put_list(&self, name: &Reference, members: &[Member], watch: Watch<'_>) -> Outcome<String> {
        let refused = |error: RegistryError| error.into_failure("push", name);
        let registry = &*self.of(name).await.map_err(refused)?;
        let mut entries = Vec::new();
        for member in members {
            let asked = ask_persistently(name, watch, || registry.manifest(&member.image)).await;
            let Some(manifest) = asked.map_err(refused)? else {
                return Err(Failure::refused(format!("cannot push `{name}`"))
                    .cause(format!("its registry has no `{}`", member.image))
                    .hint("push the images of all platforms first"));
            };
            entries.extend(entries_of(&manifest, &member.platform));
        }
        let (media_type, bytes) = render(&entries);
        let put = || registry.put_manifest(name, media_type, bytes.clone());
        ask_persistently(name, watch, put).await.map_err(refused)
    }
}

impl Registry {
    async fn put_manifest(&self, name: &Reference, media_type: &str, bytes: Bytes) -> Result<String, RegistryError> {
        let thing = format!("manifests/{}", version_of(name));
        let answer = self.send_typed(Method::PUT, (&name.path(), &thing), (media_type, bytes)).await?;
        match answer.status {
            200..=299 => digest_of(&answer),
            _ => Err(RegistryError::refused(&answer)),
        }
    }
}

/// What an engine pushed with attestations is a list itself, whose images are named here.
fn entries_of(manifest: &Manifest, platform: &str) -> Vec<Value> {
    if [INDEX, DOCKER_LIST].contains(&manifest.media_type.as_str()) {
        let list: Value = serde_json::from_slice(&manifest.bytes).unwrap_or_default();
        return list["manifests"].as_array().cloned().unwrap_or_default();
    }
    let mut parts = platform.split('/');
    let mut described = json!({ "os": parts.next(), "architecture": parts.next() });
    if let Some(variant) = parts.next() {
        described["variant"] = variant.into();
    }
    vec![json!({
        "mediaType": manifest.media_type,
        "size": manifest.bytes.len(),
        "digest": manifest.digest,
        "platform": described,
    })]
}

/// Old engines read docker's own kind only, which holds nothing but docker's own manifests.
fn render(entries: &[Value]) -> (&'static str, Bytes) {
    let is_dockers = entries.iter().all(|entry| entry["mediaType"] == DOCKER_MANIFEST);
    let media_type = if is_dockers { DOCKER_LIST } else { INDEX };
    let list = json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": entries });
    (media_type, Bytes::from(list.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(media_type: &str, text: &'static str) -> Manifest {
        Manifest {
            digest: "sha256:0a".into(),
            media_type: media_type.into(),
            bytes: Bytes::from_static(text.as_bytes()),
        }
    }

    #[test]
    fn a_list_is_of_the_kind_of_its_members() {
        let (docker, oci) =
            (manifest(DOCKER_MANIFEST, "{}"), manifest("application/vnd.oci.image.manifest.v1+json", "{}"));
        let both = [entries_of(&docker, "linux/amd64"), entries_of(&oci, "linux/arm/v7")].concat();
        assert_eq!(both[1]["platform"], json!({"os": "linux", "architecture": "arm", "variant": "v7"}));
        assert_eq!((render(&both[..1]).0, render(&both).0), (DOCKER_LIST, INDEX));
    }

    #[test]
    fn the_images_of_a_list_are_named_and_not_the_list() {
        let list = manifest(INDEX, r#"{"manifests": [{"digest": "sha256:0b"}, {"digest": "sha256:0c"}]}"#);
        let entries = entries_of(&list, "linux/amd64");
        assert_eq!(entries, [json!({"digest": "sha256:0b"}), json!({"digest": "sha256:0c"})]);
    }
}
