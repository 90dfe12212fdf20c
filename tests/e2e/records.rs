//! JSON Lines from a running program: read on a thread, waited for with a deadline.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a test waits for something that should happen; two busy cores build images meanwhile.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The records of a stream, in their order; those passed over by a wait stay for the next.
pub(crate) struct Records {
    incoming: Receiver<String>,
    waiting: VecDeque<Value>,
}

impl Records {
    pub(crate) fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, incoming) = mpsc::channel();
        thread::spawn(move || {
            let lines = BufReader::new(stream).lines().map_while(Result::ok);
            lines.take_while(|line| sender.send(line.clone()).is_ok()).for_each(drop);
        });
        Self { incoming, waiting: VecDeque::new() }
    }

    /// Takes the first record that is wanted; the error says what came instead.
    pub(crate) fn next_where(&mut self, wanted: impl Fn(&Value) -> bool) -> Result<Value, String> {
        if let Some(at) = self.waiting.iter().position(&wanted) {
            return Ok(self.waiting.remove(at).expect("it was just found"));
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.incoming.recv_timeout(left).map_err(|error| format!("{error}\n{}", self.told()))?;
            let record = serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"))?;
            if wanted(&record) {
                return Ok(record);
            }
            self.waiting.push_back(record);
        }
    }

    /// Takes everything up to the end of the stream; an error if it does not end in time.
    pub(crate) fn rest(&mut self) -> Result<Vec<Value>, String> {
        loop {
            match self.incoming.recv_timeout(PATIENCE) {
                Ok(line) => self.waiting.push_back(serde_json::from_str(&line).map_err(|e| format!("{e}: {line}"))?),
                Err(RecvTimeoutError::Disconnected) => return Ok(self.waiting.drain(..).collect()),
                Err(RecvTimeoutError::Timeout) => return Err(format!("the stream does not end\n{}", self.told())),
            }
        }
    }

    fn told(&self) -> String {
        let lines: Vec<_> = self.waiting.iter().map(Value::to_string).collect();
        format!("records so far:\n{}", lines.join("\n"))
    }
}
