//! The folder that a test works in, with `edgectl` and the toolchains of the templates.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use serde_json::Value;

use crate::parts::part;
use crate::records::PATIENCE;
use crate::support::{Folder, Run};

/// A folder and the commands in it.
pub(crate) struct Solution {
    folder: Folder,
    name: String,
}

impl Solution {
    /// A folder without a project file.
    pub(crate) fn empty() -> Self {
        Self::empty_with(&[])
    }

    /// The same, where edgectl and what it starts see these variables.
    pub(crate) fn empty_with(variables: &[(&str, String)]) -> Self {
        let folder = variables.iter().fold(Folder::new(), |folder, (name, value)| folder.variable(name, value));
        Self { folder, name: ".".to_owned() }
    }

    /// What `edgectl new solution` makes.
    pub(crate) fn new() -> Self {
        Self::with_variables(&[])
    }

    /// The same, where edgectl and what it starts see these variables.
    ///
    /// Its name is that of no other: containers and networks of all tests live in one engine.
    pub(crate) fn with_variables(variables: &[(&str, String)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        Self::named(&format!("s{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)), variables)
    }

    /// The same, in a folder of that name.
    pub(crate) fn named(name: &str, variables: &[(&str, String)]) -> Self {
        let Self { folder, .. } = Self::empty_with(variables);
        let run = folder.run(&format!("new solution {name} --yes --quiet"));
        assert_eq!(run.status, Some(0), "{}", run.stderr);
        Self { folder, name: name.to_owned() }
    }

    /// Returns the path of a file in the solution.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path(&self.name).join(file)
    }

    /// Writes a file of the solution.
    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        std::fs::create_dir_all(path.parent().expect("a file stands in a folder")).expect("folders can be made");
        std::fs::write(path, text).expect("a file can be written");
    }

    /// Returns the command line that runs `edgectl` in the solution.
    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Command {
        self.folder.command(&self.in_solution(arguments))
    }

    /// Runs `edgectl` in the solution, with arguments split at blanks.
    pub(crate) fn run(&self, arguments: &str) -> Run {
        self.run_args(&arguments.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs `edgectl` in the solution.
    pub(crate) fn run_args(&self, arguments: &[&str]) -> Run {
        self.folder.run_args(&self.in_solution(arguments))
    }

    /// Runs `edgectl` and returns the JSON document that it printed.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &str) -> Value {
        self.run(&format!("{arguments} --json")).json()
    }

    /// Runs `edgectl` and checks that it did what it was told.
    #[track_caller]
    pub(crate) fn done(&self, arguments: &[&str]) {
        let run = self.run_args(arguments);
        assert_eq!(run.status, Some(0), "{arguments:?}: {}", run.stderr);
    }

    /// Asks again and again until the answer is as wanted; for states that no record tells.
    #[track_caller]
    pub(crate) fn ask_until(&self, arguments: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let run = self.run(&format!("{arguments} --json"));
            if run.status == Some(0) && wanted(&run.json()) {
                return run.json();
            }
            assert!(Instant::now() < deadline, "`{arguments}` still says {run:?}");
        }
    }

    fn in_solution<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        ["-C", &self.name].iter().copied().chain(arguments.iter().copied()).collect()
    }
}

/// The variables under which the template's toolchain works without network; `None` if it is not here.
pub(crate) fn toolchain(template: &str) -> Option<Vec<(&'static str, String)>> {
    match template {
        "python" => {
            let wheels = part("EDGECTL_TEST_WHEELS")?;
            Some(vec![("PIP_NO_INDEX", "1".into()), ("PIP_FIND_LINKS", wheels)])
        }
        "node" => {
            let node = part("EDGECTL_TEST_NODE")?;
            let cache = part("EDGECTL_TEST_NPM_CACHE")?;
            let folder = Path::new(&node).parent().expect("a program stands in a folder").display().to_string();
            let path = format!("{folder}:{}", variable("PATH"));
            Some(vec![("PATH", path), ("npm_config_cache", cache), ("npm_config_offline", "true".into())])
        }
        _ => {
            let crates = part("EDGECTL_TEST_CARGO_HOME")?;
            let rustup = std::env::var("RUSTUP_HOME").unwrap_or_else(|_| format!("{}/.rustup", variable("HOME")));
            Some(vec![("CARGO_HOME", crates), ("CARGO_NET_OFFLINE", "true".into()), ("RUSTUP_HOME", rustup)])
        }
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
