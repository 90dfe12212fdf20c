//! Containers: create, attach, start, wait, stop, remove.

mod body;
mod mount;
mod usage;

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use bollard::container::{AttachContainerResults, LogOutput};
use bollard::errors::Error;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    AttachContainerOptions, CreateContainerOptions, KillContainerOptions, ListContainersOptionsBuilder,
    RemoveContainerOptions, StopContainerOptions, WaitContainerOptions,
};
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::{Map, Value};

use super::Engine;
use super::error::failure;
use crate::failure::{Failure, Outcome};

pub use body::chooses_network;
pub use mount::receives;
pub use usage::{Share, Usage};

/// The label that tells to which simulation a container or network belongs; only what carries it is ever removed.
pub const SIMULATION_LABEL: &str = "io.edgectl.simulation";

/// The label that tells whose container it is: the module as commands call it, `filter` or `line2/filter`.
pub const MODULE_LABEL: &str = "io.edgectl.module";

/// The label that tells for which folder a container or network was made.
pub const FOLDER_LABEL: &str = "io.edgectl.folder";

/// A container to be created.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainerSpec {
    /// Its name; see [`name`].
    pub name: String,
    /// The image it is made of.
    pub image: String,
    /// Its environment; an entry of the same name in `create_options` wins.
    pub environment: Vec<(String, String)>,
    /// The manifest's createOptions, handed to the engine as they are, keys that edgectl does not know included.
    pub create_options: Map<String, Value>,
    /// The network it joins, unless `create_options` choose one.
    pub network: Option<NetworkAttachment>,
    /// Added to the labels of `create_options`; [`SIMULATION_LABEL`] among them, or nobody will clean up.
    pub labels: Vec<(String, String)>,
    /// Added to the binds of `create_options`, as `host:container`.
    pub binds: Vec<String>,
    /// Added to the hosts of `create_options`, as `name:address`.
    pub extra_hosts: Vec<String>,
}

/// How a container is found in a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkAttachment {
    /// The network, by its id.
    pub network: String,
    /// The container's name there.
    pub alias: String,
    /// The container's address there; the engine chooses where there is none.
    pub address: Option<IpAddr>,
}

/// Which of its two outputs an instance wrote to; a container with a terminal has only the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl OutputStream {
    /// Returns its name, as it stands in records of logs.
    pub fn as_word(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

impl ContainerSpec {
    fn simulation(&self) -> Option<&str> {
        self.labels.iter().find(|(key, _)| key == SIMULATION_LABEL).map(|(_, simulation)| simulation.as_str())
    }
}

/// A container that was created.
#[derive(Debug, Clone)]
pub struct Container {
    engine: Engine,
    id: String,
    name: String,
}

/// What a container writes from the moment it was attached to.
pub struct ContainerOutput {
    results: AttachContainerResults,
}

/// Returns the name `<solution>-<device>-<module>`, with `_` for what the engine does not take in a name.
pub fn name(solution: &str, device: &str, module: &str) -> String {
    let name = format!("{solution}-{device}-{module}");
    let safe = |at: usize, c: char| c.is_ascii_alphanumeric() || (at > 0 && "_.-".contains(c));
    name.chars()
        .enumerate()
        .map(|(at, c)| {
            if safe(at, c) {
                c
            } else if at > 0 {
                '_'
            } else {
                'x'
            }
        })
        .collect()
}

/// Creates a container.
///
/// One of the same name that an earlier run of the same simulation left is replaced. If the name is somebody else's,
/// as with two solutions of one name, the simulation's id is added to it.
pub async fn create(engine: &Engine, spec: &ContainerSpec) -> Outcome<Container> {
    let cannot = format!("cannot create container `{}`", spec.name);
    let body = body::build(spec).map_err(|failure| failure.context(&cannot))?;
    let body = Bytes::from(serde_json::to_vec(&body).expect("a JSON value can be written"));
    let mut created = create_named(engine, spec, &spec.name, &body).await?;
    if created.as_ref().is_err_and(|error| status(error) == Some(409))
        && let Some(simulation) = spec.simulation()
    {
        let other_name = format!("{}-{}", spec.name, short(simulation));
        created = create_named(engine, spec, &other_name, &body).await?;
    }
    created.map_err(|error| {
        let failure = failure(cannot, &error);
        match status(&error) {
            Some(404) => failure.hint(format!("build or pull `{}` first", spec.image)),
            Some(409) => failure.hint(format!("remove it with `docker rm -f {}`", spec.name)),
            Some(_) => failure.hint("mend the module's `createOptions` in the deployment template"),
            None => failure,
        }
    })
}

/// Returns what tells a simulation from others in a name: the beginning of its id.
pub fn short(simulation: &str) -> &str {
    simulation.get(..8).unwrap_or(simulation)
}

/// Removes every container of a simulation, and returns their names.
pub async fn remove_labelled(engine: &Engine, simulation: &str) -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for (id, name) in list(engine, simulation).await? {
        Container { engine: engine.clone(), id, name: name.clone() }.remove().await?;
        names.push(name);
    }
    Ok(names)
}

impl Container {
    /// Listens to what the container writes. To miss nothing, call it before [`Container::start`].
    ///
    /// Attaching, unlike reading its log, works with whatever log driver createOptions choose.
    pub async fn attach(&self) -> Outcome<ContainerOutput> {
        let options =
            AttachContainerOptions { stream: true, stdout: true, stderr: true, ..AttachContainerOptions::default() };
        let attached = self.engine.docker.attach_container(&self.id, Some(options)).await;
        let results =
            attached.map_err(|error| failure(format!("cannot attach to container `{}`", self.name), &error))?;
        Ok(ContainerOutput { results })
    }

    /// Returns the id of the image that the container is made of; a tag may mean another one by now.
    pub async fn image(&self) -> Outcome<Option<String>> {
        let inspected = self.engine.docker.inspect_container(&self.id, None).await;
        let inspected =
            inspected.map_err(|error| failure(format!("cannot inspect container `{}`", self.name), &error))?;
        Ok(inspected.image)
    }

    /// Starts the container.
    pub async fn start(&self) -> Outcome {
        let started = self.engine.docker.start_container(&self.id, None).await;
        started.map_err(|error| {
            failure(format!("cannot start container `{}`", self.name), &error)
                .hint("look at the module's `createOptions` and at the command of its image")
        })
    }

    /// Waits until the container has ended and returns its exit code; `None` if it was removed before.
    ///
    /// # Errors
    ///
    /// The engine went away.
    pub async fn wait(&self) -> Outcome<Option<i32>> {
        let docker = self.engine.patient();
        let options = WaitContainerOptions { condition: "not-running".to_owned() };
        let lost = format!("lost container `{}`", self.name);
        match docker.wait_container(&self.id, Some(options)).next().await {
            Some(Ok(end)) => Ok(i32::try_from(end.status_code).ok()),
            Some(Err(Error::DockerContainerWaitError { code, .. })) => Ok(i32::try_from(code).ok()),
            Some(Err(error)) if status(&error) == Some(404) => Ok(None),
            Some(Err(error)) => Err(failure(lost, &error)),
            None => Err(Failure::machine(lost)
                .cause("the engine closed the connection")
                .hint("see whether the container engine still runs with `docker info`")),
        }
    }

    /// Asks the container to end (`SIGTERM`, or its image's stop signal), and kills it after `grace`.
    pub async fn stop(&self, grace: Duration) -> Outcome {
        let options = StopContainerOptions { t: i32::try_from(grace.as_secs()).ok(), signal: None };
        let docker = self.engine.docker.clone().with_timeout(grace + Duration::from_secs(60));
        let stopped = docker.stop_container(&self.id, Some(options)).await;
        accept(stopped, &[404]).map_err(|error| failure(format!("cannot stop container `{}`", self.name), &error))
    }

    /// Kills the container.
    pub async fn kill(&self) -> Outcome {
        let options = KillContainerOptions { signal: "SIGKILL".to_owned() };
        let killed = self.engine.docker.kill_container(&self.id, Some(options)).await;
        accept(killed, &[404, 409]).map_err(|error| failure(format!("cannot kill container `{}`", self.name), &error))
    }

    /// Removes the container with its anonymous volumes, running or not.
    pub async fn remove(&self) -> Outcome {
        let options = RemoveContainerOptions { force: true, v: true, link: false };
        let removed = self.engine.docker.remove_container(&self.id, Some(options)).await;
        // 404: it is gone. 409: it is being removed already, as `AutoRemove` does.
        let removed = accept(removed, &[404, 409]);
        removed.map_err(|error| failure(format!("cannot remove container `{}`", self.name), &error))
    }
}

impl ContainerOutput {
    /// Returns what was written next; `None` when the container has ended or the engine has gone away.
    pub async fn next(&mut self) -> Option<(OutputStream, Bytes)> {
        match self.results.output.next().await?.ok()? {
            LogOutput::StdErr { message } => Some((OutputStream::Stderr, message)),
            LogOutput::StdOut { message } | LogOutput::StdIn { message } | LogOutput::Console { message } => {
                Some((OutputStream::Stdout, message))
            }
        }
    }
}

/// Creates a container under a name; the inner error is the engine's, which has no such name to give.
async fn create_named(
    engine: &Engine,
    spec: &ContainerSpec,
    name: &str,
    body: &Bytes,
) -> Outcome<Result<Container, Error>> {
    let mut created = send_create(engine, name, body.clone()).await;
    if created.as_ref().is_err_and(|error| status(error) == Some(409)) && remove_own(engine, spec, name).await? {
        created = send_create(engine, name, body.clone()).await;
    }
    Ok(created.map(|id| Container { engine: engine.clone(), id, name: name.to_owned() }))
}

/// Sends the body as it is: the typed body of `bollard` would drop the keys that it does not know.
async fn send_create(engine: &Engine, name: &str, body: Bytes) -> Result<String, Error> {
    let raw =
        engine.docker.clone().with_request_modifier(move |request| request.map(|_| bollard::body_full(body.clone())));
    let options = CreateContainerOptions { name: Some(name.to_owned()), ..CreateContainerOptions::default() };
    raw.create_container(Some(options), ContainerCreateBody::default()).await.map(|created| created.id)
}

/// Removes the container of that name, if it belongs to the same simulation.
async fn remove_own(engine: &Engine, spec: &ContainerSpec, name: &str) -> Outcome<bool> {
    let Some(simulation) = spec.simulation() else { return Ok(false) };
    let found = list(engine, simulation).await?;
    let Some((id, name)) = found.into_iter().find(|(_, found)| found == name) else { return Ok(false) };
    Container { engine: engine.clone(), id, name }.remove().await.map(|()| true)
}

/// Returns the id and the name of every container of a simulation, running or not.
async fn list(engine: &Engine, simulation: &str) -> Outcome<Vec<(String, String)>> {
    let filters = HashMap::from([("label", vec![format!("{SIMULATION_LABEL}={simulation}")])]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let found = engine.docker.list_containers(Some(options)).await;
    let found = found.map_err(|error| failure("cannot list containers", &error))?;
    let name_of = |names: Option<Vec<String>>| names.and_then(|mut names| names.pop()).unwrap_or_default();
    let entry = |id: String, names| (id, name_of(names).trim_start_matches('/').to_owned());
    Ok(found.into_iter().filter_map(|summary| Some(entry(summary.id?, summary.names))).collect())
}

/// Treats the engine's answers of some statuses as done.
pub(super) fn accept(result: Result<(), Error>, statuses: &[u16]) -> Result<(), Error> {
    result.or_else(|error| match status(&error) {
        Some(status) if statuses.contains(&status) => Ok(()),
        _ => Err(error),
    })
}

pub(super) fn status(error: &Error) -> Option<u16> {
    match error {
        Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod keys;
#[cfg(test)]
pub(crate) mod tests;
