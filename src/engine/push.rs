//! Pushing images, and what registries answer.

use bollard::auth::DockerCredentials;
use bollard::errors::Error;
use bollard::query_parameters::PushImageOptionsBuilder;
use futures_util::StreamExt;
use tokio::time::Instant;

use super::backoff::Backoff;
use super::credentials::{self, Login, Origin};
use super::error::{self, text_of};
use super::transfer::Transfers;
use super::{Engine, Logins, Watch};
use crate::failure::{Failure, Outcome};
use crate::image::Reference;

/// An image that a registry has taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Pushed {
    /// What the registry knows the image by, `sha256:…`.
    pub digest: String,
    /// How long it took.
    pub seconds: f64,
}

/// A push that ended early.
struct Broken {
    error: Error,
    /// The engine itself sent a layer several times, for most of a minute: more attempts are not worth the wait.
    was_tried_again: bool,
}

impl Engine {
    /// Pushes a local image to the registry that its name says, with the login that `logins` has for it.
    ///
    /// What a moment may mend is tried again, and told, with the whole push: layers that arrived are not sent twice.
    pub async fn push(&self, reference: &Reference, logins: &Logins, watch: Watch<'_>) -> Outcome<Pushed> {
        let started = Instant::now();
        let found = logins.find_with_origin(reference.registry()).await?;
        let digest = self.send_persistently(reference, found, watch).await?;
        digest.map(|digest| Pushed { digest, seconds: started.elapsed().as_secs_f64() }).ok_or_else(|| {
            Failure::refused(format!("cannot push `{reference}`"))
                .cause("the engine ended without telling the digest")
                .hint("push again, and see the engine's own log")
        })
    }

    async fn send_persistently(
        &self,
        reference: &Reference,
        found: Option<(Login, Origin)>,
        watch: Watch<'_>,
    ) -> Outcome<Option<String>> {
        let origin = found.as_ref().map(|(_, origin)| *origin);
        let key = credentials::key_of(reference.registry());
        let credentials = found.map(|(login, _)| login.into_credentials(&key));
        let mut backoff = Backoff::new();
        let mut was_there = false;
        loop {
            let Broken { error, was_tried_again } = match self.send_layers(reference, credentials.clone(), watch).await
            {
                Ok(digest) => return Ok(digest),
                Err(broken) => broken,
            };
            let said = text_of(&error);
            let may_pass = !was_tried_again && is_said(&error) && may_pass(&said, was_there);
            was_there |= may_pass;
            if !may_pass || !backoff.wait(&format!("cannot push `{reference}`: {said}"), watch).await {
                return Err(explain("push", reference, (&said, &error), origin));
            }
        }
    }

    async fn send_layers(
        &self,
        reference: &Reference,
        credentials: Option<DockerCredentials>,
        watch: Watch<'_>,
    ) -> Result<Option<String>, Broken> {
        let options = PushImageOptionsBuilder::new().tag(reference.tag().unwrap_or("latest")).build();
        let docker = self.to_registry("/push", reference).await;
        let mut messages = docker.push_image(&reference.repository(), Some(options), credentials);
        let mut transfers = Transfers::default();
        let (mut digest, mut was_tried_again) = (None, false);
        while let Some(message) = messages.next().await {
            let message = message.map_err(|error| Broken { error, was_tried_again })?;
            was_tried_again |= message.status.as_deref().is_some_and(|status| status.starts_with("Retrying in "));
            digest = message.status.as_deref().and_then(parse_digest).or(digest);
            if let Some((Some(bytes), Some(total))) =
                message.progress_detail.map(|detail| (detail.current, detail.total))
            {
                // bollard 0.21 leaves out the layer's id. Its size tells it apart; two of one size count as one.
                transfers.update(&total.to_string(), bytes, total, watch);
            }
        }
        Ok(digest)
    }
}

/// The last line of a push: `0.1.0-amd64: digest: sha256:… size: 529`.
fn parse_digest(status: &str) -> Option<String> {
    let (_, rest) = status.split_once("digest: ")?;
    rest.split_whitespace().next().filter(|digest| digest.starts_with("sha256:")).map(str::to_owned)
}

/// Says what a registry, or the way to it, objected to, and what to do.
pub(super) fn explain(
    verb: &str,
    reference: &Reference,
    (said, error): (&str, &Error),
    login: Option<Origin>,
) -> Failure {
    let doing = format!("cannot {verb} `{reference}`");
    if !is_said(error) {
        return error::failure(doing, error);
    }
    let refused = Failure::refused(doing).cause(said);
    let registry = reference.registry();
    match login {
        Some(Origin::Variables) if is_about_login(&said.to_lowercase()) => refused.hint(format!(
            "correct the `CONTAINER_REGISTRY_USERNAME…` and `…PASSWORD…` of `{registry}` in `.env`, or log in with \
             `docker login {registry}`, which comes first"
        )),
        _ => refused.hint(advise(verb, registry, said)),
    }
}

fn is_about_login(said: &str) -> bool {
    ["no basic auth credentials", "unauthorized", "authentication required", "denied", "incorrect username"]
        .iter()
        .any(|words| said.contains(words))
}

/// Says whether the engine told it; anything else happened on the way to the engine.
fn is_said(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { .. } | Error::DockerStreamError { .. })
}

/// Says whether what a registry said, or the way to it, may be over in a moment. Engines pass it on as text only.
///
/// Where nobody listened from the beginning nobody will; one that `was_there` may be starting anew.
fn may_pass(said: &str, was_there: bool) -> bool {
    const PASSING: [&str; 15] = [
        "toomanyrequests",
        "too many requests",
        "http 429",
        "status: 5",
        "internal server error",
        "bad gateway",
        "service unavailable",
        "gateway timeout",
        "connection reset",
        "broken pipe",
        "eof",
        "i/o timeout",
        "handshake timeout",
        "server closed idle connection",
        "use of closed network connection",
    ];
    let said = said.to_lowercase();
    PASSING.iter().any(|words| said.contains(words)) || was_there && said.contains("connection refused")
}

/// Returns what to do about what a registry said, or about the way to it.
pub(super) fn advise(verb: &str, registry: &str, said: &str) -> String {
    let said = said.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if has(&["does not exist locally", "no such image", "tag does not exist", "image not known"]) {
        return "build it first with `edgectl build`".to_owned();
    }
    if is_about_login(&said) {
        return format!("log in with `docker login {registry}`, as a user who may {verb} this repository");
    }
    if has(&["the proxy `", "names no proxy"]) {
        return format!("correct `HTTPS_PROXY`, or leave the proxy out with `NO_PROXY={registry}`");
    }
    if has(&["no such host", "server misbehaving", "name resolution", "name or service not known"]) {
        let place = if verb == "push" { "`image.repository` of `module.json`" } else { "the image's name" };
        return format!("correct the registry `{registry}` in {place}, or look to this machine's network");
    }
    if has(&["server gave http response to https client"]) {
        return format!(
            "let the engine reach `{registry}` without TLS: among `insecure-registries` of docker's `daemon.json`, or \
             with `insecure = true` in Podman's `registries.conf`"
        );
    }
    if has(&["certificate"]) {
        return format!("put the registry's CA into `/etc/docker/certs.d/{registry}/ca.crt`");
    }
    if has(&["connection refused", "timeout", "no route to host", "connection reset", "eof", "connection closed"]) {
        return format!("see whether the registry `{registry}` is up and can be reached from the engine");
    }
    if has(&["manifest unknown", "not found"]) {
        return "correct the image's name and tag".to_owned();
    }
    format!("ask the registry `{registry}` what it has against it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_read_from_the_last_status() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        assert_eq!(parse_digest(&format!("1-amd64: digest: {digest} size: 529")), Some(digest));
        assert_eq!(parse_digest("Pushed"), None);
    }

    #[test]
    fn only_what_a_moment_may_mend_is_tried_again() {
        let passing = [
            "received unexpected HTTP status: 503 Service Unavailable",
            "toomanyrequests: slow down",
            "error parsing HTTP 429 response body: unexpected end of JSON input: \"\"",
            "Put \"http://127.0.0.1:5000/v2/a/manifests/1\": EOF",
            "read tcp 127.0.0.1:1->127.0.0.1:2: read: connection reset by peer",
        ];
        let lasting = [
            "unauthorized: authentication required",
            "denied: requested access to the resource is denied",
            "name unknown: repository name not known to registry",
            "no space left on device",
            "dial tcp: lookup x: no such host",
            "x509: certificate signed by unknown authority",
        ];
        assert_eq!(passing.map(|said| may_pass(said, false)), [true; 5]);
        assert_eq!(lasting.map(|said| may_pass(said, true)), [false; 6]);
        let refused = "dial tcp 127.0.0.1:5000: connect: connection refused";
        assert_eq!([false, true].map(|was_there| may_pass(refused, was_there)), [false, true]);
    }

    #[test]
    fn what_a_registry_says_leads_to_what_to_do() {
        let reference = Reference::parse("127.0.0.1:5000/a:1").expect("it is a reference");
        let cases = [
            (
                "no basic auth credentials",
                "log in with `docker login 127.0.0.1:5000`, as a user who may push this repository",
            ),
            (
                "dial tcp: lookup x: no such host",
                "correct the registry `127.0.0.1:5000` in `image.repository` of `module.json`, or look to this machine's network",
            ),
            (
                "dial tcp 127.0.0.1:5000: connect: connection refused",
                "see whether the registry `127.0.0.1:5000` is up and can be reached from the engine",
            ),
            ("An image does not exist locally with the tag: a", "build it first with `edgectl build`"),
        ];
        for (said, hint) in cases {
            let error = Error::DockerStreamError { error: said.to_owned() };
            let failure = explain("push", &reference, (said, &error), None);
            assert_eq!(
                (failure.message(), failure.hints()),
                ("cannot push `127.0.0.1:5000/a:1`", &[hint.to_owned()][..])
            );
        }
    }
}
