//! Paths and versions of the workload API (protocol.md §2.1, §2.2).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::request::{Refusal, Request};

/// The versions that the product knows; every path here is as old as the first.
const VERSIONS: [&str; 7] =
    ["2018-06-28", "2019-01-30", "2019-10-22", "2019-11-05", "2020-07-07", "2021-12-07", "2022-08-03"];

/// What a path means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route<'a> {
    Modules,
    TrustBundle,
    ManifestTrustBundle,
    /// Something that is done as a module.
    Module {
        name: Cow<'a, str>,
        /// Empty where the path has none.
        generation: Cow<'a, str>,
        operation: Operation,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Sign,
    Encrypt,
    Decrypt,
    ServerCertificate,
    IdentityCertificate,
}

/// Checks the mandatory `api-version`; the last one counts if there are several.
pub(super) fn check_version(request: &Request) -> Result<(), Refusal> {
    let query = request.path_and_query.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut versions = pairs.filter(|(name, _)| decode_form(name) == "api-version");
    let Some((_, version)) = versions.next_back() else {
        return Err(Refusal::bad_request("api-version not specified"));
    };
    let version = decode_form(version);
    if VERSIONS.contains(&version.as_str()) {
        return Ok(());
    }
    Err(Refusal::bad_request(format!("invalid api-version {version:?}")))
}

/// Finds out what a path means, whatever the verb.
pub(super) fn parse_route(request: &Request) -> Result<Route<'_>, Refusal> {
    let path = request.path_and_query.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    let (name, generation, operation) = match segments[..] {
        ["", "modules"] | ["", "modules", ""] => return Ok(Route::Modules),
        ["", "trust-bundle"] => return Ok(Route::TrustBundle),
        ["", "manifest-trust-bundle"] => return Ok(Route::ManifestTrustBundle),
        ["", "modules", name, "certificate", "identity"] => (name, None, Operation::IdentityCertificate),
        ["", "modules", name, "genid", generation, ref rest @ ..] => {
            let operation = match rest {
                ["sign"] => Operation::Sign,
                ["encrypt"] => Operation::Encrypt,
                ["decrypt"] => Operation::Decrypt,
                ["certificate", "server"] => Operation::ServerCertificate,
                _ => return Err(Refusal::not_found()),
            };
            (name, Some(generation), operation)
        }
        _ => return Err(Refusal::not_found()),
    };
    let generation = generation.map_or(Ok(Cow::Borrowed("")), decode_segment)?;
    Ok(Route::Module { name: decode_segment(name)?, generation, operation })
}

fn decode_segment(segment: &str) -> Result<Cow<'_, str>, Refusal> {
    if segment.is_empty() {
        return Err(Refusal::not_found());
    }
    percent_decode_str(segment).decode_utf8().map_err(|_| Refusal::not_found())
}

fn decode_form(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}
