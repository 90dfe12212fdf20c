//! The encrypted connection to the hub.

use std::io::{self, ErrorKind};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::link::TICK;

const MQTT_PORT: u16 = 8883;
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to the hub; reading from it ends after a [`TICK`] at the latest.
pub type Stream = StreamOwned<ClientConnection, TcpStream>;

/// Connects to `host`, which must show a certificate for that name, issued by one of `trusted` (PEM text).
pub fn open(host: &str, trusted: &str) -> io::Result<Stream> {
    let config = Arc::new(config(trusted)?);
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
    let mut session = ClientConnection::new(config, name).map_err(io::Error::other)?;
    let mut tcp = dial(host)?;
    tcp.set_read_timeout(Some(PATIENCE))?;
    tcp.set_write_timeout(Some(PATIENCE))?;
    while session.is_handshaking() {
        session.complete_io(&mut tcp)?;
    }
    tcp.set_read_timeout(Some(TICK))?;
    Ok(StreamOwned::new(session, tcp))
}

fn config(trusted: &str) -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(trusted.as_bytes())
        .flatten()
        .collect();
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(io::Error::new(
            ErrorKind::InvalidData,
            "the trust bundle holds no certificate",
        ));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(versions
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// Connects to the first address of `host` that answers.
fn dial(host: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::new(ErrorKind::NotFound, format!("`{host}` has no address"));
    for address in (host, MQTT_PORT).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
