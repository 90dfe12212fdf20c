//! The one harness of all tests that run the built `edgectl`: hermetic, in a temporary folder, with an empty
//! environment and no terminal. [`Folder`] runs commands; [`site::Site`] has a simulation at an address of its own.
//!
//! ```ignore
//! let solution = Folder::new().file(".env", "A=1\n");
//! solution.run("deploy --check").check(1, "", "error: …\n");
//! ```

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part of it")]

pub mod lines;
pub mod nested;
pub mod parts;
pub mod registry;
pub mod simulation;
pub mod site;
pub mod wire;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder that is gone after the test.
pub struct Folder {
    root: tempfile::TempDir,
    name: String,
    variables: Vec<(String, String)>,
}

/// What a run of `edgectl` said and how it ended.
#[derive(Debug)]
pub struct Run {
    pub stdout: String,
    pub stderr: String,
    pub status: Option<i32>,
}

impl Folder {
    /// Creates a folder named `solution` in a temporary place, so that names derived from the folder are known.
    pub fn new() -> Self {
        let folder = Self::named("solution");
        fs::create_dir(folder.path("")).expect("a new folder");
        folder
    }

    /// Names a folder in a temporary place, which `edgectl new solution` may make.
    pub fn named(name: &str) -> Self {
        let root = tempfile::tempdir().expect("the temporary folder can be written");
        Self { root, name: name.to_owned(), variables: Vec::new() }
    }

    /// Copies a folder of case files.
    pub fn copy_of(from: impl AsRef<Path>) -> Self {
        let folder = Self::new();
        copy(from.as_ref(), &folder.path(""));
        folder
    }

    /// Writes a file, and the folders that lead to it.
    #[must_use]
    pub fn file(self, path: &str, text: &str) -> Self {
        self.write(path, text);
        self
    }

    /// Writes a file, and the folders that lead to it.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a file stands in a folder")).expect("folders can be made");
        fs::write(path, text).expect("a file can be written");
    }

    /// Sets a variable of the environment that `edgectl` sees.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Returns the path of a file in this folder.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(&self.name).join(path)
    }

    /// Returns the folder above.
    pub fn above(&self) -> &Path {
        self.root.path()
    }

    /// Reads a file.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("cannot read {path}: {error}"))
    }

    /// Returns every file and folder below, sorted; folders end in a slash.
    pub fn list(&self) -> Vec<String> {
        let mut found = Vec::new();
        list(&self.path(""), "", &mut found);
        found.sort();
        found
    }

    /// Runs `edgectl` with arguments split at blanks.
    pub fn run(&self, arguments: &str) -> Run {
        self.run_args(&arguments.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs `edgectl` with these arguments.
    pub fn run_args(&self, arguments: &[&str]) -> Run {
        self.run_with_input(arguments, "")
    }

    /// Runs `edgectl` with these arguments and this text on stdin.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Run {
        Run::of(&mut self.command(arguments), input)
    }

    /// The command that [`Folder::run`] starts, for tests that stay beside it while it runs.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edgectl"));
        command.args(arguments).current_dir(self.path("")).env_clear();
        command.env("HOME", self.root.path()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Run {
    /// Runs a command with this text on stdin, to its end.
    pub fn of(command: &mut Command, input: &str) -> Self {
        let mut child = command.spawn().expect("the built program starts");
        let mut stdin = child.stdin.take().expect("stdin is piped");
        // A program that doesn't read its input may be gone before it is written.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().expect("the program ends");
        Self {
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
            status: output.status.code(),
        }
    }

    /// Returns the records that a stream of `--json` consists of.
    #[track_caller]
    pub fn records(&self) -> Vec<serde_json::Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.stdout.lines().map(parse).collect()
    }

    /// Compares the whole run: status, stdout, stderr.
    #[track_caller]
    pub fn check(&self, status: i32, stdout: &str, stderr: &str) {
        let got = format!("status {:?}\n--- stdout\n{}--- stderr\n{}", self.status, self.stdout, self.stderr);
        let expected = format!("status {:?}\n--- stdout\n{stdout}--- stderr\n{stderr}", Some(status));
        assert!(got == expected, "\n===== got\n{got}\n===== expected\n{expected}");
    }

    /// Checks that it ended with status 0 and returns the JSON document on stdout.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

/// Says whether a process has this argument. The engine runs on this machine, so the steps of builds are processes here.
pub fn is_running(word: &str) -> bool {
    let processes = fs::read_dir("/proc").expect("Linux has it").flatten();
    let mut lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines.any(|line| line.split(|byte| *byte == 0).any(|argument| argument == word.as_bytes()))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("an entry can be read");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}

fn list(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let entry = entry.expect("an entry can be read");
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            list(&entry.path(), &format!("{name}/"), found);
            found.push(format!("{name}/"));
        } else {
            found.push(name);
        }
    }
}
