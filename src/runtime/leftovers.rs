//! What a killed edgectl left behind, and ending it.
//!
//! Processes are noted in a small file while they run. A number alone is not proof, since the system uses numbers
//! again: a process is ended only if its number, its start time and the run's id in its environment all agree with
//! the file. Containers and networks are known by their label. Whoever clears must hold the solution's
//! [`lock`](crate::store::lock), or it would end what a living edgectl has started.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};

use crate::engine::{Engine, container, network};
use crate::failure::Outcome;
use crate::store::{self, Durability};

/// The variable that carries the run's id into every child.
pub(super) const RUN_ID: &str = "EDGECTL_RUN_ID";

/// How long a leftover has to end by itself.
const GRACE: Duration = Duration::from_secs(2);

/// The processes of this run, as a file that outlives it.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    run: String,
    started: Mutex<BTreeMap<i32, u64>>,
}

/// What the file holds: the run's id, and the start time of each process by its number.
#[derive(Debug, Serialize, Deserialize)]
struct Page {
    run: String,
    started: BTreeMap<i32, u64>,
}

/// What was removed from the engine, by name.
#[derive(Debug, PartialEq, Eq)]
pub struct Removed {
    /// Containers.
    pub containers: Vec<String>,
    /// Networks.
    pub networks: Vec<String>,
}

impl Ledger {
    /// Starts the ledger of a run, replacing an older one; `run` must be unique.
    pub fn create(path: PathBuf, run: String) -> io::Result<Arc<Self>> {
        let ledger = Self { path, run, started: Mutex::default() };
        ledger.save(&ledger.started())?;
        Ok(Arc::new(ledger))
    }

    /// Returns the run's id.
    pub fn run_id(&self) -> &str {
        &self.run
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn add(&self, process: Pid) -> io::Result<()> {
        let pid = process.as_raw_nonzero().get();
        // Where the system has no `/proc` nothing can be proved later, so nothing is noted.
        let Some(birth) = Birth::of(pid) else { return Ok(()) };
        let mut started = self.started();
        started.insert(pid, birth.time);
        self.save(&started)
    }

    pub(super) fn remove(&self, process: Pid) {
        let mut started = self.started();
        started.remove(&process.as_raw_nonzero().get());
        // A process too many in the file is harmless: its number and start time will agree with nothing.
        let _ = self.save(&started);
    }

    fn started(&self) -> MutexGuard<'_, BTreeMap<i32, u64>> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn save(&self, started: &BTreeMap<i32, u64>) -> io::Result<()> {
        let page = Page { run: self.run.clone(), started: started.clone() };
        store::save(&self.path, &serde_json::to_vec(&page)?, Durability::Process)
    }
}

/// Ends the processes that an earlier run noted in its ledger, with their groups, and removes the ledger.
///
/// A ledger that cannot be understood proves nothing and is removed. Returns the processes that were ended.
pub async fn clear_processes(ledger: &Path) -> io::Result<Vec<i32>> {
    let Some(bytes) = store::load(ledger)? else { return Ok(Vec::new()) };
    let mut ended = Vec::new();
    if let Ok(page) = serde_json::from_slice::<Page>(&bytes) {
        let ours = page.started.into_iter().filter(|(pid, time)| is_ours(*pid, *time, &page.run));
        ended = ours.map(|(pid, _)| pid).collect();
    }
    end(&ended).await;
    fs::remove_file(ledger)?;
    Ok(ended)
}

/// Removes the containers and networks that carry the label of a simulation.
pub async fn clear_containers(engine: &Engine, simulation: &str) -> Outcome<Removed> {
    let containers = container::remove_labelled(engine, simulation).await?;
    let networks = network::remove_labelled(engine, simulation).await?;
    Ok(Removed { containers, networks })
}

async fn end(pids: &[i32]) {
    let groups = || pids.iter().filter_map(|pid| Pid::from_raw(*pid));
    let is_alive = |group: Pid| Birth::of(group.as_raw_nonzero().get()).is_some_and(|birth| !birth.is_zombie);
    for group in groups() {
        // One that has just ended needs no signal.
        let _ = kill_process_group(group, Signal::TERM);
    }
    let gone = async {
        while groups().any(is_alive) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // The others of a group may be slower than the one that leads it, so all get the last word.
    let _ = tokio::time::timeout(GRACE, gone).await;
    for group in groups() {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

fn is_ours(pid: i32, time: u64, run: &str) -> bool {
    let is_same = || Birth::of(pid).is_some_and(|birth| birth.time == time);
    let variable = format!("{RUN_ID}={run}");
    let carries_id = |environment: Vec<u8>| environment.split(|byte| *byte == 0).any(|v| v == variable.as_bytes());
    is_same() && fs::read(format!("/proc/{pid}/environ")).is_ok_and(carries_id)
}

/// What tells a process from another one that has its number later.
#[derive(Debug)]
pub(super) struct Birth {
    /// In ticks since the machine started.
    pub(super) time: u64,
    pub(super) is_zombie: bool,
}

impl Birth {
    pub(super) fn of(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Self::parse(&stat)
    }

    /// The program's name stands in brackets and may hold blanks and brackets itself, so fields count from its end.
    fn parse(stat: &str) -> Option<Self> {
        let (_, rest) = stat.rsplit_once(')')?;
        let mut fields = rest.split_ascii_whitespace();
        let is_zombie = fields.next()? == "Z";
        let time = fields.nth(18)?.parse().ok()?;
        Some(Self { time, is_zombie })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_time_is_found_whatever_the_program_is_called() {
        let numbers: Vec<String> = (4..=52).map(|field| field.to_string()).collect();
        let birth = Birth::parse(&format!("7 (a) b (c)) S {}", numbers.join(" "))).expect("it is whole");
        assert_eq!((birth.time, birth.is_zombie), (22, false));
        assert!(Birth::parse("7 (a) S 1 2").is_none());
        assert!(Birth::of(std::process::id().cast_signed()).is_some());
    }
}
