//! Where the device listens: its addresses, its ports, the names it is known by.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::heads::{Heads, Proof};
use super::options::Address;
use super::report::Ports;
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::identity::{CertifiedKey, DeviceId};
use crate::net::{self, AcceptRules, Arrival, Binding, ServerTls, TlsStream};
use crate::ui::Ui;

/// The ports of the simulated device: MQTT, AMQP, HTTPS.
pub const PORTS: [u16; 3] = Door::PORTS;

/// What is spoken behind a port; the ports are fixed in most SDKs (protocol.md §0.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Mqtt,
    Amqp,
    Https,
}

impl Door {
    const ALL: [Self; 3] = [Self::Mqtt, Self::Amqp, Self::Https];
    const PORTS: [u16; 3] = [Self::Mqtt.port(), Self::Amqp.port(), Self::Https.port()];

    const fn port(self) -> u16 {
        match self {
            Self::Mqtt => 8883,
            Self::Amqp => 5671,
            Self::Https => 443,
        }
    }

    /// Serves a connection in a task of its own, which is as large as its protocol needs and no larger.
    fn serve(self, heads: Heads, stream: Box<TlsStream<TcpStream>>, proof: Proof) {
        match self {
            Self::Mqtt => drop(tokio::spawn(heads.serve_mqtt(stream, proof))),
            Self::Amqp => drop(tokio::spawn(heads.serve_amqp(stream, proof))),
            Self::Https => drop(tokio::spawn(heads.serve_https(stream, proof))),
        }
    }
}

/// The listeners of one device.
pub(super) struct Gateway {
    address: IpAddr,
    /// The engine's bridge, for containers.
    bridge: Option<IpAddr>,
    listeners: Vec<(Door, TcpListener)>,
    denied: Vec<SocketAddr>,
}

impl Gateway {
    /// Listens on the address that is wanted (127.0.0.1 unless said otherwise) and on the engine's bridge.
    pub(super) async fn open(address: Option<Address>, bridge: Option<IpAddr>) -> Outcome<Self> {
        let (address, bindings) = match address {
            Some(Address::Auto) => net::bind_auto(&Door::PORTS).await?,
            Some(Address::At(address)) => (address, net::bind_all(address, &Door::PORTS).await?),
            None => {
                let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
                (address, net::bind_all(address, &Door::PORTS).await?)
            }
        };
        let mut gateway = Self::on_bridge(address, bridge)?;
        gateway.take(bindings);
        if gateway.port(Door::Mqtt).is_none() {
            return Err(Failure::machine(format!("cannot listen on port {}", Door::Mqtt.port()))
                .cause("the system does not allow it")
                .hint("run edgectl where ports above 1023 may be used"));
        }
        Ok(gateway)
    }

    /// Listens on the engine's bridge alone, for a device that listens at `address` already.
    pub(super) fn open_on_bridge(address: IpAddr, bridge: IpAddr) -> Outcome<Self> {
        Self::on_bridge(address, Some(bridge))
    }

    /// Where containers reach this machine by the device's own address, that is listened on elsewhere.
    fn on_bridge(address: IpAddr, bridge: Option<IpAddr>) -> Outcome<Self> {
        let bridge = bridge.filter(|bridge| *bridge != address);
        let mut gateway = Self { address, bridge, listeners: Vec::new(), denied: Vec::new() };
        if let Some(bridge) = bridge {
            gateway.take(net::bind_all_expected(bridge, &Door::PORTS)?);
        }
        Ok(gateway)
    }

    fn take(&mut self, bindings: Vec<Binding>) {
        for (door, binding) in Door::ALL.into_iter().zip(bindings) {
            match binding {
                Binding::Open(listener) => self.listeners.push((door, listener)),
                Binding::Denied(address) => self.denied.push(address),
            }
        }
    }

    /// Returns the port of a door; `None` if it could not be opened.
    fn port(&self, wanted: Door) -> Option<u16> {
        self.listeners.iter().any(|(door, _)| *door == wanted).then_some(wanted.port())
    }

    pub(super) fn address(&self) -> IpAddr {
        self.address
    }

    /// Returns the name of the gateway and of the simulated IoT Hub for processes: the address.
    pub(super) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(super) fn ports(&self) -> Ports {
        Ports { mqtt: self.port(Door::Mqtt), amqp: self.port(Door::Amqp), https: self.port(Door::Https), metrics: None }
    }

    /// Returns every address that is listened on, the device's own first.
    pub(super) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        std::iter::once(self.address).chain(self.bridge)
    }

    /// Returns every name and address that clients may dial; `container_host` is the name in containers, which may come.
    pub(super) fn names(&self, container_host: String) -> Vec<String> {
        let mut names = vec!["localhost".to_owned(), self.host()];
        names.extend(self.bridge.map(|bridge| bridge.to_string()));
        names.push(container_host);
        names
    }

    /// Says what will not work since a port could not be opened.
    pub(super) fn tell_denied(&self, ui: &Ui) {
        if let Some(address) = self.denied.first() {
            ui.warn(format!(
                "port {} needs a privilege: direct methods from module to module and WebSockets will not work",
                address.port()
            ));
            ui.hint("allow it with `sudo sysctl net.ipv4.ip_unprivileged_port_start=443`");
        }
    }

    /// Serves the listeners with a certificate.
    pub(super) fn serve(
        self,
        tasks: &mut JoinSet<()>,
        certificate: &CertifiedKey,
        heads: &Heads,
        rules: &AcceptRules,
    ) -> Outcome {
        let tls = ServerTls::new(certificate).or_fail(Kind::Bug, || "cannot use the server certificate")?;
        for (door, listener) in self.listeners {
            let heads = heads.clone();
            tasks.spawn(net::accept_tls(listener, tls.clone(), rules.clone(), move |arrival| {
                if let Arrival::Open { stream, certificate, seat, .. } = arrival {
                    door.serve(heads.clone(), stream, Proof { certificate, seat });
                }
            }));
        }
        Ok(())
    }
}

/// Makes a device's id a host name: lower case letters, digits and hyphens, none of these at an end.
pub(super) fn host_name(device: &DeviceId) -> String {
    let name: String = device
        .as_str()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .take(63)
        .collect();
    match name.trim_matches('-') {
        "" => "edge-device".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_id_becomes_a_host_name() {
        let named = |id: &str| host_name(&DeviceId::parse(id).expect("valid"));
        assert_eq!(named("Hannover01"), "hannover01");
        assert_eq!(named("line_3:press.1"), "line-3-press-1");
        assert_eq!(named("$"), "edge-device");
    }
}
