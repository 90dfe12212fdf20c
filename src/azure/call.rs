//! One request to the hub and its answer, as data.

use std::time::Duration;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// The version that every service SDK asks for (protocol.md §12.1).
const API_VERSION: &str = "2021-04-12";

/// What RFC 3986 leaves as it is in a segment of a path.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What a call is about, for the words of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The hub as a whole.
    Hub,
    /// A device, by its id.
    Device(String),
    /// A deployment, by its id.
    Deployment(String),
}

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) method: &'static str,
    /// Path and query, encoded.
    pub(super) target: String,
    /// The etag that the thing has to have still.
    pub(super) if_match: Option<String>,
    pub(super) body: Option<Value>,
    pub(super) subject: Subject,
}

impl Call {
    /// Makes a call to a path of segments, which are encoded here.
    pub(super) fn new(method: &'static str, segments: &[&str], subject: Subject) -> Self {
        let path: String =
            segments.iter().map(|segment| format!("/{}", utf8_percent_encode(segment, UNRESERVED))).collect();
        let target = format!("{path}?api-version={API_VERSION}");
        Self { method, target, if_match: None, body: None, subject }
    }

    pub(super) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    pub(super) fn if_match(mut self, etag: Option<&str>) -> Self {
        self.if_match = etag.map(|etag| if etag == "*" { "*".to_owned() } else { format!("\"{etag}\"") });
        self
    }
}

/// An answer of the hub, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
    /// `iothub-errorcode`.
    pub(super) error_code: Option<String>,
    /// How long to wait before the next attempt.
    pub(super) retry_after: Option<Duration>,
    /// The hub's clock: time since 1970.
    pub(super) date: Option<Duration>,
    /// Whether an attempt before this one may have been carried out though no answer came.
    pub(super) may_be_repeated: bool,
}

impl Answer {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
