//! A metric with all its samples, and the text of it.

use std::fmt::{self, Display, Write};
use std::time::Duration;

use super::summary::Summary;

/// The quantiles of the real runtime's summaries, in hundredths, and as they are written.
const QUANTILES: [(u64, &str); 4] = [(10, "0.1"), (50, "0.5"), (90, "0.9"), (99, "0.99")];

/// A metric as it stands at the moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    samples: Vec<Sample>,
}

#[derive(Debug, Clone, PartialEq)]
struct Sample {
    /// What follows the name.
    suffix: &'static str,
    labels: Vec<(&'static str, String)>,
    value: Value,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    Count(u64),
    Real(f64),
}

/// What a [`Summary`] was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A number of something.
    Pieces,
    /// Nanoseconds, shown as seconds.
    Nanoseconds,
    /// Millionths of something.
    Millionths,
}

impl Unit {
    fn show(self, value: u64) -> Value {
        match self {
            Self::Pieces => Value::Count(value),
            Self::Millionths => Value::Real(Duration::from_micros(value).as_secs_f64()),
            Self::Nanoseconds => Value::Real(Duration::from_nanos(value).as_secs_f64()),
        }
    }
}

impl Family {
    /// Creates a metric that only grows.
    pub fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: "counter", help, samples: Vec::new() }
    }

    /// Creates a metric that goes up and down.
    pub fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: "gauge", help, samples: Vec::new() }
    }

    /// Creates a metric of quantiles.
    pub fn summary(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: "summary", help, samples: Vec::new() }
    }

    /// Adds a whole number.
    pub fn count<const N: usize>(&mut self, labels: [(&'static str, &str); N], value: u64) {
        self.add("", &labels, Value::Count(value));
    }

    /// Adds a time, in seconds.
    pub fn time<const N: usize>(&mut self, labels: [(&'static str, &str); N], value: Duration) {
        self.add("", &labels, Value::Real(value.as_secs_f64()));
    }

    /// Adds the sum, the count and the quantiles of a summary; those are `NaN` where nothing was seen lately.
    pub fn spread<const N: usize>(
        &mut self,
        labels: [(&'static str, &str); N],
        unit: Unit,
        now: Duration,
        summary: &Summary,
    ) {
        self.add("_sum", &labels, unit.show(summary.sum()));
        self.add("_count", &labels, Value::Count(summary.count()));
        for (percent, quantile) in QUANTILES {
            let value = summary.percentile(now, percent).map_or(Value::Real(f64::NAN), |value| unit.show(value));
            self.add("", &labels, value);
            if let Some(sample) = self.samples.last_mut() {
                sample.labels.push(("quantile", quantile.to_owned()));
            }
        }
    }

    fn add(&mut self, suffix: &'static str, labels: &[(&'static str, &str)], value: Value) {
        let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.samples.push(Sample { suffix, labels, value });
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Real(real) => real.fmt(f),
        }
    }
}

/// Writes metrics in Prometheus' text format 0.0.4; the labels in `common` stand first in every sample.
///
/// A metric without samples is announced all the same, as the real runtime does.
pub fn render(common: &[(&str, &str)], families: &[Family]) -> String {
    let mut out = String::new();
    let common: Vec<String> = common.iter().map(|(name, value)| label(name, value)).collect();
    for Family { name, kind, help, samples } in families {
        // Writing to a string does not fail.
        let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        for Sample { suffix, labels, value } in samples {
            let own = labels.iter().map(|(name, value)| label(name, value));
            let labels: Vec<String> = common.iter().cloned().chain(own).collect();
            let _ = writeln!(out, "{name}{suffix}{{{}}} {value}", labels.join(","));
        }
    }
    out
}

fn label(name: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{name}=\"{value}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    // protocol.md §6.3
    #[test]
    fn common_labels_come_first_and_summaries_tell_sum_count_and_quantiles() {
        let mut length = Family::gauge("queue_length", "Messages that wait.");
        length.count([("endpoint", "iothub")], 3);
        let mut sent = Summary::default();
        sent.observe_time(Duration::from_secs(1), Duration::from_micros(1500));
        let mut duration = Family::summary("send_seconds", "Time to send.");
        duration.spread([("to", "a")], Unit::Nanoseconds, Duration::from_secs(1), &sent);
        let none = Family::counter("dropped_total", "Messages that are gone.");
        assert_eq!(
            render(&[("device", "d1")], &[length, duration, none]),
            "\
# HELP queue_length Messages that wait.
# TYPE queue_length gauge
queue_length{device=\"d1\",endpoint=\"iothub\"} 3
# HELP send_seconds Time to send.
# TYPE send_seconds summary
send_seconds_sum{device=\"d1\",to=\"a\"} 0.0015
send_seconds_count{device=\"d1\",to=\"a\"} 1
send_seconds{device=\"d1\",to=\"a\",quantile=\"0.1\"} 0.0015
send_seconds{device=\"d1\",to=\"a\",quantile=\"0.5\"} 0.0015
send_seconds{device=\"d1\",to=\"a\",quantile=\"0.9\"} 0.0015
send_seconds{device=\"d1\",to=\"a\",quantile=\"0.99\"} 0.0015
# HELP dropped_total Messages that are gone.
# TYPE dropped_total counter
"
        );
    }

    #[test]
    fn what_would_end_a_label_is_escaped() {
        let mut family = Family::counter("total", "All.");
        family.count([("id", "a\"b\\c\nd")], 1);
        assert_eq!(
            render(&[], &[family]),
            "# HELP total All.\n# TYPE total counter\ntotal{id=\"a\\\"b\\\\c\\nd\"} 1\n"
        );
    }

    #[test]
    fn a_summary_that_saw_nothing_lately_has_no_quantiles() {
        let mut seen = Summary::default();
        seen.observe(Duration::ZERO, 256);
        let mut family = Family::summary("size_bytes", "Sizes.");
        family.spread([], Unit::Pieces, Duration::from_secs(601), &seen);
        let text = render(&[], &[family]);
        let samples: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(samples[..3], ["size_bytes_sum{} 256", "size_bytes_count{} 1", "size_bytes{quantile=\"0.1\"} NaN"]);
    }
}
