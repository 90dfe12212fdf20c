//! How targets are written on the command line: `filter/inputs/input1`, `sensor/outputs/temperature`, `sensor`.

use std::fmt;
use std::str::FromStr;

use super::protocol::{SendTarget, TargetName};
use crate::identity::{DeviceId, ModuleId, NameError};

/// Why a text is no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It has another form.
    #[error("expected {0}")]
    Form(&'static str),
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

/// `MODULE/inputs/INPUT`, `MODULE/outputs/OUTPUT` or `devices/DEVICE`.
impl FromStr for SendTarget {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts[..] {
            [module, "inputs", input] if !input.is_empty() => {
                Ok(Self::Input { module: ModuleId::parse(module)?, input: input.to_owned() })
            }
            [module, "outputs", output] if !output.is_empty() => {
                Ok(Self::Output { module: ModuleId::parse(module)?, output: output.to_owned() })
            }
            ["devices", device] => Ok(Self::Device { device: DeviceId::parse(device)? }),
            _ => Err(TargetError::Form("`MODULE/inputs/INPUT`, `MODULE/outputs/OUTPUT` or `devices/DEVICE`")),
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `MODULE` or `MODULE/outputs/OUTPUT`.
    Module {
        /// The module.
        module: ModuleId,
        /// Its output; `None` is any, or none.
        output: Option<String>,
    },
    /// `devices/DEVICE`.
    Device(DeviceId),
}

impl FromStr for Origin {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if !text.contains('/') {
            return Ok(Self::Module { module: ModuleId::parse(text)?, output: None });
        }
        match text.parse() {
            Ok(SendTarget::Output { module, output }) => Ok(Self::Module { module, output: Some(output) }),
            Ok(SendTarget::Device { device }) => Ok(Self::Device(device)),
            Err(TargetError::Name(error)) => Err(error.into()),
            _ => Err(TargetError::Form("`MODULE`, `MODULE/outputs/OUTPUT` or `devices/DEVICE`")),
        }
    }
}

/// Where messages go: `$upstream` or `MODULE/inputs/INPUT`, kept as `monitor --json` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination(String);

impl Destination {
    /// Returns `$upstream` or `modules/MODULE/inputs/INPUT`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Destination {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        // A shell takes `$upstream` for a variable, so the word alone will do.
        if text.eq_ignore_ascii_case("$upstream") || text.eq_ignore_ascii_case("upstream") {
            return Ok(Self("$upstream".to_owned()));
        }
        match text.strip_prefix("modules/").unwrap_or(text).parse() {
            Ok(SendTarget::Input { module, input }) => Ok(Self(format!("modules/{module}/inputs/{input}"))),
            Err(TargetError::Name(error)) => Err(error.into()),
            _ => Err(TargetError::Form("`upstream` or `MODULE/inputs/INPUT`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(name: &str) -> ModuleId {
        ModuleId::parse(name).expect("valid")
    }

    #[test]
    fn messages_are_sent_to_inputs_and_as_from_outputs() {
        let input = SendTarget::Input { module: module("filter"), input: "input1".into() };
        let output = SendTarget::Output { module: module("$edgeHub"), output: "o".into() };
        assert_eq!("filter/inputs/input1".parse(), Ok(input));
        assert_eq!("$edgeHub/outputs/o".parse(), Ok(output));
        let form = TargetError::Form("`MODULE/inputs/INPUT`, `MODULE/outputs/OUTPUT` or `devices/DEVICE`");
        for text in ["", "filter", "filter/inputs", "filter/inputs/", "filter/inputs/a/b", "filter/input/a"] {
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
        let form = TargetError::Form("`MODULE`, `MODULE/outputs/OUTPUT` or `devices/DEVICE`");
        assert_eq!("sensor/inputs/t".parse::<Origin>(), Err(form));
    }

    #[test]
    fn messages_go_upstream_or_to_an_input() {
        for text in ["upstream", "$upstream", "$Upstream"] {
            assert_eq!(text.parse::<Destination>().expect(text).as_str(), "$upstream");
        }
        for text in ["filter/inputs/i", "modules/filter/inputs/i"] {
            assert_eq!(text.parse::<Destination>().expect(text).as_str(), "modules/filter/inputs/i");
        }
        let form = TargetError::Form("`upstream` or `MODULE/inputs/INPUT`");
        assert_eq!("filter".parse::<Destination>(), Err(form));
    }

    #[test]
    fn a_name_may_be_a_module_or_a_device_and_its_module() {
        assert_eq!("factory/filter".parse(), Ok(TargetName("factory/filter".into())));
        assert!(matches!("a b".parse::<TargetName>(), Err(TargetError::Name(_))));
    }
}
