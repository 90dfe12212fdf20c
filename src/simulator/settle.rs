//! Letting the cores speak to each other, to the store, to the heads and to the children until all is quiet.

use super::dispatcher::{CallReply, Dispatcher};
use super::event::ToHead;
use super::refusals::Turned;
use super::taps::Tapped;
use crate::agent;
use crate::clock::Now;
use crate::edgehub::{self, Answer, CallId, InvokeError, Output, Refusal, StoreFull, ToStore};
use crate::failure::Failure;
use crate::identity::{Identity, ModuleId};
use crate::iothub;

impl Dispatcher {
    /// Drains all cores until none has anything to say, and then tells the store and the heads all at once.
    pub(super) fn settle(&mut self, now: Now) {
        loop {
            let mut quiet = true;
            self.settle_cloud(now);
            while let Some(output) = self.hub.poll() {
                quiet = false;
                self.handle_hub(now, output);
            }
            while let Some(output) = self.agent.poll() {
                quiet = false;
                self.handle_agent(output);
            }
            if quiet {
                break;
            }
        }
        // Who is waited for first.
        self.heads.flush();
        self.storage.flush(now.monotonic);
    }

    fn handle_hub(&mut self, now: Now, output: Output) {
        match output {
            Output::Connected { connection, remembered } => {
                self.heads.tell(connection, ToHead::Connected { remembered });
                self.tell_connection(self.hub.speaker(connection).cloned());
            }
            Output::Refused { connection, identity, refusal } => {
                let Refusal::NotAuthorized(reason) = &refusal;
                let reason = reason.clone();
                self.turn_away(now, Some(identity), &reason, Turned::Head(connection, refusal));
            }
            Output::Client { connection, event } => self.heads.tell(connection, ToHead::Event(event)),
            Output::Close { connection, identity, reason } => {
                self.heads.tell(connection, ToHead::Close(reason));
                if let Some(module) = identity.module.clone() {
                    self.note(now, module, format!("connection closed: {reason}"));
                }
                self.tell_connection(Some(identity));
            }
            Output::Invoked { call, result } => self.handle_invoked(now, call, result),
            Output::Injected { ticket, result } => self.handle_injected(ticket, result),
            Output::Store(ToStore::Save { mark, name, document }) => {
                self.storage.send(ToStore::Save { mark, name: format!("{}/{name}", self.state_name), document });
            }
            Output::Store(told) => self.storage.send(told),
            Output::Cloud(to_cloud) => {
                self.cloud.handle(now, &self.device, to_cloud);
                // At once: what the cloud keeps has to reach the store before what the hub says next.
                self.settle_cloud(now);
            }
            Output::Routed { message, endpoint, route } => {
                self.handle_routed(Tapped { at: now.unix, message, endpoint, route });
            }
            Output::Warning(text) => self.report.warn(&text),
        }
    }

    /// Does what the cloud wants done.
    pub(super) fn settle_cloud(&mut self, now: Now) {
        while let Some(output) = self.cloud.poll() {
            self.handle_cloud(now, output);
        }
    }

    fn handle_cloud(&mut self, now: Now, output: iothub::Output) {
        match output {
            iothub::Output::ToEdge { edge, said } => {
                // Over a cut link nothing comes; the hub asks for what it missed when the link is back.
                if edge == self.device && self.hub.link() == edgehub::Link::Online {
                    self.hub.handle(now, edgehub::Input::Cloud(said));
                }
            }
            iothub::Output::Save { name, document } => {
                self.storage.send(ToStore::Save { mark: 0, name: format!("cloud/{name}"), document });
            }
            iothub::Output::Warning(text) => self.report.warn(&text),
        }
    }

    fn handle_agent(&mut self, output: agent::Output) {
        match output {
            agent::Output::Start { module } => self.children.start(module),
            agent::Output::Stop { module } => self.children.stop(&module),
            agent::Output::Changed { module } => {
                self.children.tell_details(&self.agent);
                self.tell_module(&module);
            }
        }
    }

    fn handle_injected(&mut self, ticket: edgehub::Ticket, result: Result<usize, StoreFull>) {
        let Some(answers) = self.asked.close_injection(ticket) else { return };
        match result {
            Ok(queued) => {
                answers.record(&serde_json::json!({ "queued": queued }));
                answers.done();
            }
            Err(full) => answers.fail(
                &Failure::refused("there is no room for more messages")
                    .cause(full)
                    .hint("let a module read what waits, or give more room with `edgectl simulate --max-storage`"),
            ),
        }
    }

    fn handle_routed(&mut self, tapped: Tapped) {
        self.report.message(&tapped, &self.device);
        if !self.audience.monitors.is_empty() {
            let record = serde_json::json!(tapped.record(&self.device));
            self.audience.monitors.retain(|(filter, answers)| match filter.admits(&tapped) {
                true => answers.record(&record),
                false => !answers.is_gone(),
            });
        }
        self.audience.taps.remember(tapped);
    }

    fn handle_invoked(&mut self, now: Now, call: CallId, result: Result<Answer, InvokeError>) {
        match self.asked.calls.remove(&call) {
            Some(CallReply::Http { caller, reply }) => match result {
                Err(InvokeError::NotAuthorized(reason)) => {
                    let error = InvokeError::NotAuthorized(reason.clone());
                    self.turn_away(now, Some(caller), &reason, Turned::Http(reply, error));
                }
                // A caller that went away needs no answer.
                result => drop(reply.send(result)),
            },
            Some(CallReply::Control { answers, target, method }) => match result {
                Ok(answer) => {
                    let payload = serde_json::from_slice(&answer.payload).unwrap_or(serde_json::Value::Null);
                    answers.record(&serde_json::json!({ "status": answer.status, "payload": payload }));
                    answers.done();
                }
                Err(error) => answers.fail(&call_failure(&target, &method, &error)),
            },
            None => {}
        }
    }

    /// Tells of a module that connected or went.
    pub(super) fn tell_connection(&mut self, identity: Option<Identity>) {
        if let Some(module) = identity.and_then(|identity| identity.module)
            && self.children.plan(&module).is_some()
        {
            self.tell_module(&module);
        }
    }
}

fn call_failure(target: &Identity, method: &str, error: &InvokeError) -> Failure {
    let failure = Failure::refused(format!("cannot call `{method}` of `{target}`"));
    let name = target.module.as_ref().map_or(target.device.as_str(), ModuleId::as_str);
    match error {
        InvokeError::NotFound => failure
            .cause("it is not connected, or has not subscribed to direct methods")
            .hint(format!("see `edgectl ps` and `edgectl logs {name}`, or wait longer with `--connect-timeout`")),
        InvokeError::NoAnswer => failure
            .cause("it gave no answer in time")
            .hint(format!("see `edgectl logs {name}`, or wait longer with `--timeout`")),
        InvokeError::NotAuthorized(reason) => failure.cause(reason).hint("this is a defect of edgectl"),
    }
}
