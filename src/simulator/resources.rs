//! What modules use of this machine, as the agent's metrics tell it (protocol.md §6.3).
//!
//! The real agent looks every few minutes; here each request for the metrics is a look, and the share of the processors
//! is that between two looks.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::metrics::{Family, Series, Summary, Unit};
use crate::runtime::{Share, Usage};

/// What the machine, the runtime or a module uses at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// `module_name`: `host`, `edgeHub` or that of a module.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) usage: Usage,
}

/// Whether Microsoft would collect it: the label `ms_telemetry`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The machine, or a part of the runtime.
    System,
    /// A module of the user.
    Module,
}

impl Kind {
    fn as_label(self) -> &'static str {
        match self {
            Self::System => "True",
            Self::Module => "False",
        }
    }
}

/// What was seen at the last look, and how the processors were used between looks.
#[derive(Debug, Default)]
pub(super) struct Resources {
    last: BTreeMap<String, Share>,
    used: Series<2, Summary>,
}

impl Resources {
    /// Takes what is used now, and returns all metrics of it.
    pub(super) fn look(&mut self, now: Duration, rows: &[Row]) -> Vec<Family> {
        for row in rows {
            self.observe(now, row);
        }
        self.last.retain(|name, _| rows.iter().any(|row| row.name == *name));
        let mut percent = Family::summary("edgeAgent_used_cpu_percent", "Share of all processors, between two looks.");
        for ([name, telemetry], summary) in self.used.iter() {
            percent.spread([("module_name", name), ("ms_telemetry", telemetry)], Unit::Millionths, now, summary);
        }
        let mut families = vec![percent];
        families.extend(gauges(rows));
        families
    }

    fn observe(&mut self, now: Duration, row: &Row) {
        let Some(share) = row.usage.processor else { return };
        let Some(before) = self.last.insert(row.name.clone(), share) else { return };
        // Less than before is another instance, or a process less in the group.
        let (Some(used), Some(of)) = (share.used.checked_sub(before.used), share.of.checked_sub(before.of)) else {
            return;
        };
        if of == 0 || used > of {
            return;
        }
        let millionths = u128::from(used) * 100 * 1_000_000 / u128::from(of);
        if let Some(summary) = self.used.at([&row.name, row.kind.as_label()]) {
            summary.observe(now, u64::try_from(millionths).unwrap_or(u64::MAX));
        }
    }
}

fn gauges(rows: &[Row]) -> [Family; 7] {
    let labelled = |name, help, value: fn(&Usage) -> Option<u64>, label: fn(&Row) -> &'static str| {
        let mut family = Family::gauge(name, help);
        for row in rows {
            if let Some(value) = value(&row.usage) {
                family.count([("module_name", row.name.as_str()), ("ms_telemetry", label(row))], value);
            }
        }
        family
    };
    let by_kind: fn(&Row) -> &'static str = |row| row.kind.as_label();
    let never: fn(&Row) -> &'static str = |_| "False";
    [
        labelled("edgeAgent_total_memory_bytes", "Memory that there is, or is allowed.", |u| u.memory_limit, by_kind),
        labelled("edgeAgent_used_memory_bytes", "Memory that is used.", |u| u.memory, by_kind),
        labelled("edgeAgent_created_pids_total", "Processes and threads.", |u| u.processes, never),
        labelled("edgeAgent_total_network_in_bytes", "Bytes from the network.", |u| u.network_in, never),
        labelled("edgeAgent_total_network_out_bytes", "Bytes to the network.", |u| u.network_out, never),
        labelled("edgeAgent_total_disk_read_bytes", "Bytes read from disks.", |u| u.disk_read, never),
        labelled("edgeAgent_total_disk_write_bytes", "Bytes written to disks.", |u| u.disk_written, never),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::render;

    fn row(name: &str, kind: Kind, used: u64, of: u64) -> Row {
        let usage = Usage { processor: Some(Share { used, of }), memory: Some(5), ..Usage::default() };
        Row { name: name.to_owned(), kind, usage }
    }

    fn samples(families: &[Family], name: &str) -> Vec<String> {
        render(&[], families).lines().filter_map(|line| line.strip_prefix(name)).map(str::to_owned).collect()
    }

    #[test]
    fn a_share_of_the_processors_is_that_between_two_looks() {
        // protocol.md §6.3
        let mut resources = Resources::default();
        let first = resources.look(Duration::ZERO, &[row("filter", Kind::Module, 100, 1000)]);
        assert_eq!(samples(&first, "edgeAgent_used_cpu_percent"), [""; 0]);
        let second = resources.look(Duration::from_secs(15), &[row("filter", Kind::Module, 105, 1200)]);
        let sums = samples(&second, "edgeAgent_used_cpu_percent_sum");
        assert_eq!(sums, ["{module_name=\"filter\",ms_telemetry=\"False\"} 2.5"]);
        // Another instance of it has begun, and counts from its own beginning.
        let third = resources.look(Duration::from_secs(30), &[row("filter", Kind::Module, 1, 1400)]);
        assert_eq!(samples(&third, "edgeAgent_used_cpu_percent_sum"), sums);
    }

    #[test]
    fn memory_is_labelled_by_who_uses_it_and_what_is_not_known_is_left_out() {
        // protocol.md §6.3
        let rows = [row("host", Kind::System, 0, 0), row("filter", Kind::Module, 0, 0)];
        let families = Resources::default().look(Duration::ZERO, &rows);
        assert_eq!(
            samples(&families, "edgeAgent_used_memory_bytes"),
            ["{module_name=\"host\",ms_telemetry=\"True\"} 5", "{module_name=\"filter\",ms_telemetry=\"False\"} 5"]
        );
        assert_eq!(samples(&families, "edgeAgent_total_network_in_bytes"), [""; 0]);
    }
}
