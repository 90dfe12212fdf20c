//! Platforms as the ecosystem and as container engines spell them.

use std::fmt;

/// A platform that images are built for, kept in the ecosystem's word: `amd64`, `arm32v7`, `arm64v8`.
///
/// `linux/arm64`, `arm64` and `arm64v8` are one platform. A word that no engine knows (`amd64-gpu`) is a platform of
/// its own, as solutions use such words to name a second Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Platform(String);

/// Why a text is no platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no platform: expected a word such as `amd64`, `arm64v8` or `linux/arm64`")]
pub struct PlatformError(String);

/// Which of a module's two images for a platform is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Variant {
    /// The image that is deployed.
    #[default]
    Release,
    /// The image with a debugger, listed in `module.json` as `<platform>.debug`.
    Debug,
}

/// The ecosystem's word, the engine's word, and other spellings.
const KNOWN: [(&str, &str, &[&str]); 6] = [
    ("amd64", "linux/amd64", &["x86_64", "x64", "linux/x86_64"]),
    ("arm64v8", "linux/arm64", &["arm64", "aarch64", "linux/arm64/v8", "linux/aarch64"]),
    ("arm32v7", "linux/arm/v7", &["armv7", "armhf", "linux/arm", "arm"]),
    ("arm32v6", "linux/arm/v6", &["armv6"]),
    ("i386", "linux/386", &["386", "linux/i386"]),
    ("windows-amd64", "windows/amd64", &[]),
];

impl Platform {
    /// Parses any spelling of a platform.
    pub fn parse(text: &str) -> Result<Self, PlatformError> {
        let lower = text.to_ascii_lowercase();
        let known = KNOWN
            .iter()
            .find(|(word, oci, others)| [*word, *oci].contains(&lower.as_str()) || others.contains(&lower.as_str()));
        if let Some((word, _, _)) = known {
            return Ok(Self((*word).to_owned()));
        }
        let is_word = text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if is_word { Ok(Self(text.to_owned())) } else { Err(PlatformError(text.to_owned())) }
    }

    /// What stands for the list of all platforms.
    pub fn multi() -> Self {
        Self("multi".to_owned())
    }

    /// Says whether it stands for the list of all platforms.
    pub fn is_multi(&self) -> bool {
        self.0 == "multi"
    }

    /// The platform of this machine's processor, for Linux images.
    pub fn of_this_machine() -> Self {
        Self::parse(std::env::consts::ARCH).unwrap_or_else(|_| Self("amd64".to_owned()))
    }

    /// Returns the ecosystem's word, which stands in tags, file names and `module.json`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the engine's word (`linux/arm64`), or `None` for a platform that no engine knows.
    pub fn oci(&self) -> Option<&'static str> {
        KNOWN.iter().find(|(word, _, _)| *word == self.0).map(|(_, oci, _)| *oci)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        Self::parse(text)
    }
}

impl Variant {
    /// Splits `amd64.debug` into `amd64` and the variant.
    pub fn split(word: &str) -> (&str, Self) {
        match word.strip_suffix(".debug") {
            Some(platform) => (platform, Self::Debug),
            None => (word, Self::Release),
        }
    }

    /// Returns what follows the platform in tags and in `module.json`: nothing, or `.debug`.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Release => "",
            Self::Debug => ".debug",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_one_platform() {
        for spelling in ["arm64v8", "linux/arm64", "linux/arm64/v8", "arm64", "ARM64", "aarch64"] {
            let platform = Platform::parse(spelling).expect("a spelling of arm64v8");
            assert_eq!((platform.as_str(), platform.oci()), ("arm64v8", Some("linux/arm64")));
        }
    }

    #[test]
    fn a_word_of_the_solutions_own_is_a_platform_that_no_engine_knows() {
        let platform = Platform::parse("amd64-gpu").expect("a word");
        assert_eq!((platform.as_str(), platform.oci()), ("amd64-gpu", None));
    }

    #[test]
    fn what_is_no_word_is_refused() {
        for text in ["", "linux/", "a b", "plan9/mips", "-x"] {
            assert_eq!(Platform::parse(text), Err(PlatformError(text.to_owned())));
        }
    }
}
