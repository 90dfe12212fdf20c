//! What a simulation has in the engine: containers and networks under its label, noted as long as they may be there.
//! The first container may come late, with a new deployment.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::naming::called;
use super::state::{unreadable, unwritable};
use super::subject::Simulated;
use crate::engine::Engine;
use crate::engine::container::{self, ContainerSpec};
use crate::engine::network::Labels;
use crate::environment::Environment;
use crate::failure::{Failure, Outcome};
use crate::identity::DeviceId;
use crate::runtime;
use crate::store::{self, Durability};
use crate::ui::Ui;

/// How long the engine may take to remove everything.
const REMOVE_WITHIN: Duration = Duration::from_secs(60);

/// The simulation in the engine, if it has come there.
pub(super) struct Containers {
    /// Set as soon as there may be something to remove.
    engine: OnceLock<Engine>,
    simulation: String,
    /// What every container and network of it carries.
    pub(super) labels: Labels,
    solution: String,
    /// The main device.
    main: DeviceId,
    note: PathBuf,
}

/// `.edgectl/containers.json`: there as long as a simulation may have containers, even if it was killed.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    simulation: String,
}

impl Containers {
    /// Nothing is there yet; `root` is the state folder.
    pub(super) fn none(simulated: &Simulated, simulation: &str, root: &Path) -> Self {
        let (simulation, solution) = (simulation.to_owned(), simulated.name.clone());
        let folder = root.parent().unwrap_or(root).display().to_string();
        let labels = [(container::SIMULATION_LABEL, simulation.clone()), (container::FOLDER_LABEL, folder)];
        let labels = labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let main = simulated.main.clone();
        Self { engine: OnceLock::new(), simulation, labels, solution, main, note: note_path(root) }
    }

    /// Notes, before anything is made, that there may be something to remove.
    pub(super) fn open(&self, engine: &Engine) -> Outcome {
        if self.engine.get().is_some() {
            return Ok(());
        }
        let text = serde_json::json!(Note { simulation: self.simulation.clone() }).to_string();
        store::save(&self.note, text.as_bytes(), Durability::Process)
            .map_err(|error| unwritable(format!("cannot write `{}`", self.note.display()), &error))?;
        self.engine.get_or_init(|| engine.clone());
        Ok(())
    }

    /// Says whether there may be something to remove.
    pub(super) fn is_open(&self) -> bool {
        self.engine.get().is_some()
    }

    /// Returns a name for the network of a device that no other simulation has, as engines want it.
    pub(super) fn network_name(&self, device: &DeviceId) -> String {
        container::name(&self.solution, device.as_str(), container::short(&self.simulation))
    }

    /// Returns a container with nothing but its names, labels and image.
    pub(super) fn bare(&self, device: &DeviceId, module: &str, image: &str) -> ContainerSpec {
        let mut labels: Vec<(String, String)> = self.labels.clone().into_iter().collect();
        let called = called(&self.main, device, module).into_owned();
        labels.push((container::MODULE_LABEL.to_owned(), called));
        ContainerSpec {
            name: container::name(&self.solution, device.as_str(), module),
            image: image.to_owned(),
            environment: Vec::new(),
            create_options: serde_json::Map::new(),
            network: None,
            labels,
            binds: Vec::new(),
            extra_hosts: Vec::new(),
        }
    }

    /// Removes the networks and every container of the simulation.
    ///
    /// An engine that hangs is not waited for: the next start removes what is left.
    pub(super) async fn remove(&self) -> Outcome {
        let Some(engine) = self.engine.get() else { return Ok(()) };
        let cleared = timeout(REMOVE_WITHIN, runtime::clear_containers(engine, &self.simulation)).await;
        cleared.unwrap_or_else(|_| {
            Err(Failure::machine("cannot remove the containers of this simulation")
                .cause(format!("the engine gave no answer within {} s", REMOVE_WITHIN.as_secs()))
                .hint("mend the engine; the next `edgectl simulate` removes what is left"))
        })?;
        forget(&self.note)
    }
}

/// Removes the containers and networks that a killed edgectl left; an engine that does not answer keeps them for later.
pub(super) async fn clear_left(ui: &Ui, environment: &Environment, root: &Path) -> Outcome {
    let path = note_path(root);
    let Some(bytes) = store::load(&path).map_err(|error| unreadable(&path, &error))? else { return Ok(()) };
    let Ok(note) = serde_json::from_slice::<Note>(&bytes) else { return forget(&path) };
    let engine = match Engine::connect(environment).await {
        Ok(engine) => engine,
        Err(failure) => {
            ui.warn(format!("containers of the last run may be left: {}", failure.message()));
            return Ok(());
        }
    };
    let removed = runtime::clear_containers(&engine, &note.simulation).await?;
    if !removed.containers.is_empty() {
        ui.step("Removed", format!("containers that the last run left: {}", removed.containers.join(", ")));
    }
    forget(&path)
}

fn note_path(root: &Path) -> PathBuf {
    root.join("containers.json")
}

fn forget(note: &Path) -> Outcome {
    match std::fs::remove_file(note) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(unwritable(format!("cannot remove `{}`", note.display()), &error))
        }
        _ => Ok(()),
    }
}
