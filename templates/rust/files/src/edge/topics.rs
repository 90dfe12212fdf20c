//! The hub's MQTT topics: those a module publishes to and subscribes to, and what arrives on them.

use serde_json::Value;

use super::message::{Message, encode};

/// Filters of everything a module receives, with the quality of service asked for.
///
/// Methods and the twin are worthless once the connection is lost, so nothing keeps them: quality 0.
pub fn filters(device: &str, module: &str) -> [(String, u8); 4] {
    [
        ("$iothub/methods/POST/#".to_owned(), 0),
        ("$iothub/twin/res/#".to_owned(), 0),
        ("$iothub/twin/PATCH/properties/desired/#".to_owned(), 0),
        (format!("devices/{device}/modules/{module}/inputs/#"), 1),
    ]
}

/// Where a message that leaves by `output` is published.
pub fn output(device: &str, module: &str, output: &str, message: &Message) -> String {
    format!(
        "devices/{device}/modules/{module}/messages/events/{}",
        message.bag(output)
    )
}

/// Where the twin is asked for.
pub fn twin_get(request: u32) -> String {
    format!("$iothub/twin/GET/?$rid={request}")
}

/// Where reported properties are published.
pub fn twin_report(request: u32) -> String {
    format!("$iothub/twin/PATCH/properties/reported/?$rid={request}")
}

/// Where the answer to a direct method is published.
pub fn method_answer(status: u16, request: &str) -> String {
    format!("$iothub/methods/res/{status}/?$rid={request}")
}

/// What arrived from the hub.
#[derive(Debug, PartialEq)]
pub enum Incoming {
    /// A message for an input of this module.
    Input { name: String, message: Message },
    /// A call of a direct method; `request` goes back with the answer, byte for byte.
    Method {
        name: String,
        request: String,
        payload: Value,
    },
    /// The answer to a twin request.
    TwinAnswer {
        status: u16,
        request: u32,
        body: Value,
    },
    /// A change of the desired properties.
    Desired { patch: Value },
}

/// Reads what arrived; `None` if the topic or its payload has no meaning here.
pub fn incoming(topic: &str, payload: Vec<u8>) -> Option<Incoming> {
    if let Some(rest) = topic.strip_prefix("$iothub/methods/POST/") {
        let (name, query) = rest.split_once("/?")?;
        let request = parameter(query, "$rid")?.to_owned();
        return Some(Incoming::Method {
            name: name.to_owned(),
            request,
            payload: document(&payload)?,
        });
    }
    if let Some(rest) = topic.strip_prefix("$iothub/twin/res/") {
        let (status, query) = rest.split_once("/?")?;
        let request = parameter(query, "$rid")?.parse().ok()?;
        return Some(Incoming::TwinAnswer {
            status: status.parse().ok()?,
            request,
            body: document(&payload)?,
        });
    }
    if topic.starts_with("$iothub/twin/PATCH/properties/desired/") {
        return Some(Incoming::Desired {
            patch: document(&payload)?,
        });
    }
    let mut segments = topic.split('/');
    let (Some("devices"), Some("modules"), Some("inputs")) =
        (segments.next(), segments.nth(1), segments.nth(1))
    else {
        return None;
    };
    let name = segments.next()?.to_owned();
    Some(Incoming::Input {
        name,
        message: Message::received(segments.next().unwrap_or_default(), payload),
    })
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// Reads a payload, of which an empty one stands for `null`.
fn document(payload: &[u8]) -> Option<Value> {
    if payload.is_empty() {
        Some(Value::Null)
    } else {
        serde_json::from_slice(payload).ok()
    }
}

/// The user name of CONNECT, in which the hub looks for the identity and the version of its API.
pub fn user_name(hub: &str, device: &str, module: &str) -> String {
    let agent = encode(concat!(
        env!("CARGO_PKG_NAME"),
        "/",
        env!("CARGO_PKG_VERSION")
    ));
    format!("{hub}/{device}/{module}/?api-version=2021-04-12&DeviceClientType={agent}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_input_is_read_from_its_topic() {
        let topic = "devices/d/modules/m/inputs/input1/%24.cdid=d&k=v";
        let message = Message {
            body: b"x".to_vec(),
            properties: vec![("k".to_owned(), "v".to_owned())],
            ..Message::default()
        };
        let expected = Incoming::Input {
            name: "input1".to_owned(),
            message,
        };
        assert_eq!(incoming(topic, b"x".to_vec()), Some(expected));
    }

    #[test]
    fn a_call_keeps_its_request_id_as_text() {
        let expected = Incoming::Method {
            name: "status".to_owned(),
            request: "0a-B".to_owned(),
            payload: Value::Null,
        };
        assert_eq!(
            incoming("$iothub/methods/POST/status/?$rid=0a-B", Vec::new()),
            Some(expected)
        );
    }

    #[test]
    fn answers_and_patches_of_the_twin_are_told_apart() {
        let answer = Incoming::TwinAnswer {
            status: 204,
            request: 7,
            body: Value::Null,
        };
        assert_eq!(
            incoming("$iothub/twin/res/204/?$rid=7&$version=4", Vec::new()),
            Some(answer)
        );
        let patch = Incoming::Desired {
            patch: json!({"$version": 4}),
        };
        let topic = "$iothub/twin/PATCH/properties/desired/?$version=4";
        assert_eq!(incoming(topic, br#"{"$version":4}"#.to_vec()), Some(patch));
    }

    #[test]
    fn what_has_no_meaning_is_none() {
        for topic in [
            "",
            "devices/d",
            "devices/d/modules/m/outputs/o/",
            "$iothub/methods/POST/m",
            "$iothub/twin/res/x/?$rid=1",
        ] {
            assert_eq!(incoming(topic, Vec::new()), None, "{topic}");
        }
    }
}
