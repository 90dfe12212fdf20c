//! Strict peers: AMQP clients that others wrote, as modules and devices without an SDK.

use std::thread;

use serde_json::{Value, json};

use crate::program::{Program, Sdk};
use crate::support::nested::edge_device;
use crate::support::site::{Site, template};

#[test]
fn rhea_is_served() {
    let Some(sdk) = Sdk::node() else { return };
    check_peer(&sdk, "amqp.js");
}

#[test]
fn rhea_is_served_as_a_device() {
    let Some(sdk) = Sdk::node() else { return };
    check_device(&sdk, "amqp.js", "sas");
    check_device(&sdk, "amqp.js", "x509");
}

#[test]
fn proton_is_served() {
    let Some(sdk) = Sdk::python() else { return };
    check_peer(&sdk, "amqp.py");
}

#[test]
fn proton_is_served_as_a_device() {
    let Some(sdk) = Sdk::python() else { return };
    check_device(&sdk, "amqp.py", "sas");
    check_device(&sdk, "amqp.py", "x509");
}

#[test]
fn rhea_is_served_as_the_hub_of_an_edge_device_below() {
    // protocol.md §5.3
    let Some(sdk) = Sdk::node() else { return };
    let site = Site::new().file("deployment.template.json", &template(&["x"], "FROM /messages/* INTO $upstream"));
    let mut simulation = site.start_ready("--external x");
    let (hub, device) = nested(&site);
    let mut peer = sdk.start(&hub, "amqp.js", &[]);
    assert_eq!(peer.event("connected")["status"], 200);
    let leaf = "speak /devices/leaf1/messages/events";
    assert_eq!(peer.step(&format!("{leaf} leaf1;line3"))["condition"], Value::Null);
    let message = simulation.record("telemetry", |r| r["type"] == "message" && r["body"] == "below");
    assert_eq!(message["from"], json!({"device": "leaf1", "module": null, "output": null}));
    let agent = "speak /devices/line3/modules/%24edgeAgent/messages/events line3/$edgeAgent;line3";
    assert_eq!(peer.step(agent)["condition"], Value::Null);
    let of_agent = json!({"device": "line3", "module": "$edgeAgent", "output": null});
    simulation.record("telemetry", |r| r["type"] == "message" && r["from"] == of_agent);
    assert_eq!(peer.step(&format!("{leaf} leaf1;line4"))["condition"], Value::Null, "its link is in already");
    let foreign = format!("speak /devices/{device}/messages/events {device};line3");
    assert_eq!(peer.step(&foreign)["condition"], "amqp:unauthorized-access");
    assert_eq!(peer.step("send 1")["outcomes"], json!(["accepted"]), "it speaks for itself, too");
    peer.end();
}

/// Registers an edge device with a child; returns the environment of its hub, and the name of the device above.
fn nested(site: &Site) -> (String, String) {
    site.done(&["device", "add", "line3", "--edge"]);
    site.done(&["device", "add", "leaf1", "--parent", "line3"]);
    let parent = site.json("device list")[1]["parent"].as_str().expect("a name").to_owned();
    let (_, hub) = edge_device(site, "line3");
    let environment = format!(
        "EdgeHubConnectionString='HostName={0};GatewayHostName={0};DeviceId=line3;ModuleId=$edgeHub;SharedAccessKey={1}'\n\
            EdgeModuleCACertificateFile='{2}'\n",
        hub.hub,
        hub.key.to_base64(),
        site.json("credentials line3")["IOTEDGE_ROOT_CA_CERT_PATH"].as_str().expect("a path"),
    );
    (environment, parent)
}

/// Tokens, telemetry in small and in large, every outcome of inputs, and a link to nowhere.
fn check_peer(sdk: &Sdk, program: &str) {
    let site = Site::new();
    let mut simulation = site.start_ready("--external x -v");
    let credentials = site.run("credentials x --format env --auth connection-string").stdout;
    let mut peer = sdk.start(&credentials, program, &[]);
    assert_eq!(peer.event("connected")["status"], 200);
    assert_eq!(peer.step("token 3600"), json!({"event": "token", "status": 200, "echoed": true}));
    let refused = json!({"event": "token", "status": 401, "echoed": true});
    assert_eq!(peer.step("token -301"), refused, "clocks may differ by 300 s");

    assert_eq!(peer.step("send 2")["outcomes"], json!(["accepted", "accepted"]));
    assert_eq!(simulation.message("x", "$upstream")["body"], json!({"n": 1}));
    assert_eq!(peer.step("large 200")["outcome"], "accepted");
    let large = peer.step("large 257")["outcome"].clone();
    assert!([json!("rejected"), json!("amqp:link:message-size-exceeded")].contains(&large), "{large}");
    assert_eq!(peer.step("attach /nowhere")["condition"], "amqp:not-found");

    for body in ["1", "2", "3"] {
        site.done(&["send", "x/inputs/in", "--data", body]);
    }
    // What is released comes again a second later, behind the others; what is rejected never.
    let taken = receive(&mut peer, "release reject accept accept");
    assert_eq!(taken, json!(["1", "2", "3", "1"]));
    assert!(simulation.record("the rejection", |r| r["line"] == "rejected a message, which is dropped").is_object());
    check_services(&site, &mut peer, "x");

    site.done(&["send", "x/inputs/in", "--data", "4"]);
    assert_eq!(receive(&mut peer, "keep"), json!(["4"]));
    peer.step("again");
    assert_eq!(receive(&mut peer, "accept"), json!(["4"]), "nobody had said a word of it");
    check_services(&site, &mut peer, "x");
    peer.end();
}

/// The same for a device with a token or a certificate, and every outcome of messages from the cloud.
fn check_device(sdk: &Sdk, program: &str, auth: &str) {
    let site = Site::new().file("deployment.template.json", &template(&["x"], "FROM /messages/* INTO $upstream"));
    site.done(&["device", "add", "leaf1", "--auth", auth]);
    let mut simulation = site.start_ready("--external x");
    let mut peer = sdk.start(&site.run("credentials leaf1").stdout, program, &[]);
    let status = peer.event("connected")["status"].clone();
    // protocol.md §5.1
    assert_eq!(status, if auth == "sas" { json!(200) } else { Value::Null }, "who has a certificate needs no token");
    assert_eq!(peer.step("send 2")["outcomes"], json!(["accepted", "accepted"]));
    let message = simulation.record("telemetry", |r| r["type"] == "message" && r["body"]["n"] == 2);
    assert_eq!(message["from"], json!({"device": "leaf1", "module": null, "output": null}));
    check_services(&site, &mut peer, "leaf1");

    // protocol.md §12.5
    for (body, answers) in [("again", "release keep accept"), ("no", "reject"), ("last", "accept")] {
        site.done(&["send", "devices/leaf1", "--data", body]);
        for answer in answers.split(' ') {
            assert_eq!(receive(&mut peer, answer), json!([body]), "{answer}");
        }
        site.ask_until("device list", |devices| devices[0]["waiting"] == 0);
    }
    site.done(&["send", "devices/leaf1", "--data", "left"]);
    assert_eq!(receive(&mut peer, "keep"), json!(["left"]));
    peer.step("again");
    assert_eq!(receive(&mut peer, "accept"), json!(["left"]), "nobody had said a word of it");
    check_services(&site, &mut peer, "leaf1");
    assert_eq!(peer.step("attach /nowhere")["condition"], "amqp:not-found");
    for note in ["rejected a message, which is dropped", "attached a link to `/nowhere`, which no hub knows"] {
        assert_eq!(simulation.record(note, |r| r["type"] == "note" && r["text"] == note)["deviceId"], "leaf1");
    }
    peer.end();
}

/// The twin and direct methods, protocol.md §5.4.
fn check_services(site: &Site, peer: &mut Program, target: &str) {
    let twin = peer.step("twin");
    assert_eq!((&twin["status"], &twin["echoed"]), (&json!(200), &json!(true)), "{twin}");
    let version = twin["twin"]["desired"]["$version"].as_u64().expect("a version");
    assert_eq!(
        peer.step(r#"report {"state":"ready"}"#),
        json!({"event": "report", "status": 204, "echoed": true, "twin": ""})
    );
    // protocol.md §7.2: neither taken nor rounded.
    assert_eq!(peer.step(r#"report {"state":18446744073709551616}"#)["status"], 400);
    assert_eq!(site.json(&format!("twin show {target}"))["properties"]["reported"]["state"], "ready");
    assert_eq!(peer.step("watch")["status"], 200);
    site.done(&["twin", "patch", target, &json!({ "interval": version }).to_string()]);
    let change = json!({"event": "change", "patch": {"interval": version, "$version": version + 1}, "id": null});
    assert_eq!(peer.step("change"), change);
    let call = ["call", target, "count", "--payload", r#"{"a":1}"#, "--json"];
    thread::scope(|scope| {
        let answered = scope.spawn(|| site.folder.run_args(&call).json());
        assert_eq!(peer.step("answer 200"), json!({"event": "answer", "name": "count", "payload": {"a": 1}}));
        let answer = answered.join().expect("it answers");
        assert_eq!(answer, json!({"status": 200, "payload": {"answer": 1}}));
    });
}

/// Takes messages and answers each with the next word; returns their bodies.
fn receive(peer: &mut Program, outcomes: &str) -> Value {
    peer.step(&format!("receive {outcomes}"))["bodies"].clone()
}
