//! From nothing to an open stream and a valid password: workload API, TCP, TLS.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::settings::Settings;
use super::{ClientError, WallClock, workload};
use crate::clock::since_epoch;
use crate::identity::sas;
use crate::mqtt::packet::Connect;

/// How long a token is good (protocol.md §3.4: an hour in every SDK).
const TOKEN_LIFE: Duration = Duration::from_secs(3600);
/// How long before its end a new one is used.
const RENEWAL: Duration = Duration::from_secs(600);
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// The keep-alive that the client promises, in seconds.
pub(super) const KEEP_ALIVE: u16 = 60;

/// What makes connections: the network, or a test.
pub(super) trait Dial: Send + 'static {
    /// The bytes' way.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send;

    /// Opens a connection that is ready for its CONNECT packet.
    fn dial(&mut self) -> impl Future<Output = Result<Dialled<Self::Stream>, ClientError>> + Send;
}

/// A connection that is ready.
#[derive(Debug)]
pub(super) struct Dialled<S> {
    pub(super) stream: S,
    pub(super) connect: Connect,
    /// How long the connection may last before it has to be made anew with a new token.
    pub(super) good_for: Duration,
}

/// Dials the gateway of an edge device.
#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) settings: Settings,
    pub(super) clock: WallClock,
}

impl Dial for Gateway {
    type Stream = TlsStream<TcpStream>;

    async fn dial(&mut self) -> Result<Dialled<Self::Stream>, ClientError> {
        let settings = &self.settings;
        let expiry = since_epoch((self.clock)()) + TOKEN_LIFE;
        let (roots, password) = tokio::try_join!(trusted_roots(settings), password(settings, expiry))?;
        let gateway = format!("{}:{}", settings.gateway_host, settings.port);
        let opened = tokio::time::timeout(CONNECT_PATIENCE, open(settings, roots)).await;
        let stream = opened
            .map_err(|_| "no answer within 10 s".to_owned())
            .and_then(|opened| opened)
            .map_err(|why| ClientError::Gateway { gateway, why })?;
        Ok(Dialled { stream, connect: connect_packet(settings, password), good_for: TOKEN_LIFE - RENEWAL })
    }
}

fn connect_packet(settings: &Settings, password: String) -> Connect {
    Connect {
        client_id: settings.identity.to_string(),
        clean_session: false,
        keep_alive: KEEP_ALIVE,
        will: None,
        username: Some(settings.username()),
        password: Some(Bytes::from(password)),
    }
}

async fn password(settings: &Settings, expiry: Duration) -> Result<String, ClientError> {
    let resource = settings.resource();
    let signature = workload::sign(settings, &sas::signed_text(&resource, expiry)).await?;
    Ok(sas::assemble(&resource, &signature, expiry, None))
}

async fn trusted_roots(settings: &Settings) -> Result<RootCertStore, ClientError> {
    let bundle = workload::trust_bundle(settings).await?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
        let certificate = certificate.map_err(|error| ClientError::workload(format!("its trust bundle: {error}")))?;
        roots.add(certificate).map_err(|error| ClientError::workload(format!("its trust bundle: {error}")))?;
    }
    Ok(roots)
}

async fn open(settings: &Settings, roots: RootCertStore) -> Result<TlsStream<TcpStream>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let host = settings.gateway_host.as_str();
    let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
    let stream = TcpStream::connect((host, settings.port)).await.map_err(|error| error.to_string())?;
    // What is sent is sent whole; waiting for more would only delay it.
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| error.to_string())
}
