//! How targets are written on the command line: `filter/inputs/input1`, `sensor/outputs/temperature`, `sensor`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::protocol::{SendTarget, TargetName};
use crate::identity::{DeviceId, ModuleId, NameError};

/// Why a text is no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It has another form.
    #[error("expected {0}")]
    Form(&'static str),
    /// It is a name alone, and says nothing of where to.
    #[error("expected `{0}/inputs/INPUT`, `{0}/outputs/OUTPUT`, or for a device `devices/{0}`")]
    Bare(String),
    /// It names a module or device that none can have.
    #[error(transparent)]
    Name(#[from] NameError),
}

/// `MODULE`, `DEVICE` or `DEVICE/MODULE`; which of them is meant, the simulation knows.
impl FromStr for TargetName {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        match text.split_once('/') {
            Some((device, module)) => DeviceId::parse(device).and_then(|_| ModuleId::parse(module)).map(drop)?,
            None => ModuleId::parse(text).map(drop)?,
        }
        Ok(Self(text.to_owned()))
    }
}

/// A module as the developer wrote it: `MODULE`, or `DEVICE/MODULE` of a certain edge device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModuleName {
    /// The edge device; without one the simulation knows which is meant.
    pub device: Option<DeviceId>,
    /// The module.
    pub module: ModuleId,
}

impl FromStr for ModuleName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Ok(match text.split_once('/') {
            Some((device, module)) => Self { device: Some(DeviceId::parse(device)?), module: ModuleId::parse(module)? },
            None => Self { device: None, module: ModuleId::parse(text)? },
        })
    }
}

impl TryFrom<String> for ModuleName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<ModuleName> for String {
    fn from(name: ModuleName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for ModuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.device {
            Some(device) => write!(f, "{device}/{}", self.module),
            None => write!(f, "{}", self.module),
        }
    }
}

/// `MODULE/inputs/INPUT`, `MODULE/outputs/OUTPUT` or `devices/DEVICE`; before a module may stand its device.
impl FromStr for SendTarget {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if let Some(device) = text.strip_prefix("devices/").filter(|rest| !rest.contains('/')) {
            return Ok(Self::Device { device: DeviceId::parse(device)? });
        }
        let form =
            TargetError::Form("`[DEVICE/]MODULE/inputs/INPUT`, `[DEVICE/]MODULE/outputs/OUTPUT` or `devices/DEVICE`");
        let mut parts = text.rsplitn(3, '/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(input), Some("inputs"), Some(module)) if !input.is_empty() => {
                Ok(Self::Input { module: module.parse()?, input: input.to_owned() })
            }
            (Some(output), Some("outputs"), Some(module)) if !output.is_empty() => {
                Ok(Self::Output { module: module.parse()?, output: output.to_owned() })
            }
            (Some(name), None, None) if !name.is_empty() => Err(TargetError::Bare(name.to_owned())),
            _ => Err(form),
        }
    }
}

impl fmt::Display for SendTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input { module, input } => write!(f, "{module}/inputs/{input}"),
            Self::Output { module, output } => write!(f, "{module}/outputs/{output}"),
            Self::Device { device } => write!(f, "devices/{device}"),
        }
    }
}

/// Where messages come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// `MODULE` or `MODULE/outputs/OUTPUT`.
    Module {
        /// The module.
        module: ModuleName,
        /// Its output; `None` is any, or none.
        output: Option<String>,
    },
    /// `devices/DEVICE`.
    Device(DeviceId),
}

impl FromStr for Origin {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        match text.parse() {
            Ok(SendTarget::Output { module, output }) => Ok(Self::Module { module, output: Some(output) }),
            Ok(SendTarget::Device { device }) => Ok(Self::Device(device)),
            Err(TargetError::Form(_) | TargetError::Bare(_)) if text.matches('/').count() < 2 => {
                Ok(Self::Module { module: text.parse()?, output: None })
            }
            Err(TargetError::Name(error)) => Err(error.into()),
            _ => Err(TargetError::Form("`[DEVICE/]MODULE`, `[DEVICE/]MODULE/outputs/OUTPUT` or `devices/DEVICE`")),
        }
    }
}

/// Where messages go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Destination {
    /// `upstream`, from any device.
    Upstream,
    /// `MODULE/inputs/INPUT`.
    Input {
        /// The module.
        module: ModuleName,
        /// The input.
        input: String,
    },
}

impl FromStr for Destination {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        // A shell takes `$upstream` for a variable, so the word alone will do.
        if text.eq_ignore_ascii_case("$upstream") || text.eq_ignore_ascii_case("upstream") {
            return Ok(Self::Upstream);
        }
        match text.strip_prefix("modules/").unwrap_or(text).parse() {
            Ok(SendTarget::Input { module, input }) => Ok(Self::Input { module, input }),
            Err(TargetError::Name(error)) => Err(error.into()),
            _ => Err(TargetError::Form("`upstream` or `[DEVICE/]MODULE/inputs/INPUT`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(name: &str) -> ModuleName {
        name.parse().expect("valid")
    }

    #[test]
    fn messages_are_sent_to_inputs_and_as_from_outputs() {
        let input = SendTarget::Input { module: module("filter"), input: "input1".into() };
        let output = SendTarget::Output { module: module("$edgeHub"), output: "o".into() };
        assert_eq!("filter/inputs/input1".parse(), Ok(input));
        assert_eq!("$edgeHub/outputs/o".parse(), Ok(output));
        let form =
            TargetError::Form("`[DEVICE/]MODULE/inputs/INPUT`, `[DEVICE/]MODULE/outputs/OUTPUT` or `devices/DEVICE`");
        assert_eq!("filter".parse::<SendTarget>(), Err(TargetError::Bare("filter".into())));
        for text in ["", "filter/inputs", "filter/inputs/", "filter/inputs/a/b", "filter/input/a"] {
            assert_eq!(text.parse::<SendTarget>(), Err(form.clone()), "{text}");
        }
        assert_eq!("/inputs/i".parse::<SendTarget>(), Err(TargetError::Name(NameError::Empty)));
        let leaf = DeviceId::parse("leaf1").expect("valid");
        assert_eq!("devices/leaf1".parse(), Ok(SendTarget::Device { device: leaf }));
    }

    #[test]
    fn messages_come_from_modules_their_outputs_or_devices() {
        assert_eq!("sensor".parse(), Ok(Origin::Module { module: module("sensor"), output: None }));
        assert_eq!(
            "sensor/outputs/t".parse(),
            Ok(Origin::Module { module: module("sensor"), output: Some("t".into()) })
        );
        let leaf = DeviceId::parse("leaf1").expect("valid");
        assert_eq!("devices/leaf1".parse(), Ok(Origin::Device(leaf)));
        assert_eq!("d/sensor".parse(), Ok(Origin::Module { module: module("d/sensor"), output: None }));
        let form = TargetError::Form("`[DEVICE/]MODULE`, `[DEVICE/]MODULE/outputs/OUTPUT` or `devices/DEVICE`");
        assert_eq!("sensor/inputs/t".parse::<Origin>(), Err(form));
    }

    #[test]
    fn messages_go_upstream_or_to_an_input() {
        for text in ["upstream", "$upstream", "$Upstream"] {
            assert_eq!(text.parse(), Ok(Destination::Upstream));
        }
        for text in ["filter/inputs/i", "modules/filter/inputs/i"] {
            assert_eq!(text.parse(), Ok(Destination::Input { module: module("filter"), input: "i".into() }));
        }
        let form = TargetError::Form("`upstream` or `[DEVICE/]MODULE/inputs/INPUT`");
        assert_eq!("filter".parse::<Destination>(), Err(form));
    }

    #[test]
    fn a_module_may_be_named_with_its_device() {
        let input = SendTarget::Input { module: module("d2/filter"), input: "i".into() };
        assert_eq!("d2/filter/inputs/i".parse(), Ok(input.clone()));
        assert_eq!(input.to_string(), "d2/filter/inputs/i");
        let named =
            ModuleName { device: DeviceId::parse("d2").ok(), module: ModuleId::parse("filter").expect("valid") };
        assert_eq!("d2/filter".parse(), Ok(named));
        assert_eq!("/filter".parse::<ModuleName>(), Err(NameError::Empty));
    }

    #[test]
    fn a_name_may_be_a_module_or_a_device_and_its_module() {
        assert_eq!("factory/filter".parse(), Ok(TargetName("factory/filter".into())));
        assert!(matches!("a b".parse::<TargetName>(), Err(TargetError::Name(_))));
    }
}
