//! Who is started and stopped, and in which order (protocol.md §11.2).

use super::{World, id, planned, stopped};
use crate::agent::{Input, Owner, Planned, Status};

// protocol.md §11.2
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
fn an_instance_that_never_started_has_no_exit_code_of_the_one_before() {
    let mut world = World::new();
    world.plan(&[planned("a", 0)]);
    world.started("a");
    world.exited("a", 137);
    assert_eq!(world.state("a").exit_code, Some(137));
    world.tell(Input::Restart { module: id("a") });
    world.tell(Input::StartFailed { module: id("a"), reason: "no such image".into() });
    assert_eq!(world.state("a").exit_code, None);
}

#[test]
fn a_module_that_is_to_be_stopped_is_not_started() {
    let mut world = World::new();
    assert_eq!(world.plan(&[stopped(planned("a", 0))]), [""; 0]);
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
fn a_start_that_arrives_while_stopping_does_not_undo_the_stop() {
    let mut world = World::new();
    world.plan(&[planned("a", 0)]);
    assert_eq!(world.tell(Input::StopAll), ["stop a"]);
    assert_eq!(world.started("a"), ["a is Running"]);
    assert_eq!(world.exited("a", 0), ["a is Stopped"]);
    assert!(world.agent.is_idle());
}
