//! What a queue gives out, takes back and forgets.

use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::message::Message;

const NOW: Duration = Duration::ZERO;
const WINDOW: u64 = 32;

fn queued(body: &'static str) -> Queued {
    let message = Message { body: Bytes::from_static(body.as_bytes()), ..Message::default() };
    Queued { expires: None, since: None, message: Arc::new(message) }
}

fn filled(count: u64) -> Queue {
    let mut queue = Queue::default();
    (0..count).for_each(|_| {
        queue.append(&queued("x"));
    });
    queue
}

fn hand_out_all(queue: &mut Queue) -> Vec<u64> {
    std::iter::from_fn(|| queue.hand_out(NOW, WINDOW as usize).map(|(offset, _)| offset)).collect()
}

#[test]
fn the_window_bounds_what_is_on_its_way() {
    let mut queue = filled(WINDOW + 5);
    assert_eq!(hand_out_all(&mut queue), (0..WINDOW).collect::<Vec<_>>());
    assert_eq!(queue.finish(NOW, 0), Some(1));
    assert_eq!(hand_out_all(&mut queue), [WINDOW]);
}

#[test]
fn out_of_turn_acknowledgements_wait_for_the_first() {
    let mut queue = filled(3);
    hand_out_all(&mut queue);
    assert_eq!(queue.finish(NOW, 1), None);
    assert_eq!(queue.unfinished(), 2);
    assert_eq!(queue.finish(NOW, 0), Some(2));
}

#[test]
fn after_a_disconnect_only_what_is_not_done_comes_again() {
    let mut queue = filled(4);
    hand_out_all(&mut queue);
    queue.finish(NOW, 0);
    queue.finish(NOW, 2);
    queue.take_back();
    assert_eq!(hand_out_all(&mut queue), [1, 3]);
}

#[test]
fn whoever_works_through_a_window_one_by_one_is_not_late() {
    let mut queue = filled(3);
    hand_out_all(&mut queue);
    assert_eq!(queue.oldest_flight(), Some(NOW));
    queue.finish(Duration::from_secs(20), 0);
    assert_eq!(queue.oldest_flight(), Some(Duration::from_secs(20)));
    queue.finish(Duration::from_secs(25), 2);
    assert_eq!(queue.oldest_flight(), Some(Duration::from_secs(20)), "the second is still waited for");
}

#[test]
fn what_is_given_back_comes_again_after_a_pause_that_doubles() {
    // protocol.md §9.2
    let mut queue = filled(2);
    hand_out_all(&mut queue);
    let mut now = NOW;
    for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
        queue.release(now, 0);
        assert_eq!(queue.next_again(), Some(now + Duration::from_secs(pause)));
        now += Duration::from_secs(pause);
        assert_eq!(queue.hand_out(now, WINDOW as usize), None, "its time has not been told");
        queue.end_pauses(now);
        assert_eq!(queue.next_again(), None);
        assert_eq!(queue.hand_out(now, WINDOW as usize).map(|(offset, _)| offset), Some(0));
    }
    assert_eq!(queue.oldest_flight(), Some(now));
    queue.finish(now, 0);
    queue.release(now, 0);
    queue.release(now, 9);
    assert_eq!(queue.next_again(), None, "neither what is done nor what was never handed out comes again");
}

#[test]
fn more_than_there_is_cannot_be_loaded() {
    let mut queue = Queue::recovered(7, 9);
    queue.open();
    queue.missing();
    queue.loaded(7, vec![queued("a"); 5]);
    assert_eq!(hand_out_all(&mut queue), [7, 8]);
}

#[test]
fn a_second_acknowledgement_changes_nothing() {
    let mut queue = filled(2);
    hand_out_all(&mut queue);
    assert_eq!(queue.finish(NOW, 0), Some(1));
    assert_eq!(queue.finish(NOW, 0), None);
    assert_eq!(queue.finish(NOW, 9), None);
    assert_eq!(queue.unfinished(), 1);
}

#[test]
fn what_does_not_fit_in_memory_is_loaded_when_its_turn_comes() {
    let mut queue = filled(CACHE_COUNT as u64 + 10);
    assert_eq!(queue.missing(), None);
    for offset in 0..CACHE_COUNT as u64 {
        assert_eq!(queue.hand_out(NOW, 1).map(|(offset, _)| offset), Some(offset));
        queue.finish(NOW, offset);
    }
    assert_eq!(queue.hand_out(NOW, 1), None);
    let missing = queue.missing().expect("ten are in the store");
    assert_eq!(missing.from, CACHE_COUNT as u64);
    assert_eq!(queue.missing(), None, "asked once");
    queue.loaded(missing.from, vec![queued("y"); 10]);
    assert_eq!(hand_out_all(&mut queue).len(), 10);
}

#[test]
fn a_recovered_queue_starts_at_its_first_unacknowledged_message() {
    let mut queue = Queue::recovered(7, 9);
    queue.open();
    assert_eq!(queue.missing().map(|m| m.from), Some(7));
    queue.loaded(7, vec![queued("a"), queued("b")]);
    assert_eq!(hand_out_all(&mut queue), [7, 8]);
}

#[test]
fn without_a_reader_nothing_is_in_memory() {
    let mut queue = filled(3);
    hand_out_all(&mut queue);
    queue.finish(NOW, 1);
    queue.close();
    queue.append(&queued("y"));
    queue.missing();
    queue.loaded(0, vec![queued("x"); 3]);
    assert_eq!((queue.cache.len(), queue.cache_bytes, queue.unfinished()), (0, 0, 3));
    queue.open();
    assert_eq!(queue.missing().map(|m| m.from), Some(0));
    queue.loaded(0, vec![queued("x"); 4]);
    assert_eq!(hand_out_all(&mut queue), [0, 2, 3]);
}

#[test]
fn what_is_on_its_way_does_not_expire() {
    let mut queue = filled(3);
    hand_out_all(&mut queue);
    assert_eq!((queue.resting(), queue.expire(2)), (None, false));
    queue.close();
    assert_eq!((queue.resting(), queue.expire(2)), (Some(0), true));
    assert_eq!((queue.resting(), queue.expire(2)), (Some(2), false));
    assert!(queue.expire(99));
    assert!(queue.is_empty());
}
