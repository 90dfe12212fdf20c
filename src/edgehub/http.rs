//! Direct methods from module to module, as HTTPS carries them (protocol.md §6.1).
//!
//! Turns a request into an [`Invocation`] and what became of it into an answer. Whether the credential proves the
//! caller, and whether the target is connected, is for the hub to find out.

#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::port::Credential;
use super::vocabulary::{Answer, Caller, Invocation, InvokeError};
use crate::identity::{DeviceId, Identity, ModuleId};

const NAME_LIMIT: usize = 100;
const PAYLOAD_LIMIT: usize = 128 * 1024;
const RESPONSE_SECONDS: std::ops::RangeInclusive<i64> = 5..=300;
const CONNECT_SECONDS: std::ops::RangeInclusive<i64> = 0..=300;

/// An HTTP request, as it came.
#[derive(Debug, Clone, Copy)]
pub struct HttpCall<'a> {
    /// The verb.
    pub method: &'a str,
    /// Path and query, percent-encoded.
    pub target: &'a str,
    /// Names, in any case, and values.
    pub headers: &'a [(String, String)],
    /// The whole body.
    pub body: &'a [u8],
}

impl HttpCall<'_> {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Says whether the body claims to be JSON, or claims nothing.
    pub(super) fn is_json(&self) -> bool {
        let kind = self.header("content-type").and_then(|kind| kind.split(';').next()).map(str::trim);
        kind.is_none_or(|kind| kind.eq_ignore_ascii_case("application/json"))
    }
}

/// The answer to a [`HttpCall`]; its body is JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The HTTP status.
    pub status: u16,
    /// JSON text.
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// The type of every answer.
    pub const CONTENT_TYPE: &'static str = "application/json; charset=utf-8";

    /// Answers with a document.
    pub fn of(status: u16, document: &Value) -> Self {
        Self { status, body: document.to_string().into_bytes() }
    }

    /// Refuses a request of the identity APIs (protocol.md §6.2).
    pub fn refused(status: u16, why: impl Into<String>) -> Self {
        Self::of(status, &json!({ "ErrorMessage": why.into() }))
    }

    fn message(status: u16, message: impl Into<String>) -> Self {
        Self { status, body: json!({ "message": message.into() }).to_string().into_bytes() }
    }

    /// Refuses a body; the product answers these with a bare text instead of an object.
    fn bad_body(status: u16, message: impl Into<String>) -> Self {
        Self { status, body: json!(message.into()).to_string().into_bytes() }
    }

    fn not_found(id: &str) -> Self {
        Self::message(404, format!("Client {id} not found"))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    method_name: Option<String>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    response_timeout_in_seconds: Option<i64>,
    connect_timeout_in_seconds: Option<i64>,
}

/// Reads a request to call a method on a module or device, for the hub of `device`.
///
/// The order of checks is the product's: path, body, caller, credential.
pub fn parse_invocation(device: &DeviceId, call: &HttpCall<'_>) -> Result<Invocation, HttpAnswer> {
    let (target_device, target_module) = parse_target(call)?;
    let body = parse_body(call)?;
    let method = body.method_name.unwrap_or_default();
    let response_timeout = seconds(body.response_timeout_in_seconds, 30);
    let connect_timeout = seconds(body.connect_timeout_in_seconds, 0);
    let caller = parse_caller(device, call)?;
    let credential = parse_credential(call)?;
    let target = parse_identity(&target_device, target_module.as_deref())?;
    let payload =
        body.payload.map_or(Bytes::from_static(b"null"), |json| Bytes::copy_from_slice(json.get().as_bytes()));
    let caller = Caller::Module { identity: caller, credential };
    Ok(Invocation { caller, target, method, payload, response_timeout, connect_timeout })
}

/// Writes the answer to an invocation.
pub fn answer_invocation(target: &Identity, result: Result<Answer, InvokeError>) -> HttpAnswer {
    match result {
        Ok(Answer { status, payload }) => {
            let body = format!(r#"{{"status":{status},"payload":{}}}"#, embed(&payload));
            HttpAnswer { status: 200, body: body.into_bytes() }
        }
        Err(InvokeError::NotFound) => HttpAnswer::not_found(&target.to_string()),
        Err(InvokeError::NoAnswer) => HttpAnswer::message(504, format!("Client {target} did not answer in time")),
        Err(InvokeError::NotAuthorized(why)) => HttpAnswer::message(401, why),
    }
}

fn parse_target(call: &HttpCall<'_>) -> Result<(String, Option<String>), HttpAnswer> {
    let path = call.target.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    let (device, module) = match segments[..] {
        ["", "twins", device, "methods"] => (device, None),
        ["", "twins", device, "modules", module, "methods"] => (device, Some(module)),
        _ => return Err(HttpAnswer::message(404, "not found")),
    };
    if call.method != "POST" {
        return Err(HttpAnswer::message(405, "method not allowed"));
    }
    let decode = |id: &str| percent_decode_str(id).decode_utf8_lossy().into_owned();
    Ok((decode(device), module.map(decode)))
}

fn parse_body<'a>(call: &HttpCall<'a>) -> Result<Body<'a>, HttpAnswer> {
    if !call.is_json() {
        return Err(HttpAnswer::bad_body(415, "the body has to be application/json"));
    }
    let body: Body<'a> =
        serde_json::from_slice(call.body).map_err(|error| HttpAnswer::bad_body(400, error.to_string()))?;
    check_body(&body).map_err(|message| HttpAnswer::bad_body(400, message))?;
    Ok(body)
}

fn check_body(body: &Body<'_>) -> Result<(), String> {
    let name = body.method_name.as_deref().unwrap_or_default();
    if name.trim().is_empty() {
        return Err("MethodName cannot be empty".to_owned());
    }
    if name.encode_utf16().count() > NAME_LIMIT {
        return Err(format!("MethodName cannot be longer than {NAME_LIMIT}"));
    }
    for (name, given, range) in [
        ("ConnectTimeout", body.connect_timeout_in_seconds, CONNECT_SECONDS),
        ("ResponseTimeout", body.response_timeout_in_seconds, RESPONSE_SECONDS),
    ] {
        if given.is_some_and(|seconds| !range.contains(&seconds)) {
            return Err(format!("{name} has to be between {} and {} seconds", range.start(), range.end()));
        }
    }
    if body.payload.is_some_and(|payload| payload.get().len() > PAYLOAD_LIMIT) {
        return Err(format!("Payload cannot be greater than {PAYLOAD_LIMIT} bytes"));
    }
    Ok(())
}

fn seconds(given: Option<i64>, default: u64) -> Duration {
    Duration::from_secs(given.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(default))
}

fn parse_caller(device: &DeviceId, call: &HttpCall<'_>) -> Result<Identity, HttpAnswer> {
    let bad_header = || HttpAnswer::message(400, "Invalid header value for x-ms-edge-moduleId");
    let id = call.header("x-ms-edge-moduleId").ok_or_else(bad_header)?;
    let (caller_device, caller_module) = id.split_once('/').ok_or_else(bad_header)?;
    let module = ModuleId::parse(caller_module).map_err(|_| bad_header())?;
    if caller_device != device.as_str() {
        return Err(HttpAnswer::message(401, "Only modules on the same device can invoke direct methods"));
    }
    Ok(Identity::of_module(device.clone(), module))
}

fn parse_credential(call: &HttpCall<'_>) -> Result<Credential, HttpAnswer> {
    const SCHEME: &str = "SharedAccessSignature";
    let Some(token) = call.header("authorization") else {
        return Err(HttpAnswer::message(401, "Authorization header missing"));
    };
    if !token.get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME)) {
        let only = "Invalid Authorization header. Only SharedAccessSignature is supported.";
        return Err(HttpAnswer::message(401, only));
    }
    Ok(Credential::Sas(token.to_owned()))
}

/// An id that nothing can have is a client that nobody finds.
fn parse_identity(device: &str, module: Option<&str>) -> Result<Identity, HttpAnswer> {
    let parsed = match module {
        None => DeviceId::parse(device).map(Identity::of_device),
        Some(module) => DeviceId::parse(device).and_then(|id| Ok(Identity::of_module(id, ModuleId::parse(module)?))),
    };
    let id = || module.map_or_else(|| device.to_owned(), |module| format!("{device}/{module}"));
    parsed.map_err(|_| HttpAnswer::not_found(&id()))
}

/// Returns what a module answered so that the whole stays JSON, whatever it answered.
fn embed(payload: &[u8]) -> String {
    if payload.is_empty() {
        return "null".to_owned();
    }
    let text = String::from_utf8_lossy(payload);
    match serde_json::from_str::<IgnoredAny>(&text) {
        Ok(_) => text.into_owned(),
        Err(_) => json!(text).to_string(),
    }
}
