//! The machine's own engine: images that no registry has, and a socket that goes away under one simulation alone.

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use super::engine::import_sleeper;
use crate::support::parts::part;
use crate::support::site::{Site, template};

const REAL: &str = "/var/run/docker.sock";

/// A socket that passes everything on to the engine, until it dies.
struct Engine {
    path: PathBuf,
    streams: Arc<Mutex<Vec<UnixStream>>>,
}

impl Engine {
    /// Listens at the path.
    fn at(path: &Path) -> Self {
        let listener = UnixListener::bind(path).expect("the path is free");
        let streams = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&streams);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let engine = UnixStream::connect(REAL).expect("the engine answers");
                pass(&client, &engine);
                pass(&engine, &client);
                kept.lock().expect("nobody panics with it").extend([client, engine]);
            }
        });
        Self { path: path.to_owned(), streams }
    }

    /// Cuts every connection; there is no socket any more.
    fn die(&self) {
        fs::remove_file(&self.path).expect("it was bound there");
        for stream in self.streams.lock().expect("nobody panics with it").iter() {
            // The other side may have ended it already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn pass(from: &UnixStream, to: &UnixStream) {
    let mut from = from.try_clone().expect("a descriptor is free");
    let mut to = to.try_clone().expect("a descriptor is free");
    thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}

#[test]
fn an_image_that_no_registry_has_is_refused() {
    let Some(registry) = part("EDGECTL_TEST_ENGINE").and(part("EDGECTL_TEST_REGISTRY")) else { return };
    let image = format!("{registry}/nobody/nothing:1");
    let text = template(&["x"], "FROM /messages/* INTO $upstream").replace("localhost:1/x:1.0", &image);
    let stderr = format!(
        "error: cannot pull `{image}`\n  \
         caused by: manifest for {image} not found: manifest unknown: manifest unknown\n\
         hint: correct the image's name and tag\n\
         hint: leave the module out with `--without x`, or run it with `--runtime x=process`\n"
    );
    Site::new().file("deployment.template.json", &text).simulate("--runtime docker").check(4, "", &stderr);
}

#[test]
fn ctrl_c_is_the_end_even_if_the_engine_is_gone_and_the_next_start_cleans() {
    if part("EDGECTL_TEST_ENGINE").is_none() {
        return;
    }
    let site = Site::scaffolded();
    let socket = site.folder.above().join("engine.sock");
    let image = format!("edgectl-tests/sleeper:{}", std::process::id());
    import_sleeper(&mut Command::new("docker"), &site.folder.above().join("image.tar"), &image);
    let site = site.variable("DOCKER_HOST", &format!("unix://{}", socket.display()));
    site.done(&["new", "module", "mm", "-t", "image", "--set", &format!("image={image}"), "--yes"]);
    let solution = site.root().file_name().expect("it has a name").to_string_lossy().into_owned();

    let engine = Engine::at(&socket);
    let mut simulation = site.start_ready("--runtime docker");
    simulation.record("a running module", |r| r["type"] == "module" && r["status"] == "running");
    let left = containers(&solution);
    engine.die();
    simulation.record("back-off", |r| r["type"] == "module" && r["status"] == "backoff");
    let run = simulation.interrupt();
    let last: Vec<&str> = run.stderr.lines().rev().take(4).collect();
    let document = "{\"error\":{\"message\":\"interrupted\",\"causes\":[],\"hints\":[]}}";
    let told = [
        document,
        "hint: start the engine; the next `edgectl simulate` removes what is left",
        "hint: see whether the container engine still runs with `docker info`",
        "warning: cannot remove the containers of this simulation",
    ];
    assert_eq!((run.status, last), (Some(130), told.to_vec()));
    assert_eq!(containers(&solution), left, "nobody could remove it");

    let _engine = Engine::at(&socket);
    let mut simulation = site.start_ready("--runtime docker");
    simulation.record("a running module", |r| r["type"] == "module" && r["status"] == "running");
    let new = containers(&solution);
    assert_eq!((left.len(), new.len()), (1, 1));
    assert_ne!(new, left);
    simulation.interrupt();
    assert_eq!(containers(&solution), [""; 0]);
    let _ = Command::new("docker").args(["image", "rm", "--force", &image]).output();
}

/// Lists the ids of the containers whose name begins with this.
fn containers(name: &str) -> Vec<String> {
    let filter = format!("name=^/{name}-");
    let output = Command::new("docker").args(["ps", "--all", "--quiet", "--no-trunc", "--filter", &filter]).output();
    let output = output.expect("the client of the engine is there");
    String::from_utf8(output.stdout).expect("ids are ASCII").lines().map(str::to_owned).collect()
}
