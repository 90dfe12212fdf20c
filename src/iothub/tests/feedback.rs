//! What services hear of the messages that they sent to devices (protocol.md §12.5).

use super::children::{handed, id, later, leaf, message, receive, with_leaf};
use super::*;
use crate::message::system;

/// Sends a message named `m1` that asks for feedback.
fn send(cloud: &mut IotHub, ack: &str) {
    let mut message = message("x");
    message.set_system(system::ACK, ack);
    message.set_system(system::MESSAGE_ID, "m1");
    cloud.send(NOW, &id("leaf1"), message, DEFAULT_LIFE).expect("there is room");
}

fn feedback(cloud: &mut IotHub) -> Vec<Feedback> {
    let told = outputs(cloud).into_iter();
    told.filter_map(|output| if let Output::Feedback(feedback) = output { Some(feedback) } else { None }).collect()
}

/// Has the only message that waits end so.
fn end(cloud: &mut IotHub, end: MessageEnd) {
    let identity = leaf("leaf1");
    match end {
        MessageEnd::Success | MessageEnd::Rejected => {
            receive(cloud, NOW);
            let (lock, _) = handed(cloud).remove(0);
            let said = match end {
                MessageEnd::Success => ToCloud::Completed { identity: identity.clone(), lock },
                _ => ToCloud::Rejected { identity: identity.clone(), lock },
            };
            cloud.handle(NOW, &edge(), said);
            cloud.handle(NOW, &edge(), ToCloud::StopReceiving { identity });
        }
        MessageEnd::Expired => cloud.handle_timeout(later(3600)),
        MessageEnd::DeliveryCountExceeded => (0..10).for_each(|_| {
            receive(cloud, NOW);
            cloud.handle(NOW, &edge(), ToCloud::StopReceiving { identity: identity.clone() });
        }),
        MessageEnd::Purged => assert_eq!(cloud.purge(NOW.unix, &id("leaf1")), Ok(1)),
    }
}

#[test]
fn a_sender_hears_of_the_ends_that_it_asked_for() {
    // protocol.md §12.5
    use MessageEnd::{DeliveryCountExceeded, Expired, Purged, Rejected, Success};
    let mut cloud = with_leaf();
    let all = [Success, Expired, DeliveryCountExceeded, Rejected, Purged];
    for (ack, told) in [
        ("", &[][..]),
        ("none", &[]),
        ("positive", &[Success]),
        ("negative", &[Expired, DeliveryCountExceeded, Rejected, Purged]),
        ("full", &all),
        ("FULL", &all),
        ("often", &[]),
    ] {
        let heard: Vec<MessageEnd> = all
            .into_iter()
            .flat_map(|how| {
                send(&mut cloud, ack);
                end(&mut cloud, how);
                assert_eq!(cloud.waiting(NOW, &id("leaf1")), 0, "{how:?}");
                feedback(&mut cloud)
            })
            .map(|feedback| feedback.end)
            .collect();
        assert_eq!(heard, told, "{ack}");
    }
}

#[test]
fn feedback_names_the_message_and_the_generation_of_its_device() {
    // protocol.md §12.5
    let mut cloud = with_leaf();
    send(&mut cloud, "full");
    end(&mut cloud, MessageEnd::Rejected);
    let expected = Feedback {
        original_message_id: Some("m1".into()),
        at: NOW.unix,
        end: MessageEnd::Rejected,
        device: id("leaf1"),
        generation_id: "639".into(),
    };
    assert_eq!(feedback(&mut cloud), [expected]);
}

#[test]
fn a_message_expires_when_nobody_looks() {
    let mut cloud = with_leaf();
    send(&mut cloud, "negative");
    assert_eq!(cloud.deadline(), Some(later(3600).monotonic));
    cloud.handle_timeout(later(3600));
    assert_eq!(feedback(&mut cloud).len(), 1);
    assert_eq!(cloud.deadline(), None);
}

#[test]
fn a_message_of_an_earlier_run_expires_too() {
    let mut cloud = with_leaf();
    send(&mut cloud, "negative");
    let kept = outputs(&mut cloud).into_iter().find_map(|output| match output {
        Output::Save { name, document, .. } if name == "devicebound/leaf1" => Some(document),
        _ => None,
    });
    let waiting = serde_json::from_value(kept.expect("it is kept")).expect("it reads what it wrote");
    let registry = cloud.registry().clone();
    let recovered = Recovered { registry, waiting: [(id("leaf1"), waiting)].into(), ..Recovered::default() };
    let mut cloud = IotHub::new([], recovered);
    cloud.handle_timeout(NOW);
    assert_eq!(cloud.deadline(), Some(later(3600).monotonic));
    cloud.handle_timeout(later(3600));
    assert_eq!(feedback(&mut cloud).len(), 1);
}
