//! A simulation that runs for one test: started, watched, and ended whatever the test does.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::records::Records;
use crate::solution::Solution;

/// `edgectl simulate --json` on a loopback address of its own.
pub(crate) struct Simulation<'a> {
    /// The folder outlives what runs in it.
    _solution: &'a Solution,
    child: Option<Child>,
    records: Records,
    stderr: Option<JoinHandle<String>>,
    /// The `ready` record.
    pub(crate) ready: Value,
}

/// How a simulation ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) records: Vec<Value>,
    pub(crate) stderr: String,
}

/// Returns a loopback address that no other test of this machine has: the fixed ports of the hub allow one each.
pub(crate) fn address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let own = std::process::id() % 200;
    format!("127.77.{own}.{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

impl<'a> Simulation<'a> {
    /// Starts `edgectl simulate` with these arguments split at blanks, and waits until it is ready.
    #[track_caller]
    pub(crate) fn start(solution: &'a Solution, arguments: &str) -> Self {
        let address = address();
        let mut all = vec!["simulate", "--json", "--address", &address];
        all.extend(arguments.split_whitespace());
        Self::of(solution, solution.command(&all))
    }

    /// The same, where nobody else, the engine least of all, sees what edgectl makes in `folder`.
    #[track_caller]
    pub(crate) fn start_hidden(solution: &'a Solution, folder: &Path, arguments: &str) -> Self {
        let address = address();
        let mut all = vec!["simulate", "--json", "--address", &address];
        all.extend(arguments.split_whitespace());
        let plain = solution.command(&all);
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", "mount -t tmpfs none \"$0\" && exec \"$@\""]).arg(folder);
        command.arg(plain.get_program()).args(plain.get_args());
        command.current_dir(plain.get_current_dir().expect("it has one")).env_clear();
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::of(solution, command)
    }

    #[track_caller]
    fn of(solution: &'a Solution, mut command: Command) -> Self {
        let mut child = command.spawn().expect("the built program starts");
        let records = Records::of(child.stdout.take().expect("stdout is piped"));
        let mut errors = child.stderr.take().expect("stderr is piped");
        let stderr = thread::spawn(move || {
            let mut text = String::new();
            errors.read_to_string(&mut text).expect("stderr is UTF-8");
            text
        });
        let mut simulation =
            Self { _solution: solution, child: Some(child), records, stderr: Some(stderr), ready: Value::Null };
        simulation.ready = simulation.wait_for(|record| record["type"] == "ready");
        simulation
    }

    /// Waits for a record and takes it; fails with what edgectl said when it does not come.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        match self.records.next_where(wanted) {
            Ok(record) => record,
            Err(error) => {
                let stderr = self.end(Signal::INT).stderr;
                panic!("the awaited record did not come: {error}\nstderr:\n{stderr}");
            }
        }
    }

    /// Waits for a message of the module's output, on its way to `to`.
    #[track_caller]
    pub(crate) fn wait_for_message(&mut self, module: &str, to: &str) -> Value {
        self.wait_for(|r| r["type"] == "message" && r["from"]["module"] == module && r["to"] == to)
    }

    /// Returns the process id of edgectl.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(self.child.as_ref().expect("it runs until it is ended"))
    }

    /// Ends it with Ctrl-C and returns what it left said.
    pub(crate) fn interrupt(mut self) -> Ended {
        self.end(Signal::INT)
    }

    /// Ends it as the system does when it needs the memory: without a chance to clean up.
    pub(crate) fn kill(mut self) -> Ended {
        self.end(Signal::KILL)
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(mut self) -> Ended {
        self.reap()
    }

    fn end(&mut self, signal: Signal) -> Ended {
        // It may be gone already; then its status says why.
        let _ = kill_process(self.pid(), signal);
        self.reap()
    }

    fn reap(&mut self) -> Ended {
        let mut child = self.child.take().expect("it is reaped once");
        drop(child.stdin.take());
        let records = self.records.rest();
        if records.is_err() {
            child.kill().expect("our own child can be killed");
        }
        let status = child.wait().expect("our own child can be waited for");
        let stderr = self.stderr.take().expect("it is reaped once").join().expect("reading does not panic");
        Ended { status, records: records.unwrap_or_else(|error| panic!("{error}\nstderr:\n{stderr}")), stderr }
    }
}

/// A simulation that `--detach` left running; stopped with the test.
pub(crate) struct Detached<'a> {
    solution: &'a Solution,
}

impl<'a> Detached<'a> {
    /// Starts it, with consent to everything, and waits until all modules are connected.
    #[track_caller]
    pub(crate) fn start(solution: &'a Solution, arguments: &str) -> Self {
        let address = address();
        let mut all = vec!["simulate", "--detach", "--wait", "connected", "--yes", "--address", &address];
        all.extend(arguments.split_whitespace());
        let detached = Self { solution };
        solution.done(&all);
        detached
    }

    /// Stops it and checks that it ended well.
    #[track_caller]
    pub(crate) fn stop(self) {
        self.solution.done(&["stop"]);
    }
}

impl Drop for Detached<'_> {
    fn drop(&mut self) {
        self.solution.run("stop");
    }
}

impl Drop for Simulation<'_> {
    fn drop(&mut self) {
        // A test that failed has already said why; a second panic would hide it.
        let Some(mut child) = self.child.take() else { return };
        let _ = kill_process(Pid::from_child(&child), Signal::INT);
        if self.records.rest().is_err() {
            let _ = child.kill();
        }
        let _ = child.wait();
    }
}
