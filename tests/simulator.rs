//! What the simulator promises its modules, kept on the wire: acknowledgements, queues, sessions, identities, methods.

mod support;

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;

use bytes::Bytes;
use edgectl::mqtt::packet::{ConnAck, Packet, PacketId, Publish, PublishQos, Qos, Subscribe};
use rustix::process::Signal;
use serde_json::{Value, json};
use support::simulation::Simulation;
use support::site::{Site, template};
use support::wire::{Client, Credentials, open_tls, request};

/// A site whose modules `a` and `b` are started from outside, with a route from `a` to the input `in` of `b`.
fn pair() -> Site {
    let route = "FROM /messages/modules/a/* INTO BrokeredEndpoint(\\\"/modules/b/inputs/in\\\")";
    Site::new().file("deployment.template.json", &template(&["a", "b"], route))
}

fn start(site: &Site) -> Simulation {
    site.start_ready("--external a --external b --device d")
}

fn id(number: u16) -> PacketId {
    PacketId::new(number).expect("not zero")
}

fn publish(client: &mut Client, number: u16, topic: &str, body: &str) {
    client.send(&Packet::Publish(Publish {
        duplicate: false,
        retain: false,
        qos: PublishQos::AtLeastOnce(id(number)),
        topic: topic.to_owned(),
        payload: Bytes::copy_from_slice(body.as_bytes()),
    }));
}

/// Publishes as `a` and waits for the acknowledgement.
fn send(a: &mut Client, number: u16, body: &str) {
    publish(a, number, "devices/d/modules/a/messages/events/%24.on=o", body);
    assert_eq!(a.receive(), Some(Packet::PubAck(id(number))));
}

fn subscribe(client: &mut Client, filter: &str) {
    client.send(&Packet::Subscribe(Subscribe { id: id(1), filters: vec![(filter.to_owned(), Qos::AtLeastOnce)] }));
    assert!(matches!(client.receive(), Some(Packet::SubAck(_))));
}

/// Takes the next delivery and acknowledges it.
fn take(client: &mut Client) -> Publish {
    let Some(Packet::Publish(delivered)) = client.receive() else { panic!("a delivery is owed") };
    if let PublishQos::AtLeastOnce(id) = delivered.qos {
        client.send(&Packet::PubAck(id));
    }
    delivered
}

fn module<'a>(list: &'a Value, name: &str) -> &'a Value {
    let modules = list.as_array().expect("a list");
    modules.iter().find(|module| module["name"] == name).expect("it is listed")
}

/// Ends the simulation as `edgectl stop` does.
fn stop(site: &Site, simulation: Simulation) {
    assert_eq!(site.run("stop --json").json(), json!({ "stopped": true }));
    assert_eq!(simulation.end().status, Some(0));
}

#[test]
fn what_was_acknowledged_outlives_kill_9_and_comes_once_and_in_order() {
    let site = pair();
    let simulation = start(&site);
    let mut a = Client::login(&site, "a");
    (1..=40).for_each(|n| send(&mut a, n, &n.to_string()));
    simulation.signal(Signal::KILL);
    drop(simulation.end());

    let simulation = start(&site);
    let bodies = Client::login(&site, "b").receive_inputs(40);
    assert_eq!(bodies, (1..=40).map(|n| n.to_string()).collect::<Vec<_>>());
    stop(&site, simulation);
}

#[test]
fn stop_returns_when_the_next_start_may_come_and_nothing_is_owed_again() {
    let site = pair();
    let simulation = start(&site);
    let (mut a, mut b) = (Client::login(&site, "a"), Client::login(&site, "b"));
    subscribe(&mut b, "devices/d/modules/b/inputs/#");
    send(&mut a, 1, "x");
    assert_eq!(take(&mut b).payload, "x");
    site.run("twin show a").json();
    stop(&site, simulation);
    assert!(!site.folder.path(".edgectl/run.json").exists(), "it is gone before `stop` returns");

    let again = site.simulate("--external a --external b --device d --duration 0");
    assert_eq!(again.status, Some(0), "{}", again.stderr);
    assert!(!again.stderr.contains("Kept"), "{}", again.stderr);
}

#[test]
fn a_session_outlives_the_simulator() {
    let site = pair();
    let simulation = start(&site);
    subscribe(&mut Client::login(&site, "b"), "devices/d/modules/b/inputs/#");
    stop(&site, simulation);

    let simulation = start(&site);
    let credentials = Credentials::of(&site, "b");
    let (mut b, answer) = Client::connect(&site, &credentials, &credentials.token(3600));
    assert_eq!(answer, Some(ConnAck::Accepted { session_present: true }));
    send(&mut Client::login(&site, "a"), 1, "x");
    assert_eq!(take(&mut b).payload, "x", "though it has not subscribed again");
    stop(&site, simulation);
}

#[test]
fn a_second_connection_closes_the_first_and_gets_what_that_did_not_take() {
    let site = pair();
    let mut simulation = start(&site);
    let (mut a, mut first) = (Client::login(&site, "a"), Client::login(&site, "b"));
    subscribe(&mut first, "devices/d/modules/b/inputs/#");
    send(&mut a, 1, "x");
    assert!(matches!(first.receive(), Some(Packet::Publish(_))), "it is not acknowledged");
    let mut second = Client::login(&site, "b");
    assert_eq!(first.receive(), None, "the first is closed");
    assert_eq!(second.receive_inputs(1), ["x"]);
    let line = "connection closed: the same identity connected again";
    simulation.record("the reason in the log", |record| record["module"] == "b" && record["line"] == line);
    assert_eq!(module(&site.run("ps --json").json(), "b")["connected"], true);
    stop(&site, simulation);
}

#[test]
fn nobody_speaks_for_somebody_else() {
    let site = pair();
    let mut simulation = start(&site);
    let mut b = Client::login(&site, "b");
    publish(&mut b, 1, "devices/d/modules/a/messages/events/%24.on=o&%24.cmid=a", "forged");
    assert_eq!(b.receive(), Some(Packet::PubAck(id(1))));
    send(&mut Client::login(&site, "a"), 1, "honest");
    let bodies = Client::login(&site, "b").receive_inputs(1);
    assert_eq!(bodies, ["honest"], "the route takes what `a` sends, and only that");

    let (own, other) = (Credentials::of(&site, "a"), Credentials::of(&site, "b"));
    let socket = own.workload["IOTEDGE_WORKLOADURI"].as_str().and_then(|uri| uri.strip_prefix("unix://"));
    let sign = |of: &Credentials| {
        let generation = of.workload["IOTEDGE_MODULEGENERATIONID"].as_str().expect("a text");
        let body = "{\"keyId\":\"primary\",\"algo\":\"HMACSHA256\",\"data\":\"eA==\"}";
        let text = format!(
            "POST /modules/{}/genid/{generation}/sign?api-version=2018-06-28 HTTP/1.1\r\nHost: localhost\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            of.module,
            body.len()
        );
        let mut stream = UnixStream::connect(socket.expect("a socket")).expect("the door of `a` is open");
        request(&mut stream, &text).lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(sign(&own), "HTTP/1.1 200 OK");
    assert_eq!(sign(&other), "HTTP/1.1 403 Forbidden");
    let refused = "refused to act as `b` (workload API)";
    simulation.record("the attempt in the log", |record| record["module"] == "a" && record["line"] == refused);
    stop(&site, simulation);
}

#[test]
fn a_module_calls_a_method_of_another() {
    let site = pair();
    let simulation = start(&site);
    let mut b = Client::login(&site, "b");
    check_call(&site, "d/modules/b", &mut b);
    stop(&site, simulation);
}

#[test]
fn a_module_calls_a_method_of_a_child_device() {
    // protocol.md §6.1
    let site = pair();
    let simulation = start(&site);
    site.done(&["device", "add", "leaf1"]);
    let credentials = Credentials::of_device(&site, "leaf1");
    let (mut leaf, _) = Client::connect(&site, &credentials, &credentials.token(3600));
    check_call(&site, "leaf1", &mut leaf);
    stop(&site, simulation);
}

/// Has the module `a` call a method of `callee`, whose path is `target`, over HTTPS.
fn check_call(site: &Site, target: &str, callee: &mut Client) {
    let credentials = Credentials::of(site, "a");
    subscribe(callee, "$iothub/methods/POST/#");
    let body = "{\"methodName\":\"reset\",\"payload\":{\"n\":1}}";
    let call = format!(
        "POST /twins/{target}/methods?api-version=2018-06-30 HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\n\
         x-ms-edge-moduleId: d/a\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        site.address,
        credentials.token(3600),
        body.len()
    );
    let mut https = open_tls(site, 443, &credentials.authority);
    https.write_all(call.as_bytes()).and_then(|()| https.flush()).expect("sent");
    let asked = take(callee);
    let rid = asked.topic.strip_prefix("$iothub/methods/POST/reset/?$rid=").expect("the method's topic");
    assert_eq!(asked.payload, "{\"n\":1}");
    publish(callee, 2, &format!("$iothub/methods/res/207/?$rid={rid}"), "{\"ok\":true}");
    let answer = request(&mut https, "");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.ends_with("{\"status\":207,\"payload\":{\"ok\":true}}"), "{answer}");
}

/// Fetches the metrics as somebody who knows the port as `host`; the answer's head, and its lines without the labels
/// that all have.
fn scrape(site: &Site, host: &str) -> (String, Vec<String>) {
    let mut stream = TcpStream::connect((site.address.as_str(), 9600)).expect("the port is open");
    let answer = request(&mut stream, &format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
    let (head, text) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let instance = text.split_once("instance_number=\"").map_or("", |(_, rest)| rest.get(..36).unwrap_or_default());
    let common = format!("iothub=\"{}\",edge_device=\"d\",instance_number=\"{instance}\",", site.address);
    let lines = text.lines().map(|line| line.replace(&common, "").replace(",ms_telemetry=\"True\"", ""));
    (head.to_owned(), lines.collect())
}

// protocol.md §6.3
#[test]
fn metrics_are_served_of_the_one_that_a_collector_names() {
    let site = pair();
    let simulation = start(&site);
    assert_eq!(simulation.ready["ports"]["metrics"], 9600);
    let (mut a, mut b) = (Client::login(&site, "a"), Client::login(&site, "b"));
    subscribe(&mut b, "devices/d/modules/b/inputs/#");
    for n in 1..=2 {
        send(&mut a, n, "x");
        take(&mut b);
    }
    let (head, hub) = scrape(&site, "edgeHub:9600");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{head}");
    for line in [
        "# TYPE edgehub_messages_received_total counter",
        "edgehub_messages_received_total{id=\"d/a\",route_output=\"o\"} 2",
        "edgehub_messages_sent_total{from=\"d/a\",to=\"d/b\",from_route_output=\"o\",to_route_input=\"in\",\
         priority=\"2000000000\"} 2",
        "edgehub_message_size_bytes_count{id=\"d/a\"} 2",
        "edgehub_client_connect_success_total{id=\"d/b\"} 1",
    ] {
        assert!(hub.iter().any(|found| found == line), "no {line} in\n{}", hub.join("\n"));
    }
    let (_, agent) = scrape(&site, "edgeagent:9600");
    assert!(hub.iter().all(|line| !line.contains("edgeAgent_")), "{hub:?}");
    assert!(agent.iter().all(|line| !line.contains("edgehub_")), "{agent:?}");
    let up = agent.iter().any(|line| line.starts_with("edgeAgent_iotedged_uptime_seconds{"));
    assert!(up, "{agent:?}");
    for name in ["used_memory_bytes", "total_memory_bytes"] {
        let row = |module: &str| format!("edgeAgent_{name}{{module_name=\"{module}\"}} ");
        let is_told = |module: &str| agent.iter().any(|line| line.starts_with(&row(module)));
        assert!(is_told("host") && is_told("edgeHub"), "{agent:?}");
    }
    // Two looks at the processors make a share of them, if their clock has ticked between them: a hundred times a second.
    let share = "edgeAgent_used_cpu_percent_count{module_name=\"host\"} ";
    let looks = (0..1000).take_while(|_| !scrape(&site, "edgeAgent").1.iter().any(|line| line.starts_with(share)));
    assert!(looks.count() < 1000, "no clock ticked");
    let (_, both) = scrape(&site, &site.address);
    let kinds = |lines: &[String]| lines.iter().filter(|line| line.starts_with("# TYPE")).count();
    assert_eq!(kinds(&both), kinds(&hub) + kinds(&agent));
    stop(&site, simulation);
}

// protocol.md §6.3
#[test]
fn a_metrics_port_in_use_costs_the_metrics_only() {
    let site = pair();
    let _other = TcpListener::bind((site.address.as_str(), 9600)).expect("free");
    let mut simulation = site.start("--external a --external b --device d --json");
    let holder = std::fs::read_to_string("/proc/self/comm").expect("it is Linux");
    let holder = format!("`{}` (pid {})", holder.trim_end(), std::process::id());
    let warning =
        format!("warning: metrics are not served at {0}: port 9600 of {0} is in use by {holder}", site.address);
    simulation.line("warning", |_, line| line == warning);
    let ready = simulation.record("ready", |record| record["type"] == "ready");
    assert_eq!(ready["ports"]["metrics"], Value::Null);
    send(&mut Client::login(&site, "a"), 1, "x");
    stop(&site, simulation);
}

#[test]
fn twins_of_modules_the_agent_the_hub_and_the_device_are_shown() {
    let site = pair();
    let simulation = start(&site);
    for (target, module) in [("a", json!("a")), ("d/a", json!("a")), ("d", Value::Null)] {
        let twin = site.run(&format!("twin show {target} --json")).json();
        assert_eq!((&twin["deviceId"], &twin["moduleId"]), (&json!("d"), &module), "{target}");
    }
    for system in ["$edgeAgent", "$edgeHub"] {
        let twin = site.run(&format!("twin show {system} --json")).json();
        assert_eq!(twin["properties"]["desired"]["schemaVersion"], "1.1", "{system}");
        assert!(twin["properties"]["desired"]["$metadata"].is_object(), "the service sees it");
    }
    stop(&site, simulation);
}
