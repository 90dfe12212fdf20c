//! Deployments that no file holds.

use serde_json::{Map, Value, json};

use crate::document::Document;
use crate::failure::Outcome;
use crate::manifest::{Deployment, failure_of};

/// Returns the deployment of the demo: `sensor` → `filter` → `$upstream`.
pub fn deployment() -> Outcome<Deployment> {
    parse_deployment("--demo", &demo())
}

/// Returns the manifest of the demo.
pub(super) fn demo() -> Value {
    let module = |image: &str, env: Value| {
        json!({
            "type": "docker",
            "status": "running",
            "restartPolicy": "always",
            "settings": { "image": image },
            "env": env,
        })
    };
    // Warmer than the filter's threshold from the first message on, and no end, unlike the original's 500 messages.
    let warm = json!({ "machineTempMin": { "value": 30 }, "MessageCount": { "value": -1 } });
    let modules = object(json!({
        "sensor": module("edgectl/demo-sensor:1.0", warm),
        "filter": module("edgectl/demo-filter:1.0", json!({})),
    }));
    let routes = object(json!({
        "sensorToFilter": "FROM /messages/modules/sensor/outputs/temperatureOutput \
            INTO BrokeredEndpoint(\"/modules/filter/inputs/input1\")",
        "filterToUpstream": "FROM /messages/modules/filter/outputs/output1 INTO $upstream",
    }));
    let twins = object(json!({
        "sensor": { "SendInterval": 0.5, "SendData": true },
        "filter": { "threshold": 25 },
    }));
    document(modules, routes, twins)
}

/// Returns a whole manifest around modules (as in `$edgeAgent`), routes (name to text) and desired properties (module to
/// object).
pub fn document(modules: Map<String, Value>, routes: Map<String, Value>, twins: Map<String, Value>) -> Value {
    let system = |image: &str| json!({ "type": "docker", "settings": { "image": image } });
    let mut hub = system("mcr.microsoft.com/azureiotedge-hub:1.5");
    hub["status"] = "running".into();
    hub["restartPolicy"] = "always".into();
    let agent = json!({
        "schemaVersion": "1.1",
        "runtime": { "type": "docker", "settings": { "minDockerVersion": "v1.25" } },
        "systemModules": { "edgeAgent": system("mcr.microsoft.com/azureiotedge-agent:1.5"), "edgeHub": hub },
        "modules": modules,
    });
    let hub = json!({
        "schemaVersion": "1.1",
        "routes": routes,
        "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 },
    });
    let mut content = object(json!({
        "$edgeAgent": { "properties.desired": agent },
        "$edgeHub": { "properties.desired": hub },
    }));
    content.extend(twins.into_iter().map(|(module, desired)| (module, json!({ "properties.desired": desired }))));
    json!({ "modulesContent": content })
}

/// Reads a manifest that was made here; `origin` is what its mistakes are told under.
pub fn parse_deployment(origin: &str, manifest: &Value) -> Outcome<Deployment> {
    let document = Document::parse(origin, &format!("{manifest:#}"))?;
    Deployment::parse(&document, &mut Vec::new()).map_err(|findings| failure_of(origin, &findings))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
