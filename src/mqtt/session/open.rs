//! A connection that the hub has let in.

use std::time::Duration;

use bytes::Bytes;

use super::outbox::Outbox;
use super::subscriptions::Subscriptions;
use super::window::{Inbound, Outbound};
use super::{Candidate, Limits, Notice, Violation, shown};
use crate::clock::Now;
use crate::edgehub::{Delivery, Event, Feature, Guarantee, Request, Target};
use crate::identity::Identity;
use crate::message::Message;
use crate::mqtt::bag::{self, Author};
use crate::mqtt::packet::{Packet, PacketId, Publish, PublishQos, Qos, SubAck, Subscribe, Unsubscribe, Will};
use crate::mqtt::topic::{self, FromClient};

/// Whether a client has more to say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    More,
    Goodbye,
}

/// The state of an open connection.
#[derive(Debug)]
pub(super) struct Open {
    limits: Limits,
    identity: Identity,
    /// `devices/{d}/modules/{m}` as the client spells it.
    base: String,
    silence: Duration,
    heard: Duration,
    will: Option<Will>,
    subscriptions: Subscriptions,
    inbound: Inbound,
    outbound: Outbound,
}

impl Open {
    pub(super) fn new(now: Now, limits: Limits, candidate: Candidate, remembered: &[(Feature, Guarantee)]) -> Self {
        Self {
            limits,
            base: topic::base_of(&candidate.identity),
            identity: candidate.identity,
            silence: candidate.silence,
            heard: now.monotonic,
            will: candidate.will,
            subscriptions: Subscriptions::remembered(remembered),
            inbound: Inbound::default(),
            outbound: Outbound::default(),
        }
    }

    pub(super) fn heard(&mut self, now: Now) {
        self.heard = now.monotonic;
    }

    pub(super) fn deadline(&self) -> Duration {
        self.heard + self.silence
    }

    pub(super) fn silence(&self) -> Duration {
        self.silence
    }

    pub(super) fn wants_read(&self) -> bool {
        self.inbound.len() < self.limits.unacknowledged
    }

    /// Returns the client's last message, as if it had published it (protocol.md §4.1); `None` if it left none, or one
    /// that is no telemetry.
    pub(super) fn into_will(self) -> Option<Request> {
        let will = self.will?;
        let Ok(FromClient::Telemetry { bag }) = FromClient::parse(&will.topic) else { return None };
        let mut message = Message { body: will.payload, ..Message::default() };
        bag::parse(bag, Author::Client, &mut message).ok()?;
        message.properties.push(("mqtt-MessageType".to_owned(), Some("Will".to_owned())));
        Some(Request::Publish { receipt: None, message })
    }

    pub(super) fn handle_packet(&mut self, packet: Packet, outbox: &mut Outbox) -> Result<Heard, Violation> {
        match packet {
            Packet::Publish(publish) => self.handle_publish(publish, outbox)?,
            Packet::PubAck(id) => self.handle_acknowledgement(id, outbox),
            Packet::Subscribe(subscribe) => self.handle_subscribe(subscribe, outbox),
            Packet::Unsubscribe(unsubscribe) => self.handle_unsubscribe(&unsubscribe, outbox),
            Packet::PingReq => outbox.send(&Packet::PingResp),
            Packet::Disconnect => return Ok(Heard::Goodbye),
            Packet::Connect(_) => return Err(Violation::SecondConnect),
            Packet::ConnAck(_)
            | Packet::PubRec(_)
            | Packet::PubRel(_)
            | Packet::PubComp(_)
            | Packet::SubAck(_)
            | Packet::UnsubAck(_)
            | Packet::PingResp => return Err(Violation::NotForServers),
        }
        Ok(Heard::More)
    }

    fn handle_publish(&mut self, publish: Publish, outbox: &mut Outbox) -> Result<(), Violation> {
        let id = match publish.qos {
            PublishQos::AtMostOnce => None,
            PublishQos::AtLeastOnce(id) => Some(id),
            PublishQos::ExactlyOnce(_) => return Err(Violation::ExactlyOnce),
        };
        match FromClient::parse(&publish.topic)? {
            FromClient::Telemetry { bag } => {
                let message = telemetry(bag, &publish)?;
                let receipt = id.map(|id| self.inbound.push(id));
                outbox.request(Request::Publish { receipt, message });
                return Ok(());
            }
            FromClient::GetTwin { rid } => outbox.request(Request::GetTwin { rid: rid.to_owned() }),
            FromClient::PatchReported { rid } => {
                outbox.request(Request::PatchReported { rid: rid.to_owned(), patch: publish.payload });
            }
            FromClient::MethodResult { status, rid } => {
                outbox.request(Request::AnswerMethod { rid: rid.to_owned(), status, payload: publish.payload });
            }
            FromClient::Unknown => outbox.notice(Notice::UnknownTopic(shown(&publish.topic))),
        }
        // The hub stores none of these, so there is nothing to wait for.
        if let Some(id) = id {
            self.inbound.push_accepted(id);
            self.send_acknowledgements(outbox);
        }
        Ok(())
    }

    fn send_acknowledgements(&mut self, outbox: &mut Outbox) {
        while let Some(id) = self.inbound.pop_accepted() {
            outbox.send(&Packet::PubAck(id));
        }
    }

    fn handle_acknowledgement(&mut self, id: PacketId, outbox: &mut Outbox) {
        if let Some(delivery) = self.outbound.acknowledge(id) {
            outbox.request(Request::Acknowledge { delivery });
        }
    }

    fn handle_subscribe(&mut self, subscribe: Subscribe, outbox: &mut Outbox) {
        let mut granted = Vec::with_capacity(subscribe.filters.len());
        for (filter, wanted) in subscribe.filters {
            let grant = (self.subscriptions.len() < self.limits.filters).then(|| wanted.min(Qos::AtLeastOnce));
            if let Some(qos) = grant {
                self.subscribe(filter, qos, outbox);
            }
            granted.push(grant);
        }
        outbox.send(&Packet::SubAck(SubAck { id: subscribe.id, granted }));
    }

    fn subscribe(&mut self, filter: String, qos: Qos, outbox: &mut Outbox) {
        let Some(found) = topic::parse_filter(&filter, &self.identity) else {
            return outbox.notice(Notice::UnknownFilter(shown(&filter)));
        };
        if let Some(base) = found.base {
            self.base = base.to_owned();
        }
        let wanted = if qos == Qos::AtMostOnce { Guarantee::AtMostOnce } else { Guarantee::AtLeastOnce };
        let guarantee = self.subscriptions.add(&filter, found.feature, wanted);
        outbox.request(Request::Subscribe { feature: found.feature, guarantee });
    }

    fn handle_unsubscribe(&mut self, unsubscribe: &Unsubscribe, outbox: &mut Outbox) {
        for filter in &unsubscribe.filters {
            let Some(found) = topic::parse_filter(filter, &self.identity) else { continue };
            let feature = found.feature;
            self.subscriptions.remove(filter, feature);
            outbox.request(match self.subscriptions.guarantee(feature) {
                Some(guarantee) => Request::Subscribe { feature, guarantee },
                None => Request::Unsubscribe { feature },
            });
        }
        outbox.send(&Packet::UnsubAck(unsubscribe.id));
    }

    pub(super) fn handle_event(&mut self, event: Event, outbox: &mut Outbox) -> Result<(), Violation> {
        match event {
            Event::Accepted { receipt } => {
                self.inbound.accept(receipt);
                self.send_acknowledgements(outbox);
            }
            Event::Deliver { delivery, guarantee, target, message } => {
                let topic = self.topic_of(&target, &message);
                let qos = self.number(delivery, guarantee)?;
                if outbox.publish(qos, topic, message.body.clone()).is_err() {
                    self.give_up(qos, outbox);
                }
                if guarantee == Guarantee::AtMostOnce {
                    outbox.request(Request::Acknowledge { delivery });
                }
            }
            Event::TwinAnswer { rid, status, version, body } => {
                self.notify(Feature::TwinAnswers, topic::of_twin_answer(status, &rid, version), body, outbox);
            }
            Event::DesiredChanged { version, patch } => {
                self.notify(Feature::DesiredUpdates, topic::of_desired_change(version), patch, outbox);
            }
            Event::CallMethod { rid, name, payload } => {
                // The SDK for Node refuses by itself what is no JSON (protocol.md §0.23).
                let payload = if payload.is_empty() { Bytes::from_static(b"null") } else { payload };
                self.notify(Feature::Methods, topic::of_method_call(&name, &rid), payload, outbox);
            }
        }
        Ok(())
    }

    fn topic_of(&self, target: &Target, message: &Message) -> String {
        let device = self.identity.device.as_str();
        match target {
            Target::Input(input) => topic::of_input(&self.base, device, input, message),
            Target::CloudToDevice => topic::of_cloud_to_device(&self.base, device, message),
        }
    }

    fn number(&mut self, delivery: Delivery, guarantee: Guarantee) -> Result<PublishQos, Violation> {
        match guarantee {
            Guarantee::AtMostOnce => Ok(PublishQos::AtMostOnce),
            Guarantee::AtLeastOnce => {
                self.outbound.number(delivery).map(PublishQos::AtLeastOnce).ok_or(Violation::NothingAcknowledged)
            }
        }
    }

    /// Takes a message that MQTT cannot express as delivered; else the hub would try it for ever and nothing behind it.
    fn give_up(&mut self, qos: PublishQos, outbox: &mut Outbox) {
        outbox.notice(Notice::Undeliverable);
        if let Some(id) = qos.id() {
            self.handle_acknowledgement(id, outbox);
        }
    }

    /// Publishes what is neither stored nor sent again, and so needs no acknowledgement: level 0, whatever was granted.
    fn notify(&self, feature: Feature, topic: String, payload: Bytes, outbox: &mut Outbox) {
        if self.subscriptions.guarantee(feature).is_some() {
            // A topic too long for MQTT can only echo a request id that no SDK makes; nobody waits for it.
            let _ = outbox.publish(PublishQos::AtMostOnce, topic, payload);
        }
    }
}

/// Reads a message and what its flags say about it.
fn telemetry(bag: &str, publish: &Publish) -> Result<Message, Violation> {
    let mut message = Message { body: publish.payload.clone(), ..Message::default() };
    bag::parse(bag, Author::Client, &mut message)?;
    let flags = [("mqtt-retain", publish.retain), ("mqtt-dup", publish.duplicate)];
    for (name, _) in flags.into_iter().filter(|(_, is_set)| *is_set) {
        message.properties.retain(|(key, _)| key != name);
        message.properties.push((name.to_owned(), Some("true".to_owned())));
    }
    Ok(message)
}
