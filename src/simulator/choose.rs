//! Deciding how each module is run: container, process, stand-in, or from outside.
//!
//! Container if the engine answers and the image is there or can be made or fetched; else the module's `run` command
//! or what its language suggests; else a stand-in inside this program; else an error with the choice to make.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};
use crate::manifest::ModuleSpec;
use crate::solution::{Module, RuntimeChoice};

/// A module about to be run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) spec: &'a ModuleSpec,
    /// Its source in the solution, if it has one.
    pub(super) source: Option<&'a Module>,
    /// What flags and `edgectl.yaml` say.
    pub(super) wish: RuntimeChoice,
    /// The command that `edgectl.yaml` says.
    pub(super) command: Option<&'a [String]>,
}

/// How a module could be run without a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Native {
    /// By a command in a folder.
    Process { command: Vec<String>, folder: PathBuf },
    /// By a stand-in: the arguments of this program.
    Builtin { arguments: Vec<String> },
}

impl Candidate<'_> {
    /// Returns how the module is run without a container, or `None` if nobody knows.
    pub(super) fn native(&self, root: &Path) -> Option<Native> {
        self.process(root).or_else(|| builtin(&self.spec.image))
    }

    fn process(&self, root: &Path) -> Option<Native> {
        let run = self.source.and_then(Module::run);
        let folder = run.map_or_else(|| self.source.map_or(root, Module::folder), |run| run.cwd.as_path());
        let stated = self.command.or(run.map(|run| run.command.as_slice())).filter(|command| !command.is_empty());
        let command = match stated {
            Some(command) => command.to_vec(),
            None => conventional(self.source?.folder())?,
        };
        Some(Native::Process { command, folder: folder.to_owned() })
    }

    /// The failure of a module that nobody knows how to run; `why_no_container` says what stands against a container.
    pub(super) fn no_way(&self, why_no_container: Option<Failure>) -> Failure {
        let module = &self.spec.id;
        let failure = Failure::machine(format!("cannot run module `{module}`"));
        let (failure, container) = match why_no_container {
            Some(why) => {
                let failure = why.causes().iter().fold(failure.cause(why.message()), Failure::cause);
                (failure, format!("start a container engine that has or can get `{}`", self.spec.image))
            }
            None => (failure, format!("run it as a container with `--runtime {module}=docker`")),
        };
        failure
            .cause("it has no `run` command in its module.json, and its language suggests none")
            .hint(container)
            .hint(format!("or say how to run it in `edgectl.yaml`: `modules: {{{module}: {{command: […]}}}}`"))
            .hint(format!("or leave it out with `--without {module}`, or start it yourself with `--external {module}`"))
    }

    /// Returns how the module is run without a container, which was wished for.
    pub(super) fn native_or_failure(&self, root: &Path) -> Outcome<Native> {
        self.native(root).ok_or_else(|| self.no_way(None))
    }
}

/// What the files of a folder suggest.
fn conventional(folder: &Path) -> Option<Vec<String>> {
    let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
    let has = |name: &str| folder.join(name).exists();
    if has("main.py") {
        return words(&[if has(".venv/bin/python") { ".venv/bin/python" } else { "python3" }, "main.py"]);
    }
    if has("package.json") {
        return words(&["node", "."]);
    }
    if has("Cargo.toml") {
        return words(&["cargo", "run", "--release", "--quiet"]);
    }
    if has("go.mod") {
        return words(&["go", "run", "."]);
    }
    let is_project = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.is_ok_and(|entry| entry.path().extension().is_some_and(|extension| extension == "csproj"))
    };
    if std::fs::read_dir(folder).ok()?.any(is_project) {
        return words(&["dotnet", "run"]);
    }
    None
}

/// The stand-ins: images that every tutorial uses and that exist only in a registry, and those of the demo.
fn builtin(image: &str) -> Option<Native> {
    let name = image.rsplit('/').next()?.split([':', '@']).next()?;
    let stand_in = match name {
        "azureiotedge-simulated-temperature-sensor" | "demo-sensor" => "sensor",
        "demo-filter" => "filter",
        _ => return None,
    };
    Some(Native::Builtin { arguments: vec!["demo-module".to_owned(), stand_in.to_owned()] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tutorial_sensor_has_a_stand_in() {
        let arguments = vec!["demo-module".to_owned(), "sensor".to_owned()];
        let found = builtin("mcr.microsoft.com/azureiotedge-simulated-temperature-sensor:1.6");
        assert_eq!(found, Some(Native::Builtin { arguments }));
        assert_eq!(builtin("mcr.microsoft.com/azureiotedge-hub:1.6"), None);
    }

    #[test]
    fn the_files_of_a_folder_suggest_a_command() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(conventional(folder.path()), None);
        std::fs::write(folder.path().join("m.csproj"), "").expect("written");
        assert_eq!(conventional(folder.path()).expect("known"), ["dotnet", "run"]);
        std::fs::write(folder.path().join("main.py"), "").expect("written");
        assert_eq!(conventional(folder.path()).expect("known"), ["python3", "main.py"]);
    }
}
