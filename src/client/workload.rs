//! The two calls of the workload API that connecting takes: what to trust, and a signature (protocol.md §2.2).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::ClientError;
use super::settings::{Settings, WorkloadUri};

const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST_ANSWER: usize = 1024 * 1024;

/// Returns the certificates (PEM) that the gateway's is signed with.
pub(super) async fn trust_bundle(settings: &Settings) -> Result<String, ClientError> {
    #[derive(Deserialize)]
    struct Answer {
        certificate: String,
    }
    let path = format!("/trust-bundle?api-version={}", settings.api_version);
    let answer: Answer = call(settings, "GET", path, Bytes::new()).await?;
    Ok(answer.certificate)
}

/// Returns the HMAC-SHA256 of `data` with the module's key, which the module itself never sees.
pub(super) async fn sign(settings: &Settings, data: &str) -> Result<Vec<u8>, ClientError> {
    #[derive(Deserialize)]
    struct Answer {
        digest: String,
    }
    let module = settings.identity.module.as_ref().map(|module| module.as_str()).unwrap_or_default();
    let segment = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let (module, generation) = (segment(module), segment(&settings.generation));
    let path = format!("/modules/{module}/genid/{generation}/sign?api-version={}", settings.api_version);
    let body = json!({ "keyId": "primary", "algo": "HMACSHA256", "data": STANDARD.encode(data) });
    let answer: Answer = call(settings, "POST", path, body.to_string().into()).await?;
    STANDARD.decode(answer.digest).map_err(|_| ClientError::workload("it answered a digest that is no base64"))
}

async fn call<T: serde::de::DeserializeOwned>(
    settings: &Settings,
    method: &str,
    path: String,
    body: Bytes,
) -> Result<T, ClientError> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, "localhost")
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(body))
        .map_err(ClientError::workload)?;
    let answered = tokio::time::timeout(PATIENCE, exchange(&settings.workload, request)).await;
    let (status, body) = answered.map_err(|_| ClientError::workload("it did not answer within 10 s"))??;
    if !(200..300).contains(&status) {
        let text = String::from_utf8_lossy(&body);
        return Err(ClientError::workload(format!("it answered {status}: {}", text.trim())));
    }
    serde_json::from_slice(&body).map_err(ClientError::workload)
}

async fn exchange(uri: &WorkloadUri, request: Request<Full<Bytes>>) -> Result<(u16, Bytes), ClientError> {
    match uri {
        WorkloadUri::Socket(path) => {
            exchange_over(UnixStream::connect(path).await.map_err(ClientError::workload)?, request).await
        }
        WorkloadUri::Http(authority) => {
            exchange_over(TcpStream::connect(authority).await.map_err(ClientError::workload)?, request).await
        }
    }
}

async fn exchange_over<S>(stream: S, request: Request<Full<Bytes>>) -> Result<(u16, Bytes), ClientError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(ClientError::workload)?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(ClientError::workload)?;
        read(response).await
    };
    tokio::pin!(connection, answer);
    tokio::select! {
        answer = &mut answer => answer,
        // The connection may end as soon as the answer is there, with the body still in memory.
        _ = &mut connection => answer.await,
    }
}

async fn read(response: Response<Incoming>) -> Result<(u16, Bytes), ClientError> {
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
    body.map(|body| (status, body.to_bytes())).map_err(ClientError::workload)
}
