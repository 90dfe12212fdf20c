//! Whether, when and how a simulation ends.

use std::time::Duration;

use super::control::Answers;
use super::dispatcher::Dispatcher;
use super::edges::EdgeNumber;
use crate::agent;
use crate::clock::Now;
use crate::failure::{Failure, Kind, Outcome};
use crate::identity::ModuleId;
use crate::manifest::DesiredStatus;

/// When a module's end ends the simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// When it is given up.
    GivenUp,
    /// When it waits for a restart, or is given up.
    Backoff,
    /// When it exits at all without being asked to.
    Exit,
}

impl FailOn {
    /// Says whether a module that has just ended, and is now in this state, ends the simulation.
    fn is_reached(self, status: agent::Status) -> bool {
        match (self, status) {
            (_, agent::Status::GivenUp) => true,
            // It ended since it was asked to: it is starting anew.
            (Self::Exit, status) => status != agent::Status::Starting,
            (Self::Backoff, status) => status == agent::Status::Backoff,
            (Self::GivenUp, _) => false,
        }
    }
}

/// What goes on at the moment.
#[derive(Debug)]
enum Phase {
    Running,
    /// Everything is to end; then this is how the simulation ended.
    Stopping {
        outcome: Outcome,
        waiting: Vec<Answers>,
    },
}

/// How the simulation ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    /// Who wants to hear it once nothing is left of the simulation.
    pub(super) waiting: Vec<Answers>,
}

/// Whether and how the simulation ends.
#[derive(Debug)]
pub(super) struct Ending {
    phase: Phase,
    interrupted: bool,
    /// When it ends by itself, on the monotonic clock.
    pub(super) until: Option<Duration>,
    fail_on: FailOn,
}

impl Ending {
    pub(super) fn new(until: Option<Duration>, fail_on: FailOn) -> Self {
        Self { phase: Phase::Running, interrupted: false, until, fail_on }
    }
}

impl Dispatcher {
    /// The first signal is gentle, a second one at once.
    pub(super) fn handle_interrupt(&mut self, now: Now, failure: Failure) {
        if self.ending.interrupted {
            self.edges.all().for_each(|device| device.children.kill_all());
            return;
        }
        self.ending.interrupted = true;
        let again = if failure.kind() == Kind::Interrupted { "press Ctrl-C" } else { "send the signal" };
        self.report.step("Stopping", &format!("the modules; {again} again to end them at once"));
        self.stop(now, Err(failure));
    }

    /// Begins to end the simulation; the first reason counts.
    pub(super) fn stop(&mut self, now: Now, outcome: Outcome) {
        if let Phase::Running = self.ending.phase {
            self.ending.phase = Phase::Stopping { outcome, waiting: Vec::new() };
            self.edges.all_mut().for_each(|device| device.agent.handle(now, agent::Input::StopAll));
        }
    }

    /// Answers once the simulation has ended.
    pub(super) fn answer_at_end(&mut self, answers: Answers) {
        if let Phase::Stopping { waiting, .. } = &mut self.ending.phase {
            waiting.push(answers);
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        matches!(self.ending.phase, Phase::Stopping { .. })
    }

    /// Looks at what the end of an instance means for the simulation; `how` it ended follows the module's name.
    pub(super) fn judge_exit(&mut self, now: Now, edge: EdgeNumber, module: &ModuleId, how: &str) {
        let device = &self.edges[edge];
        let Some(state) = device.agent.state(module) else { return };
        // A deployment that wants a module stopped has asked for this end.
        let is_wanted = device.children.plan(module).is_some_and(|plan| plan.spec.status == DesiredStatus::Running);
        if is_wanted && self.ending.fail_on.is_reached(state.status) && !self.is_stopping() {
            let failure = Failure::refused(format!("module `{module}` {how}")).hint("see above what it said");
            self.stop(now, Err(failure));
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.is_stopping() && self.edges.all().all(|device| device.children.is_empty())
    }

    pub(super) fn close(mut self) -> Ended {
        let stored = self.close_storage();
        let Phase::Stopping { outcome, waiting } = self.ending.phase else {
            return Ended { outcome: stored, waiting: vec![] };
        };
        Ended { outcome: outcome.and(stored), waiting }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use agent::Status;

    #[test]
    fn only_an_end_that_was_not_asked_for_ends_the_simulation() {
        let reached = |fail_on: FailOn| {
            [Status::Stopped, Status::Starting, Status::Backoff, Status::Failed, Status::GivenUp]
                .map(|status| fail_on.is_reached(status))
        };
        assert_eq!(reached(FailOn::GivenUp), [false, false, false, false, true]);
        assert_eq!(reached(FailOn::Backoff), [false, false, true, false, true]);
        assert_eq!(reached(FailOn::Exit), [true, false, true, true, true], "`edgectl restart` asks for an end");
    }
}
