//! Edge devices that run elsewhere, below the simulated one: what they ask for, and for whom they connect.

use edgectl::mqtt::packet::{ConnAck, Connect, Packet};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::nested::{edge_device, https};
use crate::support::site::Site;
use crate::support::wire::{Client, Credentials};
use crate::{BOTH, REFUSED, pair, start, subscribe, take};

const SCOPE: &str = "POST /devices/line3/modules/$edgeHub/devicesAndModulesInTargetDeviceScope";

#[test]
fn an_edge_device_elsewhere_asks_for_its_scope_and_registers_modules() {
    // protocol.md §6.2
    let site = pair();
    let simulation = start(&site);
    site.done(&["device", "add", "line3", "--edge"]);
    site.done(&["device", "add", "leaf1", "--parent", "line3"]);
    assert_eq!(site.json("credentials line3")["IOTEDGE_PARENTHOSTNAME"], site.address);
    let (own, hub) = edge_device(&site, "line3");

    let (status, scope) = https(&site, &hub, SCOPE, &json!({ "pageSize": 10, "authChain": "line3" }));
    assert_eq!((status, &scope["continuationLink"]), (200, &Value::Null));
    assert_eq!(
        (&scope["devices"][0]["deviceId"], &scope["devices"][1]["deviceId"]),
        (&json!("leaf1"), &json!("line3"))
    );
    assert_eq!(scope["devices"][1]["parentScopes"], json!([site.json("twin show d")["deviceScope"]]));
    assert_eq!(
        (&scope["modules"][0]["moduleId"], &scope["modules"][1]["moduleId"]),
        (&json!("$edgeAgent"), &json!("$edgeHub"))
    );

    let module = json!({ "deviceId": "line3", "moduleId": "filter", "managedBy": "IotEdge" });
    let put = "PUT /devices/line3/modules/$edgeHub/putModuleOnBehalfOf";
    let body = json!({ "authChain": "line3", "module": module });
    let (status, made) = https(&site, &hub, put, &body);
    assert_eq!((status, &made["managedBy"]), (201, &json!("IotEdge")));
    assert_eq!(https(&site, &hub, put, &body).0, 409);
    assert_eq!(site.json("twin show line3/filter")["moduleId"], "filter");

    // What was answered is kept.
    simulation.signal(Signal::KILL);
    drop(simulation.end());
    let _simulation = start(&site);
    let target = json!({ "authChain": "line3", "targetDeviceId": "line3", "targetModuleId": "filter" });
    let get = "POST /devices/line3/modules/$edgeHub/getDeviceAndModuleOnBehalfOf";
    assert_eq!(https(&site, &hub, get, &target).1["modules"][0]["authentication"], made["authentication"]);

    site.done(&["upstream", "offline"]);
    assert_eq!(https(&site, &hub, SCOPE, &json!({ "authChain": "line3" })).0, 200);
    let delete = "DELETE /devices/line3/modules/filter";
    assert_eq!(https(&site, &own, delete, &Value::Null).0, 500, "the registry is in the cloud");
    site.done(&["upstream", "online"]);
    assert_eq!(https(&site, &own, delete, &Value::Null), (204, Value::Null));
    let gone = json!({ "ErrorMessage": "Module line3/filter not found" });
    assert_eq!(https(&site, &hub, get, &target), (404, gone));
}

#[test]
fn nobody_asks_for_identities_with_the_key_of_another() {
    // protocol.md §6.2
    let site = pair();
    let mut simulation = site.start(BOTH);
    simulation.line("the second device", |_, line| line.contains("device `line2` at"));
    site.done(&["device", "add", "line3", "--edge"]);
    let (own, hub) = edge_device(&site, "line3");
    let chain = json!({ "authChain": "line3" });
    let refused = |why: &str| (401, json!({ "ErrorMessage": why }));

    let forged =
        "the SAS token of `line3/$edgeHub` is refused: the SAS token is not signed with the key of this identity";
    assert_eq!(https(&site, &own, SCOPE, &chain), refused(forged));
    let warned = format!("warning: request for identities refused: {forged}");
    simulation.line("who was refused", |_, line| line == warned);
    let other = "the SAS token of `line3` is refused: the SAS token is not signed with the key of this identity";
    assert_eq!(https(&site, &hub, "GET /devices/line3/modules", &Value::Null), refused(other));
    let foreign = json!({ "authChain": "line2;line3" });
    let denied = "line3/$edgeHub not authorized to act OnBehalfOf line2";
    assert_eq!(https(&site, &hub, SCOPE, &foreign), refused(denied), "line2 is no child of line3");
    let a = Credentials::of(&site, "a");
    let as_module = "POST /devices/d/modules/a/devicesAndModulesInTargetDeviceScope";
    assert_eq!(https(&site, &a, as_module, &chain), refused("d/a not authorized to act OnBehalfOf line3"));
}

/// Connects the hub of an edge device for somebody else; returns what was answered.
fn speak_for(site: &Site, hub: &Credentials, target: &str, actor: &str) -> (Client, Option<ConnAck>) {
    let connect = Packet::Connect(Box::new(Connect {
        client_id: target.to_owned(),
        clean_session: false,
        keep_alive: 60,
        will: None,
        username: Some(format!("{}/{target}/?api-version=2021-04-12&auth-chain={target}%3B{actor}", hub.hub)),
        password: Some(hub.token(3600).into()),
    }));
    let mut client = Client::send_connect(site, hub, &connect);
    let Some(Packet::ConnAck(answer)) = client.receive() else { panic!("no answer") };
    (client, Some(answer))
}

#[test]
fn the_hub_of_an_edge_device_connects_for_those_below_it() {
    // protocol.md §3.6
    let site = pair();
    let mut simulation = site.start(BOTH);
    simulation.line("the second device", |_, line| line.contains("device `line2` at"));
    site.done(&["device", "add", "line3", "--edge"]);
    site.done(&["device", "add", "leaf1", "--parent", "line3"]);
    let (_, hub) = edge_device(&site, "line3");

    let (mut leaf, answer) = speak_for(&site, &hub, "leaf1", "line3");
    assert_eq!(answer, Some(ConnAck::Accepted { session_present: false }));
    simulation.line("the device", |_, line| line == "   Connected device leaf1");
    assert_eq!(site.json("device list")[0]["connected"], true);
    subscribe(&mut leaf, "devices/leaf1/messages/devicebound/#");
    site.done(&["send", "devices/leaf1", "--data", "down"]);
    assert_eq!(take(&mut leaf), "down");
    let (mut agent, answer) = speak_for(&site, &hub, "line3/$edgeAgent", "line3");
    assert_eq!(answer, Some(ConnAck::Accepted { session_present: false }));
    simulation.line("the module", |_, line| line == "   Connected module line3/$edgeAgent");
    subscribe(&mut agent, "$iothub/twin/PATCH/properties/desired/#");
    site.done(&["twin", "patch", "line3/$edgeAgent", "{\"rate\": 5}"]);
    assert_eq!(take(&mut agent), r#"{"rate":5,"$version":2}"#);
    let (_itself, answer) = Client::connect(&site, &hub, &hub.token(3600));
    assert_eq!(answer, Some(ConnAck::Accepted { session_present: false }), "as itself, without a chain");

    assert_eq!(speak_for(&site, &hub, "d/a", "line3").1, REFUSED);
    assert_eq!(speak_for(&site, &hub, "leaf1", "line2").1, REFUSED);
    site.done(&["device", "disable", "line3"]);
    assert_eq!((leaf.receive(), agent.receive()), (None, None), "all whom it spoke for are gone with it");
    assert_eq!(speak_for(&site, &hub, "leaf1", "line3").1, REFUSED);
}
