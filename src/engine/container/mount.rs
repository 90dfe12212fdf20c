//! Whether what is mounted from this machine arrives in containers.
//!
//! An engine may see other folders than we do under the same paths: it runs in a virtual machine or on another host, its
//! package confines it (snap, a private temporary folder), or edgectl itself runs in a container.

use std::path::Path;

use bollard::query_parameters::ContainerArchiveInfoOptionsBuilder;
use serde_json::{Value, json};

use super::{ContainerSpec, create_named, status};
use crate::engine::Engine;
use crate::engine::error::failure;
use crate::failure::Outcome;

/// Where the folder is mounted in the container that is never started.
const TARGET: &str = "/edgectl";
/// The bit of a mode, as the engine writes modes, that says: a socket.
const SOCKET: u32 = 1 << 24;

/// Says whether a unix socket of this machine arrives in a container that its folder is mounted into.
///
/// Asks the engine itself: `spec`, a container that has an image, is created with the folder, looked into, and removed.
/// It is never started, so the image may hold anything.
pub async fn receives(engine: &Engine, mut spec: ContainerSpec, socket: &Path) -> Outcome<bool> {
    let (Some(folder), Some(name)) = (socket.parent(), socket.file_name()) else { return Ok(false) };
    // As a mount, not as a bind: for a bind the engine would make a folder that is not there.
    let mount = json!({ "Type": "bind", "Source": folder, "Target": TARGET, "ReadOnly": true });
    spec.create_options.insert("Cmd".to_owned(), json!(["-"]));
    spec.create_options.insert("HostConfig".to_owned(), json!({ "NetworkMode": "none", "Mounts": [mount] }));
    let body = super::body::build(&spec)?;
    let cannot = || "cannot see whether the engine mounts folders of this machine";
    let container = match create_named(engine, &spec, &spec.name, &Value::Object(body).to_string().into()).await? {
        Ok(container) => container,
        Err(error) if status(&error) == Some(400) => return Ok(false),
        Err(error) => return Err(failure(cannot(), &error)),
    };
    let path = format!("{TARGET}/{}", name.to_string_lossy());
    let options = ContainerArchiveInfoOptionsBuilder::new().path(&path).build();
    let found = engine.docker.get_container_archive_info(&container.id, Some(options)).await;
    container.remove().await?;
    match found {
        Ok(found) => Ok(found.file_mode & SOCKET != 0),
        Err(error) if status(&error).is_some() => Ok(false),
        Err(error) => Err(failure(cannot(), &error)),
    }
}
