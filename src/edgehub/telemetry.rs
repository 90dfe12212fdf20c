//! From a published message to the queues: stamped, routed, stored, and only then acknowledged.

use std::sync::Arc;

use super::hub::{EdgeHub, Promise};
use super::metrics::Lost;
use super::passage::Passage;
use super::port::{ConnectionId, Receipt};
use super::queued::Queued;
use super::vocabulary::{Injection, Output, QueueId, StoreFull, Ticket, ToStore};
use crate::clock::{Now, iso_millis};
use crate::identity::Identity;
use crate::message::{Message, system};

/// The largest message, body and properties (protocol.md §4.5).
pub const MAX_MESSAGE: usize = 256 * 1024;

impl EdgeHub {
    pub(super) fn handle_publish(
        &mut self,
        now: Now,
        connection: ConnectionId,
        identity: &Identity,
        receipt: Option<Receipt>,
        mut message: Message,
    ) {
        let size = message.size();
        if size > MAX_MESSAGE {
            return self.close(now, connection, "the message is larger than 256 KB");
        }
        stamp(&mut message, now, identity);
        let message = Arc::new(message);
        let is_accepted = self.route(now, Arc::clone(&message)).is_ok();
        self.passages.push(Passage::Received { sender: identity.clone(), message, size, is_accepted });
        if !is_accepted {
            return self.close(now, connection, "there is no room for more messages (see `--max-storage`)");
        }
        if let Some(receipt) = receipt {
            self.promise(Promise::Accept { connection, receipt });
        }
    }

    pub(super) fn handle_inject(&mut self, now: Now, ticket: Ticket, injection: Injection, mut message: Message) {
        let result = match injection {
            Injection::FromModule(module) => {
                stamp(&mut message, now, &Identity::of_module(self.device.clone(), module));
                self.route(now, Arc::new(message))
            }
            Injection::ToInput { module, input } => {
                message.set_system(system::ENQUEUED_TIME, iso_millis(now.unix));
                message.set_system(system::CONNECTION_DEVICE_ID, self.device.as_str());
                let endpoint = super::Endpoint::Input { module, input };
                let queue = QueueId { endpoint, priority: QueueId::LAST };
                let expires = self.time_to_live.map(|live| now.unix + live);
                self.check_room().map(|()| {
                    let since = Some(now.monotonic);
                    self.enqueue(queue, None, Queued { expires, since, message: Arc::new(message) });
                    1
                })
            }
        };
        self.promise(Promise::Inject { ticket, result });
    }

    /// Queues a stamped message wherever the routes send it; returns how many queues took it.
    pub(super) fn route(&mut self, now: Now, message: Arc<Message>) -> Result<usize, StoreFull> {
        let destinations = self.router.find(&message);
        if !destinations.is_empty() {
            self.check_room().inspect_err(|_| self.metrics.unacknowledged(&message))?;
        }
        if destinations.is_empty() {
            self.metrics.dropped(Lost::NoRoute, &message);
        }
        let count = destinations.len();
        for destination in destinations {
            let expires = destination.time_to_live.map(|live| now.unix + live);
            let queued = Queued { expires, since: Some(now.monotonic), message: Arc::clone(&message) };
            self.enqueue(destination.queue, Some(destination.route), queued);
        }
        Ok(count)
    }

    fn enqueue(&mut self, id: QueueId, route: Option<Arc<str>>, queued: Queued) {
        let queue = self.queues.entry(id.clone()).or_default();
        let offset = queue.append(&queued);
        self.wake.by(self.stored.next_sweep());
        self.stirred.insert(id.endpoint.clone());
        let message = Arc::clone(&queued.message);
        let endpoint = id.endpoint.clone();
        let mark = self.promises.next_mark();
        self.tell_store(ToStore::Append { mark, queue: id, offset, queued });
        self.out.push_back(Output::Routed { message, endpoint, route });
    }
}

/// Writes who sent the message, over anything the sender claimed (protocol.md §9.2).
fn stamp(message: &mut Message, now: Now, identity: &Identity) {
    message.set_system(system::ENQUEUED_TIME, iso_millis(now.unix));
    message.set_system(system::CONNECTION_DEVICE_ID, identity.device.as_str());
    match &identity.module {
        Some(module) => message.set_system(system::CONNECTION_MODULE_ID, module.as_str()),
        None => {
            message.system.remove(system::CONNECTION_MODULE_ID);
        }
    }
    message.system.remove(system::MESSAGE_TYPE);
    message.system.remove(system::REPORTER_DEVICE_ID);
    message.system.remove(system::REPORTER_MODULE_ID);
}
