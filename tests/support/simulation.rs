//! A running `edgectl simulate`: watched, and ended whatever the test does.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::Run;
use super::lines::{Lines, Stream};

/// A running `edgectl simulate`; ended with its modules when dropped.
pub(crate) struct Simulation {
    child: Child,
    lines: Lines,
    /// The `ready` record; null unless the start waited for it.
    pub(crate) ready: Value,
}

impl Simulation {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("the built program starts");
        let lines = Lines::of(&mut child);
        Self { child, lines, ready: Value::Null }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line.
    #[track_caller]
    pub(crate) fn line(&mut self, what: &str, is_it: impl Fn(Stream, &str) -> bool) -> String {
        self.lines.wait(is_it).unwrap_or_else(|why| panic!("no {what}: {why}"))
    }

    /// Waits for a record of `--json`.
    #[track_caller]
    pub(crate) fn record(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let parse = |line: &str| serde_json::from_str::<Value>(line).ok();
        let line = self.line(what, |stream, line| stream == Stream::Stdout && parse(line).is_some_and(|r| is_it(&r)));
        parse(&line).expect("it was parsed just now")
    }

    /// Waits for a message of the module on its way to `to`.
    #[track_caller]
    pub(crate) fn message(&mut self, module: &str, to: &str) -> Value {
        self.record("message", |r| r["type"] == "message" && r["from"]["module"] == module && r["to"] == to)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it is our child");
    }

    /// Ends it with Ctrl-C and returns all that was said.
    #[track_caller]
    pub(crate) fn interrupt(self) -> Run {
        self.signal(Signal::INT);
        self.end()
    }

    /// Waits for the end and returns all that was said.
    #[track_caller]
    pub(crate) fn end(mut self) -> Run {
        self.lines.wait_for_end().unwrap_or_else(|why| panic!("{why}"));
        let status = self.child.wait().expect("it has ended");
        Run { stdout: self.lines.text(Stream::Stdout), stderr: self.lines.text(Stream::Stderr), status: status.code() }
    }
}

impl Drop for Simulation {
    /// As with Ctrl-C pressed twice: the modules end, too.
    fn drop(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
