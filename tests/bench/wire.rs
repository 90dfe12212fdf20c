//! One client's connection: MQTT 3.1.1 as far as a load needs it, over TLS to edgectl, over TLS or plain to a broker.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Buf, BufMut, BytesMut};
use edgectl::identity::{Key, sas};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::certificate;

const DEVICE: &str = "bench";

/// What is measured.
#[derive(Clone)]
pub(crate) enum Server {
    /// A broker without TLS, without credentials.
    Plain { at: String },
    /// The same broker with TLS.
    Tls { at: String, tls: TlsConnector },
    /// A simulation.
    Edge(Arc<Edge>),
}

/// What a client needs to reach a simulation.
pub(crate) struct Edge {
    pub(crate) address: String,
    identities: Value,
    /// The child devices.
    registry: Value,
    tls: TlsConnector,
}

trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

/// A connected client.
pub(crate) struct Client {
    stream: Box<dyn Duplex>,
    input: BytesMut,
    pub(crate) output: BytesMut,
}

/// A packet that was read; others are passed over.
pub(crate) enum Packet {
    Publish { id: Option<u16>, topic: BytesMut, payload: BytesMut },
    PubAck,
    Other,
}

impl Server {
    pub(crate) fn at(place: &str) -> Self {
        let place = Path::new(place);
        let authority = place.join(certificate::AUTHORITY);
        if authority.exists() {
            return Self::Tls { at: read_address(place), tls: trusting(&[authority]) };
        }
        let state = place.join(".edgectl");
        if !state.exists() {
            return Self::Plain { at: place.to_string_lossy().into_owned() };
        }
        let device = state.join("devices").join(DEVICE);
        let identities = std::fs::read(device.join("identities.json")).expect("a simulation has run here");
        let authority = std::fs::read_dir(device.join("ca")).expect("there is a CA").flatten().map(|file| file.path());
        let certificates = authority.filter(|path| path.extension().is_some_and(|extension| extension == "pem"));
        let tls = trusting(&certificates.collect::<Vec<_>>());
        let identities = serde_json::from_slice(&identities).expect("it is JSON");
        // Without child devices there is none.
        let registry = std::fs::read(state.join("cloud").join("registry.json")).unwrap_or_else(|_| b"null".to_vec());
        let registry = serde_json::from_slice(&registry).expect("it is JSON");
        Self::Edge(Arc::new(Edge { address: read_address(place), identities, registry, tls }))
    }

    /// Connects as a module or child device and waits until it is let in.
    pub(crate) async fn connect(&self, name: &str) -> Client {
        let mut client = match self {
            Self::Plain { at } => Client::over(open(at).await),
            Self::Tls { at, tls } => Client::over(open_tls(at, tls).await),
            Self::Edge(edge) => Client::over(edge.open(8883).await),
        };
        let password = match self {
            Self::Plain { .. } | Self::Tls { .. } => None,
            Self::Edge(edge) => Some((edge.username(name), edge.token(name))),
        };
        let is_child = matches!(self, Self::Edge(edge) if edge.child_key(name).is_some());
        client.put_connect(&if is_child { name.to_owned() } else { format!("{DEVICE}/{name}") }, password);
        client.flush().await;
        client.read_until(0x20).await;
        client
    }

    pub(crate) fn publish_topic(&self, module: &str) -> String {
        format!("devices/{DEVICE}/modules/{module}/messages/events/%24.on=o")
    }

    /// What a reader subscribes to: its inputs, or with a plain broker what its sensor publishes to.
    pub(crate) fn filter(&self, pair: usize) -> String {
        match self {
            Self::Plain { .. } | Self::Tls { .. } => self.publish_topic(&format!("s{pair}")),
            Self::Edge(_) => format!("devices/{DEVICE}/modules/r{pair}/inputs/#"),
        }
    }
}

impl Edge {
    pub(crate) async fn open(&self, port: u16) -> impl AsyncRead + AsyncWrite + Unpin + Send + 'static {
        open_tls(&format!("{}:{port}", self.address), &self.tls).await
    }

    fn child_key(&self, name: &str) -> Option<&str> {
        self.registry["devices"][name]["authentication"]["primaryKey"].as_str()
    }

    fn username(&self, name: &str) -> String {
        let client = if self.child_key(name).is_some() { name.to_owned() } else { format!("{DEVICE}/{name}") };
        format!("{}/{client}/?api-version=2018-06-30", self.address)
    }

    pub(crate) fn token(&self, name: &str) -> String {
        let (key, client) = match self.child_key(name) {
            Some(key) => (key, name.to_owned()),
            None => {
                let key = self.identities["modules"][name]["primary"].as_str();
                (key.expect("a module of the solution"), format!("{DEVICE}/modules/{name}"))
            }
        };
        let key = Key::parse(key).expect("a key");
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
        let resource = format!("{}/devices/{client}", self.address);
        sas::create(&resource, &key, unix + Duration::from_secs(3600), None)
    }
}

async fn open(at: &str) -> TcpStream {
    let stream = TcpStream::connect(at).await.expect("the port is open");
    stream.set_nodelay(true).expect("set");
    stream
}

async fn open_tls(at: &str, tls: &TlsConnector) -> impl AsyncRead + AsyncWrite + Unpin + Send + use<> {
    let (address, _) = at.rsplit_once(':').expect("address:port");
    let name = ServerName::try_from(address.to_owned()).expect("an address");
    tls.connect(name, open(at).await).await.expect("the CA is trusted")
}

/// Trusts the certificates in these files and no other.
fn trusting(files: &[PathBuf]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for certificate in files.iter().flat_map(CertificateDer::pem_file_iter).flatten().flatten() {
        roots.add(certificate).expect("a certificate");
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// Reads where a server listens, which the script wrote.
fn read_address(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("address")).expect("the script wrote it").trim().to_owned()
}

impl Client {
    fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        Self { stream: Box::new(stream), input: BytesMut::with_capacity(1 << 16), output: BytesMut::new() }
    }

    fn put_connect(&mut self, client_id: &str, credentials: Option<(String, String)>) {
        let mut body = BytesMut::new();
        body.put_slice(b"\x00\x04MQTT\x04");
        body.put_u8(if credentials.is_some() { 0b1100_0010 } else { 0b10 });
        body.put_u16(60);
        put_text(&mut body, client_id);
        if let Some((username, password)) = credentials {
            put_text(&mut body, &username);
            put_text(&mut body, &password);
        }
        put_packet(&mut self.output, 0x10, &[&body]);
    }

    /// Subscribes with level 1 and waits for the answer.
    pub(crate) async fn subscribe(&mut self, filter: &str) {
        let mut body = BytesMut::new();
        body.put_u16(1);
        put_text(&mut body, filter);
        body.put_u8(1);
        put_packet(&mut self.output, 0x82, &[&body]);
        self.flush().await;
        self.read_until(0x90).await;
    }

    pub(crate) fn put_publish(&mut self, topic: &str, id: Option<u16>, payload: &[u8]) {
        let length = (topic.len() as u16).to_be_bytes();
        match id {
            Some(id) => {
                put_packet(&mut self.output, 0x32, &[&length, topic.as_bytes(), &id.to_be_bytes(), payload]);
            }
            None => put_packet(&mut self.output, 0x30, &[&length, topic.as_bytes(), payload]),
        }
    }

    pub(crate) fn put_acknowledgement(&mut self, id: u16) {
        put_packet(&mut self.output, 0x40, &[&id.to_be_bytes()]);
    }

    /// Writes everything that was put.
    pub(crate) async fn flush(&mut self) {
        if !self.output.is_empty() {
            self.stream.write_all(&self.output).await.expect("the server stays");
            self.stream.flush().await.expect("the server stays");
            self.output.clear();
        }
    }

    /// Reads what is there, at least something.
    pub(crate) async fn read(&mut self) {
        self.input.reserve(1 << 15);
        let length = self.stream.read_buf(&mut self.input).await.expect("the server stays");
        assert!(length > 0, "the server closed a connection");
    }

    /// Takes a packet that was read.
    pub(crate) fn take(&mut self) -> Option<Packet> {
        self.take_with_head().map(|(_, packet)| packet)
    }

    async fn read_until(&mut self, head: u8) {
        loop {
            match self.take_with_head() {
                Some((found, _)) if found == head => return,
                Some(_) => {}
                None => self.read().await,
            }
        }
    }

    fn take_with_head(&mut self) -> Option<(u8, Packet)> {
        let (mut length, mut at) = (0, 1);
        loop {
            let byte = *self.input.get(at)?;
            length |= usize::from(byte & 0x7f) << (7 * (at - 1));
            at += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        if self.input.len() < at + length {
            return None;
        }
        let head = self.input[0];
        self.input.advance(at);
        let mut body = self.input.split_to(length);
        let packet = match head >> 4 {
            3 => {
                let topic = body.get_u16();
                let topic = body.split_to(topic.into());
                let id = (head & 0b110 != 0).then(|| body.get_u16());
                Packet::Publish { id, topic, payload: body }
            }
            4 => Packet::PubAck,
            _ => Packet::Other,
        };
        Some((head, packet))
    }
}

fn put_text(out: &mut BytesMut, text: &str) {
    out.put_u16(u16::try_from(text.len()).expect("a short text"));
    out.put_slice(text.as_bytes());
}

fn put_packet(out: &mut BytesMut, head: u8, parts: &[&[u8]]) {
    out.put_u8(head);
    let mut length: usize = parts.iter().map(|part| part.len()).sum();
    while length >= 0x80 {
        out.put_u8(0x80 | (length & 0x7f) as u8);
        length >>= 7;
    }
    out.put_u8(length as u8);
    parts.iter().for_each(|part| out.put_slice(part));
}
