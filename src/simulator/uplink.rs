//! The simulated cloud as the dispatcher sees it: what goes to it and comes from it over a link that can be cut.

use std::time::Duration;

use serde_json::{Value, json};

use super::answers::seconds;
use super::asked::CallReply;
use super::control::{Answers, LinkRequest, LinkState};
use super::dispatcher::Dispatcher;
use super::edges::EdgeNumber;
use crate::agent;
use crate::clock::Now;
use crate::edgehub::{self, Answer, CallId, Endpoint, InvokeError, Link, ToStore};
use crate::failure::Failure;
use crate::identity::Identity;
use crate::iothub::{self, LinkChange};

/// How many characters are shown of an answer that is no JSON.
const SHOWN: usize = 80;

impl Dispatcher {
    /// Lets what has arrived on either side of the link be taken, until nothing more has.
    pub(super) fn settle_link(&mut self, now: Now) {
        loop {
            while let Some(output) = self.cloud.poll() {
                self.handle_cloud(now, output);
            }
            let mut quiet = true;
            for edge in self.edges.numbers() {
                let device = &mut self.edges[edge];
                if let Some(said) = device.link.arrive_up(now.monotonic) {
                    quiet = false;
                    self.cloud.handle(now, &device.device, said);
                } else if let Some(said) = device.link.arrive_down(now.monotonic) {
                    quiet = false;
                    self.handle_from_cloud(now, edge, said);
                }
            }
            if quiet {
                return;
            }
        }
    }

    /// Lets everything arrive that is on its way to a cloud that nobody will speak to any more.
    pub(super) fn let_arrive(&mut self, now: Now) {
        for device in self.edges.all_mut() {
            while let Some(said) = device.link.arrive_up(Duration::MAX) {
                self.cloud.handle(now, &device.device, said);
            }
        }
        while let Some(output) = self.cloud.poll() {
            self.handle_cloud(now, output);
        }
        self.edges.all_mut().for_each(|device| device.storage.flush(now.monotonic));
    }

    fn handle_cloud(&mut self, now: Now, output: iothub::Output) {
        match output {
            // Over a cut link nothing comes; the hub asks for what it missed when the link is back.
            iothub::Output::ToEdge { edge, said } => {
                // Devices in files of an earlier run may have a parent that is not simulated this time.
                if let Some(edge) = self.edges.find(&edge) {
                    self.edges[edge].link.send_down(now.monotonic, said);
                }
            }
            iothub::Output::Save { edge, name, document } => {
                let edge = edge.and_then(|edge| self.edges.find(&edge)).unwrap_or(EdgeNumber::MAIN);
                let name = format!("cloud/{name}");
                self.edges[edge].storage.send(ToStore::Save { mark: 0, name, document });
            }
            iothub::Output::Answered { call, result } => self.answer_service(call, result),
            iothub::Output::Feedback(feedback) => self.tell_feedback(feedback),
            iothub::Output::Warning { about, text } => {
                let edge = self.edge_of(&about).unwrap_or(EdgeNumber::MAIN);
                self.warn(now, edge, &about, text);
            }
        }
    }

    fn answer_service(&mut self, call: CallId, result: Result<Answer, InvokeError>) {
        let Some(CallReply::Control { answers, target, method }) = self.asked.calls.remove(&call) else { return };
        match result {
            Ok(answer) => match payload_of(&answer) {
                Ok(payload) => {
                    answers.record(&json!({ "status": answer.status, "payload": payload }));
                    answers.done();
                }
                Err(error) => answers.fail(&no_json(&target, &method, &answer, &error)),
            },
            Err(error) => answers.fail(&call_failure(&target, &method, &error)),
        }
    }

    pub(super) fn handle_upstream(&mut self, now: Now, edge: EdgeNumber, request: LinkRequest, answers: &Answers) {
        let change = LinkChange {
            state: request.link,
            lasts: request.lasts.map(seconds),
            latency: request.latency.map(seconds),
        };
        if change != LinkChange::default() {
            self.change_link(now, edge, change);
        }
        answers.record(&self.link_state(now, edge));
        answers.done();
    }

    /// Brings back a link that was cut for a time.
    pub(super) fn handle_link_deadline(&mut self, now: Now, edge: EdgeNumber) {
        if self.edges[edge].link.is_back(now.monotonic) {
            self.change_link(now, edge, LinkChange { state: Some(Link::Online), ..LinkChange::default() });
        }
    }

    fn change_link(&mut self, now: Now, edge: EdgeNumber, change: LinkChange) {
        let device = &mut self.edges[edge];
        let before = device.link.status(now.monotonic).state;
        device.link.change(now.monotonic, change);
        let after = device.link.status(now.monotonic).state;
        if before != after {
            if after == Link::Offline {
                self.cloud.lose_link(now, &device.device);
            }
            device.hub.handle(now, edgehub::Input::Link(after));
            let told = if after == Link::Online { agent::Input::Online } else { agent::Input::Offline };
            device.agent.handle(now, told);
            self.settle(now);
        }
        let state = self.link_state(now, edge);
        self.edges[edge].place.upstream = state.upstream;
        self.report.link(&self.edges[edge].device, &state);
    }

    /// Returns the command that brings back the link of an edge device.
    pub(super) fn restoring(&self, edge: EdgeNumber) -> String {
        if edge == EdgeNumber::MAIN {
            return "edgectl upstream online".to_owned();
        }
        format!("edgectl upstream online --device {}", self.edges[edge].device)
    }

    fn link_state(&self, now: Now, edge: EdgeNumber) -> LinkState {
        let device = &self.edges[edge];
        let status = device.link.status(now.monotonic);
        LinkState {
            upstream: status.state,
            waiting: device.hub.waiting().get(&Endpoint::Upstream).copied().unwrap_or_default(),
            latency_ms: u64::try_from(status.latency.as_millis()).unwrap_or(u64::MAX),
            returns_in: status.returns_in.map(|time| time.as_secs_f64()),
        }
    }
}

/// Reads the payload of an answer; nothing is `null`.
fn payload_of(answer: &Answer) -> serde_json::Result<Value> {
    if answer.payload.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&answer.payload) }
}

fn no_json(target: &Identity, method: &str, answer: &Answer, error: &serde_json::Error) -> Failure {
    let payload: String = String::from_utf8_lossy(&answer.payload).chars().take(SHOWN).collect();
    Failure::refused(format!("`{method}` of `{target}` answered {} with what is no JSON", answer.status))
        .cause(format!("`{payload}`: {error}"))
        .hint("answer with JSON: a text in double quotes, or nothing")
}

fn call_failure(target: &Identity, method: &str, error: &InvokeError) -> Failure {
    let failure = Failure::refused(format!("cannot call `{method}` of `{target}`"));
    // A device has no log here.
    let (see_both, see) = match &target.module {
        Some(module) => (format!("`edgectl ps` and `edgectl logs {module}`"), format!("`edgectl logs {module}`")),
        None => ("`edgectl device list`".to_owned(), "what the device says".to_owned()),
    };
    match error {
        InvokeError::NotFound => failure
            .cause("it is not connected, or has not subscribed to direct methods")
            .hint(format!("see {see_both}, or wait longer with `--connect-timeout`")),
        InvokeError::NoAnswer => {
            failure.cause("it gave no answer in time").hint(format!("see {see}, or wait longer with `--timeout`"))
        }
        InvokeError::NotAuthorized(reason) => failure.cause(reason).hint("this is a defect of edgectl"),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::identity::{DeviceId, ModuleId};

    fn answer(payload: &'static str) -> Answer {
        Answer { status: 200, payload: Bytes::from_static(payload.as_bytes()) }
    }

    #[test]
    fn an_answer_is_json_or_nothing() {
        assert_eq!(payload_of(&answer("")).expect("nothing"), Value::Null);
        assert_eq!(payload_of(&answer("[1]")).expect("JSON"), json!([1]));
        let answer = answer("not json");
        let error = payload_of(&answer).expect_err("no JSON");
        let target = Identity::of_device(DeviceId::parse("leaf1").expect("valid"));
        let failure = no_json(&target, "reset", &answer, &error);
        assert_eq!(failure.message(), "`reset` of `leaf1` answered 200 with what is no JSON");
        assert_eq!(failure.causes(), ["`not json`: expected ident at line 1 column 2"]);
    }

    #[test]
    fn who_looks_for_a_device_is_not_sent_to_the_logs_of_modules() {
        let device = Identity::of_device(DeviceId::parse("leaf1").expect("valid"));
        let hints = |target: &Identity, error| call_failure(target, "m", &error).hints().to_vec();
        let wait = "see `edgectl device list`, or wait longer with `--connect-timeout`";
        assert_eq!(hints(&device, InvokeError::NotFound), [wait]);
        let module = Identity::of_module(device.device, ModuleId::parse("filter").expect("valid"));
        let wait = "see `edgectl ps` and `edgectl logs filter`, or wait longer with `--connect-timeout`";
        assert_eq!(hints(&module, InvokeError::NotFound), [wait]);
    }
}
