//! What a running program says, line by line: read on threads, waited for with a deadline.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How long anything may take before the test has failed; two busy cores build images meanwhile.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Where a line was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// The lines of a program in their order, with those that nobody has waited for yet.
pub(crate) struct Lines {
    incoming: Receiver<(Stream, String)>,
    said: Vec<(Stream, String)>,
}

impl Lines {
    /// Follows the streams of a child that are piped.
    pub(crate) fn of(child: &mut Child) -> Self {
        let (tell, incoming) = channel();
        child.stdout.take().into_iter().for_each(|stdout| follow(Stream::Stdout, stdout, tell.clone()));
        child.stderr.take().into_iter().for_each(|stderr| follow(Stream::Stderr, stderr, tell.clone()));
        Self { incoming, said: Vec::new() }
    }

    /// Waits for a line, unless it has been said already, and returns where it stands; the error shows what came.
    pub(crate) fn find(&mut self, is_it: impl Fn(Stream, &str) -> bool) -> Result<usize, String> {
        let deadline = Instant::now() + PATIENCE;
        let mut next = 0;
        loop {
            while let Some((stream, line)) = self.said.get(next) {
                if is_it(*stream, line) {
                    return Ok(next);
                }
                next += 1;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let said = self.incoming.recv_timeout(left).map_err(|why| format!("{why}\n{:#?}", self.said))?;
            self.said.push(said);
        }
    }

    /// The same, and returns a copy of the line.
    pub(crate) fn wait(&mut self, is_it: impl Fn(Stream, &str) -> bool) -> Result<String, String> {
        self.find(is_it).map(|at| self.said[at].1.clone())
    }

    /// The same, and takes the line out, so that the next wait finds the next one.
    pub(crate) fn take(&mut self, is_it: impl Fn(Stream, &str) -> bool) -> Result<String, String> {
        self.find(is_it).map(|at| self.said.remove(at).1)
    }

    /// Waits for the end of all streams; an error if it does not come in time.
    pub(crate) fn wait_for_end(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.incoming.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(said) => self.said.push(said),
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(why) => return Err(format!("no end: {why}\n{:#?}", self.said)),
            }
        }
    }

    /// Returns all that has come on a stream, each line with its end.
    pub(crate) fn text(&self, stream: Stream) -> String {
        self.said.iter().filter(|(of, _)| *of == stream).map(|(_, line)| format!("{line}\n")).collect()
    }
}

fn follow(stream: Stream, source: impl Read + Send + 'static, tell: Sender<(Stream, String)>) {
    std::thread::spawn(move || {
        for line in BufReader::new(source).lines().map_while(Result::ok) {
            if tell.send((stream, line)).is_err() {
                return;
            }
        }
    });
}
