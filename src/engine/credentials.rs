//! Credentials of registries, from docker's own configuration and its helpers, else from the solution's variables. Owns
//! `docker_credential`.
//!
//! Secrets go to the engine and nowhere else: `Debug` hides them, and what a failing helper printed is not shown.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;

use bollard::auth::DockerCredentials;
use docker_credential::{CredentialRetrievalError, DockerCredential};
use serde_json::Value;

use super::endpoint;
use crate::environment::Environment;
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::image::DOCKER_HUB;
use crate::solution::{RegistryLogin, RegistryServer, Solution};

/// What the hub is called in docker's configuration, by helpers, and in the engine's API.
const HUB_KEY: &str = "https://index.docker.io/v1/";
const HUB_ALIASES: [&str; 4] = [HUB_KEY, "index.docker.io", DOCKER_HUB, "registry-1.docker.io"];

/// What a registry is told to let us in.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
    /// User name and password (or an access token in the password's place).
    Password {
        /// User name.
        user: String,
        /// Never printed.
        secret: String,
    },
    /// An identity token, as `az acr login` leaves it.
    Token(String),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { user, .. } => f.debug_struct("Password").field("user", user).finish_non_exhaustive(),
            Self::Token(_) => f.write_str("Token(…)"),
        }
    }
}

/// Where logins are looked for: among those given, then in `config.json` of docker, its `credHelpers` and its
/// `credsStore`, then among the variables of the solution.
///
/// What somebody logged in with on this machine comes before what a file says that may be everybody's.
#[derive(Debug, Clone)]
pub struct Logins {
    given: Vec<(String, Login)>,
    config: Option<PathBuf>,
    variables: Vec<RegistryLogin>,
}

/// Where a login comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Whoever asked gave it.
    Given,
    /// docker's configuration, or a helper.
    Docker,
    /// `CONTAINER_REGISTRY_USERNAME` and its like.
    Variables,
}

impl Logins {
    /// Uses the configuration of `DOCKER_CONFIG`, else of the home folder.
    pub fn new(environment: &Environment) -> Self {
        let config = endpoint::config_folder(environment).map(|folder| folder.join("config.json"));
        Self { given: Vec::new(), config, variables: Vec::new() }
    }

    /// The same with the variables of a solution, where there is one.
    pub fn of_solution<'a>(environment: &Environment, solution: impl Into<Option<&'a Solution>>) -> Self {
        let variables = solution.into().map(Solution::registry_logins).unwrap_or_default();
        Self { variables, ..Self::new(environment) }
    }

    /// Adds logins by the address of their registry, in any spelling that docker takes. One without user or password,
    /// as templates have it whose variables nobody set, is none.
    pub fn with(mut self, given: impl IntoIterator<Item = (String, Login)>) -> Self {
        let given = given.into_iter().filter(|(_, login)| !login.is_blank());
        self.given.extend(given.map(|(address, login)| (host_of(&address).to_ascii_lowercase(), login)));
        self
    }

    /// Returns which of the logins given is for a registry.
    pub fn given(&self, registry: &str) -> Option<&Login> {
        self.given.iter().find(|(host, _)| host.eq_ignore_ascii_case(registry)).map(|(_, login)| login)
    }

    /// Returns the login for a registry (`docker.io` for the hub), or `None` if there is none.
    ///
    /// Fails if the configuration cannot be read or a helper does not do its work.
    pub async fn find(&self, registry: &str) -> Outcome<Option<Login>> {
        Ok(self.find_with_origin(registry).await?.map(|(login, _)| login))
    }

    /// The same, with where the login comes from.
    pub(super) async fn find_with_origin(&self, registry: &str) -> Outcome<Option<(Login, Origin)>> {
        if let Some(login) = self.given(registry) {
            return Ok(Some((login.clone(), Origin::Given)));
        }
        let of_docker = self.find_of_docker(registry).await;
        match (of_docker, self.of_variables(registry)) {
            (Ok(Some(login)), _) => Ok(Some((login, Origin::Docker))),
            // A helper that does not do its work may be that of another machine, as in a container for developers.
            (_, Some(login)) => Ok(Some((login, Origin::Variables))),
            (nothing, None) => nothing.map(|_| None),
        }
    }

    async fn find_of_docker(&self, registry: &str) -> Outcome<Option<Login>> {
        let Some(config) = self.load()? else { return Ok(None) };
        let registry = registry.to_owned();
        // Helpers are processes that may ask a cloud or a key ring.
        let found = tokio::task::spawn_blocking(move || config.find(&registry)).await;
        found.or_fail(Kind::Bug, || "the search for credentials ended early")?
    }

    fn of_variables(&self, registry: &str) -> Option<Login> {
        let login = self.variables.iter().find(|login| is_for(&login.server, registry))?;
        Some(Login::Password { user: login.username.clone(), secret: login.password.clone() })
    }

    /// Returns the logins of the registries that occur in `texts` (a Dockerfile, build arguments), by the key the
    /// engine knows them by. A login that cannot be had is left out: the build may do without.
    pub(super) async fn find_mentioned(&self, texts: &[&str]) -> Outcome<HashMap<String, DockerCredentials>> {
        let of_docker = self.find_mentioned_of_docker(texts).await?;
        let of_variables = mentioned_hosts(texts).filter_map(|host| Some((key_of(host), self.of_variables(host)?)));
        // The latter of two of one registry counts.
        let found = of_variables.chain(of_docker);
        Ok(found.map(|(key, login)| (key.clone(), login.into_credentials(&key))).collect())
    }

    async fn find_mentioned_of_docker(&self, texts: &[&str]) -> Outcome<Vec<(String, Login)>> {
        let Some(config) = self.load()? else { return Ok(Vec::new()) };
        let registries: Vec<String> =
            config.registries().into_iter().filter(|name| is_mentioned(name, texts)).collect();
        let search = move || -> Vec<(String, Login)> {
            let found = |name: &String| Some((key_of(name), config.find(name).ok()??));
            registries.iter().filter_map(found).collect()
        };
        let found = tokio::task::spawn_blocking(search).await;
        found.or_fail(Kind::Bug, || "the search for credentials ended early")
    }

    fn load(&self) -> Outcome<Option<Config>> {
        let Some(path) = &self.config else { return Ok(None) };
        let doing = || format!("cannot read docker's configuration `{}`", path.display());
        let text = match std::fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            text => text.or_fail(Kind::Machine, doing)?,
        };
        let document: Value = serde_json::from_slice(&text).map_err(|error| {
            let hint = "correct it, or write it anew with `docker login REGISTRY`";
            Failure::request(doing()).cause(error).hint(hint)
        })?;
        Ok(Some(Config { document }))
    }
}

impl Login {
    fn is_blank(&self) -> bool {
        match self {
            Self::Password { user, secret } => user.trim().is_empty() || secret.is_empty(),
            Self::Token(token) => token.is_empty(),
        }
    }

    pub(super) fn into_credentials(self, key: &str) -> DockerCredentials {
        let server = DockerCredentials { serveraddress: Some(key.to_owned()), ..DockerCredentials::default() };
        match self {
            Self::Password { user, secret } => {
                DockerCredentials { username: Some(user), password: Some(secret), ..server }
            }
            Self::Token(token) => DockerCredentials { identitytoken: Some(token), ..server },
        }
    }
}

/// Returns what the engine knows a registry by.
pub(super) fn key_of(registry: &str) -> String {
    if registry == DOCKER_HUB { HUB_KEY.to_owned() } else { registry.to_owned() }
}

struct Config {
    document: Value,
}

impl Config {
    fn find(&self, registry: &str) -> Outcome<Option<Login>> {
        let names: &[&str] = if registry == DOCKER_HUB { &HUB_ALIASES } else { &[registry] };
        for name in names {
            match docker_credential::get_credential_from_reader(self.text().as_bytes(), name) {
                Ok(DockerCredential::UsernamePassword(user, secret)) => {
                    return Ok(Some(Login::Password { user, secret }));
                }
                Ok(DockerCredential::IdentityToken(token)) => return Ok(Some(Login::Token(token))),
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(self.explain(registry, name, &error)),
            }
        }
        Ok(None)
    }

    /// The configuration as the library should see it: where a store keeps the secrets, docker does not look for them
    /// in the file; and an empty `auth` is none.
    fn text(&self) -> String {
        let mut document = self.document.clone();
        let has_store = document.get("credsStore").and_then(Value::as_str).is_some_and(|store| !store.is_empty());
        match document.get_mut("auths").and_then(Value::as_object_mut) {
            Some(auths) if has_store => auths.clear(),
            Some(auths) => auths.retain(|_, entry| !is_empty(entry)),
            None => {}
        }
        if !has_store && let Some(fields) = document.as_object_mut() {
            fields.remove("credsStore");
        }
        document.to_string()
    }

    /// Returns all registries that the configuration names, the hub as `docker.io`.
    fn registries(&self) -> Vec<String> {
        let names = |field| self.document.get(field).and_then(Value::as_object).into_iter().flat_map(|map| map.keys());
        let mut registries: Vec<String> =
            names("auths").chain(names("credHelpers")).map(|name| host_of(name)).collect();
        registries.sort_unstable();
        registries.dedup();
        registries
    }

    fn explain(&self, registry: &str, name: &str, error: &CredentialRetrievalError) -> Failure {
        let failure = Failure::machine(format!("cannot get the credentials of `{registry}`"));
        let helper = self.document.get("credHelpers").and_then(|helpers| helpers.get(name)).and_then(Value::as_str);
        let helper = helper.or_else(|| self.document.get("credsStore").and_then(Value::as_str)).unwrap_or_default();
        let program = format!("docker-credential-{helper}");
        let look = format!("see what it says with `echo {name} | {program} get`");
        match error {
            CredentialRetrievalError::HelperCommunicationError => failure
                .cause(format!("`{program}` cannot be started"))
                .hint("install it, or log in again with `docker login`"),
            CredentialRetrievalError::HelperFailure { .. } => failure.cause(format!("`{program}` refused")).hint(look),
            CredentialRetrievalError::MalformedHelperResponse => {
                failure.cause(format!("`{program}` answered something that is no credential")).hint(look)
            }
            _ => failure
                .cause("docker's configuration holds something else than user and password for it")
                .hint(format!("log in again with `docker login {registry}`")),
        }
    }
}

/// A store that has nothing for a registry says so in its own words, which all helpers share.
fn is_absent(error: &CredentialRetrievalError) -> bool {
    match error {
        CredentialRetrievalError::NoCredentialConfigured => true,
        CredentialRetrievalError::HelperFailure { stdout, .. } => {
            ["credentials not found", "no credentials server URL", "no credentials username"]
                .iter()
                .any(|words| stdout.contains(words))
        }
        _ => false,
    }
}

fn is_empty(entry: &Value) -> bool {
    let has = |field| entry.get(field).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    !["auth", "identitytoken", "username"].into_iter().any(has)
}

fn host_of(name: &str) -> String {
    let name = name.trim_start_matches("https://").trim_start_matches("http://");
    let host = name.split_once('/').map_or(name, |(host, _)| host);
    if HUB_ALIASES.contains(&host) { DOCKER_HUB.to_owned() } else { host.to_owned() }
}

/// The hub is meant wherever no registry is named, so that it always counts as mentioned.
fn is_mentioned(registry: &str, texts: &[&str]) -> bool {
    registry == DOCKER_HUB || texts.iter().any(|text| text.contains(registry))
}

/// Returns what may be the address of a registry, and the hub.
fn mentioned_hosts<'a>(texts: &'a [&str]) -> impl Iterator<Item = &'a str> {
    let is_other = |c: char| !c.is_ascii_alphanumeric() && !".:-".contains(c);
    let words = texts.iter().flat_map(move |text| text.split(is_other));
    words.filter(|word| word.contains(['.', ':']) || *word == "localhost").chain([DOCKER_HUB])
}

fn is_for(server: &RegistryServer, registry: &str) -> bool {
    match server {
        RegistryServer::Address(address) => host_of(address).eq_ignore_ascii_case(registry),
        RegistryServer::Name(name) => {
            registry.split(['.', ':']).next().is_some_and(|first| first.eq_ignore_ascii_case(name))
        }
    }
}

/// Build arguments and a Dockerfile, as texts in which registries may be mentioned.
pub(super) fn texts_of<'a>(
    dockerfile: &'a str,
    args: &'a BTreeMap<String, String>,
    images: &'a [String],
) -> Vec<&'a str> {
    std::iter::once(dockerfile)
        .chain(args.values().map(String::as_str))
        .chain(images.iter().map(String::as_str))
        .collect()
}
