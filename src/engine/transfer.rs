//! Bytes on their way to or from a registry, summed over layers.

use std::collections::HashMap;

use super::{Event, Watch};

/// How far each layer is.
#[derive(Debug, Default)]
pub(super) struct Transfers {
    layers: HashMap<String, (u64, u64)>,
}

impl Transfers {
    /// Takes the state of one layer and tells the sum.
    pub(super) fn update(&mut self, layer: &str, bytes: i64, total: i64, watch: Watch<'_>) {
        let (Ok(bytes), Ok(total)) = (u64::try_from(bytes), u64::try_from(total)) else { return };
        self.layers.insert(layer.to_owned(), (bytes.min(total), total));
        let add = |sum: (u64, u64), layer: &(u64, u64)| (sum.0.saturating_add(layer.0), sum.1.saturating_add(layer.1));
        let (bytes, total) = self.layers.values().fold((0, 0), add);
        watch(Event::Transferred { bytes, total });
    }
}
