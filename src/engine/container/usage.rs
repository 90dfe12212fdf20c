//! What a container uses of the machine.

use bollard::models::{ContainerBlkioStatEntry, ContainerStatsResponse};
use bollard::query_parameters::StatsOptions;
use futures_util::StreamExt;

use super::Container;

/// What an instance of a module uses of the machine; what is not known is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Time of the processors.
    pub processor: Option<Share>,
    /// Bytes of memory, without what is only cached.
    pub memory: Option<u64>,
    /// Bytes of memory that it may have.
    pub memory_limit: Option<u64>,
    /// Processes and threads.
    pub processes: Option<u64>,
    /// Bytes that came over the network.
    pub network_in: Option<u64>,
    /// Bytes that went over the network.
    pub network_out: Option<u64>,
    /// Bytes read from disks.
    pub disk_read: Option<u64>,
    /// Bytes written to disks.
    pub disk_written: Option<u64>,
}

/// A part of something that grows, both in the same unit and from the same beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The part.
    pub used: u64,
    /// All that there was.
    pub of: u64,
}

impl Container {
    /// Returns what the container uses; `None` if it has ended, or the engine does not say.
    pub async fn usage(&self) -> Option<Usage> {
        let options = StatsOptions { stream: false, one_shot: true };
        let stats = self.engine.docker.stats(&self.id, Some(options)).next().await?;
        stats.ok().map(usage_of)
    }
}

/// Reads the engine's numbers as the real agent does (protocol.md §6.3), and those of control groups 2 too.
fn usage_of(stats: ContainerStatsResponse) -> Usage {
    let processor = stats
        .cpu_stats
        .and_then(|processor| Some(Share { used: processor.cpu_usage?.total_usage?, of: processor.system_cpu_usage? }));
    let memory = stats.memory_stats.unwrap_or_default();
    let details = memory.stats.unwrap_or_default();
    let cached = details.get("cache").or_else(|| details.get("inactive_file")).copied().unwrap_or_default();
    let networks = stats.networks.map(|networks| networks.into_values().collect::<Vec<_>>());
    let network = |bytes: fn(&bollard::models::ContainerNetworkStats) -> Option<u64>| {
        networks.as_ref().map(|networks| sum(networks.iter().filter_map(bytes)))
    };
    let disks = stats.blkio_stats.and_then(|disks| disks.io_service_bytes_recursive);
    let disk = |operation: &str| disks.as_ref().map(|entries| transferred(entries, operation));
    Usage {
        processor,
        memory: memory.usage.map(|usage| usage.saturating_sub(cached)),
        memory_limit: memory.limit,
        processes: stats.pids_stats.and_then(|processes| processes.current),
        network_in: network(|network| network.rx_bytes),
        network_out: network(|network| network.tx_bytes),
        disk_read: disk("read"),
        disk_written: disk("write"),
    }
}

/// Sums up what an operation moved; its name is in capitals or not, depending on the kernel.
fn transferred(entries: &[ContainerBlkioStatEntry], operation: &str) -> u64 {
    let is_it = |entry: &&ContainerBlkioStatEntry| {
        entry.op.as_deref().is_some_and(|found| found.eq_ignore_ascii_case(operation))
    };
    sum(entries.iter().filter(is_it).filter_map(|entry| entry.value))
}

/// Adds up what an engine says, which may be more than a number holds.
fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(stats: Value) -> Usage {
        usage_of(serde_json::from_value(stats).expect("as an engine writes it"))
    }

    #[test]
    fn the_numbers_of_an_engine_are_read() {
        // protocol.md §6.3
        let disk = |op: &str, value: u64| json!({ "major": 8, "minor": 0, "op": op, "value": value });
        let usage = read(json!({
            "cpu_stats": { "cpu_usage": { "total_usage": 5 }, "system_cpu_usage": 100 },
            "memory_stats": { "usage": 1000, "limit": 4000, "stats": { "cache": 100, "inactive_file": 70 } },
            "pids_stats": { "current": 3 },
            "networks": { "eth0": { "rx_bytes": 1, "tx_bytes": 2 }, "eth1": { "rx_bytes": 10, "tx_bytes": 20 } },
            "blkio_stats": { "io_service_bytes_recursive": [disk("Read", 7), disk("Write", 8), disk("read", 1)] },
        }));
        let expected = Usage {
            processor: Some(Share { used: 5, of: 100 }),
            memory: Some(900),
            memory_limit: Some(4000),
            processes: Some(3),
            network_in: Some(11),
            network_out: Some(22),
            disk_read: Some(8),
            disk_written: Some(8),
        };
        assert_eq!(usage, expected);
    }

    #[test]
    fn numbers_beyond_all_machines_are_taken() {
        let network = json!({ "rx_bytes": u64::MAX, "tx_bytes": 1 });
        let usage = read(json!({ "networks": { "a": network, "b": network } }));
        assert_eq!((usage.network_in, usage.network_out), (Some(u64::MAX), Some(2)));
    }

    #[test]
    fn what_an_engine_does_not_say_is_not_known() {
        assert_eq!(read(json!({})), Usage::default());
        let second = read(json!({ "memory_stats": { "usage": 1000, "stats": { "inactive_file": 70 } } }));
        assert_eq!((second.memory, second.network_in), (Some(930), None), "control groups 2, and no network");
    }
}
