//! The client's side of HTTP/1.1, with TLS or without: one call, its whole answer.
//!
//! Keeps connections that both sides left open. Follows no redirect and knows no credentials: whoever calls knows who may
//! be told what. A call goes to a second connection only if the first one, kept from an earlier call, was closed before it
//! took the request, or if it does no harm to do it twice: of `POST` nobody knows that.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, USER_AGENT};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio_rustls::TlsConnector;

use super::client_tls::{Trust, client_tls};
use super::proxy::{Proxies, Proxy};

const AGENT: &str = concat!("edgectl/", env!("CARGO_PKG_VERSION"));

/// A client for one site or several, with the connections that it keeps.
pub struct HttpClient {
    trust: Trust,
    proxies: Proxies,
    tls: OnceLock<Result<TlsConnector, String>>,
    idle: Mutex<HashMap<String, Vec<Sender>>>,
}

/// One call.
pub struct Call<'a> {
    /// The verb.
    pub method: Method,
    /// `http://…` or `https://…`.
    pub url: &'a str,
    /// Names in any case.
    pub headers: &'a [(&'a str, &'a str)],
    /// The whole body.
    pub body: Bytes,
    /// The longest body that is taken for an answer, in bytes.
    pub limit: usize,
    /// How long all of it may take.
    pub patience: Duration,
}

/// The answer to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Names in lower case; values that are no text are mended with U+FFFD.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Bytes,
}

/// Why a call got no answer.
#[derive(Debug, Error)]
pub enum FetchError {
    /// It is no absolute address of HTTP.
    #[error("`{0}` is no address of HTTP")]
    Address(String),
    /// Nobody was reached.
    #[error("{0}")]
    Unreachable(io::Error),
    /// The other side is not who it should be, or does not speak TLS.
    #[error("TLS: {0}")]
    Tls(String),
    /// The proxy that the environment names does not lead there.
    #[error("{0}")]
    Proxy(String),
    /// The connection broke, or what came was no HTTP.
    #[error("{0}")]
    Broken(String),
    /// The answer was longer than wanted.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
    /// It took too long.
    #[error("timeout: no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
}

type Sender = SendRequest<Full<Bytes>>;
type Outgoing = Request<Full<Bytes>>;

/// What came of a request that was to go over a connection that is open already.
enum Sent {
    Answered(Sender, Response<Incoming>),
    /// There was none; here it is back.
    Nowhere(Outgoing),
}

impl std::fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HttpClient")
    }
}

impl Answer {
    /// Returns the first header of a name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl HttpClient {
    /// Trusts the CAs of this machine and `trust`; goes through proxies where TLS is spoken.
    pub fn new(trust: Trust, proxies: Proxies) -> Self {
        Self { trust, proxies, tls: OnceLock::new(), idle: Mutex::default() }
    }

    /// Makes a call and waits for its whole answer; any status is one.
    pub async fn send(&self, call: Call<'_>) -> Result<Answer, FetchError> {
        let patience = call.patience;
        let answered = tokio::time::timeout(patience, self.send_patiently(call)).await;
        answered.unwrap_or(Err(FetchError::TimedOut(patience)))
    }

    async fn send_patiently(&self, call: Call<'_>) -> Result<Answer, FetchError> {
        let address = || FetchError::Address(call.url.to_owned());
        let uri: Uri = call.url.parse().map_err(|_| address())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(address()) };
        let origin = format!("{scheme}://{authority}");
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::builder().method(call.method).uri(path).header(HOST, authority.as_str());
        request = request.header(USER_AGENT, AGENT);
        for (name, value) in call.headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(call.body)).map_err(|error| FetchError::Broken(error.to_string()))?;
        let (sender, answer) = match self.send_over_kept(&origin, request).await? {
            Sent::Answered(sender, answer) => (sender, answer),
            Sent::Nowhere(request) => {
                let mut sender = self.connect(&uri).await?;
                let answer = sender.send_request(request).await.map_err(|error| FetchError::Broken(told(&error)))?;
                (sender, answer)
            }
        };
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, call.limit).collect().await.map_err(|error| {
            let is_long = error.downcast_ref::<LengthLimitError>().is_some();
            if is_long { FetchError::TooLong(call.limit) } else { FetchError::Broken(error.to_string()) }
        })?;
        self.keep(origin, sender);
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes())));
        Ok(Answer { status: head.status.as_u16(), headers: headers.collect(), body: body.to_bytes() })
    }

    /// The other side may close a connection while nobody uses it, and nobody is told before the next call.
    async fn send_over_kept(&self, origin: &str, mut request: Outgoing) -> Result<Sent, FetchError> {
        while let Some(mut sender) = self.take_kept(origin) {
            if sender.ready().await.is_err() {
                continue;
            }
            let harmless = request.method().is_idempotent().then(|| request.clone());
            match sender.try_send_request(request).await {
                Ok(answer) => return Ok(Sent::Answered(sender, answer)),
                Err(mut error) => match error.take_message().or(harmless) {
                    Some(again) => request = again,
                    None => return Err(FetchError::Broken(told(error.error()))),
                },
            }
        }
        Ok(Sent::Nowhere(request))
    }

    fn take_kept(&self, origin: &str) -> Option<Sender> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).get_mut(origin)?.pop()
    }

    fn keep(&self, origin: String, sender: Sender) {
        if !sender.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).entry(origin).or_default().push(sender);
        }
    }

    async fn connect(&self, uri: &Uri) -> Result<Sender, FetchError> {
        let address = || FetchError::Address(uri.to_string());
        let host = uri.host().ok_or_else(address)?.trim_start_matches('[').trim_end_matches(']');
        let is_plain = match uri.scheme_str() {
            Some("http") => true,
            Some("https") => false,
            _ => return Err(address()),
        };
        let port = uri.port_u16().unwrap_or(if is_plain { 80 } else { 443 });
        if is_plain {
            return open(dial((host, port)).await.map_err(FetchError::Unreachable)?).await;
        }
        let stream = match self.proxies.find(host, port).map_err(|error| FetchError::Proxy(error.to_string()))? {
            Some(proxy) => dial_through(proxy, host, port).await?,
            None => dial((host, port)).await.map_err(FetchError::Unreachable)?,
        };
        let tls = self.tls.get_or_init(|| client_tls(&self.trust)).clone().map_err(FetchError::Tls)?;
        let name = ServerName::try_from(host.to_owned()).map_err(|error| FetchError::Tls(error.to_string()))?;
        open(tls.connect(name, stream).await.map_err(|error| FetchError::Tls(error.to_string()))?).await
    }
}

async fn dial(address: impl ToSocketAddrs) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn dial_through(proxy: &Proxy, host: &str, port: u16) -> Result<TcpStream, FetchError> {
    let refused = |why: String| FetchError::Proxy(format!("the proxy `{}` has no way there: {why}", proxy.address()));
    let mut stream = dial(proxy.address()).await.map_err(|error| refused(error.to_string()))?;
    let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    proxy.connect(&mut stream, &target).await.map_err(refused)?;
    Ok(stream)
}

async fn open<S>(stream: S) -> Result<Sender, FetchError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let opened = handshake(TokioIo::new(stream)).await;
    let (sender, connection) = opened.map_err(|error| FetchError::Broken(told(&error)))?;
    // Ends with the last sender; what broke it, its calls were told.
    tokio::spawn(connection);
    Ok(sender)
}

/// The innermost cause says most.
fn told(error: &hyper::Error) -> String {
    let mut next: &dyn std::error::Error = error;
    while let Some(source) = next.source() {
        next = source;
    }
    next.to_string()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Serves connections, each with these answers to one request after another.
    async fn site(connections: Vec<Vec<&'static str>>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        tokio::spawn(async move {
            for answers in connections {
                let (mut stream, _) = listener.accept().await.expect("it listens");
                for answer in answers {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(stream.read_u8().await.expect("a request comes"));
                    }
                    stream.write_all(answer.as_bytes()).await.expect("somebody reads");
                }
            }
        });
        format!("http://{address}/a")
    }

    async fn get(client: &HttpClient, url: &str) -> Result<Answer, FetchError> {
        call(client, Method::GET, url).await
    }

    async fn call(client: &HttpClient, method: Method, url: &str) -> Result<Answer, FetchError> {
        let (limit, patience) = (8, Duration::from_secs(20));
        client.send(Call { method, url, headers: &[], body: Bytes::new(), limit, patience }).await
    }

    const HELLO: &str = "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello";

    #[tokio::test]
    async fn a_connection_is_kept_and_a_closed_one_replaced() {
        let url = site(vec![vec![HELLO, HELLO], vec![HELLO]]).await;
        let client = HttpClient::new(Trust::default(), Proxies::default());
        for _ in 0..3 {
            let answer = get(&client, &url).await.expect("it answers");
            assert_eq!((answer.status, answer.header("x-a"), &answer.body[..]), (200, Some("b"), &b"hello"[..]));
        }
    }

    #[tokio::test]
    async fn what_may_have_been_done_already_is_done_again_only_where_that_is_no_harm() {
        let client = HttpClient::new(Trust::default(), Proxies::default());
        for (method, answered) in [(Method::GET, Ok(200)), (Method::PUT, Ok(200)), (Method::POST, Err(()))] {
            // The first connection takes a second request and closes without a word.
            let url = site(vec![vec![HELLO, ""], vec![HELLO]]).await;
            get(&client, &url).await.expect("it answers");
            let again = call(&client, method.clone(), &url).await;
            assert_eq!(again.map(|answer| answer.status).map_err(drop), answered, "{method}");
        }
    }

    #[tokio::test]
    async fn what_ends_a_call_is_told() {
        let client = HttpClient::new(Trust::default(), Proxies::default());
        let long = site(vec![vec!["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789"]]).await;
        let cut = site(vec![vec!["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"]]).await;
        let cases = [
            ("nowhere", "`nowhere` is no address of HTTP"),
            ("ftp://127.0.0.1/a", "`ftp://127.0.0.1/a` is no address of HTTP"),
            ("http://127.0.0.1:1/a", "Connection refused (os error 111)"),
            (&long, "the answer is longer than 8 bytes"),
            (&cut, "error reading a body from connection"),
        ];
        for (url, told) in cases {
            assert_eq!(get(&client, url).await.expect_err("no answer").to_string(), told, "{url}");
        }
    }

    #[tokio::test]
    async fn who_does_not_speak_tls_is_found_out() {
        let url = site(vec![vec![]]).await.replace("http:", "https:");
        let error = get(&HttpClient::new(Trust::default(), Proxies::default()), &url)
            .await
            .expect_err("it closes the connection");
        assert!(matches!(error, FetchError::Tls(_)), "{error:?}");
    }
}
