//! Doors under attack: slow clients, garbage, strangers.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;

use super::*;
use crate::identity::{Authority, CertifiedKey, DeviceCertificate, DeviceId, Thumbprints};
use crate::workload;

fn authority_of(device: &str) -> Authority {
    let device = DeviceId::parse(device).expect("valid");
    Authority::create(&device, std::time::UNIX_EPOCH.elapsed().expect("after 1970")).expect("made")
}

/// A client's settings before it is said what it shows of itself.
type Untold = rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>;

/// A TLS port that says what arrives at it.
struct Port {
    address: SocketAddr,
    authority: Authority,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Port {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn port(rules: AcceptRules) -> Port {
    let authority = authority_of("Hannover01");
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    let certificate = authority.server_certificate(&names, now).expect("issued");
    let tls = ServerTls::new(&certificate).expect("it can be served");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (sender, arrivals) = mpsc::unbounded_channel();
    let arrive = move |arrival| sender.send(arrival).expect("the test listens");
    let task = tokio::spawn(accept_tls(listener, tls, rules, arrive));
    Port { address, authority, arrivals, task }
}

impl Port {
    async fn next_refusal(&mut self) -> HandshakeError {
        match self.arrivals.recv().await.expect("something arrives") {
            Arrival::Refused { error, .. } => error,
            Arrival::Open { .. } => panic!("nobody was expected to get in"),
        }
    }

    async fn next_open(&mut self) -> TlsStream<TcpStream> {
        self.next_client().await.0
    }

    /// Returns the next open connection and the certificate that the client showed.
    async fn next_client(&mut self) -> (TlsStream<TcpStream>, Option<Thumbprints>) {
        loop {
            if let Arrival::Open { stream, certificate, .. } = self.arrivals.recv().await.expect("something arrives") {
                return (*stream, certificate);
            }
        }
    }

    async fn dial(
        &self,
        trusted: &str,
        name: &str,
        version: &'static SupportedProtocolVersion,
    ) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        self.dial_with(Untold::with_no_client_auth, trusted, name, version).await
    }

    /// The same, where `authenticate` says what the client shows of itself.
    async fn dial_with(
        &self,
        authenticate: impl FnOnce(Untold) -> ClientConfig,
        trusted: &str,
        name: &str,
        version: &'static SupportedProtocolVersion,
    ) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(trusted.as_bytes()).expect("a certificate")).expect("a root");
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[version])
            .expect("ring knows it")
            .with_root_certificates(roots);
        let config = authenticate(config);
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}

#[tokio::test]
async fn both_versions_of_tls_reach_every_name_of_the_certificate() {
    let mut port = port(AcceptRules::default()).await;
    let trusted = port.authority.trust_bundle().to_owned();
    for (version, spoken) in
        [(&rustls::version::TLS12, ProtocolVersion::TLSv1_2), (&rustls::version::TLS13, ProtocolVersion::TLSv1_3)]
    {
        for name in ["localhost", "127.0.0.1"] {
            let mut client = port.dial(&trusted, name, version).await.expect("trusted");
            let mut server = port.next_open().await;
            assert_eq!(server.get_ref().1.protocol_version(), Some(spoken));
            client.write_all(b"ping").await.expect("sent");
            client.flush().await.expect("sent");
            let mut bytes = [0; 4];
            server.read_exact(&mut bytes).await.expect("received");
            assert_eq!(&bytes, b"ping");
        }
    }
}

fn shows(certificate: &CertifiedKey) -> impl FnOnce(Untold) -> ClientConfig {
    let chain = vec![CertificateDer::from_pem_slice(certificate.chain.as_bytes()).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).expect("a key");
    move |config| config.with_client_auth_cert(chain, key).expect("they fit")
}

#[tokio::test]
async fn a_client_is_asked_for_a_certificate_and_needs_none() {
    let mut port = port(AcceptRules::default()).await;
    let trusted = port.authority.trust_bundle().to_owned();
    let device = DeviceId::parse("leaf1").expect("valid");
    let own = DeviceCertificate::create(&device, std::time::UNIX_EPOCH.elapsed().expect("after 1970")).expect("made");
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        port.dial(&trusted, "localhost", version).await.expect("trusted");
        assert_eq!(port.next_client().await.1, None);
        port.dial_with(shows(&own.certified), &trusted, "localhost", version).await.expect("trusted");
        assert_eq!(port.next_client().await.1, Some(own.thumbprints.clone()));
    }
}

#[tokio::test]
async fn a_certificate_without_its_private_key_is_refused() {
    let mut port = port(AcceptRules::default()).await;
    let trusted = port.authority.trust_bundle().to_owned();
    let device = DeviceId::parse("leaf1").expect("valid");
    let unix = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    let [victim, thief] = [(), ()].map(|()| DeviceCertificate::create(&device, unix).expect("made").certified);
    let chain = vec![CertificateDer::from_pem_slice(victim.chain.as_bytes()).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_slice(thief.key.as_bytes()).expect("a key");
    let key = rustls::crypto::ring::sign::any_supported_type(&key).expect("a key that signs");
    let stolen = rustls::sign::SingleCertAndKey::from(rustls::sign::CertifiedKey::new(chain, key));
    let show = |config: Untold| config.with_client_cert_resolver(Arc::new(stolen));
    // The client learns of it with its next read only, as TLS 1.3 has it.
    drop(port.dial_with(show, &trusted, "localhost", &rustls::version::TLS13).await);
    let why = "the TLS handshake broke off: invalid peer certificate: BadSignature".to_owned();
    assert_eq!(port.next_refusal().await.to_string(), why);
}

#[tokio::test]
async fn a_client_that_does_not_trust_us_is_told_from_one_that_speaks_no_tls() {
    let mut port = port(AcceptRules::default()).await;
    // A foreign CA, the CA before `--reset`, and a name that is not in the certificate.
    let (stranger, former) = (authority_of("Berlin02"), authority_of("Hannover01"));
    let ours = port.authority.trust_bundle().to_owned();
    for (trusted, name, alert) in [
        (stranger.trust_bundle(), "localhost", "UnknownCA"),
        (former.trust_bundle(), "localhost", "DecryptError"),
        (&ours, "gateway", "BadCertificate"),
    ] {
        port.dial(trusted, name, &rustls::version::TLS13).await.expect_err("not trusted");
        assert_eq!(port.next_refusal().await, HandshakeError::NotTrusted(alert.to_owned()));
    }

    let mut plain = TcpStream::connect(port.address).await.expect("connected");
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("sent");
    assert_eq!(port.next_refusal().await, HandshakeError::NotTls);

    drop(TcpStream::connect(port.address).await.expect("connected"));
    assert_eq!(port.next_refusal().await, HandshakeError::Closed);
}

#[tokio::test]
async fn a_silent_client_is_dropped() {
    let mut port = port(AcceptRules { handshake: Duration::from_millis(20), ..AcceptRules::default() }).await;
    let mut silent = TcpStream::connect(port.address).await.expect("connected");
    assert_eq!(port.next_refusal().await, HandshakeError::TimedOut);
    assert_eq!(silent.read(&mut [0; 16]).await.expect("closed"), 0);
}

#[tokio::test]
async fn a_crowd_of_silent_clients_pushes_only_itself_out() {
    let rules = AcceptRules { lobby: Lobby::new(4), handshake: Duration::from_secs(600) };
    let mut port = port(rules).await;
    let mut crowd = Vec::new();
    for _ in 0..20 {
        crowd.push(TcpStream::connect(port.address).await.expect("connected"));
    }
    let trusted = port.authority.trust_bundle().to_owned();
    port.dial(&trusted, "localhost", &rustls::version::TLS13).await.expect("the honest client gets in");
    for _ in 0..17 {
        assert_eq!(port.next_refusal().await, HandshakeError::PushedOut, "20 came, 4 may wait, 1 place was needed");
    }
    let arrival = port.arrivals.recv().await.expect("something arrives");
    assert!(matches!(arrival, Arrival::Open { .. }), "{arrival:?}");
}

#[tokio::test]
async fn garbage_does_not_stop_service() {
    let mut port = port(AcceptRules::default()).await;
    for length in 0..200 {
        let mut garbage = TcpStream::connect(port.address).await.expect("connected");
        let bytes: Vec<u8> = (0..length).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        // The server may have closed it already.
        let _ = garbage.write_all(&bytes).await;
    }
    let trusted = port.authority.trust_bundle().to_owned();
    port.dial(&trusted, "localhost", &rustls::version::TLS12).await.expect("trusted");
    port.next_open().await;
}

/// Sends bytes over a connection to an HTTP server that echoes, and returns all that comes back before it closes.
async fn exchange(limits: HttpLimits, request: &[u8]) -> String {
    let (mut client, server) = tokio::io::duplex(1 << 20);
    let echo = |request: Request| async move {
        let body = format!("{} {} {:?}", request.method, request.target, request.body);
        let status = if request.target == "/missing" { 404 } else { 200 };
        Response { status, content_type: "text/plain", body: body.into() }
    };
    let served = tokio::spawn(serve_http(server, limits, echo));
    client.write_all(request).await.expect("sent");
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.expect("closed");
    served.await.expect("no panic");
    let answer = String::from_utf8(answer).expect("text");
    answer.lines().filter(|line| !line.starts_with("Date: ")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_client_that_asks_to_close_can_read_to_the_end() {
    let request = b"POST /a%20b?api-version=x HTTP/1.1\r\nHost: workload.sock:80\r\nConnection: close\r\n\
        Content-Length: 2\r\n\r\nhi";
    assert_eq!(
        exchange(HttpLimits::default(), request).await,
        "HTTP/1.1 200 OK\nContent-Type: text/plain\nConnection: close\nContent-Length: 31\n\n\
         POST /a%20b?api-version=x b\"hi\""
    );
}

#[tokio::test]
async fn a_status_line_has_three_words() {
    let answer = exchange(HttpLimits::default(), b"GET /missing HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    assert_eq!(answer.lines().next(), Some("HTTP/1.1 404 NotFound"));
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let request = b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\nConnection: close\r\n\r\n";
    let answer = exchange(HttpLimits::default(), request).await;
    assert!(answer.contains("GET /1") && answer.ends_with("GET /2 b\"\""), "{answer}");
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_and_the_connection_closed() {
    let limits = HttpLimits { body_bytes: 8, ..HttpLimits::default() };
    let answer = exchange(limits, b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n123456789").await;
    assert_eq!(
        answer,
        "HTTP/1.1 413 PayloadTooLarge\nContent-Type: application/json\nConnection: close\nContent-Length: 45\n\n\
         {\"message\":\"the body is longer than 8 bytes\"}"
    );
}

#[tokio::test]
async fn a_body_that_is_too_slow_is_refused_and_the_connection_closed() {
    let limits = HttpLimits { body_time: Duration::from_millis(20), ..HttpLimits::default() };
    let answer = exchange(limits, b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n1234").await;
    assert_eq!(
        answer,
        "HTTP/1.1 408 RequestTimeout\nContent-Type: application/json\nConnection: close\nContent-Length: 44\n\n\
         {\"message\":\"the body took longer than 20ms\"}"
    );
}

#[tokio::test]
async fn a_head_that_does_not_end_is_given_up() {
    let limits = HttpLimits { head_time: Duration::from_millis(20), ..HttpLimits::default() };
    let answer = exchange(limits, b"GET / HTTP/1.1\r\nHost: l").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn a_client_that_takes_no_answer_is_given_up() {
    let (mut client, server) = tokio::io::duplex(64);
    let long = |_| async { Response { status: 200, content_type: "text/plain", body: vec![b'x'; 1000].into() } };
    let limits = HttpLimits { answer_stall: Duration::from_millis(20), ..HttpLimits::default() };
    let served = tokio::spawn(serve_http(server, limits, long));
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("sent");
    served.await.expect("it ends though nobody reads");
}

#[tokio::test]
async fn who_is_not_let_in_has_to_knock_again() {
    let (mut client, server) = tokio::io::duplex(1 << 20);
    let refuse = |_| async { Response { status: 401, content_type: "text/plain", body: Default::default() } };
    let served = tokio::spawn(serve_http(server, HttpLimits::default(), refuse));
    client.write_all(b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n").await.expect("sent");
    served.await.expect("it ends after the first answer");
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.expect("closed");
    assert_eq!(answer.matches("HTTP/1.1 401 Unauthorized\r\n").count(), 1, "{answer}");
}

#[tokio::test]
async fn garbage_instead_of_http_is_no_panic() {
    for garbage in [&b"\x16\x03\x01\x00\xff\r\n\r\n"[..], b"GET\r\n\r\n", b"\r\n\r\n\r\n", b"A / HTTP/9.9\r\n\r\n"] {
        let limits = HttpLimits { head_time: Duration::from_millis(20), ..HttpLimits::default() };
        exchange(limits, garbage).await;
    }
}

async fn echo_path(request: workload::Request) -> workload::Response {
    let body = format!("{} {:?}", request.path_and_query, request.content_type).into_bytes();
    workload::Response { status: 200, content_type: "text/plain", body }
}

const GET: &[u8] = b"GET /x?y HTTP/1.1\r\nContent-Type: a/b\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_module_reaches_its_workload_api_on_its_socket() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("filter.sock");
    let socket = UnixSocket::bind(&path, 0o666).await.expect("bound");
    let served = tokio::spawn(serve_workload(WorkloadDoor::Socket(socket), HttpLimits::default(), echo_path));
    let mut client = UnixStream::connect(&path).await.expect("connected");
    client.write_all(GET).await.expect("sent");
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.expect("closed");
    assert!(answer.ends_with("\r\n\r\n/x?y Some(\"a/b\")"), "{answer}");
    served.abort();
    served.await.expect_err("aborted");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_workload_port_knows_one_address_only() {
    for (only, answered) in [([127, 0, 0, 1], true), ([127, 0, 0, 2], false)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let door = WorkloadDoor::Port { listener, only: IpAddr::from(only) };
        let served = tokio::spawn(serve_workload(door, HttpLimits::default(), echo_path));
        let mut client = TcpStream::connect(address).await.expect("connected");
        // Whoever is turned away may find the connection closed while sending.
        let _ = client.write_all(GET).await;
        let mut answer = Vec::new();
        let _ = client.read_to_end(&mut answer).await;
        assert_eq!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), answered);
        served.abort();
    }
}
