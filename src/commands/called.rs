//! What modules are called in tables and lines: by the name that commands take them by.

use serde_json::Value;

use super::Context;
use crate::simulator::control::RunRecord;

/// Knows which device's modules are called by their names alone.
pub(super) struct Called {
    main: Option<String>,
}

impl Called {
    /// Looks it up for the running simulation.
    pub(super) fn in_simulation(cx: &Context) -> Self {
        let record = RunRecord::load(&cx.project().join(".edgectl"));
        Self { main: record.and_then(|record| record.device).map(String::from) }
    }

    /// Calls everybody by the name alone.
    #[cfg(test)]
    pub(super) fn to_main() -> Self {
        Self { main: None }
    }

    /// Returns `MODULE`, or `DEVICE/MODULE` for one of another device than the main one.
    pub(super) fn name(&self, device: &Value, module: &Value) -> String {
        let module = module.as_str().unwrap_or_default();
        match (device.as_str(), &self.main) {
            (Some(device), Some(main)) if device != main => format!("{device}/{module}"),
            _ => module.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_modules_of_other_devices_are_called_with_their_device() {
        let called = Called { main: Some("line1".to_owned()) };
        assert_eq!(called.name(&json!("line1"), &json!("filter")), "filter");
        assert_eq!(called.name(&json!("line2"), &json!("filter")), "line2/filter");
        assert_eq!(Called::to_main().name(&json!("line2"), &json!("filter")), "filter");
    }
}
