//! A client of registries: manifests and small blobs, read and written without an engine.
//!
//! Speaks the distribution API over HTTPS, with the CAs of this machine and the certificates that docker keeps in
//! `certs.d`, through the proxy that the environment names; over HTTP with registries of this machine, as engines do.
//! Moves no layers: that is the engine's work.

mod again;
mod certificates;
mod challenge;
mod error;
mod label;
mod list;
mod resolve;
#[cfg(test)]
mod tests;
mod token;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};

use super::{Login, Logins};
use crate::environment::Environment;
use crate::image::{DOCKER_HUB, Reference};
use crate::net::{Answer, Call, FetchError, HttpClient, Proxies};
use challenge::Challenge;

pub use error::RegistryError;
pub use label::Remote;
pub use list::Member;

/// What a manifest may be: of one platform or a list, in docker's words and in those of OCI.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// Manifests have at most 4 MiB by the specification; configurations of images are smaller.
const LIMIT: usize = 4 << 20;
/// How long a registry has for an answer that stands between a user and the build.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long it has for one that is the purpose of a command.
const MORE_PATIENCE: Duration = Duration::from_secs(30);
const REDIRECTS: usize = 5;

/// The registries that a command talks to, each with its login and tokens.
#[derive(Debug, Clone)]
pub struct Registries {
    logins: Logins,
    proxies: Proxies,
    patience: Duration,
    known: Arc<Mutex<HashMap<String, Found>>>,
    digests: Arc<Mutex<HashMap<String, Answered>>>,
}

/// A registry, once it was asked whether it speaks TLS: the others need not wait for one that is slow.
type Found = Arc<OnceCell<Arc<Registry>>>;

/// The digest of a tag, or nothing, once it was asked for.
type Answered = Arc<OnceCell<Option<String>>>;

/// One registry.
#[derive(Debug)]
pub struct Registry {
    host: String,
    /// `https://host`, or `http://host`.
    base: String,
    client: HttpClient,
    login: Option<Login>,
    /// How long an answer may take.
    patience: Duration,
    /// What proved itself for a repository.
    tokens: Mutex<HashMap<String, String>>,
}

/// A manifest as its registry has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// What the registry knows it by, `sha256:…`.
    pub digest: String,
    /// Its media type.
    pub media_type: String,
    /// Its text, over which the digest is.
    pub bytes: Bytes,
}

impl Registries {
    /// Uses these logins, and the proxy that the environment names.
    pub fn new(environment: &Environment, logins: Logins) -> Self {
        let proxies = Proxies::of(environment);
        Self { logins, proxies, patience: PATIENCE, known: Arc::default(), digests: Arc::default() }
    }

    /// The same, which have not asked anything yet.
    #[must_use]
    pub fn anew(&self) -> Self {
        Self { known: Arc::default(), digests: Arc::default(), ..self.clone() }
    }

    /// The same for a command that has no other purpose: registries may take longer to answer.
    #[must_use]
    pub fn patient(&self) -> Self {
        Self { patience: MORE_PATIENCE, ..self.anew() }
    }

    /// Returns the logins.
    pub fn logins(&self) -> &Logins {
        &self.logins
    }

    /// Returns the registry of an image; the login is looked for once.
    pub async fn of(&self, reference: &Reference) -> Result<Arc<Registry>, RegistryError> {
        let host = reference.registry();
        let cell = self.known.lock().await.entry(host.to_owned()).or_default().clone();
        let find = async {
            let login = self.logins.find(host).await.map_err(RegistryError::Login)?;
            Ok(Arc::new(Registry::find(reference, login, (self.patience, &self.proxies)).await))
        };
        cell.get_or_try_init(|| find).await.cloned()
    }

    /// Returns the digest that a tag has now; asks once for each, and takes silence for not knowing.
    pub(super) async fn current_digest(&self, reference: &Reference) -> Option<String> {
        let cell = self.digests.lock().await.entry(reference.to_string()).or_default().clone();
        let ask = async { self.of(reference).await.ok()?.digest(reference).await.ok()? };
        cell.get_or_init(|| ask).await.clone()
    }
}

impl Registry {
    async fn find(reference: &Reference, login: Option<Login>, (patience, proxies): (Duration, &Proxies)) -> Self {
        let host = match reference.registry() {
            DOCKER_HUB => "registry-1.docker.io",
            host => host,
        };
        let client = HttpClient::new(certificates::load(host).await, proxies.clone());
        let mut registry = Self {
            host: host.to_owned(),
            base: format!("https://{host}"),
            client,
            login,
            patience,
            tokens: Mutex::default(),
        };
        if reference.is_loopback() && !registry.speaks_tls().await {
            registry.base = format!("http://{host}");
        }
        registry
    }

    /// A registry of this machine may do without TLS. One that has it is asked with it, whoever signed its certificate.
    async fn speaks_tls(&self) -> bool {
        match self.ask(Method::GET, &format!("{}/v2/", self.base), &[], Bytes::new()).await {
            Ok(_) => true,
            Err(FetchError::Tls(why)) => why.contains("certificate"),
            Err(_) => false,
        }
    }

    /// Returns the manifest of a tag or digest; `None` if the registry has none.
    pub async fn manifest(&self, reference: &Reference) -> Result<Option<Manifest>, RegistryError> {
        let (path, version) = (reference.path(), version_of(reference));
        let answer = self.send(Method::GET, &path, &format!("manifests/{version}"), Bytes::new()).await?;
        let Some(answer) = found(answer)? else { return Ok(None) };
        let media_type = answer.header("content-type").unwrap_or_default().to_owned();
        let digest = digest_of(&answer)?;
        Ok(Some(Manifest { digest, media_type, bytes: answer.body }))
    }

    /// Returns the digest of a tag; `None` if the registry has no such tag.
    pub async fn digest(&self, reference: &Reference) -> Result<Option<String>, RegistryError> {
        let (path, version) = (reference.path(), version_of(reference));
        let answer = self.send(Method::HEAD, &path, &format!("manifests/{version}"), Bytes::new()).await?;
        found(answer)?.map(|answer| digest_of(&answer)).transpose()
    }

    /// Returns a small blob that is JSON, such as the configuration of an image.
    async fn json_blob(&self, repository: &str, digest: &str) -> Result<Value, RegistryError> {
        let answer = self.send(Method::GET, repository, &format!("blobs/{digest}"), Bytes::new()).await?;
        let answer = found(answer)?.ok_or_else(|| RegistryError::Answer(format!("it has no blob `{digest}`")))?;
        serde_json::from_slice(&answer.body).map_err(|error| RegistryError::Answer(error.to_string()))
    }

    /// Sends a request for a thing of a repository, logs in where that is asked for, and follows redirects.
    async fn send(&self, method: Method, repository: &str, thing: &str, body: Bytes) -> Result<Answer, RegistryError> {
        self.send_typed(method, (repository, thing), ("", body)).await
    }

    /// The same with the media type of the body, if it has one.
    async fn send_typed(
        &self,
        method: Method,
        (repository, thing): (&str, &str),
        (media_type, body): (&str, Bytes),
    ) -> Result<Answer, RegistryError> {
        let url = format!("{}/v2/{repository}/{thing}", self.base);
        let unreachable = |error| RegistryError::Unreachable { registry: self.host.clone(), error };
        let known = self.tokens.lock().await.get(repository).cloned();
        let mut headers = vec![("accept", MANIFESTS)];
        headers.extend((!media_type.is_empty()).then_some(("content-type", media_type)));
        let mut known_headers = headers.clone();
        known_headers.extend(known.as_deref().map(|known| ("authorization", known)));
        let answer = self.ask(method.clone(), &url, &known_headers, body.clone()).await.map_err(unreachable)?;
        if answer.status != 401 {
            return self.redirected(answer).await;
        }
        let challenge = answer.header("www-authenticate").and_then(Challenge::parse);
        let authorization = match challenge {
            Some(challenge) => self.authorization(&challenge, repository).await?,
            None => return Err(RegistryError::refused(&answer)),
        };
        headers.push(("authorization", authorization.as_str()));
        let answer = self.ask(method, &url, &headers, body).await.map_err(unreachable)?;
        if answer.status < 400 {
            self.tokens.lock().await.insert(repository.to_owned(), authorization);
        }
        self.redirected(answer).await
    }

    /// Blobs often lie elsewhere, where the registry's credentials are nobody's business.
    async fn redirected(&self, mut answer: Answer) -> Result<Answer, RegistryError> {
        for _ in 0..REDIRECTS {
            let place = match (answer.status, answer.header("location")) {
                (301 | 302 | 303 | 307 | 308, Some(place)) => place.to_owned(),
                _ => return Ok(answer),
            };
            let place = if place.starts_with('/') { format!("{}{place}", self.base) } else { place };
            let asked = self.ask(Method::GET, &place, &[], Bytes::new()).await;
            answer = asked.map_err(|error| RegistryError::Unreachable { registry: self.host.clone(), error })?;
        }
        Err(RegistryError::Answer("it sends from one place to the next".to_owned()))
    }

    async fn ask(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer, FetchError> {
        self.client.send(Call { method, url, headers, body, limit: LIMIT, patience: self.patience }).await
    }
}

fn version_of(reference: &Reference) -> &str {
    reference.digest().or(reference.tag()).unwrap_or("latest")
}

fn found(answer: Answer) -> Result<Option<Answer>, RegistryError> {
    match answer.status {
        200..=299 => Ok(Some(answer)),
        404 => Ok(None),
        _ => Err(RegistryError::refused(&answer)),
    }
}

fn digest_of(answer: &Answer) -> Result<String, RegistryError> {
    let digest = answer.header("docker-content-digest").filter(|digest| digest.starts_with("sha256:"));
    digest.map(str::to_owned).ok_or_else(|| RegistryError::Answer("it tells no digest".to_owned()))
}
