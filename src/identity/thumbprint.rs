//! Thumbprints of X.509 certificates, by which IoT Hub knows devices that sign their own.

use std::fmt;

use ring::digest;
use serde::{Deserialize, Serialize};

/// Why a text is no thumbprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThumbprintError {
    /// A character that is no hexadecimal digit.
    #[error("a thumbprint holds hexadecimal digits, found {0:?}")]
    Digit(char),
    /// Too few or too many digits.
    #[error("a thumbprint has 40 (SHA-1) or 64 (SHA-256) hexadecimal digits, found {0}")]
    Length(usize),
}

/// The SHA-1 or SHA-256 of a certificate, written as 40 or 64 hexadecimal digits in upper case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Thumbprint(String);

impl Thumbprint {
    /// Reads a thumbprint: digits in any case, with or without the colons and blanks that tools put between them.
    pub fn parse(text: &str) -> Result<Self, ThumbprintError> {
        let digits: String = text.chars().filter(|c| *c != ':' && *c != ' ').collect();
        if let Some(wrong) = digits.chars().find(|c| !c.is_ascii_hexdigit()) {
            return Err(ThumbprintError::Digit(wrong));
        }
        match digits.len() {
            40 | 64 => Ok(Self(digits.to_ascii_uppercase())),
            length => Err(ThumbprintError::Length(length)),
        }
    }

    /// Returns the digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(algorithm: &'static digest::Algorithm, der: &[u8]) -> Self {
        let hash = digest::digest(algorithm, der);
        Self(hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect())
    }
}

impl TryFrom<String> for Thumbprint {
    type Error = ThumbprintError;

    fn try_from(text: String) -> Result<Self, ThumbprintError> {
        Self::parse(&text)
    }
}

impl From<Thumbprint> for String {
    fn from(thumbprint: Thumbprint) -> Self {
        thumbprint.0
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Both thumbprints of one certificate: whoever registers it may have used either.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Thumbprints {
    /// Over SHA-1, as `openssl x509 -fingerprint` writes it.
    pub sha1: Thumbprint,
    /// Over SHA-256.
    pub sha256: Thumbprint,
}

impl Thumbprints {
    /// Takes the thumbprints of a certificate in DER.
    pub fn of(der: &[u8]) -> Self {
        Self {
            // Old, but what most tools register; it only has to tell certificates apart whose keys are proved elsewhere.
            sha1: Thumbprint::of(&digest::SHA1_FOR_LEGACY_USE_ONLY, der),
            sha256: Thumbprint::of(&digest::SHA256, der),
        }
    }

    /// Says whether a registered thumbprint is one of these.
    pub fn include(&self, registered: &Thumbprint) -> bool {
        *registered == self.sha1 || *registered == self.sha256
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbprints_are_those_of_openssl() {
        // printf abc | openssl dgst -sha1, -sha256
        let thumbprints = Thumbprints::of(b"abc");
        assert_eq!(thumbprints.sha1.as_str(), "A9993E364706816ABA3E25717850C26C9CD0D89D");
        let long = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
        assert_eq!(thumbprints.sha256.as_str(), long);
        assert!(thumbprints.include(&Thumbprint::parse(&long.to_ascii_lowercase()).expect("valid")));
    }

    #[test]
    fn colons_and_case_do_not_matter() {
        let colons = "a9:99:3e:36:47:06:81:6a:ba:3e:25:71:78:50:c2:6c:9c:d0:d8:9d";
        let thumbprint = Thumbprint::parse(colons).expect("valid");
        assert_eq!(thumbprint.as_str(), "A9993E364706816ABA3E25717850C26C9CD0D89D");
        assert_eq!(Thumbprint::parse("AB"), Err(ThumbprintError::Length(2)));
        assert_eq!(Thumbprint::parse("xy"), Err(ThumbprintError::Digit('x')));
    }
}
