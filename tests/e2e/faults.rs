//! What the world does to a simulation: ports taken, engines gone, disks full, programs killed.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::engine::Engine;
use crate::parts::part;
use crate::program::Sdk;
use crate::simulation::{Simulation, address};
use crate::solution::Solution;

#[test]
fn a_port_in_use_is_told_with_its_owner() {
    let address = address();
    let _taken = TcpListener::bind((address.as_str(), 8883)).expect("nobody else has this address");
    let id = std::process::id();
    let name = fs::read_to_string(format!("/proc/{id}/comm")).expect("this process runs");
    let stderr = format!(
        "error: cannot listen on `{address}:8883`\n  caused by: `{}` (pid {id}) listens there\n\
         hint: end that process (`kill {id}`), or pass `--address auto` to take a free loopback address\n",
        name.trim()
    );
    Solution::empty().run(&format!("simulate --demo --address {address}")).check(3, "", &stderr);
}

#[test]
fn a_second_simulation_of_a_solution_is_refused() {
    let solution = Solution::empty();
    let simulation = Simulation::start(&solution, "--demo");
    let (folder, id) = (solution.path("").canonicalize().expect("it is there"), simulation.pid().as_raw_nonzero());
    let stderr = format!(
        "error: a simulation of `{}` runs already\n  caused by: process {id} holds `.edgectl/lock`\n\
         hint: look at it with `edgectl ps`, or end it with `edgectl stop`\n",
        folder.display()
    );
    solution.run(&format!("simulate --demo --address {}", address())).check(3, "", &stderr);
}

#[test]
fn a_module_that_exits_at_once_ends_the_run_if_asked() {
    let solution = solution_of("false");
    let run = solution.run(&format!("simulate --fail-on exit --json --address {}", address()));
    let error = "{\"error\":{\"message\":\"module `x` ended with exit code 1\",\"causes\":[],\
        \"hints\":[\"see above what it said\"]}}\n";
    assert_eq!((run.status, run.stderr.as_str()), (Some(4), error));
}

#[test]
fn a_module_that_exits_at_once_waits_for_its_restart() {
    let solution = solution_of("false");
    let mut simulation = Simulation::start(&solution, "");
    simulation.wait_for(|r| r["type"] == "module" && r["status"] == "backoff" && r["exitCode"] == 1);
    assert_eq!(simulation.interrupt().status.code(), Some(130));
}

#[test]
fn without_an_engine_containers_are_refused() {
    let solution = Solution::with_variables(&[("DOCKER_HOST", "unix:///nowhere.sock".to_owned())]);
    solution.done(&["new", "module", "x", "-t", "image", "--set", "image=example/x:1", "--yes"]);
    let stderr = "\
error: the container engine at `/nowhere.sock` is not running
  caused by: there is no socket `/nowhere.sock`
hint: start the engine that `DOCKER_HOST` names, or run modules without containers: `edgectl simulate --runtime process`
";
    solution.run(&format!("simulate --runtime docker --address {}", address())).check(3, "", stderr);
}

#[test]
fn an_image_that_nobody_has_is_refused() {
    let Some(registry) = part("EDGECTL_TEST_ENGINE").and(part("EDGECTL_TEST_REGISTRY")) else { return };
    let solution = Solution::new();
    let image = format!("{registry}/nobody/nothing:1");
    solution.done(&["new", "module", "x", "-t", "image", "--set", &format!("image={image}"), "--yes"]);
    let stderr = format!(
        "error: cannot pull `{image}`\n  \
         caused by: manifest for {image} not found: manifest unknown: manifest unknown\n\
         hint: correct the image's name and tag\n\
         hint: leave the module out with `--without x`, or run it with `--runtime x=process`\n"
    );
    solution.run(&format!("simulate --runtime docker --address {}", address())).check(4, "", &stderr);
}

#[test]
fn what_a_dead_engine_ran_is_removed_at_the_next_start() {
    let Some(image) = part("EDGECTL_TEST_ENGINE").and(part("EDGECTL_TEST_BASE_PYTHON")) else { return };
    let folder = tempfile::tempdir().expect("the temporary folder can be written");
    let socket = folder.path().join("engine.sock");
    let solution = Solution::with_variables(&[("DOCKER_HOST", format!("unix://{}", socket.display()))]);
    let name = format!("died{}", std::process::id());
    solution.done(&["new", "module", &name, "-t", "image", "--set", &format!("image={image}"), "--yes"]);
    let command = "createOptions: {Cmd: [sleep, '1000']}";
    solution.write("edgectl.yaml", &format!("modules:\n  {name}: {{{command}}}\n"));

    let engine = Engine::at(&socket);
    let mut simulation = Simulation::start(&solution, "--runtime docker");
    simulation.wait_for(|r| r["type"] == "module" && r["status"] == "running");
    engine.die();
    simulation.wait_for(|r| r["type"] == "module" && r["status"] == "backoff");
    assert_eq!(simulation.interrupt().status.code(), Some(130));
    assert_eq!(containers(&name).len(), 1);

    let _engine = Engine::at(&socket);
    let left = containers(&name);
    let mut simulation = Simulation::start(&solution, "--runtime docker");
    simulation.wait_for(|r| r["type"] == "module" && r["status"] == "running");
    let new = containers(&name);
    assert_eq!(new.len(), 1);
    assert_ne!(new, left);
    simulation.interrupt();
    assert_eq!(containers(&name), [""; 0]);
}

#[test]
fn garbage_on_every_door_disturbs_nobody() {
    let folder = tempfile::tempdir().expect("the temporary folder can be written");
    let runtime = folder.path().display().to_string();
    let solution = Solution::empty_with(&[("XDG_RUNTIME_DIR", runtime)]);
    let mut simulation = Simulation::start(&solution, "--demo");
    simulation.wait_for_message("filter", "$upstream");
    let address = simulation.ready["address"].as_str().expect("it says where it listens");
    for port in simulation.ready["ports"].as_object().expect("it says its ports").values() {
        let port = port.as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port");
        disturb(TcpStream::connect((address, port)).expect("it listens"));
    }
    let doors = sockets(folder.path());
    assert_eq!(doors.len(), 3, "one for control, one for each module: {doors:?}");
    for door in doors {
        disturb(UnixStream::connect(door).expect("it listens"));
    }
    let seen = solution.json("ps")[0]["messages"]["out"].as_u64();
    solution.ask_until("ps", |rows| rows[0]["messages"]["out"].as_u64() > seen);
    let ended = simulation.interrupt();
    assert_eq!(ended.status.code(), Some(130), "{}", ended.stderr);
}

#[test]
fn a_message_that_is_too_large_closes_the_connection_and_nothing_else() {
    let Some(python) = Sdk::python() else { return };
    let solution = Solution::empty();
    let mut simulation = Simulation::start(&solution, "--external x");
    let told = python.start(&credentials(&solution, "x"), "large.py", &[]).told();
    assert_eq!(told, [json!({"event": "connected"}), json!({"event": "closed"})]);
    let mut program = python.start(&credentials(&solution, "x"), python.module, &[]);
    program.event("connected");
    program.step("send output1 1");
    assert_eq!(simulation.wait_for_message("x", "$upstream")["body"], 1);
}

#[test]
fn what_was_acknowledged_outlives_a_kill() {
    let Some(python) = Sdk::python() else { return };
    let solution = Solution::empty();
    let simulation = Simulation::start(&solution, "--external x");
    for number in 1..=3 {
        solution.done(&["send", "x/inputs/input1", "--data", &number.to_string()]);
    }
    simulation.kill();
    let _simulation = Simulation::start(&solution, "--external x");
    let mut program = python.start(&credentials(&solution, "x"), python.module, &[]);
    let bodies: Vec<_> = (1..=3).map(|_| program.event("input")["body"].clone()).collect();
    assert_eq!(bodies, [json!("1"), json!("2"), json!("3")]);
}

#[test]
fn children_of_a_killed_edgectl_are_ended_at_the_next_start() {
    let solution = Solution::empty();
    let simulation = Simulation::start(&solution, "--demo");
    let pids =
        |rows: &Value| rows.as_array().expect("a list").iter().map(|row| row["pid"].as_u64()).collect::<Vec<_>>();
    let left = pids(&solution.ask_until("ps", |rows| rows[0]["connected"] == true && rows[1]["connected"] == true));
    simulation.kill();
    let _simulation = Simulation::start(&solution, "--demo");
    for pid in left {
        let pid = pid.expect("a process has a pid");
        assert!(!Path::new(&format!("/proc/{pid}/exe")).exists(), "{pid} still runs");
    }
}

#[test]
fn a_read_only_folder_is_refused() {
    let solution = Solution::empty();
    let Some(disk) = Disk::mount(&solution.path(""), "ro") else { return };
    let state = disk.0.join(".edgectl");
    let stderr = format!(
        "error: cannot make the state folder `{}`\n  caused by: Read-only file system (os error 30)\n\
         hint: make the solution's folder writable\n",
        state.display()
    );
    solution.run(&format!("simulate --demo --address {}", address())).check(3, "", &stderr);
}

#[test]
fn a_full_disk_ends_the_run_before_anything_is_lost() {
    let solution = Solution::empty();
    let Some(disk) = Disk::mount(&solution.path(""), "size=512k") else { return };
    let mut simulation = Simulation::start(&solution, "--demo");
    simulation.wait_for_message("filter", "$upstream");
    let mut filler = fs::File::create(disk.0.join("filler")).expect("there is room yet");
    while filler.write_all(&[0; 1024]).is_ok() {}
    let ended = simulation.wait();
    let error: Value = serde_json::from_str(ended.stderr.lines().last().unwrap_or_default()).expect("a document");
    assert_eq!((ended.status.code(), &error["error"]["message"]), (Some(3), &json!("cannot store messages any more")));
    assert_eq!(error["error"]["causes"][1], "No space left on device (os error 28)");

    drop(filler);
    fs::remove_file(disk.0.join("filler")).expect("it was made above");
    Simulation::start(&solution, "--demo").wait_for_message("filter", "$upstream");
}

/// A small disk of its own on a folder, until the end of the test.
struct Disk(PathBuf);

impl Disk {
    fn mount(folder: &Path, options: &str) -> Option<Self> {
        part("EDGECTL_TEST_ROOT")?;
        let folder = folder.canonicalize().expect("it is there");
        let mut mount = Command::new("mount");
        let status = mount.args(["-t", "tmpfs", "-o", options, "edgectl-tests"]).arg(&folder).status();
        assert!(status.expect("there is a program `mount`").success());
        Some(Self(folder))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: what still runs in it ends on its own.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Sends what no protocol begins with, and reads until the other side closes.
fn disturb(mut door: impl Read + Write) {
    let garbage: Vec<u8> = (0..4096_u32).map(|n| (n * 167 % 251) as u8).collect();
    // The other side may close at the first byte.
    let _ = door.write_all(&garbage);
    let _ = door.write_all(b"\r\n\r\n");
    let _ = door.read_to_end(&mut Vec::new());
}

fn sockets(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("it can be read").map(|entry| entry.expect("an entry").path());
    let found = entries.flat_map(|path| if path.is_dir() { sockets(&path) } else { vec![path] });
    found.filter(|path| path.extension().is_some_and(|e| e == "sock")).collect()
}

/// Lists the ids of containers whose name holds this.
fn containers(name: &str) -> Vec<String> {
    let filter = format!("name={name}");
    let output = Command::new("docker").args(["ps", "--all", "--quiet", "--filter", &filter]).output();
    let output = output.expect("the client of the engine is there");
    String::from_utf8(output.stdout).expect("ids are ASCII").lines().map(str::to_owned).collect()
}

fn credentials(solution: &Solution, module: &str) -> String {
    let run = solution.run(&format!("credentials {module} --auth connection-string"));
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    run.stdout
}

fn solution_of(program: &str) -> Solution {
    let solution = Solution::new();
    solution.done(&["new", "module", "x", "-t", "image", "--set", "image=example/x:1", "--yes"]);
    solution.write("edgectl.yaml", &format!("modules:\n  x: {{runtime: process, command: ['{program}']}}\n"));
    solution
}
