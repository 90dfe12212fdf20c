//! A module that is started from outside: a client that keeps what it is told.

use std::collections::VecDeque;

use bytes::Bytes;
use edgectl::mqtt::packet::{Packet, PacketId, Publish, PublishQos, Qos, Subscribe};
use serde_json::Value;

use crate::support::site::Site;
use crate::support::wire::Client;

/// A module that remembers what it is told until it is asked for.
pub(crate) struct Module {
    pub(crate) client: Client,
    published: VecDeque<Publish>,
    last: u16,
}

impl Module {
    pub(crate) fn login(site: &Site, name: &str, filters: &[&str]) -> Self {
        let mut module = Self { client: Client::login(site, name), published: VecDeque::new(), last: 1 };
        for filter in filters {
            let id = module.next_id();
            let filters = vec![((*filter).to_owned(), Qos::AtMostOnce)];
            module.client.send(&Packet::Subscribe(Subscribe { id, filters }));
            while !matches!(module.receive(), Packet::SubAck(_)) {}
        }
        module
    }

    fn next_id(&mut self) -> PacketId {
        self.last += 1;
        PacketId::new(self.last).expect("not zero")
    }

    /// Returns the next packet; one that delivers something is remembered too.
    fn receive(&mut self) -> Packet {
        let packet = self.client.receive().expect("the hub stays");
        if let Packet::Publish(publish) = &packet {
            if let PublishQos::AtLeastOnce(id) = publish.qos {
                self.client.send(&Packet::PubAck(id));
            }
            self.published.push_back(publish.clone());
        }
        packet
    }

    /// Publishes and waits for the acknowledgement.
    pub(crate) fn publish(&mut self, topic: &str, body: &str) {
        let id = self.next_id();
        self.client.send(&Packet::Publish(Publish {
            duplicate: false,
            retain: false,
            qos: PublishQos::AtLeastOnce(id),
            topic: topic.to_owned(),
            payload: Bytes::copy_from_slice(body.as_bytes()),
        }));
        while self.receive() != Packet::PubAck(id) {}
    }

    pub(crate) fn send(&mut self, body: &str) {
        self.publish("devices/d/modules/a/messages/events/%24.on=o", body);
    }

    /// Returns topic and body of the next delivery.
    pub(crate) fn told(&mut self) -> (String, Value) {
        loop {
            if let Some(publish) = self.published.pop_front() {
                return (publish.topic, serde_json::from_slice(&publish.payload).unwrap_or_default());
            }
            self.receive();
        }
    }

    pub(crate) fn twin(&mut self) -> Value {
        self.publish("$iothub/twin/GET/?$rid=get", "");
        let (topic, twin) = self.told();
        assert_eq!(topic, "$iothub/twin/res/200/?$rid=get");
        twin
    }

    pub(crate) fn report(&mut self, patch: &str) -> String {
        self.publish("$iothub/twin/PATCH/properties/reported/?$rid=patch", patch);
        self.told().0
    }
}
