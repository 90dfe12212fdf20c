//! One HTTP/1.1 connection, served by one function from request to response.
//!
//! Written for the home-made clients in Azure's SDKs (protocol.md §0.2): answers always carry `Content-Length` and
//! are never chunked, `Connection: close` is honoured, header names are in title case and the status line has
//! exactly three words.

use std::convert::Infallible;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{StatusCode, server};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::stall::Stalling;
use super::websocket::{self, WebSocket};

const JSON: &str = "application/json";

/// A request, its body read to the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The verb, as it came.
    pub method: String,
    /// Path and query, percent-encoded as they came.
    pub target: String,
    /// Names in lower case; values that are no text are mended with U+FFFD.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Bytes,
}

impl Request {
    /// Returns the first header of a name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code; one that is out of range becomes 500.
    pub status: u16,
    /// The type of the body.
    pub content_type: &'static str,
    /// The whole body.
    pub body: Bytes,
}

/// What one connection may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpLimits {
    /// The longest body that is handed on; a longer one is answered with 413.
    pub body_bytes: usize,
    /// How long a body may take to arrive; a slower one is answered with 408.
    pub body_time: Duration,
    /// How long a connection may be idle, or its next head take to arrive, before it is closed.
    pub head_time: Duration,
    /// How long the client may take nothing of an answer before the connection is closed.
    pub answer_stall: Duration,
}

impl Default for HttpLimits {
    /// 256 KB in 5 seconds; 30 seconds for a head, and of patience with who does not read.
    fn default() -> Self {
        let patience = Duration::from_secs(30);
        Self { body_bytes: 256 * 1024, body_time: Duration::from_secs(5), head_time: patience, answer_stall: patience }
    }
}

/// Serves one connection until either side closes it.
///
/// Errors of the connection end it and are nobody else's business, so they are not returned.
pub async fn serve_http<S, H, F>(stream: S, limits: HttpLimits, handler: H)
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Fn(Request) -> F,
    F: Future<Output = Response>,
{
    let handler = &handler;
    let service = service_fn(move |request| async move { Ok::<_, Infallible>(answer(request, limits, handler).await) });
    let stream = TokioIo::new(Stalling::new(stream, limits.answer_stall));
    let _ = builder(limits).serve_connection(stream, service).await;
}

/// Serves one connection like [`serve_http`] until it becomes a WebSocket of one of the sub-protocols `served`, which
/// is returned.
pub async fn serve_web<S, H, F>(
    stream: S,
    limits: HttpLimits,
    served: &[&'static str],
    handler: H,
) -> Option<(&'static str, WebSocket)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request) -> F,
    F: Future<Output = Response>,
{
    let (granted, mut waiting) = mpsc::unbounded_channel();
    let (handler, granted) = (&handler, &granted);
    let service = service_fn(move |request: hyper::Request<Incoming>| async move {
        Ok::<_, Infallible>(match websocket::is_wanted(request.headers()) {
            true => upgrade(request, served, granted),
            false => answer(request, limits, handler).await,
        })
    });
    let stream = TokioIo::new(Stalling::new(stream, limits.answer_stall));
    let _ = builder(limits).serve_connection(stream, service).with_upgrades().await;
    let (protocol, request) = waiting.try_recv().ok()?;
    WebSocket::open(request).await.map(|socket| (protocol, socket))
}

/// Answers a request to become a WebSocket; a granted one is sent on, to be opened once the answer is out.
fn upgrade(
    request: hyper::Request<Incoming>,
    served: &[&'static str],
    granted: &mpsc::UnboundedSender<(&'static str, hyper::Request<Incoming>)>,
) -> hyper::Response<Full<Bytes>> {
    match websocket::read(request.method(), request.headers(), served) {
        Ok(wish) => {
            let mut response = hyper::Response::new(Full::new(Bytes::new()));
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            wish.grant(response.headers_mut());
            // The receiver outlives the connection.
            let _ = granted.send((wish.protocol, request));
            response
        }
        Err(refused) => close_after(render(refusal(refused.status.as_u16(), refused.reason))),
    }
}

async fn answer<H, F>(
    request: hyper::Request<Incoming>,
    limits: HttpLimits,
    handler: &H,
) -> hyper::Response<Full<Bytes>>
where
    H: Fn(Request) -> F,
    F: Future<Output = Response>,
{
    let (head, body) = request.into_parts();
    match read_body(body, limits).await {
        Ok(body) => match handler(plain_request(&head, body)).await {
            // Whoever is not let in has to knock again, so that no unproved connection lives long.
            refused @ Response { status: 401, .. } => close_after(render(refused)),
            response => render(response),
        },
        Err(refusal) => close_after(render(refusal)),
    }
}

fn builder(limits: HttpLimits) -> server::conn::http1::Builder {
    let mut builder = server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_header_size(64 * 1024)
        .title_case_headers(true);
    builder
}

fn plain_request(head: &hyper::http::request::Parts, body: Bytes) -> Request {
    let target = head.uri.path_and_query().map_or("", |target| target.as_str());
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Request {
        method: head.method.as_str().to_owned(),
        target: target.to_owned(),
        headers: head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body,
    }
}

/// Reads a body within its limits, or returns the answer to one that breaks them.
///
/// A body that is too long is still read for a while: an answer to a client that is busy sending would be lost when
/// the connection closes under it.
async fn read_body(mut body: Incoming, limits: HttpLimits) -> Result<Bytes, Response> {
    let patience = limits.body_bytes.saturating_mul(16);
    let read = async {
        let (mut bytes, mut length) = (BytesMut::new(), 0_usize);
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            length += data.len();
            if length <= limits.body_bytes {
                bytes.extend_from_slice(&data);
            } else if length > patience {
                break;
            }
        }
        Ok::<_, hyper::Error>((length <= limits.body_bytes).then(|| bytes.freeze()))
    };
    match tokio::time::timeout(limits.body_time, read).await {
        Ok(Ok(Some(body))) => Ok(body),
        Ok(Ok(None)) => Err(refusal(413, &format!("the body is longer than {} bytes", limits.body_bytes))),
        Ok(Err(_)) => Err(refusal(400, "the body breaks off")),
        Err(_) => Err(refusal(408, &format!("the body took longer than {:?}", limits.body_time))),
    }
}

fn refusal(status: u16, message: &str) -> Response {
    let body = serde_json::json!({ "message": message }).to_string();
    Response { status, content_type: JSON, body: Bytes::from(body) }
}

fn render(response: Response) -> hyper::Response<Full<Bytes>> {
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut rendered = hyper::Response::new(Full::new(response.body));
    *rendered.status_mut() = status;
    rendered.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(response.content_type));
    if let Ok(reason) = ReasonPhrase::try_from(one_word_reason(status).into_bytes()) {
        rendered.extensions_mut().insert(reason);
    }
    rendered
}

/// `NotFound` for 404: Java's client refuses a status line that is not exactly three words.
fn one_word_reason(status: StatusCode) -> String {
    let words = status.canonical_reason().unwrap_or("Status");
    words.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn close_after(mut response: hyper::Response<Full<Bytes>>) -> hyper::Response<Full<Bytes>> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
