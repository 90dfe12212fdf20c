//! From the queues to a module.

use super::*;

fn world_with_reader() -> (World, ConnectionId, ConnectionId) {
    let all = "FROM /messages/modules/a/* INTO BrokeredEndpoint(\"/modules/b/inputs/in\")";
    let mut world = World::new(vec![route("ab", all)]);
    let (a, b) = (world.connect("a"), world.connect("b"));
    (world, a, b)
}

#[test]
fn nothing_is_delivered_before_the_module_has_subscribed() {
    let (mut world, a, b) = world_with_reader();
    world.publish(a, 1, telemetry("o", "x"));
    world.pass(Duration::from_secs(5));
    assert_eq!(world.bodies(b), [""; 0]);
    world.subscribe(b, Feature::Inputs);
    assert_eq!(world.bodies(b), ["x"]);
}

#[test]
fn what_was_not_acknowledged_comes_again_in_order_after_a_reconnect() {
    let (mut world, a, b) = world_with_reader();
    world.subscribe(b, Feature::Inputs);
    for (n, body) in ["1", "2", "3"].into_iter().enumerate() {
        world.publish(a, n as u64, telemetry("o", body));
    }
    let delivered = world.delivered(b);
    assert_eq!(delivered.len(), 3);
    world.request(b, Request::Acknowledge { delivery: delivered[0].0 });
    world.input(Input::Disconnect { connection: b });
    let b = world.connect("b");
    world.subscribe(b, Feature::Inputs);
    assert_eq!(world.bodies(b), ["2", "3"]);
}

#[test]
fn a_remembered_subscription_counts_after_a_pause() {
    let (mut world, a, b) = world_with_reader();
    world.subscribe(b, Feature::Inputs);
    world.input(Input::Disconnect { connection: b });
    world.publish(a, 1, telemetry("o", "x"));
    let b = world.connect("b");
    assert_eq!(world.bodies(b), [""; 0], "its listener may not be there yet");
    world.pass(Duration::from_secs(1));
    assert_eq!(world.bodies(b), ["x"]);
}

#[test]
fn an_unacknowledged_message_is_sent_again_after_30_seconds() {
    let (mut world, a, b) = world_with_reader();
    world.subscribe(b, Feature::Inputs);
    world.publish(a, 1, telemetry("o", "x"));
    let first = world.delivered(b);
    let deadline = world.hub.deadline().expect("it waits for the acknowledgement");
    world.pass(Duration::from_secs(29));
    assert_eq!(world.bodies(b), [""; 0]);
    assert!(deadline <= world.now.monotonic + Duration::from_secs(1));
    world.pass(Duration::from_secs(1));
    let second = world.delivered(b);
    assert_eq!(second.len(), 1);
    world.request(b, Request::Acknowledge { delivery: first[0].0 });
    assert_eq!(world.hub.waiting().len(), 0, "a late acknowledgement of the first counts");
}

#[test]
fn a_slow_reader_that_goes_on_gets_nothing_twice() {
    let (mut world, a, b) = world_with_reader();
    world.subscribe(b, Feature::Inputs);
    (1..=3).for_each(|n| world.publish(a, n, telemetry("o", &n.to_string())));
    for (delivery, _) in world.delivered(b) {
        world.pass(Duration::from_secs(20));
        world.request(b, Request::Acknowledge { delivery });
    }
    assert_eq!(world.bodies(b), [""; 0]);
    assert_eq!(world.hub.waiting().len(), 0);
}

#[test]
fn another_client_cannot_acknowledge_a_delivery() {
    let (mut world, a, b) = world_with_reader();
    world.subscribe(b, Feature::Inputs);
    world.publish(a, 1, telemetry("o", "x"));
    let delivered = world.delivered(b);
    world.request(a, Request::Acknowledge { delivery: delivered[0].0 });
    assert_eq!(world.hub.waiting().values().sum::<u64>(), 1);
}

#[test]
fn no_more_is_on_its_way_than_a_window_whatever_the_guarantee() {
    for guarantee in [Guarantee::AtMostOnce, Guarantee::AtLeastOnce] {
        let (mut world, a, b) = world_with_reader();
        world.request(b, Request::Subscribe { feature: Feature::Inputs, guarantee });
        (0..100).for_each(|n| world.publish(a, n, telemetry("o", &n.to_string())));
        let delivered = world.delivered(b);
        assert_eq!(delivered.len(), 64);
        world.request(b, Request::Acknowledge { delivery: delivered[0].0 });
        assert_eq!(world.bodies(b), ["64"]);
    }
}

#[test]
fn a_higher_priority_is_drained_first() {
    let urgent = ConfiguredRoute {
        priority: Some(0),
        ..route("u", "FROM /messages/modules/a/outputs/urgent INTO BrokeredEndpoint(\"/modules/b/inputs/in\")")
    };
    let usual = route("n", "FROM /messages/modules/a/outputs/usual INTO BrokeredEndpoint(\"/modules/b/inputs/in\")");
    let mut world = World::new(vec![usual, urgent]);
    let (a, b) = (world.connect("a"), world.connect("b"));
    world.publish(a, 1, telemetry("usual", "later"));
    world.publish(a, 2, telemetry("urgent", "first"));
    world.subscribe(b, Feature::Inputs);
    let first = world.delivered(b);
    assert_eq!(first.iter().map(|(_, body)| body.as_str()).collect::<Vec<_>>(), ["first"]);
    world.request(b, Request::Acknowledge { delivery: first[0].0 });
    assert_eq!(world.bodies(b), ["later"]);
}

#[test]
fn an_expired_message_is_not_delivered() {
    let short = ConfiguredRoute {
        time_to_live: Some(Duration::from_secs(10)),
        ..route("ab", "FROM /messages/modules/a/* INTO BrokeredEndpoint(\"/modules/b/inputs/in\")")
    };
    let mut world = World::new(vec![short]);
    let (a, b) = (world.connect("a"), world.connect("b"));
    world.publish(a, 1, telemetry("o", "old"));
    world.pass(Duration::from_secs(11));
    world.publish(a, 2, telemetry("o", "new"));
    world.subscribe(b, Feature::Inputs);
    assert_eq!(world.bodies(b), ["new"]);
}

#[test]
fn a_recovered_queue_is_loaded_and_delivered_first() {
    let queue =
        QueueId { endpoint: Endpoint::Input { module: module("b"), input: "in".into() }, priority: QueueId::LAST };
    let recovered = Recovered { queues: vec![(queue.clone(), 4, 5)], ..Recovered::default() };
    let text = "FROM /messages/modules/a/* INTO BrokeredEndpoint(\"/modules/b/inputs/in\")";
    let mut world = World::recovered(vec![route("ab", text)], recovered);
    let (a, b) = (world.connect("a"), world.connect("b"));
    world.subscribe(b, Feature::Inputs);
    let loads = world.taken(|output| match output {
        Output::Store(ToStore::Load { from, .. }) => Some(*from),
        _ => None,
    });
    assert_eq!(loads, [4]);
    world.publish(a, 1, telemetry("o", "new"));
    let kept = Queued { expires: None, since: None, message: telemetry("o", "kept").into() };
    world.input(Input::Store(FromStore::Loaded { queue: queue.clone(), from: 4, messages: vec![kept] }));
    assert_eq!(world.bodies(b), ["kept", "new"]);
}

#[test]
fn a_client_that_counts_gets_no_more_than_it_has_room_for() {
    let (mut world, a, b) = world_with_reader();
    world.request(b, Request::Allow { feature: Feature::Inputs, total: 0 });
    world.subscribe(b, Feature::Inputs);
    (1..=5).for_each(|n| world.publish(a, n, telemetry("o", &n.to_string())));
    assert_eq!(world.bodies(b), [""; 0]);
    world.pass(Duration::from_secs(31));
    assert_eq!(world.bodies(b), [""; 0], "what was not handed out is not overdue");
    world.request(b, Request::Allow { feature: Feature::Inputs, total: 2 });
    assert_eq!(world.bodies(b), ["1", "2"]);
    world.request(b, Request::Allow { feature: Feature::Inputs, total: 4 });
    assert_eq!(world.bodies(b), ["3", "4"]);
    world.request(b, Request::Unsubscribe { feature: Feature::Inputs });
    world.subscribe(b, Feature::Inputs);
    assert_eq!(world.bodies(b), ["5"], "its count was forgotten");
}

#[test]
fn a_client_without_room_keeps_what_it_was_handed() {
    let (mut world, a, b) = world_with_reader();
    world.request(b, Request::Allow { feature: Feature::Inputs, total: 1 });
    world.subscribe(b, Feature::Inputs);
    (1..=3).for_each(|n| world.publish(a, n, telemetry("o", &n.to_string())));
    assert_eq!(world.bodies(b), ["1"]);
    world.request(b, Request::Allow { feature: Feature::Inputs, total: 3 });
    assert_eq!(world.bodies(b), ["2", "3"], "and the first is on its way still");
}

#[test]
fn a_released_delivery_comes_again_after_a_second_and_a_rejected_one_never() {
    // protocol.md §9.2
    let (mut world, a, b) = world_with_reader();
    world.subscribe(b, Feature::Inputs);
    (1..=2).for_each(|n| world.publish(a, n, telemetry("o", &n.to_string())));
    let delivered = world.delivered(b);
    world.request(b, Request::Release { delivery: delivered[0].0 });
    world.request(b, Request::Reject { delivery: delivered[1].0 });
    assert!(world.hub.deadline() <= Some(world.now.monotonic + Duration::from_secs(1)));
    world.pass(Duration::from_millis(999));
    assert_eq!(world.bodies(b), [""; 0]);
    world.pass(Duration::from_millis(1));
    let again = world.delivered(b);
    assert_eq!(again.iter().map(|(_, body)| body.as_str()).collect::<Vec<_>>(), ["1"]);
    world.request(b, Request::Acknowledge { delivery: again[0].0 });
    assert_eq!(world.hub.waiting().len(), 0);
}

#[test]
fn a_newer_credential_is_checked_and_the_older_one_keeps_the_client_in() {
    let mut world = World::new(vec![]);
    let a = world.connect("a");
    let good = world.token("a", 1_700_007_200);
    world.request(a, Request::Renew { credential: good });
    assert_eq!(world.told(a), [Event::Renewed { result: Ok(()) }]);
    let others = world.token("b", 1_700_007_200);
    world.request(a, Request::Renew { credential: others });
    let reason = "the SAS token of `d1/a` is refused: the SAS token is not signed with the key of this identity";
    assert_eq!(world.told(a), [Event::Renewed { result: Err(Refusal::NotAuthorized(reason.into())) }]);
    assert!(world.hub.client(&identity("a")).connected);
}
