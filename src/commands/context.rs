//! What a command may use of the process: its output, its folder, its environment, its clock.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::environment::Environment;
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::ui::Ui;

/// What a command may use of the process.
#[derive(Debug)]
pub struct Context {
    ui: Ui,
    project: PathBuf,
    environment: Environment,
    arguments: Vec<String>,
}

impl Context {
    /// Creates the context of one command; `arguments` are those of the command line, without the program.
    pub fn new(ui: Ui, project: PathBuf, environment: Environment, arguments: Vec<String>) -> Self {
        Self { ui, project, environment, arguments }
    }

    /// Returns the command line, for a command that starts this program again.
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// Returns the file of this program.
    pub fn program(&self) -> Outcome<PathBuf> {
        std::env::current_exe().or_fail(Kind::Machine, || "cannot find this program's own file")
    }

    /// Returns the way to say things.
    pub fn ui(&self) -> &Ui {
        &self.ui
    }

    /// Returns the folder of the solution as given by `--project`.
    pub fn project(&self) -> &Path {
        &self.project
    }

    /// Returns the folder of the solution as an absolute path; an error if it is not there.
    pub fn project_absolute(&self) -> Outcome<PathBuf> {
        let doing = || format!("cannot open the folder `{}`", self.project.display());
        let found = self.project.canonicalize().or_fail(Kind::Request, doing);
        found.map_err(|failure| failure.hint("name the solution's folder with `-C`, or change to it"))
    }

    /// Returns the process environment.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Returns the wall clock.
    pub fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    /// Returns the wall clock itself, for what runs longer than one look at it.
    pub fn clock(&self) -> fn() -> SystemTime {
        SystemTime::now
    }

    /// Runs a future to its end on a runtime made for it, so that commands without I/O pay for none.
    ///
    /// There is one thread beside this one: of two, each would wake the other for its half of every message, which
    /// takes longer than the halves. What computes or waits for long has threads of its own.
    pub fn block_on<T>(&self, future: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Failure::machine("cannot start the asynchronous runtime").cause(error))?;
        let outcome = runtime.block_on(future);
        runtime.shutdown_background();
        outcome
    }
}
