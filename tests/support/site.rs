//! A solution and its simulation at an address of their own, so that tests run beside each other.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{Folder, Run};

/// How long anything may take before the test has failed; a busy machine needs some of it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A solution's folder, and the loopback address that its simulation listens on.
pub(crate) struct Site {
    pub(crate) folder: Folder,
    pub(crate) address: String,
}

/// A running `edgectl simulate`; ended with its modules when dropped.
pub(crate) struct Simulation {
    child: Child,
    lines: Receiver<(Stream, String)>,
    said: Vec<(Stream, String)>,
}

/// Where a line was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

impl Site {
    /// An empty folder and 127.0.81.`last`; every test has a number of its own.
    pub(crate) fn at(last: u8) -> Self {
        let folder = Folder::new();
        let runtime = folder.path("../run");
        std::fs::create_dir(&runtime).expect("a new folder");
        let folder = folder.variable("XDG_RUNTIME_DIR", &runtime.to_string_lossy());
        Self { folder, address: format!("127.0.81.{last}") }
    }

    /// A solution whose modules are programs for `sh`, all of them started always.
    pub(crate) fn with_modules(last: u8, modules: &[(&str, &str)]) -> Self {
        let names: Vec<&str> = modules.iter().map(|(name, _)| *name).collect();
        let yaml: String = modules
            .iter()
            .map(|(name, script)| format!("  {name}: {{runtime: process, command: [sh, -c, {script:?}]}}\n"))
            .collect();
        Self::at(last)
            .file("deployment.template.json", &template(&names, "FROM /messages/* INTO $upstream"))
            .file("edgectl.yaml", &format!("modules:\n{yaml}"))
    }

    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        let target = self.folder.path(path);
        std::fs::create_dir_all(target.parent().expect("a file stands in a folder")).expect("folders can be made");
        std::fs::write(target, text).expect("a file can be written");
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        let folder = std::mem::replace(&mut self.folder, Folder::new());
        self.folder = folder.variable(name, value);
        self
    }

    /// Returns the folder's path as messages show it.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path("x").parent().expect("it stands in the folder").to_owned()
    }

    pub(crate) fn run(&self, arguments: &str) -> Run {
        self.folder.run(arguments)
    }

    /// Runs `edgectl simulate` at the site's address to its end.
    pub(crate) fn simulate(&self, arguments: &str) -> Run {
        self.run(&format!("simulate --address {} {arguments}", self.address))
    }

    /// Starts `edgectl simulate` at the site's address and stays beside it.
    pub(crate) fn start(&self, arguments: &str) -> Simulation {
        let mut words = vec!["simulate", "--address", &self.address];
        words.extend(arguments.split_whitespace());
        Simulation::spawn(&mut self.folder.command(&words))
    }

    /// Starts `edgectl simulate --json` and returns once it is ready.
    pub(crate) fn start_ready(&self, arguments: &str) -> Simulation {
        let mut simulation = self.start(&format!("{arguments} --json"));
        simulation.record("ready", |record| record["type"] == "ready");
        simulation
    }
}

impl Drop for Site {
    /// Ends what a failed test left in the background.
    fn drop(&mut self) {
        if self.folder.path(".edgectl/run.json").exists() {
            drop(self.run("stop"));
        }
    }
}

impl Simulation {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("the built program starts");
        let (tell, lines) = channel();
        follow(Stream::Stdout, child.stdout.take().expect("piped"), tell.clone());
        follow(Stream::Stderr, child.stderr.take().expect("piped"), tell);
        Self { child, lines, said: Vec::new() }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line.
    #[track_caller]
    pub(crate) fn line(&mut self, what: &str, is_it: impl Fn(Stream, &str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut next = 0;
        loop {
            while let Some((stream, line)) = self.said.get(next) {
                if is_it(*stream, line) {
                    return line.clone();
                }
                next += 1;
            }
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(said) => self.said.push(said),
                Err(why) => panic!("no {what}: {why}\n{:#?}", self.said),
            }
        }
    }

    /// Waits for a record of `--json`.
    #[track_caller]
    pub(crate) fn record(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let parse = |line: &str| serde_json::from_str::<Value>(line).ok();
        let line = self.line(what, |stream, line| stream == Stream::Stdout && parse(line).is_some_and(|r| is_it(&r)));
        parse(&line).expect("it was parsed just now")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it is our child");
    }

    /// Waits for the end and returns all that was said.
    #[track_caller]
    pub(crate) fn end(mut self) -> Run {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(said) => self.said.push(said),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(why) => panic!("no end: {why}\n{:#?}", self.said),
            }
        }
        let status = self.child.wait().expect("it has ended");
        let of = |wanted| self.said.iter().filter(|(s, _)| *s == wanted).map(|(_, line)| format!("{line}\n")).collect();
        Run { stdout: of(Stream::Stdout), stderr: of(Stream::Stderr), status: status.code() }
    }
}

impl Drop for Simulation {
    /// As with Ctrl-C pressed twice: the modules end, too.
    fn drop(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
            let _ = self.lines.recv_timeout(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
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

/// Returns a deployment template with these modules and one route.
pub(crate) fn template(modules: &[&str], route: &str) -> String {
    let module = |name: &&str| {
        format!(
            r#"          "{name}": {{
            "type": "docker", "status": "running", "restartPolicy": "always",
            "settings": {{ "image": "localhost:1/{name}:1.0" }}
          }}"#
        )
    };
    let modules: Vec<String> = modules.iter().map(module).collect();
    format!(
        r#"{{
  "modulesContent": {{
    "$edgeAgent": {{
      "properties.desired": {{
        "schemaVersion": "1.1",
        "runtime": {{ "type": "docker", "settings": {{}} }},
        "systemModules": {{
          "edgeAgent": {{ "type": "docker", "settings": {{ "image": "agent:1" }} }},
          "edgeHub": {{
            "type": "docker", "status": "running", "restartPolicy": "always", "settings": {{ "image": "hub:1" }}
          }}
        }},
        "modules": {{
{}
        }}
      }}
    }},
    "$edgeHub": {{
      "properties.desired": {{
        "schemaVersion": "1.1",
        "routes": {{
          "all": "{route}"
        }},
        "storeAndForwardConfiguration": {{ "timeToLiveSecs": 7200 }}
      }}
    }}
  }}
}}
"#,
        modules.join(",\n")
    )
}

/// Waits until something is so, for what no program tells of.
#[track_caller]
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Says whether a process runs; one that has ended and that nobody has looked after does not.
pub(crate) fn is_alive(pid: u64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
