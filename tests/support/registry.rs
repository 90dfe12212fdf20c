//! A registry on this machine that tells digests, and a solution whose images are all in it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::Folder;

/// What [`locked`] says.
pub const PINNED: &str = "sha256:000000000000000000000000000000000000000000000000000000000000000a";
/// What [`everything`] answers.
pub const ASKED: &str = "sha256:000000000000000000000000000000000000000000000000000000000000000b";

/// Answers with the status and the digest that a path gets, the n-th request of all.
pub type Answers = fn(&str, usize) -> (u16, &'static str);

/// A registry that tells digests, and what it was asked.
pub struct Registry {
    pub address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Registry {
    pub fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| serve(stream, answers, &seen)));
        Self { address, asked }
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panicked").clone()
    }
}

fn serve(mut stream: TcpStream, answers: Answers, seen: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
        // A greeting of TLS is no HTTP: the connection ends.
        if head[0] < b' ' {
            return;
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let line = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
    let mut seen = seen.lock().expect("nobody panicked");
    let (status, digest) = answers(&line, seen.len());
    seen.push(line);
    // The client may have gone.
    let _ = write!(
        stream,
        "HTTP/1.1 {status} -\r\nDocker-Content-Digest: {digest}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
}

pub fn everything(_: &str, _: usize) -> (u16, &'static str) {
    (200, ASKED)
}

/// A module of the solution's own beside the runtime, all in one registry.
pub fn solution(registry: &str) -> Folder {
    let module = |image: &str| format!(r#"{{"type": "docker", "settings": {{"image": "{image}"}}}}"#);
    let user = |image: &str| {
        format!(
            r#"{{"type": "docker", "status": "running", "restartPolicy": "always", "settings": {{"image": "{image}"}}}}"#
        )
    };
    let (agent, hub) = (module(&format!("{registry}/agent:1.5")), user(&format!("{registry}/hub:1.5@{PINNED}")));
    let template = format!(
        r#"{{"$schema-template": "4.0.0", "modulesContent": {{
            "$edgeAgent": {{"properties.desired": {{"schemaVersion": "1.1",
                "runtime": {{"type": "docker", "settings": {{"minDockerVersion": "v1.25"}}}},
                "systemModules": {{"edgeAgent": {agent}, "edgeHub": {hub}}},
                "modules": {{"filter": {}}}}}}},
            "$edgeHub": {{"properties.desired": {{"schemaVersion": "1.1", "routes": {{}},
                "storeAndForwardConfiguration": {{"timeToLiveSecs": 7200}}}}}}}}}}"#,
        user("${MODULES.filter}")
    );
    let own = format!(
        r#"{{"image": {{"repository": "{registry}/filter", "tag": {{"version": "1", "platforms": {{"amd64": "Dockerfile"}}}}}}}}"#
    );
    Folder::new()
        .file("deployment.template.json", &template)
        .file("modules/filter/module.json", &own)
        .file("modules/filter/Dockerfile", "FROM scratch\n")
}

pub fn locked(registry: &str, tag: &str, inputs: &str) -> String {
    format!(
        "- {{\"module\":\"filter\",\"platform\":\"amd64\",\"image\":\"{registry}/filter:{tag}\",\"digest\":\"{PINNED}\"{inputs}}}\n"
    )
}
