//! What a module learns from its environment (protocol.md §1.1).

use std::path::PathBuf;
use std::time::Duration;

use super::ClientError;
use crate::environment::Environment;
use crate::identity::{DeviceId, Identity, ModuleId};

/// The port that every SDK dials (protocol.md §0.4).
const MQTT_PORT: u16 = 8883;

/// Where a module's workload API listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkloadUri {
    /// `unix:///path`.
    Socket(PathBuf),
    /// `http://host:port`; the authority only.
    Http(String),
}

impl WorkloadUri {
    /// Parses a workload URI; the other schemes are those of other systems.
    pub fn parse(uri: &str) -> Result<Self, ClientError> {
        let unknown = || ClientError::WorkloadUri(uri.to_owned());
        if let Some(path) = uri.strip_prefix("unix://").filter(|path| path.starts_with('/')) {
            return Ok(Self::Socket(path.into()));
        }
        let authority = uri.strip_prefix("http://").ok_or_else(unknown)?.trim_end_matches('/');
        let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
        if host.is_empty() || authority.contains('/') || port.parse::<u16>().is_err() {
            return Err(unknown());
        }
        Ok(Self::Http(format!("{host}:{port}")))
    }
}

/// What a module has to know to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Who it is; always a module.
    pub identity: Identity,
    /// The generation of its identity.
    pub generation: String,
    /// The IoT Hub, which is part of every token.
    pub hub_host: String,
    /// The edge device, which is dialled.
    pub gateway_host: String,
    /// The gateway's port for MQTT.
    pub port: u16,
    /// Who signs.
    pub workload: WorkloadUri,
    /// The version of the workload API to ask for.
    pub api_version: String,
    /// How long the module tries to connect before its client ends.
    pub patience: Duration,
}

impl Settings {
    /// The port's variable: edgectl's own, since the product's port is fixed.
    pub const PORT_VARIABLE: &'static str = "EDGECTL_MQTT_PORT";

    /// Reads the variables that edgeAgent injects into every module; patience is endless.
    pub fn from_environment(environment: &Environment) -> Result<Self, ClientError> {
        let get = |name: &'static str| {
            environment.get(name).filter(|value| !value.is_empty()).ok_or(ClientError::Missing(name))
        };
        let wrong = |name: &'static str| ClientError::Variable(name);
        let hub_host = get("IOTEDGE_IOTHUBHOSTNAME")?;
        let device = DeviceId::parse(get("IOTEDGE_DEVICEID")?).map_err(|_| wrong("IOTEDGE_DEVICEID"))?;
        let module = ModuleId::parse(get("IOTEDGE_MODULEID")?).map_err(|_| wrong("IOTEDGE_MODULEID"))?;
        let port = match environment.get(Self::PORT_VARIABLE) {
            None => MQTT_PORT,
            Some(port) => port.parse().map_err(|_| wrong(Self::PORT_VARIABLE))?,
        };
        Ok(Self {
            identity: Identity::of_module(device, module),
            generation: get("IOTEDGE_MODULEGENERATIONID")?.to_owned(),
            gateway_host: get("IOTEDGE_GATEWAYHOSTNAME").unwrap_or(hub_host).to_owned(),
            hub_host: hub_host.to_owned(),
            port,
            workload: WorkloadUri::parse(get("IOTEDGE_WORKLOADURI")?)?,
            api_version: get("IOTEDGE_APIVERSION").unwrap_or("2018-06-28").to_owned(),
            patience: Duration::MAX,
        })
    }

    /// Returns the resource that the module's tokens are for.
    pub fn resource(&self) -> String {
        let module = self.identity.module.as_ref().map(|module| format!("/modules/{module}")).unwrap_or_default();
        format!("{}/devices/{}{module}", self.hub_host, self.identity.device)
    }

    /// Returns the MQTT user name (protocol.md §3.6).
    pub fn username(&self) -> String {
        let client = concat!("edgectl%2F", env!("CARGO_PKG_VERSION"));
        format!("{}/{}/?api-version=2021-04-12&DeviceClientType={client}", self.hub_host, self.identity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VARIABLES: [(&str, &str); 8] = [
        ("IOTEDGE_IOTHUBHOSTNAME", "hub.example"),
        ("IOTEDGE_GATEWAYHOSTNAME", "127.0.0.1"),
        ("IOTEDGE_DEVICEID", "d"),
        ("IOTEDGE_MODULEID", "m"),
        ("IOTEDGE_MODULEGENERATIONID", "638"),
        ("IOTEDGE_WORKLOADURI", "unix:///run/m.sock"),
        ("IOTEDGE_APIVERSION", "2022-08-03"),
        ("IOTEDGE_AUTHSCHEME", "sasToken"),
    ];

    fn environment(without: &str, with: &[(&str, &str)]) -> Environment {
        let variables = VARIABLES.iter().filter(|(name, _)| *name != without).chain(with);
        variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_injected_variables_are_enough() {
        let settings = Settings::from_environment(&environment("", &[])).expect("complete");
        assert_eq!(settings.workload, WorkloadUri::Socket("/run/m.sock".into()));
        assert_eq!((settings.gateway_host.as_str(), settings.port), ("127.0.0.1", 8883));
        assert_eq!(settings.resource(), "hub.example/devices/d/modules/m");
        let prefix = "hub.example/d/m/?api-version=2021-04-12&DeviceClientType=edgectl%2F";
        assert!(settings.username().starts_with(prefix));
    }

    #[test]
    fn a_missing_variable_is_named() {
        let error = Settings::from_environment(&environment("IOTEDGE_MODULEID", &[])).expect_err("incomplete");
        assert_eq!(error.to_string(), "the environment has no `IOTEDGE_MODULEID`");
        let error = Settings::from_environment(&environment("", &[("EDGECTL_MQTT_PORT", "x")])).expect_err("wrong");
        assert_eq!(error.to_string(), "the value of `EDGECTL_MQTT_PORT` is wrong");
    }

    #[test]
    fn without_a_gateway_the_hub_is_dialled() {
        let settings = Settings::from_environment(&environment("IOTEDGE_GATEWAYHOSTNAME", &[])).expect("complete");
        assert_eq!(settings.gateway_host, "hub.example");
    }

    #[test]
    fn workload_uris_are_sockets_or_http() {
        let parse = |uri: &str| WorkloadUri::parse(uri).ok();
        assert_eq!(parse("unix:///var/run/iotedge/workload.sock").map(|_| ()), Some(()));
        assert_eq!(parse("http://10.0.0.1:15580/"), Some(WorkloadUri::Http("10.0.0.1:15580".into())));
        assert_eq!(parse("http://host"), Some(WorkloadUri::Http("host:80".into())));
        for wrong in
            ["", "unix:relative", "unix://relative", "npipe:////./pipe/x", "http://", "http://h:x", "http://h/p"]
        {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
