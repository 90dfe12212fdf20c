//! The client against a registry of the test's own, which wants tokens and sends blobs from elsewhere.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::environment::Environment;

const DIGEST: &str = "sha256:000000000000000000000000000000000000000000000000000000000000000a";
const CONFIG: &str = "sha256:000000000000000000000000000000000000000000000000000000000000000c";

/// Answers a request, given its line with authorization and body, and the registry's address.
type Answers = fn(&str, &str) -> String;

/// A registry on a loopback port, and what it was asked: verb, target, authorization and body.
struct Site {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    async fn start(answer: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (here, seen) = (address.clone(), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A greeting of TLS, with which a client begins, is no HTTP: the connection ends.
                let _ = serve(stream, answer, &here, &seen).await;
            }
        });
        Self { address, asked }
    }

    fn reference(&self) -> Reference {
        Reference::parse(&format!("{}/team/filter:1", self.address)).expect("it is a reference")
    }

    fn registries(&self, login: Option<Login>) -> Registries {
        let environment = Environment::default();
        let logins = Logins::new(&environment);
        Registries::new(&environment, logins.with(login.map(|login| (self.address.clone(), login))))
    }

    fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("nobody panicked");
        asked.iter().map(|line| line.replace(&self.address, "here")).filter(|line| !line.contains("/v2/ ")).collect()
    }
}

async fn serve(mut stream: TcpStream, answer: Answers, here: &str, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
        if !head.is_ascii() || head[0] < b' ' {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let value =
        |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
    let mut body = vec![0; value("content-length:").parse().unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    let line = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
    let line = format!("{line} {}{}", value("authorization:"), String::from_utf8_lossy(&body));
    let answer = answer(&line, here);
    seen.lock().expect("nobody panicked").push(line);
    stream.write_all(answer.as_bytes()).await
}

fn ok(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn status(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} -\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// Wants a token, gives one to everybody, and has one image whose configuration lies elsewhere.
fn with_tokens(line: &str, here: &str) -> String {
    let challenge = format!(
        "WWW-Authenticate: Bearer realm=\"http://{here}/token\",service=\"s\",scope=\"repository:team/filter:pull\"\r\n"
    );
    let manifest = format!(r#"{{"config":{{"digest":"{CONFIG}"}}}}"#);
    match line {
        line if line.contains("/token") => ok("", r#"{"token":"let-me-in"}"#),
        line if line.starts_with("GET /elsewhere") => ok("", r#"{"config":{"Labels":{"a":"b"}}}"#),
        line if !line.ends_with(" Bearer let-me-in") => status(401, &challenge, ""),
        line if line.contains("/blobs/") => status(307, &format!("Location: http://{here}/elsewhere\r\n"), ""),
        line if line.contains("/manifests/1 ") => ok(&format!("Docker-Content-Digest: {DIGEST}\r\n"), &manifest),
        _ => status(404, "", r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#),
    }
}

#[tokio::test]
async fn labels_are_read_with_a_token_that_serves_for_all_of_a_repository() {
    let site = Site::start(with_tokens).await;
    let registries = site.registries(None);
    let remote = registries.image(&site.reference()).await.expect("it answers").expect("it has the image");
    assert_eq!((remote.digest.as_str(), remote.id.as_str()), (DIGEST, CONFIG));
    assert_eq!(remote.labels, BTreeMap::from([("a".to_owned(), "b".to_owned())]));
    let expected = [
        "GET /v2/team/filter/manifests/1 ".to_owned(),
        "GET /token?service=s&scope=repository%3Ateam%2Ffilter%3Apull ".to_owned(),
        "GET /v2/team/filter/manifests/1 Bearer let-me-in".to_owned(),
        format!("GET /v2/team/filter/blobs/{CONFIG} Bearer let-me-in"),
        // What is elsewhere learns no token.
        "GET /elsewhere ".to_owned(),
    ];
    assert_eq!(site.asked(), expected);
}

#[tokio::test]
async fn a_login_is_changed_for_a_token() {
    let password = Login::Password { user: "u".to_owned(), secret: "p".to_owned() };
    let form = "grant_type=refresh_token&client_id=edgectl&refresh_token=t%2B&service=s&scope=repository%3Ateam%2Ffilter%3Apull";
    let cases = [
        (password, "GET /token?service=s&scope=repository%3Ateam%2Ffilter%3Apull Basic dTpw".to_owned()),
        (Login::Token("t+".to_owned()), format!("POST /token {form}")),
    ];
    for (login, expected) in cases {
        let site = Site::start(with_tokens).await;
        let digest = site.registries(Some(login)).current_digest(&site.reference()).await;
        assert_eq!((digest.as_deref(), &site.asked()[1]), (Some(DIGEST), &expected));
    }
}

#[tokio::test]
async fn a_tag_that_is_not_there_is_no_error() {
    let site = Site::start(with_tokens).await;
    let reference = Reference::parse(&format!("{}/team/filter:2", site.address)).expect("it is a reference");
    assert_eq!(site.registries(None).image(&reference).await.expect("it answers"), None);
}

#[tokio::test]
async fn a_digest_is_asked_for_once() {
    let site = Site::start(with_tokens).await;
    let registries = site.registries(None);
    for _ in 0..3 {
        assert_eq!(registries.current_digest(&site.reference()).await.as_deref(), Some(DIGEST));
    }
    assert_eq!(site.asked().len(), 3, "{:?}", site.asked());
}

#[tokio::test]
async fn a_refusal_has_the_registrys_words() {
    let cases: [(Answers, &str); 3] = [
        (|_, _| status(401, "WWW-Authenticate: Basic realm=\"x\"\r\n", ""), "no basic auth credentials"),
        (
            |_, _| status(403, "", r#"{"errors":[{"code":"DENIED","message":"requested access is denied"}]}"#),
            "denied: requested access is denied",
        ),
        (|_, _| status(503, "", "<html>"), "status 503"),
    ];
    for (answer, said) in cases {
        let site = Site::start(answer).await;
        let error = site.registries(None).image(&site.reference()).await.expect_err("it refuses");
        assert_eq!(error.to_string(), said);
    }
}
