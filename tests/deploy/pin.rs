//! `deploy --pin`: own images by `images.lock`, others by a registry of the test's own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::json;
use crate::support::Folder;

const PINNED: &str = "sha256:000000000000000000000000000000000000000000000000000000000000000a";
const ASKED: &str = "sha256:000000000000000000000000000000000000000000000000000000000000000b";

/// Answers with the status and the digest that a path gets, the n-th request of all.
type Answers = fn(&str, usize) -> (u16, &'static str);

/// A registry that tells digests, and what it was asked.
struct Registry {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Registry {
    fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| serve(stream, answers, &seen)));
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
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

fn everything(_: &str, _: usize) -> (u16, &'static str) {
    (200, ASKED)
}

/// A module of the solution's own beside the runtime, all in one registry.
fn solution(registry: &str) -> Folder {
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
                "runtime": {{"type": "docker", "settings": {{}}}},
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

fn locked(registry: &str, tag: &str, inputs: &str) -> String {
    format!(
        "- {{\"module\":\"filter\",\"platform\":\"amd64\",\"image\":\"{registry}/filter:{tag}\",\"digest\":\"{PINNED}\"{inputs}}}\n"
    )
}

fn images(text: &str) -> [String; 3] {
    let agent = &json(text)["modulesContent"]["$edgeAgent"]["properties.desired"];
    ["/systemModules/edgeAgent", "/systemModules/edgeHub", "/modules/filter"].map(|module| {
        let image = agent.pointer(&format!("{module}/settings/image")).and_then(serde_json::Value::as_str);
        image.unwrap_or_else(|| panic!("no image of {module} in {text}")).to_owned()
    })
}

#[test]
fn own_images_are_pinned_by_the_lock_and_others_by_their_registry() {
    let registry = Registry::start(everything);
    let address = registry.address.as_str();
    let folder = solution(address).file("images.lock", &locked(address, "1-amd64", ""));
    let run = folder.run("deploy --pin --out -");
    let expected = [
        format!("{address}/agent:1.5@{ASKED}"),
        format!("{address}/hub:1.5@{PINNED}"),
        format!("{address}/filter:1-amd64@{PINNED}"),
    ];
    assert_eq!((run.status, images(&run.stdout)), (Some(0), expected), "{}", run.stderr);
    assert!(run.stderr.contains("Pinned 2 images: 1 by `images.lock`, 1 by registries\n"), "{}", run.stderr);
    let asked: Vec<String> = registry.asked().into_iter().filter(|line| line.contains("manifests")).collect();
    assert_eq!(asked, ["HEAD /v2/agent/manifests/1.5"], "one with a digest is pinned already");
}

#[test]
fn the_written_manifest_and_its_json_name_digests() {
    let registry = Registry::start(everything);
    let address = registry.address.as_str();
    let folder = solution(address);
    let run = folder.run("deploy --pin --refresh --json");
    let filter = format!("{address}/filter:1-amd64@{ASKED}");
    assert_eq!(run.json()["modules"][0]["image"], filter.as_str());
    assert_eq!(images(&folder.read("config/deployment.amd64.json"))[2], filter);
    let layer = r#"{"modulesContent": {"$edgeAgent": {"properties.desired.modules.filter.settings.image": "ADDRESS/other:2"}}}"#;
    folder.write("layer.json", &layer.replace("ADDRESS", address));
    let merged = folder.run("deploy --pin --merge config/deployment.amd64.json layer.json");
    assert_eq!(merged.status, Some(0), "{}", merged.stderr);
    assert_eq!(images(&merged.stdout)[2], format!("{address}/other:2@{ASKED}"));
}

#[test]
fn what_the_lock_cannot_tell_is_a_failure_with_both_ways_out() {
    let cases = [
        (None, "there is no `images.lock` yet"),
        (Some(("2-amd64", "")), "`images.lock` has no digest of it"),
        (
            Some(("1-amd64", r#","inputs":"sha256:0""#)),
            "its sources have changed since the push that `images.lock` tells of",
        ),
    ];
    for (lock, why) in cases {
        let folder = solution("registry.test");
        if let Some((tag, inputs)) = lock {
            folder.write("images.lock", &locked("registry.test", tag, inputs));
        }
        let run = folder.run("deploy --pin --out -");
        let failure = format!(
            "error: cannot pin `registry.test/filter:1-amd64`\n  caused by: {why}\n\
             hint: push it with `edgectl build --push filter --platform amd64`\n\
             hint: pass `--refresh` to take what its registry has\n"
        );
        assert!(run.stderr.ends_with(&failure), "{}", run.stderr);
        assert_eq!((run.status, run.stdout.as_str()), (Some(1), ""));
    }
}

#[test]
fn a_registry_that_refuses_ends_with_status_4_and_nothing_is_written() {
    let cases: [(Answers, &str, &str); 2] = [
        (|_, _| (403, ""), "denied", "log in with `docker login ADDRESS`, as a user who may pull this repository"),
        (|_, _| (404, ""), "its registry has no such image", "correct the image's name and tag"),
    ];
    for (answers, why, hint) in cases {
        let registry = Registry::start(answers);
        let address = registry.address.as_str();
        let folder = solution(address).file("images.lock", &locked(address, "1-amd64", ""));
        let run = folder.run("deploy --pin");
        let hint = hint.replace("ADDRESS", address);
        let failure = format!("error: cannot pin `{address}/agent:1.5`\n  caused by: {why}\nhint: {hint}\n");
        assert!(run.stderr.ends_with(&failure), "{}", run.stderr);
        assert_eq!(run.status, Some(4));
        assert!(!folder.list().contains(&"config/".to_owned()), "nothing is written");
    }
}

#[test]
fn a_registry_that_is_busy_is_asked_again() {
    let registry = Registry::start(|line, number| match line {
        line if line.contains("manifests") && number < 2 => (503, ""),
        _ => (200, ASKED),
    });
    let address = registry.address.as_str();
    let folder = solution(address).file("images.lock", &locked(address, "1-amd64", ""));
    let run = folder.run("deploy --pin --out -");
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    let told = format!("warning: the registry of `{address}/agent:1.5` says: status 503; trying again in 1 s\n");
    assert!(run.stderr.contains(&told), "{}", run.stderr);
}
