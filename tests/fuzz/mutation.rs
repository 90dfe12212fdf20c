//! Valid bytes, changed in a few places.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// One change; places are fractions of whatever length there is.
#[derive(Debug, Clone)]
enum Change {
    Set(Index, u8),
    Flip(Index, u8),
    Remove(Index, Index),
    Repeat(Index, Index),
    Insert(Index, Vec<u8>),
    End(Index),
}

/// Changes bytes in up to eight places, with what stands in `words` among that which is put in.
pub(crate) fn mutated(
    valid: impl Strategy<Value = Vec<u8>>,
    words: &'static [&'static str],
) -> impl Strategy<Value = Vec<u8>> {
    (valid, vec(change(words), 0..8)).prop_map(|(mut bytes, changes)| {
        changes.iter().for_each(|change| change.apply(&mut bytes));
        bytes
    })
}

/// The same for a text; what is no UTF-8 any more is mended.
pub(crate) fn mutated_text(
    valid: &'static [&'static str],
    words: &'static [&'static str],
) -> impl Strategy<Value = String> {
    let valid = select(valid).prop_map(|text| text.as_bytes().to_vec());
    mutated(valid, words).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn change(words: &'static [&'static str]) -> impl Strategy<Value = Change> {
    let place = any::<Index>;
    let edge = select(&[0_u8, 1, 2, 0x7f, 0x80, 0xfe, 0xff][..]);
    prop_oneof![
        (place(), prop_oneof![edge, any::<u8>()]).prop_map(|(at, byte)| Change::Set(at, byte)),
        (place(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, 1 << bit)),
        (place(), place()).prop_map(|(from, to)| Change::Remove(from, to)),
        (place(), place()).prop_map(|(from, to)| Change::Repeat(from, to)),
        (place(), vec(any::<u8>(), 1..9)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (place(), select(words)).prop_map(|(at, word)| Change::Insert(at, word.as_bytes().to_vec())),
        place().prop_map(Change::End),
    ]
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        let place = |at: &Index| at.index(length + 1);
        let range = |from: &Index, to: &Index| place(from).min(place(to))..place(from).max(place(to));
        match self {
            Self::Set(at, byte) if length > 0 => bytes[at.index(length)] = *byte,
            Self::Flip(at, bit) if length > 0 => bytes[at.index(length)] ^= bit,
            Self::Set(..) | Self::Flip(..) => {}
            Self::Remove(from, to) => drop(bytes.drain(range(from, to))),
            Self::Repeat(from, to) => bytes.extend_from_within(range(from, to)),
            Self::Insert(at, new) => drop(bytes.splice(place(at)..place(at), new.iter().copied())),
            Self::End(at) => bytes.truncate(place(at)),
        }
    }
}
