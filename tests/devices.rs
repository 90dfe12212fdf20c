//! Several edge devices in one simulation: each with its modules, its address and its children, below one cloud.

#[path = "devices/elsewhere.rs"]
mod elsewhere;
mod support;

use edgectl::mqtt::packet::{ConnAck, ConnectRefusal, Packet, PacketId, Publish, PublishQos, Qos, Subscribe};
use rustix::process::Signal;
use serde_json::{Value, json};
use support::simulation::Simulation;
use support::site::{Site, template};
use support::wire::{Client, Credentials};

const REFUSED: Option<ConnAck> = Some(ConnAck::Refused(ConnectRefusal::NotAuthorized));
const BOTH: &str = "--device d --external a --external b --external line2/a --external line2/c";

/// The device `d` with a route from its module `a` to its `b`, and `line2` with one from its own `a` to its `c`.
fn pair() -> Site {
    let route = |to: &str| format!("FROM /messages/modules/a/* INTO BrokeredEndpoint(\\\"/modules/{to}/inputs/in\\\")");
    Site::new()
        .file("deployment.template.json", &template(&["a", "b"], &route("b")))
        .file("line2.template.json", &template(&["a", "c"], &route("c")))
        .file(
            "edgectl.yaml",
            &format!("devices: {{line2: {{file: line2.template.json, address: {}}}}}\n", other_address()),
        )
}

/// Returns an address that no other test has.
fn other_address() -> String {
    Site::new().address.clone()
}

fn start(site: &Site) -> Simulation {
    site.start_ready(BOTH)
}

/// Connects at the gateway that the credentials of a module name.
fn login(site: &Site, module: &str) -> Client {
    let credentials = Credentials::of(site, module);
    let (client, code) = Client::connect_to(&credentials.hub, &credentials, &credentials.token(3600));
    assert!(matches!(code, Some(ConnAck::Accepted { .. })), "{code:?}");
    client
}

fn subscribe(client: &mut Client, filter: &str) {
    let id = PacketId::new(1).expect("not zero");
    client.send(&Packet::Subscribe(Subscribe { id, filters: vec![(filter.to_owned(), Qos::AtLeastOnce)] }));
    assert!(matches!(client.receive(), Some(Packet::SubAck(_))));
}

/// Takes the next delivery, acknowledges it and returns its body.
fn take(client: &mut Client) -> String {
    let Some(Packet::Publish(Publish { qos, payload, .. })) = client.receive() else { panic!("a delivery is owed") };
    if let PublishQos::AtLeastOnce(id) = qos {
        client.send(&Packet::PubAck(id));
    }
    String::from_utf8(payload.to_vec()).expect("a text")
}

fn names(list: &Value) -> Vec<String> {
    let name = |module: &Value| format!("{}/{}", module["device"], module["name"]).replace('"', "");
    list.as_array().expect("a list").iter().map(name).collect()
}

#[test]
fn each_device_routes_what_its_own_modules_send() {
    let site = pair();
    let simulation = start(&site);
    let [main, line2] = [0, 1].map(|n| simulation.ready["devices"][n].clone());
    assert_eq!((&main["device"], &main["address"]), (&json!("d"), &json!(site.address)));
    assert_eq!((&line2["device"], &line2["modules"]), (&json!("line2"), &json!(["a", "c"])));
    assert_eq!(simulation.ready["device"], "d", "the main device is told as ever");
    assert_eq!(names(&site.json("ps")), ["d/a", "d/b", "line2/a", "line2/c"]);

    let mut b = login(&site, "b");
    let mut c = login(&site, "line2/c");
    subscribe(&mut b, "devices/d/modules/b/#");
    subscribe(&mut c, "devices/line2/modules/c/#");
    site.done(&["send", "a/outputs/o", "--data", "of d"]);
    site.done(&["send", "line2/a/outputs/o", "--data", "of line2"]);
    assert_eq!((take(&mut b), take(&mut c)), ("of d".to_owned(), "of line2".to_owned()));
    let seen = site.run("monitor --from line2/a --since start --count 1 --timeout 10s");
    assert_eq!(
        seen.stdout.split_once("  ").map(|(_, rest)| rest),
        Some("line2/a/outputs/o → modules/c/inputs/in  of line2\n")
    );
}

#[test]
fn a_name_without_a_device_means_the_main_one_or_the_only_one() {
    let site = pair().file("line3.json", &template(&["c"], "FROM /messages/* INTO $upstream"));
    let _simulation = site.start_ready(&format!("{BOTH} --device line3=line3.json --external line3/c"));
    assert_eq!(site.json("twin show a")["deviceId"], "d");
    assert_eq!(site.json("twin show line2/a")["deviceId"], "line2");
    assert_eq!(site.json("twin show line3")["capabilities"]["iotEdge"], true);
    let several = "error: several devices have a module `c`\nhint: write one of `line2/c`, `line3/c`\n";
    site.run("twin show c").check(1, "", several);
    site.run("send c/inputs/in --data x").check(1, "", several);
    let unknown = "error: the simulation has no module `line2/b`\nhint: did you mean `line2/a`?\n";
    site.run("logs line2/b").check(1, "", unknown);
    site.run("monitor --to line2/b/inputs/in").check(1, "", unknown);
    let stranger = "error: `line4` is no edge device of the simulation\nhint: did you mean `line2`?\n";
    site.run("logs line4/a").check(1, "", stranger);
}

#[test]
fn a_flag_for_a_name_without_a_device_means_the_same() {
    let site = pair().file("line3.json", &template(&["c"], "FROM /messages/* INTO $upstream"));
    let flags = "--device d --external a --external b --external line2/a";
    let several = "error: several devices have a module `c`\nhint: write one of `line2/c`, `line3/c`\n";
    site.simulate(&format!("{flags} --device line3=line3.json --without c")).check(1, "", several);
    let _simulation = site.start_ready(&format!("{flags} --without c"));
    assert_eq!(names(&site.json("ps")), ["d/a", "d/b", "line2/a"]);
    site.done(&["upstream", "offline", "--device", "line2"]);
    let offline = "error: cannot call `m` of `line2/a`\n  \
        caused by: the device is offline, and the call comes from the cloud\n\
        hint: restore the link with `edgectl upstream online --device line2`\n";
    site.run("call line2/a m").check(4, "", offline);
}

#[test]
fn nobody_is_let_in_at_the_gateway_of_another_device() {
    let site = pair();
    let _simulation = start(&site);
    let own = Credentials::of(&site, "a");
    let other = Credentials::of(&site, "line2/a");
    // Each gateway has a certificate of its own device's CA.
    let astray = Credentials { authority: own.authority.clone(), ..other.clone() };
    assert_eq!(Client::connect_to(&own.hub, &astray, &astray.token(3600)).1, REFUSED);
    assert!(matches!(Client::connect_to(&other.hub, &other, &other.token(3600)).1, Some(ConnAck::Accepted { .. })));
}

#[test]
fn a_child_connects_at_its_parent_and_nowhere_else() {
    let site = pair();
    let mut simulation = site.start(BOTH);
    simulation.line("the second device", |_, line| line.contains("device `line2` at"));
    site.done(&["device", "add", "leaf1", "--parent", "line2"]);
    let leaf = Credentials::of_device(&site, "leaf1");
    assert_ne!(leaf.hub, site.address);
    let (_client, answer) = Client::connect_to(&leaf.hub, &leaf, &leaf.token(3600));
    assert!(matches!(answer, Some(ConnAck::Accepted { .. })), "{answer:?}");
    simulation.line("the device", |_, line| line == "   Connected device leaf1");
    assert_eq!(site.json("device list")[0]["connected"], true);

    let main = Credentials::of(&site, "a");
    let astray = Credentials { authority: main.authority.clone(), ..leaf.clone() };
    assert_eq!(Client::connect_to(&main.hub, &astray, &astray.token(3600)).1, REFUSED);
    let hint = "hint: the parent of `leaf1` is `line2`: connect it there, or register it anew";
    simulation.line("why", |_, line| line == hint);
}

#[test]
fn both_devices_keep_what_they_were_given_when_they_are_killed() {
    let site = pair();
    let simulation = start(&site);
    let old = Credentials::of(&site, "line2/c").key;
    // Whoever has subscribed once is owed what comes.
    for (module, device) in [("b", "d"), ("line2/c", "line2")] {
        let name = module.rsplit('/').next().expect("a name");
        subscribe(&mut login(&site, module), &format!("devices/{device}/modules/{name}/#"));
    }
    site.done(&["send", "a/outputs/o", "--data", "of d"]);
    site.done(&["send", "line2/a/outputs/o", "--data", "of line2"]);
    simulation.signal(Signal::KILL);
    drop(simulation.end());

    let simulation = start(&site);
    assert!(Credentials::of(&site, "line2/c").key == old, "its key is kept");
    assert_eq!(take(&mut login(&site, "b")), "of d");
    assert_eq!(take(&mut login(&site, "line2/c")), "of line2");
    assert_eq!(site.json("stop"), json!({ "stopped": true }));
    assert_eq!(simulation.end().status, Some(0));
}

#[test]
fn a_device_below_another_has_its_scope_among_its_parents() {
    // protocol.md §12.2
    let below = format!("devices: {{line2: {{file: line2.template.json, address: {}, parent: d}}}}\n", other_address());
    let site = pair().file("edgectl.yaml", &below);
    let simulation = start(&site);
    assert_eq!(simulation.ready["devices"][1]["parent"], "d");
    let [above, below] = ["d", "line2"].map(|device| site.json(&format!("twin show {device}")));
    assert_eq!(below["parentScopes"], json!([above["deviceScope"]]));
    assert_eq!((&above["parentScopes"], &below["capabilities"]), (&json!([]), &json!({ "iotEdge": true })));
    assert_ne!(below["deviceScope"], above["deviceScope"], "its own children are in a scope of its own");
}

#[test]
fn the_link_of_each_device_is_cut_alone() {
    let site = pair();
    let _simulation = start(&site);
    assert_eq!(site.json("upstream offline --device line2")["upstream"], "offline");
    assert_eq!(site.json("upstream")["upstream"], "online");
    assert_eq!(site.json("upstream --device line2")["upstream"], "offline");
}

#[test]
fn modules_of_both_devices_are_started_restarted_and_ended() {
    let route = "FROM /messages/* INTO $upstream";
    let site = Site::new()
        .file("deployment.template.json", &template(&["m"], route))
        .file("line2.json", &template(&["m"], route))
        .file(
            "edgectl.yaml",
            &format!(
                "devices: {{line2: {{file: line2.json, address: {}}}}}\n\
                modules: {{m: {{runtime: process, command: [sh, -c, \"echo at $IOTEDGE_DEVICEID; exec sleep 600\"]}}}}\n",
                other_address()
            ),
        );
    let mut simulation = site.start("--device d");
    simulation.line("the main one's", |_, line| line == "m       | at d");
    simulation.line("the other's", |_, line| line == "line2/m | at line2");
    let pids = |list: Value| [0, 1].map(|n| list[n]["pid"].clone());
    let before = pids(site.ask_until("ps", |list| list[1]["status"] == "running"));
    site.run("restart line2/m").check(0, "", "   Restarted `line2/m`\n");
    let after = pids(site.ask_until("ps", |list| list[1]["pid"] != before[1] && list[1]["status"] == "running"));
    assert_eq!(before[0], after[0], "the other one runs on");
    let logs = site.run("logs line2/m").stdout;
    assert!(logs.lines().all(|line| line.starts_with("line2/m")), "{logs}");
    site.run("stop").check(0, "", "     Stopped the simulation\n");
    assert_eq!(simulation.end().status, Some(0));
}

#[test]
fn a_deployment_is_for_the_device_that_it_names() {
    let site = pair();
    let simulation = start(&site);
    let route = "FROM /messages/* INTO $upstream";
    let site = site.file("new.json", &template(&["a"], route));
    let outcome = site.json("deploy --apply --hub simulation --device line2 --file new.json");
    assert_eq!((&outcome["removed"], &outcome["status"]), (&json!(["c"]), &json!(200)));
    assert_eq!(names(&site.json("ps")), ["d/a", "d/b", "line2/a"]);
    drop(simulation);
}

/// Checks that a simulation does not begin, whatever is noted of its templates before.
#[track_caller]
fn refuse(site: &Site, arguments: &str, status: i32, stderr: &str) {
    let mut run = site.simulate(arguments);
    let is_note = |line: &str| line.starts_with("hint: ") && line.contains(" about real devices");
    run.stderr = run.stderr.split_inclusive('\n').filter(|line| !is_note(line)).collect();
    run.check(status, "", stderr);
}

#[test]
fn a_device_that_cannot_be_simulated_is_refused_at_once() {
    let site = pair();
    refuse(
        &site,
        "--device d --device d=line2.template.json",
        1,
        "error: there are two edge devices `d`\nhint: give each an id of its own: `--device` is that of the main one\n",
    );
    refuse(
        &site,
        "--device d --device e",
        2,
        "error: `--device` names the main device twice\nhint: name the deployment of a further device, too: \
            `--device e=FILE`\n",
    );
    refuse(
        &site,
        "--device d --external line3/a",
        1,
        "error: there is no edge device `line3` with a module `a`\nhint: did you mean `line2`?\n",
    );
    let orphan = "devices: {line2: {file: line2.template.json, parent: lnie1}, line1: {file: line2.template.json}}\n";
    let site = site.file("edgectl.yaml", orphan);
    refuse(
        &site,
        "--device d",
        1,
        "error: the parent of device `line2`, `lnie1`, is not simulated\nhint: did you mean `line1`?\n",
    );
}
