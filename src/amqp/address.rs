//! Addresses of links: what a client gets or gives there, and as whom (protocol.md §5.3).

use percent_encoding::percent_decode_str;

use super::cbs;
use super::link::Direction;
use crate::identity::{DeviceId, Identity, ModuleId};

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    Telemetry,
    /// Messages to a module's inputs.
    Inputs,
    CloudToDevice,
    MethodCalls,
    MethodAnswers,
    /// Answers to requests for the twin, and changes of desired properties.
    TwinAnswers,
    TwinRequests,
}

impl Purpose {
    /// Returns what the other link of a pair is for; `None` for a link that stands alone (protocol.md §5.3).
    pub(super) fn partner(self) -> Option<Self> {
        match self {
            Self::MethodCalls => Some(Self::MethodAnswers),
            Self::MethodAnswers => Some(Self::MethodCalls),
            Self::TwinAnswers => Some(Self::TwinRequests),
            Self::TwinRequests => Some(Self::TwinAnswers),
            Self::Telemetry | Self::Inputs | Self::CloudToDevice => None,
        }
    }
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Where tokens are put.
    Cbs,
    /// What belongs to one client.
    Own(Identity, Purpose),
}

/// Reads an address, absolute (`amqps://host/devices/…`) or relative; `None` if a hub has nothing there.
pub(super) fn parse(address: &str, direction: Direction) -> Option<Place> {
    if address.eq_ignore_ascii_case(cbs::ADDRESS) {
        return Some(Place::Cbs);
    }
    let path = match address.split_once("://") {
        Some((_scheme, rest)) => rest.split_once('/')?.1,
        None => address.strip_prefix('/').unwrap_or(address),
    };
    let path = path.strip_suffix('/').unwrap_or(path);
    let decoded: Vec<String> =
        path.split('/').map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect();
    let parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let [devices, device, rest @ ..] = parts.as_slice() else { return None };
    if !devices.eq_ignore_ascii_case("devices") {
        return None;
    }
    let device = DeviceId::parse(device).ok()?;
    let (identity, rest) = match rest {
        [modules, module, rest @ ..] if modules.eq_ignore_ascii_case("modules") => {
            (Identity::of_module(device, ModuleId::parse(module).ok()?), rest)
        }
        rest => (Identity::of_device(device), rest),
    };
    let rest = rest.join("/").to_ascii_lowercase();
    let is_module = identity.module.is_some();
    let purpose = match (direction, rest.as_str()) {
        (Direction::FromClient, "messages/events") => Purpose::Telemetry,
        (Direction::ToClient, "messages/devicebound") if !is_module => Purpose::CloudToDevice,
        // The SDK for C takes a module's inputs from the second.
        (Direction::ToClient, "messages/events" | "messages/devicebound") if is_module => Purpose::Inputs,
        (Direction::ToClient, "methods/devicebound") => Purpose::MethodCalls,
        (Direction::FromClient, "methods/devicebound") => Purpose::MethodAnswers,
        (Direction::ToClient, "twin") => Purpose::TwinAnswers,
        (Direction::FromClient, "twin") => Purpose::TwinRequests,
        _ => return None,
    };
    Some(Place::Own(identity, purpose))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{FromClient, ToClient};

    fn own(identity: &str, purpose: Purpose) -> Option<Place> {
        Some(Place::Own(Identity::parse(identity).expect("an identity"), purpose))
    }

    #[test]
    fn every_link_of_the_sdks_has_its_purpose() {
        // protocol.md §5.3
        let module = "/devices/d/modules/m";
        let cases = [
            (FromClient, "/devices/d/messages/events".to_owned(), own("d", Purpose::Telemetry)),
            (FromClient, format!("{module}/messages/events"), own("d/m", Purpose::Telemetry)),
            (ToClient, "/devices/d/messages/deviceBound".to_owned(), own("d", Purpose::CloudToDevice)),
            (ToClient, format!("{module}/messages/events"), own("d/m", Purpose::Inputs)),
            (ToClient, format!("{module}/messages/deviceBound"), own("d/m", Purpose::Inputs)),
            (ToClient, format!("{module}/methods/deviceBound"), own("d/m", Purpose::MethodCalls)),
            (FromClient, format!("{module}/methods/devicebound"), own("d/m", Purpose::MethodAnswers)),
            (ToClient, format!("{module}/twin"), own("d/m", Purpose::TwinAnswers)),
            (FromClient, format!("{module}/twin"), own("d/m", Purpose::TwinRequests)),
            (FromClient, "$cbs".to_owned(), Some(Place::Cbs)),
        ];
        for (direction, address, place) in cases {
            assert_eq!(parse(&address, direction), place, "{address}");
            let absolute = format!("amqps://gateway{address}");
            if place != Some(Place::Cbs) {
                assert_eq!(parse(&absolute, direction), place, "{absolute}");
            }
        }
    }

    #[test]
    fn ids_are_decoded() {
        let telemetry = own("d/$m+1", Purpose::Telemetry);
        assert_eq!(parse("/devices/d/modules/%24m%2B1/messages/events", FromClient), telemetry);
    }

    #[test]
    fn elsewhere_is_nothing() {
        for address in
            ["", "/", "/devices/d", "/devices//twin", "queue", "amqps://host", "/devices/d/messages/events/x"]
        {
            assert_eq!(parse(address, FromClient), None, "{address}");
        }
        assert_eq!(parse("/devices/d/messages/events", ToClient), None, "reading telemetry is for services");
    }
}
