//! What instances use of the machine: of containers their engine tells, of processes `/proc`.

use std::fs;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::engine::container::{Container, Share, Usage};

/// How long an engine may take; what it has not told by then is left out.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whose usage is read.
#[derive(Debug, Clone)]
pub enum Meter {
    /// A container's.
    Container(Container),
    /// That of the processes in a group.
    Group(u32),
    /// That of this process.
    Own,
}

/// A process, as `/proc` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    pid: u32,
    group: u32,
    /// Clock ticks of processors, in user code and in the kernel.
    ticks: u64,
    threads: u64,
}

/// Reads all meters at the same moment; `None` where there is nothing any more.
pub async fn read_usage(meters: Vec<Meter>) -> Vec<Option<Usage>> {
    let processes = match meters.iter().all(|meter| matches!(meter, Meter::Container(_))) {
        true => Vec::new(),
        false => spawn_blocking(processes).await.unwrap_or_default(),
    };
    let total = fs::read_to_string("/proc/stat").ok().and_then(|stat| processors(&stat)).map(|share| share.of);
    let members = |wanted: &dyn Fn(&Process) -> bool| -> Option<Usage> {
        let members: Vec<Process> = processes.iter().copied().filter(|process| wanted(process)).collect();
        (!members.is_empty()).then(|| usage_of(&members, total))
    };
    let readings = meters.iter().map(|meter| async {
        match meter {
            Meter::Container(container) => timeout(PATIENCE, container.usage()).await.ok().flatten(),
            Meter::Group(group) => members(&|process| process.group == *group),
            Meter::Own => members(&|process| process.pid == std::process::id()),
        }
    });
    join_all(readings).await
}

/// Reads the first line of `/proc/stat`: the time that all processors were busy, and had; in clock ticks.
pub fn processors(stat: &str) -> Option<Share> {
    let times = stat.lines().next()?.strip_prefix("cpu ")?;
    // The rest, time of guests, is among the first two.
    let times: Vec<u64> = times.split_whitespace().take(8).map_while(|time| time.parse().ok()).collect();
    let of = times.iter().sum::<u64>();
    let idle = times.get(3..5)?.iter().sum::<u64>();
    Some(Share { used: of - idle, of })
}

fn processes() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    // One that ends meanwhile is none any more.
    pids.filter_map(|pid: u32| parse_stat(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)).collect()
}

/// Reads `/proc/PID/stat`, whose second field may hold anything, parentheses too.
fn parse_stat(pid: u32, stat: &str) -> Option<Process> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    // Counted from the third, the state.
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let group = u32::try_from(number(5)?).ok()?;
    Some(Process { pid, group, ticks: number(14)? + number(15)?, threads: number(20)? })
}

fn usage_of(processes: &[Process], total: Option<u64>) -> Usage {
    let used = processes.iter().map(|process| process.ticks).sum();
    let sum = |file: &str, key: &str| -> Option<u64> {
        let text = |process: &Process| fs::read_to_string(format!("/proc/{}/{file}", process.pid)).ok();
        let values = processes.iter().filter_map(|process| value_of(&text(process)?, key));
        // That of another user is not told.
        values.reduce(|sum, value| sum + value)
    };
    Usage {
        processor: total.map(|of| Share { used, of }),
        memory: sum("status", "VmRSS").map(|kilobytes| kilobytes * 1024),
        processes: Some(processes.iter().map(|process| process.threads).sum()),
        disk_read: sum("io", "read_bytes"),
        disk_written: sum("io", "write_bytes"),
        ..Usage::default()
    }
}

/// Finds the number in the line `key: number …`.
fn value_of(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_may_have_any_name() {
        let stat = "42 (a) b (c) S 1 40 40 0 -1 4194560 9 0 0 0 150 50 0 0 20 0 7 0 100 1 2";
        assert_eq!(parse_stat(42, stat), Some(Process { pid: 42, group: 40, ticks: 200, threads: 7 }));
        assert_eq!(parse_stat(42, "42 (a) S 1"), None);
    }

    #[test]
    fn processors_are_busy_when_they_are_neither_idle_nor_waiting() {
        let stat = "cpu  10 20 30 400 50 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        assert_eq!(processors(stat), Some(Share { used: 81, of: 531 }));
        assert_eq!(processors("intr 1\n"), None);
    }

    #[tokio::test]
    async fn this_process_uses_something() {
        let [Some(own), None] = read_usage(vec![Meter::Own, Meter::Group(u32::MAX)]).await[..] else {
            panic!("there is this one, and no such group")
        };
        assert!(own.memory.is_some_and(|bytes| bytes > 1 << 20), "{own:?}");
        assert!(own.processes.is_some_and(|threads| threads > 0) && own.processor.is_some(), "{own:?}");
    }
}
