//! What the store has room for, and what has expired in it (protocol.md §9.1).

use super::*;

const TTL: Duration = Duration::from_secs(100);

fn to_b() -> ConfiguredRoute {
    route("ab", "FROM /messages/modules/a/outputs/o INTO BrokeredEndpoint(\"/modules/b/inputs/in\")")
}

fn limited(limit: u64) -> (World, ConnectionId) {
    let mut world = World::new(vec![]);
    let configuration =
        HubConfiguration { routes: vec![to_b()], max_bytes: Some(limit), ..HubConfiguration::default() };
    world.input(Input::Configure(configuration));
    let a = world.connect("a");
    (world, a)
}

fn used(world: &mut World, bytes: u64) {
    world.input(Input::Store(FromStore::Used { bytes }));
}

fn asked_to_expire(world: &mut World) -> Vec<(u64, Duration)> {
    world.taken(|output| match output {
        Output::Store(ToStore::Expire { from, unix, .. }) => Some((*from, *unix)),
        _ => None,
    })
}

fn expired(world: &mut World, from: u64, below: u64) -> Vec<u64> {
    let endpoint = Endpoint::Input { module: module("b"), input: "in".into() };
    let queue = QueueId { endpoint, priority: QueueId::LAST };
    world.input(Input::Store(FromStore::Expired { queue, from, below }));
    world.taken(|output| match output {
        Output::Store(ToStore::Done { first, .. }) => Some(*first),
        _ => None,
    })
}

// protocol.md §9.1
#[test]
fn a_full_store_refuses_what_it_would_have_to_keep_and_nothing_else() {
    let (mut world, a) = limited(1000);
    used(&mut world, 1000);
    world.publish(a, 1, telemetry("elsewhere", "no route takes it"));
    world.store();
    assert_eq!(world.told(a), [Event::Accepted { receipt: Receipt(1) }]);
    world.publish(a, 2, telemetry("o", "x"));
    world.store();
    assert_eq!(world.told(a), []);
    let closed = world.taken(|output| match output {
        Output::Close { reason, .. } => Some(*reason),
        _ => None,
    });
    assert_eq!(closed, ["there is no room for more messages (see `--max-storage`)"]);
    assert_eq!(world.hub.waiting().len(), 0);
    used(&mut world, 999);
    let a = world.connect("a");
    world.publish(a, 3, telemetry("o", "x"));
    assert_eq!(world.hub.waiting().values().sum::<u64>(), 1);
}

#[test]
fn a_full_store_refuses_the_developer_too() {
    let (mut world, _) = limited(10);
    used(&mut world, 11);
    let inject = |injection| Input::Inject { ticket: Ticket(7), injection, message: telemetry("o", "x") };
    world.input(inject(Injection::FromModule(module("a"))));
    world.input(inject(Injection::ToInput { module: module("b"), input: "in".into() }));
    let results = world.taken(|output| match output {
        Output::Injected { result, .. } => Some(*result),
        _ => None,
    });
    assert_eq!(results, [Err(StoreFull { used: 11, limit: 10 }); 2]);
}

// protocol.md §9.1
#[test]
fn what_has_expired_unread_is_cleared_away_from_the_head() {
    let mut world = World::new(vec![]);
    let configuration =
        HubConfiguration { routes: vec![to_b()], time_to_live: Some(TTL), ..HubConfiguration::default() };
    world.input(Input::Configure(configuration));
    let a = world.connect("a");
    (0..9).for_each(|n| world.publish(a, n, telemetry("o", "x")));
    world.pass(Duration::from_secs(200));
    assert_eq!(asked_to_expire(&mut world), [(0, world.now.unix)]);
    assert_eq!(expired(&mut world, 0, 4), [4]);
    assert_eq!(asked_to_expire(&mut world), [(4, world.now.unix)], "there may be more");
    assert_eq!(expired(&mut world, 4, 4), [0; 0]);
    assert_eq!(asked_to_expire(&mut world), []);
    assert_eq!(world.hub.waiting().values().sum::<u64>(), 5);
    world.pass(Duration::from_secs(59));
    assert_eq!(asked_to_expire(&mut world), []);
    world.pass(Duration::from_secs(1));
    assert_eq!(asked_to_expire(&mut world), [(4, world.now.unix)]);
}

#[test]
fn what_is_on_its_way_is_not_cleared_away() {
    let mut world = World::new(vec![to_b()]);
    let (a, b) = (world.connect("a"), world.connect("b"));
    world.publish(a, 1, telemetry("o", "x"));
    world.pass(Duration::from_secs(200));
    assert_eq!(asked_to_expire(&mut world).len(), 1);
    world.subscribe(b, Feature::Inputs);
    assert_eq!(expired(&mut world, 0, 1), [0; 0], "it was handed out meanwhile");
    assert_eq!(world.bodies(b), ["x"]);
}

#[test]
fn a_clock_that_jumps_expires_what_is_due_by_it_and_loses_no_order() {
    let mut world = World::new(vec![ConfiguredRoute { time_to_live: Some(TTL), ..to_b() }]);
    let (a, b) = (world.connect("a"), world.connect("b"));
    world.publish(a, 1, telemetry("o", "1"));
    world.now.unix -= Duration::from_secs(3600);
    world.publish(a, 2, telemetry("o", "2"));
    world.now.unix += Duration::from_secs(3600);
    world.publish(a, 3, telemetry("o", "3"));
    world.subscribe(b, Feature::Inputs);
    assert_eq!(world.bodies(b), ["1", "3"], "by the clock of now the second is an hour old");
    let deadline = world.hub.deadline().expect("two are on their way");
    assert!(deadline <= world.now.monotonic + Duration::from_secs(30), "what waits does so on the other clock");
}
