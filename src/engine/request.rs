//! Requests as `bollard` makes them, mended: what its options cannot say, and credentials in the alphabet of engines.

use std::collections::BTreeSet;

use bollard::{BollardRequest, Docker};

use super::Engine;
use super::builder::Tool;
use crate::image::Reference;

/// A parameter of a query.
pub(super) type Parameter = (&'static str, String);

impl Engine {
    /// Returns the connection for moving an image: Podman trusts registries of this machine only when it is told to, where
    /// docker needs no word.
    pub(super) async fn to_registry(&self, path: &'static str, reference: &Reference) -> Docker {
        let is_podman = self.nature().await.is_ok_and(|nature| nature.is_podman);
        let parameters: Vec<Parameter> = (is_podman && reference.is_loopback()).then(trust).into_iter().collect();
        self.patient().with_request_modifier(move |request| repair(request, path, &parameters))
    }
}

/// The same for the base images of a build, if all of them are in registries of this machine: it counts for all.
pub(super) fn trust_of_loopback(tool: Tool, bases: &BTreeSet<Reference>) -> Option<Parameter> {
    let is_meant = tool == Tool::Buildah && !bases.is_empty() && bases.iter().all(Reference::is_loopback);
    is_meant.then(trust)
}

fn trust() -> Parameter {
    ("tlsVerify", "false".to_owned())
}

/// Adds parameters to requests whose path ends like this, and mends the credentials of every request.
pub(super) fn repair(request: BollardRequest, path: &str, parameters: &[Parameter]) -> BollardRequest {
    repair_credentials(with_parameters(request, path, parameters))
}

/// The engine reads credentials in the URL's base64, bollard 0.21 writes the standard one: a password such as
/// `~~~???>>>~` would be refused.
pub(super) fn repair_credentials(mut request: BollardRequest) -> BollardRequest {
    for name in ["x-registry-auth", "x-registry-config"] {
        let Some(value) = request.headers_mut().get_mut(name) else { continue };
        let repaired: String = value.to_str().unwrap_or_default().chars().map(to_url_alphabet).collect();
        if let Ok(repaired) = repaired.parse() {
            *value = repaired;
            value.set_sensitive(true);
        }
    }
    request
}

fn to_url_alphabet(c: char) -> char {
    match c {
        '+' => '-',
        '/' => '_',
        c => c,
    }
}

/// Adds parameters, except the version, which is there and becomes another.
fn with_parameters(mut request: BollardRequest, path: &str, parameters: &[Parameter]) -> BollardRequest {
    if parameters.is_empty() || !request.uri().path().ends_with(path) {
        return request;
    }
    let encode = |text| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
    let mut target = request.uri().to_string();
    for (name, value) in parameters {
        let join = if target.contains('?') { '&' } else { '?' };
        match *name {
            "version" => target = target.replace("version=1", &format!("version={value}")),
            name => target.push_str(&format!("{join}{name}={}", encode(value))),
        }
    }
    if let Ok(uri) = target.parse() {
        *request.uri_mut() = uri;
    }
    request
}
