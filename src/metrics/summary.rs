//! How a value was spread over the last ten minutes, in little memory.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// What belongs together, and is forgotten together.
const PERIOD: Duration = Duration::from_secs(120);
/// Periods that are looked back at: ten minutes, as the real runtime does.
const PERIODS: u64 = 5;
/// A bucket holds values that differ by less than one part in so many.
const PARTS: u64 = 32;

/// Counts values, sums them up, and knows the quantiles of the last ten minutes to one part in 32.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    count: u64,
    sum: u64,
    /// Oldest first.
    periods: VecDeque<Period>,
}

#[derive(Debug, Clone)]
struct Period {
    number: u64,
    buckets: BTreeMap<u16, Bucket>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    count: u64,
    /// The greatest value that fell into it: what is told was really seen.
    greatest: u64,
}

impl Summary {
    /// Takes a value; `now` is monotonic.
    pub fn observe(&mut self, now: Duration, value: u64) {
        self.count += 1;
        self.sum = self.sum.saturating_add(value);
        let number = period(now);
        if self.periods.back().is_none_or(|newest| newest.number != number) {
            self.periods.retain(|period| is_young(period, number));
            self.periods.push_back(Period { number, buckets: BTreeMap::new() });
        }
        if let Some(newest) = self.periods.back_mut() {
            let bucket = newest.buckets.entry(bucket_of(value)).or_default();
            bucket.count += 1;
            bucket.greatest = bucket.greatest.max(value);
        }
    }

    /// Takes a time, in nanoseconds.
    pub fn observe_time(&mut self, now: Duration, time: Duration) {
        self.observe(now, u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Returns how many values there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the sum of all values.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// Returns the value that so many hundredths of the last ten minutes' values do not exceed; `None` without any.
    pub fn percentile(&self, now: Duration, percent: u64) -> Option<u64> {
        let mut merged: BTreeMap<u16, Bucket> = BTreeMap::new();
        let young = self.periods.iter().filter(|known| is_young(known, period(now)));
        for (index, bucket) in young.flat_map(|period| &period.buckets) {
            let sum = merged.entry(*index).or_default();
            sum.count += bucket.count;
            sum.greatest = sum.greatest.max(bucket.greatest);
        }
        let count: u64 = merged.values().map(|bucket| bucket.count).sum();
        let mut missing = (count * percent).div_ceil(100);
        merged.into_values().find_map(|bucket| {
            let is_reached = missing <= bucket.count;
            missing = missing.saturating_sub(bucket.count);
            is_reached.then_some(bucket.greatest)
        })
    }
}

fn period(now: Duration) -> u64 {
    now.as_secs() / PERIOD.as_secs()
}

fn is_young(period: &Period, now: u64) -> bool {
    period.number + PERIODS > now
}

/// Returns the number of the bucket that a value falls into: the same order as the values.
fn bucket_of(value: u64) -> u16 {
    let shift = value.checked_ilog2().unwrap_or_default().saturating_sub(PARTS.ilog2());
    u16::try_from(u64::from(shift) * PARTS + (value >> shift)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1000);

    fn observed(values: impl IntoIterator<Item = u64>) -> Summary {
        let mut summary = Summary::default();
        values.into_iter().for_each(|value| summary.observe(NOW, value));
        summary
    }

    fn percentiles(summary: &Summary, now: Duration) -> [Option<u64>; 4] {
        [10, 50, 90, 99].map(|percent| summary.percentile(now, percent))
    }

    #[test]
    fn a_lonely_value_is_every_quantile() {
        assert_eq!(percentiles(&observed([1234]), NOW), [Some(1234); 4]);
        assert_eq!(percentiles(&observed([0]), NOW), [Some(0); 4]);
        assert_eq!(percentiles(&observed([u64::MAX]), NOW), [Some(u64::MAX); 4]);
    }

    #[test]
    fn quantiles_are_exact_below_64_and_to_one_part_in_32_above() {
        assert_eq!(percentiles(&observed(1..=60), NOW), [6, 30, 54, 60].map(Some));
        assert_eq!(percentiles(&observed(1..=1000), NOW), [101, 503, 911, 991].map(Some));
    }

    #[test]
    fn values_are_forgotten_after_ten_minutes_but_stay_in_count_and_sum() {
        let mut summary = observed([5, 6]);
        summary.observe(NOW + Duration::from_secs(300), 7);
        assert_eq!(summary.percentile(NOW + Duration::from_secs(400), 10), Some(5));
        assert_eq!(summary.percentile(NOW + Duration::from_secs(600), 10), Some(7), "only the newest is young enough");
        assert_eq!(summary.percentile(NOW + Duration::from_secs(1000), 10), None);
        summary.observe(NOW + Duration::from_secs(1000), 8);
        assert_eq!((summary.periods.len(), summary.count(), summary.sum()), (1, 4, 26));
    }

    #[test]
    fn buckets_are_in_the_order_of_the_values() {
        let values = [0, 1, 31, 32, 63, 64, 66, 127, 128, 1 << 20, u64::MAX];
        assert_eq!(values.map(bucket_of), [0, 1, 31, 32, 63, 64, 65, 95, 96, 512, 1919]);
    }
}
