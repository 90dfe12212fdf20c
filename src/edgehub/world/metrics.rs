//! What is counted, as it is shown. The names, types and labels are those of protocol.md §6.3.

use super::*;
use crate::metrics::render;

const TO_B: &str = "FROM /messages/modules/a/outputs/o INTO BrokeredEndpoint(\"/modules/b/inputs/in\")";
const UP: &str = "FROM /messages/modules/a/outputs/o INTO $upstream";

/// Returns the samples of a metric, its name and what all of them have taken off.
fn samples(world: &World, name: &str) -> Vec<String> {
    let text = render(&[], &world.hub.metrics(world.now));
    let lines = text.lines().filter_map(|line| line.strip_prefix(name));
    lines.map(|line| line.replace(",ms_telemetry=\"True\"", "")).collect()
}

fn online(routes: Vec<ConfiguredRoute>) -> World {
    let mut world = World::new(routes);
    world.input(Input::Link(Link::Online));
    world
}

// protocol.md §6.3
#[test]
fn messages_are_counted_by_where_they_come_from_and_where_they_go() {
    let mut world = online(vec![route("b", TO_B), ConfiguredRoute { priority: Some(3), ..route("up", UP) }]);
    let (a, b) = (world.connect("a"), world.connect("b"));
    world.publish(a, 1, telemetry("o", "12345"));
    world.publish(a, 2, telemetry("o", "12345"));
    world.publish(a, 3, telemetry("nowhere", "1"));
    let waiting = |world: &World| samples(world, "edgehub_queue_length");
    let upstream = "{endpoint=\"iothub\",priority=\"3\"} 2";
    assert_eq!(waiting(&world), [upstream, "{endpoint=\"d1/b/in\",priority=\"2000000000\"} 2"]);
    world.subscribe(b, Feature::Inputs);
    for (delivery, _) in world.delivered(b) {
        world.request(b, Request::Acknowledge { delivery });
    }
    assert_eq!(waiting(&world), [upstream, "{endpoint=\"d1/b/in\",priority=\"2000000000\"} 0"]);
    assert_eq!(
        samples(&world, "edgehub_messages_received_total"),
        ["{id=\"d1/a\",route_output=\"nowhere\"} 1", "{id=\"d1/a\",route_output=\"o\"} 2"]
    );
    assert_eq!(
        samples(&world, "edgehub_message_size_bytes"),
        [
            "_sum{id=\"d1/a\"} 50",
            "_count{id=\"d1/a\"} 3",
            "{id=\"d1/a\",quantile=\"0.1\"} 16",
            "{id=\"d1/a\",quantile=\"0.5\"} 16",
            "{id=\"d1/a\",quantile=\"0.9\"} 18",
            "{id=\"d1/a\",quantile=\"0.99\"} 18",
        ]
    );
    assert_eq!(
        samples(&world, "edgehub_messages_sent_total"),
        [
            "{from=\"d1/a\",to=\"upstream\",from_route_output=\"o\",to_route_input=\"\",priority=\"3\"} 2",
            "{from=\"d1/a\",to=\"d1/b\",from_route_output=\"o\",to_route_input=\"in\",priority=\"2000000000\"} 2",
        ]
    );
    assert_eq!(
        samples(&world, "edgehub_messages_dropped_total"),
        ["{reason=\"no_route\",from=\"d1/a\",from_route_output=\"nowhere\"} 1"]
    );
}

// protocol.md §6.3
#[test]
fn a_message_that_comes_too_late_is_dropped() {
    let brief = ConfiguredRoute { time_to_live: Some(Duration::from_secs(5)), ..route("b", TO_B) };
    let mut world = World::new(vec![brief]);
    let (a, b) = (world.connect("a"), world.connect("b"));
    world.publish(a, 1, telemetry("o", "old"));
    world.pass(Duration::from_secs(6));
    world.subscribe(b, Feature::Inputs);
    assert_eq!(
        samples(&world, "edgehub_messages_dropped_total"),
        ["{reason=\"ttl_expiry\",from=\"d1/a\",from_route_output=\"o\"} 1"]
    );
    assert_eq!(samples(&world, "edgehub_messages_sent_total"), Vec::<String>::new());
}

// protocol.md §6.3
#[test]
fn twin_operations_are_counted_on_both_sides_of_the_hub() {
    let mut world = online(vec![]);
    for name in ["a", "b", "c"] {
        world.cloud_twin(name, json!({"$version": 1}));
    }
    let a = world.connect("a");
    world.request(a, Request::GetTwin { rid: "1".into() });
    world.now.monotonic += Duration::from_millis(250);
    world.cloud_twin("a", json!({"$version": 1}));
    world.request(a, Request::PatchReported { rid: "2".into(), patch: Bytes::from_static(b"{\"x\":1}") });
    let of_a = |name| samples(&world, name).into_iter().filter(|line| line.contains("d1/a")).collect::<Vec<_>>();
    // The hub asks for every twin when the link comes up, too.
    assert_eq!(
        of_a("edgehub_gettwin_total"),
        ["{source=\"edge_hub\",id=\"d1/a\"} 1", "{source=\"upstream\",id=\"d1/a\"} 2"]
    );
    assert_eq!(
        of_a("edgehub_gettwin_duration_seconds"),
        [
            "_sum{source=\"upstream\",id=\"d1/a\"} 0.25",
            "_count{source=\"upstream\",id=\"d1/a\"} 2",
            "{source=\"upstream\",id=\"d1/a\",quantile=\"0.1\"} 0",
            "{source=\"upstream\",id=\"d1/a\",quantile=\"0.5\"} 0",
            "{source=\"upstream\",id=\"d1/a\",quantile=\"0.9\"} 0.25",
            "{source=\"upstream\",id=\"d1/a\",quantile=\"0.99\"} 0.25",
        ]
    );
    assert_eq!(
        of_a("edgehub_reported_properties_total"),
        ["{target=\"edge_hub\",id=\"d1/a\"} 1", "{target=\"upstream\",id=\"d1/a\"} 1"]
    );
}

// protocol.md §6.3
#[test]
fn a_direct_method_is_counted_when_called_and_timed_when_answered() {
    let mut world = World::new(vec![]);
    let b = world.connect("b");
    world.subscribe(b, Feature::Methods);
    let credential = world.token("a", 1_700_003_600);
    let caller = Caller::Module { identity: identity("a"), credential };
    for (call, caller) in [(CallId(1), caller), (CallId(2), Caller::Cloud)] {
        let invocation = Invocation {
            caller,
            target: identity("b"),
            method: "ping".into(),
            payload: Bytes::from_static(b"null"),
            response_timeout: Duration::from_secs(30),
            connect_timeout: Duration::ZERO,
        };
        world.input(Input::Invoke { call, invocation });
    }
    world.now.monotonic += Duration::from_millis(1500);
    world.request(b, Request::AnswerMethod { rid: "1".into(), status: 200, payload: Bytes::new() });
    assert_eq!(
        samples(&world, "edgehub_direct_methods_total"),
        ["{from=\"d1/a\",to=\"d1/b\"} 1", "{from=\"upstream\",to=\"d1/b\"} 1"]
    );
    let times = samples(&world, "edgehub_direct_method_duration_seconds");
    assert_eq!(
        times[..2],
        ["_sum{from=\"d1/a\",to=\"d1/b\"} 1.5", "_count{from=\"d1/a\",to=\"d1/b\"} 1"],
        "{times:?}: who has no answer has no duration"
    );
    assert_eq!(times.len(), 6);
}

// protocol.md §6.3
#[test]
fn clients_are_counted_when_they_come_go_and_are_refused() {
    let mut world = World::new(vec![]);
    let a = world.connect("a");
    world.connect("b");
    world.input(Input::Disconnect { connection: a });
    world.connect("a");
    world.connect_with("c", Credential::None, Session::Kept);
    assert_eq!(samples(&world, "edgehub_connected_clients"), ["{} 2"]);
    assert_eq!(samples(&world, "edgehub_client_connect_success_total"), ["{id=\"d1/a\"} 2", "{id=\"d1/b\"} 1"]);
    assert_eq!(samples(&world, "edgehub_client_disconnect_total"), ["{id=\"d1/a\"} 1"]);
    assert_eq!(
        samples(&world, "edgehub_client_connect_failed_total"),
        ["{id=\"d1/c\",reason=\"not_authenticated\"} 1"]
    );
}

// protocol.md §6.3
#[test]
fn a_cut_link_is_counted_and_timed_once_it_is_back() {
    let mut world = online(vec![]);
    assert_eq!(samples(&world, "edgehub_offline_count_total"), Vec::<String>::new(), "the start is no cut");
    world.input(Input::Link(Link::Offline));
    world.now.monotonic += Duration::from_secs(90);
    assert_eq!(samples(&world, "edgehub_offline_count_total"), ["{id=\"d1/$edgeHub\"} 1"]);
    assert_eq!(samples(&world, "edgehub_offline_duration_seconds"), Vec::<String>::new());
    world.input(Input::Link(Link::Online));
    assert_eq!(
        samples(&world, "edgehub_offline_duration_seconds")[..3],
        ["_sum{id=\"d1/$edgeHub\"} 90", "_count{id=\"d1/$edgeHub\"} 1", "{id=\"d1/$edgeHub\",quantile=\"0.1\"} 90"]
    );
}

// protocol.md §6.3
#[test]
fn a_message_is_sent_once_its_receiver_has_it_and_retried_if_it_does_not() {
    let mut world = online(vec![route("b", TO_B), route("up", UP)]);
    let (a, b) = (world.connect("a"), world.connect("b"));
    world.publish(a, 1, telemetry("o", "1"));
    world.subscribe(b, Feature::Inputs);
    world.now.monotonic += Duration::from_millis(250);
    let (delivery, _) = world.delivered(b)[0];
    world.request(b, Request::Release { delivery });
    world.pass(Duration::from_secs(1));
    world.now.monotonic += Duration::from_millis(500);
    let (delivery, _) = world.delivered(b)[0];
    world.request(b, Request::Acknowledge { delivery });
    let queue = QueueId { endpoint: Endpoint::Upstream, priority: QueueId::LAST };
    world.input(Input::Cloud(FromCloud::Taken { queue, offset: 0 }));
    let sums: Vec<_> = samples(&world, "edgehub_message_send_duration_seconds_sum");
    assert_eq!(
        sums,
        [
            "{from=\"d1/a\",to=\"upstream\",from_route_output=\"o\",to_route_input=\"\"} 1.75",
            "{from=\"d1/a\",to=\"d1/b\",from_route_output=\"o\",to_route_input=\"in\"} 0.5",
        ]
    );
    let processed: Vec<_> = samples(&world, "edgehub_message_process_duration_seconds_sum");
    assert_eq!(
        processed,
        [
            "{from=\"d1/a\",to=\"upstream\",priority=\"2000000000\"} 1.75",
            "{from=\"d1/a\",to=\"d1/b\",priority=\"2000000000\"} 1.75",
        ],
        "what is sent again is in the queue all the time"
    );
    assert_eq!(
        samples(&world, "edgehub_operation_retry_total"),
        ["{id=\"d1/b/in\",operation=\"SendMessageToModule\"} 1"]
    );
}

// protocol.md §6.3
#[test]
fn a_message_that_the_store_has_no_room_for_is_counted() {
    let mut world = online(vec![route("b", TO_B)]);
    world.hub.limit_storage(0);
    let a = world.connect("a");
    world.publish(a, 1, telemetry("o", "1"));
    assert_eq!(
        samples(&world, "edgehub_messages_unack_total"),
        ["{reason=\"storage_failure\",from=\"d1/a\",from_route_output=\"o\"} 1"]
    );
}

// protocol.md §6.3
#[test]
fn a_reported_patch_takes_until_the_cloud_has_it() {
    let mut world = online(vec![]);
    let a = world.connect("a");
    for rid in ["1", "2"] {
        world.request(a, Request::PatchReported { rid: rid.into(), patch: Bytes::from_static(b"{\"x\":1}") });
        world.now.monotonic += Duration::from_millis(250);
    }
    world.input(Input::Cloud(FromCloud::Confirmed { identity: identity("a") }));
    let of_a = |world: &World| {
        let lines = samples(world, "edgehub_reported_properties_update_duration_seconds");
        lines.into_iter().filter(|line| line.contains("d1/a\"}")).collect::<Vec<_>>()
    };
    assert_eq!(
        of_a(&world),
        ["_sum{target=\"upstream\",id=\"d1/a\"} 0.5", "_count{target=\"upstream\",id=\"d1/a\"} 1"]
    );
}
