//! What carries edgectl's labels in an engine: the only things that are ever removed from it.

use std::collections::HashMap;
use std::path::Path;

use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder, RemoveContainerOptions,
    RemoveImageOptions,
};

use super::Engine;
use super::container::{FOLDER_LABEL, accept};
use super::error::failure;
use super::image::familiar;
use super::network;
use crate::failure::Outcome;
use crate::image::INPUTS_LABEL;

/// A container, network or image of edgectl's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// What it is.
    pub what: What,
    /// Its name; of an image one of its tags, or its id if it has none.
    pub name: String,
    /// The solution's folder that it was made for; images tell none.
    pub folder: Option<String>,
    id: String,
}

/// What can be edgectl's in an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A container of a simulation.
    Container,
    /// A network of a simulation.
    Network,
    /// An image that `edgectl build` made.
    Image,
}

impl Owned {
    /// Says whether it was made for the solution in that folder.
    pub fn is_of(&self, folder: &Path) -> bool {
        self.folder.as_deref().map(Path::new) == Some(folder)
    }
}

impl Engine {
    /// Lists the containers, then the networks, of all simulations.
    pub async fn owned_by_simulations(&self) -> Outcome<Vec<Owned>> {
        let filters = HashMap::from([("label", vec![FOLDER_LABEL])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let containers = self.docker.list_containers(Some(options)).await;
        let containers = containers.map_err(|error| failure("cannot list containers", &error))?;
        let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
        let networks = self.docker.list_networks(Some(options)).await;
        let networks = networks.map_err(|error| failure("cannot list networks", &error))?;

        let folder = |labels: Option<HashMap<String, String>>| labels?.remove(FOLDER_LABEL);
        let containers = containers.into_iter().filter_map(|found| {
            let name = found.names?.first()?.trim_start_matches('/').to_owned();
            Some(Owned { what: What::Container, name, folder: folder(found.labels), id: found.id? })
        });
        let networks = networks.into_iter().filter_map(|found| {
            Some(Owned { what: What::Network, name: found.name?, folder: folder(found.labels), id: found.id? })
        });
        Ok(containers.chain(networks).collect())
    }

    /// Lists the images that edgectl built: one entry for each tag.
    pub async fn owned_images(&self) -> Outcome<Vec<Owned>> {
        let filters = HashMap::from([("label", vec![INPUTS_LABEL])]);
        let options = ListImagesOptionsBuilder::new().filters(&filters).build();
        let found = self.docker.list_images(Some(options)).await;
        let found = found.map_err(|error| failure("cannot list images", &error))?;
        let image = |name: String, id: &str| Owned { what: What::Image, name, folder: None, id: id.to_owned() };
        let entries = found.into_iter().flat_map(|summary| {
            let tags = summary.repo_tags.into_iter().filter(|tag| tag != "<none>:<none>");
            let tags: Vec<Owned> = tags.map(|tag| image(familiar(&tag).to_owned(), &summary.id)).collect();
            if tags.is_empty() { vec![image(summary.id.clone(), &summary.id)] } else { tags }
        });
        Ok(entries.collect())
    }

    /// Removes one of what was listed; one that is gone is no failure. A running container is killed; an image that a
    /// container uses is a failure.
    pub async fn remove_owned(&self, owned: &Owned) -> Outcome {
        match owned.what {
            What::Container => {
                let options = RemoveContainerOptions { force: true, v: true, link: false };
                // 409: it is being removed already.
                let removed = accept(self.docker.remove_container(&owned.id, Some(options)).await, &[404, 409]);
                removed.map_err(|error| failure(format!("cannot remove container `{}`", owned.name), &error))
            }
            What::Network => network::remove(self, &owned.id).await,
            What::Image => {
                let removed = self.docker.remove_image(&owned.name, None::<RemoveImageOptions>, None).await.map(drop);
                accept(removed, &[404]).map_err(|error| {
                    failure(format!("cannot remove image `{}`", owned.name), &error)
                        .hint("remove the container that uses it first; `docker ps -a` lists them")
                })
            }
        }
    }
}
