//! Symmetric keys of identities. A key leaves this type as text only by [`Key::to_base64`], for a file or a client.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

/// Bytes of a key that [`Key::generate`] makes.
pub const KEY_BYTES: usize = 32;

/// Bytes that IoT Hub takes for a key given from outside.
const TAKEN_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// Why there is no key. Never holds the text that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is no base64 with padding.
    #[error("a key is expected in base64 with its padding")]
    NotBase64,
    /// The bytes are too few or too many.
    #[error("a key has 16 to 64 bytes, found {0}")]
    Length(usize),
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
}

/// A symmetric key, with which tokens are signed and checked.
///
/// Made of 32 random bytes; keys of a real IoT Hub may have 16 to 64. Written as base64 in files; `Debug` shows nothing.
#[derive(Clone)]
pub struct Key(Vec<u8>);

impl Key {
    /// Makes a new random key.
    pub fn generate() -> Result<Self, KeyError> {
        let mut bytes = vec![0; KEY_BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| KeyError::NoRandomness)?;
        Ok(Self(bytes))
    }

    /// Reads a key from base64.
    pub fn parse(base64: &str) -> Result<Self, KeyError> {
        let bytes = STANDARD.decode(base64).map_err(|_| KeyError::NotBase64)?;
        if TAKEN_BYTES.contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(KeyError::Length(bytes.len())) }
    }

    /// Returns the secret itself, as base64.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.0)
    }

    /// Returns the HMAC-SHA256 of `message`.
    pub fn sign(&self, message: &[u8]) -> [u8; 32] {
        let tag = hmac::sign(&self.hmac(), message);
        let mut signature = [0; 32];
        signature.copy_from_slice(tag.as_ref());
        signature
    }

    /// Says whether `signature` is the HMAC-SHA256 of `message`, in constant time.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        hmac::verify(&self.hmac(), message, signature).is_ok()
    }

    fn hmac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.0)
    }
}

impl PartialEq for Key {
    /// Compares without telling by its duration where keys differ.
    fn eq(&self, other: &Self) -> bool {
        let probe = b"equality";
        self.0.len() == other.0.len() && other.verify(probe, &self.sign(probe))
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(hidden)")
    }
}

impl Serialize for Key {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_base64())
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_signs_as_rfc_4231_says() {
        // Test case 1: 20 bytes of 0x0b.
        let key = Key::parse("CwsLCwsLCwsLCwsLCwsLCwsLCws=").expect("20 bytes");
        let signature = key.sign(b"Hi There");
        assert_eq!(STANDARD.encode(signature), "sDRMYdjbOFNcqK/OrwvxK4gdwgDJgz2nJuk3bC4yz/c=");
        assert!(key.verify(b"Hi There", &signature));
        assert!(!key.verify(b"Hi there", &signature));
        assert!(!key.verify(b"Hi There", &signature[..31]));
    }

    #[test]
    fn two_generated_keys_differ() {
        let (one, other) = (Key::generate().expect("random"), Key::generate().expect("random"));
        assert_ne!(one, other);
        assert_eq!(one, Key::parse(&one.to_base64()).expect("a key comes back"));
    }

    #[test]
    fn a_key_is_never_shown() {
        let key = Key::parse("CwsLCwsLCwsLCwsLCwsLCwsLCws=").expect("20 bytes");
        assert_eq!(format!("{key:?}"), "Key(hidden)");
        let wrong = serde_json::from_str::<Key>("\"secret!\"").expect_err("no base64");
        assert_eq!(wrong.to_string(), "a key is expected in base64 with its padding");
    }

    #[test]
    fn a_key_is_stored_as_base64() {
        let key: Key = serde_json::from_str("\"CwsLCwsLCwsLCwsLCwsLCwsLCws=\"").expect("a key");
        assert_eq!(serde_json::to_string(&key).expect("text"), "\"CwsLCwsLCwsLCwsLCwsLCwsLCws=\"");
        assert_eq!(Key::parse("CwsL"), Err(KeyError::Length(3)));
    }
}
