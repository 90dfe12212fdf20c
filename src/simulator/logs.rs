//! What modules printed: the last lines of each, for `edgectl logs`.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::iso_millis;
use crate::identity::{DeviceId, ModuleId};

/// Lines remembered of each module, unless they take more than [`REMEMBERED_BYTES`].
const REMEMBERED: usize = 2000;
/// What the remembered lines of a module may take in memory.
const REMEMBERED_BYTES: usize = 4 << 20;

/// One line, as it was printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) at: Duration,
    pub(super) module: ModuleId,
    /// `stdout`, `stderr`, or `edgectl` for what the simulator says about the module.
    pub(super) stream: &'static str,
    pub(super) text: String,
}

impl Line {
    /// Returns the record that `logs --json` and `simulate --json` print.
    pub(super) fn record(&self, device: &DeviceId) -> Value {
        json!({
            "type": "log", "time": iso_millis(self.at), "device": device, "module": self.module, "stream": self.stream,
            "line": self.text,
        })
    }
}

/// The last lines of each module.
#[derive(Debug, Default)]
pub(super) struct Logs {
    last: BTreeMap<ModuleId, Last>,
}

/// The last lines of one module.
#[derive(Debug, Default)]
struct Last {
    lines: VecDeque<Line>,
    /// What their texts take.
    bytes: usize,
}

impl Last {
    fn push(&mut self, line: Line) {
        self.bytes += line.text.len();
        self.lines.push_back(line);
        while self.lines.len() > REMEMBERED || self.bytes > REMEMBERED_BYTES {
            let Some(oldest) = self.lines.pop_front() else { return };
            self.bytes -= oldest.text.len();
        }
    }
}

impl Logs {
    pub(super) fn remember(&mut self, line: Line) {
        self.last.entry(line.module.clone()).or_default().push(line);
    }

    /// Returns lines of some modules (none named: of all) since a time, the last `tail` of each, in order of time.
    pub(super) fn select(&self, modules: &[ModuleId], since: Duration, tail: Option<usize>) -> Vec<&Line> {
        let wanted = self.last.iter().filter(|(module, _)| modules.is_empty() || modules.contains(module));
        let mut found: Vec<&Line> = Vec::new();
        for (_, last) in wanted {
            let fresh: Vec<&Line> = last.lines.iter().filter(|line| line.at >= since).collect();
            let skipped = tail.map_or(0, |tail| fresh.len().saturating_sub(tail));
            found.extend(&fresh[skipped..]);
        }
        found.sort_by_key(|line| line.at);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(module: &str, at: u64) -> Line {
        let module = ModuleId::parse(module).expect("valid");
        Line { at: Duration::from_millis(at), module, stream: "stdout", text: format!("at {at}") }
    }

    fn texts(lines: &[&Line]) -> Vec<String> {
        lines.iter().map(|line| format!("{} {}", line.module, line.text)).collect()
    }

    #[test]
    fn lines_of_several_modules_are_merged_by_time() {
        let mut logs = Logs::default();
        [line("b", 1), line("a", 2), line("b", 3), line("a", 4)].into_iter().for_each(|line| logs.remember(line));
        assert_eq!(texts(&logs.select(&[], Duration::ZERO, None)), ["b at 1", "a at 2", "b at 3", "a at 4"]);
        assert_eq!(texts(&logs.select(&[], Duration::ZERO, Some(1))), ["b at 3", "a at 4"]);
        let b = ModuleId::parse("b").expect("valid");
        assert_eq!(texts(&logs.select(&[b], Duration::from_millis(2), None)), ["b at 3"]);
    }

    #[test]
    fn a_module_that_prints_much_does_not_push_out_another() {
        let mut logs = Logs::default();
        logs.remember(line("quiet", 1));
        (0..REMEMBERED as u64 + 10).for_each(|at| logs.remember(line("loud", at)));
        assert_eq!(logs.select(&[], Duration::ZERO, None).len(), REMEMBERED + 1);
    }

    #[test]
    fn long_lines_are_remembered_as_long_as_they_have_room() {
        let mut logs = Logs::default();
        let long = |at| Line { text: "x".repeat(REMEMBERED_BYTES / 4), ..line("loud", at) };
        (0..6).for_each(|at| logs.remember(long(at)));
        let times: Vec<_> = logs.select(&[], Duration::ZERO, None).iter().map(|line| line.at.as_millis()).collect();
        assert_eq!(times, [2, 3, 4, 5]);
    }
}
