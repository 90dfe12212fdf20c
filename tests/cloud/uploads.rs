//! Logs and support bundles that the agent puts into a container of blobs: here a server of the test's own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use edgectl::identity::{Authority, DeviceId};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::agent::sleepers;
use crate::support::site::Site;

/// A request that put a blob.
struct Put {
    /// The first line and the headers, as they came.
    head: String,
    body: Vec<u8>,
}

/// A container of blobs; a right other than `sig=good` it does not know.
struct Container {
    address: String,
    puts: Receiver<Put>,
}

impl Container {
    fn start(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        let (tell, puts) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let put = match &tls {
                    None => answer(stream),
                    Some(config) => {
                        let connection = ServerConnection::new(Arc::clone(config)).expect("a server");
                        answer(StreamOwned::new(connection, stream))
                    }
                };
                // Who does not trust the server puts nothing.
                if put.is_some_and(|put| tell.send(put).is_err()) {
                    return;
                }
            }
        });
        Self { address, puts }
    }

    fn put(&self) -> Put {
        self.puts.recv_timeout(Duration::from_secs(30)).expect("something is put")
    }
}

/// Reads one request and says whether its right is good.
fn answer(mut stream: impl Read + Write) -> Option<Put> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    let head = String::from_utf8(head).expect("heads are text");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("it has a length");
    let mut body = vec![0; length.parse().expect("a number")];
    stream.read_exact(&mut body).ok()?;
    let answer = match head.contains("sig=good") {
        true => "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
        false => "HTTP/1.1 403 Forbidden\r\nx-ms-error-code: AuthenticationFailed\r\nContent-Length: 0\r\n\r\n",
    };
    stream.write_all(answer.as_bytes()).and_then(|()| stream.flush()).ok()?;
    Some(Put { head, body })
}

/// Calls a method of the agent and returns what it answered.
fn call(site: &Site, method: &str, payload: &Value) -> Value {
    let payload = payload.to_string();
    let answer = site.folder.run_args(&["call", "$edgeAgent", method, "--payload", &payload, "--json"]).json();
    assert_eq!(answer["status"], 200, "{answer}");
    answer["payload"].clone()
}

/// Asks how a task is until it has ended.
fn ended(site: &Site, task: &Value) -> Value {
    let request = json!({ "schemaVersion": "1.0", "correlationId": task["correlationId"] });
    loop {
        let state = call(site, "GetTaskStatus", &request);
        if state["status"] != "Running" {
            return state;
        }
    }
}

// protocol.md §11.4
#[test]
fn logs_are_put_where_the_caller_says() {
    let site = sleepers();
    let mut simulation = site.start_ready("--device d --yes");
    for module in ["a", "b"] {
        simulation.record("a line", |record| record["module"] == module && record["line"] == "up");
    }
    let container = Container::start(None);
    let url = |right: &str| format!("http://{}/logs?sv=2019-12-12&sig={right}", container.address);
    let request = |right: &str| json!({ "schemaVersion": "1.0", "sasUrl": url(right), "items": { "id": "all" } });
    let task = call(&site, "UploadModuleLogs", &request("good"));
    assert_eq!(task["status"], "Running");
    let hub = simulation.ready["hub"].as_str().expect("it says its hub").to_owned();
    for module in ["a", "b"] {
        let Put { head, body } = container.put();
        let path = head.split(' ').nth(1).expect("a request has a target");
        let (name, query) = path.split_once('?').expect("it has the right");
        assert!(name.starts_with(&format!("/logs/{hub}/d/{module}-2")) && name.ends_with(".log"), "{name}");
        assert_eq!(query, "sv=2019-12-12&sig=good");
        assert!(head.starts_with("PUT ") && head.contains("\r\nx-ms-blob-type: BlockBlob\r\n"), "{head}");
        assert_eq!(body, b"up\n");
    }
    assert_eq!(ended(&site, &task)["status"], "Completed");

    let refused = call(&site, "UploadModuleLogs", &request("bad"));
    let state = ended(&site, &refused);
    let (told, why) = (&state["status"], state["message"].as_str().expect("a text"));
    assert_eq!(told, "Failed");
    assert!(why.ends_with(&format!("`{}` answered 403 (AuthenticationFailed)", container.address)), "{why}");
    assert!(!simulation.interrupt().stdout.contains("sig="), "the right is a secret");
}

// protocol.md §11.4
#[test]
fn a_support_bundle_is_put_over_tls_to_whom_this_machine_trusts() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    let device = DeviceId::parse("storage").expect("valid");
    let authority = Authority::load_or_create(folder.path(), &device, unix).expect("made");
    let key = authority.server_certificate(&["127.0.0.1".to_owned()], unix).expect("made");
    let chain = CertificateDer::pem_slice_iter(key.chain.as_bytes()).map(|certificate| certificate.expect("PEM"));
    let private = PrivateKeyDer::from_pem_slice(key.key.as_bytes()).expect("PEM");
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_no_client_auth()
        .with_single_cert(chain.collect(), private)
        .expect("they fit");
    let container = Container::start(Some(Arc::new(config)));
    let request = json!({ "schemaVersion": "1.0", "sasUrl": format!("https://{}/c?sig=good", container.address) });

    let trusted = folder.path().join(Authority::CERTIFICATE_FILE).display().to_string();
    let site = sleepers().variable("SSL_CERT_FILE", &trusted);
    let mut simulation = site.start_ready("--device d --yes");
    simulation.record("a line", |record| record["module"] == "a" && record["line"] == "up");
    let task = call(&site, "UploadSupportBundle", &request);
    let Put { head, body } = container.put();
    assert!(head.contains("/d/support-bundle-2") && head.contains(".zip?sig=good "), "{head}");
    assert_eq!(ended(&site, &task)["status"], "Completed");
    assert!(body.starts_with(b"PK\x03\x04"));
    for file in ["logs/a_log.txt", "edgeAgent/reported.json", "edgectl.json"] {
        assert!(body.windows(file.len()).any(|name| name == file.as_bytes()), "{file}");
    }
    drop(simulation);

    // Without that variable nobody vouches for the server.
    let site = sleepers();
    let _simulation = site.start_ready("--device d --yes");
    let state = ended(&site, &call(&site, "UploadSupportBundle", &request));
    assert_eq!(state["status"], "Failed");
    assert!(state["message"].as_str().is_some_and(|why| why.contains("invalid peer certificate")), "{state}");
}

// protocol.md §11.4
#[test]
fn storage_behind_a_proxy_is_reached_through_it() {
    let proxy = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = proxy.local_addr().expect("it is bound");
    let asked = thread::spawn(move || {
        let (mut stream, _) = proxy.accept().expect("somebody comes");
        let mut head = [0; 1024];
        let length = stream.read(&mut head).expect("a request comes");
        stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").expect("somebody reads");
        String::from_utf8_lossy(&head[..length]).into_owned()
    });
    let site = sleepers().variable("HTTPS_PROXY", &format!("http://{address}"));
    let _simulation = site.start_ready("--device d --yes");
    let request =
        json!({ "schemaVersion": "1.0", "sasUrl": "https://logs.invalid/c?sig=good", "items": { "id": "a" } });
    let state = ended(&site, &call(&site, "UploadModuleLogs", &request));
    let why = format!("the proxy `{address}` has no way there: it answered `HTTP/1.1 502 Bad Gateway`");
    let expected = format!(": cannot reach `logs.invalid`: {why}");
    assert!(state["message"].as_str().is_some_and(|told| told.ends_with(&expected)), "{state}");
    assert_eq!(asked.join().expect("it was asked").lines().next(), Some("CONNECT logs.invalid:443 HTTP/1.1"));
}

/// Nobody listens there any more.
#[test]
fn storage_that_is_not_there_is_told() {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port is free");
    assert!(TcpStream::connect(address).is_err());
    let site = sleepers();
    let _simulation = site.start_ready("--device d --yes");
    let request =
        json!({ "schemaVersion": "1.0", "sasUrl": format!("http://{address}/c?sig=good"), "items": { "id": "a" } });
    let state = ended(&site, &call(&site, "UploadModuleLogs", &request));
    let expected = format!(": cannot reach `{address}`: Connection refused (os error 111)");
    assert!(state["message"].as_str().is_some_and(|why| why.ends_with(&expected)), "{state}");
}
