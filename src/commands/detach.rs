//! `edgectl simulate --detach`: the same simulation in a process of its own.

use std::fs::File;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use super::Context;
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::simulator::control::{Connection, Request, RunRecord, Until};
use crate::simulator::{self, Options};
use crate::ui::Ui;

/// What the simulation in the background says, in the state folder.
const LOG: &str = "simulate.log";
/// How often we look whether the simulation can be spoken to.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Starts the simulation in the background and prints its `ready` document once it is.
pub(super) fn run(cx: &Context, options: &Options, until: Until) -> Outcome {
    let state = options.project.join(".edgectl");
    let log = state.join(LOG);
    // Else the log of the one that runs would be overwritten.
    simulator::check_free(&options.project)?;
    let mut child = spawn(cx, options, &log)?;
    let mut relay = Relay::open(&log)?;
    let ready = cx.block_on(async {
        wait_for_socket(&mut child, &state, &mut relay, cx.ui()).await?;
        let asked = Connection::ask(&options.project, &Request::Ready { until }).await;
        relay.tell(cx.ui());
        match child.try_wait() {
            Ok(Some(status)) => Err(ended(status, &log, cx.ui())),
            _ => asked,
        }
    })?;
    match cx.ui().is_json() {
        true => cx.ui().document(&ready)?,
        false => cx.ui().step("Running", format!("in the background as process {}", child.id())),
    }
    cx.ui().hint("watch it with `edgectl logs -f` and `edgectl monitor`, end it with `edgectl stop`");
    Ok(())
}

fn spawn(cx: &Context, options: &Options, log: &Path) -> Outcome<Child> {
    let unwritable =
        |error| Failure::unwritable(format!("cannot write `{}`", log.display()), "the solution's folder", &error);
    let output = File::create(log).map_err(unwritable)?;
    let errors = output.try_clone().map_err(unwritable)?;
    Command::new(&options.program)
        .args(foreground(cx.arguments()))
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        // Ctrl-C in this terminal is not meant for it.
        .process_group(0)
        .spawn()
        .or_fail(Kind::Machine, || "cannot start the simulation in the background")
}

/// Returns the arguments of the same simulation in the foreground.
fn foreground(arguments: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--detach" | "--json" => {}
            "--wait" => drop(arguments.next()),
            wait if wait.starts_with("--wait=") => {}
            _ => kept.push(argument.clone()),
        }
    }
    kept
}

/// Waits until the simulation can be spoken to; `relay` tells what it says meanwhile.
async fn wait_for_socket(child: &mut Child, state: &Path, relay: &mut Relay, ui: &Ui) -> Outcome {
    loop {
        relay.tell(ui);
        if let Some(status) = child.try_wait().or_fail(Kind::Machine, || "cannot watch the simulation")? {
            relay.tell(ui);
            return Err(ended(status, &state.join(LOG), ui));
        }
        let record = RunRecord::load(state).filter(|record| record.pid == child.id());
        if record.is_some_and(|record| record.control_socket().exists()) {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Tells what the simulation in the background says while it starts: images that are built, setups that run.
struct Relay {
    log: File,
    rest: String,
}

impl Relay {
    fn open(log: &Path) -> Outcome<Self> {
        let log = File::open(log).or_fail(Kind::Machine, || format!("cannot read `{}`", log.display()))?;
        Ok(Self { log, rest: String::new() })
    }

    fn tell(&mut self, ui: &Ui) {
        let mut fresh = Vec::new();
        // What cannot be read now stands in the file.
        let _ = self.log.read_to_end(&mut fresh);
        self.rest.push_str(&String::from_utf8_lossy(&fresh));
        while let Some((line, rest)) = self.rest.split_once('\n') {
            ui.relay(line);
            self.rest = rest.to_owned();
        }
    }
}

/// The failure of a simulation that ended before it was ready; what it said has been told, or becomes the causes.
fn ended(status: ExitStatus, log: &Path, ui: &Ui) -> Failure {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    let kind = code.and_then(Kind::of_exit_code).unwrap_or(Kind::Machine);
    let failure = Failure::new(kind, "the simulation did not start");
    let whole = shown(log);
    if !ui.is_json() {
        return failure.hint(format!("mend what is said above; it also stands in `{}`", whole.display()));
    }
    let said = std::fs::read_to_string(log).unwrap_or_default();
    repeat_failure(failure, &said).hint(format!("see all that it said in `{}`", whole.display()))
}

/// Makes the failure that a log ends with, as [`Ui::fail`] writes it, the reason of another one.
fn repeat_failure(failure: Failure, said: &str) -> Failure {
    let lines: Vec<&str> = said.lines().collect();
    let begin = lines.iter().rposition(|line| line.starts_with("error: ")).unwrap_or(lines.len());
    lines[begin..].iter().fold(failure, |failure, line| {
        let cause = line.strip_prefix("error: ").or(line.strip_prefix("  caused by: "));
        match (cause, line.strip_prefix("hint: ")) {
            (Some(cause), _) => failure.cause(cause),
            (None, Some(hint)) => failure.hint(hint),
            (None, None) => failure,
        }
    })
}

fn shown(log: &Path) -> PathBuf {
    let parts: Vec<_> = log.components().rev().take(2).collect();
    parts.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_failure_of_a_log_is_repeated() {
        let said = "     Started m\nhint: no\nerror: no `x`\n  caused by: y\n --> f:1:1\n  |\nhint: look for `x`\n";
        let failure = repeat_failure(Failure::machine("it did not start"), said);
        let hints = ["look for `x`".to_owned()];
        assert_eq!((failure.causes(), failure.hints()), (&["no `x`".to_owned(), "y".to_owned()][..], &hints[..]));
    }

    #[test]
    fn the_background_gets_the_same_command_without_what_only_concerns_us() {
        let given = ["-C", "s", "simulate", "--wait", "connected", "--detach", "--json", "--address", "127.0.0.2"];
        let arguments: Vec<String> = given.iter().map(|word| (*word).to_owned()).collect();
        assert_eq!(foreground(&arguments), ["-C", "s", "simulate", "--address", "127.0.0.2"]);
        assert_eq!(foreground(&["simulate".into(), "--wait=connected".into()]), ["simulate"]);
    }
}
