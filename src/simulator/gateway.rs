//! Where the device listens: its addresses, its ports, the names it is known by.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::heads::Heads;
use super::options::Address;
use super::report::Ports;
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::identity::{CertifiedKey, DeviceId};
use crate::net::{self, AcceptRules, Arrival, Binding, ServerTls};
use crate::ui::Ui;

const MQTT: u16 = 8883;
const HTTPS: u16 = 443;

/// The listeners of one device.
pub(super) struct Gateway {
    address: IpAddr,
    /// The engine's bridge, for containers.
    bridge: Option<IpAddr>,
    mqtt: Vec<TcpListener>,
    https: Vec<TcpListener>,
    denied: Vec<SocketAddr>,
}

impl Gateway {
    /// Listens on the address that is wanted (127.0.0.1 unless said otherwise) and on the engine's bridge.
    pub(super) async fn open(address: Option<Address>, bridge: Option<IpAddr>) -> Outcome<Self> {
        let (address, bindings) = match address {
            Some(Address::Auto) => net::bind_auto(&[MQTT, HTTPS]).await?,
            Some(Address::At(address)) => (address, net::bind_all(address, &[MQTT, HTTPS]).await?),
            None => {
                let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
                (address, net::bind_all(address, &[MQTT, HTTPS]).await?)
            }
        };
        let mut gateway = Self { address, bridge, mqtt: Vec::new(), https: Vec::new(), denied: Vec::new() };
        gateway.take(bindings);
        if let Some(bridge) = bridge {
            gateway.take(net::bind_all(bridge, &[MQTT, HTTPS]).await?);
        }
        if gateway.mqtt.is_empty() {
            return Err(Failure::machine(format!("cannot listen on port {MQTT}"))
                .cause("the system does not allow it")
                .hint("run edgectl where ports above 1023 may be used"));
        }
        Ok(gateway)
    }

    fn take(&mut self, bindings: Vec<Binding>) {
        for (port, binding) in [MQTT, HTTPS].into_iter().zip(bindings) {
            match binding {
                Binding::Open(listener) if port == MQTT => self.mqtt.push(listener),
                Binding::Open(listener) => self.https.push(listener),
                Binding::Denied(address) => self.denied.push(address),
            }
        }
    }

    /// Returns the name of the gateway and of the simulated IoT Hub for processes: the address.
    pub(super) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(super) fn ports(&self) -> Ports {
        Ports { mqtt: Some(MQTT), https: (!self.https.is_empty()).then_some(HTTPS) }
    }

    /// Returns every name and address that clients may dial.
    pub(super) fn names(&self, container_host: Option<&str>) -> Vec<String> {
        let mut names = vec!["localhost".to_owned(), self.host()];
        names.extend(self.bridge.map(|bridge| bridge.to_string()));
        names.extend(container_host.map(str::to_owned));
        names
    }

    /// Says what will not work since a port could not be opened.
    pub(super) fn tell_denied(&self, ui: &Ui) {
        if let Some(address) = self.denied.first() {
            ui.warn(format!(
                "port {} needs a privilege: direct methods from module to module will not work",
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
        for listener in self.mqtt {
            let heads = heads.clone();
            tasks.spawn(net::accept_tls(listener, tls.clone(), rules.clone(), move |arrival| {
                if let Arrival::Open { stream, certificate, seat, .. } = arrival {
                    tokio::spawn(heads.clone().serve_mqtt(*stream, certificate, seat));
                }
            }));
        }
        for listener in self.https {
            let heads = heads.clone();
            tasks.spawn(net::accept_tls(listener, tls.clone(), rules.clone(), move |arrival| {
                if let Arrival::Open { stream, seat, .. } = arrival {
                    tokio::spawn(heads.clone().serve_https(*stream, seat));
                }
            }));
        }
        Ok(())
    }
}

/// Makes a device's id a host name: lower case letters, digits and single hyphens.
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
