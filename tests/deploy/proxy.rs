//! Registries behind a proxy: TLS to a registry of the test's own, through a `CONNECT` proxy of the test's own.
//!
//! The registry is at 0.0.0.0, which leads to this machine and is none of the addresses that are always asked directly.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use edgectl::identity::{Authority, DeviceId};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::Folder;
use crate::support::registry::{ASKED, locked, solution};

const HOST: &str = "0.0.0.0";

/// First lines of requests, or whole heads, in their order.
type Seen = Arc<Mutex<Vec<String>>>;

fn all(seen: &Seen) -> Vec<String> {
    seen.lock().expect("nobody panicked").clone()
}

/// Serves every connection on a thread of its own; returns the port.
fn listen(ip: &str, serve: impl Fn(TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind((ip, 0)).expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            // Either side may go at any time; the tests look at what the program makes of it.
            thread::spawn(move || drop(serve(stream)));
        }
    });
    port
}

fn read_head(stream: &mut impl Read) -> std::io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// A registry that has every image, and a solution with its images there.
struct Site {
    folder: Folder,
    registry: String,
    asked: Seen,
}

impl Site {
    fn new() -> Self {
        let (config, authority) = certificate();
        let asked = Seen::default();
        let seen = Arc::clone(&asked);
        let port = listen(HOST, move |stream| {
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).expect("it fits"), stream);
            let head = read_head(&mut stream)?;
            seen.lock().expect("nobody panicked").push(head.lines().next().unwrap_or_default().to_owned());
            let digest = format!("Docker-Content-Digest: {ASKED}\r\nContent-Length: 0\r\nConnection: close");
            write!(stream, "HTTP/1.1 200 OK\r\n{digest}\r\n\r\n")?;
            stream.conn.send_close_notify();
            stream.flush()
        });
        let registry = format!("{HOST}:{port}");
        let folder =
            solution(&registry).file("ca.pem", &authority).file("images.lock", &locked(&registry, "1-amd64", ""));
        let authority = folder.path("ca.pem").display().to_string();
        Self { folder: folder.variable("SSL_CERT_FILE", &authority), registry, asked }
    }

    fn with(self, name: &str, value: &str) -> Self {
        Self { folder: self.folder.variable(name, value), ..self }
    }

    /// Pins, for which the registry has to be asked for one image.
    #[track_caller]
    fn check_pinned(&self) {
        let run = self.folder.run("deploy --pin --out -");
        assert_eq!(run.status, Some(0), "{}", run.stderr);
        assert!(run.stdout.contains(&format!("{}/agent:1.5@{ASKED}", self.registry)), "{}", run.stdout);
        assert_eq!(all(&self.asked), ["HEAD /v2/agent/manifests/1.5 HTTP/1.1"]);
    }
}

fn certificate() -> (Arc<ServerConfig>, String) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let authority = Authority::create(&DeviceId::parse("registry").expect("an id"), now).expect("a CA");
    let issued = authority.server_certificate(&[HOST.to_owned()], now).expect("a certificate");
    let chain = CertificateDer::pem_slice_iter(issued.chain.as_bytes()).collect::<Result<_, _>>().expect("PEM");
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).expect("PEM");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_no_client_auth().with_single_cert(chain, key).expect("they fit");
    (Arc::new(config), authority.trust_bundle().to_owned())
}

/// A proxy that answers so, and leads to the target if that is 200; returns `host:port` and the heads that it read.
fn proxy(answer: &'static str) -> (String, Seen) {
    let seen = Seen::default();
    let heads = Arc::clone(&seen);
    let port = listen("127.0.0.1", move |mut client| {
        let head = read_head(&mut client)?;
        heads.lock().expect("nobody panicked").push(head.clone());
        write!(client, "HTTP/1.1 {answer}\r\n\r\n")?;
        if !answer.starts_with("200") {
            return Ok(());
        }
        let mut there = TcpStream::connect(head.split(' ').nth(1).unwrap_or_default())?;
        let (mut from, mut to) = (client.try_clone()?, there.try_clone()?);
        thread::spawn(move || std::io::copy(&mut from, &mut to));
        std::io::copy(&mut there, &mut client).map(drop)
    });
    (format!("127.0.0.1:{port}"), seen)
}

#[test]
fn a_proxy_leads_to_the_registry_and_learns_no_more_than_its_name() {
    let (address, heads) = proxy("200 Connection established");
    let site = Site::new().with("HTTPS_PROXY", &format!("http://me:p%40ss@{address}"));
    site.check_pinned();
    let registry = &site.registry;
    let login = "Proxy-Authorization: Basic bWU6cEBzcw==";
    assert_eq!(all(&heads), [format!("CONNECT {registry} HTTP/1.1\r\nHost: {registry}\r\n{login}\r\n\r\n")]);
}

#[test]
fn a_registry_of_no_proxy_is_asked_directly() {
    for except in [HOST, "other.test, 0.0.0.0/8", "*", "0.0.0.0:PORT"] {
        let (address, heads) = proxy("200 Connection established");
        let site = Site::new().with("HTTPS_PROXY", &format!("http://{address}"));
        let port = site.registry.rsplit_once(':').expect("a port").1.to_owned();
        site.with("NO_PROXY", &except.replace("PORT", &port)).check_pinned();
        assert_eq!(all(&heads), [""; 0], "{except}");
    }
    let (address, heads) = proxy("200 Connection established");
    let site = Site::new().with("HTTPS_PROXY", &format!("http://{address}"));
    site.with("NO_PROXY", "0.0.0.0:1,0.0.0.1").check_pinned();
    assert_eq!(all(&heads).len(), 1, "another port and another address");
}

#[test]
fn a_proxy_that_refuses_is_named_with_what_to_do() {
    let (address, _heads) = proxy("403 Forbidden");
    let site = Site::new().with("HTTPS_PROXY", &format!("http://me:secret@{address}"));
    let registry = &site.registry;
    let expected = format!(
        "error: cannot pin `{registry}/agent:1.5`\n  caused by: {registry}: the proxy `{address}` has no way there: it answered \
         `HTTP/1.1 403 Forbidden`\nhint: correct `HTTPS_PROXY`, or leave the proxy out with `NO_PROXY={registry}`\n"
    );
    let run = site.folder.run("deploy --pin --out -");
    let own = run.stderr.find("error: ").map(|at| &run.stderr[at..]);
    assert_eq!((run.status, own), (Some(4), Some(expected.as_str())));
    assert_eq!(all(&site.asked), [""; 0]);
}
