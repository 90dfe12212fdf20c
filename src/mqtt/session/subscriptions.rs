//! What one client is subscribed to: its filters, and the features that follow from them.

use crate::edgehub::{Feature, Guarantee};

/// The filters of one connection, with what an earlier connection left.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    /// `None` for what the hub remembers from an earlier connection, of which it knows the feature only.
    filter: Option<String>,
    feature: Feature,
    guarantee: Guarantee,
}

impl Subscriptions {
    /// Starts with what the hub remembers.
    pub(super) fn remembered(features: &[(Feature, Guarantee)]) -> Self {
        let entry = |&(feature, guarantee)| Entry { filter: None, feature, guarantee };
        Self { entries: features.iter().map(entry).collect() }
    }

    /// Returns the number of filters.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds a filter, replacing itself and what was remembered of its feature; returns how surely the feature is
    /// delivered now: overlapping filters get the higher of both.
    pub(super) fn add(&mut self, filter: &str, feature: Feature, guarantee: Guarantee) -> Guarantee {
        self.remove(filter, feature);
        self.entries.push(Entry { filter: Some(filter.to_owned()), feature, guarantee });
        self.guarantee(feature).unwrap_or(guarantee)
    }

    /// Removes a filter and what was remembered of its feature.
    pub(super) fn remove(&mut self, filter: &str, feature: Feature) {
        let is_it = |entry: &Entry| entry.filter.as_deref().is_none_or(|known| known == filter);
        self.entries.retain(|entry| entry.feature != feature || !is_it(entry));
    }

    /// Returns how surely a feature is delivered; `None` if no filter asks for it.
    pub(super) fn guarantee(&self, feature: Feature) -> Option<Guarantee> {
        self.entries.iter().filter(|entry| entry.feature == feature).map(|entry| entry.guarantee).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Feature::{Inputs, Methods};
    use Guarantee::{AtLeastOnce, AtMostOnce};

    #[test]
    fn overlapping_filters_get_the_higher_guarantee() {
        let mut subscriptions = Subscriptions::default();
        assert_eq!(subscriptions.add("a/#", Inputs, AtLeastOnce), AtLeastOnce);
        assert_eq!(subscriptions.add("b/#", Inputs, AtMostOnce), AtLeastOnce);
        subscriptions.remove("a/#", Inputs);
        assert_eq!(subscriptions.guarantee(Inputs), Some(AtMostOnce));
        subscriptions.remove("b/#", Inputs);
        assert_eq!(subscriptions.guarantee(Inputs), None);
    }

    #[test]
    fn a_filter_replaces_itself_and_what_was_remembered() {
        let mut subscriptions = Subscriptions::remembered(&[(Inputs, AtLeastOnce), (Methods, AtMostOnce)]);
        assert_eq!(subscriptions.add("a/#", Inputs, AtMostOnce), AtMostOnce);
        assert_eq!(subscriptions.len(), 2);
        subscriptions.remove("$iothub/methods/POST/#", Methods);
        assert_eq!(subscriptions.guarantee(Methods), None);
    }
}
