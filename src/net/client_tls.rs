//! The client's side of TLS: by the CAs that this machine trusts, or with a certificate of its own, as engines want it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Whom to trust besides the CAs of this machine, and who to be; by default nobody else, and nobody.
#[derive(Clone, Default)]
pub struct Trust {
    /// CAs, as the text of PEM files.
    pub roots: Vec<u8>,
    /// Certificate and private key of the client, as the texts of their PEM files.
    pub client: Option<(Vec<u8>, Vec<u8>)>,
}

/// Trusts the CAs of this machine (`SSL_CERT_FILE` names others), and those given.
///
/// # Errors
///
/// There is none, or a text holds no certificate or no key.
pub fn client_tls(trust: &Trust) -> Result<TlsConnector, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // One that cannot be read is left out, as every client does it; without it, it is not trusted.
    roots.add_parsable_certificates(found.certs);
    for certificate in CertificateDer::pem_slice_iter(&trust.roots) {
        roots.add(certificate.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() {
        let why: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
        return Err(if why.is_empty() { "this machine trusts no CA".to_owned() } else { why.join("; ") });
    }
    let config = builder().map_err(|error| error.to_string())?.with_root_certificates(roots);
    let config = match &trust.client {
        None => config.with_no_client_auth(),
        Some((chain, key)) => {
            let unusable = |error: &dyn std::fmt::Display| format!("the client's certificate cannot be used: {error}");
            let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
            let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| unusable(&error))?;
            let chain = chain.map_err(|error| unusable(&error))?;
            config.with_client_auth_cert(chain, key).map_err(|error| unusable(&error))?
        }
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The provider is named here, since a process-wide default would be a global that others could set.
fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()
}

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
    Ok(builder()?.with_root_certificates(roots).with_client_auth_cert(chain("cert.pem")?, key)?)
}
