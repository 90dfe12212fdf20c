//! The topics of IoT Hub, which are no tree but a fixed set of requests and answers (protocol.md §4.3, §4.4).
//!
//! Both ends: what a client publishes to and subscribes to, and what a hub publishes to.

#[cfg(test)]
mod tests;

use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, PercentEncode, percent_decode_str, utf8_percent_encode};

use super::bag::{self, Author, TooManyProperties};
use crate::edgehub::Feature;
use crate::identity::Identity;
use crate::message::{Message, system};

const TWIN: &str = "$iothub/twin/";
const TWIN_GET: &str = "$iothub/twin/GET/";
const TWIN_PATCH_REPORTED: &str = "$iothub/twin/PATCH/properties/reported/";
const TWIN_PATCH_DESIRED: &str = "$iothub/twin/PATCH/properties/desired/";
const TWIN_RESULT: &str = "$iothub/twin/res/";
const METHOD_CALL: &str = "$iothub/methods/POST/";
const METHOD_RESULT: &str = "$iothub/methods/res/";

/// The status that an answer to a method gets whose own is no number (protocol.md §4.5).
pub const UNREADABLE_STATUS: i32 = 400_000;

/// Room for the properties of most messages in the topic that delivers them.
const ROOM: usize = 256;

/// What would end a topic's level or not be allowed in a topic; names are otherwise written as they are (§4.4).
const LEVEL: &AsciiSet = &CONTROLS.add(b'/').add(b'#').add(b'+').add(b'?');

/// What a client publishes, by its topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FromClient<'a> {
    /// A message; the ids in the topic are not kept, since only the authenticated identity counts.
    Telemetry {
        /// Its property bag, possibly empty.
        bag: &'a str,
    },
    /// A request for the twin.
    GetTwin {
        /// The request id.
        rid: &'a str,
    },
    /// A patch of reported properties.
    PatchReported {
        /// The request id.
        rid: &'a str,
    },
    /// The answer to a direct method.
    MethodResult {
        /// The module's status.
        status: i32,
        /// The call's id.
        rid: &'a str,
    },
    /// Nothing that a hub knows; taken and forgotten.
    Unknown,
}

/// A topic under `$iothub/twin/` that is no request: the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a topic below `$iothub/twin/` is neither a get nor a patch of reported properties with `?$rid=`")]
pub struct NotATwinTopic;

impl<'a> FromClient<'a> {
    /// Takes a topic apart.
    pub fn parse(topic: &'a str) -> Result<Self, NotATwinTopic> {
        if topic.starts_with(TWIN) {
            return parse_twin(topic).ok_or(NotATwinTopic);
        }
        if let Some(rest) = topic.strip_prefix(METHOD_RESULT) {
            return Ok(parse_method_result(rest).unwrap_or(Self::Unknown));
        }
        Ok(parse_telemetry(topic).map_or(Self::Unknown, |bag| Self::Telemetry { bag }))
    }
}

fn parse_twin(topic: &str) -> Option<FromClient<'_>> {
    if let Some(query) = topic.strip_prefix(TWIN_GET) {
        return Some(FromClient::GetTwin { rid: request_id(query)? });
    }
    let query = topic.strip_prefix(TWIN_PATCH_REPORTED)?;
    Some(FromClient::PatchReported { rid: request_id(query)? })
}

fn parse_method_result(rest: &str) -> Option<FromClient<'_>> {
    let (status, query) = rest.split_once('/')?;
    Some(FromClient::MethodResult { status: status.parse().unwrap_or(UNREADABLE_STATUS), rid: request_id(query)? })
}

/// Finds the bag behind `devices/{d}[/modules/{m}]/messages/events`, without the slash that Node and C# put after it.
fn parse_telemetry(topic: &str) -> Option<&str> {
    let (_device, rest) = topic.strip_prefix("devices/")?.split_once('/')?;
    let rest = match rest.strip_prefix("modules/") {
        Some(rest) => rest.split_once('/')?.1,
        None => rest,
    };
    let rest = rest.strip_prefix("messages/events")?;
    if rest.is_empty() {
        return Some(rest);
    }
    let bag = rest.strip_prefix('/')?;
    let bag = bag.strip_suffix('/').unwrap_or(bag);
    if bag.contains('/') { None } else { Some(bag) }
}

/// Returns the value of `$rid`, exactly as it stands there.
fn request_id(query: &str) -> Option<&str> {
    query_value(query, "$rid").filter(|rid| !rid.is_empty())
}

fn query_value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let fields = query.strip_prefix('?')?.split('&');
    fields.filter_map(|field| field.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// What a filter subscribes to, and under which names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription<'a> {
    /// The feature.
    pub feature: Feature,
    /// `devices/{d}/modules/{m}` as the client spells it, where the filter has that.
    ///
    /// The SDK for Python percent-encodes the ids in its filters and compares what is delivered with them.
    pub base: Option<&'a str>,
}

/// Finds out what a topic filter subscribes `identity` to; `None` for what never matches anything.
pub fn parse_filter<'a>(filter: &'a str, identity: &Identity) -> Option<Subscription<'a>> {
    let of = |feature| Some(Subscription { feature, base: None });
    if filter == "$iothub/twin/res/#" {
        return of(Feature::TwinAnswers);
    }
    if filter.starts_with(TWIN_PATCH_DESIRED) {
        return of(Feature::DesiredUpdates);
    }
    if filter.starts_with(METHOD_CALL) {
        return of(Feature::Methods);
    }
    match &identity.module {
        None => {
            let base = filter.strip_suffix("/messages/devicebound/#")?;
            let names_it = decode(base.strip_prefix("devices/")?) == identity.device.as_str();
            names_it.then_some(Subscription { feature: Feature::CloudToDevice, base: Some(base) })
        }
        Some(module) => {
            let base = filter.strip_suffix("/inputs/#").or_else(|| filter.strip_suffix("/#"))?;
            let (device, name) = base.strip_prefix("devices/")?.split_once("/modules/")?;
            let names_it = decode(device) == identity.device.as_str() && decode(name) == module.as_str();
            names_it.then_some(Subscription { feature: Feature::Inputs, base: Some(base) })
        }
    }
}

/// Returns `devices/{d}` or `devices/{d}/modules/{m}`.
pub fn base_of(identity: &Identity) -> String {
    let device = level(identity.device.as_str());
    match &identity.module {
        None => format!("devices/{device}"),
        Some(module) => format!("devices/{device}/modules/{}", level(module.as_str())),
    }
}

/// Returns the topic on which an input gets a message.
///
/// The bag is never empty (protocol.md §0.6): it starts with the sender, or with `device` if there is none.
pub fn of_input(base: &str, device: &str, input: &str, message: &Message) -> String {
    let mut topic = String::with_capacity(base.len() + input.len() + ROOM);
    topic.extend([base, "/inputs/"]);
    topic.extend(level(input));
    topic.push('/');
    match message.system(system::CONNECTION_DEVICE_ID) {
        Some(_) => bag::put(message, Author::Hub, &mut topic),
        None => {
            let mut stamped = Message { body: Bytes::new(), ..message.clone() };
            stamped.set_system(system::CONNECTION_DEVICE_ID, device);
            bag::put(&stamped, Author::Hub, &mut topic);
        }
    }
    topic
}

/// Returns the topic on which a device gets a message from the cloud; its bag always names the receiver.
pub fn of_cloud_to_device(base: &str, device: &str, message: &Message) -> String {
    let mut addressed = Message { body: Bytes::new(), ..message.clone() };
    addressed.set_system(system::TO, format!("/devices/{device}/messages/deviceBound"));
    let mut topic = format!("{base}/messages/devicebound/");
    bag::put(&addressed, Author::Hub, &mut topic);
    topic
}

/// Returns the topic on which a direct method is called.
pub fn of_method_call(name: &str, rid: &str) -> String {
    format!("{METHOD_CALL}{}/?$rid={rid}", level(name))
}

/// Returns the topic on which a twin request is answered.
pub fn of_twin_answer(status: u16, rid: &str, version: Option<u64>) -> String {
    let version = version.map(|version| format!("&$version={version}")).unwrap_or_default();
    format!("{TWIN_RESULT}{status:03}/?$rid={rid}{version}")
}

/// Returns the topic on which changes of desired properties are told.
pub fn of_desired_change(version: u64) -> String {
    format!("{TWIN_PATCH_DESIRED}?$version={version}")
}

/// What a hub publishes to a client, by its topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromHub {
    /// A message for an input; its properties are in the message, whose body is empty.
    Input {
        /// The input.
        name: String,
        /// The properties.
        properties: Message,
    },
    /// A direct method is called.
    MethodCall {
        /// Its name.
        name: String,
        /// To be given back in the answer.
        rid: String,
    },
    /// The answer to a twin request.
    TwinAnswer {
        /// 200, 204 or a failure.
        status: u16,
        /// The request's id.
        rid: String,
    },
    /// Desired properties changed.
    DesiredChange,
    /// Nothing that a module knows.
    Unknown,
}

impl FromHub {
    /// Takes a topic apart.
    pub fn parse(topic: &str) -> Result<Self, TooManyProperties> {
        if topic.starts_with(TWIN_PATCH_DESIRED) {
            return Ok(Self::DesiredChange);
        }
        if let Some(rest) = topic.strip_prefix(TWIN_RESULT) {
            return Ok(parse_twin_answer(rest).unwrap_or(Self::Unknown));
        }
        if let Some(rest) = topic.strip_prefix(METHOD_CALL) {
            return Ok(parse_method_call(rest).unwrap_or(Self::Unknown));
        }
        let Some((name, bag)) = input_parts(topic) else { return Ok(Self::Unknown) };
        let mut properties = Message::default();
        bag::parse(bag, Author::Hub, &mut properties)?;
        Ok(Self::Input { name: decode(name), properties })
    }
}

fn parse_twin_answer(rest: &str) -> Option<FromHub> {
    let (status, query) = rest.split_once('/')?;
    Some(FromHub::TwinAnswer { status: status.parse().ok()?, rid: request_id(query)?.to_owned() })
}

fn parse_method_call(rest: &str) -> Option<FromHub> {
    let (name, query) = rest.split_once('/')?;
    Some(FromHub::MethodCall { name: decode(name), rid: request_id(query)?.to_owned() })
}

fn input_parts(topic: &str) -> Option<(&str, &str)> {
    let mut levels = topic.splitn(7, '/');
    let mut level = || levels.next();
    let (devices, _, modules, _) = (level()?, level()?, level()?, level()?);
    let (inputs, name, bag) = (level()?, level()?, level()?);
    (devices == "devices" && modules == "modules" && inputs == "inputs").then_some((name, bag))
}

/// Returns the topic to which a module sends a message.
pub fn to_telemetry(base: &str, message: &Message) -> String {
    let mut topic = format!("{base}/messages/events/");
    bag::put(message, Author::Client, &mut topic);
    topic
}

/// Returns the topic to which a module sends a request for its twin.
pub fn to_get_twin(rid: &str) -> String {
    format!("{TWIN_GET}?$rid={rid}")
}

/// Returns the topic to which a module reports properties.
pub fn to_patch_reported(rid: &str) -> String {
    format!("{TWIN_PATCH_REPORTED}?$rid={rid}")
}

/// Returns the topic to which a module sends the answer to a direct method.
pub fn to_method_result(status: i32, rid: &str) -> String {
    format!("{METHOD_RESULT}{status}/?$rid={rid}")
}

/// Returns the filters with which a module subscribes to a feature.
pub fn filter_of(feature: Feature, base: &str) -> String {
    match feature {
        Feature::Inputs => format!("{base}/inputs/#"),
        Feature::CloudToDevice => format!("{base}/messages/devicebound/#"),
        Feature::Methods => format!("{METHOD_CALL}#"),
        Feature::DesiredUpdates => format!("{TWIN_PATCH_DESIRED}#"),
        Feature::TwinAnswers => format!("{TWIN_RESULT}#"),
    }
}

fn level(name: &str) -> PercentEncode<'_> {
    utf8_percent_encode(name, LEVEL)
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
