//! A registry that wants tokens, a token server of the test's own, and logins from credential helpers.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::json;

use crate::parts::{docker, engine, solution};
use crate::registry::Registry;
use crate::support::Folder;
use crate::support::parts::part;

const USER: &str = "edgectl";
const PASSWORD: &str = "hunter2-password";
const IDENTITY: &str = "hunter2identity";

/// Gives tokens for everything to who knows the password or the identity token.
struct TokenServer {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
    certificate: rcgen::Certificate,
}

impl TokenServer {
    fn start() -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let params = CertificateParams::new(vec!["tests".to_owned()]).expect("valid");
        let certificate = params.self_signed(&key).expect("signed");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, chain) = (Arc::clone(&asked), STANDARD.encode(certificate.der()));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Who asks may go at any time.
                let _ = serve(stream, &key, &chain, &seen);
            }
        });
        Self { address, asked, certificate }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panicked").clone()
    }
}

fn serve(mut stream: TcpStream, key: &KeyPair, chain: &str, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let value = |name: &str| {
        let mut headers = head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let mut body = vec![0; value("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)];
    stream.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let basic = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
    let way = match head.split(' ').next() {
        Some("GET") if value("authorization") == Some(basic) => "password",
        Some("POST") if body.contains(&format!("refresh_token={IDENTITY}")) => "identity token",
        _ => "nobody",
    };
    seen.lock().expect("nobody panicked").push(way.to_owned());
    let (status, answer) = match way {
        "nobody" => (401, json!({"errors": [{"code": "UNAUTHORIZED", "message": "incorrect username or password"}]})),
        _ => (200, json!({"token": token(key, chain), "access_token": token(key, chain), "expires_in": 300})),
    };
    let answer = answer.to_string();
    write!(stream, "HTTP/1.1 {status} -\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{answer}", answer.len())
}

/// As `docker-registry` wants it: signed by who is in its bundle.
fn token(key: &KeyPair, chain: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs();
    let access = json!([{"type": "repository", "name": "filter", "actions": ["pull", "push"]}]);
    let head = json!({"typ": "JWT", "alg": "ES256", "x5c": [chain]});
    let claims = json!({"iss": "tests", "sub": USER, "aud": "registry", "jti": "1", "access": access,
        "iat": now - 60, "nbf": now - 60, "exp": now + 300});
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&head), part(&claims));
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key.serialize_der(), &random);
    let signature = pair.expect("a key of that kind").sign(&random, signed.as_bytes()).expect("it can be signed");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn registry_behind(server: &TokenServer, bundle: &std::path::Path) -> Registry {
    fs::write(bundle, server.certificate.pem()).expect("it can be written");
    let (address, bundle) = (&server.address, bundle.display());
    let auth = format!(
        "auth: {{token: {{realm: 'http://{address}/token', service: registry, issuer: tests, rootcertbundle: {bundle}}}}}"
    );
    Registry::start("127.0.0.1", "", &auth, None)
}

/// Adds a program `docker-credential-edgetest`, and docker's configuration that names it.
fn with_helper(folder: Folder, configuration: &str, user: &str, secret: &str) -> Folder {
    let program = format!(
        "#!/bin/sh\nread -r server\nprintf '{{\"ServerURL\": \"%s\", \"Username\": \"{user}\", \"Secret\": \"{secret}\"}}' \"$server\"\n"
    );
    let folder =
        folder.file("../bin/docker-credential-edgetest", &program).file("../.docker/config.json", configuration);
    let path = folder.path("../bin/docker-credential-edgetest");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let folders = format!("{}:{}", folder.path("../bin").display(), std::env::var("PATH").unwrap_or_default());
    folder.variable("PATH", &folders)
}

#[test]
fn logins_of_helpers_are_changed_for_tokens_by_engine_and_edgectl() {
    if !engine() || part("EDGECTL_TEST_REGISTRY").is_none() {
        return;
    }
    let files = tempfile::tempdir().expect("a temporary folder can be made");
    let server = TokenServer::start();
    let registry = registry_behind(&server, &files.path().join("bundle.pem"));
    let for_all = r#"{"credsStore": "edgetest"}"#.to_owned();
    let for_one = format!(r#"{{"credHelpers": {{"{}": "edgetest"}}}}"#, registry.address);
    let cases = [(for_all, USER, PASSWORD, "password"), (for_one, "<token>", IDENTITY, "identity token")];
    for (number, (configuration, user, secret, way)) in cases.into_iter().enumerate() {
        let folder = solution(&registry.address, &format!("RUN echo {number} > /number"));
        let folder = with_helper(folder, &configuration, user, secret);
        let run = folder.run("build --push --json -vvv");
        let pushed = run.json();
        assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
        assert_eq!(server.asked().last().map(String::as_str), Some(way), "the engine");
        docker(&["image", "rm", &format!("{}/filter:1-amd64", registry.address)]);
        let before = server.asked().len();
        let again = folder.run("build --push --json").json();
        assert_eq!((&again[0]["digest"], &again[0]["cached"]), (&pushed[0]["digest"], &true.into()));
        assert_eq!(server.asked()[before..], [way], "edgectl");
        assert!(folder.read("images.lock").contains(pushed[0]["digest"].as_str().expect("it was pushed")));
    }
}

#[test]
fn a_login_that_the_token_server_refuses_is_one_failure_without_the_secret() {
    if !engine() || part("EDGECTL_TEST_REGISTRY").is_none() {
        return;
    }
    let files = tempfile::tempdir().expect("a temporary folder can be made");
    let server = TokenServer::start();
    let registry = registry_behind(&server, &files.path().join("bundle.pem"));
    let folder = with_helper(solution(&registry.address, ""), r#"{"credsStore": "edgetest"}"#, USER, "hunter2-wrong");
    let run = folder.run("build --push -vvv");
    assert_eq!((run.status, run.stdout.as_str()), (Some(4), ""), "{}", run.stderr);
    let image = format!("{}/filter:1-amd64", registry.address);
    let told = format!(
        "error: cannot push `{image}`\n  caused by: unauthorized: incorrect username or password\n\
         hint: log in with `docker login {}`, as a user who may push this repository\n",
        registry.address
    );
    assert!(run.stderr.ends_with(&told), "{}", run.stderr);
    assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    assert!(!folder.list().contains(&"images.lock".to_owned()));
}
