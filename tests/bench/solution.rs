//! The solution that is measured: sensors `s0`… and readers `r0`…, all of them started from outside.

use serde_json::{Map, Value, json};

/// Writes `deployment.json`: a route from each sensor to the input of its reader, and as many that match nothing.
pub(crate) fn write(folder: &str, pairs: usize, routes: usize) {
    let named = |letter: char, count: usize| (0..count).map(move |n| format!("{letter}{n}"));
    let modules: Map<String, Value> = named('s', pairs).chain(named('r', pairs)).map(|name| (name, module())).collect();
    let to_reader = |n: usize| {
        let text = format!(r#"FROM /messages/modules/s{n}/outputs/o INTO BrokeredEndpoint("/modules/r{n}/inputs/in")"#);
        (format!("pair{n}"), Value::from(text))
    };
    // A quarter of them end only at the condition; all of them have to fit into the 32 KB of a twin.
    let idle_route = |n: usize| {
        let from = if n.is_multiple_of(4) { "/* WHERE z='n'".to_owned() } else { format!("/x{n}") };
        (format!("i{n}"), Value::from(format!("FROM {from} INTO $upstream")))
    };
    let routes: Map<String, Value> = (0..pairs).map(to_reader).chain((0..routes).map(idle_route)).collect();
    let manifest = json!({ "modulesContent": {
        "$edgeAgent": { "properties.desired": {
            "schemaVersion": "1.1",
            "runtime": { "type": "docker", "settings": { "minDockerVersion": "v1.25" } },
            "systemModules": {
                "edgeAgent": { "type": "docker", "settings": { "image": "agent:1" } },
                "edgeHub": {
                    "type": "docker", "status": "running", "restartPolicy": "always", "settings": { "image": "hub:1" }
                },
            },
            "modules": modules,
        } },
        "$edgeHub": { "properties.desired": {
            "schemaVersion": "1.1",
            "routes": routes,
            "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 },
        } },
    } });
    std::fs::write(format!("{folder}/deployment.json"), manifest.to_string()).expect("the folder can be written");
}

fn module() -> Value {
    json!({ "type": "docker", "status": "running", "restartPolicy": "always", "settings": { "image": "m:1" } })
}
