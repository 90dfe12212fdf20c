//! The agent on a virtual clock.

mod metrics;

use super::*;
use crate::manifest::RestartPolicy;

const START: u64 = 1_700_000_000;

/// An agent, the clock it is told, and its outputs as words: `start a`, `stop a`, `a is running`.
struct World {
    agent: Agent,
    seconds: u64,
}

fn id(name: &str) -> ModuleId {
    ModuleId::parse(name).expect("a name")
}

fn planned(name: &str, startup_order: u32) -> Planned {
    let (desired, restart) = (DesiredStatus::Running, RestartPolicy::Always);
    Planned { module: id(name), startup_order, desired, restart, owner: Owner::Agent }
}

impl World {
    fn new() -> Self {
        Self { agent: Agent::new(NonZeroU32::MIN), seconds: 0 }
    }

    /// A world in which one module has been started.
    fn with_running(planned: Planned) -> Self {
        let mut world = Self::new();
        let module = planned.module.clone();
        world.tell(Input::Plan(vec![planned]));
        world.tell(Input::Started { module });
        world
    }

    fn tell(&mut self, input: Input) -> Vec<String> {
        let (monotonic, since) = (Duration::from_secs(self.seconds), Duration::from_secs(START));
        self.agent.handle(Now { monotonic, unix: since + monotonic }, input);
        let mut told = Vec::new();
        while let Some(output) = self.agent.poll() {
            told.push(match output {
                Output::Start { module } => format!("start {module}"),
                Output::Stop { module } => format!("stop {module}"),
                Output::Changed { module } => match self.agent.state(&module) {
                    Some(state) => format!("{module} is {:?}", state.status),
                    None => format!("{module} is gone"),
                },
            });
        }
        told
    }

    fn plan(&mut self, plan: &[Planned]) -> Vec<String> {
        self.tell(Input::Plan(plan.to_vec()))
    }

    fn started(&mut self, name: &str) -> Vec<String> {
        self.tell(Input::Started { module: id(name) })
    }

    fn exited(&mut self, name: &str, code: i32) -> Vec<String> {
        self.tell(Input::Exited { module: id(name), code: Some(code) })
    }

    /// Moves the clock to the agent's deadline, and returns how many seconds that took and what came of it.
    fn wait(&mut self) -> (u64, Vec<String>) {
        let deadline = self.agent.deadline().expect("there is something to wait for").as_secs();
        let waited = deadline - self.seconds;
        self.seconds = deadline;
        (waited, self.tell(Input::Timeout))
    }

    fn state(&self, name: &str) -> &ModuleState {
        self.agent.state(&id(name)).expect("it is known")
    }
}

fn unix(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(START + seconds))
}

#[test]
fn modules_start_by_order_and_wait_for_the_start_alone() {
    let mut world = World::new();
    let plan = [planned("late", 7), planned("b", 1), planned("a", 1), planned("first", 0)];
    assert_eq!(world.plan(&plan), ["start first", "first is Starting"]);
    assert_eq!(world.started("first"), ["first is Running", "start a", "a is Starting", "start b", "b is Starting"]);
    assert_eq!(world.started("b"), ["b is Running"]);
    let failed = Input::StartFailed { module: id("a"), reason: "no such image".into() };
    assert_eq!(world.tell(failed), ["a is Backoff", "start late", "late is Starting"]);
    assert_eq!(world.state("a").start_failure.as_deref(), Some("no such image"));
}

#[test]
fn a_module_that_is_to_be_stopped_is_not_started() {
    let mut world = World::new();
    let stopped = Planned { desired: DesiredStatus::Stopped, ..planned("a", 0) };
    assert_eq!(world.plan(&[stopped]), [""; 0]);
    assert_eq!(world.state("a").status, Status::Stopped);
    assert_eq!(world.plan(&[planned("a", 0)]), ["start a", "a is Starting"]);
}

#[test]
fn an_external_module_is_known_and_left_alone() {
    let mut world = World::new();
    let external = Planned { owner: Owner::External, ..planned("ide", 0) };
    assert_eq!(world.plan(&[external]), [""; 0]);
    assert_eq!(world.tell(Input::Restart { module: id("ide") }), [""; 0]);
    assert_eq!(world.tell(Input::StopAll), [""; 0]);
    assert_eq!(world.state("ide").status, Status::Stopped);
}

#[test]
fn a_module_that_keeps_failing_is_given_up_after_twenty_restarts() {
    let mut world = World::with_running(planned("a", 0));
    for (restart, pause) in [10, 20, 40, 80, 160].into_iter().chain([300; 15]).enumerate() {
        assert_eq!(world.exited("a", 1), ["a is Backoff"], "restart {restart}");
        assert_eq!(world.wait(), (pause, vec!["start a".into(), "a is Starting".into()]), "restart {restart}");
        assert_eq!(world.started("a"), ["a is Running"]);
    }
    assert_eq!(world.exited("a", 1), ["a is GivenUp"]);
    assert_eq!((world.agent.deadline(), world.state("a").restarts), (None, 20));
    assert_eq!(world.tell(Input::Restart { module: id("a") }), ["start a", "a is Starting"]);
    assert_eq!(world.state("a").restarts, 0);
}

#[test]
fn the_pause_counts_from_the_exit() {
    let mut world = World::with_running(planned("a", 0));
    world.seconds = 100;
    world.exited("a", 3);
    let expected = ModuleState {
        status: Status::Backoff,
        restarts: 0,
        exit_code: Some(3),
        start_failure: None,
        started_at: unix(0),
        exited_at: unix(100),
        back_off_until: unix(110),
    };
    assert_eq!(world.state("a"), &expected);
    world.seconds = 109;
    assert_eq!(world.tell(Input::Timeout), [""; 0]);
    world.seconds = 110;
    assert_eq!(world.tell(Input::Timeout), ["start a", "a is Starting"]);
    assert_eq!((world.state("a").restarts, world.state("a").back_off_until), (1, None));
}

#[test]
fn ten_minutes_up_forget_the_restarts() {
    let mut world = World::with_running(planned("a", 0));
    world.exited("a", 1);
    world.wait();
    world.started("a");
    assert_eq!(world.state("a").restarts, 1);
    assert_eq!(world.wait(), (600, vec!["a is Running".into()]));
    assert_eq!((world.state("a").restarts, world.agent.deadline()), (0, None));
}

#[test]
fn a_time_scale_divides_every_pause() {
    let mut world = World::new();
    world.agent = Agent::new(NonZeroU32::new(10).expect("not zero"));
    world.plan(&[planned("a", 0)]);
    world.started("a");
    world.exited("a", 1);
    assert_eq!(world.wait(), (1, vec!["start a".into(), "a is Starting".into()]));
    world.started("a");
    assert_eq!(world.wait(), (60, vec!["a is Running".into()]));
}

#[test]
fn what_its_policy_leaves_alone_stays_as_it_ended() {
    let on_failure = Planned { restart: RestartPolicy::OnFailure, ..planned("a", 0) };
    let mut world = World::with_running(on_failure);
    assert_eq!(world.exited("a", 0), ["a is Stopped"]);
    let never = Planned { restart: RestartPolicy::Never, ..planned("a", 0) };
    let mut world = World::with_running(never.clone());
    assert_eq!(world.exited("a", 2), ["a is Failed"]);
    assert_eq!(world.plan(&[never]), [""; 0], "the same plan again does not start it");
    assert_eq!(world.agent.deadline(), None);
}

#[test]
fn a_signal_is_a_failure() {
    let mut world = World::with_running(Planned { restart: RestartPolicy::OnFailure, ..planned("a", 0) });
    assert_eq!(world.tell(Input::Exited { module: id("a"), code: None }), ["a is Backoff"]);
    assert_eq!(world.state("a").exit_code, None);
}

#[test]
fn a_restart_stops_first_and_starts_at_once() {
    let mut world = World::with_running(planned("a", 0));
    assert_eq!(world.tell(Input::Restart { module: id("a") }), ["stop a"]);
    assert_eq!(world.tell(Input::Restart { module: id("a") }), [""; 0], "it is being stopped already");
    assert_eq!(world.exited("a", 143), ["start a", "a is Starting"]);
    assert_eq!(world.started("a"), ["a is Running"]);
}

#[test]
fn a_restart_ends_the_waiting() {
    let mut world = World::with_running(planned("a", 0));
    world.exited("a", 1);
    assert_eq!(world.tell(Input::Restart { module: id("a") }), ["start a", "a is Starting"]);
    assert_eq!(world.agent.deadline(), None);
}

#[test]
fn stopping_everything_goes_backwards_and_ends_restarts() {
    let mut world = World::new();
    world.plan(&[planned("a", 0), planned("b", 1), planned("c", 2), planned("d", 3)]);
    for name in ["a", "b", "c"] {
        world.started(name);
    }
    world.exited("a", 1);
    assert_eq!(world.tell(Input::StopAll), ["stop d", "stop c", "stop b", "a is Stopped"]);
    assert!(!world.agent.is_idle());
    let failed = Input::StartFailed { module: id("d"), reason: "stopped".into() };
    assert_eq!(world.tell(failed), ["d is Failed"]);
    assert_eq!(world.exited("c", 0), ["c is Stopped"]);
    assert_eq!(world.exited("b", 137), ["b is Failed"]);
    assert_eq!((world.agent.is_idle(), world.agent.deadline()), (true, None));
    assert_eq!(world.tell(Input::Restart { module: id("a") }), [""; 0]);
}

#[test]
fn a_new_plan_stops_what_is_gone_and_starts_what_is_new() {
    let mut world = World::with_running(planned("old", 0));
    assert_eq!(world.plan(&[planned("new", 0)]), ["stop old", "start new", "new is Starting"]);
    assert_eq!(world.exited("old", 0), ["old is gone"]);
    assert_eq!(world.agent.state(&id("old")), None);
    let stopped = Planned { desired: DesiredStatus::Stopped, ..planned("new", 0) };
    world.started("new");
    assert_eq!(world.plan(&[stopped]), ["stop new"]);
    assert_eq!(world.plan(&[planned("new", 0)]), [""; 0], "it has not ended yet");
    assert_eq!(world.exited("new", 0), ["start new", "new is Starting"]);
}

#[test]
fn a_start_that_arrives_while_stopping_does_not_undo_the_stop() {
    let mut world = World::new();
    world.plan(&[planned("a", 0)]);
    assert_eq!(world.tell(Input::StopAll), ["stop a"]);
    assert_eq!(world.started("a"), ["a is Running"]);
    assert_eq!(world.exited("a", 0), ["a is Stopped"]);
    assert!(world.agent.is_idle());
}
