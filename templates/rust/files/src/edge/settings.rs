//! Who the module is and where its hub is, from the variables that the runtime sets.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::credentials::Credentials;
use super::workload::{Endpoint, Workload};

const CONNECTION_STRING: &str = "EdgeHubConnectionString";
const CA_FILE: &str = "EdgeModuleCACertificateFile";
const WORKLOAD_URI: &str = "IOTEDGE_WORKLOADURI";

/// Who the module is and where its hub is.
#[derive(Debug, PartialEq, Eq)]
pub struct Settings {
    /// The IoT Hub, which tokens and the user name speak of.
    pub(super) hub: String,
    /// The device.
    pub(super) device: String,
    /// The module.
    pub(super) module: String,
    /// The host that is connected to.
    pub(super) gateway: String,
    /// How the module proves who it is.
    pub(super) credentials: Credentials,
}

/// Why the environment makes no settings.
#[derive(Debug, PartialEq, Eq)]
pub enum SettingsError {
    /// A variable is not set.
    MissingVariable(&'static str),
    /// The connection string lacks a field.
    MissingField(&'static str),
    /// The key of the connection string is not base64.
    Key,
    /// The workload API is at an address that is neither `unix:` nor `http:`.
    WorkloadUri(String),
}

impl Settings {
    /// Reads the settings: a connection string if there is one, else what the runtime sets for the workload API.
    pub fn from_environment(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let get = |name| {
            variable(name)
                .filter(|value| !value.is_empty())
                .ok_or(SettingsError::MissingVariable(name))
        };
        if let Ok(text) = get(CONNECTION_STRING) {
            return Self::from_connection_string(&text, get(CA_FILE)?.into());
        }
        let uri = get(WORKLOAD_URI)?;
        let endpoint = Endpoint::parse(&uri).ok_or(SettingsError::WorkloadUri(uri))?;
        let module = get("IOTEDGE_MODULEID")?;
        let generation = get("IOTEDGE_MODULEGENERATIONID")?;
        Ok(Self {
            hub: get("IOTEDGE_IOTHUBHOSTNAME")?,
            device: get("IOTEDGE_DEVICEID")?,
            module: module.clone(),
            gateway: get("IOTEDGE_GATEWAYHOSTNAME")?,
            credentials: Credentials::Workload(Workload {
                endpoint,
                module,
                generation,
            }),
        })
    }

    fn from_connection_string(text: &str, ca_file: PathBuf) -> Result<Self, SettingsError> {
        let fields: HashMap<&str, &str> = text
            .split(';')
            .filter_map(|field| field.split_once('='))
            .collect();
        let get = |name| {
            fields
                .get(name)
                .map(|value| (*value).to_owned())
                .ok_or(SettingsError::MissingField(name))
        };
        let key = BASE64_STANDARD
            .decode(get("SharedAccessKey")?)
            .map_err(|_| SettingsError::Key)?;
        Ok(Self {
            hub: get("HostName")?,
            device: get("DeviceId")?,
            module: get("ModuleId")?,
            gateway: get("GatewayHostName")?,
            credentials: Credentials::Key { key, ca_file },
        })
    }
}

impl std::error::Error for SettingsError {}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingVariable(WORKLOAD_URI) => {
                write!(
                    f,
                    "neither `{WORKLOAD_URI}` nor `{CONNECTION_STRING}` is set: start the module in IoT Edge"
                )
            }
            Self::MissingVariable(name) => write!(f, "the variable `{name}` is not set"),
            Self::MissingField(name) => write!(f, "`{CONNECTION_STRING}` has no field `{name}`"),
            Self::Key => write!(
                f,
                "`SharedAccessKey` of `{CONNECTION_STRING}` is not base64"
            ),
            Self::WorkloadUri(uri) => {
                write!(
                    f,
                    "`{WORKLOAD_URI}` is `{uri}`, where `unix:///path` or `http://host:port` is expected"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let value = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Settings::from_environment(value)
    }

    #[test]
    fn the_runtime_sets_seven_variables() {
        let settings = read(&[
            (WORKLOAD_URI, "unix:///var/run/iotedge/workload.sock"),
            ("IOTEDGE_IOTHUBHOSTNAME", "h.example"),
            ("IOTEDGE_GATEWAYHOSTNAME", "gateway"),
            ("IOTEDGE_DEVICEID", "d"),
            ("IOTEDGE_MODULEID", "m"),
            ("IOTEDGE_MODULEGENERATIONID", "1"),
        ]);
        let endpoint = Endpoint::Socket("/var/run/iotedge/workload.sock".into());
        let expected = Settings {
            hub: "h.example".to_owned(),
            device: "d".to_owned(),
            module: "m".to_owned(),
            gateway: "gateway".to_owned(),
            credentials: Credentials::Workload(Workload {
                endpoint,
                module: "m".to_owned(),
                generation: "1".to_owned(),
            }),
        };
        assert_eq!(settings, Ok(expected));
    }

    #[test]
    fn a_connection_string_comes_first_and_needs_the_ca_file() {
        let text = "HostName=h;GatewayHostName=g;DeviceId=d;ModuleId=m;SharedAccessKey=AQI=";
        let expected = Settings {
            hub: "h".to_owned(),
            device: "d".to_owned(),
            module: "m".to_owned(),
            gateway: "g".to_owned(),
            credentials: Credentials::Key {
                key: vec![1, 2],
                ca_file: "ca.pem".into(),
            },
        };
        assert_eq!(
            read(&[
                (CONNECTION_STRING, text),
                (CA_FILE, "ca.pem"),
                (WORKLOAD_URI, "x")
            ]),
            Ok(expected)
        );
        assert_eq!(
            read(&[(CONNECTION_STRING, text)]),
            Err(SettingsError::MissingVariable(CA_FILE))
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let told = |variables: &[(&str, &str)]| {
            read(variables)
                .expect_err("something is missing")
                .to_string()
        };
        assert_eq!(
            told(&[]),
            "neither `IOTEDGE_WORKLOADURI` nor `EdgeHubConnectionString` is set: start the module in IoT Edge"
        );
        assert_eq!(
            told(&[(WORKLOAD_URI, "http://127.0.0.1:1")]),
            "the variable `IOTEDGE_MODULEID` is not set"
        );
        let half = [
            (CONNECTION_STRING, "SharedAccessKey=AQI="),
            (CA_FILE, "ca.pem"),
        ];
        assert_eq!(
            told(&half),
            "`EdgeHubConnectionString` has no field `HostName`"
        );
        assert_eq!(
            told(&[(WORKLOAD_URI, "npipe://x")]),
            "`IOTEDGE_WORKLOADURI` is `npipe://x`, where `unix:///path` or `http://host:port` is expected"
        );
    }
}
