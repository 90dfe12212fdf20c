//! The task that owns one process.

use std::future;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process_group, prlimit};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep_until, timeout};

use crate::failure::{Failure, Outcome};
use crate::identity::ModuleId;

use super::leftovers::{Ledger, RUN_ID};
use super::lines::Lines;
use super::{DRAIN, InstanceEvent, Meter, Order, Orders, OutputStream, ProcessSpec, Sink};

/// Runs a process from its start to its end.
pub(super) async fn run(module: ModuleId, spec: ProcessSpec, ledger: Arc<Ledger>, orders: Orders, sink: Sink) {
    let started = spawn(&module, &spec, &ledger).await;
    let (child, group) = match started {
        Ok(started) => started,
        Err(failure) => return sink(InstanceEvent::StartFailed(failure)),
    };
    let meter = Meter::Group(group.as_raw_nonzero().get().cast_unsigned());
    sink(InstanceEvent::Started { pid: child.id(), image: None, meter });
    let status = supervise(child, group, orders, &sink).await;
    ledger.remove(group);
    sink(InstanceEvent::Exited { code: status.and_then(|s| s.code()), signal: status.and_then(|s| s.signal()) });
}

async fn spawn(module: &ModuleId, spec: &ProcessSpec, ledger: &Ledger) -> Outcome<(Child, Pid)> {
    let cannot_start = |failure: Failure| failure.context(format!("cannot start module `{module}`"));
    let [program, arguments @ ..] = &spec.command[..] else {
        let hint = format!("name a program and its arguments under `run.command` in `modules/{module}/module.json`");
        return Err(cannot_start(Failure::request("its command is empty").hint(hint)));
    };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&spec.folder);
    command.env_clear().envs(spec.environment.iter().map(|(name, value)| (name, value))).env(RUN_ID, ledger.run_id());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| cannot_start(explain(&error, module, program, &spec.folder)))?;
    let Some(group) = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())) else {
        return Err(cannot_start(Failure::machine("it ended before it began")));
    };
    if let Some(most) = spec.descriptors {
        limit_descriptors(group, most);
    }
    if let Err(error) = ledger.add(group) {
        signal(group, Signal::KILL);
        // Only to leave no zombie; how it ended does not matter.
        let _ = child.wait().await;
        let failure = Failure::machine(format!("cannot note its process in `{}`", ledger.path().display()));
        return Err(cannot_start(failure.cause(error).hint("make room on the disk, or make the folder writable")));
    }
    Ok((child, group))
}

/// Gives a process the usual limit of open files; it may raise it itself. One that has ended needs none.
fn limit_descriptors(process: Pid, most: u64) {
    let limit = Rlimit { current: Some(most), ..getrlimit(Resource::Nofile) };
    let _ = prlimit(Some(process), Resource::Nofile, limit);
}

/// Says why a program did not start; the system's own words don't say what is missing.
fn explain(error: &io::Error, module: &ModuleId, program: &str, folder: &Path) -> Failure {
    let command = format!("`run.command` in `modules/{module}/module.json`");
    let another_folder = format!("name another one under `run.cwd` in `modules/{module}/module.json`");
    match error.kind() {
        _ if !folder.exists() => Failure::request(format!("its folder `{}` is not there", folder.display()))
            .hint(format!("make the folder, or {another_folder}")),
        _ if !folder.is_dir() => {
            Failure::request(format!("`{}`, where it is to run, is no folder", folder.display())).hint(another_folder)
        }
        // The way to `.` leads through the folder.
        _ if !folder.join(".").exists() => {
            Failure::machine(format!("this user may not enter its folder `{}`", folder.display()))
                .hint(format!("let it in with `chmod u+rx {}`, or {another_folder}", folder.display()))
        }
        io::ErrorKind::NotFound if folder.join(program).is_file() => {
            Failure::machine(format!("`{program}` names an interpreter in its first line that is not there"))
                .hint(format!("install the interpreter, or start it by name with {command}"))
        }
        io::ErrorKind::NotFound => Failure::machine(format!("there is no program `{program}`"))
            .hint(format!("install `{program}`, or name another program with {command}")),
        io::ErrorKind::PermissionDenied => Failure::machine(format!("`{program}` may not be run"))
            .hint(format!("make it executable (`chmod +x {program}`), or name another program with {command}")),
        _ => Failure::machine(error).hint(format!("look at {command}")),
    }
}

/// Passes on orders and output until the process has ended, and returns how it did.
async fn supervise(mut child: Child, group: Pid, mut orders: Orders, sink: &Sink) -> Option<ExitStatus> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let mut output = pin!(async {
        tokio::join!(pump(stdout, OutputStream::Stdout, sink), pump(stderr, OutputStream::Stderr, sink))
    });
    let (mut is_drained, mut kill_at) = (false, None);
    let status = loop {
        tokio::select! {
            status = child.wait() => break status.ok(),
            _ = &mut output, if !is_drained => is_drained = true,
            () = at(kill_at) => {
                kill_at = None;
                signal(group, Signal::KILL);
            }
            Some(order) = orders.recv() => match order {
                Order::Stop { grace } => {
                    kill_at = Some(Instant::now() + grace);
                    signal(group, Signal::TERM);
                }
                Order::Kill => signal(group, Signal::KILL),
            },
        }
    };
    // The group keeps the number from being used again as long as anybody is left in it.
    signal(group, Signal::KILL);
    if !is_drained {
        // What left the group may hold the pipes for ever.
        let _ = timeout(DRAIN, output).await;
    }
    status
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => future::pending().await,
    }
}

async fn pump(source: Option<impl AsyncRead + Unpin>, stream: OutputStream, sink: &Sink) {
    let Some(mut source) = source else { return };
    let tell = |line| sink(InstanceEvent::Output { stream, line });
    let (mut lines, mut chunk) = (Lines::default(), vec![0; 8 * 1024]);
    while let Ok(length @ 1..) = source.read(&mut chunk).await {
        lines.push(&chunk[..length], tell);
    }
    lines.finish(tell);
}

fn signal(group: Pid, signal: Signal) {
    // A group that is gone needs no signal.
    let _ = kill_process_group(group, signal);
}
