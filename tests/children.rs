//! Child devices: what `edgectl device` does with and without a running simulation, and who is let in.

mod support;

use edgectl::identity::Key;
use edgectl::mqtt::packet::{ConnAck, ConnectRefusal, Packet, PacketId, PublishQos, Qos, Subscribe};
use serde_json::json;
use support::simulation::Simulation;
use support::site::Site;
use support::wire::{Client, Credentials};

const REFUSED: Option<ConnAck> = Some(ConnAck::Refused(ConnectRefusal::NotAuthorized));

fn start(site: &Site) -> Simulation {
    let mut simulation = site.start("--external x --device d");
    simulation.line("the beginning", |_, line| line.contains("Simulating"));
    simulation
}

/// Waits for what is said of a refused device, and checks that no secret is in it.
fn refusal(simulation: &mut Simulation, secret: &str) -> String {
    let line = simulation.line("a refusal", |_, line| line.contains("connection refused"));
    assert!(!line.contains(secret), "{line}");
    line
}

#[test]
fn devices_are_kept_without_a_simulation_and_changed_within_one() {
    let site = Site::new();
    site.run("device add leaf1 --parent d").check(
        0,
        "",
        "  Registered device `leaf1`, child of `d`\nhint: what it needs to connect: `edgectl credentials leaf1`\n",
    );
    let again = "error: there is a device `leaf1` already\nhint: use another id, or remove that device with \
        `edgectl device remove leaf1` if it is not an edge device\n";
    site.run("device add leaf1").check(1, "", again);
    let _simulation = start(&site);
    site.run("device add leaf1").check(1, "", again);
    site.run("device add leaf2 --disabled").check(
        0,
        "",
        "  Registered device `leaf2`, child of `d`\nhint: what it needs to connect: `edgectl credentials leaf2`\n",
    );
    let table = "\
DEVICE  PARENT  STATUS    AUTHENTICATION  CONNECTED  IN  OUT  WAITING
leaf1   d       enabled   sas             no         0   0    0
leaf2   d       disabled  sas             no         0   0    0
";
    site.run("device list").check(0, table, "");
    site.run("device enable d").check(
        1,
        "",
        "error: `d` is simulated here, and no child device\n\
            hint: cut its link to the cloud instead: `edgectl upstream offline --device d`\n",
    );
    site.run("device remove leaf2 --json").check(0, "{\n  \"removed\": \"leaf2\"\n}\n", "");
    let unknown = "error: there is no device `leaf2`\nhint: did you mean `leaf1`?\n";
    site.run("device remove leaf2").check(1, "", unknown);
    site.run("stop").check(0, "", "     Stopped the simulation\n");
    assert_eq!(site.json("device list")[0]["deviceId"], "leaf1");
    assert_eq!(site.json("device disable leaf1")["status"], "disabled");
    site.run("device enable leaf3").check(1, "", "error: there is no device `leaf3`\nhint: did you mean `leaf1`?\n");
    assert_eq!(site.json("device remove leaf1"), json!({"removed": "leaf1"}));
    assert_eq!(site.json("device list"), json!([]));
}

#[test]
fn a_wrong_key_is_refused_and_the_right_one_is_not() {
    let site = Site::new();
    let mut simulation = start(&site);
    site.done(&["device", "add", "leaf1"]);
    let right = Credentials::of_device(&site, "leaf1");
    let wrong = Credentials { key: Key::generate().expect("random bytes"), ..right.clone() };
    let token = wrong.token(3600);
    assert_eq!(Client::connect(&site, &right, &token).1, REFUSED);
    let expected = "warning: connection refused: the SAS token of `leaf1` is refused: the SAS token is not signed with \
        the key of this identity";
    assert_eq!(refusal(&mut simulation, &token), expected);
    let (_client, answer) = Client::connect(&site, &right, &right.token(3600));
    assert_eq!(answer, Some(ConnAck::Accepted { session_present: false }));
    simulation.line("the device", |_, line| line == "   Connected device leaf1");
    site.done(&["device", "remove", "leaf1"]);
    simulation.line("its end", |_, line| line == "Disconnected device leaf1");
}

#[test]
fn a_disabled_a_strange_and_a_foreign_child_are_refused() {
    let site = Site::new();
    let mut simulation = start(&site);
    for (device, options) in [("off", &["--disabled"][..]), ("other", &["--parent", "e"])] {
        site.done(&[&["device", "add", device], options].concat());
    }
    let of = |device: &str| Credentials::of_device(&site, device);
    let strange = Credentials { device: "strange".into(), ..of("off") };
    for (credentials, why, hint) in [
        (of("off"), "`off` is disabled", "let it connect with `edgectl device enable off`"),
        (
            of("other"),
            "`other` is neither an identity of this device nor a child of it",
            "the parent of `other` is `e`: connect it there, or register it anew",
        ),
        (
            strange,
            "`strange` is neither an identity of this device nor a child of it",
            "register it with `edgectl device add strange`",
        ),
    ] {
        assert_eq!(Client::connect(&site, &credentials, &credentials.token(3600)).1, REFUSED, "{why}");
        simulation.line(why, |_, line| line == format!("warning: connection refused: {why}"));
        simulation.line(hint, |_, line| line == format!("hint: {hint}"));
    }
}

#[test]
fn a_disabled_device_loses_its_connection_and_nothing_else() {
    let site = Site::new();
    let mut simulation = start(&site);
    site.done(&["device", "add", "leaf1"]);
    let leaf = Credentials::of_device(&site, "leaf1");
    let connect = || Client::connect(&site, &leaf, &leaf.token(3600));
    let (mut client, _) = connect();
    simulation.line("the device", |_, line| line == "   Connected device leaf1");
    site.done(&["twin", "patch", "leaf1", "{\"rate\": 5}"]);
    let filters = vec![("$iothub/twin/res/#".to_owned(), Qos::AtLeastOnce)];
    client.send(&Packet::Subscribe(Subscribe { id: PacketId::new(1).expect("not zero"), filters }));
    assert!(matches!(client.receive(), Some(Packet::SubAck(_))));

    site.run("device disable leaf1").check(0, "", "    Disabled device `leaf1`\n");
    assert_eq!(client.receive(), None, "its connection ends");
    assert_eq!(connect().1, REFUSED);
    simulation.line("why", |_, line| line == "warning: connection refused: `leaf1` is disabled");
    assert_eq!(site.json("device list")[0]["status"], "disabled");
    let twin = site.json("twin show leaf1");
    assert_eq!((&twin["status"], &twin["properties"]["desired"]["rate"]), (&json!("disabled"), &json!(5)));

    let enabled = site.json("device enable leaf1");
    assert_eq!((&enabled["deviceId"], &enabled["status"]), (&json!("leaf1"), &json!("enabled")));
    assert_eq!(connect().1, Some(ConnAck::Accepted { session_present: true }));
}

#[test]
fn what_a_device_does_in_vain_is_told_with_v() {
    let site = Site::new();
    let mut simulation = site.start("--external x --device d -v");
    simulation.line("the beginning", |_, line| line.contains("Simulating"));
    site.done(&["device", "add", "leaf1"]);
    let leaf = Credentials::of_device(&site, "leaf1");
    let (mut client, _) = Client::connect(&site, &leaf, &leaf.token(3600));
    let filters = vec![("everything".to_owned(), Qos::AtLeastOnce)];
    client.send(&Packet::Subscribe(Subscribe { id: PacketId::new(1).expect("not zero"), filters }));
    let note = "leaf1 . subscribed to `everything`, which never gets a message";
    simulation.line("the vain filter", |_, line| line == note);
    client.send(&Packet::Disconnect);
    simulation.line("the goodbye", |_, line| line == "leaf1 . disconnected: the client disconnected");
}

#[test]
fn a_parent_that_is_offline_hears_later_of_a_disabled_device() {
    // protocol.md §9.4
    let site = Site::new();
    let _simulation = start(&site);
    site.done(&["device", "add", "leaf1"]);
    let leaf = Credentials::of_device(&site, "leaf1");
    let (mut client, _) = Client::connect(&site, &leaf, &leaf.token(3600));
    site.done(&["upstream", "offline"]);
    let hint = "hint: it is connected until `d` hears of it: see `edgectl upstream --device d`\n";
    site.run("device disable leaf1").check(0, "", &format!("    Disabled device `leaf1`\n{hint}"));
    assert!(client.hears_nothing());
    site.done(&["upstream", "online"]);
    assert_eq!(client.receive(), None);
}

#[test]
fn messages_for_a_device_are_limited_as_on_the_real_hub() {
    // protocol.md §12.5
    let site = Site::new();
    let _simulation = start(&site);
    site.done(&["device", "add", "leaf1"]);
    (0..50).for_each(|_| site.done(&["send", "devices/leaf1", "--data", "x"]));
    let full = "error: 50 messages wait for `leaf1` already, and no more are taken\n\
        hint: connect `leaf1` and have it receive, or wait: a message lives for an hour\n";
    site.run("send devices/leaf1 --data x").check(4, "", full);
    let site = site.file("big", &"x".repeat(65_537));
    let large = "error: the message is 65537 bytes long, and 65536 are allowed\n  caused by: the properties count too\n\
        hint: send it in parts\n";
    site.run("send devices/leaf1 --file big").check(1, "", large);
    assert_eq!(site.json("device list")[0]["waiting"], 50);
    assert_eq!(site.json("twin show leaf1")["cloudToDeviceMessageCount"], 50);
}

#[test]
fn feedback_tells_what_became_of_messages_for_a_device() {
    // protocol.md §12.5
    let site = Site::new();
    let _simulation = start(&site);
    site.done(&["device", "add", "leaf1"]);
    let send = |options: &str| site.run(&format!("send devices/leaf1 --data x {options}"));
    send("--ack negative --message-id late --expires-in 1ms").check(
        0,
        "",
        "        Sent 1 byte to `devices/leaf1` as message `late`\n",
    );
    let late = site.json("monitor --feedback --count 1 --timeout 10s --since start");
    assert_eq!((&late["type"], &late["originalMessageId"]), (&json!("feedback"), &json!("late")));
    assert_eq!((&late["statusCode"], &late["deviceId"]), (&json!("Expired"), &json!("leaf1")));
    assert_eq!(send("--ack full --json").json()["messageId"].as_str().map(str::len), Some(36));
    let purged = json!({"deviceId": "leaf1", "moduleId": null, "totalMessagesPurged": 1});
    assert_eq!(site.json("device purge leaf1"), purged);
    site.run("device purge leaf1").check(0, "", "      Purged 0 messages for `leaf1`\n");

    let leaf = Credentials::of_device(&site, "leaf1");
    let (mut client, _) = Client::connect(&site, &leaf, &leaf.token(3600));
    let filters = vec![("devices/leaf1/messages/devicebound/#".to_owned(), Qos::AtLeastOnce)];
    client.send(&Packet::Subscribe(Subscribe { id: PacketId::new(1).expect("not zero"), filters }));
    assert!(matches!(client.receive(), Some(Packet::SubAck(_))));
    send("--ack positive --message-id taken");
    let Some(Packet::Publish(publish)) = client.receive() else { panic!("a message is owed") };
    assert!(publish.topic.contains("%24.mid=taken") && publish.topic.contains("iothub-ack=positive"), "{publish:?}");
    let PublishQos::AtLeastOnce(id) = publish.qos else { panic!("it wants an acknowledgement") };
    client.send(&Packet::PubAck(id));
    let seen = site.run("monitor --feedback --count 3 --timeout 10s --since start").stdout;
    let lines: Vec<&str> = seen.lines().filter_map(|line| Some(line.split_once("  ")?.1)).collect();
    assert_eq!([lines[0], lines[2]], ["leaf1  Expired  late", "leaf1  Success  taken"]);
    site.run("send x/inputs/i --data x --ack full").check(
        2,
        "",
        "error: `--ack` is for messages to a device\n\
            hint: leave it out, or write `devices/DEVICE` instead of `x/inputs/i`\n",
    );
}

#[test]
fn what_waits_for_a_device_outlives_a_kill() {
    let site = Site::new();
    let simulation = start(&site);
    site.done(&["device", "add", "leaf1"]);
    site.done(&["send", "devices/leaf1", "--data", "x"]);
    simulation.signal(rustix::process::Signal::KILL);
    drop(simulation.end());
    let _simulation = start(&site);
    assert_eq!(site.json("device list")[0]["waiting"], 1);
    site.done(&["stop"]);
    let _simulation = site.start_ready("--external x --device d --reset");
    assert_eq!(site.json("device list")[0]["waiting"], 0, "`--reset` keeps who is registered and nothing else");
}

#[test]
fn credentials_of_a_device_name_its_certificate() {
    let site = Site::new();
    let _simulation = site.start_ready("--external x --ephemeral");
    let made = site.json("device add leaf1 --auth x509");
    let folder = made["certificate"].as_str().expect("a path").to_owned();
    let credentials = site.json("credentials leaf1");
    let text = format!("HostName={0};GatewayHostName={0};DeviceId=leaf1;x509=true", site.address);
    assert_eq!(credentials["IOTHUB_DEVICE_CONNECTION_STRING"], text);
    assert_eq!(credentials["X509_CERT_FILE"], format!("{folder}/certificate.pem"));
    site.run("credentials leaf1 --format connection-string").check(0, &format!("{text}\n"), "");
    site.run("credentials leaf1 --auth workload").check(
        1,
        "",
        "error: `leaf1` is a device, and the workload API is for modules\nhint: leave `--auth workload` out\n",
    );
    let thumbprint = "a9:99:3e:36:47:06:81:6a:ba:3e:25:71:78:50:c2:6c:9c:d0:d8:9d";
    let foreign = site.json(&format!("device add leaf2 --thumbprint {thumbprint}"));
    assert_eq!((&foreign["authentication"], &foreign["certificate"]), (&json!("selfSigned"), &json!(null)));
    let shown = site.json("twin show leaf2")["x509Thumbprint"]["primaryThumbprint"].clone();
    assert_eq!(shown, thumbprint.replace(':', "").to_uppercase());
    site.done(&["device", "remove", "leaf1"]);
    assert!(!std::path::Path::new(&folder).exists(), "its private key is gone");
}
