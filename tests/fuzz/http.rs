//! Requests that are nearly right, from their bytes to the answer's: direct methods and the workload API.

use std::sync::OnceLock;

use edgectl::clock::Now;
use edgectl::edgehub::{Answer, HttpCall, answer_invocation, parse_invocation};
use edgectl::identity::{Authority, DeviceId, Key, MasterKey, ModuleId};
use edgectl::net::{self, HttpLimits, serve_http};
use edgectl::workload::{self, ModuleDetails, Modules, Workload};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::mutation::mutated_text;

const REQUESTS: &[&str] = &[
    "POST /twins/d/modules/m/methods?api-version=2018-06-30 HTTP/1.1\r\nHost: h\r\nx-ms-edge-moduleId: d/n\r\n\
     Authorization: SharedAccessSignature sr=h&sig=AA%3D%3D&se=1\r\nContent-Type: application/json\r\n\
     Content-Length: 61\r\n\r\n{\"methodName\":\"x\",\"payload\":{},\"responseTimeoutInSeconds\":10}",
    "POST /modules/m/genid/1/sign?api-version=2018-06-28 HTTP/1.1\r\nHost: w:80\r\nContent-Length: 54\r\n\r\n\
     {\"keyId\":\"primary\",\"algo\":\"HMACSHA256\",\"data\":\"eA==\"}\n",
    "POST /modules/m/genid/1/encrypt?api-version=2018-06-28 HTTP/1.1\r\nContent-Length: 52\r\nConnection: close\r\n\r\n\
     {\"plaintext\":\"eA==\",\"initializationVector\":\"YWFhYQ==\"}",
    "POST /modules/other/genid/1/decrypt?api-version=2018-06-28 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
     5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\n\r\n",
    "GET /modules?api-version=2018-06-28 HTTP/1.1\r\n\r\nGET /trust-bundle?api-version=2020-07-07 HTTP/1.0\r\n\r\n",
    "PUT /modules/m/certificate/identity?api-version=x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
];
const WORDS: &[&str] = &[
    "\r\n",
    "\r\n\r\n",
    " ",
    "%",
    "%00",
    "%2F",
    "/",
    "?",
    "&",
    "\0",
    ": ",
    "Content-Length: 99999999999999999999\r\n",
    "Content-Length: 1\r\n",
    "Transfer-Encoding: chunked\r\n",
    "é",
    "{",
    "\"",
    "[[[[",
    "null",
    "-1",
    "1e999",
    "methods",
];

struct Parts {
    device: DeviceId,
    authority: Authority,
    master_key: MasterKey,
    key: Key,
}

impl Modules for Parts {
    fn primary_key(&self, module: &ModuleId) -> Option<Key> {
        (module.as_str() == "m").then(|| self.key.clone())
    }

    fn details(&self) -> Vec<ModuleDetails> {
        Vec::new()
    }
}

fn parts() -> &'static Parts {
    static PARTS: OnceLock<Parts> = OnceLock::new();
    PARTS.get_or_init(|| {
        let (device, key) = (DeviceId::parse("d").expect("valid"), Key::generate().expect("a key"));
        let authority = Authority::create(&device, std::time::Duration::from_secs(1_800_000_000)).expect("made");
        Parts { authority, master_key: MasterKey::derive(&key), key, device }
    })
}

/// Answers as the head of the hub does whose every module says yes, or as the workload API of `m`.
fn answer(request: &net::Request) -> net::Response {
    let parts = parts();
    if request.target.starts_with("/twins") {
        let (method, target) = (request.method.as_str(), request.target.as_str());
        let call = HttpCall { method, target, headers: &request.headers, body: &request.body };
        let answered = parse_invocation(&parts.device, &call).map(|invocation| {
            let answer = Answer { status: 200, payload: invocation.payload };
            answer_invocation(&invocation.target, Ok(answer))
        });
        let answered = answered.unwrap_or_else(|refused| refused);
        return net::Response { status: answered.status, content_type: "x/y", body: answered.body.into() };
    }
    let request = workload::Request {
        method: request.method.clone(),
        path_and_query: request.target.clone(),
        content_type: request.header("content-type").map(str::to_owned),
        body: request.body.to_vec(),
    };
    let Parts { device, authority, master_key, .. } = parts;
    let workload = Workload { device, hub_host: "h.example", authority, master_key, modules: parts };
    let response = workload.handle(&ModuleId::parse("m").expect("valid"), Now::default(), &request).response;
    assert!(serde_json::from_slice::<serde_json::Value>(&response.body).is_ok(), "{response:?}");
    net::Response { status: response.status, content_type: response.content_type, body: response.body.into() }
}

async fn exchange(bytes: &[u8]) -> Vec<u8> {
    let (mut client, server) = tokio::io::duplex(1 << 20);
    let served = tokio::spawn(serve_http(server, HttpLimits::default(), |request| async move { answer(&request) }));
    client.write_all(bytes).await.expect("sent");
    client.shutdown().await.expect("closed");
    let mut answers = Vec::new();
    client.read_to_end(&mut answers).await.expect("answered");
    served.await.expect("no panic");
    answers
}

proptest! {
    #[test]
    fn every_request_ends_in_an_answer_or_the_end(text in mutated_text(REQUESTS, WORDS)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let answers = runtime.block_on(exchange(text.as_bytes()));
        prop_assert!(answers.is_empty() || answers.starts_with(b"HTTP/1."), "{:?}", String::from_utf8_lossy(&answers));
    }
}
