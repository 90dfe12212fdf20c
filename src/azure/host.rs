//! The name of a hub, as people write it.

use std::fmt;

/// Where an IoT Hub answers: a host name, and a port if it is not 443.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubHost {
    name: String,
    port: u16,
}

/// The text names no hub.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no name of an IoT Hub")]
pub struct HubHostError(String);

impl HubHost {
    const PORT: u16 = 443;
    /// Where hubs live in the public cloud; other clouds have to be written out.
    const DOMAIN: &'static str = "azure-devices.net";

    /// Parses `name`, `name.azure-devices.net` or `host:port`; a bare name is one of the public cloud.
    pub fn parse(text: &str) -> Result<Self, HubHostError> {
        let wrong = || HubHostError(text.to_owned());
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?),
            None => (text, Self::PORT),
        };
        let is_host = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
        if name.is_empty() || !name.chars().all(is_host) || name.starts_with(['-', '.']) || name.contains("..") {
            return Err(wrong());
        }
        let name = name.to_ascii_lowercase();
        let is_bare = !name.contains('.') && name != "localhost";
        Ok(Self { name: if is_bare { format!("{name}.{}", Self::DOMAIN) } else { name }, port })
    }

    /// Returns the host name, which is what tokens are for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the hub's own name, as `az` takes it: `factory` of `factory.azure-devices.net`.
    pub fn short(&self) -> &str {
        self.name.split('.').next().unwrap_or(&self.name)
    }
}

impl fmt::Display for HubHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Self::PORT => f.write_str(&self.name),
            port => write!(f, "{}:{port}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_is_a_hub_of_the_public_cloud() {
        let shown = |text| HubHost::parse(text).map(|host| host.to_string());
        assert_eq!(shown("Factory"), Ok("factory.azure-devices.net".to_owned()));
        assert_eq!(shown("factory.azure-devices.cn"), Ok("factory.azure-devices.cn".to_owned()));
        assert_eq!(shown("127.0.0.1:8443"), Ok("127.0.0.1:8443".to_owned()));
        assert_eq!(HubHost::parse("factory").map(|host| host.short().to_owned()), Ok("factory".to_owned()));
    }

    #[test]
    fn an_address_of_the_web_or_a_blank_is_no_hub() {
        for text in ["", "https://h.net", "h/x", "a b", "h:0", "h:x", "-h", "a..b", "h\r\nX: y"] {
            assert_eq!(HubHost::parse(text), Err(HubHostError(text.to_owned())), "{text:?}");
        }
    }
}
