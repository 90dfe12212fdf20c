//! Answering the commands of other edgectl processes.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use super::control::{Answers, ControlCall, MessageBody, Request, SendTarget, Since, TargetName, TwinChange, Until};
use super::dispatcher::{CallReply, Dispatcher};
use super::plan::Runtime;
use super::taps::Filter;
use crate::agent;
use crate::clock::{Now, iso_millis};
use crate::edgehub::{self, Caller, FromCloud, Injection, Invocation, Link, MAX_MESSAGE};
use crate::failure::{Failure, Outcome};
use crate::identity::{Identity, ModuleId};
use crate::iothub::Change;
use crate::manifest::DesiredStatus;
use crate::message::{Message, system};
use crate::text::did_you_mean;
use crate::twin::{TwinDocument, TwinError};

/// `ps --json`: one module.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ModuleRecord<'a> {
    name: &'a ModuleId,
    image: &'a str,
    runtime: &'static str,
    desired: &'static str,
    status: &'static str,
    connected: bool,
    restarts: u32,
    exit_code: Option<i32>,
    started_at: Option<String>,
    messages: Messages,
    pid: Option<u32>,
}

#[derive(Debug, Serialize)]
struct Messages {
    r#in: u64,
    out: u64,
}

impl Dispatcher {
    pub(super) fn handle_control(&mut self, now: Now, call: ControlCall) {
        let ControlCall { request, answers } = call;
        let refused = match request {
            Request::Ready { until } => {
                self.audience.expectant.push((until, answers.clone()));
                self.answer_expectant();
                Ok(())
            }
            Request::Ps => {
                for module in self.children.modules() {
                    answers.record(&self.module_record(module));
                }
                answers.done();
                Ok(())
            }
            Request::Logs { modules, follow, tail, since } => {
                self.handle_logs(now, modules, follow, tail, since, &answers)
            }
            Request::Stop => {
                self.stop(now, Ok(()));
                self.answer_at_end(answers.clone());
                Ok(())
            }
            Request::Restart { module, build } => self.handle_restart(now, module, build, &answers),
            Request::Twin { target, change } => self.handle_twin(now, &target, change, &answers),
            Request::Call { target, method, payload, response_timeout, connect_timeout } => {
                let payload = Bytes::from(payload.unwrap_or_default().to_string());
                let times = (response_timeout, connect_timeout);
                self.handle_call(now, &target, method, payload, times, &answers)
            }
            Request::Send { target, message } => self.handle_send(now, target, message, &answers),
            Request::Monitor { from_module, from_output, to, since } => {
                let known = from_module.as_ref().map_or(Ok(()), |module| self.check_module(module));
                known.map(|()| {
                    let filter = Filter { module: from_module.map(String::from), output: from_output, to };
                    self.handle_monitor(now, filter, since, &answers);
                })
            }
            Request::Upstream { link } => {
                self.handle_upstream(now, link, &answers);
                Ok(())
            }
            Request::Credentials { module } => self.handle_credentials(&module, &answers),
        };
        if let Err(failure) = refused {
            answers.fail(&failure);
        }
    }

    fn handle_logs(
        &mut self,
        now: Now,
        modules: Vec<ModuleId>,
        follow: bool,
        tail: Option<usize>,
        since: Option<f64>,
        answers: &Answers,
    ) -> Outcome {
        modules.iter().try_for_each(|module| self.check_module(module))?;
        let since = since.map_or(Duration::ZERO, |seconds| ago(now, seconds));
        for line in self.audience.logs.select(&modules, since, tail) {
            answers.record(&line.record());
        }
        match follow {
            true => self.audience.followers.push((modules, answers.clone())),
            false => answers.done(),
        }
        Ok(())
    }

    fn handle_restart(&mut self, now: Now, module: ModuleId, build: bool, answers: &Answers) -> Outcome {
        self.check_module(&module)?;
        if self.children.plan(&module).is_some_and(|plan| matches!(plan.runtime, Runtime::External)) {
            return Err(
                Failure::request(format!("`{module}` is started from outside")).hint("restart it where you started it")
            );
        }
        if build {
            return self.children.rebuild(module, answers.clone());
        }
        self.agent.handle(now, agent::Input::Restart { module });
        answers.done();
        Ok(())
    }

    pub(super) fn handle_rebuilt(&mut self, now: Now, module: ModuleId, outcome: Outcome, answers: Answers) {
        match outcome {
            Ok(()) => {
                self.agent.handle(now, agent::Input::Restart { module });
                answers.done();
            }
            Err(failure) => answers.fail(&failure),
        }
    }

    fn handle_twin(&mut self, now: Now, target: &TargetName, change: TwinChange, answers: &Answers) -> Outcome {
        let identity = self.resolve(target)?;
        self.change_twin(now, &identity, change).map_err(|error| {
            let hint = error.hint();
            Failure::request(format!("the twin of `{identity}` cannot be changed so")).cause(error).hint(hint)
        })?;
        answers.record(&self.cloud.twin_document(&identity));
        answers.done();
        Ok(())
    }

    fn change_twin(&mut self, now: Now, identity: &Identity, change: TwinChange) -> Result<(), TwinError> {
        let change = match change {
            TwinChange::Show => return Ok(()),
            TwinChange::Patch(desired) => Change::Patch(TwinDocument::of_desired(desired)),
            TwinChange::Replace(desired) => Change::Replace(TwinDocument::of_desired(desired)),
            TwinChange::PatchDocument { desired, tags } => Change::Patch(TwinDocument { desired, tags }),
            TwinChange::ReplaceDocument { desired, tags } => Change::Replace(TwinDocument { desired, tags }),
        };
        self.cloud.change(now.unix, identity, change)
    }

    fn handle_call(
        &mut self,
        now: Now,
        target: &TargetName,
        method: String,
        payload: Bytes,
        (response, connect): (f64, f64),
        answers: &Answers,
    ) -> Outcome {
        let target = self.resolve(target)?;
        if self.hub.link() == Link::Offline {
            return Err(Failure::refused(format!("cannot call `{method}` of `{target}`"))
                .cause("the device is offline, and the call comes from the cloud")
                .hint("restore the link with `edgectl upstream online`"));
        }
        let reply = CallReply::Control { answers: answers.clone(), target: target.clone(), method: method.clone() };
        let call = self.asked.open_call(reply);
        let invocation = Invocation {
            caller: Caller::Cloud,
            target,
            method,
            payload,
            response_timeout: seconds(response),
            connect_timeout: seconds(connect),
        };
        self.hub.handle(now, edgehub::Input::Cloud(FromCloud::Invoke { call, invocation }));
        Ok(())
    }

    fn handle_send(&mut self, now: Now, target: SendTarget, body: MessageBody, answers: &Answers) -> Outcome {
        let mut message = message_of(body)?;
        let injection = match target {
            SendTarget::Input { module, input } => {
                self.check_module(&module)?;
                Injection::ToInput { module, input }
            }
            SendTarget::Output { module, output } => {
                self.check_module(&module)?;
                message.set_system(system::OUTPUT_NAME, output);
                Injection::FromModule(module)
            }
        };
        if message.size() > MAX_MESSAGE {
            let size = message.size();
            return Err(Failure::request(format!("the message is {size} bytes long, and {MAX_MESSAGE} are allowed"))
                .cause("the properties count too")
                .hint("send it in parts"));
        }
        let ticket = self.asked.open_injection(answers.clone());
        self.hub.handle(now, edgehub::Input::Inject { ticket, injection, message });
        Ok(())
    }

    fn handle_monitor(&mut self, now: Now, filter: Filter, since: Option<Since>, answers: &Answers) {
        if let Some(since) = since {
            let since = match since {
                Since::Start(_) => Duration::ZERO,
                Since::Seconds(seconds) => ago(now, seconds),
            };
            for tapped in self.audience.taps.since(since).filter(|tapped| filter.admits(tapped)) {
                answers.record(&tapped.record(&self.device));
            }
        }
        self.audience.monitors.push((filter, answers.clone()));
    }

    fn handle_upstream(&mut self, now: Now, link: Option<Link>, answers: &Answers) {
        if let Some(link) = link {
            self.hub.handle(now, edgehub::Input::Link(link));
            if link == Link::Offline {
                self.cloud.lose_link(now, &self.device);
            }
            self.settle(now);
        }
        let waiting = self.hub.waiting().get(&edgehub::Endpoint::Upstream).copied().unwrap_or_default();
        answers.record(&json!({ "upstream": self.hub.link(), "waiting": waiting }));
        answers.done();
    }

    fn handle_credentials(&self, module: &ModuleId, answers: &Answers) -> Outcome {
        self.check_module(module)?;
        let Some(plan) = self.children.plan(module) else { return Ok(()) };
        answers.record(&plan.credentials);
        answers.done();
        Ok(())
    }

    /// Answers those who wait for the simulation to be ready, once it is.
    pub(super) fn answer_expectant(&mut self) {
        if self.audience.expectant.is_empty() {
            return;
        }
        let managed = || self.children.modules().filter(|module| self.is_expected(module));
        let started = managed().all(|module| self.agent.state(module).is_some_and(has_started));
        let connected = managed().all(|module| self.hub.client(&self.identity(module)).connected);
        let ready = json!(self.report.ready());
        self.audience.expectant.retain(|(until, answers)| {
            let reached = match until {
                Until::Started => started,
                Until::Connected => started && connected,
            };
            if reached {
                answers.record(&ready);
                answers.done();
            }
            !reached && !answers.is_gone()
        });
    }

    /// Says whether the simulation is to start this module.
    fn is_expected(&self, module: &ModuleId) -> bool {
        self.children
            .plan(module)
            .is_some_and(|plan| plan.desired == DesiredStatus::Running && !matches!(plan.runtime, Runtime::External))
    }

    /// Tells a change of a module to whoever watches.
    pub(super) fn tell_module(&mut self, module: &ModuleId) {
        let record = json!(self.module_record(module));
        self.report.module(module, record);
        self.answer_expectant();
    }

    fn module_record<'a>(&'a self, module: &'a ModuleId) -> Option<ModuleRecord<'a>> {
        let plan = self.children.plan(module)?;
        let state = self.agent.state(module);
        let client = self.hub.client(&self.identity(module));
        let outside = matches!(plan.runtime, Runtime::External);
        let status = match (outside, client.connected) {
            (true, true) => "running",
            (true, false) => "stopped",
            (false, _) => state.map_or("stopped", |state| state.status.as_word()),
        };
        Some(ModuleRecord {
            name: module,
            image: &plan.image,
            runtime: plan.runtime.word(),
            desired: plan.desired.as_word(),
            status,
            connected: client.connected,
            restarts: state.map_or(0, |state| state.restarts),
            exit_code: state.and_then(|state| state.exit_code),
            started_at: state.and_then(|state| state.started_at).map(iso_millis),
            messages: Messages { r#in: client.received, out: client.sent },
            pid: self.children.pid(module),
        })
    }

    fn identity(&self, module: &ModuleId) -> Identity {
        Identity::of_module(self.device.clone(), module.clone())
    }

    /// Finds who is meant by a name: a module of the device, else a device, or `device/module`.
    fn resolve(&self, TargetName(name): &TargetName) -> Outcome<Identity> {
        if let Ok(identity) = Identity::parse(name) {
            let as_module = ModuleId::parse(name).ok().map(|module| self.identity(&module));
            let as_module = as_module.filter(|identity| self.cloud.twin(identity).is_some());
            let as_written = Some(identity).filter(|identity| self.cloud.twin(identity).is_some());
            match (as_module, as_written) {
                (Some(_), Some(device)) => {
                    return Err(Failure::request(format!("`{name}` is a module and a device"))
                        .hint(format!("write `{device}/{name}` for the module")));
                }
                (Some(identity), None) | (None, Some(identity)) => return Ok(identity),
                (None, None) => {}
            }
        }
        Err(self.unknown(name))
    }

    fn check_module(&self, module: &ModuleId) -> Outcome {
        match self.children.plan(module) {
            Some(_) => Ok(()),
            None => Err(self.unknown(module.as_str())),
        }
    }

    fn unknown(&self, name: &str) -> Failure {
        let modules: Vec<&str> = self.children.modules().map(ModuleId::as_str).collect();
        let failure = Failure::request(format!("the simulation has no module `{name}`"));
        match did_you_mean(name, modules.iter().copied()) {
            Some(hint) => failure.hint(hint),
            None => failure.hint("no module takes part in it; look at `modules` of the deployment template"),
        }
    }
}

fn has_started(state: &agent::ModuleState) -> bool {
    state.started_at.is_some() || state.start_failure.is_some()
}

fn ago(now: Now, seconds_back: f64) -> Duration {
    now.unix.saturating_sub(seconds(seconds_back))
}

/// Takes a number of seconds that came from outside: negative, huge and no numbers become a bound.
fn seconds(count: f64) -> Duration {
    Duration::try_from_secs_f64(count.clamp(0.0, 1e9)).unwrap_or_default()
}

fn message_of(body: MessageBody) -> Outcome<Message> {
    let bytes =
        STANDARD.decode(&body.body).map_err(|error| Failure::request("the message is no base64").cause(error))?;
    let properties = body.properties.into_iter().map(|(key, value)| (key, Some(value))).collect();
    let mut message = Message { body: Bytes::from(bytes), properties, ..Message::default() };
    let known = [(system::CONTENT_TYPE, body.content_type), (system::CONTENT_ENCODING, body.content_encoding)];
    for (name, value) in known {
        if let Some(value) = value {
            message.set_system(name, value);
        }
    }
    Ok(message)
}
