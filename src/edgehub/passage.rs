//! What is noted of messages that pass, and counted once nobody waits for them.
//!
//! To count a message takes a dozen look-ups, about as long as to route it. Its receiver need not wait for that.

use std::sync::Arc;
use std::time::Duration;

use super::hub::EdgeHub;
use super::vocabulary::QueueId;
use crate::identity::Identity;
use crate::message::Message;

/// What happened to one message.
#[derive(Debug)]
pub(super) enum Passage {
    /// A client sent it; `size` is what it sent, without the stamps.
    Received { sender: Identity, message: Arc<Message>, size: usize, is_accepted: bool },
    /// It was handed out of a queue, to a module or else to the cloud.
    Sent { queue: QueueId, receiver: Option<Identity>, message: Arc<Message> },
    /// Whoever it was handed to has it, after it `waited` in the queue and `took` its time on the way.
    Taken { queue: QueueId, message: Arc<Message>, waited: Option<Duration>, took: Duration },
}

impl EdgeHub {
    /// Counts what has passed since the last time, for [`EdgeHub::metrics`] and [`EdgeHub::client`].
    pub fn count_passages(&mut self) {
        let Self { passages, metrics, clients, .. } = self;
        for passage in passages.drain(..) {
            match passage {
                Passage::Received { sender, message, size, is_accepted } => {
                    metrics.received(&message, size);
                    clients.counts(&sender).sent += u64::from(is_accepted);
                }
                Passage::Sent { queue, receiver, message } => {
                    metrics.sent(&queue, &message);
                    if let Some(receiver) = receiver {
                        clients.counts(&receiver).received += 1;
                    }
                }
                Passage::Taken { queue, message, waited, took } => metrics.taken(&queue, &message, waited, took),
            }
        }
    }
}
