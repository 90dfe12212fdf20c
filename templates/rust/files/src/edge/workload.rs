//! The workload API: signatures and the trust bundle, by HTTP over a unix socket or TCP.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::message::encode;

const API_VERSION: &str = "2018-06-28";
const PATIENCE: Duration = Duration::from_secs(30);
const LONGEST_RESPONSE: u64 = 1024 * 1024;

/// Where the workload API listens.
#[derive(Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A unix socket.
    Socket(PathBuf),
    /// A host and its port.
    Tcp(String),
}

impl Endpoint {
    /// Reads `unix:///path` or `http://host:port`.
    pub fn parse(uri: &str) -> Option<Self> {
        if let Some(path) = uri.strip_prefix("unix://") {
            return Some(Self::Socket(path.into()));
        }
        let authority = uri.strip_prefix("http://")?.trim_end_matches('/');
        Some(Self::Tcp(if authority.contains(':') {
            authority.to_owned()
        } else {
            format!("{authority}:80")
        }))
    }
}

/// The workload API, as one module uses it.
#[derive(Debug, PartialEq, Eq)]
pub struct Workload {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// The module.
    pub module: String,
    /// The generation of the module's identity.
    pub generation: String,
}

impl Workload {
    /// Returns the signature over `text` by the module's key, in base64.
    pub fn sign(&self, text: &str) -> io::Result<String> {
        let path = format!(
            "/modules/{}/genid/{}/sign",
            encode(&self.module),
            encode(&self.generation)
        );
        let data = BASE64_STANDARD.encode(text);
        let body = json!({ "keyId": "primary", "algo": "HMACSHA256", "data": data }).to_string();
        self.ask("POST", &path, &body, "digest")
    }

    /// Returns the certificates to trust, as PEM text.
    pub fn trust_bundle(&self) -> io::Result<String> {
        self.ask("GET", "/trust-bundle", "", "certificate")
    }

    fn ask(&self, method: &str, path: &str, body: &str, member: &str) -> io::Result<String> {
        let request = request(method, path, body);
        let answer = self
            .exchange(&request)
            .and_then(|response| read_answer(&response, member));
        answer.map_err(|error| {
            io::Error::new(error.kind(), format!("the workload API at {path}: {error}"))
        })
    }

    /// Sends a request and returns all that comes back until the other side closes.
    fn exchange(&self, request: &str) -> io::Result<Vec<u8>> {
        match &self.endpoint {
            Endpoint::Socket(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                talk(stream, request)
            }
            Endpoint::Tcp(authority) => {
                let stream = TcpStream::connect(authority)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                talk(stream, request)
            }
        }
    }
}

fn talk(mut stream: impl Read + Write, request: &str) -> io::Result<Vec<u8>> {
    stream.write_all(request.as_bytes())?;
    let mut response = Vec::new();
    stream.take(LONGEST_RESPONSE).read_to_end(&mut response)?;
    Ok(response)
}

fn request(method: &str, path: &str, body: &str) -> String {
    format!(
        "{method} {path}?api-version={API_VERSION} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Returns a member of the JSON document that a response holds.
fn read_answer(response: &[u8], member: &str) -> io::Result<String> {
    let unexpected = |what: String| io::Error::new(ErrorKind::InvalidData, what);
    let text = std::str::from_utf8(response)
        .map_err(|_| unexpected("the response is not UTF-8".to_owned()))?;
    let (head, body) = text
        .split_once("\r\n\r\n")
        .ok_or_else(|| unexpected("the response has no end".to_owned()))?;
    let status = head.split_ascii_whitespace().nth(1).unwrap_or_default();
    if status != "200" {
        return Err(unexpected(format!("status {status}: {body}")));
    }
    let document: Value = serde_json::from_str(body)?;
    let value = document.get(member).and_then(Value::as_str);
    value
        .map(str::to_owned)
        .ok_or_else(|| unexpected(format!("the answer has no `{member}`")))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Answers one request with `response` and returns what was asked and what came of it.
    fn ask(
        response: &'static str,
        call: impl FnOnce(&Workload) -> io::Result<String>,
    ) -> (String, io::Result<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let endpoint = Endpoint::Tcp(listener.local_addr().expect("bound").to_string());
        let workload = Workload {
            endpoint,
            module: "m 1".to_owned(),
            generation: "7".to_owned(),
        };
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut request = [0; 4096];
            let length = stream.read(&mut request).expect("a request");
            stream
                .write_all(response.as_bytes())
                .expect("the client listens");
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let answer = call(&workload);
        (server.join().expect("the server ends"), answer)
    }

    #[test]
    fn a_signature_is_asked_for_by_module_and_generation() {
        let (request, answer) = ask(
            "HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{\"digest\":\"c2ln\"}",
            |workload| workload.sign("a\n1"),
        );
        let body = r#"{"keyId":"primary","algo":"HMACSHA256","data":"YQox"}"#;
        let expected = format!(
            "POST /modules/m%201/genid/7/sign?api-version=2018-06-28 HTTP/1.1\r\nHost: localhost\r\n\
             Connection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        assert_eq!(
            (request, answer.expect("signed")),
            (expected, "c2ln".to_owned())
        );
    }

    #[test]
    fn a_refusal_is_told_with_its_status() {
        let (_, answer) = ask(
            "HTTP/1.1 403 Forbidden\r\n\r\n{\"message\":\"forbidden\"}",
            Workload::trust_bundle,
        );
        assert_eq!(
            answer.expect_err("refused").to_string(),
            "the workload API at /trust-bundle: status 403: {\"message\":\"forbidden\"}"
        );
    }

    #[test]
    fn an_endpoint_is_a_socket_or_a_host() {
        assert_eq!(
            Endpoint::parse("unix:///run/w.sock"),
            Some(Endpoint::Socket("/run/w.sock".into()))
        );
        assert_eq!(
            Endpoint::parse("http://127.0.0.1:80/"),
            Some(Endpoint::Tcp("127.0.0.1:80".to_owned()))
        );
        assert_eq!(Endpoint::parse("https://host"), None);
    }
}
