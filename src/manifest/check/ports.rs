//! Ports of the device that modules publish: two cannot have one, and the hub's own are taken.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::options::Options;
use super::parts::{Parts, Role};
use crate::manifest::finding::Finding;
use crate::text::Pointer;

/// MQTT, AMQP and HTTPS of the hub.
const HUB_PORTS: [u16; 3] = [8883, 5671, 443];

/// A port, or a range of ports, that a module publishes on the device.
struct Published<'p, 'd> {
    module: &'p str,
    is_hub: bool,
    options: &'p Options<'d>,
    /// Where it is written in the createOptions.
    at: Pointer,
    protocol: String,
    address: String,
    ports: RangeInclusive<u16>,
}

/// Reports ports that are none, ports that two modules publish, and ports that the hub needs.
pub(super) fn check(parts: &Parts<'_>, findings: &mut Vec<Finding>) {
    let mut published: Vec<Published<'_, '_>> = Vec::new();
    for module in parts.modules.iter().filter(|module| module.is_running()) {
        let Some(options) = &module.options else { continue };
        let (module, is_hub) = (module.name.as_str(), module.role == Role::Hub);
        let exposed = options.value.get("ExposedPorts").and_then(Value::as_object);
        for key in exposed.into_iter().flatten().map(|(key, _)| key).filter(|key| protocol_of(key).is_none()) {
            let at = Pointer::root().key("ExposedPorts").key(key).key("");
            findings.push(wrong_binding(options, &at, key, &Wrong::Container));
        }
        for (key, at, binding) in bindings(options) {
            match read(key, binding) {
                Ok(Some((protocol, address, ports))) => {
                    published.push(Published { module, is_hub, options, at, protocol, address, ports });
                }
                Ok(None) => {}
                Err(wrong) => findings.push(wrong_binding(options, &at, key, &wrong)),
            }
        }
    }
    for (index, port) in published.iter().enumerate() {
        let earlier = published[..index].iter().find(|other| collide(other, port));
        findings.extend(earlier.map(|other| collision(other, port)));
        findings.extend(needed_by_hub(port).filter(|_| earlier.is_none()));
    }
}

/// The bindings of a module's ports: the container's port, where the binding stands, and the binding.
fn bindings<'p>(options: &'p Options<'_>) -> Vec<(&'p str, Pointer, &'p Map<String, Value>)> {
    let host = options.value.get("HostConfig");
    // A container in the device's own network publishes nothing.
    let mode = host.and_then(|host| host.get("NetworkMode")).and_then(Value::as_str).unwrap_or_default();
    let ports = host.and_then(|host| host.get("PortBindings")).and_then(Value::as_object);
    let mut found = Vec::new();
    for (key, list) in ports.into_iter().flatten().filter(|_| mode != "host") {
        let at = Pointer::root().key("HostConfig").key("PortBindings").key(key);
        for (index, binding) in list.as_array().into_iter().flatten().enumerate() {
            found.extend(binding.as_object().map(|binding| (key.as_str(), at.index(index), binding)));
        }
    }
    found
}

/// What the engine cannot read in a binding.
enum Wrong {
    /// The port of the container, which is the key.
    Container,
    /// The port of the device.
    Port(String),
    /// The address of the device.
    Address(String),
}

fn wrong_binding(options: &Options<'_>, at: &Pointer, key: &str, wrong: &Wrong) -> Finding {
    let told = match wrong {
        Wrong::Container => {
            let at = at.parent().unwrap_or_else(|| at.clone());
            let told = options.key_error(&at, format!("`{key}` is no port of a container"));
            told.hint("write a port and its protocol, such as \"8080/tcp\" or \"53/udp\"")
        }
        Wrong::Port(found) => {
            let told = options.error(&at.key("HostPort"), format!("`{found}` is no port of the device"));
            told.hint("write a port as text, such as \"8080\", or a range, such as \"8080-8083\"")
        }
        Wrong::Address(found) => {
            let message = format!("`{found}` is no address, and the engine publishes on all of the device's");
            options.error(&at.key("HostIp"), message).hint("write an address, such as \"127.0.0.1\"")
        }
    };
    Finding::error("option-value", told)
}

/// Reads protocol, address and ports of one binding; `None` if the engine chooses the port.
fn read(key: &str, binding: &Map<String, Value>) -> Result<Option<(String, String, RangeInclusive<u16>)>, Wrong> {
    let protocol = protocol_of(key).ok_or(Wrong::Container)?;
    let text = |key| match binding.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let (port, address) = (text("HostPort"), text("HostIp"));
    if !address.is_empty() && address.parse::<IpAddr>().is_err() {
        return Err(Wrong::Address(address));
    }
    if port.is_empty() || port == "0" {
        return Ok(None);
    }
    let (first, last) = port.split_once('-').unwrap_or((&port, &port));
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) if first <= last => Ok(Some((protocol, address, first..=last))),
        _ => Err(Wrong::Port(port)),
    }
}

/// The protocol of a port of the container, such as `8080/tcp`; `None` if it is no port.
fn protocol_of(port: &str) -> Option<String> {
    let (number, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    (number.parse::<u16>().is_ok() && ["tcp", "udp", "sctp"].contains(&&*protocol)).then_some(protocol)
}

fn collide(one: &Published<'_, '_>, other: &Published<'_, '_>) -> bool {
    let is_any = |address: &str| matches!(address, "" | "0.0.0.0" | "::");
    let same_address = one.address == other.address || is_any(&one.address) || is_any(&other.address);
    // Of a range the engine takes a port that is free.
    let is_one = |published: &Published<'_, '_>| published.ports.start() == published.ports.end();
    let same_port = is_one(one) && is_one(other) && one.ports == other.ports;
    one.protocol == other.protocol && same_address && same_port
}

fn collision(one: &Published<'_, '_>, other: &Published<'_, '_>) -> Finding {
    let port = one.ports.start();
    let protocol = &other.protocol;
    let whose = match (one.module == other.module, one.is_hub) {
        (true, _) => "is published twice by this module".to_owned(),
        (_, true) => "belongs to `edgeHub`".to_owned(),
        _ => format!("is published by `{}` too", one.module),
    };
    let told = other.options.error(&other.at, format!("port {port}/{protocol} of the device {whose}"));
    Finding::error("port-collision", told.hint("publish another port as `HostPort`"))
}

fn needed_by_hub(port: &Published<'_, '_>) -> Option<Finding> {
    let taken = HUB_PORTS.into_iter().find(|taken| port.ports.contains(taken))?;
    if port.is_hub || port.protocol != "tcp" {
        return None;
    }
    let told = port.options.error(&port.at, format!("devices look for the hub at port {taken}"));
    Some(Finding::warning("hub-port", told.hint("publish another port as `HostPort`")))
}
