//! What follows the end of an instance: policies, pauses and their limits (protocol.md §11.1).

use std::num::NonZeroU32;

use super::{World, id, planned, restarting, unix};
use crate::agent::{Agent, Input, ModuleState, Status};
use crate::manifest::RestartPolicy;

// protocol.md §11.1
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
        image: None,
        started_at: unix(0),
        restarted_at: None,
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

// protocol.md §11.1
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
    let mut world = World::with_running(restarting(planned("a", 0), RestartPolicy::OnFailure));
    assert_eq!(world.exited("a", 0), ["a is Stopped"]);
    let never = restarting(planned("a", 0), RestartPolicy::Never);
    let mut world = World::with_running(never.clone());
    assert_eq!(world.exited("a", 2), ["a is Failed"]);
    assert_eq!(world.plan(&[never]), [""; 0], "the same plan again does not start it");
    assert_eq!(world.agent.deadline(), None);
}

#[test]
fn a_signal_is_a_failure() {
    let mut world = World::with_running(restarting(planned("a", 0), RestartPolicy::OnFailure));
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
