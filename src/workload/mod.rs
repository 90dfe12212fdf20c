//! The workload API, from request to response. A core: no socket.

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
