//! What the agent's metrics tell of this machine (protocol.md §6.3).
//!
//! Reads `/proc` and the file system. What a system does not tell is announced without samples.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::clock::Now;
use crate::metrics::Family;
use crate::runtime::{Usage, processors};

const TELEMETRY: (&str, &str) = ("ms_telemetry", "True");

/// Reads what is told; `folder` lies on the disk that is told of.
pub(super) fn metrics(now: Now, folder: &Path) -> Vec<Family> {
    let mut families = vec![metadata(), uptime(), own_uptime(now)];
    families.extend(disk(folder));
    families
}

fn metadata() -> Family {
    let mut family = Family::gauge("edgeAgent_metadata", "The device, in labels; the value is always 0.");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let host = json!({
        "OperatingSystemType": std::env::consts::OS,
        "Architecture": std::env::consts::ARCH,
        "Version": env!("CARGO_PKG_VERSION"),
        "KernelVersion": kernel.trim_end(),
        "NumCpus": std::thread::available_parallelism().map_or(1, usize::from),
    });
    let labels = [
        ("edge_agent_version", concat!("edgectl ", env!("CARGO_PKG_VERSION"))),
        ("experimental_features", "{}"),
        ("host_information", &*host.to_string()),
        TELEMETRY,
    ];
    family.count(labels, 0);
    family
}

fn uptime() -> Family {
    let mut family = Family::gauge("edgeAgent_host_uptime_seconds", "How long this machine has been up.");
    let text = fs::read_to_string("/proc/uptime").unwrap_or_default();
    let seconds = text.split_whitespace().next().and_then(|seconds| seconds.parse().ok());
    if let Some(uptime) = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
        family.time([TELEMETRY], uptime);
    }
    family
}

fn own_uptime(now: Now) -> Family {
    let mut family = Family::gauge("edgeAgent_iotedged_uptime_seconds", "How long the simulation has run.");
    family.time([TELEMETRY], now.monotonic);
    family
}

/// Returns what is used of the machine.
pub(super) fn usage() -> Usage {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let (memory_limit, memory) = memory(&read("/proc/meminfo"));
    Usage { processor: processors(&read("/proc/stat")), memory, memory_limit, ..Usage::default() }
}

/// Takes the text of `/proc/meminfo`; returns the bytes that there are, and those that are not available.
fn memory(meminfo: &str) -> (Option<u64>, Option<u64>) {
    let bytes = |key: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
    };
    let (total, available) = (bytes("MemTotal"), bytes("MemAvailable"));
    (total, total.zip(available).map(|(total, available)| total.saturating_sub(available)))
}

/// Tells of the disk that holds what the simulation keeps.
fn disk(folder: &Path) -> [Family; 2] {
    let mut total = Family::gauge("edgeAgent_total_disk_space_bytes", "Size of the disk that `.edgectl` is on.");
    let mut available =
        Family::gauge("edgeAgent_available_disk_space_bytes", "Room on the disk that `.edgectl` is on.");
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    if let (Ok(space), Some((disk, file_system))) = (rustix::fs::statvfs(folder), mount_of(&mounts, folder)) {
        let labels = [("disk_name", disk), ("disk_filesystem", file_system), ("disk_filetype", "unknown"), TELEMETRY];
        total.count(labels, space.f_blocks.saturating_mul(space.f_frsize));
        available.count(labels, space.f_bavail.saturating_mul(space.f_frsize));
    }
    [total, available]
}

/// Finds what a folder is on in the text of `/proc/self/mounts`: the device and its file system.
fn mount_of<'m>(mounts: &'m str, folder: &Path) -> Option<(&'m str, &'m str)> {
    let mounted = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (device, at, kind) = (words.next()?, words.next()?, words.next()?);
        folder.starts_with(at).then_some((at.len(), device, kind))
    });
    // Of two at the same place the later one covers the other.
    mounted.max_by_key(|(length, ..)| *length).map(|(_, device, kind)| (device, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn used_memory_is_what_nobody_can_have() {
        let meminfo = "MemTotal:        1000 kB\nMemFree:          100 kB\nMemAvailable:     600 kB\n";
        assert_eq!(memory(meminfo), (Some(1_024_000), Some(409_600)));
        assert_eq!(memory(""), (None, None), "a system without that file");
    }

    #[test]
    fn a_folder_is_on_the_nearest_mount() {
        let mounts = "overlay / overlay rw 0 0\n/dev/sda1 /home ext4 rw 0 0\ntmpfs /home/me/x tmpfs rw 0 0\n";
        let of = |folder: &str| mount_of(mounts, Path::new(folder));
        assert_eq!(of("/home/me/solution"), Some(("/dev/sda1", "ext4")));
        assert_eq!(of("/homes"), Some(("overlay", "overlay")));
        assert_eq!(of("/home/me/x"), Some(("tmpfs", "tmpfs")));
    }
}
