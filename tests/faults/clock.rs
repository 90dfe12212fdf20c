//! A wall clock that jumps under a running simulation, as after a suspended laptop or a first answer of a time server.
//!
//! libfaketime, between edgectl and the system, reads how far to be off from a file at each look at the clock. The
//! clients of the tests have the right time.

use serde_json::json;

use crate::support::parts::part;
use crate::support::simulation::Simulation;
use crate::support::site::{Site, template};
use crate::support::wire::{Client, Credentials};
use edgectl::mqtt::packet::{ConnAck, ConnectRefusal};

const HOUR: i64 = 3600;

/// A site whose simulation has a clock that can be set; `None`, which is said, where libfaketime is not here.
fn with_clock(site: Site) -> Option<Site> {
    let library = part("EDGECTL_TEST_FAKETIME")?;
    let offset = site.folder.above().join("offset");
    let variables = [
        ("LD_PRELOAD", library),
        ("FAKETIME_TIMESTAMP_FILE", offset.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        // A jump is of the wall clock alone.
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    let site = site.variables(&variables);
    jump(&site, 0);
    Some(site)
}

/// Sets the clock of the simulation so many seconds off; told as seen by it.
fn jump(site: &Site, seconds: i64) {
    let path = site.folder.above().join("offset");
    // Replaced as a whole, so that nobody reads half of it.
    std::fs::write(path.with_extension("new"), format!("{seconds:+}\n")).expect("it can be written");
    std::fs::rename(path.with_extension("new"), path).expect("it can be renamed");
}

fn connect(site: &Site, seconds: i64) -> ConnAck {
    let credentials = Credentials::of(site, "x");
    let (_, answer) = Client::connect(site, &credentials, &credentials.token(seconds));
    answer.expect("an answer")
}

fn send(site: &Site, body: &str) {
    site.done(&["send", "x/inputs/in", "--data", body]);
}

fn one_module() -> Site {
    Site::new().file("deployment.template.json", &template(&["x"], "FROM /messages/* INTO $upstream"))
}

fn is_accepted(answer: &ConnAck) -> bool {
    matches!(answer, ConnAck::Accepted { .. })
}

#[test]
fn a_clock_that_jumps_ahead_lets_old_tokens_in_no_more_and_ends_no_connection() {
    let Some(site) = with_clock(one_module()) else { return };
    let _simulation = site.start_ready("--external x");
    let mut client = Client::login(&site, "x");
    jump(&site, 2 * HOUR);
    assert_eq!(connect(&site, HOUR), ConnAck::Refused(ConnectRefusal::NotAuthorized), "it ended an hour ago");
    send(&site, "after");
    assert_eq!(client.receive_inputs(1), ["after"], "who is in stays in");
    assert!(is_accepted(&connect(&site, 3 * HOUR)));
    jump(&site, 0);
    assert!(is_accepted(&connect(&site, HOUR)), "as before");
}

// protocol.md §9.1
#[test]
fn a_clock_that_jumps_ahead_ends_the_time_of_what_waits_and_of_nothing_after() {
    let Some(site) = with_clock(one_module()) else { return };
    let _simulation = site.start_ready("--external x");
    send(&site, "two hours");
    jump(&site, 3 * HOUR);
    send(&site, "two more");
    let credentials = Credentials::of(&site, "x");
    let (mut client, answer) = Client::connect(&site, &credentials, &credentials.token(6 * HOUR));
    assert!(answer.is_some_and(|answer| is_accepted(&answer)));
    assert_eq!(client.receive_inputs(1), ["two more"]);
    assert!(client.hears_nothing());
}

#[test]
fn a_clock_that_jumps_back_loses_nothing_and_delays_no_restart() {
    let modules = Site::with_modules(&[("x", "sleep 0.2; exit 1"), ("y", "sleep 100")]);
    let Some(site) = with_clock(modules) else { return };
    let mut simulation = site.start_ready("--time-scale 20 --external y");
    let y = "y/inputs/in";
    site.done(&["send", y, "--data", "before"]);
    wait_for_restart(&mut simulation, 1);
    jump(&site, -24 * HOUR);
    wait_for_restart(&mut simulation, 2);
    site.done(&["send", y, "--data", "after"]);
    assert_eq!(Client::login(&site, "y").receive_inputs(2), ["before", "after"]);
    site.done(&["twin", "patch", "y", "{\"interval\":5}"]);
    assert_eq!(site.json("twin show y")["properties"]["desired"]["interval"], json!(5));
    let run = simulation.interrupt();
    assert_eq!(run.status, Some(130), "{}", run.stderr);
    // The next run begins with what was written at a time that has not come yet.
    jump(&site, -48 * HOUR);
    let _simulation = site.start_ready("--external x --external y");
    site.done(&["send", y, "--data", "much before"]);
    assert_eq!(Client::login(&site, "y").receive_inputs(1), ["much before"]);
}

/// Waits until the module `x` was started again so often.
fn wait_for_restart(simulation: &mut Simulation, times: u64) {
    let is_it = |r: &serde_json::Value| r["type"] == "module" && r["name"] == "x" && r["restarts"] == times;
    simulation.record("a restart", is_it);
}
