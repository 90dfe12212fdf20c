//! From one deployment to the next: what is touched, and what is tried again (protocol.md §11.2).

use serde_json::{Map, json};

use super::{World, id, object, online, planned, reports, stopped, with};
use crate::agent::{Deployed, DeploymentStatus, Input, Status};
use crate::manifest::{ModuleSpec, PullPolicy, RestartPolicy};

#[test]
fn a_new_plan_stops_what_is_gone_and_starts_what_is_new() {
    let mut world = World::with_running(planned("old", 0));
    assert_eq!(world.plan(&[planned("new", 0)]), ["stop old", "start new", "new is Starting"]);
    assert_eq!(world.exited("old", 0), ["old is gone"]);
    assert_eq!(world.agent.state(&id("old")), None);
    world.started("new");
    assert_eq!(world.plan(&[stopped(planned("new", 0))]), ["stop new"]);
    assert_eq!(world.plan(&[planned("new", 0)]), [""; 0], "it has not ended yet");
    assert_eq!(world.exited("new", 0), ["start new", "new is Starting"]);
}

// protocol.md §11.2
#[test]
fn only_what_changed_is_started_anew() {
    type Change = fn(&mut ModuleSpec);
    let changes: [(&str, Change); 7] = [
        ("version", |spec| spec.version = "2".into()),
        ("image", |spec| spec.image = "a:2".into()),
        ("createOptions", |spec| drop(spec.create_options.insert("Tty".into(), true.into()))),
        ("env", |spec| spec.env = vec![("LEVEL".into(), "1".into())]),
        ("restartPolicy", |spec| spec.restart = RestartPolicy::Never),
        ("imagePullPolicy", |spec| spec.pull = PullPolicy::Never),
        ("startupOrder", |spec| spec.startup_order = 3),
    ];
    for (what, change) in changes {
        let mut world = World::with_running(planned("a", 0));
        world.exited("a", 1);
        world.wait();
        world.started("a");
        let other = planned("b", 9);
        world.plan(&[planned("a", 0), other.clone()]);
        world.started("b");
        assert_eq!(world.plan(&[with(planned("a", 0), change), other]), ["stop a"], "{what}");
        assert_eq!(world.exited("a", 143), ["start a", "a is Starting"], "{what}");
        assert_eq!(world.state("a").restarts, 0, "{what}: what is made anew has no past");
    }
}

#[test]
fn a_change_of_the_status_alone_makes_nothing_anew() {
    let mut world = World::with_running(planned("a", 0));
    assert_eq!(world.plan(&[stopped(planned("a", 0))]), ["stop a"]);
    assert_eq!(world.exited("a", 0), ["a is Stopped"]);
    assert_eq!(world.plan(&[planned("a", 0)]), ["start a", "a is Starting"]);
}

// protocol.md §11.2
#[test]
fn changed_modules_are_made_anew_in_their_order() {
    let mut world = World::new();
    let plan = |image: &str| {
        ["late", "first"]
            .map(|name| with(planned(name, u32::from(name == "late")), |spec| spec.image = image.to_owned()))
    };
    world.plan(&plan("x:1"));
    world.started("first");
    world.started("late");
    assert_eq!(world.plan(&plan("x:2")), ["stop first"]);
    assert_eq!(world.exited("first", 0), ["start first", "first is Starting"]);
    assert_eq!(world.started("first"), ["first is Running", "stop late"]);
    assert_eq!(world.exited("late", 0), ["start late", "late is Starting"]);
}

#[test]
fn a_module_that_comes_back_while_it_goes_is_started_again() {
    let mut world = World::with_running(planned("a", 0));
    assert_eq!(world.plan(&[]), ["stop a"]);
    assert_eq!(world.plan(&[planned("a", 0)]), [""; 0]);
    assert_eq!(world.exited("a", 0), ["start a", "a is Starting"]);
}

#[test]
fn the_next_desired_version_is_prepared_and_a_gap_is_asked_for() {
    let mut world = online();
    let patch = |version: u64| Input::DesiredPatch(object(json!({ "$version": version })));
    assert_eq!(world.tell(patch(4)), ["prepare 4"]);
    assert_eq!(world.tell(patch(6)), ["get twin"]);
    let twin = Input::Twin { desired: object(json!({ "$version": 6 })), reported: Map::new() };
    assert_eq!(world.tell(twin), ["prepare 6"]);
    let overtaken =
        Deployed { desired: object(json!({ "$version": 4 })), plan: Some(vec![]), status: DeploymentStatus::applied() };
    assert_eq!(world.tell(Input::Deployed(overtaken)), [""; 0], "`a` is not stopped for it");
}

fn refused(version: u64, code: u16) -> Input {
    let status = DeploymentStatus { code, description: "why".into() };
    Input::Deployed(Deployed { desired: object(json!({ "$version": version })), plan: None, status })
}

// protocol.md §11.3
#[test]
fn a_deployment_that_cannot_be_read_leaves_everything_as_it_is() {
    let mut world = online();
    world.started("a");
    reports(&mut world);
    world.tell(Input::DesiredPatch(object(json!({ "modules": 7, "$version": 4 }))));
    assert_eq!(world.tell(refused(4, 400)), [""; 0]);
    let status = json!({ "code": 400, "description": "why" });
    assert_eq!(reports(&mut world).last().expect("a report")["lastDesiredStatus"], status);
    assert_eq!((world.state("a").status, world.agent.deadline()), (Status::Running, None));
}

// protocol.md §11.2
#[test]
fn a_deployment_that_failed_in_part_is_tried_again_with_doubling_pauses() {
    let mut world = online();
    world.started("a");
    world.tell(Input::DesiredPatch(object(json!({ "$version": 4 }))));
    for pause in (0..20).map(|retry| 10 << retry) {
        world.tell(refused(4, 500));
        assert_eq!(world.wait(), (pause, vec!["prepare 4".to_owned()]));
    }
    world.tell(refused(4, 500));
    assert_eq!(world.agent.deadline(), None, "twenty times are enough");
    assert_eq!(world.tell(Input::DesiredPatch(object(json!({ "$version": 5 })))), ["prepare 5"]);
    world.tell(refused(5, 500));
    assert_eq!(world.wait().0, 10, "a new version begins anew");
}
