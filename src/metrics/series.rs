//! Values by labels.

use std::cmp::Ordering;

/// The most series of one metric, and the most bytes of the labels of one: label values come from clients, and what
/// clients cost has an end.
const MOST: usize = 16_384;
const LONGEST: usize = 1024;

/// One value for each combination of `N` label values.
#[derive(Debug, Clone)]
pub struct Series<const N: usize, V> {
    /// In the order of the labels.
    rows: Vec<([String; N], V)>,
}

impl<const N: usize, V> Default for Series<N, V> {
    fn default() -> Self {
        Self { rows: Vec::new() }
    }
}

impl<const N: usize, V: Default> Series<N, V> {
    /// Returns the value of these labels, new or not; `None` if there are 16,384 others already, or if they are longer
    /// than 1 KB together.
    pub fn at(&mut self, labels: [&str; N]) -> Option<&mut V> {
        let place = match self.rows.binary_search_by(|(known, _)| compare(known, &labels)) {
            Ok(place) => place,
            Err(_) if self.rows.len() >= MOST || labels.map(str::len).into_iter().sum::<usize>() > LONGEST => {
                return None;
            }
            Err(place) => {
                self.rows.insert(place, (labels.map(str::to_owned), V::default()));
                place
            }
        };
        self.rows.get_mut(place).map(|(_, value)| value)
    }

    /// Returns all values, in the order of their labels.
    pub fn iter(&self) -> impl Iterator<Item = ([&str; N], &V)> {
        self.rows.iter().map(|(labels, value)| (std::array::from_fn(|n| labels[n].as_str()), value))
    }
}

impl<const N: usize> Series<N, u64> {
    /// Counts one more.
    pub fn count(&mut self, labels: [&str; N]) {
        if let Some(value) = self.at(labels) {
            *value += 1;
        }
    }
}

fn compare<const N: usize>(known: &[String; N], wanted: &[&str; N]) -> Ordering {
    known.iter().map(String::as_str).cmp(wanted.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_found_by_all_of_its_labels() {
        let mut series = Series::<2, u64>::default();
        [["b", "x"], ["a", "y"], ["b", ""], ["b", "x"]].into_iter().for_each(|labels| series.count(labels));
        let counted: Vec<_> = series.iter().map(|(labels, value)| (labels, *value)).collect();
        assert_eq!(counted, [(["a", "y"], 1), (["b", ""], 1), (["b", "x"], 2)]);
    }

    #[test]
    fn labels_without_end_are_not_kept() {
        let mut series = Series::<2, u64>::default();
        assert_eq!(series.at(["a", &"x".repeat(LONGEST)]), None);
        assert_eq!(series.at(["a", &"x".repeat(LONGEST - 1)]), Some(&mut 0));
        assert_eq!(series.iter().count(), 1);
    }

    #[test]
    fn who_invents_labels_costs_only_so_much() {
        let mut series = Series::<1, u64>::default();
        (0..=MOST).for_each(|n| series.count([n.to_string().as_str()]));
        assert_eq!(series.iter().count(), MOST);
        series.count(["0"]);
        assert_eq!(series.at(["0"]), Some(&mut 2), "those that are known are counted on");
    }
}
