//! A way to the real container engine that a test can cut: the engine dies for one simulation alone.

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

const REAL: &str = "/var/run/docker.sock";

/// A socket that passes everything on to the engine, until it dies.
pub(crate) struct Engine {
    path: PathBuf,
    streams: Arc<Mutex<Vec<UnixStream>>>,
}

impl Engine {
    /// Listens at the path.
    pub(crate) fn at(path: &Path) -> Self {
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
    pub(crate) fn die(&self) {
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
