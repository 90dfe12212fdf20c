//! From the hub to the client: deliveries, calls, answers.

use bytes::Bytes;

use super::{Head, Notice, Speaker};
use crate::amqp::address::Purpose;
use crate::amqp::link::Parcel;
use crate::amqp::message::MessageId;
use crate::amqp::translate;
use crate::clock::Now;
use crate::edgehub::{Delivery, Event, Feature, Guarantee, Request, Target};
use crate::message::Message;

impl Head {
    /// Takes what the hub tells a client; nothing happens if it is not there any more.
    pub fn handle_event(&mut self, now: Now, speaker: Speaker, event: Event) {
        self.connection.handle_time(now);
        match event {
            Event::Accepted { receipt } => {
                if let Some((link, received)) = self.publishes.remove(&receipt) {
                    self.connection.settle(link, &received, Ok(()));
                }
            }
            Event::Deliver { delivery, guarantee, target, message } => {
                self.deliver(speaker, delivery, guarantee, &target, &message);
            }
            Event::TwinAnswer { rid, status, version: _, body } => {
                let asked = self.clients.get_mut(&speaker).and_then(|client| client.close_twin_request(&rid));
                if let Some(id) = asked {
                    self.answer_twin(speaker, id, status, &body);
                }
            }
            Event::DesiredChanged { version: _, patch } => self.send_twin(speaker, translate::desired_change(&patch)),
            Event::CallMethod { rid, name, payload } => self.call(speaker, rid, &name, &payload),
            Event::Renewed { result } => self.handle_renewed(speaker, result),
        }
    }

    pub(super) fn deliver(
        &mut self,
        speaker: Speaker,
        delivery: Delivery,
        guarantee: Guarantee,
        target: &Target,
        message: &Message,
    ) {
        let Some(client) = self.clients.get_mut(&speaker) else { return };
        let feature = match target {
            Target::Input(_) => Feature::Inputs,
            Target::CloudToDevice => Feature::CloudToDevice,
        };
        let identity = client.identity.clone();
        let Some(stream) = client.stream(feature) else {
            // It was handed out before the hub heard of the link's end.
            return self.request(speaker, Request::Release { delivery });
        };
        stream.received += 1;
        let (link, largest) = (stream.link, stream.largest);
        let payload = translate::delivery(&identity, delivery, target, message);
        if let Some(largest) = largest.filter(|largest| payload.len() as u64 > *largest) {
            self.notice(speaker, Notice::Undeliverable(largest));
            self.request(speaker, Request::Reject { delivery });
            return self.tell_room(link);
        }
        let key = (guarantee == Guarantee::AtLeastOnce).then_some(delivery.0);
        if let Some(key) = key {
            self.deliveries.insert(key, (speaker, link));
        }
        self.connection.send(link, Parcel { key, tag: translate::tag_of(delivery), payload });
        if guarantee == Guarantee::AtMostOnce {
            // Settled by us, so no word of the client will come. The credit of the link bounds what follows.
            self.request(speaker, Request::Acknowledge { delivery });
        }
    }

    /// Answers a request for the twin; one without an id gets no answer, which would pass for a change.
    pub(super) fn answer_twin(&mut self, speaker: Speaker, id: Option<MessageId>, status: u16, body: &[u8]) {
        if let Some(id) = id {
            self.send_twin(speaker, translate::twin_answer(id, status, body));
        }
    }

    pub(super) fn send_twin(&mut self, speaker: Speaker, payload: Bytes) {
        if let Some(link) = self.clients.get(&speaker).and_then(|client| client.link(Purpose::TwinAnswers)) {
            self.connection.send(link, Parcel { key: None, tag: [0; 16], payload });
        }
    }

    pub(super) fn call(&mut self, speaker: Speaker, rid: String, name: &str, payload: &[u8]) {
        let Some(client) = self.clients.get_mut(&speaker) else { return };
        let Some(link) = client.link(Purpose::MethodCalls) else { return };
        let id = client.open_call(rid);
        // The SDK for Node refuses by itself what is no JSON (protocol.md §0.23).
        let payload = if payload.is_empty() { b"null" } else { payload };
        let payload = translate::method_call(id, name, payload);
        self.connection.send(link, Parcel { key: None, tag: id, payload });
    }
}
