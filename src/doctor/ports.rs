//! The ports that the simulated device would listen on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use super::{Area, Check, Status};
use crate::failure::Failure;
use crate::net::{self, Binding};
use crate::simulator::{PORTS, control};

/// Tries each port of the default address; those of a simulation that runs for this solution are as they should be.
pub(super) async fn check(project: &Path) -> Vec<Check> {
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    if control::Connection::open(project).await.is_ok() {
        return vec![Check::ok(Area::Ports, "a simulation of this solution runs; `edgectl ps` shows it")];
    }
    let mut free = Vec::new();
    let mut checks = Vec::new();
    for port in PORTS {
        match net::bind(SocketAddr::new(address, port)).await {
            Ok(Binding::Open(_)) => free.push(port.to_string()),
            Ok(Binding::Denied(_)) => checks.push(Check::of_failure(Area::Ports, Status::Warning, &denied(port))),
            Err(error) => checks.push(Check::of_failure(Area::Ports, Status::Warning, &error.into())),
        }
    }
    if !free.is_empty() {
        checks.insert(0, Check::ok(Area::Ports, format!("free on {address}: {}", free.join(", "))));
    }
    checks
}

fn denied(port: u16) -> Failure {
    Failure::machine(format!("port {port} needs a privilege"))
        .cause("without it, direct methods from module to module and WebSockets do not work")
        .hint(format!("allow it with `sudo sysctl net.ipv4.ip_unprivileged_port_start={port}`"))
}
