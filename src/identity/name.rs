//! Names of devices and modules, and the identity that they form.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is no name of a device or module.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The text is empty.
    #[error("a name needs at least one character")]
    Empty,
    /// The text is longer than IoT Hub allows.
    #[error("`{0}` is longer than 128 characters")]
    TooLong(String),
    /// A character stands where it may not.
    #[error("`{name}` holds {found:?}, where {expected} is expected")]
    Character {
        /// The text as given.
        name: String,
        /// The first character that is wrong.
        found: char,
        /// What may stand there.
        expected: &'static str,
    },
}

/// The id of a device, for example `Hannover01`.
///
/// 1 to 128 ASCII letters, digits and `- . _ : + % # * ? ! ( ) , = @ ; $ '`, compared without regard to case by
/// services but kept as written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceId(String);

/// The id of a module on its device, for example `insight`, or `$edgeHub` for a part of the runtime.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModuleId(String);

impl DeviceId {
    /// Parses a device id.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        check_hub_id(text).map(|()| Self(text.to_owned()))
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ModuleId {
    /// The runtime's agent.
    pub const EDGE_AGENT: &'static str = "$edgeAgent";
    /// The runtime's hub.
    pub const EDGE_HUB: &'static str = "$edgeHub";

    /// Parses a module id as IoT Hub takes it; the stricter rule for new modules is the solution's.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        check_hub_id(text).map(|()| Self(text.to_owned()))
    }

    /// Returns the id of the runtime's agent.
    pub fn edge_agent() -> Self {
        Self(Self::EDGE_AGENT.to_owned())
    }

    /// Returns the id of the runtime's hub.
    pub fn edge_hub() -> Self {
        Self(Self::EDGE_HUB.to_owned())
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether this is a part of the runtime (`$edgeAgent`, `$edgeHub`).
    pub fn is_system(&self) -> bool {
        self.0.starts_with('$')
    }
}

fn check_hub_id(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.chars().count() > 128 {
        return Err(NameError::TooLong(text.to_owned()));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-.+%_#*?!(),:=@;$'".contains(c);
    match text.chars().find(|c| !allowed(*c)) {
        None => Ok(()),
        Some(found) => Err(NameError::Character {
            name: text.to_owned(),
            found,
            expected: "an ASCII letter, a digit or one of -.+%_#*?!(),:=@;$'",
        }),
    }
}

macro_rules! text_conversions {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                check_hub_id(&text).map(|()| Self(text))
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}
text_conversions!(DeviceId, ModuleId);

/// Who speaks or is spoken to: a module of a device, or the device itself.
///
/// Displayed and stored as `device` or `device/module`, which is also the MQTT client id (protocol.md §3.6).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Identity {
    /// The device.
    pub device: DeviceId,
    /// The module, or `None` for the device itself.
    pub module: Option<ModuleId>,
}

impl Identity {
    /// The identity of a device itself.
    pub fn of_device(device: DeviceId) -> Self {
        Self { device, module: None }
    }

    /// Reads `device` or `device/module`, the form it is displayed in.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        match text.split_once('/') {
            None => DeviceId::parse(text).map(Self::of_device),
            Some((device, module)) => Ok(Self::of_module(DeviceId::parse(device)?, ModuleId::parse(module)?)),
        }
    }

    /// The identity of a module on a device.
    pub fn of_module(device: DeviceId, module: ModuleId) -> Self {
        Self { device, module: Some(module) }
    }
}

impl TryFrom<String> for Identity {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<Identity> for String {
    fn from(identity: Identity) -> Self {
        identity.to_string()
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.module {
            None => write!(f, "{}", self.device),
            Some(module) => write!(f, "{}/{}", self.device, module),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_which_character_is_wrong() {
        let wrong = ModuleId::parse("a b").expect_err("a blank is refused");
        assert_eq!(
            wrong.to_string(),
            "`a b` holds ' ', where an ASCII letter, a digit or one of -.+%_#*?!(),:=@;$' is expected"
        );
    }

    #[test]
    fn an_identity_reads_like_its_client_id() {
        let device = DeviceId::parse("Hannover01").expect("valid");
        let module = ModuleId::parse("insight").expect("valid");
        assert_eq!(Identity::of_device(device.clone()).to_string(), "Hannover01");
        let identity = Identity::of_module(device, module);
        assert_eq!(identity.to_string(), "Hannover01/insight");
        assert_eq!(Identity::parse("Hannover01/insight"), Ok(identity));
    }
}
