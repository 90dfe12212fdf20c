//! Direct methods: waiting for the target, asking it, waiting for its answer (protocol.md §6.1).

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use super::hub::EdgeHub;
use super::port::{Event, Feature};
use super::vocabulary::{Answer, CallId, Caller, Invocation, InvokeError, Output};
use crate::clock::Now;
use crate::identity::{Identity, ModuleId};

#[derive(Debug, Default)]
pub(super) struct Calls {
    open: BTreeMap<CallId, Call>,
}

#[derive(Debug)]
struct Call {
    invocation: Invocation,
    since: Duration,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// The target is not there yet.
    Waiting { until: Duration },
    /// The target was asked.
    Asked { until: Duration },
}

impl State {
    fn until(self) -> Duration {
        match self {
            Self::Waiting { until } | Self::Asked { until } => until,
        }
    }
}

impl Calls {
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.open.values().map(|call| call.state.until()).min()
    }
}

impl EdgeHub {
    pub(super) fn handle_invoke(&mut self, now: Now, id: CallId, invocation: Invocation) {
        if let Caller::Module { identity, credential } = &invocation.caller
            && let Err(reason) = self.access.check(now.unix, identity, credential)
        {
            self.out.push_back(Output::Invoked { call: id, result: Err(InvokeError::NotAuthorized(reason)) });
            return;
        }
        if invocation.target.device == self.device
            && let Some(module) = invocation.target.module.as_ref().filter(|module| module.is_system())
        {
            let Invocation { method, payload, .. } = &invocation;
            let output = match *module == ModuleId::edge_hub() {
                true => Output::Invoked { call: id, result: Ok(Self::answer_own(method, payload)) },
                false => Output::CallAgent { call: id, method: method.clone(), payload: payload.clone() },
            };
            return self.out.push_back(output);
        }
        self.metrics.called(&invocation.caller, &invocation.target);
        let state = State::Waiting { until: now.monotonic + invocation.connect_timeout };
        self.calls.open.insert(id, Call { invocation, since: now.monotonic, state });
        self.expire_calls(now.monotonic);
    }

    /// Asks every target that is ready by now.
    pub(super) fn ask_waiting_calls(&mut self, now: Duration) {
        let waiting = self.calls.open.iter().filter(|(_, call)| matches!(call.state, State::Waiting { .. }));
        let ready: Vec<_> = waiting
            .filter_map(|(id, call)| Some((*id, self.clients.ready(&call.invocation.target, Feature::Methods)?.0)))
            .collect();
        for (id, connection) in ready {
            let Some(call) = self.calls.open.get_mut(&id) else { continue };
            call.state = State::Asked { until: now + call.invocation.response_timeout };
            let (name, payload) = (call.invocation.method.clone(), call.invocation.payload.clone());
            self.tell(connection, Event::CallMethod { rid: id.0.to_string(), name, payload });
        }
    }

    pub(super) fn handle_answer(&mut self, identity: &Identity, rid: &str, status: i32, payload: Bytes) {
        let Ok(id) = rid.parse().map(CallId) else { return };
        // Somebody else's call, or one that timed out, is not answered.
        if self.calls.open.get(&id).is_some_and(|call| call.invocation.target == *identity)
            && let Some(Call { invocation, since, .. }) = self.calls.open.remove(&id)
        {
            self.metrics.answered(&invocation.caller, &invocation.target, since);
            self.out.push_back(Output::Invoked { call: id, result: Ok(Answer { status, payload }) });
        }
    }

    /// Asks every target that is ready by now, and ends the calls whose time is over.
    pub(super) fn expire_calls(&mut self, now: Duration) {
        self.ask_waiting_calls(now);
        let late: Vec<CallId> =
            self.calls.open.iter().filter(|(_, call)| call.state.until() <= now).map(|(id, _)| *id).collect();
        for id in late {
            let Some(call) = self.calls.open.remove(&id) else { continue };
            let error = match call.state {
                State::Waiting { .. } => InvokeError::NotFound,
                State::Asked { .. } => InvokeError::NoAnswer,
            };
            self.out.push_back(Output::Invoked { call: id, result: Err(error) });
        }
    }
}
