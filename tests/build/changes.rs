//! Files that change between the moment they are hashed and the moment they are sent to the real engine.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::parts::{BUILDERS, Own, docker, engine};
use crate::support::Folder;

const REAL: &str = "/var/run/docker.sock";

type Act = Arc<dyn Fn(u32) + Send + Sync>;

/// Passes everything on to the engine; before each request for a build it does something, told which one it is.
fn before_each_build(act: impl Fn(u32) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound").to_string();
    let (act, builds): (Act, _) = (Arc::new(act), Arc::new(AtomicU32::new(0)));
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (act, builds) = (Arc::clone(&act), Arc::clone(&builds));
            // Either side may go at any time.
            std::thread::spawn(move || drop(pass(client, &act, &builds)));
        }
    });
    address
}

fn pass(mut client: TcpStream, act: &Act, builds: &AtomicU32) -> std::io::Result<()> {
    let mut engine = UnixStream::connect(REAL)?;
    let (mut from, mut to) = (engine.try_clone()?, client.try_clone()?);
    std::thread::spawn(move || {
        // Either side may go at any time.
        let _ = std::io::copy(&mut from, &mut to);
        to.shutdown(std::net::Shutdown::Both)
    });
    let mut buffer = vec![0; 16 << 10];
    loop {
        let read = client.read(&mut buffer)?;
        if read == 0 {
            return engine.shutdown(std::net::Shutdown::Both);
        }
        // A head comes in one piece: it is sent as one.
        if buffer.starts_with(b"POST /") && buffer[..read.min(32)].windows(7).any(|word| word == b"/build?") {
            act(builds.fetch_add(1, Ordering::Relaxed));
        }
        engine.write_all(&buffer[..read])?;
    }
}

/// A module with more in front of `z` than a connection takes in before somebody reads.
fn solution(own: &Own) -> Folder {
    let folder = own.solution("COPY z /z").file("modules/filter/z", "0");
    let big = std::fs::File::create(folder.path("modules/filter/a")).expect("a file can be made");
    big.set_len(64 << 20).expect("a sparse file can be made");
    folder
}

#[test]
fn what_changes_while_it_is_sent_is_sent_again_under_its_own_label() {
    if !engine() {
        return;
    }
    for builder in BUILDERS {
        let own = Own::new();
        let folder = solution(&own);
        let z = folder.path("modules/filter/z");
        let engine = before_each_build(move |number| {
            if number == 0 {
                std::fs::write(&z, "1").expect("it can be written");
            }
        });
        let folder = folder.variable("DOCKER_HOST", &format!("tcp://{engine}"));
        let run = folder.run_args(&["build", "--quiet", "--builder", builder]);
        let told = "warning: filter: files of the build context changed while they were sent: sending them again\n";
        run.check(0, &format!("{}\n", own.image()), told);
        assert_eq!(docker(&["run", "--rm", &own.image(), "cat", "/z"]), b"1");
        let again = folder.run_args(&["build", "--builder", builder]);
        assert!(again.stderr.trim_start().starts_with("Unchanged"), "{}", again.stderr);
        folder.write("modules/filter/z", "0");
        let back = folder.run_args(&["build", "--builder", builder]);
        assert!(back.stderr.trim_start().starts_with("Built"), "{}", back.stderr);
    }
}

#[test]
fn what_changes_again_and_again_is_never_built() {
    if !engine() {
        return;
    }
    let own = Own::new();
    let folder = solution(&own);
    let z = folder.path("modules/filter/z");
    let engine = before_each_build(move |number| {
        std::fs::write(&z, format!("{}", number + 1)).expect("it can be written");
    });
    let folder = folder.variable("DOCKER_HOST", &format!("tcp://{engine}"));
    let warning = "warning: filter: files of the build context changed while they were sent: sending them again\n";
    folder.run("build --quiet").check(
        1,
        "",
        &format!(
            "{warning}{warning}error: cannot build `{}`\n  \
             caused by: files of its build context change again and again while they are sent\n",
            own.image()
        ),
    );
    assert_eq!(docker(&["image", "ls", "--quiet", &own.image()]), b"", "nothing has a label that is not true");
}
