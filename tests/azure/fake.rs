//! An IoT Hub in this process: TLS by a CA of its own, tokens that are really checked, devices and deployments with
//! etags, and faults that can be ordered (protocol.md §10.5, §12.1).
//!
//! Written from the specification, with nothing of `src/azure` in it.

use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edgectl::identity::{Authority, DeviceId, Key};
use percent_encoding::percent_decode_str;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

pub(crate) const OWNER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
pub(crate) const READER_KEY: &str = "EBESExQVFhcYGRobHB0eHwABAgMEBQYHCAkKCwwNDg8=";
/// A name of the hub that nothing but a proxy of the tests leads to; this machine itself is reached without one.
pub(crate) const NAME: &str = "hub.test";
/// What a logged-in `az` would hand out.
pub(crate) const BEARER: &str = "eyJ0eXAi.e30.c2ln";

/// What a hub does wrong with one request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It answers with this status, this code and these headers.
    Answer(u16, &'static str, &'static str),
    /// It closes the connection without an answer, having done nothing.
    Cut,
    /// It does what it was asked for, and closes the connection without an answer.
    DoAndCut,
    /// It answers half of what it should.
    HalfAnAnswer,
    /// It answers nothing for as long as the client waits.
    Stall,
    /// Somebody else changes every deployment just before.
    ChangeFirst,
}

/// One request, as the hub understood it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) if_match: Option<String>,
}

#[derive(Default)]
struct State {
    seen: Vec<Seen>,
    faults: VecDeque<Fault>,
    /// A fault for the next request of this verb.
    fault_at: Option<(&'static str, Fault)>,
    devices: BTreeMap<String, Value>,
    configurations: BTreeMap<String, Value>,
    changes: u32,
}

/// The hub. Its thread ends with the process.
pub(crate) struct FakeHub {
    pub(crate) port: u16,
    /// PEM: what a client has to trust.
    pub(crate) authority: String,
    state: Arc<Mutex<State>>,
}

struct Request {
    method: String,
    path: Vec<String>,
    query: String,
    headers: Vec<(String, String)>,
    body: Value,
}

struct Reply {
    status: u16,
    headers: String,
    body: Value,
}

fn reply(status: u16, body: Value) -> Reply {
    Reply { status, headers: String::new(), body }
}

fn refusal(status: u16, code: &str, text: &str) -> Reply {
    let message = format!("ErrorCode:{code};{text}");
    let body = json!({ "Message": message, "ExceptionMessage": "Tracking ID:1" });
    Reply { status, headers: format!("iothub-errorcode: {code}\r\n"), body }
}

impl FakeHub {
    /// Starts a hub with the device `hall1`.
    pub(crate) fn start() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let authority = Authority::create(&DeviceId::parse("fake-hub").expect("an id"), now).expect("a CA");
        let issued =
            authority.server_certificate(&["127.0.0.1".to_owned(), NAME.to_owned()], now).expect("a certificate");
        let chain = CertificateDer::pem_slice_iter(issued.chain.as_bytes()).collect::<Result<_, _>>().expect("PEM");
        let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).expect("PEM");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("versions").with_no_client_auth().with_single_cert(chain, key).expect("they fit");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(Mutex::new(State::default()));
        state.lock().expect("unpoisoned").devices.insert("hall1".to_owned(), Value::Null);
        let (config, shared) = (Arc::new(config), Arc::clone(&state));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, shared) = (Arc::clone(&config), Arc::clone(&shared));
                // A client that goes away ends its connection, and only that.
                thread::spawn(move || drop(serve(stream, config, &shared)));
            }
        });
        Self { port, authority: authority.trust_bundle().to_owned(), state }
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn connection_string(&self, policy: &str, key: &str) -> String {
        format!("HostName={};SharedAccessKeyName={policy};SharedAccessKey={key}", self.host())
    }

    /// Orders faults for the next requests.
    pub(crate) fn fail(&self, faults: &[Fault]) {
        self.lock().faults.extend(faults.iter().cloned());
    }

    /// Orders a fault for the next request of this verb.
    pub(crate) fn fail_at(&self, method: &'static str, fault: Fault) {
        self.lock().fault_at = Some((method, fault));
    }

    /// Returns what came so far, and forgets it.
    pub(crate) fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.lock().seen)
    }

    /// Returns what a device was given last.
    pub(crate) fn content_of(&self, device: &str) -> Value {
        self.lock().devices.get(device).cloned().unwrap_or_default()
    }

    pub(crate) fn configuration(&self, id: &str) -> Option<Value> {
        self.lock().configurations.get(id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("unpoisoned")
    }
}

fn serve(stream: TcpStream, config: Arc<ServerConfig>, shared: &Mutex<State>) -> std::io::Result<()> {
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut tls = StreamOwned::new(connection, stream);
    let request = read_request(&mut tls)?;
    let fault = {
        let mut state = shared.lock().expect("unpoisoned");
        let line = format!("{} /{}", request.method, request.path.join("/"));
        let if_match = request.header("if-match").map(str::to_owned);
        state.seen.push(Seen { line, if_match });
        let is_meant = state.fault_at.as_ref().is_some_and(|(method, _)| *method == request.method);
        let meant = if is_meant { state.fault_at.take() } else { None };
        meant.map(|(_, fault)| fault).or_else(|| state.faults.pop_front())
    };
    let answer = || answer(&request, &mut shared.lock().expect("unpoisoned"));
    match fault {
        None => write_reply(&mut tls, &answer(), None),
        Some(Fault::ChangeFirst) => {
            shared.lock().expect("unpoisoned").change_all();
            write_reply(&mut tls, &answer(), None)
        }
        Some(Fault::Answer(status, code, headers)) => {
            let mut refused = refusal(status, code, "as ordered");
            refused.headers.push_str(headers);
            write_reply(&mut tls, &refused, None)
        }
        Some(Fault::Cut) => Ok(()),
        Some(Fault::DoAndCut) => {
            answer();
            Ok(())
        }
        Some(Fault::HalfAnAnswer) => write_reply(&mut tls, &answer(), Some(40)),
        // Until the client has gone.
        Some(Fault::Stall) => tls.read(&mut [0]).map(drop),
    }
}

fn read_request(tls: &mut impl Read) -> std::io::Result<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        let mut part = [0; 4096];
        let length = tls.read(&mut part)?;
        if length == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&part[..length]);
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, text)| text.parse().ok());
    let mut body = bytes.split_off(head_end);
    let missing = length.unwrap_or(0usize).saturating_sub(body.len());
    let have = body.len();
    body.resize(have + missing, 0);
    tls.read_exact(&mut body[have..])?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let path = path.split('/').skip(1).map(|step| percent_decode_str(step).decode_utf8_lossy().into_owned()).collect();
    Ok(Request {
        method,
        path,
        query: query.to_owned(),
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    })
}

fn write_reply(tls: &mut impl Write, reply: &Reply, only: Option<usize>) -> std::io::Result<()> {
    let body = if reply.status == 204 { String::new() } else { reply.body.to_string() };
    let head = format!(
        "HTTP/1.1 {} Words\r\nContent-Length: {}\r\nContent-Type: application/json; charset=utf-8\r\nConnection: \
         close\r\n{}\r\n",
        reply.status,
        body.len(),
        reply.headers
    );
    let text = head + &body;
    tls.write_all(&text.as_bytes()[..only.unwrap_or(text.len())])?;
    tls.flush()
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Says what is wrong with the proof of who is calling: the signature covers `sr` as it was sent, a line end, and `se`.
fn check_token(request: &Request) -> Result<(), Reply> {
    let unauthorized = |text: &str| Err(refusal(401, "IotHubUnauthorizedAccess", text));
    let header = request.header("authorization").unwrap_or_default();
    if let Some(token) = header.strip_prefix("Bearer ") {
        return if token == BEARER { Ok(()) } else { unauthorized("wrong bearer token") };
    }
    let Some(fields) = header.strip_prefix("SharedAccessSignature ") else { return unauthorized("no token") };
    let field = |name: &str| fields.split('&').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    let (Some(resource), Some(signature), Some(expiry)) = (field("sr"), field("sig"), field("se")) else {
        return unauthorized("a field is missing");
    };
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    if !["127.0.0.1", NAME].contains(&decode(resource).as_str()) {
        return unauthorized("the token is for another host");
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let expiry_seconds: u64 = expiry.parse().unwrap_or_default();
    if !(now..=now + Duration::from_secs(86_400).as_secs()).contains(&expiry_seconds) {
        return unauthorized("the token is too old, or lives too long");
    }
    let policy = field("skn").map(decode).unwrap_or_default();
    let key = match policy.as_str() {
        "iothubowner" => OWNER_KEY,
        "registryRead" => READER_KEY,
        _ => return unauthorized("no such policy"),
    };
    let signed = format!("{resource}\n{expiry}");
    let signature = STANDARD.decode(decode(signature)).unwrap_or_default();
    if !Key::parse(key).expect("a key").verify(signed.as_bytes(), &signature) {
        return unauthorized("the signature is wrong");
    }
    match policy == "registryRead" && request.method != "GET" {
        true => Err(refusal(403, "IotHubForbidden", "RegistryWrite is needed")),
        false => Ok(()),
    }
}

fn answer(request: &Request, state: &mut State) -> Reply {
    if let Err(refused) = check_token(request) {
        return refused;
    }
    if !request.query.split('&').any(|pair| pair == "api-version=2021-04-12") {
        return refusal(400, "InvalidProtocolVersion", "unknown api-version");
    }
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    match (request.method.as_str(), &path[..]) {
        ("POST", ["devices", device, "applyConfigurationContent"]) => state.apply(device, &request.body),
        ("GET", ["configurations"]) => reply(200, state.configurations.values().cloned().collect()),
        ("POST", ["configurations", "testQueries"]) => test_queries(&request.body),
        ("GET", ["configurations", id]) => match state.configurations.get(*id) {
            Some(found) => reply(200, found.clone()),
            None => refusal(404, "ConfigurationNotFound", "no such configuration"),
        },
        ("PUT", ["configurations", id]) => state.put(id, request),
        ("DELETE", ["configurations", id]) => state.delete(id, request.header("if-match")),
        _ => refusal(404, "InvalidUri", "no such call"),
    }
}

fn test_queries(body: &Value) -> Reply {
    let condition = body["targetCondition"].as_str().unwrap_or_default();
    let is_known = condition == "*" || condition.is_empty() || condition.contains('=');
    let error = if is_known { Value::Null } else { json!("Invalid character at offset 0") };
    let metrics = body["customMetricQueries"].as_object().cloned().unwrap_or_default();
    let wrong = metrics.iter().filter(|(_, query)| !query.as_str().unwrap_or_default().starts_with("SELECT "));
    let wrong: serde_json::Map<_, _> = wrong.map(|(name, _)| (name.clone(), json!("SELECT is missing"))).collect();
    reply(200, json!({ "targetConditionError": error, "customMetricQueryErrors": wrong }))
}

impl State {
    fn apply(&mut self, device: &str, body: &Value) -> Reply {
        let content = &body["modulesContent"];
        if !content["$edgeAgent"].is_object() || !content["$edgeHub"].is_object() {
            return refusal(400, "ArgumentInvalid", "$edgeAgent and $edgeHub are needed");
        }
        match self.devices.get_mut(device) {
            None => refusal(404, "DeviceNotFound", "Device is not registered"),
            Some(kept) => {
                *kept = body.clone();
                reply(204, Value::Null)
            }
        }
    }

    fn put(&mut self, id: &str, request: &Request) -> Reply {
        let if_match = request.header("if-match");
        let mut created = Value::Null;
        match (self.configurations.get(id), if_match) {
            (Some(_), None) => return refusal(409, "ConfigurationAlreadyExists", "it exists"),
            (None, Some(_)) => return refusal(412, "PreconditionFailed", "it is gone"),
            (Some(known), Some(etag)) => {
                if etag != "*" && etag != format!("\"{}\"", known["etag"].as_str().unwrap_or_default()) {
                    return refusal(412, "PreconditionFailed", "the etag is another");
                }
                if known["content"] != request.body["content"] {
                    return refusal(400, "ArgumentInvalid", "content cannot be updated");
                }
                created = known["createdTimeUtc"].clone();
            }
            (None, None) => {}
        }
        let mut kept = request.body.clone();
        kept["createdTimeUtc"] = if created.is_null() { json!("2026-11-22T08:00:00Z") } else { created };
        kept["lastUpdatedTimeUtc"] = json!("2026-11-22T08:00:00Z");
        kept["systemMetrics"] = json!({ "results": { "targetedCount": 2, "appliedCount": 1 }, "queries": {} });
        kept["etag"] = json!(self.next_etag());
        self.configurations.insert(id.to_owned(), kept.clone());
        reply(if if_match.is_some() { 200 } else { 201 }, kept)
    }

    fn delete(&mut self, id: &str, etag: Option<&str>) -> Reply {
        let Some(known) = self.configurations.get(id) else {
            return refusal(404, "ConfigurationNotFound", "no such configuration");
        };
        if etag != Some("*") && etag != Some(&format!("\"{}\"", known["etag"].as_str().unwrap_or_default())) {
            return refusal(412, "PreconditionFailed", "the etag is another");
        }
        self.configurations.remove(id);
        reply(204, Value::Null)
    }

    fn change_all(&mut self) {
        let etag = self.next_etag();
        self.configurations.values_mut().for_each(|configuration| configuration["etag"] = json!(etag));
    }

    fn next_etag(&mut self) -> String {
        self.changes += 1;
        STANDARD.encode(self.changes.to_string())
    }
}
