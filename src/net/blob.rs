//! Puts block blobs into a container of Azure Storage, by the URL of a shared access signature (protocol.md §11.4).
//!
//! One request on a connection of its own for each blob. The URL is a secret, so that no error holds its query.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long one blob may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// What is read of an answer's body, which nobody shows.
const LONGEST_ANSWER: usize = 64 * 1024;
/// The oldest version of the service that has shared access signatures as they are made today.
const SERVICE_VERSION: &str = "2019-12-12";
/// What stands in a blob's name as it is; `/` makes folders of it.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'/');

/// Why a blob was not put.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The URL cannot be one of a container.
    #[error("the SAS URL is no `https://` or `http://` URL of a container")]
    Url,
    /// The roots of this machine cannot be read.
    #[error("this machine has no certificates to trust: {0}")]
    Roots(String),
    /// There is no connection, or it broke.
    #[error("cannot reach `{host}`: {why}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// Why.
        why: String,
    },
    /// Nobody answered in time.
    #[error("`{0}` did not answer within {secs} s", secs = PATIENCE.as_secs())]
    Slow(String),
    /// The service does not take it.
    #[error("`{host}` answered {status}{}", code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default())]
    Refused {
        /// Host and port.
        host: String,
        /// The HTTP status.
        status: u16,
        /// `x-ms-error-code`.
        code: Option<String>,
    },
}

/// Where blobs go: `https://host[:port]/container?right`.
struct Container {
    uri: Uri,
    is_tls: bool,
    host: String,
    port: u16,
}

/// Puts a blob of this name and content into the container.
pub async fn put_blob(container: &str, name: &str, content: Bytes) -> Result<(), BlobError> {
    let container = Container::parse(container).ok_or(BlobError::Url)?;
    let put = tokio::time::timeout(PATIENCE, container.put(name, content)).await;
    put.map_err(|_| BlobError::Slow(container.place()))?
}

impl Container {
    fn parse(url: &str) -> Option<Self> {
        let uri: Uri = url.trim().parse().ok()?;
        let is_tls = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = uri.host()?.trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        Some(Self { uri, is_tls, host, port })
    }

    fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    async fn put(&self, name: &str, content: Bytes) -> Result<(), BlobError> {
        let unreachable = |why: String| BlobError::Unreachable { host: self.place(), why };
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await;
        let stream = stream.map_err(|error| unreachable(error.to_string()))?;
        if !self.is_tls {
            return self.send(stream, name, content).await;
        }
        let server = ServerName::try_from(self.host.clone()).map_err(|error| unreachable(error.to_string()))?;
        let stream = connector()?.connect(server, stream).await.map_err(|error| unreachable(error.to_string()))?;
        self.send(stream, name, content).await
    }

    async fn send<S>(&self, stream: S, name: &str, content: Bytes) -> Result<(), BlobError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let cut = |error: hyper::Error| BlobError::Unreachable { host: self.place(), why: error.to_string() };
        let request = self.request(name, content).ok_or(BlobError::Url)?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(cut)?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(cut)?;
            let code = response.headers().get("x-ms-error-code").and_then(|code| code.to_str().ok());
            let (status, code) = (response.status(), code.map(str::to_owned));
            // The words of the service are XML for programs; the code tells as much.
            let _ = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
            match status.is_success() {
                true => Ok(()),
                false => Err(BlobError::Refused { host: self.place(), status: status.as_u16(), code }),
            }
        };
        tokio::pin!(connection, answer);
        tokio::select! {
            answer = &mut answer => answer,
            // The connection may end as soon as the answer is there, with the body still in memory.
            _ = &mut connection => answer.await,
        }
    }

    fn request(&self, name: &str, content: Bytes) -> Option<Request<Full<Bytes>>> {
        let path = self.uri.path().trim_end_matches('/');
        let query = self.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let request = Request::put(format!("{path}/{}{query}", utf8_percent_encode(name, NAME)))
            .header(HOST, self.uri.authority()?.as_str())
            .header(CONTENT_LENGTH, content.len())
            .header(CONTENT_TYPE, "application/octet-stream")
            .header("x-ms-blob-type", "BlockBlob")
            .header("x-ms-version", SERVICE_VERSION);
        request.body(Full::from(content)).ok()
    }
}

/// Trusts whom this machine trusts, or whom the file trusts that `SSL_CERT_FILE` names.
fn connector() -> Result<TlsConnector, BlobError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let why: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
        return Err(BlobError::Roots(if why.is_empty() { "none was found".to_owned() } else { why.join("; ") }));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| BlobError::Roots(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(container: &str, name: &str) -> Option<(String, String)> {
        let container = Container::parse(container)?;
        let request = container.request(name, Bytes::from_static(b"x")).expect("a request");
        Some((container.place(), request.uri().to_string()))
    }

    // protocol.md §11.4
    #[test]
    fn a_blob_stands_in_its_container_and_the_right_in_the_query() {
        let found = |container: &str| target(container, "hub/d 1/a-2026.log").expect("a container");
        let (place, path) = found("https://a.blob.core.windows.net/logs?sv=2019&sig=a%2Bb%3D");
        assert_eq!(place, "a.blob.core.windows.net:443");
        assert_eq!(path, "/logs/hub/d%201/a-2026.log?sv=2019&sig=a%2Bb%3D");
        assert_eq!(
            found("http://127.0.0.1:10000/account/logs/?s"),
            ("127.0.0.1:10000".into(), "/account/logs/hub/d%201/a-2026.log?s".into())
        );
        for wrong in ["", "logs", "/logs?sig=x", "ftp://a/logs?sig=x", "https:///logs"] {
            assert_eq!(target(wrong, "x"), None, "{wrong}");
        }
    }

    #[test]
    fn no_error_shows_the_right() {
        let refused =
            BlobError::Refused { host: "a:443".into(), status: 403, code: Some("AuthenticationFailed".into()) };
        assert_eq!(refused.to_string(), "`a:443` answered 403 (AuthenticationFailed)");
        assert_eq!(BlobError::Slow("a:443".into()).to_string(), "`a:443` did not answer within 60 s");
    }
}
