//! The client's side of TLS with a certificate of its own, as engines ask for it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Connects to `host:port` with `ca.pem`, `cert.pem` and `key.pem` of a folder.
pub async fn connect_mutual(address: &str, certificates: &Path) -> io::Result<TlsStream<TcpStream>> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let connector = TlsConnector::from(Arc::new(load(certificates).map_err(io::Error::other)?));
    let stream = TcpStream::connect(address).await?;
    connector.connect(name, stream).await
}

fn load(folder: &Path) -> Result<ClientConfig, Box<dyn std::error::Error + Send + Sync>> {
    let chain = |name: &str| CertificateDer::pem_file_iter(folder.join(name))?.collect::<Result<Vec<_>, _>>();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(chain("ca.pem")?);
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_client_auth_cert(chain("cert.pem")?, key)?)
}
