//! edgectl killed in the middle of its work: what it has acknowledged arrives, and in order.

use rustix::process::Signal;

use crate::stream::{Chance, Stream, mqtt_of, pair, start};

const MESSAGES: u64 = 50_000;
const KILLS: usize = 20;

/// Nobody reads during the first half of the kills, so that a backlog is left by each; then a reader works through it
/// while more comes and edgectl is killed on.
#[test]
fn what_was_acknowledged_arrives_in_order_after_twenty_kills() {
    let mut chance = Chance::new();
    let mut moments: Vec<u64> = (0..KILLS).map(|_| chance.below(MESSAGES - 1)).collect();
    moments.sort_unstable();
    let site = pair();
    let mut simulation = start(&site, "");
    let mut stream = Stream::send(&site, mqtt_of(&site), MESSAGES);
    for (kill, moment) in moments.into_iter().enumerate() {
        if kill == KILLS / 2 {
            stream.read(&site);
        }
        stream.wait_for_acknowledged(moment);
        simulation.signal(Signal::KILL);
        drop(simulation);
        simulation = start(&site, "");
    }
    stream.finish();
    drop(simulation);
}
