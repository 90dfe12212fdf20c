//! Networks: one of its own for each simulation.

use std::collections::HashMap;
use std::net::IpAddr;

use bollard::models::NetworkCreateRequest;
use bollard::query_parameters::ListNetworksOptionsBuilder;

use super::Engine;
use super::container::{SIMULATION_LABEL, accept};
use super::error::failure;
use crate::failure::{Failure, Outcome};

/// A network that was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// The address of the engine's machine in it: how containers reach what listens there.
    pub gateway: IpAddr,
}

/// Creates a bridge network that carries the label of a simulation.
pub async fn create(engine: &Engine, name: &str, simulation: &str) -> Outcome<Network> {
    let cannot = format!("cannot create network `{name}`");
    let request = NetworkCreateRequest {
        name: name.to_owned(),
        driver: Some("bridge".to_owned()),
        labels: Some(HashMap::from([(SIMULATION_LABEL.to_owned(), simulation.to_owned())])),
        ..NetworkCreateRequest::default()
    };
    let created = engine.docker.create_network(request).await.map_err(|error| {
        failure(&cannot, &error).hint("remove networks that nobody uses with `docker network prune`")
    })?;
    match gateway(engine, &created.id).await {
        Ok(gateway) => Ok(Network { name: name.to_owned(), gateway }),
        Err(failure) => {
            // The first failure is the one to tell.
            let _ = engine.docker.remove_network(&created.id).await;
            Err(failure.context(cannot))
        }
    }
}

/// Removes a network; one that is gone is no failure.
pub async fn remove(engine: &Engine, name: &str) -> Outcome {
    let removed = accept(engine.docker.remove_network(name).await, &[404]);
    removed.map_err(|error| {
        failure(format!("cannot remove network `{name}`"), &error)
            .hint(format!("see what is still in it with `docker network inspect {name}`"))
    })
}

/// Removes every network of a simulation, and returns their names.
pub async fn remove_labelled(engine: &Engine, simulation: &str) -> Outcome<Vec<String>> {
    let label = format!("{SIMULATION_LABEL}={simulation}");
    let filters = HashMap::from([("label", vec![label])]);
    let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
    let found = engine.docker.list_networks(Some(options)).await;
    let found = found.map_err(|error| failure("cannot list networks", &error))?;
    let mut names = Vec::new();
    for (id, name) in found.into_iter().filter_map(|network| Some((network.id?, network.name?))) {
        // By id, since two networks may have one name.
        remove(engine, &id).await?;
        names.push(name);
    }
    Ok(names)
}

async fn gateway(engine: &Engine, id: &str) -> Outcome<IpAddr> {
    let network = engine.docker.inspect_network(id, None).await;
    let network = network.map_err(|error| failure("cannot inspect it", &error))?;
    let configurations = network.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
    let mut addresses = configurations.into_iter().filter_map(|configuration| {
        // Some engines write the address with the length of the prefix.
        configuration.gateway?.split('/').next()?.parse::<IpAddr>().ok()
    });
    addresses.next().ok_or_else(|| {
        Failure::machine("the engine gave it no gateway address")
            .hint("run the modules as processes with `--runtime process`")
    })
}
