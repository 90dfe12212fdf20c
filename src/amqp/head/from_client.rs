//! From the client to the hub: tokens, messages, answers, requests for the twin.

use bytes::Bytes;

use super::{Bound, Head, Notice, Output, Speaker};
use crate::amqp::address::Purpose;
use crate::amqp::cbs;
use crate::amqp::client::Asker;
use crate::amqp::condition::{Condition, Fault};
use crate::amqp::link::{LinkId, Received};
use crate::amqp::message::{BATCH, unpack};
use crate::amqp::session::Outcome;
use crate::amqp::translate::{self, TwinOperation};
use crate::edgehub::{Delivery, Feature, Guarantee, MAX_MESSAGE, Receipt, Request};
use crate::identity::ModuleId;
use crate::message::Message;

impl Head {
    pub(super) fn handle_received(&mut self, link: LinkId, received: Received) {
        let Some(bound) = self.links.get(&link).copied() else { return };
        let Some(payload) = received.payload.clone() else {
            let fault = Condition::TooLarge.because(format!("the message is larger than {MAX_MESSAGE} bytes"));
            return self.reject(link, &received, &fault);
        };
        let result = match bound {
            Bound::TokenRequests => {
                self.connection.settle(link, &received, Ok(()));
                return self.handle_token(link.channel, &payload);
            }
            Bound::Own(speaker, Purpose::Telemetry) => return self.publish(speaker, link, received, &payload),
            Bound::Own(speaker, Purpose::MethodAnswers) => self.handle_method_answer(speaker, &payload),
            Bound::Own(speaker, Purpose::TwinRequests) => self.handle_twin_request(speaker, &payload),
            Bound::TokenAnswers | Bound::Own(..) => return,
        };
        match result {
            Ok(()) => self.connection.settle(link, &received, Ok(())),
            Err(fault) => self.reject(link, &received, &fault),
        }
    }

    pub(super) fn reject(&mut self, link: LinkId, received: &Received, fault: &Fault) {
        self.connection.settle(link, received, Err(fault));
        if let Some(Bound::Own(speaker, _)) = self.links.get(&link) {
            self.notice(*speaker, Notice::Rejected(fault.reason.clone()));
        }
    }

    pub(super) fn handle_token(&mut self, channel: u16, payload: &Bytes) {
        let put = cbs::put_token(payload);
        match put.login {
            Ok(login) if login.identity.module == Some(ModuleId::edge_hub()) => {
                let answered = self.lend(login);
                self.answer(Asker::Token { channel, id: put.id }, answered);
            }
            Ok(login) => self.authenticate(login, Asker::Token { channel, id: put.id }),
            Err(reason) => {
                self.answer_token(channel, cbs::answer(put.id, 400, &reason));
                self.outputs.push_back(Output::Misfit(reason));
            }
        }
    }

    /// Hands a delivery to the hub: one message, or several of a batch, which are accepted as one.
    pub(super) fn publish(&mut self, speaker: Speaker, link: LinkId, received: Received, payload: &Bytes) {
        let messages = match read_messages(received.format, payload) {
            Ok(messages) => messages,
            Err(fault) => return self.reject(link, &received, &fault),
        };
        let count = messages.len();
        if count == 0 || received.is_settled {
            self.connection.settle(link, &received, Ok(()));
        }
        for (position, message) in messages.into_iter().enumerate() {
            // The hub accepts in order, so the last of them stands for all.
            let receipt = (position + 1 == count && !received.is_settled).then(|| {
                self.last_receipt += 1;
                let receipt = Receipt(self.last_receipt);
                self.publishes.insert(receipt, (link, Received { payload: None, ..received }));
                receipt
            });
            self.request(speaker, Request::Publish { receipt, message });
        }
    }

    pub(super) fn handle_method_answer(&mut self, speaker: Speaker, payload: &Bytes) -> Result<(), Fault> {
        let Some(answer) = translate::method_answer(payload)? else { return Ok(()) };
        let rid = self.clients.get_mut(&speaker).and_then(|client| client.close_call(answer.id));
        if let Some(rid) = rid {
            self.request(speaker, Request::AnswerMethod { rid, status: answer.status, payload: answer.payload });
        }
        Ok(())
    }

    pub(super) fn handle_twin_request(&mut self, speaker: Speaker, payload: &Bytes) -> Result<(), Fault> {
        let asked = translate::twin_request(payload)?;
        if asked.id.is_none() && asked.operation != Some(TwinOperation::PatchReported) {
            // There is no answer that would not pass for a change, and the real hub gives none.
            return Ok(());
        }
        let feature = Feature::DesiredUpdates;
        let (request, status) = match asked.operation {
            Some(TwinOperation::Watch) => {
                (Some(Request::Subscribe { feature, guarantee: Guarantee::AtMostOnce }), Some(200))
            }
            Some(TwinOperation::Unwatch) => (Some(Request::Unsubscribe { feature }), Some(200)),
            Some(operation @ (TwinOperation::Get | TwinOperation::PatchReported)) => {
                let Some(client) = self.clients.get_mut(&speaker) else { return Ok(()) };
                match client.open_twin_request(asked.id.clone()) {
                    Some(rid) if operation == TwinOperation::Get => (Some(Request::GetTwin { rid }), None),
                    Some(rid) => (Some(Request::PatchReported { rid, patch: asked.body }), None),
                    None => (None, Some(429)),
                }
            }
            None => (None, Some(400)),
        };
        if let Some(request) = request {
            self.request(speaker, request);
        }
        // What the hub answers is sent when it does.
        if let Some(status) = status {
            self.answer_twin(speaker, asked.id, status, &[]);
        }
        Ok(())
    }

    pub(super) fn handle_settled(&mut self, key: u64, outcome: Outcome) {
        let Some((speaker, _)) = self.deliveries.remove(&key) else { return };
        let delivery = Delivery(key);
        self.request(
            speaker,
            match outcome {
                Outcome::Accepted => Request::Acknowledge { delivery },
                Outcome::Released => Request::Release { delivery },
                Outcome::Rejected => Request::Reject { delivery },
            },
        );
        if outcome == Outcome::Rejected {
            self.notice(speaker, Notice::Refused);
        }
    }
}

fn read_messages(format: u32, payload: &Bytes) -> Result<Vec<Message>, Fault> {
    let parts = if format == BATCH { unpack(payload)? } else { vec![payload.clone()] };
    let messages: Vec<Message> = parts.iter().map(translate::telemetry).collect::<Result<_, _>>()?;
    if messages.iter().any(|message| message.size() > MAX_MESSAGE) {
        return Err(Condition::TooLarge.because(format!("the message is larger than {MAX_MESSAGE} bytes")));
    }
    Ok(messages)
}
