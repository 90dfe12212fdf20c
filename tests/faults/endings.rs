//! How simulations end, and what they leave.

use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::lines::Stream;
use crate::support::simulation::Simulation;
use crate::support::site::{Site, is_alive, until};
use crate::support::wire::Client;

/// A module that says when it can be ended, and ends gently.
const GENTLE: &str = "trap 'echo bye; exit 0' TERM; echo up; sleep 60 & wait";
/// A module that does not listen.
const DEAF: &str = "trap '' TERM; echo up; while :; do sleep 1; done";

fn is_up(record: &Value) -> bool {
    record["type"] == "log" && record["line"] == "up"
}

fn pid_of(simulation: &mut Simulation, module: &str) -> u64 {
    let record = simulation.record("the module's process", |r| r["name"] == module && r["pid"].is_u64());
    record["pid"].as_u64().expect("it is a number")
}

/// Starts a simulation by way of another program, which decides what it hears of signals.
fn start_by(program: &[&str], site: &Site) -> Simulation {
    let plain = site.folder.command(&["simulate", "--address", &site.address, "--json"]);
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).arg(plain.get_program()).args(plain.get_args()).current_dir(site.root());
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Simulation::spawn(&mut command)
}

#[test]
fn ctrl_c_sigterm_and_a_closed_terminal_are_gentle() {
    let ends = [
        (Signal::INT, 130, "press Ctrl-C", "interrupted"),
        (Signal::TERM, 143, "send the signal", "terminated"),
        (Signal::HUP, 143, "send the signal", "terminated"),
    ];
    for (signal, status, again, word) in ends {
        let site = Site::with_modules(&[("m", GENTLE)]);
        // Whoever runs these tests may have closed its ears to the end of the terminal.
        let mut simulation = start_by(&["env", "--default-signal=HUP"], &site);
        let module = pid_of(&mut simulation, "m");
        simulation.record("a module that is up", is_up);
        simulation.signal(signal);
        simulation.record("its last words", |r| r["line"] == "bye");
        let run = simulation.end();
        assert!(!is_alive(module));
        let stderr = format!(
            "    Stopping the modules; {again} again to end them at once\n\
             {{\"error\":{{\"message\":\"{word}\",\"causes\":[],\"hints\":[]}}}}\n"
        );
        assert_eq!((run.status, run.stderr), (Some(status), stderr));
        assert!(!site.folder.path(".edgectl/run.json").exists(), "nothing seems to run");
    }
}

#[test]
fn nohup_lets_a_simulation_outlive_its_terminal() {
    let site = Site::with_modules(&[("m", GENTLE)]);
    let mut simulation = start_by(&["nohup"], &site);
    simulation.record("a module that is up", is_up);
    simulation.signal(Signal::HUP);
    site.run("stop").check(0, "", "     Stopped the simulation\n");
    assert_eq!(simulation.end().status, Some(0));
}

#[test]
fn ctrl_c_in_the_foreground_says_what_happens() {
    let site = Site::with_modules(&[("m", GENTLE)]);
    let mut simulation = site.start("");
    let started = simulation.line("the start", |_, line| line.contains("Started"));
    simulation.line("a module that is up", |_, line| line == "m | up");
    simulation.signal(Signal::INT);
    let stderr = format!(
        "{}{started}\nm | up\n    Stopping the modules; press Ctrl-C again to end them at once\nm | bye\n     \
         Stopped m\nerror: interrupted\n",
        site.begins("solution")
    );
    simulation.end().check(130, "", &stderr);
}

#[test]
fn a_second_ctrl_c_ends_everything_at_once() {
    let site = Site::with_modules(&[("m", DEAF)]);
    let mut simulation = site.start_ready("");
    let module = pid_of(&mut simulation, "m");
    simulation.record("a module that is up", is_up);
    simulation.signal(Signal::INT);
    simulation.line("the gentle end", |stream, line| stream == Stream::Stderr && line.contains("Stopping"));
    simulation.signal(Signal::INT);
    let began = std::time::Instant::now();
    assert_eq!(simulation.end().status, Some(130));
    assert!(began.elapsed().as_secs() < 9, "nobody waited for the grace of 10 s");
    assert!(!is_alive(module));
}

#[test]
fn a_duration_and_stop_end_well() {
    let site = Site::with_modules(&[("m", GENTLE)]);
    let run = site.simulate("--duration 300ms --quiet");
    assert_eq!((run.status, run.stderr.lines().last()), (Some(0), Some("m | bye")));
    let mut simulation = site.start_ready("");
    simulation.record("a module that is up", is_up);
    site.run("stop").check(0, "", "     Stopped the simulation\n");
    let run = simulation.end();
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_reader_that_goes_away_ends_the_simulation() {
    let site = Site::with_modules(&[("m", "while :; do echo x; sleep 0.01; done")]);
    let mut command = site.folder.command(&["simulate", "--address", &site.address, "--json"]);
    let mut child = command.stderr(Stdio::piped()).spawn().expect("started");
    let mut first = String::new();
    let mut reader = std::io::BufReader::new(child.stdout.take().expect("piped"));
    std::io::BufRead::read_line(&mut reader, &mut first).expect("a record");
    assert!(first.starts_with("{\"type\":\"ready\""), "{first}");
    drop(reader);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
    assert!(!site.folder.path(".edgectl/run.json").exists(), "nothing seems to run");
}

#[test]
fn what_a_killed_edgectl_left_is_cleaned() {
    let site = Site::with_modules(&[("m", DEAF)]);
    let mut simulation = site.start_ready("");
    let module = pid_of(&mut simulation, "m");
    simulation.record("a module that is up", is_up);
    simulation.signal(Signal::KILL);
    drop(simulation);
    assert!(is_alive(module), "nobody was left to end it");
    let nothing_runs = "error: no simulation runs for this folder\nhint: start one with `edgectl simulate --detach`\n";
    for command in ["ps", "stop", "send m/inputs/i --data x", "twin show m", "monitor"] {
        site.run(command).check(1, "", nothing_runs);
    }
    let mut simulation = site.start_ready("");
    assert!(!is_alive(module));
    assert_ne!(pid_of(&mut simulation, "m"), module);
    simulation.record("a module that is up", is_up);
    simulation.signal(Signal::INT);
    simulation.line("the gentle end", |stream, line| stream == Stream::Stderr && line.contains("Stopping"));
    simulation.signal(Signal::INT);
    assert_eq!(simulation.end().stderr, {
        "       Ended 1 process that the last run left\n    Stopping the modules; press Ctrl-C again to end them at once\n\
         {\"error\":{\"message\":\"interrupted\",\"causes\":[],\"hints\":[]}}\n"
    });
}

#[test]
fn acknowledged_messages_survive_a_kill() {
    let site = Site::new();
    let simulation = site.start_ready("--external m --device d");
    let bodies: Vec<String> = (0..20).map(|n| format!("{{\"n\":{n}}}")).collect();
    for body in &bodies {
        let run = site.folder.run_args(&["send", "m/inputs/i", "--data", body]);
        assert_eq!(run.status, Some(0), "{}", run.stderr);
    }
    simulation.signal(Signal::KILL);
    drop(simulation);
    let mut simulation = site.start_ready("--external m --device d");
    simulation.line("what is kept", |_, line| {
        line == "        Kept 20 messages of the last run (forget them with `--reset`)"
    });
    let mut client = Client::login(&site, "m");
    assert_eq!(client.receive_inputs(20), bodies);
    until("all are done", || site.run("ps --json").json()[0]["messages"]["in"] == 20);
}
