//! From a publish to the queues.

use super::*;

fn to_b() -> ConfiguredRoute {
    route("ab", "FROM /messages/modules/a/* INTO BrokeredEndpoint(\"/modules/b/inputs/in\")")
}

#[test]
fn a_message_is_acknowledged_only_when_it_is_stored() {
    let mut world = World::new(vec![to_b()]);
    let a = world.connect("a");
    world.publish(a, 7, telemetry("o", "x"));
    assert_eq!(world.told(a), []);
    world.store();
    assert_eq!(world.told(a), [Event::Accepted { receipt: Receipt(7) }]);
}

#[test]
fn acknowledgements_keep_the_order_of_the_messages() {
    let mut world = World::new(vec![route("one", "FROM /messages/modules/a/outputs/kept INTO $upstream")]);
    let a = world.connect("a");
    world.publish(a, 1, telemetry("kept", "x"));
    world.publish(a, 2, telemetry("dropped", "y"));
    assert_eq!(world.told(a), [], "the second is not acknowledged before the first");
    world.store();
    assert_eq!(world.told(a), [1, 2].map(|n| Event::Accepted { receipt: Receipt(n) }));
}

#[test]
fn a_message_without_a_route_is_acknowledged_and_dropped() {
    let mut world = World::new(vec![]);
    let a = world.connect("a");
    world.publish(a, 1, telemetry("o", "x"));
    assert_eq!(world.told(a), [Event::Accepted { receipt: Receipt(1) }]);
    assert_eq!(world.hub.waiting().len(), 0);
}

#[test]
fn what_the_sender_claims_to_be_is_overwritten() {
    let mut world = World::new(vec![to_b()]);
    let (a, b) = (world.connect("a"), world.connect("b"));
    world.subscribe(b, Feature::Inputs);
    let mut forged = telemetry("o", "x");
    forged.set_system(system::CONNECTION_MODULE_ID, "c");
    forged.set_system(system::MESSAGE_TYPE, "twinChangeNotification");
    world.publish(a, 1, forged);
    let told = world.told(b);
    let [Event::Deliver { message, target, .. }] = told.as_slice() else { panic!("one delivery, not {told:?}") };
    assert_eq!(message.system(system::CONNECTION_MODULE_ID), Some("a"));
    assert_eq!(message.system(system::MESSAGE_TYPE), None);
    assert_eq!(*target, Target::Input("in".into()));
}

#[test]
fn two_routes_to_one_input_deliver_once_by_the_better_priority() {
    let better = ConfiguredRoute { priority: Some(1), ..to_b() };
    let mut world = World::new(vec![to_b(), better]);
    let a = world.connect("a");
    world.publish(a, 1, telemetry("o", "x"));
    let queues = world.taken(|output| match output {
        Output::Store(ToStore::Append { queue, .. }) => Some(queue.priority),
        _ => None,
    });
    assert_eq!(queues, [1]);
}

#[test]
fn outputs_are_routed_however_many_there_are_and_however_long_they_are() {
    let mut world = World::new(vec![route("all", "FROM /messages/modules/a/* INTO $upstream")]);
    let a = world.connect("a");
    let outputs = (0..1100).map(|n| format!("output{n}")).chain(["o".repeat(600)]);
    let outputs: Vec<String> = outputs.collect();
    outputs.iter().chain(&outputs).for_each(|output| world.publish(a, 1, telemetry(output, "x")));
    assert_eq!(world.hub.waiting()[&Endpoint::Upstream], 2 * outputs.len() as u64);
}

#[test]
fn routes_to_two_inputs_of_a_module_deliver_twice_each_in_order() {
    let second = ConfiguredRoute {
        priority: Some(0),
        ..route("ab2", "FROM /messages/modules/a/* INTO BrokeredEndpoint(\"/modules/b/inputs/second\")")
    };
    let mut world = World::new(vec![to_b(), second]);
    let (a, b) = (world.connect("a"), world.connect("b"));
    world.subscribe(b, Feature::Inputs);
    (1..=2).for_each(|n| world.publish(a, n, telemetry("o", &n.to_string())));
    let mut delivered: Vec<(String, String)> = Vec::new();
    for event in world.told(b) {
        let Event::Deliver { target: Target::Input(input), message, .. } = event else { panic!("{event:?}") };
        delivered.push((input.to_string(), String::from_utf8(message.body.to_vec()).expect("text")));
    }
    delivered.sort_by(|one, other| one.0.cmp(&other.0));
    let expected = [("in", "1"), ("in", "2"), ("second", "1"), ("second", "2")];
    assert_eq!(delivered, expected.map(|(input, body)| (input.to_owned(), body.to_owned())));
}

#[test]
fn nothing_is_acknowledged_while_the_store_is_behind() {
    let mut world = World::new(vec![to_b()]);
    let a = world.connect("a");
    (1..=3).for_each(|n| world.publish(a, n, telemetry("o", "x")));
    world.input(Input::Store(FromStore::Durable { mark: 2 }));
    assert_eq!(world.told(a), [1, 2].map(|n| Event::Accepted { receipt: Receipt(n) }));
    world.pass(Duration::from_secs(600));
    assert_eq!(world.told(a), [], "a store that failed never says more");
}

#[test]
fn a_message_over_256_kb_ends_the_connection() {
    let mut world = World::new(vec![to_b()]);
    let a = world.connect("a");
    world.publish(a, 1, telemetry("o", &"x".repeat(256 * 1024)));
    assert!(!world.hub.client(&identity("a")).connected);
    assert_eq!(world.hub.waiting().len(), 0);
}

#[test]
fn an_injected_message_reaches_the_input_and_is_answered_when_stored() {
    let mut world = World::new(vec![]);
    let injection = Injection::ToInput { module: module("b"), input: "in".into() };
    world.input(Input::Inject { ticket: Ticket(5), injection, message: telemetry("", "x") });
    let answered = |output: &Output| matches!(output, Output::Injected { ticket: Ticket(5), result: Ok(1) });
    assert!(!world.outputs.iter().any(answered));
    world.store();
    assert!(world.outputs.iter().any(answered));
}

#[test]
fn a_message_as_if_sent_by_a_module_is_routed() {
    let mut world = World::new(vec![to_b()]);
    let b = world.connect("b");
    world.subscribe(b, Feature::Inputs);
    let injection = Injection::FromModule(module("a"));
    world.input(Input::Inject { ticket: Ticket(5), injection, message: telemetry("o", "x") });
    assert_eq!(world.bodies(b), ["x"]);
}
