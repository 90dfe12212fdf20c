//! The server's side of TLS: 1.2 (Python's SDK speaks no other) and 1.3, with `ring`.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{AlertDescription, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::client_certificate::AnyCertificate;
use crate::identity::CertifiedKey;

/// An open TLS connection, seen from the server.
pub type TlsStream<S> = tokio_rustls::server::TlsStream<S>;

/// A certificate cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the certificate cannot be served: {0}")]
pub struct TlsError(String);

/// Why a handshake did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// The client was too slow.
    #[error("the TLS handshake took too long")]
    TimedOut,
    /// Too many handshakes were open, and this one was the oldest.
    #[error("newer connections pushed an unfinished TLS handshake out")]
    PushedOut,
    /// The client closed the connection. Node's does so without an alert if it does not trust the certificate.
    #[error("the client closed the connection during the TLS handshake")]
    Closed,
    /// The client does not speak TLS, or nothing like it that we know.
    #[error("the client does not speak TLS")]
    NotTls,
    /// The client does not trust our CA, or not for the name that it dialled.
    #[error("the client does not trust the certificate ({0})")]
    NotTrusted(String),
    /// Anything else, in the words of the TLS library.
    #[error("the TLS handshake broke off: {0}")]
    Other(String),
}

/// What a server needs to open TLS connections; cheap to clone.
#[derive(Clone)]
pub struct ServerTls(TlsAcceptor);

impl std::fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerTls")
    }
}

impl ServerTls {
    /// Serves a certificate with its chain to any client, and asks each for a certificate of its own.
    ///
    /// None is needed: most clients prove themselves with a token. Whose one is, nobody here decides.
    pub fn new(certificate: &CertifiedKey) -> Result<Self, TlsError> {
        let refused = |error: &dyn std::fmt::Display| TlsError(error.to_string());
        let chain = CertificateDer::pem_slice_iter(certificate.chain.as_bytes());
        let chain = chain.collect::<Result<Vec<_>, _>>().map_err(|error| refused(&error))?;
        let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).map_err(|error| refused(&error))?;
        // The provider is named here, since a process-wide default would be a global that others could set.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| refused(&error))?
            .with_client_cert_verifier(AnyCertificate::new(provider))
            .with_single_cert(chain, key)
            .map_err(|error| refused(&error))?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// Opens a connection, or gives up after `limit`.
    pub async fn handshake<S>(&self, stream: S, limit: Duration) -> Result<TlsStream<S>, HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match tokio::time::timeout(limit, self.0.accept(stream)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(explain(&error)),
            Err(_) => Err(HandshakeError::TimedOut),
        }
    }
}

fn explain(error: &io::Error) -> HandshakeError {
    // What clients answer to a foreign CA, to a CA of the same name with another key (before `--reset`), or to a name
    // that the certificate lacks; each library has its own idea of which is which.
    use AlertDescription::{BadCertificate, CertificateUnknown, DecryptError, UnknownCA};
    if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) {
        return HandshakeError::Closed;
    }
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::InvalidMessage(_)) => HandshakeError::NotTls,
        Some(rustls::Error::AlertReceived(
            alert @ (BadCertificate | CertificateUnknown | DecryptError | UnknownCA),
        )) => HandshakeError::NotTrusted(format!("{alert:?}")),
        _ => HandshakeError::Other(error.to_string()),
    }
}
