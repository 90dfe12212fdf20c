//! Direct methods.

use super::*;

fn invocation(caller: Caller) -> Invocation {
    Invocation {
        caller,
        target: identity("b"),
        method: "ping".into(),
        payload: Bytes::from_static(b"null"),
        response_timeout: Duration::from_secs(30),
        connect_timeout: Duration::from_secs(10),
    }
}

fn invoked(world: &mut World) -> Vec<Result<Answer, InvokeError>> {
    world.taken(|output| match output {
        Output::Invoked { result, .. } => Some(result.clone()),
        _ => None,
    })
}

fn call(world: &mut World) {
    world.input(Input::Invoke { call: CallId(3), invocation: invocation(Caller::Cloud) });
}

fn subscribed() -> (World, ConnectionId) {
    let mut world = World::new(vec![]);
    let b = world.connect("b");
    world.subscribe(b, Feature::Methods);
    (world, b)
}

#[test]
fn the_target_is_asked_and_its_answer_given_back() {
    let (mut world, b) = subscribed();
    call(&mut world);
    let asked = Event::CallMethod { rid: "3".into(), name: "ping".into(), payload: Bytes::from_static(b"null") };
    assert_eq!(world.told(b), [asked]);
    world.request(b, Request::AnswerMethod { rid: "3".into(), status: 200, payload: Bytes::from_static(b"{}") });
    assert_eq!(invoked(&mut world), [Ok(Answer { status: 200, payload: Bytes::from_static(b"{}") })]);
}

#[test]
fn a_target_that_comes_within_the_connect_time_out_is_asked() {
    let mut world = World::new(vec![]);
    call(&mut world);
    world.pass(Duration::from_secs(9));
    let b = world.connect("b");
    world.subscribe(b, Feature::Methods);
    assert_eq!(world.told(b).len(), 1);
}

#[test]
fn a_target_that_does_not_come_is_not_found() {
    let mut world = World::new(vec![]);
    call(&mut world);
    assert_eq!(world.hub.deadline(), Some(world.now.monotonic + Duration::from_secs(10)));
    world.pass(Duration::from_secs(10));
    assert_eq!(invoked(&mut world), [Err(InvokeError::NotFound)]);
}

#[test]
fn a_target_that_does_not_answer_times_out_and_its_late_answer_is_dropped() {
    let (mut world, b) = subscribed();
    call(&mut world);
    world.pass(Duration::from_secs(29));
    assert_eq!(invoked(&mut world), []);
    world.pass(Duration::from_secs(1));
    assert_eq!(invoked(&mut world), [Err(InvokeError::NoAnswer)]);
    world.request(b, Request::AnswerMethod { rid: "3".into(), status: 200, payload: Bytes::new() });
    assert_eq!(invoked(&mut world), []);
}

#[test]
fn nobody_else_can_answer_for_the_target() {
    let (mut world, _) = subscribed();
    let c = world.connect("c");
    call(&mut world);
    world.request(c, Request::AnswerMethod { rid: "3".into(), status: 200, payload: Bytes::new() });
    assert_eq!(invoked(&mut world), []);
}

#[test]
fn a_module_must_prove_itself_to_call_another() {
    let (mut world, b) = subscribed();
    let caller = Caller::Module { identity: identity("a"), credential: world.token("c", 1_700_003_600) };
    world.input(Input::Invoke { call: CallId(3), invocation: invocation(caller) });
    assert!(matches!(invoked(&mut world).as_slice(), [Err(InvokeError::NotAuthorized(_))]));
    let caller = Caller::Module { identity: identity("a"), credential: world.token("a", 1_700_003_600) };
    world.input(Input::Invoke { call: CallId(4), invocation: invocation(caller) });
    assert_eq!(world.told(b).len(), 1);
}
