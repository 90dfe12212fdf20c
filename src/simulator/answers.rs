//! Answering the commands of other edgectl processes.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::asked::{CallReply, Injector};
use super::control::{Answers, ControlCall, MessageBody, ModuleName, Request, SendTarget, TargetName, TwinChange};
use super::dispatcher::Dispatcher;
use super::edges::EdgeNumber;
use super::module_record::module_record;
use super::plan::Runtime;
use crate::agent;
use crate::clock::Now;
use crate::edgehub::{self, Caller, Injection, Invocation, Link, MAX_MESSAGE};
use crate::failure::{Failure, Outcome};
use crate::identity::{Identity, ModuleId};
use crate::iothub::Change;
use crate::message::{Message, system};
use crate::twin::{TwinDocument, TwinError};

impl Dispatcher {
    pub(super) fn handle_control(&mut self, now: Now, call: ControlCall) {
        let ControlCall { request, answers } = call;
        if let Err(failure) = self.handle_request(now, request, &answers) {
            answers.fail(&failure);
        }
    }

    fn handle_request(&mut self, now: Now, request: Request, answers: &Answers) -> Outcome {
        self.audience.forget_gone();
        match request {
            Request::Ready { until } => self.handle_ready(until, answers),
            Request::Ps => self.handle_ps(answers),
            Request::Logs { modules, follow, tail, since } => {
                self.handle_logs(now, modules, follow, tail, since, answers)?;
            }
            Request::Stop => {
                self.stop(now, Ok(()));
                self.answer_at_end(answers.clone());
            }
            Request::Restart { module, build } => self.handle_restart(now, module, build, answers)?,
            Request::Twin { target, change } => self.handle_twin(now, &target, change, answers)?,
            Request::Call { target, method, payload, response_timeout, connect_timeout } => {
                let payload = Bytes::from(payload.unwrap_or_default().to_string());
                self.handle_call(&target, method, payload, (response_timeout, connect_timeout), answers)?;
            }
            Request::Send { target, message } => self.handle_send(now, target, message, answers)?,
            Request::Monitor { from, to, since } => self.handle_monitor(now, self.filter(from, to)?, since, answers),
            Request::Feedback { since } => self.handle_watch_feedback(now, since, answers),
            Request::Upstream { device, change } => {
                self.handle_upstream(now, self.find_edge(device.as_ref())?, change, answers);
            }
            Request::Deploy { device, manifest } => {
                self.handle_deploy(now, self.find_edge(device.as_ref())?, &manifest, answers)?;
            }
            Request::Credentials { target } => self.handle_credentials(&target, answers)?,
            Request::AddDevice(new) => self.handle_add_device(now, new, answers)?,
            Request::Devices => self.handle_devices(now, answers),
            Request::SetDeviceStatus { device, status } => self.handle_device_status(now, &device, status, answers)?,
            Request::PurgeDevice { device } => self.handle_purge_device(now, &device, answers)?,
            Request::RemoveDevice { device } => self.handle_remove_device(&device, answers)?,
        }
        Ok(())
    }

    fn handle_ps(&self, answers: &Answers) {
        for device in self.edges.all() {
            for module in device.children.modules() {
                answers.record(&module_record(device, module));
            }
        }
        answers.done();
    }

    fn handle_logs(
        &mut self,
        now: Now,
        modules: Vec<ModuleName>,
        follow: bool,
        tail: Option<usize>,
        since: Option<f64>,
        answers: &Answers,
    ) -> Outcome {
        let found = modules.into_iter().map(|name| Ok((self.find_module(&name)?, name.module)));
        let modules = found.collect::<Outcome<Vec<_>>>()?;
        let since = since.map_or(Duration::ZERO, |seconds| ago(now, seconds));
        for (device, line) in self.edges.lines(&modules, since, tail) {
            answers.record(&line.record(device));
        }
        match follow {
            true => self.audience.followers.push((modules, answers.clone())),
            false => answers.done(),
        }
        Ok(())
    }

    fn handle_restart(&mut self, now: Now, name: ModuleName, build: bool, answers: &Answers) -> Outcome {
        let edge = self.find_module(&name)?;
        let module = name.module;
        let device = &mut self.edges[edge];
        if device.children.plan(&module).is_some_and(|plan| matches!(plan.runtime, Runtime::External)) {
            return Err(
                Failure::request(format!("`{module}` is started from outside")).hint("restart it where you started it")
            );
        }
        if build {
            return device.children.rebuild(module, answers.clone());
        }
        device.agent.handle(now, agent::Input::Restart { module });
        answers.done();
        Ok(())
    }

    pub(super) fn handle_rebuilt(
        &mut self,
        now: Now,
        edge: EdgeNumber,
        module: ModuleId,
        outcome: Outcome,
        answers: Answers,
    ) {
        match outcome {
            Ok(()) => {
                self.edges[edge].agent.handle(now, agent::Input::Restart { module });
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
        // What the device makes of it at once is shown, too.
        self.settle(now);
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
        target: &TargetName,
        method: String,
        payload: Bytes,
        (response, connect): (f64, f64),
        answers: &Answers,
    ) -> Outcome {
        let target = self.resolve(target)?;
        let edge = self.edge_of(&target);
        if let Some(edge) = edge.filter(|edge| self.edges[*edge].hub.link() == Link::Offline) {
            return Err(Failure::refused(format!("cannot call `{method}` of `{target}`"))
                .cause("the device is offline, and the call comes from the cloud")
                .hint(format!("restore the link with `{}`", self.restoring(edge))));
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
        self.cloud.call(call, invocation);
        Ok(())
    }

    fn handle_send(&mut self, now: Now, target: SendTarget, body: MessageBody, answers: &Answers) -> Outcome {
        let life = body.expires_in.map(seconds);
        let mut message = message_of(body)?;
        let (edge, injection) = match target {
            SendTarget::Input { module, input } => {
                (self.find_module(&module)?, Injection::ToInput { module: module.module, input: input.into() })
            }
            SendTarget::Output { module, output } => {
                message.set_system(system::OUTPUT_NAME, output);
                (self.find_module(&module)?, Injection::FromModule(module.module))
            }
            SendTarget::Device { device } => return self.handle_send_to_device(now, &device, (message, life), answers),
        };
        if message.size() > MAX_MESSAGE {
            let size = message.size();
            return Err(Failure::request(format!("the message is {size} bytes long, and {MAX_MESSAGE} are allowed"))
                .cause("the properties count too")
                .hint("send it in parts"));
        }
        let ticket = self.asked.open_injection(Injector::Control(answers.clone()));
        self.edges[edge].hub.handle(now, edgehub::Input::Inject { ticket, injection, message });
        Ok(())
    }

    fn handle_credentials(&self, target: &TargetName, answers: &Answers) -> Outcome {
        let identity = self.resolve(target)?;
        let edge = self.edges.find(&identity.device).map(|edge| &self.edges[edge]);
        let of_module = edge.zip(identity.module.as_ref()).and_then(|(edge, module)| edge.children.plan(module));
        let credentials = match of_module {
            Some(plan) => Some(plan.credentials.clone()),
            None => self.device_credentials(&identity.device).filter(|_| identity.module.is_none()),
        };
        let Some(credentials) = credentials else {
            return Err(Failure::request(format!("`{identity}` has no credentials to be used outside"))
                .hint("name a module of the deployment, or a child device: see `edgectl device list`"));
        };
        answers.record(&credentials);
        answers.done();
        Ok(())
    }
}

pub(super) fn ago(now: Now, seconds_back: f64) -> Duration {
    now.unix.saturating_sub(seconds(seconds_back))
}

/// Takes a number of seconds that came from outside: negative, huge and no numbers become a bound.
pub(super) fn seconds(count: f64) -> Duration {
    Duration::try_from_secs_f64(count.clamp(0.0, 1e9)).unwrap_or_default()
}

fn message_of(body: MessageBody) -> Outcome<Message> {
    let bytes =
        STANDARD.decode(&body.body).map_err(|error| Failure::request("the message is no base64").cause(error))?;
    let properties = body.properties.into_iter().map(|(key, value)| (key, Some(value))).collect();
    let mut message = Message { body: Bytes::from(bytes), properties, ..Message::default() };
    let known = [
        (system::CONTENT_TYPE, body.content_type),
        (system::CONTENT_ENCODING, body.content_encoding),
        (system::MESSAGE_ID, body.message_id),
        (system::ACK, body.ack.map(|ack| ack.as_word().to_owned())),
    ];
    for (name, value) in known {
        if let Some(value) = value {
            message.set_system(name, value);
        }
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_seconds_can_be_added_to_the_clock() {
        let given = [-1.0, 0.25, 1e19, f64::INFINITY, f64::NAN].map(seconds);
        let bound = Duration::from_secs(1_000_000_000);
        assert_eq!(given, [Duration::ZERO, Duration::from_millis(250), bound, bound, Duration::ZERO]);
    }
}
