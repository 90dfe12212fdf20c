//! Requests, responses and refusals: what HTTP means to the workload API (protocol.md §2.1).

use std::borrow::Cow;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};

/// A request of the workload API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The verb.
    pub method: String,
    /// Path and query, percent-encoded as they came.
    pub path_and_query: String,
    /// The `Content-Type`, if there was one.
    pub content_type: Option<String>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// The answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The type of the body.
    pub content_type: &'static str,
    /// The whole body.
    pub body: Vec<u8>,
}

/// A request that is not granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The request is wrong, or we are.
    Status(u16, Cow<'static, str>),
    /// The caller spoke for someone else, whose name this is.
    Forbidden(String),
}

impl Refusal {
    pub(super) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Status(400, message.into())
    }

    pub(super) fn not_found() -> Self {
        Self::Status(404, "not found".into())
    }

    /// Something that should have worked did not.
    pub(super) fn failed(why: impl ToString) -> Self {
        Self::Status(500, why.to_string().into())
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        let (status, message) = match refusal {
            Refusal::Status(status, message) => (status, message),
            Refusal::Forbidden(_) => (403, "forbidden".into()),
        };
        json_response(status, &json!({ "message": message }))
    }
}

pub(super) fn json_response(status: u16, body: &Value) -> Response {
    Response { status, content_type: "application/json", body: body.to_string().into_bytes() }
}

/// Reads the body of a POST; `None` if there is none, or if it is declared to be no JSON.
pub(super) fn decode_body<T: DeserializeOwned>(request: &Request) -> Result<Option<T>, Refusal> {
    if request.body.is_empty() || !is_json(request) {
        return Ok(None);
    }
    parse_json(request).map(Some)
}

/// Returns the refusal of a verb that a path does not have.
///
/// A body is read first, as the product does, and may be what the refusal is about.
pub(super) fn refuse_verb(request: &Request) -> Refusal {
    let body = match request.method.as_str() {
        "PUT" if !is_json(request) => Err(Refusal::Status(415, "request body must be application/json".into())),
        "PUT" => parse_json::<IgnoredAny>(request).map(|_| ()),
        "POST" | "DELETE" => decode_body::<IgnoredAny>(request).map(|_| ()),
        _ => Ok(()),
    };
    body.err().unwrap_or_else(|| Refusal::bad_request("method not allowed"))
}

/// Without a type, which Python leaves out, a body counts as JSON (protocol.md §0.1).
fn is_json(request: &Request) -> bool {
    let Some(declared) = &request.content_type else { return true };
    declared.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn parse_json<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    serde_json::from_slice(&request.body).map_err(|error| Refusal::Status(422, error.to_string().into()))
}
