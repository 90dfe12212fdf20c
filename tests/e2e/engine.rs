//! Which engine is used, and what `clean` takes away from it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::Value;
use tokio::net::{TcpListener, UnixStream};
use tokio_rustls::TlsAcceptor;

use crate::support::Folder;
use crate::support::parts::part;

/// Writes `ca.pem`, `cert.pem` and `key.pem` of a client, and returns the server that wants them.
fn certificates(folder: &Path) -> ServerConfig {
    let mut params = CertificateParams::new(Vec::new()).expect("valid");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().expect("a key");
    let authority = params.self_signed(&authority_key).expect("signed");
    let issuer = Issuer::new(params, authority_key);
    let issue = || {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("valid");
        (params.signed_by(&key, &issuer).expect("signed"), key)
    };
    let (client, client_key) = issue();
    let files = [("ca.pem", authority.pem()), ("cert.pem", client.pem()), ("key.pem", client_key.serialize_pem())];
    for (name, text) in files {
        std::fs::write(folder.join(name), text).expect("written");
    }
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).expect("a certificate");
    let (server, server_key) = issue();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
    let key = rustls::pki_types::PrivateKeyDer::try_from(server_key.serialize_der()).expect("a key");
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS")
        .with_client_cert_verifier(verifier.expect("roots"))
        .with_single_cert(vec![server.der().clone()], key)
        .expect("a certificate and its key")
}

/// Puts TLS before the engine's socket, as a daemon with `--tlsverify` has it, until the test ends.
fn serve_engine(runtime: &tokio::runtime::Runtime, config: ServerConfig) -> SocketAddr {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let address = listener.local_addr().expect("an address");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut engine = UnixStream::connect("/var/run/docker.sock").await.expect("the engine listens");
                // Either side may leave first.
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut engine).await;
            });
        }
    });
    address
}

fn engine_of(folder: &Folder) -> Value {
    let run = folder.run("--json check");
    let report: Value = serde_json::from_str(&run.stdout).expect("a document");
    report["checks"][0].clone()
}

#[test]
fn an_engine_over_tls_is_reached_with_the_client_certificate() {
    if part("EDGECTL_TEST_ENGINE").is_none() {
        return;
    }
    let files = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let address = serve_engine(&runtime, certificates(files.path()));
    let host = format!("tcp://localhost:{}", address.port());
    let folder = |certificates: &str| {
        Folder::new()
            .variable("DOCKER_HOST", &host)
            .variable("DOCKER_TLS_VERIFY", "1")
            .variable("DOCKER_CERT_PATH", certificates)
    };
    let reached = engine_of(&folder(files.path().to_str().expect("text")));
    assert_eq!(reached["status"], "ok", "{reached}");
    let message = reached["message"].as_str().expect("text");
    assert!(message.contains(&format!("`{host}` over TLS (named by `DOCKER_HOST`)")), "{message}");

    let without = engine_of(&folder("/nowhere"));
    assert_eq!(without["status"], "warning");
    assert_eq!(without["causes"][0], "cannot read `/nowhere/ca.pem`");
    assert_eq!(without["fixes"][0], "put `ca.pem`, `cert.pem` and `key.pem` into the folder of certificates");

    let stranger = tempfile::tempdir().expect("a folder");
    drop(certificates(stranger.path()));
    let refused = engine_of(&folder(stranger.path().to_str().expect("text")));
    assert_eq!(refused["status"], "warning", "another authority's certificates: {refused}");
}
