//! Letting the cores speak to each other, to the store, to the heads and to the children until all is quiet.

use super::asked::CallReply;
use super::dispatcher::Dispatcher;
use super::edges::EdgeNumber;
use super::event::ToHead;
use super::refusals::Turned;
use super::taps::Tapped;
use crate::clock::Now;
use crate::edgehub::{self, Answer, CallId, InvokeError, Output, Refusal, StoreFull, ToCloud};
use crate::identity::Identity;

impl Dispatcher {
    /// Drains all cores until none has anything to say, and then tells the store and the heads all at once.
    pub(super) fn settle(&mut self, now: Now) {
        self.settle_cores(now);
        // Who is waited for first.
        drop(self.heads.flush());
        self.flush_stores(now);
    }

    /// Hands the stores what they were told.
    pub(super) fn flush_stores(&mut self, now: Now) {
        self.edges.all_mut().for_each(|device| device.storage.flush(now.monotonic));
    }

    /// Drains all cores until none has anything to say.
    pub(super) fn settle_cores(&mut self, now: Now) {
        loop {
            let mut quiet = true;
            self.settle_link(now);
            for edge in self.edges.numbers() {
                while let Some(output) = self.edges[edge].hub.poll() {
                    quiet = false;
                    self.handle_hub(now, edge, output);
                }
                while let Some(output) = self.edges[edge].agent.poll() {
                    quiet = false;
                    self.handle_agent(now, edge, output);
                }
            }
            if quiet {
                break;
            }
        }
    }

    fn handle_hub(&mut self, now: Now, edge: EdgeNumber, output: Output) {
        match output {
            Output::Connected { connection, remembered } => {
                self.heads.tell(connection, ToHead::Connected { remembered });
                self.tell_speaker(edge, connection, true);
                self.tell_connection(edge, self.edges[edge].hub.speaker(connection).cloned());
            }
            Output::Refused { connection, identity, refusal } => {
                let reason = match &refusal {
                    Refusal::NotAuthorized(reason) => reason.clone(),
                    Refusal::TooManyClients(_) => format!("`{identity}` is one more than `--max-clients` allows"),
                };
                self.turn_away(now, edge, Some(identity), &reason, Turned::Head(connection, refusal));
            }
            Output::Client { connection, event } => self.heads.tell(connection, ToHead::Event(event)),
            Output::Close { connection, identity, reason } => {
                self.heads.tell(connection, ToHead::Close(reason));
                self.note_identity(now, edge, &identity, format!("connection closed: {reason}"));
                self.tell_child(edge, &identity, false);
                self.tell_connection(edge, Some(identity));
            }
            Output::Invoked { call, result } => self.handle_invoked(now, edge, call, result),
            Output::Injected { ticket, result } => self.handle_injected(ticket, result),
            Output::Store(told) => self.edges[edge].store(told),
            Output::Cloud(to_cloud) => {
                self.edges[edge].link.send_up(now.monotonic, to_cloud);
                // At once: what the cloud keeps has to reach the store before what the hub says next.
                self.settle_link(now);
            }
            Output::Routed { message, endpoint, route } => {
                self.passed.push(Tapped { at: now.unix, edge, message, endpoint, route });
            }
            Output::CallAgent { call, method, payload } => self.call_agent(now, edge, call, method, payload),
            Output::Warning { about, text } => self.warn(now, edge, &about, text),
        }
    }

    pub(super) fn handle_injected(&mut self, ticket: edgehub::Ticket, result: Result<usize, StoreFull>) {
        if let Some(injector) = self.asked.close_injection(ticket) {
            injector.end(result);
        }
    }

    /// Shows and counts what has passed: nothing of it keeps a message from being delivered and stored.
    pub(super) fn look_back(&mut self) {
        let mut passed = std::mem::take(&mut self.passed);
        passed.drain(..).for_each(|tapped| self.handle_routed(tapped));
        // Its memory serves the next turn.
        self.passed = passed;
        self.edges.all_mut().for_each(|device| device.hub.count_passages());
    }

    fn handle_routed(&mut self, tapped: Tapped) {
        let device = &self.edges[tapped.edge].device;
        self.report.message(&tapped, device);
        if !self.audience.monitors.is_empty() {
            let record = serde_json::json!(tapped.record(device));
            self.audience.monitors.retain(|(filter, answers)| match filter.admits(&tapped) {
                true => answers.record(&record),
                false => !answers.is_gone(),
            });
        }
        self.audience.taps.remember(tapped);
    }

    pub(super) fn handle_invoked(
        &mut self,
        now: Now,
        edge: EdgeNumber,
        call: CallId,
        result: Result<Answer, InvokeError>,
    ) {
        match self.asked.calls.remove(&call) {
            Some(CallReply::Http { caller, reply }) => match result {
                Err(InvokeError::NotAuthorized(reason)) => {
                    let error = InvokeError::NotAuthorized(reason.clone());
                    self.turn_away(now, edge, Some(caller), &reason, Turned::Http(reply, error));
                }
                // A caller that went away needs no answer.
                result => drop(reply.send(result)),
            },
            Some(from_cloud @ CallReply::Control { .. }) => {
                self.asked.calls.insert(call, from_cloud);
                self.edges[edge].link.send_up(now.monotonic, ToCloud::Answered { call, result });
            }
            None => {}
        }
    }

    /// Tells of a module that connected or went.
    pub(super) fn tell_connection(&mut self, edge: EdgeNumber, identity: Option<Identity>) {
        let device = &self.edges[edge];
        let module = identity.as_ref().and_then(|identity| device.own_module(identity));
        if let Some(module) = module.filter(|module| device.children.plan(module).is_some()) {
            self.tell_module(edge, module);
        }
    }
}
