//! The filter: forwards what is too warm as an alert. Its twin's `threshold` says what that is.

use serde_json::{Value, json};

use super::{Hub, Log, plain};
use crate::client::{Event, Input, MethodCall, ModuleClient};
use crate::failure::Outcome;
use crate::message::{Message, system};

const INPUT: &str = "input1";
const OUTPUT: &str = "output1";
const DEFAULT_THRESHOLD: f64 = 25.0;

/// Runs the filter.
pub(super) async fn run(hub: &mut Hub, log: Log<'_>) -> Outcome {
    let mut filter = Filter::default();
    loop {
        match hub.next().await? {
            Event::Connected => {
                // A connection that breaks meanwhile is followed by another event of this kind.
                if let Ok(twin) = hub.client.twin().await {
                    filter.threshold = threshold_of(&twin["desired"]["threshold"]).unwrap_or(filter.threshold);
                    filter.report(&hub.client, log).await?;
                }
            }
            Event::DesiredChanged(patch) => {
                let wanted = patch.get("threshold").and_then(threshold_of);
                filter.threshold = wanted.unwrap_or(filter.threshold);
                filter.report(&hub.client, log).await?;
            }
            Event::Input(input) => filter.take(input, &hub.client, log).await?,
            Event::Method(call) => filter.answer(call).await,
            Event::Disconnected(_) => {}
        }
    }
}

/// The state of the filter.
#[derive(Debug)]
struct Filter {
    threshold: f64,
    received: u64,
    forwarded: u64,
}

impl Default for Filter {
    fn default() -> Self {
        Self { threshold: DEFAULT_THRESHOLD, received: 0, forwarded: 0 }
    }
}

impl Filter {
    async fn report(&self, client: &ModuleClient, log: Log<'_>) -> Outcome {
        log(format!("forwarding what is above {} °C", self.threshold))?;
        // Reported again on the next connection.
        let _ = client.report(json!({ "threshold": plain(self.threshold) })).await;
        Ok(())
    }

    /// Forwards a message before it accepts it, so that an alert is never lost.
    async fn take(&mut self, input: Input, client: &ModuleClient, log: Log<'_>) -> Outcome {
        self.received += 1;
        if let Some((temperature, alert)) = self.alert_of(&input) {
            match client.send_output(OUTPUT, alert).await {
                Ok(()) => {
                    self.forwarded += 1;
                    log(format!("{temperature} °C is above {} °C: alert", self.threshold))?;
                }
                // It is too large, or the client has ended: another try would not help.
                Err(error) => log(format!("cannot forward: {error}"))?,
            }
        }
        input.accept().await;
        Ok(())
    }

    fn alert_of(&self, input: &Input) -> Option<(f64, Message)> {
        if input.input != INPUT {
            return None;
        }
        let temperature = temperature_of(&input.message.body).filter(|temperature| *temperature > self.threshold)?;
        Some((temperature, to_alert(&input.message)))
    }

    async fn answer(&self, call: MethodCall) {
        if call.name == "status" {
            let (received, forwarded, threshold) = (self.received, self.forwarded, plain(self.threshold));
            let status = json!({ "received": received, "forwarded": forwarded, "threshold": threshold });
            call.answer(200, &status).await;
        } else {
            let error = format!("no method `{}`, only `status`", call.name);
            call.answer(501, &json!({ "error": error })).await;
        }
    }
}

/// Returns what the twin asks for; a removed threshold is the default, one that is no number is none.
fn threshold_of(desired: &Value) -> Option<f64> {
    match desired {
        Value::Null => Some(DEFAULT_THRESHOLD),
        wanted => wanted.as_f64(),
    }
}

/// Returns the temperature of the machine; of a bare `{"temperature":…}` that one.
fn temperature_of(body: &[u8]) -> Option<f64> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body["machine"]["temperature"].as_f64().or_else(|| body["temperature"].as_f64())
}

/// Keeps body and properties; who sent it and to where is the hub's to say anew.
fn to_alert(message: &Message) -> Message {
    let mut alert = Message { body: message.body.clone(), ..Message::default() };
    alert.properties = message.properties.clone();
    alert.properties.retain(|(name, _)| name != "MessageType");
    alert.properties.push(("MessageType".to_owned(), Some("Alert".to_owned())));
    for name in [system::CONTENT_TYPE, system::CONTENT_ENCODING, system::MESSAGE_ID, system::CORRELATION_ID] {
        if let Some(value) = message.system(name) {
            alert.set_system(name, value);
        }
    }
    alert
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_temperature_of_the_machine_counts() {
        assert_eq!(temperature_of(br#"{"machine":{"temperature":30.5},"ambient":{"temperature":21}}"#), Some(30.5));
        assert_eq!(temperature_of(br#"{"temperature":40}"#), Some(40.0));
        assert_eq!(temperature_of(br#"{"machine":{}}"#), None);
        assert_eq!(temperature_of(b"warm"), None);
    }

    #[test]
    fn a_removed_threshold_is_the_default_and_a_wrong_one_is_ignored() {
        assert_eq!(threshold_of(&json!(1000)), Some(1000.0));
        assert_eq!(threshold_of(&Value::Null), Some(25.0));
        assert_eq!(threshold_of(&json!("high")), None);
    }

    #[test]
    fn an_alert_keeps_body_and_properties_and_says_that_it_is_one() {
        let mut message = Message { body: "{}".into(), ..Message::default() };
        message.properties.push(("batchId".into(), Some("b".into())));
        message.set_system(system::CONTENT_TYPE, "application/json");
        message.set_system(system::CONNECTION_MODULE_ID, "sensor");
        let alert = to_alert(&message);
        let property = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
        assert_eq!(alert.properties, [property("batchId", "b"), property("MessageType", "Alert")]);
        assert_eq!(alert.system(system::CONTENT_TYPE), Some("application/json"));
        assert_eq!(alert.system(system::CONNECTION_MODULE_ID), None);
    }
}
