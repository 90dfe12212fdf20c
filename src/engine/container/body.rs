//! The body of the request that creates a container: createOptions as they are, and what edgectl adds.
//!
//! Keys are compared without regard to case, as the engine does: `hostConfig` must not be sent beside `HostConfig`.

use serde_json::{Map, Value, json};

use super::ContainerSpec;
use crate::failure::{Failure, Outcome};

/// Builds the body (protocol.md §1.1–1.4).
///
/// An environment entry of createOptions wins over the spec's, binds and hosts are appended, labels of the spec win.
/// The spec's network is left out if createOptions choose one.
///
/// # Errors
///
/// A request failure if createOptions hold something else where a list or an object is expected; everything else in
/// them is for the engine to judge.
pub(super) fn build(spec: &ContainerSpec) -> Outcome<Map<String, Value>> {
    let mut body = spec.create_options.clone();
    *value(&mut body, "Image") = json!(spec.image);
    add_environment(list(&mut body, "Env", "createOptions.Env")?, &spec.environment);
    let labels = object(&mut body, "Labels", "createOptions.Labels")?;
    labels.extend(spec.labels.iter().map(|(name, value)| (name.clone(), json!(value))));
    let network = spec.network.as_ref().filter(|_| !chooses_network(&body));
    let mode = network_mode(&body).map(str::to_owned);
    let host = object(&mut body, "HostConfig", "createOptions.HostConfig")?;
    append(host, "Binds", &spec.binds)?;
    // The engine refuses hosts for a container that shares another one's network.
    if !mode.is_some_and(|mode| mode.starts_with("container:")) {
        append(host, "ExtraHosts", &spec.extra_hosts)?;
    }
    if let Some(network) = network {
        *value(host, "NetworkMode") = json!(network.network);
        let mut endpoint = json!({ "Aliases": [network.alias] });
        if let Some(address) = network.address {
            let family = if address.is_ipv4() { "IPv4Address" } else { "IPv6Address" };
            endpoint["IPAMConfig"] = json!({ family: address });
        }
        let networking = object(&mut body, "NetworkingConfig", "createOptions.NetworkingConfig")?;
        *value(networking, "EndpointsConfig") = json!({ &network.network: endpoint });
    }
    Ok(body)
}

/// Says whether createOptions choose a network, so that the container does not join the simulation's.
pub fn chooses_network(create_options: &Map<String, Value>) -> bool {
    let endpoints = find(create_options, "NetworkingConfig").and_then(|networking| {
        let networking = networking.as_object()?;
        find(networking, "EndpointsConfig")
    });
    network_mode(create_options).is_some() || endpoints.is_some()
}

fn network_mode(create_options: &Map<String, Value>) -> Option<&str> {
    let mode = find(create_options, "HostConfig").and_then(|host| find(host.as_object()?, "NetworkMode")?.as_str());
    mode.filter(|mode| !matches!(*mode, "" | "default"))
}

fn add_environment(list: &mut Vec<Value>, environment: &[(String, String)]) {
    let name_of = |entry: &Value| entry.as_str().map(|text| text.split('=').next().unwrap_or(text).to_owned());
    let taken: Vec<String> = list.iter().filter_map(name_of).collect();
    let free = environment.iter().filter(|(name, _)| !taken.contains(name));
    list.splice(0..0, free.map(|(name, value)| json!(format!("{name}={value}"))));
}

fn append(host: &mut Map<String, Value>, key: &str, entries: &[String]) -> Outcome {
    if entries.is_empty() {
        return Ok(());
    }
    let list = list(host, key, &format!("createOptions.HostConfig.{key}"))?;
    list.extend(entries.iter().map(|entry| json!(entry)));
    Ok(())
}

/// Returns the value of a key, unless it is null.
fn find<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    map.iter().find(|(written, _)| written.eq_ignore_ascii_case(key)).map(|(_, value)| value).filter(|v| !v.is_null())
}

/// Returns the value of a key, which becomes null if it is new.
fn value<'a>(map: &'a mut Map<String, Value>, key: &str) -> &'a mut Value {
    let written = map.keys().find(|written| written.eq_ignore_ascii_case(key)).cloned();
    map.entry(written.unwrap_or_else(|| key.to_owned())).or_insert(Value::Null)
}

fn object<'a>(map: &'a mut Map<String, Value>, key: &str, path: &str) -> Outcome<&'a mut Map<String, Value>> {
    let value = value(map, key);
    if value.is_null() {
        *value = json!({});
    }
    match value {
        Value::Object(object) => Ok(object),
        other => Err(unexpected(path, "an object", other)),
    }
}

fn list<'a>(map: &'a mut Map<String, Value>, key: &str, path: &str) -> Outcome<&'a mut Vec<Value>> {
    let value = value(map, key);
    if value.is_null() {
        *value = json!([]);
    }
    match value {
        Value::Array(list) => Ok(list),
        other => Err(unexpected(path, "a list", other)),
    }
}

fn unexpected(path: &str, expected: &str, found: &Value) -> Failure {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Failure::request(format!("`{path}` is {found}, where {expected} is expected"))
        .hint("mend the module's `createOptions` in the deployment template")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::container::NetworkAttachment;

    fn spec(create_options: Value) -> ContainerSpec {
        let Value::Object(create_options) = create_options else { panic!("createOptions are an object") };
        ContainerSpec {
            name: "s-d-filter".into(),
            image: "filter:1".into(),
            environment: vec![("A".into(), "ours".into()), ("IOTEDGE_MODULEID".into(), "filter".into())],
            create_options,
            network: Some(NetworkAttachment { network: "net".into(), alias: "filter".into(), address: None }),
            labels: vec![("io.edgectl.module".into(), "filter".into())],
            binds: vec!["/s/filter.sock:/var/run/iotedge/workload.sock".into()],
            extra_hosts: vec!["gateway:10.0.0.1".into()],
        }
    }

    fn check(create_options: Value, expected: Value) {
        assert_eq!(Value::Object(build(&spec(create_options)).expect("they fit")), expected);
    }

    #[test]
    fn a_module_without_options_gets_what_edgectl_adds() {
        check(
            json!({}),
            json!({
                "Image": "filter:1",
                "Env": ["A=ours", "IOTEDGE_MODULEID=filter"],
                "Labels": { "io.edgectl.module": "filter" },
                "HostConfig": {
                    "Binds": ["/s/filter.sock:/var/run/iotedge/workload.sock"],
                    "ExtraHosts": ["gateway:10.0.0.1"],
                    "NetworkMode": "net"
                },
                "NetworkingConfig": { "EndpointsConfig": { "net": { "Aliases": ["filter"] } } }
            }),
        );
    }

    #[test]
    fn options_are_kept_and_win_where_the_agent_lets_them() {
        check(
            json!({
                "Image": "never this one",
                "Env": ["A=theirs", "B"],
                "Labels": { "owner": "me", "io.edgectl.module": "liar" },
                "FutureKey": { "x": [1] },
                "hostconfig": { "Binds": ["/a:/b"], "GroupAdd": ["dialout"], "Future": 1.5 }
            }),
            json!({
                "Image": "filter:1",
                "Env": ["IOTEDGE_MODULEID=filter", "A=theirs", "B"],
                "Labels": { "owner": "me", "io.edgectl.module": "filter" },
                "FutureKey": { "x": [1] },
                "hostconfig": {
                    "Binds": ["/a:/b", "/s/filter.sock:/var/run/iotedge/workload.sock"],
                    "GroupAdd": ["dialout"],
                    "Future": 1.5,
                    "ExtraHosts": ["gateway:10.0.0.1"],
                    "NetworkMode": "net"
                },
                "NetworkingConfig": { "EndpointsConfig": { "net": { "Aliases": ["filter"] } } }
            }),
        );
    }

    #[test]
    fn a_network_that_the_options_choose_is_kept() {
        let own = [
            json!({ "HostConfig": { "NetworkMode": "host" } }),
            json!({ "NetworkingConfig": { "EndpointsConfig": { "mine": {} } } }),
            json!({ "networkingConfig": { "endpointsConfig": {} } }),
        ];
        for options in own {
            let body = Value::Object(build(&spec(options.clone())).expect("they fit"));
            assert_eq!(body["HostConfig"]["NetworkMode"], options["HostConfig"]["NetworkMode"]);
            assert_eq!(body["NetworkingConfig"], options["NetworkingConfig"]);
            assert_eq!(body["HostConfig"]["ExtraHosts"], json!(["gateway:10.0.0.1"]));
        }
        for mode in [json!("default"), json!(""), json!(null)] {
            let body = build(&spec(json!({ "HostConfig": { "NetworkMode": mode } }))).expect("they fit");
            assert_eq!(body["HostConfig"]["NetworkMode"], json!("net"));
        }
    }

    #[test]
    fn an_address_that_is_fixed_is_asked_for() {
        let network =
            NetworkAttachment { network: "id".into(), alias: "filter".into(), address: Some([10, 0, 0, 9].into()) };
        let body = build(&ContainerSpec { network: Some(network), ..spec(json!({})) }).expect("they fit");
        let endpoints = json!({ "id": { "Aliases": ["filter"], "IPAMConfig": { "IPv4Address": "10.0.0.9" } } });
        assert_eq!(body["NetworkingConfig"]["EndpointsConfig"], endpoints);
    }

    #[test]
    fn a_container_in_anothers_network_gets_no_hosts() {
        let body = build(&spec(json!({ "HostConfig": { "NetworkMode": "container:x" } }))).expect("they fit");
        assert_eq!(body["HostConfig"].get("ExtraHosts"), None);
    }

    #[test]
    fn options_of_another_shape_are_refused_with_their_place() {
        let refused = build(&spec(json!({ "HostConfig": { "Binds": "/a:/b" } }))).expect_err("no list");
        assert_eq!(refused.message(), "`createOptions.HostConfig.Binds` is a text, where a list is expected");
        let refused = build(&spec(json!({ "Env": { "A": 1 } }))).expect_err("no list");
        assert_eq!(refused.message(), "`createOptions.Env` is an object, where a list is expected");
    }
}
