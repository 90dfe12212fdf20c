//! The way to an engine, and what to do when there is none.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, Docker};

use super::endpoint::{self, Choice, Endpoint};
use super::error::{failure, io_error, text_of};
use super::{Engine, request};
use crate::environment::Environment;
use crate::failure::{Failure, Outcome};

/// Seconds until a request must have an answer, where nothing slow is asked for.
const TIMEOUT: u64 = 120;
/// How long an engine may take to say who it is.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// How long it may take to tell what it is and has: some run programs to find out.
pub(super) const REFLECTION: Duration = Duration::from_secs(30);

/// What an engine is that does not tell.
pub(super) const UNKNOWN: &str = "cannot ask the container engine what it is";

const WITHOUT: &str = "or run modules without containers: `edgectl simulate --runtime process`";

/// What an engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Nature {
    /// `linux/amd64`
    pub(super) platform: String,
    pub(super) is_podman: bool,
    pub(super) version: String,
    /// The newest version of its API.
    pub(super) api: String,
}

impl Engine {
    /// Connects to the engine that the environment names: `DOCKER_HOST`, `DOCKER_CONTEXT`, docker's current context,
    /// else the socket of this machine.
    ///
    /// Fails with the hint that fits: not installed, not running, or not allowed.
    pub async fn connect(environment: &Environment) -> Outcome<Self> {
        Self::connect_within(PATIENCE, environment).await
    }

    async fn connect_within(patience: Duration, environment: &Environment) -> Outcome<Self> {
        let choice = endpoint::choose(environment)?;
        let unreachable = |error: &bollard::errors::Error| explain(&choice, error, environment);
        let docker = open(&choice.endpoint).map_err(|error| unreachable(&error))?;
        match tokio::time::timeout(patience, docker.ping()).await {
            Ok(answered) => drop(answered.map_err(|error| unreachable(&error))?),
            Err(_) => return Err(unanswered(&choice, patience)),
        }
        let docker = docker.with_request_modifier(request::repair_credentials);
        Ok(Self { docker, endpoint: choice.endpoint, nature: Arc::default() })
    }

    /// Returns the platform that the engine runs images of, in docker's words: `linux/amd64`.
    pub async fn platform(&self) -> Outcome<String> {
        Ok(self.nature().await?.platform.clone())
    }

    /// Returns what the engine said of itself when it was first asked: it may run programs to find out, and a build of
    /// which nothing has changed need not know.
    pub(super) async fn nature(&self) -> Outcome<&Nature> {
        self.nature.get_or_try_init(|| self.ask_nature()).await
    }

    async fn ask_nature(&self) -> Outcome<Nature> {
        let version = self.docker.clone().with_timeout(REFLECTION).version().await;
        let version = version.map_err(|error| failure(UNKNOWN, &error))?;
        let components = version.components.unwrap_or_default();
        let os = version.os.unwrap_or_else(|| "linux".to_owned());
        let arch = version.arch.unwrap_or_else(|| std::env::consts::ARCH.to_owned());
        Ok(Nature {
            platform: format!("{os}/{}", docker_arch(&arch)),
            is_podman: components.iter().any(|component| component.name.contains("Podman")),
            version: version.version.unwrap_or_default(),
            api: version.api_version.unwrap_or_default(),
        })
    }
}

/// Engines say `amd64`, some in the kernel's words.
fn docker_arch(arch: &str) -> &str {
    match arch {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "arm" | "armv7l" => "arm/v7",
        arch => arch,
    }
}

fn open(endpoint: &Endpoint) -> Result<Docker, bollard::errors::Error> {
    match endpoint {
        Endpoint::Unix(path) => Docker::connect_with_unix(&path.to_string_lossy(), TIMEOUT, API_DEFAULT_VERSION),
        Endpoint::Tcp(address) => Docker::connect_with_http(address, TIMEOUT, API_DEFAULT_VERSION),
        Endpoint::Tls { address, certificates } => {
            let file = |name: &str| certificates.join(name);
            let (key, certificate, authority) = (file("key.pem"), file("cert.pem"), file("ca.pem"));
            Docker::connect_with_ssl(address, &key, &certificate, &authority, TIMEOUT, API_DEFAULT_VERSION)
        }
    }
}

fn unanswered(choice: &Choice, patience: Duration) -> Failure {
    let place = describe(choice);
    Failure::machine(format!("the container engine at {place} does not answer"))
        .cause(format!("no answer within {} s", patience.as_secs()))
        .hint(match &choice.named_by {
            Some(named_by) => format!("restart the engine that {named_by} names, {WITHOUT}"),
            None => format!("restart it, for example with `sudo systemctl restart docker`, {WITHOUT}"),
        })
}

fn explain(choice: &Choice, error: &bollard::errors::Error, environment: &Environment) -> Failure {
    let place = describe(choice);
    if let Some(file) = bad_certificate(error) {
        return Failure::machine(format!("cannot reach the container engine at {place}"))
            .cause(format!("cannot read `{}`", file.display()))
            .hint("put `ca.pem`, `cert.pem` and `key.pem` into the folder of certificates");
    }
    let kind = match error {
        bollard::errors::Error::SocketNotFoundError(_) => Some(io::ErrorKind::NotFound),
        error => io_error(error).map(io::Error::kind),
    };
    match kind {
        Some(io::ErrorKind::PermissionDenied) => {
            Failure::machine(format!("this user may not use the container engine at {place}"))
                .cause(text_of(error))
                .hint(format!("join its group with `sudo usermod -aG docker $USER`, log in again, {WITHOUT}"))
        }
        Some(io::ErrorKind::NotFound) if choice.named_by.is_none() && !is_installed(environment) => {
            Failure::machine("no container engine is installed")
                .cause(format!("neither {place} nor the program `docker` was found"))
                .hint(format!("install Docker (https://docs.docker.com/engine/install/), {WITHOUT}"))
        }
        Some(io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            Failure::machine(format!("the container engine at {place} is not running"))
                .cause(text_of(error))
                .hint(start_hint(choice))
        }
        _ => Failure::machine(format!("cannot reach the container engine at {place}"))
            .cause(text_of(error))
            .hint(start_hint(choice)),
    }
}

/// Returns the file that the client's certificate could not be had from.
fn bad_certificate(error: &bollard::errors::Error) -> Option<&Path> {
    use bollard::errors::Error::{CertMultipleKeys, CertParseError, CertPathError};
    match error {
        CertPathError { path } | CertParseError { path } | CertMultipleKeys { path, .. } => Some(path),
        _ => None,
    }
}

fn start_hint(choice: &Choice) -> String {
    match &choice.named_by {
        Some(named_by) => format!("start the engine that {named_by} names, {WITHOUT}"),
        None if cfg!(target_os = "macos") => format!("start Docker Desktop, {WITHOUT}"),
        None => format!("start it with `sudo systemctl start docker`, {WITHOUT}"),
    }
}

/// Returns where an engine listens, in back-ticks.
pub(super) fn describe(choice: &Choice) -> String {
    match &choice.endpoint {
        Endpoint::Unix(path) => format!("`{}`", path.display()),
        Endpoint::Tcp(address) => format!("`tcp://{address}`"),
        Endpoint::Tls { address, .. } => format!("`tcp://{address}` over TLS"),
    }
}

fn is_installed(environment: &Environment) -> bool {
    let path = environment.get("PATH").unwrap_or_default();
    let is_there = |folder: &str, name: &str| Path::new(folder).join(name).is_file();
    path.split(':').any(|folder| ["dockerd", "docker", "podman"].iter().any(|name| is_there(folder, name)))
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, UnixListener};

    use super::*;

    async fn refusal(host: String) -> (String, Vec<String>) {
        let environment: Environment = [("DOCKER_HOST".to_owned(), host)].into_iter().collect();
        let refused = Engine::connect_within(Duration::from_secs(1), &environment).await.map(drop);
        let failure = refused.expect_err("nobody answers");
        assert_eq!(failure.causes(), ["no answer within 1 s"]);
        (failure.message().to_owned(), failure.hints().to_vec())
    }

    #[tokio::test]
    async fn an_engine_that_takes_a_call_and_never_answers_is_not_waited_for() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("engine.sock");
        let _unix = UnixListener::bind(&path).expect("it is free");
        let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = tcp.local_addr().expect("it is bound").port();
        let hint = format!("restart the engine that `DOCKER_HOST` names, {WITHOUT}");
        let expected =
            |place: String| (format!("the container engine at `{place}` does not answer"), vec![hint.clone()]);
        let path = path.display();
        assert_eq!(refusal(format!("unix://{path}")).await, expected(path.to_string()));
        let tcp = format!("tcp://127.0.0.1:{port}");
        assert_eq!(refusal(tcp.clone()).await, expected(tcp));
    }
}
