//! What the last run left in the queues, and what the disk has lost of it: told once at the start.
//!
//! Mends nothing: the store has left out what cannot be read, and the rest is delivered as ever. An index that is damaged
//! is no loss, since its segment is read instead.

use crate::edgehub::QueueId;
use crate::store::Recovered;
use crate::text::counted;
use crate::ui::Ui;

/// Tells how many messages are kept, and which queues have lost some.
///
/// What was cut from the end of a queue is a detail: a killed process may have been about to write it, and then nobody
/// was told that it is stored.
pub(super) fn tell(ui: &Ui, found: &[Recovered]) {
    let kept: u64 = found.iter().map(|queue| (queue.next - queue.first).saturating_sub(queue.lost)).sum();
    if kept > 0 {
        ui.step("Kept", format!("{} of the last run (forget them with `--reset`)", counted(kept, "message")));
    }
    for queue in found.iter().filter(|queue| queue.cut > 0) {
        let bytes = counted(queue.cut, "byte");
        ui.detail(format!("left out {bytes} of the queue `{}`, which are no whole message", name(queue)));
    }
    let lost: Vec<&Recovered> = found.iter().filter(|queue| queue.lost > 0).collect();
    for queue in &lost {
        let messages = counted(queue.lost, "message");
        ui.warn(format!("the queue `{}` has lost {messages}: a file of it is damaged or gone", name(queue)));
    }
    if !lost.is_empty() {
        ui.hint("all others are delivered; see whether the disk is at fault, and send the lost ones again");
    }
}

/// Names a queue by where its messages go.
fn name(queue: &Recovered) -> String {
    QueueId::parse(&queue.queue).map_or_else(|| queue.queue.clone(), |id| id.endpoint.to_string())
}
