//! Strict peers: AMQP clients that others wrote, as modules without an SDK.

use serde_json::{Value, json};

use crate::program::{Program, Sdk};
use crate::support::site::Site;

#[test]
fn rhea_is_served() {
    let Some(sdk) = Sdk::node() else { return };
    check_peer(&sdk, "amqp.js", ["accept", "reject", "release"]);
}

#[test]
fn proton_is_served() {
    let Some(sdk) = Sdk::python() else { return };
    check_peer(&sdk, "amqp.py", ["accept", "reject", "release"]);
}

/// Tokens, telemetry in small and in large, every outcome of inputs, and a link to nowhere.
fn check_peer(sdk: &Sdk, program: &str, [accept, reject, release]: [&str; 3]) {
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
    let taken = receive(&mut peer, &[release, reject, accept, accept]);
    assert_eq!(taken, json!(["1", "2", "3", "1"]));
    assert!(simulation.record("the rejection", |r| r["line"] == "rejected a message, which is dropped").is_object());
    peer.end();
}

fn receive(peer: &mut Program, outcomes: &[&str]) -> Value {
    peer.step(&format!("receive {}", outcomes.join(" ")))["bodies"].clone()
}
