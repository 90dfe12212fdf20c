//! What the agent reports of itself and its modules (protocol.md §11.3).

use serde_json::{Value, json};

use super::{id, object, online, planned, reports, with};
use crate::agent::{Deployed, DeploymentStatus, Input, report};

// protocol.md §11.3
#[test]
fn the_first_report_has_every_member() {
    let mut world = online();
    let never = "0001-01-01T00:00:00Z";
    let began = "2023-11-14T22:13:20.0000000Z";
    let system = |image: &str| {
        json!({
            "type": "docker", "imagePullPolicy": "on-create", "env": {},
            "settings": { "image": image, "imageHash": "", "createOptions": "{}" },
            "exitCode": 0, "statusDescription": "running",
            "lastStartTimeUtc": began, "lastExitTimeUtc": never, "runtimeStatus": "running",
        })
    };
    let mut hub = system("hub:1");
    hub["status"] = "running".into();
    hub["restartPolicy"] = "always".into();
    hub["startupOrder"] = u32::MAX.into();
    hub["restartCount"] = 0.into();
    hub["lastRestartTimeUtc"] = never.into();
    let expected = json!({
        "schemaVersion": "1.0",
        "version": { "version": env!("CARGO_PKG_VERSION"), "build": "edgectl", "commit": "" },
        "lastDesiredVersion": 3,
        "lastDesiredStatus": { "code": 200, "description": "" },
        "runtime": {
            "type": "docker",
            "settings": { "minDockerVersion": "v1.25" },
            "platform": { "os": std::env::consts::OS, "architecture": std::env::consts::ARCH, "version": "" },
        },
        "systemModules": { "edgeAgent": system("agent:1"), "edgeHub": hub },
        "modules": { "a": {
            "type": "docker", "version": "", "status": "running", "restartPolicy": "always",
            "imagePullPolicy": "on-create", "startupOrder": 0, "env": {},
            "settings": { "image": "a:1", "imageHash": "", "createOptions": "{}" },
            "exitCode": 0, "statusDescription": "stopped", "lastStartTimeUtc": never, "lastExitTimeUtc": never,
            "restartCount": 0, "lastRestartTimeUtc": never, "runtimeStatus": "stopped",
        } },
    });
    assert_eq!(std::mem::take(&mut world.reports), [expected]);
}

// protocol.md §11.3
#[test]
fn afterwards_only_the_difference_is_reported() {
    let mut world = online();
    reports(&mut world);
    world.started("a");
    let running = json!({
        "statusDescription": "running", "lastStartTimeUtc": "2023-11-14T22:13:20.0000000Z", "runtimeStatus": "running",
    });
    assert_eq!(reports(&mut world), [json!({ "modules": { "a": running } })]);
    world.seconds = 5;
    world.exited("a", 3);
    let failed = json!({
        "exitCode": 3, "statusDescription": "backoff", "lastExitTimeUtc": "2023-11-14T22:13:25.0000000Z",
        "runtimeStatus": "backoff",
    });
    assert_eq!(reports(&mut world), [json!({ "modules": { "a": failed } })]);
    world.wait();
    let restarted = json!({
        "statusDescription": "stopped", "restartCount": 1, "lastRestartTimeUtc": "2023-11-14T22:13:35.0000000Z",
        "runtimeStatus": "stopped",
    });
    assert_eq!(reports(&mut world), [json!({ "modules": { "a": restarted } })]);
    world.started("a");
    reports(&mut world);
    world.tell(Input::Timeout);
    assert_eq!(reports(&mut world), [Value::Null; 0]);
}

// protocol.md §11.3
#[test]
fn the_version_of_the_manifest_and_the_image_that_runs_are_reported() {
    let mut world = online();
    world.plan(&[with(planned("a", 0), |spec| spec.version = "1.2".into())]);
    let mut hash = |image: Option<&str>| {
        reports(&mut world);
        world.tell(Input::Started { module: id("a"), image: image.map(str::to_owned) });
        let told = reports(&mut world).pop().expect("a report");
        world.tell(Input::Restart { module: id("a") });
        world.exited("a", 0);
        told["modules"]["a"]["settings"]["imageHash"].clone()
    };
    assert_eq!(hash(Some("sha256:1")), "sha256:1");
    assert_eq!(hash(Some("sha256:2")), "sha256:2", "it was built anew under the same name");
    assert_eq!(hash(None), "", "a process has no image");
    assert_eq!(report::document(&world.agent)["modules"]["a"]["version"], "1.2");
}

#[test]
fn a_module_that_is_gone_is_reported_as_null() {
    let mut world = online();
    reports(&mut world);
    world.tell(Input::DesiredPatch(object(json!({ "modules": { "a": null }, "$version": 4 }))));
    let deployed =
        Deployed { desired: object(json!({ "$version": 4 })), plan: Some(vec![]), status: DeploymentStatus::applied() };
    world.tell(Input::Deployed(deployed));
    world.exited("a", 0);
    let told = reports(&mut world);
    assert_eq!(told.last().expect("a report")["modules"], json!({ "a": null }));
}

// protocol.md §11.3
#[test]
fn what_cannot_be_deployed_does_not_change_what_runs_in_the_report() {
    let mut world = online();
    reports(&mut world);
    let desired = object(json!({ "$version": 4, "systemModules": { "edgeHub": null } }));
    assert_eq!(world.tell(Input::DesiredPatch(desired.clone())), ["prepare 4"]);
    assert_eq!(
        reports(&mut world),
        [Value::Null; 0],
        "nobody takes the success of the last version for that of this one"
    );
    let status = DeploymentStatus { code: 400, description: "x".to_owned() };
    world.tell(Input::Deployed(Deployed { desired, plan: None, status }));
    let expected = json!({ "lastDesiredVersion": 4, "lastDesiredStatus": { "code": 400, "description": "x" } });
    assert_eq!(reports(&mut world), [expected]);
}

#[test]
fn without_a_link_nothing_is_reported_and_afterwards_the_difference() {
    let mut world = online();
    reports(&mut world);
    world.tell(Input::Offline);
    world.started("a");
    assert_eq!(reports(&mut world), [Value::Null; 0]);
    assert_eq!(world.tell(Input::Online), ["get twin"]);
    let reported = object(json!({ "schemaVersion": "1.0", "left": "over", "$version": 9 }));
    let desired = world.agent.twin.deployed().clone();
    world.tell(Input::Twin { desired, reported });
    let told = reports(&mut world);
    assert_eq!((&told[0]["left"], told[0].get("schemaVersion")), (&Value::Null, None));
    assert_eq!(told[0]["modules"]["a"]["runtimeStatus"], "running");
}

// protocol.md §11.3
#[test]
fn at_the_end_nobody_knows_how_the_modules_are() {
    let mut world = online();
    world.started("a");
    reports(&mut world);
    world.tell(Input::StopAll);
    world.exited("a", 0);
    reports(&mut world);
    world.tell(Input::ShutDown);
    let status = json!({ "code": 406, "description": "Agent is not running" });
    let unknown = json!({ "runtimeStatus": "unknown" });
    let expected = json!({
        "lastDesiredStatus": status, "modules": { "a": unknown },
        "systemModules": { "edgeAgent": unknown, "edgeHub": unknown },
    });
    assert_eq!(reports(&mut world), [expected]);
}
