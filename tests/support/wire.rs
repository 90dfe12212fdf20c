//! A module's side of MQTT, written out packet by packet, so that it can do what no SDK would.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use edgectl::identity::{Key, sas};
use edgectl::mqtt::codec;
use edgectl::mqtt::packet::{ConnAck, Connect, Packet, PacketId, PublishQos, Qos, Subscribe};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

use super::site::Site;

/// An open TLS connection to a site.
pub(crate) type Tls = StreamOwned<ClientConnection, TcpStream>;

/// What a module or device knows of itself, as `edgectl credentials` tells it.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) hub: String,
    pub(crate) device: String,
    /// Empty for a device.
    pub(crate) module: String,
    pub(crate) key: Key,
    pub(crate) authority: String,
    pub(crate) workload: Value,
}

/// One MQTT connection.
pub(crate) struct Client {
    tls: Tls,
    input: BytesMut,
    credentials: Credentials,
}

impl Credentials {
    pub(crate) fn of(site: &Site, module: &str) -> Self {
        let get = |auth: &str| site.run(&format!("credentials {module} --auth {auth} --format json")).json();
        let document = get("connection-string");
        let text = document["EdgeHubConnectionString"].as_str().expect("a text");
        let part = |name: &str| part(text, name);
        let authority = document["EdgeModuleCACertificateFile"].as_str().expect("a path");
        Self { workload: get("workload"), module: part("ModuleId"), ..Self::read(text, authority) }
    }

    /// Of a child device that has a key.
    pub(crate) fn of_device(site: &Site, device: &str) -> Self {
        let document = site.run(&format!("credentials {device} --format json")).json();
        let text = |name: &str| document[name].as_str().expect("a text");
        Self::read(text("IOTHUB_DEVICE_CONNECTION_STRING"), text("IOTEDGE_ROOT_CA_CERT_PATH"))
    }

    fn read(text: &str, authority: &str) -> Self {
        let part = |name: &str| part(text, name);
        Self {
            hub: part("HostName"),
            device: part("DeviceId"),
            module: String::new(),
            key: Key::parse(&part("SharedAccessKey")).expect("a key"),
            authority: std::fs::read_to_string(authority).expect("the CA's certificate"),
            workload: Value::Null,
        }
    }

    /// Returns `device` or `device`, what stands between them, and `module`.
    fn path(&self, between: &str) -> String {
        match self.module.as_str() {
            "" => self.device.clone(),
            module => format!("{}{between}{module}", self.device),
        }
    }

    /// A token for this module, good until `seconds` from now.
    pub(crate) fn token(&self, seconds: i64) -> String {
        let resource = format!("{}/devices/{}", self.hub, self.path("/modules/"));
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs();
        let expiry = Duration::from_secs(unix.checked_add_signed(seconds).expect("a time"));
        sas::create(&resource, &self.key, expiry, None)
    }

    pub(crate) fn connect_packet(&self, password: &str) -> Packet {
        Packet::Connect(Box::new(Connect {
            client_id: self.path("/"),
            clean_session: false,
            keep_alive: 60,
            will: None,
            username: Some(format!("{}/{}/?api-version=2018-06-30", self.hub, self.path("/"))),
            password: Some(Bytes::from(password.to_owned())),
        }))
    }
}

fn part(connection_string: &str, name: &str) -> String {
    let found = connection_string.split(';').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    found.unwrap_or_else(|| panic!("no {name}")).to_owned()
}

impl Client {
    /// Connects as a module with a good token.
    pub(crate) fn login(site: &Site, module: &str) -> Self {
        let credentials = Credentials::of(site, module);
        let (client, code) = Self::connect(site, &credentials, &credentials.token(3600));
        assert!(matches!(code, Some(ConnAck::Accepted { .. })), "{code:?}");
        client
    }

    /// Connects with a password; returns what the hub answered.
    pub(crate) fn connect(site: &Site, credentials: &Credentials, password: &str) -> (Self, Option<ConnAck>) {
        Self::connect_to(&site.address, credentials, password)
    }

    /// Connects to an address with a password; returns what the hub answered.
    pub(crate) fn connect_to(address: &str, credentials: &Credentials, password: &str) -> (Self, Option<ConnAck>) {
        Self::over(open_tls_to(address, 8883, &credentials.authority), credentials, password)
    }

    /// Connects over an open stream to a hub that may be gone at any moment; `None` if it let nobody in.
    pub(crate) fn try_login(stream: TcpStream, credentials: &Credentials) -> Option<Self> {
        let tls = tls_over(stream, &credentials.hub, &credentials.authority);
        let mut client = Self::send_over(tls, credentials, &credentials.connect_packet(&credentials.token(3600)));
        matches!(client.receive(), Some(Packet::ConnAck(ConnAck::Accepted { .. }))).then_some(client)
    }

    fn over(tls: Tls, credentials: &Credentials, password: &str) -> (Self, Option<ConnAck>) {
        let mut client = Self::send_over(tls, credentials, &credentials.connect_packet(password));
        let code = match client.receive() {
            Some(Packet::ConnAck(answer)) => Some(answer),
            None => None,
            Some(packet) => panic!("not an answer to CONNECT: {packet:?}"),
        };
        (client, code)
    }

    /// Sends a CONNECT and does not wait for the answer.
    pub(crate) fn send_connect(site: &Site, credentials: &Credentials, connect: &Packet) -> Self {
        Self::send_over(open_tls(site, 8883, &credentials.authority), credentials, connect)
    }

    fn send_over(tls: Tls, credentials: &Credentials, connect: &Packet) -> Self {
        let mut client = Self { tls, input: BytesMut::new(), credentials: credentials.clone() };
        client.send(connect);
        client
    }

    /// Says whether nothing has come yet.
    pub(crate) fn hears_nothing(&mut self) -> bool {
        self.tls.sock.set_nonblocking(true).expect("set");
        let read = self.tls.read(&mut [0; 16]);
        self.tls.sock.set_nonblocking(false).expect("set");
        read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }

    pub(crate) fn send(&mut self, packet: &Packet) {
        let mut bytes = BytesMut::new();
        codec::encode(packet, &mut bytes).expect("it is short enough");
        self.send_bytes(&bytes);
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        // A hub that closes while we write is told by the next read.
        let _ = self.tls.write_all(bytes).and_then(|()| self.tls.flush());
    }

    /// Returns the next packet, or `None` at the connection's end.
    pub(crate) fn receive(&mut self) -> Option<Packet> {
        loop {
            if let Some(packet) = codec::decode(&mut self.input, 1 << 20).expect("the hub speaks MQTT") {
                return Some(packet);
            }
            let mut bytes = [0; 4096];
            match self.tls.read(&mut bytes) {
                Ok(0) => return None,
                Ok(length) => self.input.extend_from_slice(&bytes[..length]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("the hub says nothing"),
                Err(_) => return None,
            }
        }
    }

    /// Subscribes to the module's inputs and takes so many messages, acknowledging each; returns their bodies.
    pub(crate) fn receive_inputs(&mut self, count: usize) -> Vec<String> {
        let (device, module) = (&self.credentials.device, &self.credentials.module);
        let filter = format!("devices/{device}/modules/{module}/inputs/#");
        let id = PacketId::new(1).expect("not zero");
        self.send(&Packet::Subscribe(Subscribe { id, filters: vec![(filter, Qos::AtLeastOnce)] }));
        let mut bodies = Vec::new();
        while bodies.len() < count {
            match self.receive().expect("the hub stays") {
                Packet::Publish(publish) => {
                    bodies.push(String::from_utf8(publish.payload.to_vec()).expect("a text"));
                    if let PublishQos::AtLeastOnce(id) = publish.qos {
                        self.send(&Packet::PubAck(id));
                    }
                }
                Packet::SubAck(_) => {}
                packet => panic!("unexpected: {packet:?}"),
            }
        }
        bodies
    }
}

/// Opens a TLS connection to a port of a site.
pub(crate) fn open_tls(site: &Site, port: u16, authority: &str) -> Tls {
    open_tls_to(&site.address, port, authority)
}

fn open_tls_to(address: &str, port: u16, authority: &str) -> Tls {
    tls_over(TcpStream::connect((address, port)).expect("the port is open"), address, authority)
}

fn tls_over(stream: TcpStream, name: &str, authority: &str) -> Tls {
    let name = ServerName::try_from(name.to_owned()).expect("an address");
    let connection = ClientConnection::new(trusting(authority), name).expect("a client");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    StreamOwned::new(connection, stream)
}

/// What a TLS client needs that trusts this authority only.
pub(crate) fn trusting(authority: &str) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority.as_bytes()) {
        roots.add(certificate.expect("PEM")).expect("a certificate");
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// Sends one HTTP request and returns the whole answer.
pub(crate) fn request(stream: &mut (impl Read + Write), text: &str) -> String {
    stream.write_all(text.as_bytes()).and_then(|()| stream.flush()).expect("sent");
    let mut answer = Vec::new();
    // A TLS peer may leave without its last words; what came is what counts.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).expect("a text")
}
