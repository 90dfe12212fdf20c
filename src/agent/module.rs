//! One module as the agent keeps it: what it is to be, where it is on its way, and what is known of it.
//!
//! Decides what a change of its plan or the end of its instance means for this module alone; what is done about it, and
//! in which order among others, is the agent's.

use std::time::Duration;

use super::port::{ModuleState, Owner, Planned, Status};
use crate::clock::Now;
use crate::manifest::{DesiredStatus, ModuleSpec};

#[derive(Debug)]
pub(super) struct Module {
    pub(super) planned: Planned,
    pub(super) phase: Phase,
    pub(super) state: ModuleState,
}

/// Where a module is between two outputs; the times are monotonic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Resting,
    Starting,
    Running { healthy_at: Duration },
    Stopping { then: Then },
    BackingOff { until: Duration },
}

/// What a new plan means for a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It is started, and stopped before if it is up.
    BringUp,
    TakeDown,
    Leave,
}

/// What follows when a module that is being stopped has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Rest,
    Start,
    Forget,
}

/// How an instance came to its end.
#[derive(Debug)]
pub(super) enum End {
    NotStarted(String),
    Exited(Option<i32>),
}

impl Module {
    pub(super) fn new(planned: Planned) -> Self {
        let state = ModuleState {
            status: Status::Stopped,
            restarts: 0,
            exit_code: None,
            start_failure: None,
            image: None,
            started_at: None,
            restarted_at: None,
            exited_at: None,
            back_off_until: None,
        };
        Self { planned, phase: Phase::Resting, state }
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.planned.owner == Owner::Agent && self.planned.spec.status == DesiredStatus::Running
    }

    pub(super) fn is_coming_up(&self) -> bool {
        matches!(self.phase, Phase::Starting | Phase::Stopping { then: Then::Start })
    }

    /// Takes what the module is to be from now on (protocol.md §11.2); what is made anew begins without restarts.
    pub(super) fn change(&mut self, planned: Planned) -> Step {
        let before = std::mem::replace(&mut self.planned, planned);
        let after = &self.planned.spec;
        let was_wanted = before.spec.status == DesiredStatus::Running;
        let is_same = ModuleSpec { status: after.status, ..before.spec } == *after;
        if !is_same {
            self.state.restarts = 0;
        }
        let was_to_go = self.phase == Phase::Stopping { then: Then::Forget };
        match self.is_wanted() {
            false => Step::TakeDown,
            true if !is_same || !was_wanted || was_to_go => Step::BringUp,
            true if self.phase == Phase::Resting && self.state.started_at.is_none() => Step::BringUp,
            true => Step::Leave,
        }
    }

    pub(super) fn rest(&mut self, status: Status) {
        self.phase = Phase::Resting;
        self.state.status = status;
        self.state.back_off_until = None;
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::BackingOff { until } => Some(until),
            Phase::Running { healthy_at } if self.state.restarts > 0 => Some(healthy_at),
            _ => None,
        }
    }

    /// Writes down an end, and returns what it makes of the module.
    pub(super) fn note(&mut self, now: Now, end: &End) -> Status {
        self.state.exited_at = Some(now.unix);
        match end {
            End::NotStarted(reason) => {
                self.state.start_failure = Some(reason.clone());
                // That of an instance before says nothing of this one.
                self.state.exit_code = None;
                Status::Failed
            }
            End::Exited(code) => {
                self.state.exit_code = *code;
                if *code == Some(0) { Status::Stopped } else { Status::Failed }
            }
        }
    }
}
