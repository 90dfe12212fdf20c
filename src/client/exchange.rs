//! What is between a module and its hub, whatever connection carries it: requests that wait for their answers.
//!
//! A core: no socket, no clock. Outlives connections; what had no answer is said again on the next one.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use tokio::sync::oneshot;

use super::ClientError;
use crate::edgehub::Feature;
use crate::identity::Identity;
use crate::message::{Message, system};
use crate::mqtt::codec;
use crate::mqtt::packet::{Packet, PacketId, Publish, PublishQos, Qos, SubAck, Subscribe};
use crate::mqtt::topic::{self, FromHub};

/// What a module wants done.
#[derive(Debug)]
pub(super) enum Command {
    Send { output: String, message: Message, done: oneshot::Sender<Result<(), ClientError>> },
    GetTwin { done: TwinDone },
    Report { patch: Value, done: TwinDone },
    Answer { rid: String, status: i32, payload: Bytes },
    Accept { handle: Handle },
}

/// Which delivery of which connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handle {
    connection: u64,
    id: PacketId,
}

/// What the hub wants of the module.
#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    Input { input: String, message: Message, handle: Option<Handle> },
    DesiredChanged(Value),
    Method { name: String, rid: String, payload: Bytes },
}

/// Subscribed to on every connection, in this order; level 1 only where something is stored.
const SUBSCRIPTIONS: [(Feature, Qos); 4] = [
    (Feature::TwinAnswers, Qos::AtMostOnce),
    (Feature::DesiredUpdates, Qos::AtMostOnce),
    (Feature::Methods, Qos::AtMostOnce),
    (Feature::Inputs, Qos::AtLeastOnce),
];

/// How many messages may wait for their acknowledgement.
const MOST_SENT: usize = 4_096;

/// What IoT Hub takes (protocol.md §4.1).
const LARGEST_PACKET: usize = 262_144;

type TwinDone = oneshot::Sender<Result<Value, ClientError>>;

#[derive(Debug)]
pub(super) struct Exchange {
    base: String,
    connection: u64,
    next_id: u16,
    next_rid: u64,
    sent: VecDeque<Sent>,
    asked: VecDeque<Asked>,
}

/// A message without PUBACK.
#[derive(Debug)]
struct Sent {
    id: PacketId,
    publish: Publish,
    done: oneshot::Sender<Result<(), ClientError>>,
}

/// A twin request without answer.
#[derive(Debug)]
struct Asked {
    rid: String,
    publish: Publish,
    done: TwinDone,
}

impl Exchange {
    pub(super) fn new(identity: &Identity) -> Self {
        Self {
            base: topic::base_of(identity),
            connection: 0,
            next_id: 1,
            next_rid: 1,
            sent: VecDeque::new(),
            asked: VecDeque::new(),
        }
    }

    /// Starts a new connection: subscribes, then says again what had no answer.
    pub(super) fn connected(&mut self, out: &mut BytesMut) {
        self.connection += 1;
        let filter = |(feature, qos)| (topic::filter_of(feature, &self.base), qos);
        let filters = SUBSCRIPTIONS.into_iter().map(filter).collect();
        let id = self.free_id();
        put(&Packet::Subscribe(Subscribe { id, filters }), out);
        for sent in &mut self.sent {
            sent.publish.duplicate = true;
            put(&Packet::Publish(sent.publish.clone()), out);
        }
        for asked in &self.asked {
            put(&Packet::Publish(asked.publish.clone()), out);
        }
    }

    pub(super) fn handle_command(&mut self, command: Command, out: &mut BytesMut) {
        match command {
            Command::Send { output, mut message, done } => {
                message.set_system(system::OUTPUT_NAME, output);
                self.send(&message, done, out);
            }
            Command::GetTwin { done } => self.ask(topic::to_get_twin, Bytes::from_static(b" "), done, out),
            Command::Report { patch, done } => self.ask(topic::to_patch_reported, patch.to_string().into(), done, out),
            Command::Answer { rid, status, payload } => {
                let answer = publish(PublishQos::AtMostOnce, topic::to_method_result(status, &rid), payload);
                put(&Packet::Publish(answer), out);
            }
            // What an earlier connection delivered is delivered again and must not be acknowledged by its old number.
            Command::Accept { handle } if handle.connection == self.connection => put(&Packet::PubAck(handle.id), out),
            Command::Accept { .. } => {}
        }
    }

    /// Takes a packet of the hub; an error ends the connection.
    pub(super) fn handle_packet(&mut self, packet: Packet, out: &mut BytesMut) -> Result<Option<Heard>, ClientError> {
        match packet {
            Packet::Publish(publish) => self.handle_publish(publish, out),
            Packet::PubAck(id) => {
                self.handle_acknowledgement(id);
                Ok(None)
            }
            Packet::SubAck(SubAck { granted, .. }) if granted.iter().all(Option::is_some) => Ok(None),
            Packet::PingResp => Ok(None),
            other => Err(ClientError::Protocol(format!("unexpected {}", name_of(&other)))),
        }
    }

    fn handle_publish(&mut self, publish: Publish, out: &mut BytesMut) -> Result<Option<Heard>, ClientError> {
        let id = publish.qos.id();
        let parsed = FromHub::parse(&publish.topic).map_err(|error| ClientError::Protocol(error.to_string()))?;
        if let FromHub::Input { name, properties } = parsed {
            let message = Message { body: publish.payload, ..properties };
            let handle = id.map(|id| Handle { connection: self.connection, id });
            return Ok(Some(Heard::Input { input: name, message, handle }));
        }
        if let Some(id) = id {
            put(&Packet::PubAck(id), out);
        }
        Ok(match parsed {
            FromHub::MethodCall { name, rid } => Some(Heard::Method { name, rid, payload: publish.payload }),
            FromHub::DesiredChange => serde_json::from_slice(&publish.payload).ok().map(Heard::DesiredChanged),
            FromHub::TwinAnswer { status, rid } => {
                self.handle_twin_answer(status, &rid, &publish.payload);
                None
            }
            FromHub::Input { .. } | FromHub::Unknown => None,
        })
    }

    fn handle_acknowledgement(&mut self, id: PacketId) {
        if let Some(place) = self.sent.iter().position(|sent| sent.id == id)
            && let Some(sent) = self.sent.remove(place)
        {
            // The caller may have stopped waiting.
            let _ = sent.done.send(Ok(()));
        }
    }

    fn handle_twin_answer(&mut self, status: u16, rid: &str, body: &[u8]) {
        let Some(place) = self.asked.iter().position(|asked| asked.rid == rid) else { return };
        let Some(asked) = self.asked.remove(place) else { return };
        let answer = match status {
            200..=299 if body.is_empty() => Ok(Value::Null),
            200..=299 => serde_json::from_slice(body).map_err(|error| ClientError::Protocol(error.to_string())),
            _ => Err(ClientError::Twin(status)),
        };
        let _ = asked.done.send(answer);
    }

    fn send(&mut self, message: &Message, done: oneshot::Sender<Result<(), ClientError>>, out: &mut BytesMut) {
        if self.sent.len() >= MOST_SENT {
            return drop(done.send(Err(ClientError::TooMany)));
        }
        let id = self.free_id();
        let topic = topic::to_telemetry(&self.base, message);
        let publish = publish(PublishQos::AtLeastOnce(id), topic, message.body.clone());
        match put_bounded(&publish, out) {
            Ok(()) => self.sent.push_back(Sent { id, publish, done }),
            Err(error) => drop(done.send(Err(error))),
        }
    }

    fn ask(&mut self, topic: impl Fn(&str) -> String, payload: Bytes, done: TwinDone, out: &mut BytesMut) {
        let rid = self.next_rid.to_string();
        self.next_rid += 1;
        let publish = publish(PublishQos::AtMostOnce, topic(&rid), payload);
        match put_bounded(&publish, out) {
            Ok(()) => self.asked.push_back(Asked { rid, publish, done }),
            Err(error) => drop(done.send(Err(error))),
        }
    }

    /// Returns a packet id that no message on its way has.
    fn free_id(&mut self) -> PacketId {
        loop {
            let id = PacketId::new(self.next_id);
            self.next_id = self.next_id.wrapping_add(1);
            if let Some(id) = id.filter(|id| self.sent.iter().all(|sent| sent.id != *id)) {
                return id;
            }
        }
    }
}

fn publish(qos: PublishQos, topic: String, payload: Bytes) -> Publish {
    Publish { duplicate: false, retain: false, qos, topic, payload }
}

/// Appends a publish, unless the hub would close the connection because of it.
fn put_bounded(publish: &Publish, out: &mut BytesMut) -> Result<(), ClientError> {
    let packet = Packet::Publish(publish.clone());
    let fits = codec::encoded_length(&packet).is_ok_and(|length| length <= LARGEST_PACKET);
    if !fits {
        return Err(ClientError::TooLarge);
    }
    codec::encode(&packet, out).map_err(|_| ClientError::TooLarge)
}

/// Appends a packet whose texts are short or were encoded before.
fn put(packet: &Packet, out: &mut BytesMut) {
    // A request id that is too long to be echoed came in a topic that was not.
    let _ = codec::encode(packet, out);
}

fn name_of(packet: &Packet) -> &'static str {
    match packet {
        Packet::Connect(_) => "CONNECT",
        Packet::ConnAck(_) => "CONNACK",
        Packet::Publish(_) => "PUBLISH",
        Packet::PubAck(_) => "PUBACK",
        Packet::PubRec(_) => "PUBREC",
        Packet::PubRel(_) => "PUBREL",
        Packet::PubComp(_) => "PUBCOMP",
        Packet::Subscribe(_) => "SUBSCRIBE",
        Packet::SubAck(_) => "refusal of a subscription",
        Packet::Unsubscribe(_) => "UNSUBSCRIBE",
        Packet::UnsubAck(_) => "UNSUBACK",
        Packet::PingReq => "PINGREQ",
        Packet::PingResp => "PINGRESP",
        Packet::Disconnect => "DISCONNECT",
    }
}
