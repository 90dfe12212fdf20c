//! The key with which a device encrypts for its modules.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};

use super::Key;

/// The device-wide secret behind `encrypt` and `decrypt` of the workload API (protocol.md §2.2): AES-256-GCM.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey([u8; 32]);

/// Sealing or opening did not work: another key, vector or module, or a changed ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the data does not belong to this key, module and initialization vector")]
pub struct SealError;

impl MasterKey {
    /// Derives the master key from a secret of the device, which is what is kept.
    pub fn derive(secret: &Key) -> Self {
        Self(secret.sign(b"edgectl workload API master key"))
    }

    /// Encrypts, and binds the result to the context.
    ///
    /// The vector may have any length. Callers choose it, so one that is used twice shows whether two plaintexts
    /// are equal, as on a real device.
    pub fn seal(&self, vector: &[u8], context: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut data = plaintext.to_vec();
        let sealed = self.cipher()?.seal_in_place_append_tag(nonce(vector), Aad::from(context), &mut data);
        sealed.map(|()| data).map_err(|_| SealError)
    }

    /// Decrypts what [`MasterKey::seal`] made with the same vector and context.
    pub fn open(&self, vector: &[u8], context: &[u8], ciphertext: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut data = ciphertext.to_vec();
        let opened = self.cipher()?.open_in_place(nonce(vector), Aad::from(context), &mut data);
        opened.map(|plaintext| plaintext.to_vec()).map_err(|_| SealError)
    }

    fn cipher(&self) -> Result<LessSafeKey, SealError> {
        UnboundKey::new(&AES_256_GCM, &self.0).map(LessSafeKey::new).map_err(|_| SealError)
    }
}

/// The product hands vectors of any length to its key service; GCM here takes twelve bytes.
fn nonce(vector: &[u8]) -> Nonce {
    let digest = digest(&SHA256, vector);
    let mut bytes = [0; NONCE_LEN];
    bytes.copy_from_slice(&digest.as_ref()[..NONCE_LEN]);
    Nonce::assume_unique_for_key(bytes)
}

impl fmt::Debug for MasterKey {
    /// Leaves the secret out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_with_a_vector_of_any_length() {
        let key = MasterKey([7; 32]);
        for vector in [&b""[..], b"iv", b"twelve bytes", &[7; 500]] {
            let sealed = key.seal(vector, b"filter1", b"secret").expect("sealed");
            assert_eq!(sealed.len(), b"secret".len() + AES_256_GCM.tag_len());
            assert_eq!(key.open(vector, b"filter1", &sealed), Ok(b"secret".to_vec()));
        }
    }

    #[test]
    fn the_same_secret_gives_the_same_key() {
        let secret = Key::generate().expect("random bytes");
        let kept = Key::parse(&secret.to_base64()).expect("a key");
        assert_eq!(MasterKey::derive(&kept), MasterKey::derive(&secret));
        assert_ne!(MasterKey::derive(&kept), MasterKey::derive(&Key::generate().expect("random bytes")));
    }

    #[test]
    fn another_key_vector_or_context_opens_nothing() {
        let key = MasterKey([1; 32]);
        let sealed = key.seal(b"iv", b"filter1", b"secret").expect("sealed");
        assert_eq!(MasterKey([2; 32]).open(b"iv", b"filter1", &sealed), Err(SealError));
        assert_eq!(key.open(b"vi", b"filter1", &sealed), Err(SealError));
        assert_eq!(key.open(b"iv", b"other1", &sealed), Err(SealError));
        assert_eq!(key.open(b"iv", b"filter1", b"short"), Err(SealError));
        assert_eq!(format!("{key:?}"), "MasterKey(…)");
    }
}
