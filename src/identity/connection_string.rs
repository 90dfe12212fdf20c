//! Connection strings: where a client finds its hub and how it proves its identity, in one line of text.

use std::fmt;

use super::{DeviceId, Identity, Key, KeyError, ModuleId, NameError};

/// Why a text is no connection string. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionStringError {
    /// A part is no `name=value`; its place counts from 1.
    #[error("part {0} of the connection string is no `name=value`")]
    PartWithoutValue(usize),
    /// A name that no SDK knows.
    #[error("a connection string has no `{0}`")]
    UnknownName(String),
    /// A name stands there twice.
    #[error("the connection string has `{0}` twice")]
    Twice(&'static str),
    /// A name is missing.
    #[error("the connection string has no `{0}`")]
    Missing(&'static str),
    /// Nothing to prove the identity with, or more than one thing.
    #[error("the connection string needs exactly one of `SharedAccessKey`, `SharedAccessSignature` and `x509=true`")]
    Credential,
    /// A device or module id is none.
    #[error("the connection string holds a wrong name: {0}")]
    Name(#[from] NameError),
    /// The key is none.
    #[error("the `SharedAccessKey` of the connection string is wrong: {0}")]
    Key(#[from] KeyError),
}

/// What a connection string proves the identity with.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// A key, with which the client signs tokens itself.
    Key(Key),
    /// A finished SAS token.
    Token(String),
    /// A client certificate, which comes another way.
    Certificate,
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key(_) => "Key(hidden)",
            Self::Token(_) => "Token(hidden)",
            Self::Certificate => "Certificate",
        })
    }
}

/// A connection string of a module, a device or a service (protocol.md §3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionString {
    /// The IoT Hub, part of every token's audience.
    pub host_name: String,
    /// What to dial instead of the hub: the edge device.
    pub gateway_host_name: Option<String>,
    /// Who the client is; `None` in the connection string of a service.
    pub identity: Option<Identity>,
    /// The shared access policy, in the connection string of a service.
    pub policy: Option<String>,
    /// How the client proves who it is.
    pub proof: Proof,
}

impl ConnectionString {
    /// Parses a connection string; names in any case, and none twice or unknown.
    pub fn parse(text: &str) -> Result<Self, ConnectionStringError> {
        Parts::parse(text)?.check()
    }

    /// Returns the text with its secret, in the order that the official tools write.
    pub fn reveal(&self) -> String {
        let mut parts = vec![format!("HostName={}", self.host_name)];
        let mut add = |name: &str, value: Option<&str>| parts.extend(value.map(|value| format!("{name}={value}")));
        add("GatewayHostName", self.gateway_host_name.as_deref());
        add("DeviceId", self.identity.as_ref().map(|identity| identity.device.as_str()));
        let module = self.identity.as_ref().and_then(|identity| identity.module.as_ref());
        add("ModuleId", module.map(ModuleId::as_str));
        add("SharedAccessKeyName", self.policy.as_deref());
        parts.push(match &self.proof {
            Proof::Key(key) => format!("SharedAccessKey={}", key.to_base64()),
            Proof::Token(token) => format!("SharedAccessSignature={token}"),
            Proof::Certificate => "x509=true".to_owned(),
        });
        parts.join(";")
    }
}

/// The names that SDKs know. Python refuses any other.
const NAMES: [&str; 8] = [
    "HostName",
    "GatewayHostName",
    "DeviceId",
    "ModuleId",
    "SharedAccessKeyName",
    "SharedAccessKey",
    "SharedAccessSignature",
    "x509",
];

/// Tells a name that nobody knows from a piece of a key, which ends in `=` too and must not be shown.
fn could_be_name(name: &str, value: &str) -> bool {
    name.len() <= 24 && name.bytes().all(|byte| byte.is_ascii_alphabetic()) && !matches!(value, "" | "=")
}

/// The values by their place in [`NAMES`].
struct Parts<'a>([Option<&'a str>; NAMES.len()]);

impl<'a> Parts<'a> {
    fn parse(text: &'a str) -> Result<Self, ConnectionStringError> {
        let mut parts = Self([None; NAMES.len()]);
        for (place, part) in text.trim().split(';').enumerate().filter(|(_, part)| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or(ConnectionStringError::PartWithoutValue(place + 1))?;
            let known = NAMES.iter().position(|known| known.eq_ignore_ascii_case(name));
            let known = known.ok_or_else(|| match could_be_name(name, value) {
                true => ConnectionStringError::UnknownName(name.to_owned()),
                false => ConnectionStringError::PartWithoutValue(place + 1),
            })?;
            if parts.0[known].replace(value).is_some() {
                return Err(ConnectionStringError::Twice(NAMES[known]));
            }
        }
        Ok(parts)
    }

    fn check(self) -> Result<ConnectionString, ConnectionStringError> {
        let [host, gateway, device, module, policy, key, token, x509] = self.0;
        let identity = match (device, module) {
            (None, Some(_)) => return Err(ConnectionStringError::Missing("DeviceId")),
            (None, None) => None,
            (Some(device), module) => {
                Some(Identity { device: DeviceId::parse(device)?, module: module.map(ModuleId::parse).transpose()? })
            }
        };
        let certificate = x509.is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let proof = match (key, token, certificate) {
            (Some(key), None, false) => Proof::Key(Key::parse(key)?),
            (None, Some(token), false) => Proof::Token(token.to_owned()),
            (None, None, true) => Proof::Certificate,
            _ => return Err(ConnectionStringError::Credential),
        };
        if identity.is_none() && policy.is_none() {
            return Err(ConnectionStringError::Missing("DeviceId"));
        }
        let host = host.filter(|host| !host.is_empty()).ok_or(ConnectionStringError::Missing("HostName"))?;
        Ok(ConnectionString {
            host_name: host.to_owned(),
            gateway_host_name: gateway.map(str::to_owned),
            identity,
            policy: policy.map(str::to_owned),
            proof,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn a_key_that_a_semicolon_split_is_not_shown() {
        let split = ConnectionString::parse("HostName=h;DeviceId=d;SharedAccessKey=AAEC;AwQFBgcICQ==");
        assert_eq!(split, Err(ConnectionStringError::PartWithoutValue(4)));
    }

    #[test]
    fn the_string_of_the_official_tool_comes_back_as_it_was() {
        let text = format!("HostName=hub.example;GatewayHostName=edge;DeviceId=d;ModuleId=m;SharedAccessKey={KEY}");
        let parsed = ConnectionString::parse(&text).expect("valid");
        assert_eq!(parsed.identity.as_ref().map(ToString::to_string).as_deref(), Some("d/m"));
        assert_eq!(parsed.proof, Proof::Key(Key::parse(KEY).expect("a key")));
        assert_eq!(parsed.reveal(), text);
        assert!(!format!("{parsed:?}").contains(&KEY[..8]));
    }

    #[test]
    fn a_service_string_names_a_policy_and_no_device() {
        let text = format!("HostName=hub.example;SharedAccessKeyName=iothubowner;SharedAccessKey={KEY}");
        let parsed = ConnectionString::parse(&text).expect("valid");
        assert_eq!((parsed.identity.clone(), parsed.policy.as_deref()), (None, Some("iothubowner")));
        assert_eq!(parsed.reveal(), text);
    }

    #[test]
    fn the_other_two_proofs_are_read() {
        let token = "HostName=h.x;DeviceId=d;SharedAccessSignature=SharedAccessSignature sr=a&sig=b%3D&se=1";
        assert_eq!(ConnectionString::parse(token).expect("valid").reveal(), token);
        let certificate = "HostName=h.x;DeviceId=d;x509=true";
        assert_eq!(ConnectionString::parse(certificate).expect("valid").proof, Proof::Certificate);
    }

    #[test]
    fn a_wrong_string_is_explained_without_its_secret() {
        let check = |text: &str, message: &str| {
            assert_eq!(ConnectionString::parse(text).expect_err(text).to_string(), message, "{text}");
        };
        check(
            "",
            "the connection string needs exactly one of `SharedAccessKey`, `SharedAccessSignature` and `x509=true`",
        );
        check("HostName", "part 1 of the connection string is no `name=value`");
        check("HostName=h;Color=red", "a connection string has no `Color`");
        check("HostName=h;hostname=h", "the connection string has `HostName` twice");
        check("DeviceId=d;x509=true", "the connection string has no `HostName`");
        check("HostName=h;ModuleId=m;x509=true", "the connection string has no `DeviceId`");
        check("HostName=h;x509=true", "the connection string has no `DeviceId`");
        check(
            "HostName=h;DeviceId=d;SharedAccessKey=c2VjcmV0",
            "the `SharedAccessKey` of the connection string is wrong: a key has 16 to 64 bytes, found 6",
        );
    }
}
