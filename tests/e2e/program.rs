//! The programs of `tests/sdk`: unmodified Azure SDK modules that tell what happens to them.

use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::Value;

use crate::support::lines::{Lines, Stream};
use crate::support::parts::part;

/// A language whose SDK is here.
pub(crate) struct Sdk {
    interpreter: String,
    /// The program that does a module's work.
    pub(crate) module: &'static str,
    /// The program that does a child device's work.
    pub(crate) device: &'static str,
    node_modules: Option<String>,
}

/// A running program, with its events.
pub(crate) struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Lines,
}

impl Sdk {
    /// The Azure SDK for Python, if it is here.
    pub(crate) fn python() -> Option<Self> {
        let interpreter = part("EDGECTL_TEST_PYTHON")?;
        Some(Self { interpreter, module: "module.py", device: "device.py", node_modules: None })
    }

    /// The Azure SDK for Node, if it is here.
    pub(crate) fn node() -> Option<Self> {
        let interpreter = part("EDGECTL_TEST_NODE")?;
        Some(Self {
            interpreter,
            module: "module.js",
            device: "device.js",
            node_modules: part("EDGECTL_TEST_NODE_MODULES"),
        })
    }

    /// Starts a program of `tests/sdk` in the environment that `credentials` prints, as a shell takes it over.
    pub(crate) fn start(&self, credentials: &str, program: &str, arguments: &[&str]) -> Program {
        let mut command = Command::new("sh");
        command.args(["-c", "set -a; eval \"$0\"; exec \"$@\"", credentials, &self.interpreter]);
        command.arg(format!("{}/tests/sdk/{program}", env!("CARGO_MANIFEST_DIR"))).args(arguments);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        // Python would leave a folder beside the programs.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.envs(self.node_modules.iter().map(|path| ("NODE_PATH", path)));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell starts");
        let lines = Lines::of(&mut child);
        Program { stdin: child.stdin.take(), child, lines }
    }
}

impl Program {
    /// Has the program do a step, and returns the event that tells of it.
    #[track_caller]
    pub(crate) fn step(&mut self, line: &str) -> Value {
        let word = line.split(' ').next().expect("a split has a first part");
        self.say(line);
        self.event(word)
    }

    /// Has the program do a step that fails, and returns what it tells of that.
    #[track_caller]
    pub(crate) fn failure(&mut self, line: &str) -> Value {
        self.say(line);
        self.event("failure")
    }

    fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("it runs");
        writeln!(stdin, "{line}").expect("the program reads its steps");
    }

    /// Waits for an event; a failure that the program tells is a failure of the test.
    #[track_caller]
    pub(crate) fn event(&mut self, name: &str) -> Value {
        self.event_where(name, |_| true)
    }

    /// The same, for an event with further properties.
    #[track_caller]
    pub(crate) fn event_where(&mut self, name: &str, is_meant: impl Fn(&Value) -> bool) -> Value {
        let wanted = |event: &Value| event["event"] == name && is_meant(event) || event["event"] == "failure";
        let line = self.lines.take(|_, line| wanted(&parse(line)));
        let event = parse(&line.unwrap_or_else(|error| panic!("no `{name}`: {error}")));
        assert_eq!(event["event"], name, "{event}");
        event
    }

    /// Ends the program and checks that it disconnected by itself.
    #[track_caller]
    pub(crate) fn end(mut self) {
        drop(self.stdin.take());
        self.event("disconnected");
        assert!(self.child.wait().expect("our own child can be waited for").success());
    }

    /// Waits until the program has ended by itself, and returns all that it told.
    pub(crate) fn told(mut self) -> Vec<Value> {
        drop(self.stdin.take());
        self.lines.wait_for_end().unwrap_or_else(|error| panic!("{error}"));
        self.lines.text(Stream::Stdout).lines().map(parse).collect()
    }
}

/// Reads an event; the programs print nothing else.
fn parse(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
