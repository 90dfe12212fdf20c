//! What the hub was asked to do for somebody, and who waits for its answer.

use std::collections::{BTreeMap, HashMap};

use tokio::sync::oneshot;

use super::control::Answers;
use crate::edgehub::{Answer, CallId, HttpAnswer, InvokeError, StoreFull, Ticket};
use crate::failure::Failure;
use crate::identity::Identity;

/// Who waits for the end of a direct method.
#[derive(Debug)]
pub(super) enum CallReply {
    Http { caller: Identity, reply: oneshot::Sender<Result<Answer, InvokeError>> },
    Control { answers: Answers, target: Identity, method: String },
}

/// Who put a message in, and waits until it is stored.
#[derive(Debug)]
pub(super) enum Injector {
    Control(Answers),
    TestPort(oneshot::Sender<()>),
    /// What the answer says is among it.
    Http(oneshot::Sender<HttpAnswer>, HttpAnswer),
}

impl Injector {
    /// Tells how many queues took the message, or that the store is full; the test port notices that nobody answers.
    pub(super) fn end(self, result: Result<usize, StoreFull>) {
        match (self, result) {
            (Self::Control(answers), Ok(queued)) => {
                answers.record(&serde_json::json!({ "queued": queued }));
                answers.done();
            }
            (Self::Control(answers), Err(full)) => answers.fail(
                &Failure::refused("there is no room for more messages")
                    .cause(full)
                    .hint("let a module read what waits, or give more room with `edgectl simulate --max-storage`"),
            ),
            // A client that went away needs no answer.
            (Self::TestPort(stored), Ok(_)) => drop(stored.send(())),
            (Self::Http(reply, answer), Ok(_)) => drop(reply.send(answer)),
            (Self::TestPort(_) | Self::Http(..), Err(_)) => {}
        }
    }

    /// Says that nothing more will be stored; the test port notices that nobody answers.
    fn fail(&self, failure: &Failure) {
        if let Self::Control(answers) = self {
            answers.fail(failure);
        }
    }
}

/// What the hub was asked to do for somebody, and has not answered yet.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) calls: BTreeMap<CallId, CallReply>,
    last_call: u64,
    injections: HashMap<Ticket, Injector>,
    last_ticket: u64,
}

impl Asked {
    pub(super) fn open_call(&mut self, reply: CallReply) -> CallId {
        self.last_call += 1;
        let call = CallId(self.last_call);
        self.calls.insert(call, reply);
        call
    }

    pub(super) fn open_injection(&mut self, injector: Injector) -> Ticket {
        self.last_ticket += 1;
        let ticket = Ticket(self.last_ticket);
        self.injections.insert(ticket, injector);
        ticket
    }

    /// Says to everybody that nothing more will be stored.
    pub(super) fn fail_injections(&mut self, failure: &Failure) {
        std::mem::take(&mut self.injections).values().for_each(|injector| injector.fail(failure));
    }

    pub(super) fn close_injection(&mut self, ticket: Ticket) -> Option<Injector> {
        self.injections.remove(&ticket)
    }
}
