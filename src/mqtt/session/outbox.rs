//! What a session has to say: bytes for its client, and everything else for whoever drives it.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::{Notice, Output};
use crate::edgehub::Request;
use crate::mqtt::codec::{self, TooLong};
use crate::mqtt::packet::{Packet, Publish, PublishQos};

/// Outputs in the order of [`Outbox::pop`]: the bytes come last and in one piece, since a write costs more than a packet.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: BytesMut,
    queue: VecDeque<Output>,
}

impl Outbox {
    /// Says a packet whose texts are none or were in a packet before.
    pub(super) fn send(&mut self, packet: &Packet) {
        codec::encode(packet, &mut self.bytes).expect("an answer is never longer than its request");
    }

    /// Publishes to the client, unless the topic is longer than MQTT can express.
    pub(super) fn publish(&mut self, qos: PublishQos, topic: String, payload: Bytes) -> Result<(), TooLong> {
        let publish = Publish { duplicate: false, retain: false, qos, topic, payload };
        codec::encode(&Packet::Publish(publish), &mut self.bytes)
    }

    pub(super) fn request(&mut self, request: Request) {
        self.queue.push_back(Output::Request(request));
    }

    pub(super) fn notice(&mut self, notice: Notice) {
        self.queue.push_back(Output::Notice(notice));
    }

    pub(super) fn push(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    pub(super) fn pop(&mut self) -> Option<Output> {
        let bytes = || (!self.bytes.is_empty()).then(|| Output::Send(self.bytes.split().freeze()));
        self.queue.pop_front().or_else(bytes)
    }
}
