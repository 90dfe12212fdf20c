//! Real processes, and containers of an engine that is made up.

mod engine;

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use serde_json::json;
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;

use super::leftovers::{Birth, RUN_ID};
use super::*;
use crate::engine::container::fake::{Creates, FakeEngine};
use crate::engine::container::tests::spec;

/// A folder with a ledger in it, and what happens to instances started in it.
pub(super) struct World {
    folder: TempDir,
    ledger: Arc<Ledger>,
}

/// A started instance and its events.
pub(super) struct Started {
    pub(super) instance: Instance,
    events: UnboundedReceiver<InstanceEvent>,
}

impl World {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let ledger = Ledger::create(folder.path().join("children.json"), "run-1".into()).expect("written");
        Self { folder, ledger }
    }

    pub(super) fn start(&self, how: How) -> Started {
        let (sender, events) = mpsc::unbounded_channel();
        let spec = InstanceSpec { module: ModuleId::parse("filter").expect("a name"), how };
        let sink = move |event| sender.send(event).expect("somebody listens");
        Started { instance: start(spec, &self.ledger, sink), events }
    }

    fn process(&self, command: &[&str]) -> Started {
        let path = std::env::var("PATH").expect("tests have a PATH");
        self.start(How::Process(ProcessSpec {
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            folder: self.folder.path().to_owned(),
            environment: vec![("PATH".into(), path)],
            descriptors: Some(77),
        }))
    }

    fn shell(&self, script: &str) -> Started {
        self.process(&["sh", "-c", script])
    }

    fn ledger_text(&self) -> String {
        fs::read_to_string(self.ledger.path()).expect("it is there")
    }
}

impl Started {
    pub(super) async fn next(&mut self) -> InstanceEvent {
        let next = tokio::time::timeout(Duration::from_secs(30), self.events.recv()).await;
        next.expect("something happens within 30 s").expect("the last event has not come yet")
    }

    /// Returns the next line of output.
    pub(super) async fn line(&mut self) -> String {
        match self.next().await {
            InstanceEvent::Output { line, .. } => line,
            InstanceEvent::Started { .. } => Box::pin(self.line()).await,
            other => panic!("{other:?} instead of a line"),
        }
    }

    /// Returns everything that happens until the end, as words.
    pub(super) async fn rest(mut self) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            let event = self.next().await;
            let is_last = !matches!(event, InstanceEvent::Started { .. } | InstanceEvent::Output { .. });
            told.push(match event {
                InstanceEvent::Started { .. } => "started".to_owned(),
                InstanceEvent::Output { stream, line } => format!("{stream:?} {line}"),
                InstanceEvent::Exited { code, signal } => format!("exited {code:?} {signal:?}"),
                InstanceEvent::StartFailed(failure) | InstanceEvent::Lost(failure) => describe(&failure),
            });
            if is_last {
                assert!(self.events.recv().await.is_none(), "nothing comes after the last event");
                return told;
            }
        }
    }
}

fn describe(failure: &Failure) -> String {
    format!("{}: {}; {}", failure.message(), failure.causes().join(": "), failure.hints().join("; "))
}

/// Waits until a process is gone or only its parent has not noticed yet.
async fn gone(pid: &str) {
    let pid = pid.parse().expect("a number");
    while Birth::of(pid).is_some_and(|birth| !birth.is_zombie) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_process_tells_its_output_and_how_it_ended() {
    let script = "echo one; printf 'two\\r\\nthree'; exit 3";
    assert_eq!(
        World::new().shell(script).rest().await,
        ["started", "Stdout one", "Stdout two", "Stdout three", "exited Some(3) None"]
    );
    assert_eq!(World::new().shell("echo no >&2").rest().await, ["started", "Stderr no", "exited Some(0) None"]);
    assert_eq!(World::new().shell("kill -9 $$").rest().await, ["started", "exited None Some(9)"]);
}

#[tokio::test]
async fn a_process_gets_the_given_environment_and_the_run_id() {
    let world = World::new();
    let started = world.start(How::Process(ProcessSpec {
        command: vec!["/usr/bin/env".into()],
        folder: world.folder.path().to_owned(),
        environment: vec![("A".into(), "1 2".into()), ("B".into(), String::new())],
        descriptors: None,
    }));
    let mut told = started.rest().await;
    told.sort();
    assert_eq!(told, ["Stdout A=1 2", "Stdout B=", "Stdout EDGECTL_RUN_ID=run-1", "exited Some(0) None", "started"]);
}

#[tokio::test]
async fn a_process_gets_the_given_limit_of_open_files() {
    // The limit comes a moment after the start.
    let told = World::new().shell("until [ $(ulimit -Sn) = 77 ]; do :; done; echo limited").rest().await;
    assert_eq!(told, ["started", "Stdout limited", "exited Some(0) None"]);
}

#[tokio::test]
async fn a_stop_lets_the_process_end_by_itself() {
    let world = World::new();
    let mut started = world.shell("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done");
    assert_eq!(started.line().await, "ready");
    started.instance.stop(Duration::from_secs(20));
    let told = started.rest().await;
    assert_eq!(told.last().map(String::as_str), Some("exited Some(7) None"));
    assert!(told.contains(&"Stdout bye".to_owned()), "{told:?}");
}

#[tokio::test]
async fn a_process_that_ignores_the_stop_is_killed_after_the_grace() {
    let world = World::new();
    let mut started = world.shell("trap '' TERM; echo ready; while :; do sleep 1; done");
    assert_eq!(started.line().await, "ready");
    started.instance.stop(Duration::from_millis(20));
    assert_eq!(started.rest().await, ["exited None Some(9)"]);
}

#[tokio::test]
async fn a_kill_during_the_grace_ends_it() {
    let world = World::new();
    let mut started = world.shell("trap '' TERM; echo ready; while :; do sleep 1; done");
    assert_eq!(started.line().await, "ready");
    started.instance.stop(Duration::from_secs(1000));
    started.instance.kill();
    assert_eq!(started.rest().await, ["exited None Some(9)"]);
}

#[tokio::test]
async fn nothing_of_the_group_outlives_the_process() {
    let world = World::new();
    for script in ["sleep 1000 & echo $!; wait", "sleep 1000 & echo $!"] {
        let mut started = world.shell(script);
        let grandchild = started.line().await;
        started.instance.stop(Duration::from_secs(20));
        started.rest().await;
        gone(&grandchild).await;
    }
}

#[tokio::test]
async fn a_grandchild_that_left_the_group_does_not_hold_up_the_end() {
    let world = World::new();
    let mut started = world.shell("setsid sleep 1000 & echo $!");
    // `setsid` may fork, but not where it leads no group; so this is the number of the `sleep`.
    let escaped = started.line().await;
    assert_eq!(started.rest().await, ["exited Some(0) None"]);
    let escaped = rustix::process::Pid::from_raw(escaped.parse().expect("a number")).expect("not zero");
    rustix::process::kill_process(escaped, rustix::process::Signal::KILL).expect("it is still there");
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let world = World::new();
    let check = async |command: &[&str], cause: &str, hint: &str| {
        let expected = format!("cannot start module `filter`: {cause}; {hint}");
        assert_eq!(world.process(command).rest().await, [expected]);
    };
    let manifest = "`run.command` in `modules/filter/module.json`";
    fs::write(world.folder.path().join("plain"), "x").expect("written");
    check(
        &["no-such-program", "x"],
        "there is no program `no-such-program`",
        &format!("install `no-such-program`, or name another program with {manifest}"),
    )
    .await;
    check(
        &["./plain"],
        "`./plain` may not be run",
        &format!("make it executable (`chmod +x ./plain`), or name another program with {manifest}"),
    )
    .await;
    check(&[], "its command is empty", &format!("name a program and its arguments under {manifest}")).await;
    fs::remove_dir_all(world.folder.path()).expect("removed");
    let folder = world.folder.path().display();
    check(
        &["sh"],
        &format!("its folder `{folder}` is not there"),
        "make the folder, or name another one under `run.cwd` in `modules/filter/module.json`",
    )
    .await;
    fs::write(world.folder.path(), "").expect("nothing is in its way");
    check(
        &["sh"],
        &format!("`{folder}`, where it is to run, is no folder"),
        "name another one under `run.cwd` in `modules/filter/module.json`",
    )
    .await;
    fs::remove_file(world.folder.path()).expect("it is there");
}

#[tokio::test]
async fn a_process_that_cannot_be_noted_is_not_left_running() {
    let world = World::new();
    fs::remove_file(world.ledger.path()).expect("it was there");
    fs::create_dir(world.ledger.path()).expect("a folder is in its way");
    let told = world.shell("sleep 1000").rest().await;
    let path = world.ledger.path().display();
    assert_eq!(
        told,
        [format!(
            "cannot start module `filter`: cannot note its process in `{path}`: Is a directory (os error 21); \
             make room on the disk, or make the folder writable"
        )]
    );
}

#[tokio::test]
async fn a_process_is_noted_while_it_runs() {
    let world = World::new();
    let mut started = world.shell("echo ready; read line < /dev/zero; sleep 1000");
    let InstanceEvent::Started { pid: Some(pid), .. } = started.next().await else { panic!("it starts") };
    let time = Birth::of(pid.cast_signed()).expect("it runs").time;
    assert_eq!(world.ledger_text(), format!(r#"{{"run":"run-1","started":{{"{pid}":{time}}}}}"#));
    started.instance.kill();
    started.rest().await;
    assert_eq!(world.ledger_text(), r#"{"run":"run-1","started":{}}"#);
}

/// A process as a killed edgectl leaves it, with a ledger that tells another start time by `shift`.
fn leftover(folder: &TempDir, run: &str, shift: u64) -> (std::process::Child, PathBuf) {
    let mut command = Command::new("sleep");
    command.arg("1000").env(RUN_ID, "run-1").process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().expect("started");
    // The system shows an environment only a moment after the start.
    while fs::read(format!("/proc/{}/environ", child.id())).expect("it runs").is_empty() {}
    let time = Birth::of(child.id().cast_signed()).expect("it runs").time + shift;
    let ledger = folder.path().join("children.json");
    let page = json!({ "run": run, "started": { child.id().to_string(): time } });
    fs::write(&ledger, page.to_string()).expect("written");
    (child, ledger)
}

#[tokio::test]
async fn what_a_killed_edgectl_left_is_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, ledger) = leftover(&folder, "run-1", 0);
    assert_eq!(clear_processes(&ledger).await.expect("readable"), [child.id().cast_signed()]);
    let status = child.wait().expect("it has ended");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(15));
    assert!(!ledger.exists());
    assert_eq!(clear_processes(&ledger).await.expect("no ledger, no leftovers"), [0; 0]);
}

#[tokio::test]
async fn a_process_that_only_has_the_number_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    for (run, shift) in [("run-1", 1), ("run-2", 0)] {
        let (mut child, ledger) = leftover(&folder, run, shift);
        assert_eq!(clear_processes(&ledger).await.expect("readable"), [0; 0], "{run}, {shift}");
        assert_eq!(child.try_wait().expect("ours"), None, "{run}, {shift}");
        child.kill().expect("ours");
        child.wait().expect("ours");
    }
    let ledger = folder.path().join("children.json");
    fs::write(&ledger, "{").expect("written");
    assert_eq!(clear_processes(&ledger).await.expect("removed"), [0; 0]);
}

#[tokio::test]
async fn an_engine_that_dies_is_told_as_a_loss() {
    let fake = FakeEngine::start(Creates::Always).await;
    let how = How::Container { engine: fake.engine.clone(), container: Box::new(spec(json!({}))) };
    let mut started = World::new().start(how);
    let lines = [started.line().await, started.line().await, started.line().await];
    assert_eq!(lines, ["one", "oops", "two"]);
    while !fake.requests().contains(&"POST /containers/new/wait".to_owned()) {
        tokio::task::yield_now().await;
    }
    drop(fake);
    let told = started.rest().await;
    assert_eq!(
        told,
        ["lost sight of module `filter`: lost container `s-d-filter`: \
          error reading a body from connection; see whether the container engine still runs with `docker info`; \
          start again with `edgectl simulate`, which removes what was left"]
    );
}

#[tokio::test]
async fn an_engine_that_hangs_does_not_keep_a_kill_waiting() {
    let fake = FakeEngine::start(Creates::Stalled).await;
    let how = How::Container { engine: fake.engine.clone(), container: Box::new(spec(json!({}))) };
    let started = World::new().start(how);
    started.instance.kill();
    assert_eq!(
        started.rest().await,
        ["cannot start module `filter`: the engine did not start container `s-d-filter` before it was to end; \
          see whether the container engine still runs with `docker info`"]
    );
}

#[tokio::test]
async fn a_container_without_an_image_is_not_started() {
    let fake = FakeEngine::start(Creates::Never).await;
    let how = How::Container { engine: fake.engine.clone(), container: Box::new(spec(json!({}))) };
    let told = World::new().start(how).rest().await;
    assert_eq!(
        told,
        ["cannot start module `filter`: cannot create container `s-d-filter`: No such image: filter:1; \
          build or pull `filter:1` first"]
    );
}
