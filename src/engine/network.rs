//! Networks: one of its own for each simulation.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::MetadataExt;

use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest};
use bollard::query_parameters::ListNetworksOptionsBuilder;

use super::Engine;
use super::container::{SIMULATION_LABEL, accept};
use super::endpoint::Endpoint;
use super::error::failure;
use crate::failure::{Failure, Outcome};

/// How often a subnet is asked for that another network may have taken meanwhile.
const ATTEMPTS: usize = 5;

/// A network that was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its id: other networks may have its name.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The address of the engine's machine in it: how containers reach what listens there.
    pub gateway: IpAddr,
    subnet: Option<Subnet>,
}

/// Who gives the containers of a network their addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// The engine.
    Engine,
    /// Whoever creates them, with [`Network::address`].
    Creator,
}

/// Where the networks of an engine are, seen from this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Their gateways are addresses of this machine, if the engine runs here.
    Here,
    /// The same, from the moment on in which their first container starts.
    Late,
    /// In a namespace of a user's own, or in a virtual machine: containers reach this machine by its other addresses.
    Apart,
}

/// `172.18.0.0/16`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Subnet {
    first: Ipv4Addr,
    prefix: u32,
}

/// What tells whose a network is; [`SIMULATION_LABEL`] among it, or nobody will clean up.
pub type Labels = HashMap<String, String>;

/// Says where the networks of an engine are. The socket tells: an engine without root listens on one of its user's.
pub async fn place(engine: &Engine) -> Place {
    let Endpoint::Unix(socket) = &engine.endpoint else { return Place::Here };
    match tokio::fs::metadata(socket).await {
        Ok(metadata) if metadata.uid() != 0 => Place::Apart,
        _ if engine.nature().await.is_ok_and(|nature| nature.is_podman) => Place::Late,
        _ => Place::Here,
    }
}

/// Creates a bridge network.
pub async fn create(engine: &Engine, name: &str, labels: &Labels, addresses: Addresses) -> Outcome<Network> {
    let made = match addresses {
        Addresses::Engine => make(engine, name, labels, None).await,
        Addresses::Creator => make_with_own_addresses(engine, name, labels).await,
    };
    made.map_err(|failure| failure.context(format!("cannot create network `{name}`")))
}

/// An engine takes addresses for containers only where the subnet was chosen by whoever made the network, so the one
/// that it chooses itself is asked for a second time.
async fn make_with_own_addresses(engine: &Engine, name: &str, labels: &Labels) -> Outcome<Network> {
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let chosen = make(engine, name, labels, None).await?;
        remove(engine, &chosen.id).await?;
        match make(engine, name, labels, Some(&chosen)).await {
            Ok(network) => return Ok(network),
            Err(failure) => last = Some(failure),
        }
    }
    Err(last.unwrap_or_else(|| Failure::machine("the engine has no subnet left")))
}

async fn make(engine: &Engine, name: &str, labels: &Labels, like: Option<&Network>) -> Outcome<Network> {
    let ipam = like.map(|network| Ipam {
        config: Some(vec![IpamConfig {
            subnet: network.subnet.map(|subnet| format!("{}/{}", subnet.first, subnet.prefix)),
            gateway: Some(network.gateway.to_string()),
            ..IpamConfig::default()
        }]),
        ..Ipam::default()
    });
    let request = NetworkCreateRequest {
        name: name.to_owned(),
        driver: Some("bridge".to_owned()),
        ipam,
        labels: Some(labels.clone()),
        ..NetworkCreateRequest::default()
    };
    let created = engine.docker.create_network(request).await.map_err(|error| {
        failure("the engine refused it", &error).hint("remove networks that nobody uses with `docker network prune`")
    })?;
    match inspect(engine, &created.id, name).await {
        Ok(network) => Ok(network),
        Err(failure) => {
            // The first failure is the one to tell.
            let _ = engine.docker.remove_network(&created.id).await;
            Err(failure)
        }
    }
}

/// Removes a network by its id; one that is gone is no failure.
pub async fn remove(engine: &Engine, id: &str) -> Outcome {
    let removed = accept(engine.docker.remove_network(id).await, &[404]);
    removed.map_err(|error| {
        failure(format!("cannot remove network `{id}`"), &error)
            .hint(format!("see what is still in it with `docker network inspect {id}`"))
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

async fn inspect(engine: &Engine, id: &str, name: &str) -> Outcome<Network> {
    let network = engine.docker.inspect_network(id, None).await;
    let network = network.map_err(|error| failure("cannot inspect it", &error))?;
    let configurations = network.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
    let mut found = configurations.into_iter().filter_map(|configuration| {
        // Some engines write the address with the length of the prefix.
        let gateway = configuration.gateway?.split('/').next()?.parse::<IpAddr>().ok()?;
        Some((gateway, configuration.subnet.as_deref().and_then(Subnet::parse)))
    });
    let (gateway, subnet) = found.next().ok_or_else(|| {
        Failure::machine("the engine gave it no gateway address")
            .hint("run the modules as processes with `--runtime process`")
    })?;
    Ok(Network { id: id.to_owned(), name: name.to_owned(), gateway, subnet })
}

impl Network {
    /// Returns an address for a container, counted from the subnet's end: the engine gives out those at the beginning.
    ///
    /// `None` if the subnet has no such address, or is none of IPv4.
    pub fn address(&self, number: u32) -> Option<IpAddr> {
        self.subnet?.nth_last(number).map(IpAddr::V4).filter(|address| *address != self.gateway)
    }
}

impl Subnet {
    fn parse(text: &str) -> Option<Self> {
        let (first, prefix) = text.split_once('/')?;
        let subnet = Self { first: first.parse().ok()?, prefix: prefix.parse().ok()? };
        (subnet.prefix <= 30).then_some(subnet)
    }

    /// The last address of all is for broadcasts, the first one is the network's.
    fn nth_last(self, number: u32) -> Option<Ipv4Addr> {
        let size = 1_u64 << (32 - self.prefix);
        let offset = (size - 2).checked_sub(u64::from(number)).filter(|offset| *offset > 0)?;
        u32::from(self.first).checked_add(u32::try_from(offset).ok()?).map(Ipv4Addr::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(subnet: &str) -> Network {
        let gateway = IpAddr::from([172, 18, 0, 1]);
        Network { id: "1".into(), name: "n".into(), gateway, subnet: Subnet::parse(subnet) }
    }

    #[test]
    fn addresses_are_counted_from_the_end_and_spare_the_gateway() {
        let wide = network("172.18.0.0/16");
        assert_eq!(wide.address(0), Some(IpAddr::from([172, 18, 255, 254])));
        assert_eq!(wide.address(254), Some(IpAddr::from([172, 18, 255, 0])));
        let narrow = network("172.18.0.0/30");
        assert_eq!([0, 1, 2].map(|number| narrow.address(number)), [Some(IpAddr::from([172, 18, 0, 2])), None, None]);
        assert_eq!(network("fd00::/64").address(0), None);
    }
}
