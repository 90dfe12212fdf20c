//! Holds `src/manifest/check/container_keys.txt` against the engine's own model, as `bollard` has it.

use std::cell::RefCell;

use bollard::models::ContainerCreateBody;
use serde::de::value::{Error, StrDeserializer};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde::forward_to_deserialize_any;

const FILE: &str = "src/manifest/check/container_keys.txt";

const HEADER: &str = "\
# The body of the engine's create-container call: each object, its members and their types.
# Derived from the models of bollard (Docker Engine API 1.53) by the test `createoptions_have_the_keys_of_the_engine`
# in src/engine/container/keys.rs, which fails with the text that this file should have.
";

#[test]
fn createoptions_have_the_keys_of_the_engine() {
    let objects = RefCell::new(Vec::new());
    let kind = RefCell::new(String::new());
    ContainerCreateBody::deserialize(Model { objects: &objects, kind: &kind }).expect("every type is followed");
    let mut expected = HEADER.to_owned();
    for (name, members) in objects.take() {
        expected.push_str(&format!("{name}\n"));
        members.iter().for_each(|(key, kind)| expected.push_str(&format!("  {key}: {kind}\n")));
    }
    let found = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/manifest/check/container_keys.txt"));
    assert!(found.is_ok_and(|found| found == expected), "{FILE} should be:\n{expected}");
}

type Objects = RefCell<Vec<(&'static str, Vec<(&'static str, String)>)>>;

/// Offers a type every value that it asks for, and writes down what it asked.
#[derive(Clone, Copy)]
struct Model<'m> {
    objects: &'m Objects,
    /// What the type turned out to be.
    kind: &'m RefCell<String>,
}

impl<'m> Model<'m> {
    fn is(self, kind: impl Into<String>) {
        *self.kind.borrow_mut() = kind.into();
    }

    /// Follows a type within this one, and returns it with its name.
    fn inner<'de, S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, String), Error> {
        let kind = RefCell::new(String::new());
        let value = seed.deserialize(Model { objects: self.objects, kind: &kind })?;
        Ok((value, kind.into_inner()))
    }
}

macro_rules! integers {
    ($($name:ident)*) => {$(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.deserialize_i64(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Model<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.is("any");
        visitor.visit_unit()
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.is("nothing");
        visitor.visit_unit()
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.is("flag");
        visitor.visit_bool(false)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.is("integer");
        visitor.visit_i64(0)
    }

    integers! { deserialize_i32 deserialize_u16 deserialize_u32 deserialize_u64 }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.is("number");
        visitor.visit_f64(0.0)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.is("text");
        visitor.visit_str("")
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(One { model: self, left: 1 })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(One { model: self, left: 1 })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        keys: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.is(name);
        if !self.objects.borrow().iter().any(|(known, _)| *known == name) {
            self.objects.borrow_mut().push((name, Vec::new()));
        }
        visitor.visit_map(Members { model: self, name, keys, at: 0 })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let named: Vec<&str> = words.iter().copied().filter(|word| !word.is_empty()).collect();
        self.is(named.join("|"));
        visitor.visit_enum(Word(words[0]))
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u8 u128 f32 char bytes byte_buf unit_struct newtype_struct tuple tuple_struct identifier
        ignored_any
    }
}

/// A list with one item, or a map with one entry.
struct One<'m> {
    model: Model<'m>,
    left: usize,
}

impl<'de> SeqAccess<'de> for One<'_> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let (value, kind) = self.model.inner(seed)?;
        self.model.is(format!("[{kind}]"));
        Ok(Some(value))
    }
}

impl<'de> MapAccess<'de> for One<'_> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let (value, key) = self.model.inner(seed)?;
        // A map that has no keys holds nothing.
        self.model.is(if key == "nothing" { "nothing: " } else { "" });
        Ok(Some(value))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let (value, kind) = self.model.inner(seed)?;
        let key = self.model.kind.borrow().clone();
        self.model.is(if key.is_empty() { format!("{{{kind}}}") } else { "nothing".to_owned() });
        Ok(value)
    }
}

struct Members<'m> {
    model: Model<'m>,
    name: &'static str,
    keys: &'static [&'static str],
    at: usize,
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let Some(key) = self.keys.get(self.at) else { return Ok(None) };
        seed.deserialize(StrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let (value, kind) = self.model.inner(seed)?;
        let mut objects = self.model.objects.borrow_mut();
        let known = objects.iter_mut().find(|(name, _)| *name == self.name).expect("it was put there");
        if known.1.len() == self.at {
            known.1.push((self.keys[self.at], kind));
        }
        self.at += 1;
        self.model.is(self.name);
        Ok(value)
    }
}

struct Word(&'static str);

impl<'de> EnumAccess<'de> for Word {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Error> {
        Ok((seed.deserialize(StrDeserializer::new(self.0))?, self))
    }
}

impl<'de> VariantAccess<'de> for Word {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _: S) -> Result<S::Value, Error> {
        Err(serde::de::Error::custom("no enum of the engine holds a value"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom("no enum of the engine holds values"))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom("no enum of the engine holds members"))
    }
}
