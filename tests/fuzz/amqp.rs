//! An AMQP client that is nearly right, against one connection whose hub answers as it likes.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use edgectl::amqp::{Head, Limits, Output, Speaker};
use edgectl::clock::Now;
use edgectl::edgehub::{Delivery, Event, Guarantee, Receipt, Refusal, Target};
use edgectl::message::Message;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::mutation::mutated;

const WORDS: &[&str] = &["\0", "\0S\x10", "\0S$", "$cbs", "/devices/d/modules/m/twin", "AMQP", "\u{7f}", "@@@"];
const TOKEN: &str = "SharedAccessSignature sr=hub.example%2Fdevices%2Fd%2Fmodules%2Fm&sig=AA%3D%3D&se=1700003600";

#[derive(Debug, Clone)]
enum Step {
    Say(Vec<u8>),
    Hear(Event),
    LetIn,
    TurnAway,
    Dismiss,
    Wait(u64),
    End,
}

/// A frame of AMQP around a performative and a payload.
fn frame(body: &[u8], payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(8 + body.len() + payload.len()).expect("short");
    [&length.to_be_bytes()[..], &[2, 0, 0, 0], body, payload].concat()
}

/// A composite: its code and the bytes of its fields.
fn list(code: u8, fields: &[&[u8]]) -> Vec<u8> {
    let bytes = fields.concat();
    let size = u32::try_from(bytes.len() + 4).expect("short").to_be_bytes();
    let count = u32::try_from(fields.len()).expect("few").to_be_bytes();
    [&[0, 0x53, code, 0xd0][..], &size, &count, &bytes].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&[0xa1, u8::try_from(text.len()).expect("short")], text.as_bytes()].concat()
}

const NULL: &[u8] = &[0x40];
const TRUE: &[u8] = &[0x41];
const FALSE: &[u8] = &[0x42];

/// Attaches link `handle`, from or to the client.
fn attach(handle: u8, is_receiver: bool, address: &str) -> Vec<u8> {
    let (name, place) = (text(&format!("link{handle}")), text(address));
    let (source, target) = (list(0x28, &[&place]), list(0x29, &[&place]));
    let role = if is_receiver { TRUE } else { FALSE };
    let modes: [&[u8]; 2] = [&[0x50, 2], &[0x50, 0]];
    frame(&list(0x12, &[&name, &[0x52, handle], role, modes[0], modes[1], &source, &target, NULL, NULL, &[0x43]]), b"")
}

fn transfer(handle: u8, id: u8, payload: &[u8]) -> Vec<u8> {
    frame(&list(0x14, &[&[0x52, handle], &[0x52, id], &[0xa0, 1, id], &[0x43], FALSE, FALSE]), payload)
}

/// What a client says from its first byte to its last.
fn conversation() -> Vec<Vec<u8>> {
    let own = "/devices/d/modules/m";
    let credit: [&[u8]; 7] =
        [&[0x43], &[0x70, 0, 0, 8, 0], &[0x43], &[0x70, 0, 0, 8, 0], &[0x52, 2], &[0x43], &[0x52, 50]];
    let asked = ["operation", "put-token", "type", "servicebus.windows.net:sastoken", "name", own].map(text).concat();
    let asked = [&[0, 0x53, 0x74, 0xc1, asked.len() as u8 + 1, 6][..], &asked].concat();
    let id = list(0x73, &[&text("1")]);
    let token = [&id, &asked, &[0, 0x53, 0x77][..], &text(TOKEN)].concat();
    let data = |body: &str| [&[0, 0x53, 0x75, 0xa0, body.len() as u8][..], body.as_bytes()].concat();
    vec![
        b"AMQP\x00\x01\x00\x00".to_vec(),
        frame(&list(0x10, &[&text("client"), &text("gateway")]), b""),
        frame(&list(0x11, &[NULL, &[0x43], &[0x70, 0, 0, 8, 0], &[0x70, 0, 0, 8, 0]]), b""),
        attach(0, false, "$cbs"),
        attach(1, true, "$cbs"),
        transfer(0, 0, &token),
        attach(2, true, &format!("{own}/messages/events")),
        attach(3, false, &format!("{own}/messages/events")),
        attach(4, true, &format!("{own}/methods/devicebound")),
        attach(5, false, &format!("{own}/twin")),
        attach(6, true, &format!("{own}/twin")),
        frame(&list(0x13, &credit), b""),
        transfer(3, 1, &data("{\"a\":1}")),
        transfer(5, 2, &data("{\"reported\":1}")),
        frame(&list(0x15, &[TRUE, &[0x43], &[0x52, 9], TRUE, &list(0x24, &[])]), b""),
        frame(&list(0x16, &[&[0x52, 2], TRUE]), b""),
        frame(&list(0x17, &[]), b""),
        frame(&list(0x18, &[]), b""),
        b"AMQP\x03\x01\x00\x00".to_vec(),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let number = || 0..9_u64;
    let target = prop_oneof![Just(Target::CloudToDevice), Just(Target::Input("in".into()))];
    prop_oneof![
        number().prop_map(|receipt| Event::Accepted { receipt: Receipt(receipt) }),
        (number(), target, any::<bool>()).prop_map(|(delivery, target, once)| Event::Deliver {
            delivery: Delivery(delivery),
            guarantee: if once { Guarantee::AtMostOnce } else { Guarantee::AtLeastOnce },
            target,
            message: Message { body: Bytes::from_static(b"{}"), ..Message::default() }.into(),
        }),
        Just(Event::CallMethod { rid: "1".into(), name: "reset".into(), payload: Bytes::from_static(b"null") }),
        any::<bool>().prop_map(|is_good| Event::Renewed {
            result: if is_good { Ok(()) } else { Err(Refusal::NotAuthorized("no".to_owned())) },
        }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => mutated(select(conversation()), WORDS).prop_map(Step::Say),
        8 => select(conversation()).prop_map(Step::Say),
        4 => event().prop_map(Step::Hear),
        2 => Just(Step::LetIn),
        1 => Just(Step::TurnAway),
        1 => Just(Step::Dismiss),
        1 => (0..300_u64).prop_map(Step::Wait),
        1 => Just(Step::End),
    ]
}

/// A connection whose promises are watched.
struct Watched {
    head: Head,
    now: Now,
    asking: BTreeSet<Speaker>,
    is_closed: bool,
}

impl Watched {
    fn new() -> Self {
        let head = Head::new(Now::default(), Limits::default(), None);
        Self { head, now: Now::default(), asking: BTreeSet::new(), is_closed: false }
    }

    fn take(&mut self, step: &Step) {
        let known = self.asking.first().copied().unwrap_or(Speaker(1));
        match step {
            Step::Say(bytes) => self.head.handle_bytes(self.now, BytesMut::from(&bytes[..])),
            Step::Hear(event) => self.head.handle_event(self.now, known, event.clone()),
            Step::LetIn => self.head.connected(self.now, known),
            Step::TurnAway => self.head.refused(self.now, known, &Refusal::NotAuthorized("no".to_owned())),
            Step::Dismiss => self.head.dismiss(self.now, known, "gone"),
            Step::Wait(seconds) => {
                self.now.monotonic += Duration::from_secs(*seconds);
                self.head.handle_timeout(self.now);
            }
            Step::End => self.head.handle_end(),
        }
        while let Some(output) = self.head.poll() {
            assert!(!self.is_closed, "{output:?} after the end");
            match output {
                Output::Connect { speaker, .. } => assert!(self.asking.insert(speaker), "{speaker:?} asks twice"),
                Output::Left { speaker, .. } => drop(self.asking.remove(&speaker)),
                Output::Notice { notice, .. } => assert!(notice.to_string().len() < 2000, "{notice}"),
                Output::Close(_) => self.is_closed = true,
                Output::Send(bytes) => assert!(!bytes.is_empty()),
                Output::Request { .. } | Output::Misfit(_) => {}
            }
        }
        assert!(!self.is_closed || !self.head.wants_read() && self.head.deadline().is_none());
    }
}

#[test]
fn the_conversation_is_understood() {
    let mut watched = Watched::new();
    for (position, said) in conversation().into_iter().take(16).enumerate() {
        watched.take(&Step::Say(said));
        if position == 5 {
            assert_eq!(watched.asking.len(), 1, "the token names somebody");
            watched.take(&Step::LetIn);
        }
        assert!(!watched.is_closed, "after {position}");
    }
}

proptest! {
    #[test]
    fn no_client_and_no_hub_breaks_a_connection(start in 0..16_usize, steps in vec(step(), 0..40)) {
        let mut watched = Watched::new();
        for said in conversation().into_iter().take(start) {
            watched.take(&Step::Say(said));
            watched.take(&Step::LetIn);
        }
        steps.iter().for_each(|step| watched.take(step));
    }
}
