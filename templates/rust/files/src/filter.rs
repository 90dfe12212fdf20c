//! What the module decides; knows nothing of the hub.

use serde_json::{Number, Value, json};

const DEFAULT_THRESHOLD: i64 = 25;

/// Drops what is not above the threshold, and counts.
pub struct Filter {
    threshold: Number,
    received: u64,
    forwarded: u64,
}

impl Filter {
    /// Creates a filter with the default threshold.
    pub fn new() -> Self {
        Self {
            threshold: DEFAULT_THRESHOLD.into(),
            received: 0,
            forwarded: 0,
        }
    }

    /// Returns the threshold in force.
    pub fn threshold(&self) -> &Number {
        &self.threshold
    }

    /// Returns to the default threshold.
    pub fn reset(&mut self) {
        self.threshold = DEFAULT_THRESHOLD.into();
    }

    /// Takes over desired properties; a threshold of `null` is the default again.
    pub fn apply(&mut self, desired: &Value) {
        match desired.get("threshold") {
            None => {}
            Some(Value::Null) => self.reset(),
            Some(Value::Number(threshold)) => self.threshold = threshold.clone(),
            Some(other) => eprintln!("ignored the threshold {other}: expected a number"),
        }
    }

    /// Returns the document to forward, or `None` to drop the message.
    pub fn handle(&mut self, body: &[u8]) -> Option<Value> {
        self.received += 1;
        let Ok(mut body) = serde_json::from_slice::<Value>(body) else {
            eprintln!("dropped a message that is not JSON");
            return None;
        };
        // The simulated sensor sends a machine's temperature; others send one at the top.
        let machine = body["machine"]["temperature"].as_f64();
        let temperature = machine.or_else(|| body["temperature"].as_f64())?;
        if temperature <= self.threshold.as_f64()? {
            return None;
        }
        self.forwarded += 1;
        let document = body.as_object_mut()?;
        document.insert("alert".to_owned(), true.into());
        document.insert("count".to_owned(), self.forwarded.into());
        Some(body)
    }

    /// Returns the counters, as the method `status` tells them.
    pub fn status(&self) -> Value {
        json!({ "received": self.received, "forwarded": self.forwarded, "threshold": self.threshold })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_above_the_threshold_passes() {
        let mut filter = Filter::new();
        assert_eq!(filter.handle(br#"{"temperature":25}"#), None);
        let passed = filter
            .handle(br#"{"unit":"C","temperature":25.10}"#)
            .expect("25.10 is above 25");
        assert_eq!(
            passed.to_string(),
            r#"{"unit":"C","temperature":25.10,"alert":true,"count":1}"#
        );
        assert_eq!(
            filter.status(),
            json!({"received": 2, "forwarded": 1, "threshold": 25})
        );
    }

    #[test]
    fn the_temperature_of_the_machine_comes_first() {
        let mut filter = Filter::new();
        let mut handle = |body: &str| filter.handle(body.as_bytes()).map(|body| body.to_string());
        assert_eq!(
            handle(r#"{"machine":{"temperature":25.5},"temperature":21}"#).as_deref(),
            Some(r#"{"machine":{"temperature":25.5},"temperature":21,"alert":true,"count":1}"#)
        );
        assert_eq!(
            handle(r#"{"machine":{"temperature":20},"temperature":40}"#),
            None
        );
        assert_eq!(
            handle(r#"{"machine":{"pressure":1},"temperature":26}"#).as_deref(),
            Some(r#"{"machine":{"pressure":1},"temperature":26,"alert":true,"count":2}"#)
        );
        assert_eq!(handle(r#"{"machine":26}"#), None);
        assert_eq!(
            filter.status(),
            json!({"received": 4, "forwarded": 2, "threshold": 25})
        );
    }

    #[test]
    fn what_has_no_temperature_is_dropped_and_counted() {
        let mut filter = Filter::new();
        for body in [
            "",
            "[]",
            "{}",
            "26",
            r#"{"temperature":"26"}"#,
            r#"{"temperature":null}"#,
            r#"{"temperature":true}"#,
            "{temperature:26}",
            r#"{"temperature":26} x"#,
            r#"{"temperature":1e999}"#,
            r#"{"temperature":NaN}"#,
        ] {
            assert_eq!(filter.handle(body.as_bytes()), None, "{body}");
        }
        assert_eq!(
            filter.status(),
            json!({"received": 11, "forwarded": 0, "threshold": 25})
        );
    }

    #[test]
    fn the_threshold_follows_the_desired_properties() {
        let mut filter = Filter::new();
        for (desired, expected) in [
            (json!({"threshold": 30.5}), "30.5"),
            (json!({"other": 1}), "30.5"),
            (json!({"threshold": "hot"}), "30.5"),
            (json!({"threshold": null}), "25"),
        ] {
            filter.apply(&desired);
            assert_eq!(filter.threshold().to_string(), expected, "{desired}");
        }
    }
}
