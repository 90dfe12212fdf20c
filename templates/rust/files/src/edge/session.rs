//! One connection's life, from CONNECT on: what arrives becomes events, what leaves is acknowledged.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::link::{KEEP_ALIVE, Link};
use super::message::Message;
use super::mqtt::{self, Connect, Packet};
use super::settings::Settings;
use super::topics::{self, Incoming};

/// How long the hub may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What happens to a module.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// The connection stands, and these are all desired properties; comes before anything else on it.
    Twin { desired: Value },
    /// Some desired properties changed; `null` stands for one that was deleted.
    Desired { patch: Value },
    /// A message arrived.
    Input(Input),
    /// A direct method was called; the caller waits for the answer.
    Method(Call),
    /// Nothing happened for as long as the module wanted to wait.
    Idle,
    /// The module shall end.
    Stop,
}

/// A message that arrived on an input; the hub delivers it again until it is completed.
#[derive(Debug, PartialEq)]
pub struct Input {
    /// The name of the input.
    pub name: String,
    /// The message.
    pub message: Message,
    delivery: Option<Delivery>,
}

/// What to acknowledge, and on which connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Delivery {
    session: u64,
    packet: u16,
}

/// A call of a direct method.
#[derive(Debug, PartialEq)]
pub struct Call {
    /// The name of the method.
    pub name: String,
    /// What the caller sent along; `null` if nothing.
    pub payload: Value,
    request: String,
}

/// One connection's life.
pub struct Session<S> {
    link: Link<S>,
    number: u64,
    device: String,
    module: String,
    events: VecDeque<Event>,
    twin: Option<TwinState>,
    last_packet: u16,
    last_request: u32,
}

/// What is known of the twin once it was read.
struct TwinState {
    version: i64,
}

impl<S: Read + Write> Session<S> {
    /// Introduces the module to the hub over a fresh stream, subscribes, and reads the twin.
    pub fn open(stream: S, number: u64, settings: &Settings, token: &str) -> io::Result<Self> {
        let mut session = Self {
            link: Link::new(stream),
            number,
            device: settings.device.clone(),
            module: settings.module.clone(),
            events: VecDeque::new(),
            twin: None,
            last_packet: 0,
            last_request: 0,
        };
        session.connect(&settings.hub, token)?;
        session.subscribe()?;
        session.read_twin()?;
        Ok(session)
    }

    /// Returns the next event, or `None` if none came within a tick.
    pub fn next(&mut self) -> io::Result<Option<Event>> {
        if self.events.is_empty()
            && let Some(packet) = self.link.receive()?
        {
            self.handle(packet)?;
        }
        Ok(self.events.pop_front())
    }

    /// Sends a message and waits until the hub has stored it.
    pub fn send(&mut self, output: &str, message: &Message) -> io::Result<()> {
        let id = self.next_packet();
        let topic = topics::output(&self.device, &self.module, output, message);
        self.link
            .send(&mqtt::publish(&topic, &message.body, Some(id))?)?;
        self.wait_for(|packet| (*packet == Packet::PubAck { id }).then_some(()))
    }

    /// Tells the hub that an input was dealt with, unless it came over an earlier connection.
    pub fn complete(&mut self, input: &Input) -> io::Result<()> {
        match input.delivery {
            Some(delivery) if delivery.session == self.number => {
                self.link.send(&mqtt::acknowledge(delivery.packet))
            }
            _ => Ok(()),
        }
    }

    /// Sends a change of the reported properties.
    pub fn report(&mut self, patch: &Value) -> io::Result<()> {
        let topic = topics::twin_report(self.next_request());
        self.link
            .send(&mqtt::publish(&topic, patch.to_string().as_bytes(), None)?)
    }

    /// Answers a direct method.
    pub fn answer(&mut self, call: &Call, status: u16, payload: &Value) -> io::Result<()> {
        let topic = topics::method_answer(status, &call.request);
        self.link.send(&mqtt::publish(
            &topic,
            payload.to_string().as_bytes(),
            None,
        )?)
    }

    /// Takes leave of the hub.
    pub fn close(mut self) -> io::Result<()> {
        self.link.send(mqtt::DISCONNECT)
    }

    fn connect(&mut self, hub: &str, token: &str) -> io::Result<()> {
        let connect = Connect {
            client_id: &format!("{}/{}", self.device, self.module),
            user_name: &topics::user_name(hub, &self.device, &self.module),
            password: token,
            keep_alive_seconds: KEEP_ALIVE.as_secs() as u16,
        };
        self.link.send(&mqtt::connect(&connect)?)?;
        let code = self.wait_for(|packet| match packet {
            Packet::ConnAck { code } => Some(*code),
            _ => None,
        })?;
        match code {
            0 => Ok(()),
            4 | 5 => Err(io::Error::new(
                ErrorKind::PermissionDenied,
                "the hub refused the module's token",
            )),
            code => Err(io::Error::other(format!(
                "the hub refused the connection with code {code}"
            ))),
        }
    }

    fn subscribe(&mut self) -> io::Result<()> {
        let filters = topics::filters(&self.device, &self.module);
        let wanted = self.next_packet();
        self.link.send(&mqtt::subscribe(wanted, &filters)?)?;
        let granted = self.wait_for(|packet| match packet {
            Packet::SubAck { id, granted } if *id == wanted => Some(granted.clone()),
            _ => None,
        })?;
        match filters
            .iter()
            .zip(granted)
            .find(|(_, granted)| *granted > 1)
        {
            None => Ok(()),
            Some(((filter, _), _)) => Err(io::Error::other(format!(
                "the hub refused to subscribe to `{filter}`"
            ))),
        }
    }

    /// Asks for the twin and makes it the first event; what comes meanwhile waits behind it.
    fn read_twin(&mut self) -> io::Result<()> {
        let wanted = self.next_request();
        self.link
            .send(&mqtt::publish(&topics::twin_get(wanted), b" ", None)?)?;
        let (status, mut twin) = self.wait_for(|packet| match packet {
            Packet::Publish { topic, payload, .. } => {
                match topics::incoming(topic, payload.clone())? {
                    Incoming::TwinAnswer {
                        status,
                        request,
                        body,
                    } if request == wanted => Some((status, body)),
                    _ => None,
                }
            }
            _ => None,
        })?;
        if status != 200 {
            return Err(io::Error::other(format!(
                "the hub answered {status} when asked for the twin"
            )));
        }
        let desired = twin["desired"].take();
        let state = TwinState {
            version: version(&desired),
        };
        self.events
            .retain(|event| !matches!(event, Event::Desired { patch } if !state.is_news(patch)));
        self.twin = Some(state);
        self.events.push_front(Event::Twin { desired });
        Ok(())
    }

    /// Receives until a packet is the one looked for; every other one is handled as it comes.
    fn wait_for<T>(&mut self, mut find: impl FnMut(&Packet) -> Option<T>) -> io::Result<T> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let Some(packet) = self.link.receive()? else {
                continue;
            };
            match find(&packet) {
                Some(found) => return Ok(found),
                None => self.handle(packet)?,
            }
        }
        Err(io::Error::new(
            ErrorKind::TimedOut,
            "the hub did not answer",
        ))
    }

    fn handle(&mut self, packet: Packet) -> io::Result<()> {
        let Packet::Publish { topic, payload, id } = packet else {
            return Ok(());
        };
        match topics::incoming(&topic, payload) {
            // The module acknowledges an input when it is done with it; see `complete`.
            Some(Incoming::Input { name, message }) => {
                let delivery = id.map(|packet| Delivery {
                    session: self.number,
                    packet,
                });
                self.events.push_back(Event::Input(Input {
                    name,
                    message,
                    delivery,
                }));
                return Ok(());
            }
            Some(Incoming::Method {
                name,
                request,
                payload,
            }) => {
                self.events.push_back(Event::Method(Call {
                    name,
                    payload,
                    request,
                }));
            }
            Some(Incoming::Desired { patch })
                if self.twin.as_ref().is_none_or(|twin| twin.is_news(&patch)) =>
            {
                self.events.push_back(Event::Desired { patch });
            }
            Some(Incoming::TwinAnswer { status, .. }) if status >= 300 => {
                eprintln!("the hub refused reported properties with status {status}");
            }
            _ => {}
        }
        id.map_or(Ok(()), |id| self.link.send(&mqtt::acknowledge(id)))
    }

    /// Returns the next packet id, which is never 0.
    fn next_packet(&mut self) -> u16 {
        self.last_packet = self.last_packet.checked_add(1).unwrap_or(1);
        self.last_packet
    }

    fn next_request(&mut self) -> u32 {
        self.last_request += 1;
        self.last_request
    }
}

impl TwinState {
    /// Says whether a patch is newer than the twin that was read.
    fn is_news(&self, patch: &Value) -> bool {
        version(patch) > self.version
    }
}

fn version(desired: &Value) -> i64 {
    desired["$version"].as_i64().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use serde_json::json;

    use super::*;
    use crate::edge::credentials::Credentials;

    const WELCOME: &[u8] = &[0x20, 2, 0, 0];
    const SUBSCRIBED: &[u8] = &[0x90, 6, 0, 1, 0, 0, 0, 1];

    fn from_hub(topic: &str, payload: &str, id: Option<u16>) -> Vec<u8> {
        mqtt::publish(topic, payload.as_bytes(), id).expect("short enough")
    }

    fn twin(desired: Value) -> Vec<u8> {
        let twin = json!({"desired": desired, "reported": {}});
        from_hub("$iothub/twin/res/200/?$rid=1", &twin.to_string(), None)
    }

    /// Opens a session with a hub that says `words` whatever it hears; returns the hub's end, too.
    fn open(words: &[&[u8]]) -> io::Result<(Session<UnixStream>, UnixStream)> {
        let (module, mut hub) = UnixStream::pair()?;
        module.set_read_timeout(Some(Duration::from_millis(1)))?;
        hub.write_all(&words.concat())?;
        let settings = Settings {
            hub: "h".to_owned(),
            device: "d".to_owned(),
            module: "m".to_owned(),
            gateway: "g".to_owned(),
            credentials: Credentials::Key {
                key: Vec::new(),
                ca_file: "ca.pem".into(),
            },
        };
        Ok((Session::open(module, 1, &settings, "token")?, hub))
    }

    /// Returns what the hub has heard so far.
    fn heard(hub: &mut UnixStream) -> Vec<u8> {
        let mut bytes = [0; 4096];
        let length = hub.read(&mut bytes).expect("the module spoke");
        bytes[..length].to_vec()
    }

    #[test]
    fn the_twin_comes_first_and_makes_earlier_patches_old_news() {
        let input = from_hub("devices/d/modules/m/inputs/input1/k=v", "x", Some(9));
        let old = from_hub(
            "$iothub/twin/PATCH/properties/desired/?$version=3",
            r#"{"a":1,"$version":3}"#,
            None,
        );
        let new = from_hub(
            "$iothub/twin/PATCH/properties/desired/?$version=4",
            r#"{"a":2,"$version":4}"#,
            None,
        );
        let words = [
            WELCOME,
            SUBSCRIBED,
            &input,
            &old,
            &twin(json!({"a": 1, "$version": 3})),
            &old,
            &new,
        ];
        let (mut session, _hub) = open(&words).expect("the hub welcomes");

        let told: Vec<Event> = (0..6)
            .filter_map(|_| session.next().expect("the hub speaks well"))
            .collect();
        let [
            Event::Twin { desired },
            Event::Input(input),
            Event::Desired { patch },
        ] = &told[..]
        else {
            panic!("{told:?}")
        };
        assert_eq!(*desired, json!({"a": 1, "$version": 3}));
        assert_eq!(
            (input.name.as_str(), input.message.body.as_slice()),
            ("input1", &b"x"[..])
        );
        assert_eq!(*patch, json!({"a": 2, "$version": 4}));
    }

    #[test]
    fn an_input_is_acknowledged_when_it_is_completed() {
        let input = from_hub("devices/d/modules/m/inputs/input1/", "x", Some(0x0102));
        let (mut session, mut hub) =
            open(&[WELCOME, SUBSCRIBED, &twin(json!({})), &input]).expect("the hub welcomes");
        heard(&mut hub);
        session
            .next()
            .expect("the hub speaks well")
            .expect("the twin");
        let Some(Event::Input(mut input)) = session.next().expect("the hub speaks well") else {
            panic!("no input")
        };

        session.complete(&input).expect("the hub listens");
        assert_eq!(heard(&mut hub), [0x40, 2, 1, 2]);

        input.delivery = Some(Delivery {
            session: 0,
            packet: 1,
        });
        session.complete(&input).expect("nothing is sent");
        session.report(&json!({"a": 1})).expect("the hub listens");
        assert_eq!(
            heard(&mut hub),
            from_hub(
                "$iothub/twin/PATCH/properties/reported/?$rid=2",
                r#"{"a":1}"#,
                None
            )
        );
    }

    #[test]
    fn a_message_is_sent_when_the_hub_has_stored_it() {
        let call = from_hub("$iothub/methods/POST/status/?$rid=5", "null", None);
        let (mut session, mut hub) = open(&[
            WELCOME,
            SUBSCRIBED,
            &twin(json!({})),
            &call,
            &[0x40, 2, 0, 2],
        ])
        .expect("the hub welcomes");
        heard(&mut hub);
        session
            .send("output1", &Message::default())
            .expect("the hub has stored it");
        let topic = "devices/d/modules/m/messages/events/%24.on=output1";
        assert_eq!(heard(&mut hub), from_hub(topic, "", Some(2)));

        session
            .next()
            .expect("the hub speaks well")
            .expect("the twin");
        let Some(Event::Method(call)) = session.next().expect("the hub speaks well") else {
            panic!("no call")
        };
        session
            .answer(&call, 200, &Value::Null)
            .expect("the hub listens");
        assert_eq!(
            heard(&mut hub),
            from_hub("$iothub/methods/res/200/?$rid=5", "null", None)
        );
    }

    #[test]
    fn refusals_are_told_apart() {
        let denied_input = [0x90, 6, 0, 1, 0, 0, 0, 0x80];
        let no_twin = from_hub("$iothub/twin/res/500/?$rid=1", "", None);
        for (words, expected) in [
            (
                vec![&[0x20, 2, 0, 5][..]],
                "the hub refused the module's token",
            ),
            (
                vec![&[0x20, 2, 0, 3]],
                "the hub refused the connection with code 3",
            ),
            (
                vec![WELCOME, &denied_input],
                "the hub refused to subscribe to `devices/d/modules/m/inputs/#`",
            ),
            (
                vec![WELCOME, SUBSCRIBED, &no_twin],
                "the hub answered 500 when asked for the twin",
            ),
        ] {
            assert_eq!(
                open(&words).err().expect("it was refused").to_string(),
                expected
            );
        }
    }
}
