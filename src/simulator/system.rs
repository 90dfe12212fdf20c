//! The agent as the dispatcher sees it: what it wants done, its deployments, its direct methods.

use std::collections::BTreeSet;

use serde_json::Value;

use super::control::{Answers, DeployOutcome};
use super::deployer::Preparation;
use super::dispatcher::Dispatcher;
use crate::agent::{self, AgentCall, LogLine, LogSource, LogsRequest};
use crate::clock::Now;
use crate::document::Document;
use crate::edgehub::{self, Answer, CallId, FromCloud, Link, ToCloud};
use crate::failure::{Failure, Outcome};
use crate::identity::{Identity, ModuleId};
use crate::manifest::{Deployment, failure_of};

impl Dispatcher {
    pub(super) fn handle_agent(&mut self, now: Now, output: agent::Output) {
        match output {
            agent::Output::Start { module } => self.children.start(module),
            agent::Output::Stop { module } => self.children.stop(&module),
            agent::Output::Changed { module } => {
                self.children.tell_details(&self.agent);
                match self.children.plan(&module) {
                    Some(_) => self.tell_module(&module),
                    None => self.report.removed(&module),
                }
            }
            // A deployer that is gone has ended with us.
            agent::Output::Prepare { desired } => drop(self.wanted.send(desired)),
            agent::Output::GetTwin => self.tell_cloud_of_agent(now, |identity| ToCloud::GetTwin { identity }),
            agent::Output::Report(patch) => {
                self.tell_cloud_of_agent(now, |identity| ToCloud::Reported { identity, patch });
            }
            agent::Output::Answer { call, status, payload } => self.answer_agent_call(now, call, status, &payload),
            agent::Output::ReadLogs { call, request } => self.read_logs(now, call, &request),
            agent::Output::Upload { task, upload } => match upload.blobs(self) {
                Ok(blobs) => self.children.upload(task, upload.container().clone(), blobs),
                Err(why) => self.agent.handle(now, agent::Input::Uploaded { task, result: Err(why) }),
            },
        }
    }

    /// Takes what comes over the link for the agent; the rest is for the hub.
    pub(super) fn handle_from_cloud(&mut self, now: Now, said: FromCloud) {
        let agent = self.identity(&ModuleId::edge_agent());
        match said {
            FromCloud::DesiredPatch { identity, patch } if identity == agent => {
                self.agent.handle(now, agent::Input::DesiredPatch(patch));
            }
            FromCloud::Twin { identity, desired, reported } if identity == agent => {
                self.agent.handle(now, agent::Input::Twin { desired, reported });
            }
            FromCloud::Confirmed { identity } if identity == agent => {}
            said => self.hub.handle(now, edgehub::Input::Cloud(said)),
        }
    }

    fn tell_cloud_of_agent(&mut self, now: Now, said: impl FnOnce(Identity) -> ToCloud) {
        let agent = self.identity(&ModuleId::edge_agent());
        self.link.send_up(now.monotonic, said(agent));
    }

    /// Lets the agent say its last word, which nobody would hear later.
    pub(super) fn report_shutdown(&mut self, now: Now) {
        self.agent.handle(now, agent::Input::ShutDown);
        self.settle(now);
        self.let_arrive(now);
    }

    pub(super) fn call_agent(&mut self, now: Now, call: CallId, method: String, payload: bytes::Bytes) {
        self.agent.handle(now, agent::Input::Call { call: AgentCall(call.0), method, payload });
    }

    fn answer_agent_call(&mut self, now: Now, call: AgentCall, status: i32, payload: &Value) {
        let answer = Answer { status, payload: payload.to_string().into() };
        self.handle_invoked(now, CallId(call.0), Ok(answer));
    }

    fn read_logs(&mut self, now: Now, call: AgentCall, request: &LogsRequest) {
        let (status, payload) = request.answer(self);
        self.answer_agent_call(now, call, status, &payload);
    }

    /// Applies a manifest as the cloud does; the answer comes when the device has applied it, or at once without a link.
    pub(super) fn handle_deploy(&mut self, now: Now, manifest: &Value, answers: &Answers) -> Outcome {
        let document = Document::parse("deployment", &manifest.to_string())
            .map_err(|at| at.into_failure("cannot read the deployment"))?;
        let deployment = Deployment::parse(&document, &mut Vec::new()).map_err(|f| failure_of("deployment", &f))?;
        let mut wanted = deployment.desired;
        for spec in deployment.modules {
            wanted.entry(spec.id).or_default();
        }
        let version = self.cloud.deploy(now.unix, &self.device, &wanted).map_err(|(identity, error)| {
            Failure::request(format!("the desired properties of `{identity}` are no twin's"))
                .cause(&error)
                .hint(error.hint())
        })?;
        match self.hub.link() {
            Link::Online => self.audience.deploys.push((version, answers.clone())),
            Link::Offline => {
                answers.record(&DeployOutcome::waiting(version));
                answers.done();
            }
        }
        Ok(())
    }

    /// Applies what the deployer has made ready.
    pub(super) fn handle_prepared(&mut self, now: Now, preparation: Preparation) {
        let Preparation { deployed, plans, known, generations, failures } = preparation;
        failures.iter().for_each(|failure| self.report.failure(failure));
        let mut outcome = DeployOutcome::of(&deployed);
        if let Some(plan) = &deployed.plan {
            let before: BTreeSet<ModuleId> = self.children.modules().cloned().collect();
            let after: BTreeSet<ModuleId> = plan.iter().map(|planned| planned.spec.id.clone()).collect();
            outcome.removed = before.difference(&after).cloned().collect();
            let (changed, added) = plans.iter().map(|plan| plan.spec.id.clone()).partition(|id| before.contains(id));
            (outcome.changed, outcome.added) = (changed, added);
            self.children.replace_plans(plans, &after);
            for (module, generation) in generations {
                self.cloud.admit(self.identity(&module), &generation);
            }
            for module in &outcome.removed {
                self.cloud.remove(&self.identity(module));
            }
            self.hub.handle(now, edgehub::Input::Own(known));
            self.report.set_modules(self.children.modules().cloned().collect());
        }
        self.agent.handle(now, agent::Input::Deployed(deployed));
        self.answer_deploys(&outcome);
    }

    fn answer_deploys(&mut self, outcome: &DeployOutcome) {
        self.audience.deploys.retain(|(version, answers)| {
            let is_done = *version <= outcome.version;
            if is_done {
                answers.record(outcome);
                answers.done();
            }
            !is_done && !answers.is_gone()
        });
    }
}

impl LogSource for Dispatcher {
    fn place(&self) -> (&str, &str) {
        (&self.report.ready().hub, self.device.as_str())
    }

    fn modules(&self) -> Vec<&str> {
        self.children.modules().map(ModuleId::as_str).collect()
    }

    /// What edgectl noted about a module is not the module's own log.
    fn lines(&self, module: &str) -> Vec<LogLine<'_>> {
        let Ok(module) = ModuleId::parse(module) else { return Vec::new() };
        let lines = self.audience.logs.select(&[module], std::time::Duration::ZERO, None).into_iter();
        let own = lines.filter(|line| line.stream != "edgectl");
        own.map(|line| LogLine { at: line.at, stream: line.stream, text: &line.text }).collect()
    }
}
