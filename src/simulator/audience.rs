//! Commands of other processes that watch or wait: for messages, for modules, for the simulation to be ready.

use std::time::Duration;

use serde_json::json;

use super::answers::ago;
use super::control::{Answers, Destination, Origin, Since, TargetName, Until};
use super::dispatcher::Dispatcher;
use super::edges::{EdgeDevice, EdgeNumber};
use super::feedback::Feedbacks;
use super::module_record::module_record;
use super::plan::Runtime;
use super::taps::{Filter, Taps};
use crate::agent;
use crate::clock::Now;
use crate::edgehub::Endpoint;
use crate::failure::Outcome;
use crate::identity::ModuleId;
use crate::manifest::DesiredStatus;

/// Commands of other processes that watch or wait, and what has passed already.
#[derive(Debug, Default)]
pub(super) struct Audience {
    pub(super) taps: Taps,
    pub(super) monitors: Vec<(Filter, Answers)>,
    pub(super) feedback: Feedbacks,
    pub(super) followers: Vec<(Vec<(EdgeNumber, ModuleId)>, Answers)>,
    pub(super) expectant: Vec<(Until, Answers)>,
    /// Who waits until a device has applied a version of `$edgeAgent`'s desired properties.
    pub(super) deploys: Vec<(EdgeNumber, u64, Answers)>,
}

impl Audience {
    /// Forgets who has gone. Whoever watches is looked at when there is something to tell, and where nothing happens,
    /// nobody would be forgotten before somebody else comes.
    pub(super) fn forget_gone(&mut self) {
        self.monitors.retain(|(_, answers)| !answers.is_gone());
        self.followers.retain(|(_, answers)| !answers.is_gone());
        self.expectant.retain(|(_, answers)| !answers.is_gone());
        self.deploys.retain(|(_, _, answers)| !answers.is_gone());
        self.feedback.forget_gone();
    }
}

impl Dispatcher {
    pub(super) fn handle_ready(&mut self, until: Until, answers: &Answers) {
        self.audience.expectant.push((until, answers.clone()));
        self.answer_expectant();
    }

    /// Returns which messages are meant, once everybody named is found.
    pub(super) fn filter(&self, from: Option<Origin>, to: Option<Destination>) -> Outcome<Filter> {
        let mut filter = Filter::default();
        match from {
            Some(Origin::Module { module, output }) => {
                filter.from = Some(self.edges[self.find_module(&module)?].identity(&module.module));
                filter.output = output;
            }
            Some(Origin::Device(device)) => filter.from = Some(self.resolve(&TargetName(device.into()))?),
            None => {}
        }
        match to {
            Some(Destination::Upstream) => filter.to = Some(Endpoint::Upstream.to_string()),
            Some(Destination::Input { module, input }) => {
                filter.edge = Some(self.find_module(&module)?);
                filter.to = Some(Endpoint::Input { module: module.module, input: input.into() }.to_string());
            }
            None => {}
        }
        Ok(filter)
    }

    pub(super) fn handle_monitor(&mut self, now: Now, filter: Filter, since: Option<Since>, answers: &Answers) {
        if let Some(since) = since {
            for tapped in self.audience.taps.since(begin_of(now, since)).filter(|tapped| filter.admits(tapped)) {
                answers.record(&tapped.record(&self.edges[tapped.edge].device));
            }
        }
        self.audience.monitors.push((filter, answers.clone()));
    }

    /// Answers those who wait for the simulation to be ready, once it is.
    pub(super) fn answer_expectant(&mut self) {
        if self.audience.expectant.is_empty() {
            return;
        }
        let are_all = |is_ready: fn(&EdgeDevice, &ModuleId) -> bool| {
            self.edges.all().all(|device| {
                let mut expected = device.children.modules().filter(|module| is_expected(device, module));
                expected.all(|module| is_ready(device, module))
            })
        };
        let started = are_all(|device, module| device.agent.state(module).is_some_and(has_started));
        let connected = are_all(|device, module| device.hub.client(&device.identity(module)).connected);
        let ready = json!(self.edges.ready());
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

    /// Tells a change of a module to whoever watches.
    pub(super) fn tell_module(&mut self, edge: EdgeNumber, module: &ModuleId) {
        let device = &self.edges[edge];
        self.report.module(&device.device, module, json!(module_record(device, module)));
        self.answer_expectant();
    }
}

/// Says whether the simulation is to start this module.
fn is_expected(device: &EdgeDevice, module: &ModuleId) -> bool {
    device
        .children
        .plan(module)
        .is_some_and(|plan| plan.spec.status == DesiredStatus::Running && !matches!(plan.runtime, Runtime::External))
}

fn has_started(state: &agent::ModuleState) -> bool {
    state.started_at.is_some() || state.start_failure.is_some()
}

/// Returns from when on something is wanted (wall clock).
pub(super) fn begin_of(now: Now, since: Since) -> Duration {
    match since {
        Since::Start(_) => Duration::ZERO,
        Since::Seconds(seconds) => ago(now, seconds),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::UnixStream;
    use tokio::sync::mpsc;

    use super::*;
    use crate::net::UnixSocket;
    use crate::simulator::control::{self, ControlCall};

    #[tokio::test]
    async fn who_watches_in_vain_is_forgotten_after_it_has_gone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("c.sock");
        let (calls, mut called) = mpsc::unbounded_channel();
        let handle = move |call: ControlCall| drop(calls.send(call.answers));
        tokio::spawn(control::serve(UnixSocket::bind(&path, 0o600).await.expect("bound"), handle));
        let mut audience = Audience::default();
        let mut clients = Vec::new();
        for _ in 0..2 {
            let mut client = UnixStream::connect(&path).await.expect("it listens");
            client.write_all(b"{\"request\":\"ps\"}\n").await.expect("it reads");
            let answers = called.recv().await.expect("a call");
            audience.monitors.push((Filter::default(), answers.clone()));
            audience.followers.push((Vec::new(), answers));
            clients.push(client);
        }
        clients.pop();
        while !audience.monitors[1].1.is_gone() {
            tokio::task::yield_now().await;
        }
        audience.forget_gone();
        assert_eq!((audience.monitors.len(), audience.followers.len()), (1, 1));
    }
}
