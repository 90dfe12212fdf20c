//! A solution and its simulation at an address of their own, so that tests run beside each other.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::lines::PATIENCE;
use super::simulation::Simulation;
use super::{Folder, Run};

/// A solution's folder, and the loopback address that its simulation listens on.
pub(crate) struct Site {
    pub(crate) folder: Folder,
    pub(crate) address: String,
}

impl Site {
    /// An empty folder `solution`.
    pub(crate) fn new() -> Self {
        Self::of(Folder::new())
    }

    /// What `edgectl new solution` makes.
    ///
    /// Its name is that of no other: containers and networks of all tests live in one engine.
    pub(crate) fn scaffolded() -> Self {
        Self::scaffolded_as(&format!("s{}-{}", std::process::id(), next()))
    }

    /// The same, under that name.
    pub(crate) fn scaffolded_as(name: &str) -> Self {
        let site = Self::of(Folder::named(name));
        let mut command = site.folder.command(&["new", "solution", name, "--yes", "--quiet"]);
        Run::of(command.current_dir(site.folder.above()), "").check(0, "", "");
        site
    }

    /// A solution whose modules are programs for `sh`, all of them started always.
    pub(crate) fn with_modules(modules: &[(&str, &str)]) -> Self {
        let names: Vec<&str> = modules.iter().map(|(name, _)| *name).collect();
        let yaml: String = modules
            .iter()
            .map(|(name, script)| format!("  {name}: {{runtime: process, command: [sh, -c, {script:?}]}}\n"))
            .collect();
        Self::new()
            .file("deployment.template.json", &template(&names, "FROM /messages/* INTO $upstream"))
            .file("edgectl.yaml", &format!("modules:\n{yaml}"))
    }

    fn of(folder: Folder) -> Self {
        let runtime = folder.above().join("run");
        std::fs::create_dir(&runtime).expect("a new folder");
        Self { folder: folder.variable("XDG_RUNTIME_DIR", &runtime.to_string_lossy()), address: own_address() }
    }

    #[must_use]
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        self.folder.write(path, text);
        self
    }

    #[must_use]
    pub(crate) fn variable(self, name: &str, value: &str) -> Self {
        self.variables(&[(name, value.to_owned())])
    }

    /// Sets variables of the environment that edgectl and what it starts see.
    #[must_use]
    pub(crate) fn variables(mut self, variables: &[(&str, String)]) -> Self {
        self.folder.variables.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        self
    }

    /// Returns the folder's path as messages show it.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path("x").parent().expect("it stands in the folder").to_owned()
    }

    pub(crate) fn run(&self, arguments: &str) -> Run {
        self.folder.run(arguments)
    }

    /// Runs `edgectl` and checks that it did what it was told.
    #[track_caller]
    pub(crate) fn done(&self, arguments: &[&str]) {
        let run = self.folder.run_args(arguments);
        assert_eq!(run.status, Some(0), "{arguments:?}: {}", run.stderr);
    }

    /// Runs `edgectl` and returns the JSON document that it printed.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &str) -> Value {
        self.run(&format!("{arguments} --json")).json()
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

    /// Returns the line that a simulation of this device begins with.
    pub(crate) fn begins(&self, device: &str) -> String {
        format!("  Simulating device `{device}` at {} (MQTT 8883, AMQP 5671, HTTPS 443)\n", self.address)
    }

    /// Runs `edgectl simulate` at the site's address to its end.
    pub(crate) fn simulate(&self, arguments: &str) -> Run {
        self.run(&format!("simulate --address {} {arguments}", self.address))
    }

    /// Starts `edgectl simulate` at the site's address and stays beside it.
    pub(crate) fn start(&self, arguments: &str) -> Simulation {
        let mut words = vec!["simulate", "--address", &self.address];
        words.extend(arguments.split_whitespace());
        Simulation::spawn(&mut self.folder.command(&words))
    }

    /// Starts `edgectl simulate --json` and returns once it is ready.
    #[track_caller]
    pub(crate) fn start_ready(&self, arguments: &str) -> Simulation {
        let mut simulation = self.start(&format!("{arguments} --json"));
        simulation.ready = simulation.record("ready", |record| record["type"] == "ready");
        simulation
    }

    /// Starts `edgectl simulate --detach` with consent to everything; returns when all modules are connected.
    #[track_caller]
    pub(crate) fn start_detached(&self, arguments: &str) {
        let run = self.simulate(&format!("--detach --wait connected --yes {arguments}"));
        assert_eq!(run.status, Some(0), "{}", run.stderr);
    }
}

impl Drop for Site {
    /// Ends what still runs in the background.
    fn drop(&mut self) {
        if self.folder.path(".edgectl/run.json").exists() {
            drop(self.run("stop"));
        }
    }
}

/// Returns a loopback address that no other test of this machine has: the fixed ports of the hub allow one each.
fn own_address() -> String {
    let process = std::process::id();
    format!("127.{}.{}.{}", 64 + process / 256 % 128, process % 256, next())
}

/// Returns numbers from 1 on, each once in this process.
fn next() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Returns a deployment template with these modules and one route.
pub(crate) fn template(modules: &[&str], route: &str) -> String {
    let module = |name: &&str| {
        format!(
            r#"          "{name}": {{
            "type": "docker", "status": "running", "restartPolicy": "always",
            "settings": {{ "image": "localhost:1/{name}:1.0" }}
          }}"#
        )
    };
    let modules: Vec<String> = modules.iter().map(module).collect();
    format!(
        r#"{{
  "modulesContent": {{
    "$edgeAgent": {{
      "properties.desired": {{
        "schemaVersion": "1.1",
        "runtime": {{ "type": "docker", "settings": {{ "minDockerVersion": "v1.25" }} }},
        "systemModules": {{
          "edgeAgent": {{ "type": "docker", "settings": {{ "image": "agent:1" }} }},
          "edgeHub": {{
            "type": "docker", "status": "running", "restartPolicy": "always", "settings": {{ "image": "hub:1" }}
          }}
        }},
        "modules": {{
{}
        }}
      }}
    }},
    "$edgeHub": {{
      "properties.desired": {{
        "schemaVersion": "1.1",
        "routes": {{
          "all": "{route}"
        }},
        "storeAndForwardConfiguration": {{ "timeToLiveSecs": 7200 }}
      }}
    }}
  }}
}}
"#,
        modules.join(",\n")
    )
}

/// Waits until something is so, for what no program tells of.
#[track_caller]
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Says whether a process runs; one that has ended and that nobody has looked after does not.
pub(crate) fn is_alive(pid: u64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
