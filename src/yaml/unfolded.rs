//! How much a YAML text is once every alias is replaced by what it stands for.
//!
//! A few lines whose aliases name each other unfold to more than any memory holds, and the library's own limit counts
//! aliases, not what stands behind them. Everything else walks through aliases as if they were written out, so that this
//! comes before.

use std::cell::Cell;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor};

/// What all values may take, in bytes of memory.
const MOST: usize = 64 << 20;
/// What a value takes beside its text.
const VALUE: usize = 64;

/// Refuses a text that unfolds to more than a file has use for.
pub(super) fn check(text: &str) -> Result<(), serde_yaml::Error> {
    if !text.contains('&') {
        return Ok(());
    }
    Count(&Cell::new(MOST)).deserialize(serde_yaml::Deserializer::from_str(text))
}

/// Goes through everything and takes from the room that is left.
#[derive(Clone, Copy)]
struct Count<'r>(&'r Cell<usize>);

impl Count<'_> {
    fn take<E: Error>(self, text: usize) -> Result<(), E> {
        let left = self.0.get().checked_sub(VALUE + text);
        self.0.set(left.ok_or_else(|| E::custom(format!("aliases make more than {} MB of this file", MOST >> 20)))?);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Count<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Count<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.take(0)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.take(0)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.take(0)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.take(0)
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<(), E> {
        self.take(0)
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<(), E> {
        self.take(0)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.take(0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.take(text.len())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<(), A::Error> {
        let (tag, value) = tagged.variant::<String>()?;
        self.take(tag.len())?;
        value.newtype_variant_seed(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.take(0)?;
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        self.take(0)?;
        while members.next_entry_seed(self, self)?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(text: &str) {
        let told = check(text).expect_err("it is too much").to_string();
        assert!(told.contains("aliases make more than 64 MB of this file"), "{told}");
    }

    #[test]
    fn many_aliases_of_something_long_are_refused() {
        check_refused(&format!("a: &a [{}]\nb: [{}]\n", "0, ".repeat(20_000), "*a, ".repeat(20_000)));
        check_refused(&format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a, ".repeat(20_000)));
        check_refused(&format!("a: &a {{x: {}}}\nb: [{}]\n", "x".repeat(100_000), "{<<: *a}, ".repeat(20_000)));
    }

    #[test]
    fn aliases_of_a_deployment_are_taken() {
        let text = format!("a: &a {{x: !y [1, 2.5, ~, true, -1]}}\nb: [{}]\n", "*a, ".repeat(1000));
        assert!(check(&text).is_ok());
    }
}
