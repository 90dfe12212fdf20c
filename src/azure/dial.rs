//! From a host's name to an open TLS connection, by the roots that this machine trusts, and one request over it.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HOST, HeaderMap, HeaderName, IF_MATCH, RETRY_AFTER, USER_AGENT,
};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::call::{Answer, Call};
use super::error::AzureError;
use super::{HubHost, Patience};
use crate::clock::parse_http_date;
use crate::net::{self, Proxy, Trust};

/// A hundred deployments of a hub with all their content fit.
const LONGEST_ANSWER: usize = 32 * 1024 * 1024;

/// What every connection to a hub takes.
pub(super) struct Dialler {
    host: HubHost,
    proxy: Option<Proxy>,
    patience: Patience,
    tls: TlsConnector,
}

impl Dialler {
    pub(super) fn new(host: HubHost, proxy: Option<Proxy>, patience: Patience) -> Result<Self, AzureError> {
        let tls = net::client_tls(&Trust::default()).map_err(AzureError::NoRoots)?;
        Ok(Self { host, proxy, patience, tls })
    }

    /// Makes one attempt.
    pub(super) async fn exchange(&self, call: &Call, authorization: &str) -> Result<Answer, AzureError> {
        let connected = tokio::time::timeout(self.patience.connect, self.connect()).await;
        let stream = connected.map_err(|_| self.no_answer(self.patience.connect))??;
        let answered = tokio::time::timeout(self.patience.answer, self.ask(stream, call, authorization)).await;
        answered.map_err(|_| self.no_answer(self.patience.answer))?
    }

    async fn connect(&self) -> Result<TlsStream<TcpStream>, AzureError> {
        let stream = match &self.proxy {
            None => dial(&format!("{}:{}", self.host.name(), self.host.port())).await?,
            Some(proxy) => self.connect_through(proxy).await?,
        };
        let name = ServerName::try_from(self.host.name().to_owned());
        let name = name.map_err(|error| self.not_a_hub(error.to_string()))?;
        self.tls.connect(name, stream).await.map_err(|error| self.explain_tls(&error))
    }

    async fn connect_through(&self, proxy: &Proxy) -> Result<TcpStream, AzureError> {
        let refused = |why| AzureError::Proxy { proxy: proxy.address().to_owned(), why };
        let mut stream = dial(proxy.address()).await.map_err(|error| refused(error.to_string()))?;
        let target = format!("{}:{}", self.host.name(), self.host.port());
        proxy.connect(&mut stream, &target).await.map_err(refused)?;
        Ok(stream)
    }

    async fn ask(&self, stream: TlsStream<TcpStream>, call: &Call, authorization: &str) -> Result<Answer, AzureError> {
        let request = self.request(call, authorization)?;
        let cut = || AzureError::Cut { host: self.host.to_string() };
        let opened = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = opened.map_err(|_| cut())?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(|error| match error.is_parse() {
                true => self.not_a_hub(error.to_string()),
                false => cut(),
            })?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
            let body = body.map_err(|error| match error.is::<http_body_util::LengthLimitError>() {
                true => self.not_a_hub(format!("its answer has more than {LONGEST_ANSWER} bytes")),
                false => cut(),
            })?;
            Ok(read_answer(status, &headers, body.to_bytes()))
        };
        tokio::pin!(connection, answer);
        tokio::select! {
            answer = &mut answer => answer,
            // The connection may end as soon as the answer is there, with the body still in memory.
            _ = &mut connection => answer.await,
        }
    }

    fn request(&self, call: &Call, authorization: &str) -> Result<hyper::Request<Full<Bytes>>, AzureError> {
        let body = call.body.as_ref().map(ToString::to_string).unwrap_or_default();
        let mut request = hyper::Request::builder()
            .method(call.method)
            .uri(&call.target)
            .header(HOST, self.host.to_string())
            .header(USER_AGENT, concat!("edgectl/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, authorization);
        if call.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json; charset=utf-8");
        }
        if let Some(etag) = &call.if_match {
            request = request.header(IF_MATCH, etag);
        }
        // What no header can hold came from the hub (an etag) or from `az` (a token).
        request.body(Full::from(body)).map_err(|error| self.not_a_hub(error.to_string()))
    }

    fn explain_tls(&self, error: &io::Error) -> AzureError {
        let host = self.host.to_string();
        match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(rustls::Error::InvalidCertificate(why)) => AzureError::Untrusted { host, why: why.to_string() },
            Some(rustls::Error::InvalidMessage(_)) => self.not_a_hub("it does not speak TLS".to_owned()),
            Some(other) => self.not_a_hub(other.to_string()),
            None => AzureError::Cut { host },
        }
    }

    fn no_answer(&self, waited: Duration) -> AzureError {
        AzureError::NoAnswer { host: self.host.to_string(), waited }
    }

    pub(super) fn not_a_hub(&self, what: String) -> AzureError {
        AzureError::NotAHub { host: self.host.to_string(), what }
    }
}

async fn dial(address: &str) -> Result<TcpStream, AzureError> {
    let host = || address.to_owned();
    let found = tokio::net::lookup_host(address).await;
    let found: Vec<_> =
        found.map_err(|error| AzureError::NoSuchHost { host: host(), why: error.to_string() })?.collect();
    let stream = TcpStream::connect(&found[..]).await;
    let stream = stream.map_err(|error| AzureError::Connect { host: host(), why: error.to_string() })?;
    // A request is written in one piece; waiting for more would only delay it.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

fn read_answer(status: u16, headers: &HeaderMap, body: Bytes) -> Answer {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let date = text(DATE).and_then(parse_http_date);
    let retry_after = text(RETRY_AFTER).and_then(|text| match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        // A point in time, by the hub's own clock.
        Err(_) => parse_http_date(text).zip(date).map(|(then, now)| then.saturating_sub(now)),
    });
    let error_code = text(HeaderName::from_static("iothub-errorcode")).map(str::to_owned);
    Answer { status, body, error_code, retry_after, date, may_be_repeated: false }
}
