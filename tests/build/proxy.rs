//! Pushes through a proxy of the test's own, which cuts, delays and refuses what a real registry would take.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::lists::two_platforms;
use crate::parts::{Own, engine, logged_in};
use crate::support::parts::part;

/// What becomes of a request.
#[derive(Clone, Copy)]
enum Fate {
    Passed,
    Late,
    Cut,
    Status(u16),
    /// It is to be left alone for so many seconds.
    Busy(u32),
    /// As registries word it.
    Denied,
}

/// Decides by how many manifests were put before.
type Fates = fn(usize) -> Fate;

/// A proxy before a registry, and the manifests that were put through it.
pub(crate) struct Proxy {
    pub(crate) address: String,
    put: Arc<Mutex<usize>>,
}

impl Proxy {
    fn start(registry: &str, fates: Fates) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        let put = Arc::new(Mutex::new(0));
        let (counted, registry) = (Arc::clone(&put), registry.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (counted, registry) = (Arc::clone(&counted), registry.clone());
                // Either side may go at any time; the tests look at what the program makes of it.
                std::thread::spawn(move || drop(serve(stream, &registry, fates, &counted)));
            }
        });
        Self { address, put }
    }

    /// Lets nobody write.
    pub(crate) fn denying(registry: &str) -> Self {
        Self::start(registry, |_| Fate::Denied)
    }

    fn put(&self) -> usize {
        *self.put.lock().expect("nobody panicked")
    }
}

/// One request a connection: what follows it belongs to its body.
fn serve(mut stream: TcpStream, registry: &str, fates: Fates, counted: &Mutex<usize>) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
        // A greeting of TLS is no HTTP: the connection ends.
        if head[0] < b' ' {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut fate = Fate::Passed;
    if head.starts_with("PUT ") && head.contains("/manifests/") {
        let mut counted = counted.lock().expect("nobody panicked");
        fate = fates(*counted);
        *counted += 1;
    }
    match fate {
        Fate::Cut => return Ok(()),
        Fate::Status(status) => {
            return write!(stream, "HTTP/1.1 {status} -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
        Fate::Busy(seconds) => {
            let head = format!("HTTP/1.1 429 -\r\nRetry-After: {seconds}");
            return write!(stream, "{head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
        Fate::Denied => {
            let body = r#"{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}"#;
            let kind = "Content-Type: application/json\r\nConnection: close";
            return write!(stream, "HTTP/1.1 403 -\r\n{kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        }
        Fate::Late => std::thread::sleep(Duration::from_millis(300)),
        Fate::Passed => {}
    }
    let lines = head.trim_end().lines().filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let head = lines.map(|line| format!("{line}\r\n")).collect::<String>() + "Connection: close\r\n\r\n";
    let mut there = TcpStream::connect(registry)?;
    there.write_all(head.as_bytes())?;
    let (mut from, mut to) = (stream.try_clone()?, there.try_clone()?);
    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    std::io::copy(&mut there, &mut stream)?;
    stream.shutdown(Shutdown::Both)
}

#[test]
fn a_registry_that_is_busy_slow_or_broken_for_a_moment_gets_the_image_all_the_same() {
    let Some(registry) = part("EDGECTL_TEST_REGISTRY").filter(|_| engine()) else { return };
    let cases: [(Fates, usize, &str); 4] = [
        (|number| if number == 0 { Fate::Status(503) } else { Fate::Passed }, 2, "503"),
        (|number| if number == 0 { Fate::Status(429) } else { Fate::Passed }, 2, "429"),
        (|number| if number == 0 { Fate::Cut } else { Fate::Passed }, 2, "/manifests/1-amd64\": "),
        (|_| Fate::Late, 1, ""),
    ];
    for (fates, put, said) in cases {
        let proxy = Proxy::start(&registry, fates);
        let own = Own::of(&proxy.address);
        let folder = own.solution("");
        let run = folder.run("build --push --quiet");
        let digest = own.digest("1-amd64").expect("the registry has it");
        let image = own.image();
        assert_eq!((run.status, run.stdout), (Some(0), format!("{image}@{digest}\n")), "{}", run.stderr);
        assert_eq!(proxy.put(), put, "{}", run.stderr);
        let told =
            run.stderr.contains(&format!("warning: filter: cannot push `{image}`: ")) && run.stderr.contains(said);
        assert_eq!((told, run.stderr.contains("trying again in 1 s")), (put == 2, put == 2), "{}", run.stderr);
        assert!(folder.read("images.lock").contains(&digest));
    }
}

/// Two images come before the list.
#[test]
fn a_list_is_put_again_as_soon_as_the_registry_wants_to_be_asked() {
    let Some(registry) = part("EDGECTL_TEST_REGISTRY").filter(|_| engine()) else { return };
    let cases: [(Fates, &str); 2] = [
        (|number| if number == 2 { Fate::Status(503) } else { Fate::Passed }, "status 503; trying again in 1 s"),
        (|number| if number == 2 { Fate::Busy(2) } else { Fate::Passed }, "status 429; trying again in 2 s"),
    ];
    for (fates, said) in cases {
        let proxy = Proxy::start(&registry, fates);
        let own = Own::of(&proxy.address);
        let run = two_platforms(&own).run("build --push --quiet --manifest-list --jobs 1");
        assert_eq!((run.status, proxy.put()), (Some(0), 4), "{}", run.stderr);
        let told = format!("the registry of `{}` says: {said}\n", own.name("filter:1"));
        assert!(run.stderr.contains(&told), "{}", run.stderr);
    }
}

#[test]
fn a_registry_that_wants_a_longer_pause_than_anybody_waits_is_quoted() {
    let Some(registry) = part("EDGECTL_TEST_REGISTRY").filter(|_| engine()) else { return };
    let proxy = Proxy::start(&registry, |number| if number < 2 { Fate::Passed } else { Fate::Busy(3600) });
    let own = Own::of(&proxy.address);
    let run = two_platforms(&own).run("build --push --manifest-list --jobs 1");
    let hint = format!("hint: push again in 3600 s; the registry `{}` wants that pause", proxy.address);
    assert_eq!((run.status, proxy.put()), (Some(4), 3), "{}", run.stderr);
    assert!(run.stderr.contains(&hint), "{}", run.stderr);
}

#[test]
fn what_lasts_is_one_failure_without_the_secret_and_nothing_is_noted() {
    let Some(registry) = part("EDGECTL_TEST_REGISTRY_AUTH").filter(|_| engine()) else { return };
    let user = part("EDGECTL_TEST_REGISTRY_USER").expect("it comes with the registry");
    let password = part("EDGECTL_TEST_REGISTRY_PASSWORD").expect("it comes with the registry");
    let cases: [(Fates, usize); 3] = [(|_| Fate::Status(503), 4), (|_| Fate::Cut, 4), (|_| Fate::Status(403), 1)];
    for (fates, put) in cases {
        let proxy = Proxy::start(&registry, fates);
        let own = Own::of(&proxy.address);
        let folder = logged_in(own.solution(""), &proxy.address, &user, &password);
        let run = folder.run("build --push --verbose");
        assert_eq!((run.status, run.stdout.as_str()), (Some(4), ""), "{}", run.stderr);
        assert_eq!(proxy.put(), put, "{}", run.stderr);
        let failure = format!("error: cannot push `{}`", own.image());
        assert_eq!(run.stderr.lines().filter(|line| **line == failure).count(), 1, "{}", run.stderr);
        assert!(!run.stderr.contains(&password), "{}", run.stderr);
        assert!(!folder.list().contains(&"images.lock".to_owned()));
    }
}
