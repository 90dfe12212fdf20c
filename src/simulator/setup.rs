//! The setup of process instances: packages installed, programs compiled. Runs once per change of its inputs.

use std::collections::VecDeque;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use super::state::unwritable;
use crate::environment::Environment;
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::image::{BuildContext, BuildPlan, IgnoreFile, Reference};
use crate::store::{self, Durability};

/// How many of its last lines a command that fails shows.
const EXCERPT: usize = 40;

/// Hears the lines of a setup.
type Tell<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// The commands that make a module's folder ready to run in.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) module: String,
    pub(super) commands: Vec<Vec<String>>,
    pub(super) folder: PathBuf,
    pub(super) environment: Environment,
}

impl Setup {
    /// Says whether the setup has run for the files as they are; `state` is the folder where that is noted.
    pub(super) fn is_done(&self, state: &Path) -> Outcome<bool> {
        let inputs = self.fingerprint()?;
        Ok(store::load(&self.note(state)).ok().flatten().is_some_and(|noted| noted == inputs.as_bytes()))
    }

    /// Notes that the setup has run; looks at the files anew, since a setup may write some, such as a lock file.
    pub(super) fn note_done(&self, state: &Path) -> Outcome {
        let note = self.note(state);
        let unwritable = |error| unwritable(format!("cannot write `{}`", note.display()), &error);
        let inputs = self.fingerprint()?;
        let folder = state.join("setup");
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(unwritable)?;
        store::save(&note, inputs.as_bytes(), Durability::Process).map_err(unwritable)
    }

    fn note(&self, state: &Path) -> PathBuf {
        state.join("setup").join(format!("{}.txt", self.module))
    }

    /// Runs the commands one after another; `tell` hears each line that they print.
    ///
    /// One that fails is a refusal that shows the end of its output.
    pub(super) async fn run(&self, tell: Tell<'_>) -> Outcome {
        for command in &self.commands {
            self.run_one(tell, command).await?;
        }
        Ok(())
    }

    async fn run_one(&self, tell: Tell<'_>, command: &[String]) -> Outcome {
        let shown = command.join(" ");
        let cannot = || format!("cannot set up module `{}`", self.module);
        let Some((program, arguments)) = command.split_first() else { return Ok(()) };
        let mut child = tokio::process::Command::new(program)
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .envs(self.environment.all())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .or_fail(Kind::Machine, || format!("{}: cannot run `{shown}`", cannot()))
            .map_err(|failure| failure.hint(format!("install `{program}`, or pass `--no-setup`")))?;
        let last = Mutex::default();
        let (out, err) = (child.stdout.take(), child.stderr.take());
        tokio::join!(pass_on(out, tell, &last), pass_on(err, tell, &last));
        let status = child.wait().await.or_fail(Kind::Machine, cannot)?;
        if status.success() {
            return Ok(());
        }
        let failure = Failure::refused(cannot()).cause(format!("`{shown}` ended with {status}"));
        let failure = match joined(last) {
            output if output.is_empty() => failure,
            output => failure.excerpt(output),
        };
        Err(failure.hint(format!("mend that in `{}`, or pass `--no-setup`", self.folder.display())))
    }

    /// Sums up the files that the setup may depend on: those that the module's image would be built from.
    fn fingerprint(&self) -> Outcome<String> {
        let mut text = format!("{:?}\n", self.commands);
        let image = Reference::parse("setup").or_fail(Kind::Bug, || "cannot name the setup")?;
        // A context always holds its Dockerfile; `module.json` stands for it, since every module has one.
        let plan = BuildPlan::new(image, &self.folder, self.folder.join("module.json"));
        BuildContext::open(&plan, IgnoreFile::Ordinary)?.walk(&mut |entry| {
            if !entry.metadata.is_dir() {
                let stamp = (entry.metadata.len(), entry.metadata.modified().ok());
                text.push_str(&format!("{:?} {stamp:?}\n", entry.name));
            }
            Ok(())
        })?;
        Ok(text)
    }
}

async fn pass_on(output: Option<impl AsyncRead + Unpin>, tell: Tell<'_>, last: &Mutex<VecDeque<String>>) {
    let Some(output) = output else { return };
    let mut lines = BufReader::new(output).lines();
    // What is no UTF-8 ends the telling, not the command.
    while let Ok(Some(line)) = lines.next_line().await {
        tell(&line);
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == EXCERPT {
            last.pop_front();
        }
        last.push_back(line);
    }
}

fn joined(lines: Mutex<VecDeque<String>>) -> String {
    Vec::from(lines.into_inner().unwrap_or_else(PoisonError::into_inner)).join("\n")
}
