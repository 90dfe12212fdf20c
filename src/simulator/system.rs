//! The agent as the dispatcher sees it: what it wants done, its deployments, its direct methods.

use std::collections::BTreeSet;

use serde_json::Value;

use super::control::{Answers, DeployOutcome};
use super::deployer::{Came, Preparation};
use super::dispatcher::Dispatcher;
use super::edges::EdgeNumber;
use crate::agent::{self, AgentCall, LogsRequest};
use crate::clock::Now;
use crate::document::Document;
use crate::edgehub::{self, Answer, CallId, FromCloud, Link, ToCloud};
use crate::failure::{Failure, Outcome};
use crate::identity::{Identity, ModuleId};
use crate::manifest::{Deployment, failure_of};

impl Dispatcher {
    pub(super) fn handle_agent(&mut self, now: Now, edge: EdgeNumber, output: agent::Output) {
        let device = &mut self.edges[edge];
        match output {
            agent::Output::Start { module } => device.children.start(module),
            agent::Output::Stop { module } => device.children.stop(&module),
            agent::Output::Changed { module } => {
                device.children.tell_details(&device.agent);
                match device.children.plan(&module) {
                    Some(_) => self.tell_module(edge, &module),
                    None => self.report.removed(&device.device, &module),
                }
            }
            // A deployer that is gone has ended with us.
            agent::Output::Prepare { desired } => drop(device.wanted.send(desired)),
            agent::Output::GetTwin => self.tell_cloud_of_agent(now, edge, |identity| ToCloud::GetTwin { identity }),
            agent::Output::Report(patch) => {
                self.tell_cloud_of_agent(now, edge, |identity| ToCloud::Reported { identity, patch });
            }
            agent::Output::Answer { call, status, payload } => {
                self.answer_agent_call(now, edge, call, status, &payload)
            }
            agent::Output::ReadLogs { call, request } => self.read_logs(now, edge, call, &request),
            agent::Output::Upload { task, upload } => match upload.blobs(device) {
                Ok(blobs) => device.children.upload(task, upload.container().clone(), blobs),
                Err(why) => device.agent.handle(now, agent::Input::Uploaded { task, result: Err(why) }),
            },
        }
    }

    /// Takes what comes over the link for the agent; the rest is for the hub.
    pub(super) fn handle_from_cloud(&mut self, now: Now, edge: EdgeNumber, said: FromCloud) {
        let device = &mut self.edges[edge];
        let agent = device.identity(&ModuleId::edge_agent());
        match said {
            FromCloud::DesiredPatch { identity, patch } if identity == agent => {
                device.agent.handle(now, agent::Input::DesiredPatch(patch));
            }
            FromCloud::Twin { identity, desired, reported } if identity == agent => {
                device.agent.handle(now, agent::Input::Twin { desired, reported });
            }
            FromCloud::Confirmed { identity } if identity == agent => {}
            said => device.hub.handle(now, edgehub::Input::Cloud(said)),
        }
    }

    fn tell_cloud_of_agent(&mut self, now: Now, edge: EdgeNumber, said: impl FnOnce(Identity) -> ToCloud) {
        let device = &mut self.edges[edge];
        let agent = device.identity(&ModuleId::edge_agent());
        device.link.send_up(now.monotonic, said(agent));
    }

    /// Lets the agents say their last word, which nobody would hear later.
    pub(super) fn report_shutdown(&mut self, now: Now) {
        self.edges.all_mut().for_each(|device| device.agent.handle(now, agent::Input::ShutDown));
        self.settle(now);
        self.let_arrive(now);
    }

    pub(super) fn call_agent(
        &mut self,
        now: Now,
        edge: EdgeNumber,
        call: CallId,
        method: String,
        payload: bytes::Bytes,
    ) {
        self.edges[edge].agent.handle(now, agent::Input::Call { call: AgentCall(call.0), method, payload });
    }

    fn answer_agent_call(&mut self, now: Now, edge: EdgeNumber, call: AgentCall, status: i32, payload: &Value) {
        let answer = Answer { status, payload: payload.to_string().into() };
        self.handle_invoked(now, edge, CallId(call.0), Ok(answer));
    }

    fn read_logs(&mut self, now: Now, edge: EdgeNumber, call: AgentCall, request: &LogsRequest) {
        let (status, payload) = request.answer(&self.edges[edge]);
        self.answer_agent_call(now, edge, call, status, &payload);
    }

    /// Applies a manifest as the cloud does; the answer comes when the device has applied it, or at once without a link.
    pub(super) fn handle_deploy(&mut self, now: Now, edge: EdgeNumber, manifest: &Value, answers: &Answers) -> Outcome {
        let document = Document::parse("deployment", &manifest.to_string())
            .map_err(|at| at.into_failure("cannot read the deployment"))?;
        let deployment = Deployment::parse(&document, &mut Vec::new()).map_err(|f| failure_of("deployment", &f))?;
        let mut wanted = deployment.desired;
        for spec in deployment.modules {
            wanted.entry(spec.id).or_default();
        }
        let version = self.cloud.deploy(now.unix, &self.edges[edge].device, &wanted).map_err(|(identity, error)| {
            Failure::request(format!("the desired properties of `{identity}` are no twin's"))
                .cause(&error)
                .hint(error.hint())
        })?;
        match self.edges[edge].hub.link() {
            Link::Online => self.audience.deploys.push((edge, version, answers.clone())),
            Link::Offline => {
                answers.record(&DeployOutcome::waiting(version));
                answers.done();
            }
        }
        Ok(())
    }

    /// Applies what the deployer has made ready.
    pub(super) fn handle_prepared(&mut self, now: Now, edge: EdgeNumber, preparation: Preparation) {
        let Preparation { deployed, plans, known, generations, bridge, failures } = preparation;
        failures.iter().for_each(|failure| self.report.failure(failure));
        let device = &mut self.edges[edge];
        if let Some(Came { way, names }) = bridge {
            device.place.workload = Some(way);
            device.hub.answer_to(names);
            self.report.tell_way(way);
        }
        let mut outcome = DeployOutcome::of(&deployed);
        if let Some(plan) = &deployed.plan {
            let before: BTreeSet<ModuleId> = device.children.modules().cloned().collect();
            let after: BTreeSet<ModuleId> = plan.iter().map(|planned| planned.spec.id.clone()).collect();
            outcome.removed = before.difference(&after).cloned().collect();
            let (changed, added) = plans.iter().map(|plan| plan.spec.id.clone()).partition(|id| before.contains(id));
            (outcome.changed, outcome.added) = (changed, added);
            device.children.replace_plans(plans, &after);
            for (module, generation) in generations {
                self.cloud.admit(device.identity(&module), &generation);
            }
            for module in &outcome.removed {
                self.cloud.remove(&device.identity(module));
            }
            device.hub.handle(now, edgehub::Input::Own(known));
            device.place.modules = device.children.modules().cloned().collect();
            self.report.fit(&device.place);
        }
        device.agent.handle(now, agent::Input::Deployed(deployed));
        self.answer_deploys(edge, &outcome);
    }

    fn answer_deploys(&mut self, edge: EdgeNumber, outcome: &DeployOutcome) {
        self.audience.deploys.retain(|(at, version, answers)| {
            let is_done = *at == edge && *version <= outcome.version;
            if is_done {
                answers.record(outcome);
                answers.done();
            }
            !is_done && !answers.is_gone()
        });
    }
}
