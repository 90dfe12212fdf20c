//! The simulated temperature sensor: a machine that warms up, and a room around it.
//!
//! Settings by environment: `MessageCount`, `MessageDelay`, `machineTempMin`, `machineTempMax`, `machinePressureMin`,
//! `machinePressureMax`, `ambientTemp`. By twin: `SendInterval` in seconds, `SendData`. The direct method `reset`, or the
//! command `reset` on the input `control`, cools the machine down.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::{Hub, Surroundings, plain};
use crate::client::{ClientError, Event, Input, MethodCall, ModuleClient};
use crate::clock::{iso_millis, since_epoch};
use crate::environment::Environment;
use crate::failure::{Failure, Outcome};
use crate::message::{Message, system};

const OUTPUT: &str = "temperatureOutput";
const CONTROL: &str = "control";

/// Runs the sensor.
pub(super) async fn run(hub: &mut Hub, around: Surroundings<'_>) -> Outcome {
    let mut sensor = Sensor::new(Parameters::read(around.environment)?);
    let mut sending = JoinSet::new();
    let mut last = Instant::now();
    if sensor.may_send() {
        // The first message waits for nothing, not even for the twin.
        sending.spawn(send(hub.client.clone(), sensor.next_message((around.clock)())));
    }
    loop {
        tokio::select! {
            event = hub.next() => sensor.handle(event?, &hub.client).await,
            Some(sent) = sending.join_next() => match sent {
                Ok(Ok(line)) => (around.log)(line)?,
                Ok(Err(error)) => (around.log)(format!("cannot send: {error}"))?,
                // The task was aborted, which only happens at the end.
                Err(_) => {}
            },
            () = sleep_until(last + sensor.interval), if sensor.may_send() && sending.is_empty() => {
                sending.spawn(send(hub.client.clone(), sensor.next_message((around.clock)())));
                last = Instant::now();
            }
        }
    }
}

/// A message and what the log says once it is sent.
type Spoken = (Message, String);

async fn send(client: ModuleClient, (message, line): Spoken) -> Result<String, ClientError> {
    client.send_output(OUTPUT, message).await.map(|()| line)
}

/// One message.
#[derive(Debug, Serialize)]
struct Reading {
    machine: Machine,
    ambient: Ambient,
    #[serde(rename = "timeCreated")]
    time_created: String,
}

#[derive(Debug, Serialize)]
struct Machine {
    temperature: f64,
    pressure: f64,
}

#[derive(Debug, Serialize)]
struct Ambient {
    temperature: f64,
    humidity: u64,
}

/// The state of the sensor.
#[derive(Debug)]
struct Sensor {
    parameters: Parameters,
    temperature: f64,
    count: u64,
    interval: Duration,
    is_sending: bool,
    noise: Noise,
    /// The same in every message of one run.
    batch: String,
}

impl Sensor {
    fn new(parameters: Parameters) -> Self {
        Self {
            temperature: parameters.temperature_min,
            count: 0,
            interval: parameters.delay,
            is_sending: true,
            noise: Noise::new(),
            batch: uuid::Uuid::new_v4().to_string(),
            parameters,
        }
    }

    fn may_send(&self) -> bool {
        self.is_sending && self.parameters.count.is_none_or(|most| self.count < most)
    }

    fn next_message(&mut self, now: SystemTime) -> Spoken {
        let reading = self.next_reading(now);
        let line = format!("sent {} °C", reading.machine.temperature);
        let property = |name: &str, value: String| (name.to_owned(), Some(value));
        let mut message = Message { body: Bytes::from(json!(reading).to_string()), ..Message::default() };
        message.properties =
            vec![property("sequenceNumber", self.count.to_string()), property("batchId", self.batch.clone())];
        message.set_system(system::CONTENT_TYPE, "application/json");
        message.set_system(system::CONTENT_ENCODING, "utf-8");
        (message, line)
    }

    /// Measures: half a degree warmer on average, until the machine is hot.
    fn next_reading(&mut self, now: SystemTime) -> Reading {
        let parameters = &self.parameters;
        self.count += 1;
        self.temperature += match self.temperature > parameters.temperature_max {
            true => self.noise.between(-0.5, 0.5),
            false => self.noise.between(-0.25, 1.25),
        };
        let pressure_per_degree = (parameters.pressure_max - parameters.pressure_min)
            / (parameters.temperature_max - parameters.temperature_min);
        let pressure = parameters.pressure_min + (self.temperature - parameters.temperature_min) * pressure_per_degree;
        let ambient = parameters.ambient + self.noise.between(-0.5, 0.5);
        Reading {
            machine: Machine { temperature: hundredths(self.temperature), pressure: hundredths(pressure) },
            ambient: Ambient { temperature: hundredths(ambient), humidity: 24 + self.noise.next() % 3 },
            time_created: iso_millis(since_epoch(now)),
        }
    }

    fn reset(&mut self) {
        self.temperature = self.parameters.temperature_min;
    }

    async fn handle(&mut self, event: Event, client: &ModuleClient) {
        match event {
            Event::Connected => {
                // A connection that breaks meanwhile is followed by another event of this kind.
                if let Ok(twin) = client.twin().await {
                    self.apply(&twin["desired"]);
                    self.report(client).await;
                }
            }
            Event::DesiredChanged(patch) => {
                self.apply(&patch);
                self.report(client).await;
            }
            Event::Method(call) => self.answer(call).await,
            Event::Input(input) => self.control(input).await,
            Event::Disconnected(_) => {}
        }
    }

    /// Takes desired properties; what is missing or makes no sense stays as it is.
    fn apply(&mut self, desired: &Value) {
        if let Some(seconds) = desired["SendInterval"].as_f64().filter(|seconds| (0.001..=86_400.0).contains(seconds)) {
            self.interval = Duration::from_secs_f64(seconds);
        }
        if let Some(is_sending) = desired["SendData"].as_bool() {
            self.is_sending = is_sending;
        }
    }

    async fn report(&self, client: &ModuleClient) {
        let reported = json!({ "SendInterval": plain(self.interval.as_secs_f64()), "SendData": self.is_sending });
        // Reported again on the next connection.
        let _ = client.report(reported).await;
    }

    async fn answer(&mut self, call: MethodCall) {
        if call.name == "reset" {
            self.reset();
            call.answer(200, &json!({ "temperature": plain(self.temperature) })).await;
        } else {
            let error = format!("no method `{}`, only `reset`", call.name);
            call.answer(501, &json!({ "error": error })).await;
        }
    }

    /// Takes commands: `{"command":"reset"}`, or an array of them.
    async fn control(&mut self, input: Input) {
        let is_reset = |command: &Value| {
            let command = &command["command"];
            command.as_u64() == Some(0) || command.as_str().is_some_and(|name| name.eq_ignore_ascii_case("reset"))
        };
        let commands: Value = serde_json::from_slice(&input.message.body).unwrap_or_default();
        let wants_reset = is_reset(&commands) || commands.as_array().is_some_and(|all| all.iter().any(is_reset));
        if input.input == CONTROL && wants_reset {
            self.reset();
        }
        input.accept().await;
    }
}

/// What the environment sets.
#[derive(Debug, Clone, PartialEq)]
struct Parameters {
    /// `None` for no end.
    count: Option<u64>,
    delay: Duration,
    temperature_min: f64,
    temperature_max: f64,
    pressure_min: f64,
    pressure_max: f64,
    ambient: f64,
}

impl Parameters {
    fn read(environment: &Environment) -> Outcome<Self> {
        let number = |name: &str, default: f64| match environment.get(name) {
            None => Ok(default),
            Some(text) => text.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(|| wrong(name, text)),
        };
        let count = number("MessageCount", 500.0)?;
        let delay = match environment.get("MessageDelay") {
            None => Duration::from_secs(5),
            Some(text) => parse_span(text).ok_or_else(|| wrong("MessageDelay", text))?,
        };
        let (temperature_min, temperature_max) = (number("machineTempMin", 21.0)?, number("machineTempMax", 100.0)?);
        if temperature_min >= temperature_max {
            let message =
                format!("`machineTempMin` is {temperature_min}, not below `machineTempMax` {temperature_max}");
            return Err(Failure::request(message).hint("set them in the `env` of the module"));
        }
        Ok(Self {
            count: (count >= 0.0).then_some(count as u64),
            delay,
            temperature_min,
            temperature_max,
            pressure_min: number("machinePressureMin", 1.0)?,
            pressure_max: number("machinePressureMax", 10.0)?,
            ambient: number("ambientTemp", 21.0)?,
        })
    }
}

fn wrong(name: &str, text: &str) -> Failure {
    Failure::request(format!("`{name}` is `{text}`, which cannot be read")).hint(format!(
        "set `{name}` in the `env` of the module, for example `00:00:05` for a time or `21` for a number"
    ))
}

/// Reads `hh:mm:ss`, with a fraction if need be.
fn parse_span(text: &str) -> Option<Duration> {
    let mut parts = text.splitn(3, ':');
    let (hours, minutes) = (parts.next()?.parse::<u64>().ok()?, parts.next()?.parse::<u64>().ok()?);
    let seconds = parts.next()?.parse::<f64>().ok()?;
    if hours >= 24 || minutes >= 60 || !(0.0..60.0).contains(&seconds) {
        return None;
    }
    let span = Duration::from_secs(hours * 3600 + minutes * 60) + Duration::try_from_secs_f64(seconds).ok()?;
    (!span.is_zero()).then_some(span)
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// Noise for a simulation; nothing that a secret could be made of.
#[derive(Debug)]
struct Noise(u64);

impl Noise {
    fn new() -> Self {
        Self(uuid::Uuid::new_v4().as_u64_pair().0 | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        low + unit * (high - low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn parameters(variables: &[(&str, &str)]) -> Parameters {
        Parameters::read(&environment(variables)).expect("readable")
    }

    #[test]
    fn without_settings_it_sends_500_messages_every_5_seconds_like_the_original() {
        let parameters = parameters(&[]);
        assert_eq!((parameters.count, parameters.delay), (Some(500), Duration::from_secs(5)));
        assert_eq!((parameters.temperature_min, parameters.temperature_max), (21.0, 100.0));
    }

    #[test]
    fn the_environment_sets_number_pace_and_warmth() {
        let parameters =
            parameters(&[("MessageCount", "-1"), ("MessageDelay", "00:01:00.5"), ("machineTempMin", "30")]);
        assert_eq!((parameters.count, parameters.delay), (None, Duration::from_millis(60_500)));
        assert_eq!(parameters.temperature_min, 30.0);
    }

    #[test]
    fn a_wrong_setting_is_named() {
        let message = |variables| Parameters::read(&environment(variables)).expect_err("wrong").message().to_owned();
        assert_eq!(message(&[("MessageDelay", "5")]), "`MessageDelay` is `5`, which cannot be read");
        assert_eq!(message(&[("ambientTemp", "warm")]), "`ambientTemp` is `warm`, which cannot be read");
        assert_eq!(message(&[("machineTempMin", "100")]), "`machineTempMin` is 100, not below `machineTempMax` 100");
    }

    #[test]
    fn the_machine_warms_up_and_stays_hot() {
        let mut sensor = Sensor::new(parameters(&[]));
        let first = sensor.next_reading(SystemTime::UNIX_EPOCH);
        assert!((20.75..=22.25).contains(&first.machine.temperature), "{first:?}");
        assert!((20.5..=21.5).contains(&first.ambient.temperature), "{first:?}");
        assert!((24..=26).contains(&first.ambient.humidity), "{first:?}");
        let later = (0..1_000).map(|_| sensor.next_reading(SystemTime::UNIX_EPOCH)).last().expect("readings");
        // Once hot it wanders without a bound: six standard deviations.
        assert!((90.0..=150.0).contains(&later.machine.temperature), "{later:?}");
        sensor.reset();
        assert!(sensor.next_reading(SystemTime::UNIX_EPOCH).machine.temperature < 23.0);
    }

    #[test]
    fn a_message_looks_like_the_original() {
        let mut sensor = Sensor::new(parameters(&[]));
        let (message, line) = sensor.next_message(SystemTime::UNIX_EPOCH);
        let body: Value = serde_json::from_slice(&message.body).expect("JSON");
        let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&body), ["machine", "ambient", "timeCreated"]);
        assert_eq!(keys(&body["machine"]), ["temperature", "pressure"]);
        assert_eq!(keys(&body["ambient"]), ["temperature", "humidity"]);
        assert_eq!(body["timeCreated"], "1970-01-01T00:00:00.000Z");
        assert_eq!(line, format!("sent {} °C", body["machine"]["temperature"]));
        assert_eq!(message.property("sequenceNumber"), Some("1"));
        assert_eq!(message.property("batchId"), Some(sensor.batch.as_str()));
        assert_eq!(message.system(system::CONTENT_TYPE), Some("application/json"));
        assert_eq!(message.system(system::CONTENT_ENCODING), Some("utf-8"));
    }

    #[test]
    fn desired_properties_that_make_no_sense_change_nothing() {
        let mut sensor = Sensor::new(parameters(&[]));
        sensor.apply(&json!({ "SendInterval": 0.25, "SendData": false }));
        assert_eq!((sensor.interval, sensor.may_send()), (Duration::from_millis(250), false));
        sensor.apply(&json!({ "SendInterval": "soon", "SendData": 1 }));
        sensor.apply(&json!({ "SendInterval": -1 }));
        assert_eq!((sensor.interval, sensor.may_send()), (Duration::from_millis(250), false));
    }

    #[test]
    fn it_ends_after_its_count() {
        let mut sensor = Sensor::new(parameters(&[("MessageCount", "1")]));
        assert!(sensor.may_send());
        sensor.next_reading(SystemTime::UNIX_EPOCH);
        assert!(!sensor.may_send());
    }
}
