//! From the queues to the cloud.

use super::*;

fn world() -> (World, ConnectionId) {
    let mut world = World::new(vec![route("up", "FROM /messages/modules/a/* INTO $upstream")]);
    let a = world.connect("a");
    (world, a)
}

fn sent(world: &mut World) -> Vec<(QueueId, u64, String)> {
    let sent = world.told_cloud().into_iter();
    sent.filter_map(|to_cloud| match to_cloud {
        ToCloud::Telemetry { queue, offset, message } => {
            Some((queue, offset, String::from_utf8(message.body.to_vec()).expect("text")))
        }
        _ => None,
    })
    .collect()
}

#[test]
fn offline_messages_wait_and_drain_in_order() {
    let (mut world, a) = world();
    (1..=3).for_each(|n| world.publish(a, n, telemetry("o", &n.to_string())));
    assert_eq!(sent(&mut world), []);
    world.input(Input::Link(Link::Online));
    let drained = sent(&mut world);
    assert_eq!(drained.iter().map(|(_, _, body)| body.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
    for (queue, offset, _) in drained {
        world.input(Input::Cloud(FromCloud::Taken { queue, offset }));
    }
    assert_eq!(world.hub.waiting().len(), 0);
}

#[test]
fn who_came_and_who_went_without_a_link_is_told_when_it_is_back() {
    let (mut world, a) = world();
    world.input(Input::Link(Link::Online));
    world.input(Input::Link(Link::Offline));
    world.input(Input::Disconnect { connection: a });
    world.connect("b");
    world.told_cloud();
    world.input(Input::Link(Link::Online));
    let presences: Vec<_> = world
        .told_cloud()
        .into_iter()
        .filter_map(|told| match told {
            ToCloud::Presence { identity, state } => Some((identity, state)),
            _ => None,
        })
        .collect();
    let states = [ConnectionState::Disconnected, ConnectionState::Connected, ConnectionState::Disconnected];
    assert_eq!(presences, ["a", "b", "c"].map(identity).into_iter().zip(states).collect::<Vec<_>>());
}

#[test]
fn the_cloud_hears_of_a_model_once_and_when_the_link_is_back() {
    let (mut world, a) = world();
    let models = |world: &mut World| {
        world.taken(|output| match output {
            Output::Cloud(ToCloud::Model { identity, model }) => Some((identity.clone(), model.clone())),
            _ => None,
        })
    };
    let announce = |world: &mut World, model: &str| world.request(a, Request::Announce { model: model.into() });
    announce(&mut world, "dtmi:a;1");
    assert_eq!(models(&mut world), []);
    world.input(Input::Link(Link::Online));
    assert_eq!(models(&mut world), [(identity("a"), "dtmi:a;1".to_owned())]);
    announce(&mut world, "dtmi:a;1");
    announce(&mut world, "dtmi:a;2");
    announce(&mut world, &"x".repeat(4097));
    assert_eq!(models(&mut world), [(identity("a"), "dtmi:a;2".to_owned())]);
}

#[test]
fn what_the_cloud_did_not_take_is_sent_again_after_the_link_came_back() {
    let (mut world, a) = world();
    world.input(Input::Link(Link::Online));
    world.publish(a, 1, telemetry("o", "x"));
    assert_eq!(sent(&mut world).len(), 1);
    world.input(Input::Link(Link::Offline));
    world.input(Input::Link(Link::Online));
    assert_eq!(sent(&mut world).len(), 1);
}

// protocol.md §9.2
#[test]
fn a_cloud_that_takes_nothing_is_left_alone_for_longer_each_time() {
    let (mut world, a) = world();
    world.input(Input::Link(Link::Online));
    world.publish(a, 1, telemetry("o", "x"));
    let mut pauses = Vec::new();
    for _ in 0..8 {
        assert_eq!(sent(&mut world).len(), 1);
        world.pass(Duration::from_secs(30));
        assert_eq!(sent(&mut world).len(), 0, "it was not taken in time");
        let resumes = world.hub.upstream.resumes.expect("it goes on");
        pauses.push((resumes - world.now.monotonic).as_secs());
        world.pass(resumes - world.now.monotonic);
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    let (queue, offset, _) = sent(&mut world).remove(0);
    world.input(Input::Cloud(FromCloud::Taken { queue, offset }));
    world.publish(a, 2, telemetry("o", "y"));
    assert_eq!(sent(&mut world).len(), 1, "it takes again");
}

// protocol.md §9.2
#[test]
fn a_hundred_are_on_their_way_to_the_cloud_at_a_time() {
    let (mut world, a) = world();
    world.input(Input::Link(Link::Online));
    (0..120).for_each(|n| world.publish(a, n, telemetry("o", "x")));
    assert_eq!(sent(&mut world).len(), 100);
}
