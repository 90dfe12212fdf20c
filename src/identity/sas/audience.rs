//! The audience of a token: whom it names, encoded as often as its writer liked (protocol.md §3.1–3.3).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::SasError;
use crate::identity::{DeviceId, Identity, ModuleId};

/// Compares the audience with who connects, undecoded and after one, two and three decodings.
///
/// Trying them all is safe: the signature has proved already that the owner of the key wrote this text. A `+` stays
/// one, since ids can hold it and can hold no blank.
pub(super) fn check(resource: &str, hosts: &[&str], identity: &Identity) -> Result<(), SasError> {
    let mut reading = resource.to_owned();
    let mut found = SasError::AudienceForm;
    for _ in 0..=3 {
        match compare(&reading, hosts, identity) {
            Ok(()) => return Ok(()),
            Err(SasError::AudienceForm) => {}
            Err(closer) => found = closer,
        }
        reading = decode_percent(&reading);
    }
    Err(found)
}

/// Returns who the audience names, decoded as often as it can be.
pub(super) fn named(resource: &str) -> Result<Identity, SasError> {
    let mut reading = resource.to_owned();
    for _ in 0..3 {
        reading = decode_percent(&reading);
    }
    let (_, device, module) = split(&reading).ok_or(SasError::AudienceForm)?;
    let named = DeviceId::parse(device).and_then(|device| {
        let module = module.map(ModuleId::parse).transpose()?;
        Ok(Identity { device, module })
    });
    named.map_err(|_| SasError::AudienceForm)
}

fn compare(audience: &str, hosts: &[&str], identity: &Identity) -> Result<(), SasError> {
    let (host, device, module) = split(audience).ok_or(SasError::AudienceForm)?;
    if !hosts.iter().any(|known| is(known, host)) {
        return Err(SasError::AudienceHost);
    }
    let module_agrees = match (module, &identity.module) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(named), Some(module)) => is(named, module.as_str()),
    };
    let agrees = is(device, identity.device.as_str()) && module_agrees;
    if agrees { Ok(()) } else { Err(SasError::AudienceIdentity) }
}

/// Parts an audience into host, device and module.
fn split(audience: &str) -> Option<(&str, &str, Option<&str>)> {
    let parts: Vec<&str> = audience.splitn(6, '/').collect();
    match parts[..] {
        [host, devices, device] if is(devices, "devices") => Some((host, device, None)),
        [host, devices, device, modules, module] if is(devices, "devices") && is(modules, "modules") => {
            Some((host, device, Some(module)))
        }
        _ => None,
    }
}

fn is(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Decodes once; what is no UTF-8 afterwards stays as it was.
pub(super) fn decode_percent(text: &str) -> String {
    percent_decode_str(text).decode_utf8().map_or_else(|_| text.to_owned(), Cow::into_owned)
}
