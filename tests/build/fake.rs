//! An engine of the test's own, which refuses, cuts and remembers.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;

use crate::parts::{logged_in, solution};
use crate::support::Folder;

/// What the engine does with a request.
pub(crate) enum Answer {
    Ok(&'static str),
    Status(u16, &'static str),
    /// The head of an answer and a part of its body, then the connection is gone.
    Cut(&'static str),
    /// The whole body of the request is read first.
    Drained(&'static str),
}

pub(crate) const DOCKER: &str =
    r#"{"ApiVersion":"1.41","Os":"linux","Arch":"amd64","Components":[{"Name":"Engine","Version":"20.10"}]}"#;
const PODMAN: &str =
    r#"{"ApiVersion":"1.41","Os":"linux","Arch":"amd64","Components":[{"Name":"Podman Engine","Version":"5.0"}]}"#;

/// An engine on a loopback port, and the heads of the requests that it got.
pub(crate) struct Fake {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
    drained: Arc<AtomicU64>,
}

impl Fake {
    pub(crate) fn start(answer: fn(&str) -> Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let drained = Arc::new(AtomicU64::new(0));
        let (seen, counted) = (requests.clone(), drained.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, counted) = (seen.clone(), counted.clone());
                std::thread::spawn(move || serve(stream, answer, &seen, &counted));
            }
        });
        Self { address, requests, drained }
    }

    pub(crate) fn use_in(&self, folder: Folder) -> Folder {
        folder.variable("DOCKER_HOST", &format!("tcp://{}", self.address))
    }

    /// Bytes of bodies that were drained, with what chunks add to them.
    pub(crate) fn drained(&self) -> u64 {
        self.drained.load(Ordering::Relaxed)
    }

    /// The heads of requests whose first line has these words.
    pub(crate) fn requests(&self, words: &str) -> Vec<String> {
        let requests = self.requests.lock().expect("nobody panicked");
        requests.iter().filter(|head| head.lines().next().is_some_and(|line| line.contains(words))).cloned().collect()
    }
}

fn serve(mut stream: TcpStream, answer: fn(&str) -> Answer, seen: &Mutex<Vec<String>>, drained: &AtomicU64) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("a head is text");
    let first = head.lines().next().unwrap_or_default().to_owned();
    seen.lock().expect("nobody panicked").push(head);
    let (status, body, length) = match answer(&first) {
        Answer::Ok(body) => (200, body, body.len()),
        Answer::Status(status, body) => (status, body, body.len()),
        Answer::Cut(body) => (200, body, body.len() + 1),
        Answer::Drained(body) => {
            drained.fetch_add(drain(&mut stream), Ordering::Relaxed);
            (200, body, body.len())
        }
    };
    // The client may have gone.
    let _ = write!(stream, "HTTP/1.1 {status} -\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
}

/// Reads a body of chunks to its end.
fn drain(stream: &mut TcpStream) -> u64 {
    let (mut piece, mut end, mut total) = (vec![0; 1 << 20], Vec::new(), 0);
    while !end.ends_with(b"\r\n0\r\n\r\n") {
        let read = stream.read(&mut piece).expect("edgectl sends");
        assert!(read > 0, "the body has an end");
        total += read as u64;
        end.extend_from_slice(&piece[read.saturating_sub(7)..read]);
        end.drain(..end.len().saturating_sub(7));
    }
    total
}

pub(crate) fn common(request: &str, version: &'static str) -> Answer {
    if request.contains("/_ping") {
        return Answer::Ok("OK");
    }
    if request.contains("/version") {
        return Answer::Ok(version);
    }
    if request.contains("/json") {
        return Answer::Ok(r#"{"Id":"sha256:0a"}"#);
    }
    Answer::Status(404, r#"{"message":"page not found"}"#)
}

#[test]
fn credentials_are_sent_in_the_urls_base64() {
    let fake = Fake::start(|request| match request {
        push if push.contains("/push") => Answer::Ok("{\"status\":\"1-amd64: digest: sha256:0b size: 1\"}\n"),
        other => common(other, DOCKER),
    });
    let folder = logged_in(solution("registry.test", ""), "registry.test", "u", "~~~???>>>~");
    fake.use_in(folder).run("push --quiet").check(0, "registry.test/filter:1-amd64@sha256:0b\n", "");
    let requests = fake.requests("/push");
    let header = requests[0].lines().find_map(|line| line.strip_prefix("x-registry-auth: ")).expect("it is sent");
    let decoded = base64::engine::general_purpose::URL_SAFE.decode(header).expect("it is the URL's base64");
    let login: serde_json::Value = serde_json::from_slice(&decoded).expect("it is JSON");
    assert_eq!((&login["username"], &login["password"]), (&"u".into(), &"~~~???>>>~".into()));
}

#[test]
fn what_an_engine_refuses_is_quoted() {
    let fake = Fake::start(|request| match request {
        push if push.contains("/push") => Answer::Status(500, r#"{"message":"no space left on device"}"#),
        other => common(other, DOCKER),
    });
    fake.use_in(solution("registry.test", "")).run("push").check(
        4,
        "",
        "error: cannot push `registry.test/filter:1-amd64`\n  caused by: no space left on device\n\
         hint: ask the registry `registry.test` what it has against it\n",
    );
}

#[test]
fn nothing_is_printed_of_a_push_that_is_refused() {
    let fake = Fake::start(|request| match request {
        push if push.contains("/push") => Answer::Status(500, r#"{"message":"no"}"#),
        other => common(other, DOCKER),
    });
    let stderr = "{\"error\":{\"message\":\"cannot push `registry.test/filter:1-amd64`\",\"causes\":[\"no\"],\
        \"hints\":[\"ask the registry `registry.test` what it has against it\"]}}\n";
    fake.use_in(solution("registry.test", "")).run("push --json").check(4, "", stderr);
}

#[test]
fn a_variable_of_the_command_line_names_the_registry() {
    let fake = Fake::start(|request| match request {
        push if push.contains("/push") => Answer::Ok("{\"status\":\"1-amd64: digest: sha256:0b size: 1\"}\n"),
        other => common(other, DOCKER),
    });
    let folder = fake.use_in(solution("$REGISTRY", ""));
    let run = folder.run("push --quiet --set REGISTRY=registry.test");
    run.check(0, "registry.test/filter:1-amd64@sha256:0b\n", "");
}

#[test]
fn a_build_argument_without_a_name_is_a_usage_error() {
    let stderr = "error: invalid value '=x' for '--build-arg <NAME[=VALUE]>': expected NAME or NAME=VALUE\n\n\
        For more information, try '--help'.\n";
    solution("registry.test", "").run("build --build-arg =x").check(2, "", stderr);
}

#[test]
fn an_engine_that_dies_during_a_build_is_no_refusal() {
    let fake = Fake::start(|request| match request {
        build if build.contains("/build") => Answer::Cut("{\"stream\":\"Step 1/1 : FROM x\"}\n"),
        other => common(other, DOCKER),
    });
    let run = fake.use_in(solution("registry.test", "")).run("build --builder classic");
    assert_eq!(
        (run.status, run.stderr.lines().next()),
        (Some(3), Some("error: cannot build `registry.test/filter:1-amd64`"))
    );
    let hint = "hint: see whether the container engine still runs with `docker info`";
    assert_eq!(run.stderr.lines().last(), Some(hint));
}

#[test]
fn the_builder_is_what_flag_variable_and_engine_say() {
    let podman: fn(&str) -> Answer = |request| common(request, PODMAN);
    let docker: fn(&str) -> Answer = |request| common(request, DOCKER);
    let cases = [
        (docker, "", "", "version=2"),
        (docker, "", "0", "version=1"),
        (docker, "--builder=buildkit", "0", "version=2"),
        (docker, "--builder=classic", "1", "version=1"),
        (podman, "", "", "version=1"),
        // Podman has its own, whatever is asked for.
        (podman, "", "1", "version=1"),
    ];
    for (engine, flag, variable, expected) in cases {
        let fake = Fake::start(engine);
        let folder = fake.use_in(solution("registry.test", "")).variable("DOCKER_BUILDKIT", variable);
        folder.run(&format!("build {flag}"));
        let requests = fake.requests("/build?");
        let first = requests[0].lines().next().expect("a head has lines");
        assert!(first.contains(expected), "`{flag}` and DOCKER_BUILDKIT={variable}: {first}");
    }
}

#[test]
fn options_that_the_library_cannot_say_reach_the_engine() {
    let fake = Fake::start(|request| common(request, DOCKER));
    let module = r#"{"image": {"repository": "a", "tag": {"version": "1", "platforms": {"amd64": "Dockerfile"}},
        "buildOptions": ["--add-host a:1.2.3.4", "--add-host b:::1", "--memory 3g"]}}"#;
    let folder = fake.use_in(solution("registry.test", "").file("modules/filter/module.json", module));
    folder.run("build --builder classic");
    let requests = fake.requests("/build?");
    let query = requests[0].lines().next().and_then(|line| line.split(' ').nth(1)).expect("a head has a path");
    let added: Vec<&str> =
        query.split('&').filter(|pair| pair.starts_with("extrahosts") || pair.starts_with("memory")).collect();
    assert_eq!(added, ["extrahosts=a%3A1%2E2%2E3%2E4", "extrahosts=b%3A%3A%3A1", "memory=3221225472"]);
}

#[test]
fn without_an_engine_the_way_to_one_is_told() {
    let folder = solution("registry.test", "").variable("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let hint = "start the engine that `DOCKER_HOST` names, or run modules without containers: \
        `edgectl simulate --runtime process`";
    folder.run("build").check(
        3,
        "",
        &format!(
            "error: the container engine at `/nowhere/docker.sock` is not running\n  \
             caused by: there is no socket `/nowhere/docker.sock`\nhint: {hint}\n"
        ),
    );
}
