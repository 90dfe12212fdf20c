//! The ports that a simulation of this solution would listen on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use super::{Area, Check, Status};
use crate::environment::Environment;
use crate::failure::{Failure, Outcome};
use crate::net::{self, BindError, Binding};
use crate::simulator::{Address, METRICS_PORT, PORTS, control};
use crate::solution::Solution;

/// Tries every port at every address that is known beforehand; those of a simulation that runs for this solution are as
/// they should be.
pub(super) async fn check(project: &Path, environment: &Environment) -> Vec<Check> {
    if control::Connection::open(project).await.is_ok() {
        return vec![Check::ok(Area::Ports, "a simulation of this solution runs; `edgectl ps` shows it")];
    }
    let addresses = match addresses(project, environment) {
        Ok(addresses) => addresses,
        Err(failure) => return vec![Check::of_failure(Area::Ports, Status::Error, &failure)],
    };
    let mut checks = Vec::new();
    for address in addresses {
        let address = match address {
            Address::At(address) => address,
            Address::Auto => match net::bind_auto(&PORTS).await {
                Ok((address, _)) => address,
                Err(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            },
        };
        checks.extend(check_at(address).await);
    }
    checks
}

/// Returns where the devices of the solution listen unless flags say otherwise; `auto` of further devices takes what is
/// free.
fn addresses(project: &Path, environment: &Environment) -> Outcome<Vec<Address>> {
    let localhost = Address::At(IpAddr::V4(Ipv4Addr::LOCALHOST));
    // What is wrong with the solution is told where that is looked at.
    let Ok(solution) = Solution::open(project, environment, &[]) else { return Ok(vec![localhost]) };
    let settings = solution.settings();
    let main = settings.simulate.address.as_deref();
    let main = main.map_or(Ok(localhost), |text| Address::of_setting("simulate.address", text))?;
    let further = settings.devices.iter().filter_map(|(device, further)| {
        let text = further.address.as_deref().filter(|text| *text != "auto")?;
        Some(Address::of_setting(&format!("devices.{device}.address"), text))
    });
    std::iter::once(Ok(main)).chain(further).collect()
}

async fn check_at(address: IpAddr) -> Vec<Check> {
    let (mut free, mut checks) = (Vec::new(), Vec::new());
    for port in PORTS.into_iter().chain([METRICS_PORT]) {
        match net::bind(SocketAddr::new(address, port)).await {
            Ok(Binding::Open(_)) => free.push(port.to_string()),
            Ok(Binding::Denied(_)) => checks.push(warning(&denied(port))),
            Err(error) if port == METRICS_PORT => checks.push(warning(&without_metrics(&error))),
            Err(error) => checks.push(warning(&error.into())),
        }
    }
    if !free.is_empty() {
        checks.insert(0, Check::ok(Area::Ports, format!("free on {address}: {}", free.join(", "))));
    }
    checks
}

fn warning(failure: &Failure) -> Check {
    Check::of_failure(Area::Ports, Status::Warning, failure)
}

fn denied(port: u16) -> Failure {
    Failure::machine(format!("port {port} needs a privilege"))
        .cause("without it, direct methods from module to module and WebSockets do not work")
        .hint(format!("allow it with `sudo sysctl net.ipv4.ip_unprivileged_port_start={port}`"))
}

/// The simulation runs all the same.
fn without_metrics(error: &BindError) -> Failure {
    Failure::machine("metrics would not be served")
        .cause(error)
        .hint("choose another port with `edgectl simulate --metrics-port PORT`, or none with `--metrics-port off`")
}
