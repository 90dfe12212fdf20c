//! An engine that dies, and images that it does not have. The engine is this test's own: a `dockerd` beside the
//! machine's, on a bridge of its own. (`--bridge=none` would remove the machine's `docker0`.)

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::support::Run;
use crate::support::parts::part;
use crate::support::site::{Site, template, until};

const ROUTE: &str = "FROM /messages/* INTO $upstream";

/// A private engine and its folder, which outlives it.
struct Dockerd {
    folder: tempfile::TempDir,
    child: Child,
}

impl Dockerd {
    /// Starts an engine on a network of that number; `None`, which is said, where the tests have none or may not.
    fn start(number: u8) -> Option<Self> {
        part("EDGECTL_TEST_ENGINE").and(part("EDGECTL_TEST_ROOT"))?;
        let folder = tempfile::tempdir().expect("the temporary folder can be written");
        let bridge = bridge_of(folder.path());
        ip(&["link", "add", &bridge, "type", "bridge"]);
        ip(&["addr", "add", &format!("10.254.{number}.1/24"), "dev", &bridge]);
        ip(&["link", "set", &bridge, "up"]);
        let child = spawn(folder.path());
        let engine = Self { folder, child };
        engine.wait();
        Some(engine)
    }

    fn wait(&self) {
        until("the engine answers", || self.answers());
    }

    fn answers(&self) -> bool {
        self.docker(&["version"]).output().is_ok_and(|output| output.status.success())
    }

    fn host(&self) -> String {
        format!("unix://{}/docker.sock", self.folder.path().display())
    }

    fn docker(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.args(arguments).env("DOCKER_HOST", self.host());
        command
    }

    /// Makes an image whose only program sleeps.
    fn import(&self, image: &str) {
        let mut command = self.docker(&[]);
        import_sleeper(&mut command, &self.folder.path().join("image.tar"), image);
    }

    /// Ends the engine under its containers, which live on.
    fn end(&mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
        self.child.wait().expect("it has ended");
    }

    fn start_again(&mut self) {
        self.child = spawn(self.folder.path());
        self.wait();
    }

    /// Returns the ids of the containers that run.
    fn running(&self) -> String {
        let output = self.docker(&["ps", "--quiet", "--no-trunc"]).output().expect("docker starts");
        String::from_utf8(output.stdout).expect("ids are text")
    }

    fn names(&self) -> String {
        let output = self.docker(&["ps", "--all", "--format", "{{.Names}}"]).output().expect("docker starts");
        String::from_utf8(output.stdout).expect("names are text")
    }
}

/// Has a docker command make an image whose only program sleeps, by way of a file.
pub(crate) fn import_sleeper(docker: &mut Command, file: &Path, image: &str) {
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_path_with_name("/bin/busybox", "bin/sleep").expect("busybox-static is installed");
    std::fs::write(file, archive.into_inner().expect("memory is there")).expect("written");
    docker.args(["import", "--change", "CMD [\"/bin/sleep\", \"100\"]"]).arg(file).arg(image);
    assert!(docker.output().expect("docker starts").status.success());
}

impl Drop for Dockerd {
    /// Ends its containers, too, where a failed test left some.
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            self.child = spawn(self.folder.path());
        }
        // No panic here: one may be under way.
        for _ in 0..200 {
            if self.answers() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        for name in self.names().lines() {
            let _ = self.docker(&["rm", "--force", name]).output();
        }
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
        // It mounts its folder over itself, which would keep the folder from being removed.
        let _ = Command::new("umount").arg("--lazy").arg(self.folder.path().join("data")).output();
        let _ = Command::new("ip").args(["link", "delete", &bridge_of(self.folder.path())]).output();
    }
}

/// Names the engine's bridge by its folder; names of network devices are short.
fn bridge_of(folder: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    folder.hash(&mut hasher);
    format!("ectl{:08x}", hasher.finish() as u32)
}

fn ip(arguments: &[&str]) {
    assert!(Command::new("ip").args(arguments).status().expect("iproute2 is installed").success(), "{arguments:?}");
}

fn spawn(folder: &Path) -> Child {
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    Command::new("dockerd")
        .args(["--host", &format!("unix://{}", path("docker.sock"))])
        .args(["--data-root", &path("data"), "--exec-root", &path("exec"), "--pidfile", &path("pid")])
        .args([
            &format!("--bridge={}", bridge_of(folder)),
            "--iptables=false",
            "--ip6tables=false",
            "--storage-driver=vfs",
            "--live-restore",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("dockerd is installed")
}

#[test]
fn an_engine_that_dies_is_told_and_its_containers_are_removed_later() {
    let site = Site::new().file("deployment.template.json", &template(&["m"], ROUTE));
    let Some(mut engine) = Dockerd::start(60) else { return };
    engine.import("localhost:1/m:1.0");
    let site = site.variable("DOCKER_HOST", &engine.host());
    let mut simulation = site.start("--runtime docker");
    simulation.line("the start", |_, line| line == "     Started m (container)");
    assert_eq!(engine.names(), "solution-solution-m\n");
    engine.end();
    simulation.line("the back-off", |_, line| line == "     Waiting to restart m");
    let ps = site.run("ps --json").json();
    assert_eq!(ps[0]["status"], json!("backoff"), "the rest goes on");
    site.run("stop").check(0, "", "     Stopped the simulation\n");
    let stderr = site.begins("solution")
        + "     Started m (container)
warning: lost sight of module `m`
  caused by: lost container `solution-solution-m`
  caused by: error reading a body from connection
hint: see whether the container engine still runs with `docker info`
hint: start again with `edgectl simulate`, which removes what was left
     Waiting to restart m
     Stopped m
error: cannot remove the containers of this simulation
  caused by: cannot list containers
  caused by: No such file or directory (os error 2)
hint: see whether the container engine still runs with `docker info`
hint: start the engine; the next `edgectl simulate` removes what is left
";
    simulation.end().check(3, "", &stderr);
    engine.start_again();
    let run = site.simulate("--runtime docker --fail-on exit --duration 1s");
    let stderr = format!(
        "     Removed containers that the last run left: solution-solution-m\n{}     Started m (container)\n       \
         Ended m (exit code 137)\n",
        site.begins("solution")
    );
    run.check(0, "", &stderr);
    assert_eq!(engine.names(), "");
}

#[test]
fn an_engine_that_is_started_again_gets_its_containers_back() {
    let site = Site::new().file("deployment.template.json", &template(&["m"], ROUTE));
    let Some(mut engine) = Dockerd::start(62) else { return };
    engine.import("localhost:1/m:1.0");
    let site = site.variable("DOCKER_HOST", &engine.host());
    let mut simulation = site.start_ready("--runtime docker --time-scale 10");
    simulation.record("the start", |r| r["type"] == "module" && r["status"] == "running");
    let first = engine.running();
    engine.end();
    simulation.record("the back-off", |r| r["type"] == "module" && r["status"] == "backoff");
    site.done(&["send", "m/inputs/in", "--data", "waits"]);
    engine.start_again();
    simulation.record("the return", |r| r["type"] == "module" && r["status"] == "running" && r["restarts"] != 0);
    let second = engine.running();
    assert_eq!((first.lines().count(), second.lines().count()), (1, 1));
    assert_ne!(first, second, "the one that nobody saw any more is gone");
    simulation.interrupt();
    assert_eq!(engine.names(), "");
}

/// Compares a run, but for the causes: the engine's own words, which differ from version to version.
#[track_caller]
fn check_but_causes(run: &Run, status: i32, stderr: &str) {
    let (causes, rest): (Vec<_>, Vec<_>) = run.stderr.lines().partition(|line| line.starts_with("  caused by: "));
    assert!(causes.iter().any(|cause| cause.contains("connection refused")), "{causes:#?}");
    Run { stdout: run.stdout.clone(), stderr: rest.join("\n") + "\n", status: run.status }.check(status, "", stderr);
}

#[test]
fn an_image_that_cannot_be_had_is_told() {
    let site = Site::new().file("deployment.template.json", &template(&["m"], ROUTE));
    let Some(engine) = Dockerd::start(61) else { return };
    let site = site.variable("DOCKER_HOST", &engine.host());
    let stderr = "\
error: cannot pull `localhost:1/m:1.0`
hint: see whether the registry `localhost:1` is up and can be reached from the engine
hint: leave the module out with `--without m`, or run it with `--runtime m=process`
";
    check_but_causes(&site.simulate("--runtime docker"), 4, stderr);
    let never = template(&["m"], ROUTE).replace(
        "\"restartPolicy\": \"always\",\n            \"settings\"",
        "\"restartPolicy\": \"always\", \"imagePullPolicy\": \"never\",\n            \"settings\"",
    );
    let site = site.file("deployment.template.json", &never);
    let stderr = "\
error: the image of `m` is missing
  caused by: the engine has no `localhost:1/m:1.0`, and its `imagePullPolicy` is `never`
hint: fetch it with `docker pull localhost:1/m:1.0`
";
    site.simulate("--runtime docker").check(3, "", stderr);
    let module = r#"{"image": {"repository": "localhost:1/m", "tag": {"version": "1.0", "platforms": {"amd64": "Dockerfile"}}}}"#;
    let site = site
        .file("deployment.template.json", &template(&["m"], ROUTE).replace("localhost:1/m:1.0", "${MODULES.m.amd64}"))
        .file("modules/m/module.json", module)
        .file("modules/m/Dockerfile", "FROM localhost:1/base:1\n");
    let stderr = "\
error: the image of `m` is missing
  caused by: `localhost:1/m:1.0-amd64` is not built yet, and `--no-build` is given
hint: build it with `edgectl build m`, or leave `--no-build` out
";
    site.simulate("--runtime docker --no-build").check(1, "", stderr);
    let stderr = "\
error: cannot build `localhost:1/m:1.0-amd64`
hint: see whether the registry `localhost:1` is up and can be reached from the engine
hint: correct `FROM` in `modules/m/Dockerfile` if another image is meant
";
    check_but_causes(&site.simulate("--runtime docker"), 4, stderr);
}
