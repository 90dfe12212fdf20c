//! Hashes over a build context: the same over files that are read twice, once to see whether an image is stale, once to
//! send them.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256, SHA256_OUTPUT_LEN};

use super::context::{Entry, unreadable};
use crate::failure::Outcome;

const BUFFER: usize = 128 * 1024;

/// A hash over fields and lists, no two of which look alike.
pub(super) struct Hash(Context);

impl Hash {
    pub(super) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Returns `sha256:…`.
    pub(super) fn finish(self) -> String {
        let hex: String = self.0.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256:{hex}")
    }

    /// Behind its length, so that no two lists of fields look alike.
    pub(super) fn field(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    pub(super) fn list<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) {
        texts.into_iter().for_each(|text| self.field(text.as_bytes()));
        self.0.update(&u64::MAX.to_be_bytes());
    }
}

/// The hash of a context, entry by entry in the order of [`BuildContext::walk`](super::BuildContext::walk).
pub struct ContextHash(Hash);

/// What an entry holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// It is a folder, or something that no image takes.
    Nothing,
    /// It is a link to this place.
    Link(PathBuf),
    /// It is a file with this SHA-256.
    File([u8; SHA256_OUTPUT_LEN]),
}

/// The SHA-256 of a file's content, piece by piece.
pub struct ContentHash(Context);

impl ContextHash {
    /// The hash of nothing yet.
    #[allow(clippy::new_without_default, reason = "nobody wants one by default")]
    pub fn new() -> Self {
        Self(Hash::new())
    }

    /// Adds an entry. When it was written and who owns it is no part of it; nor is a file that is there for the engine
    /// alone.
    pub fn add(&mut self, entry: &Entry<'_>, content: &Content) {
        if entry.is_for_engine {
            return;
        }
        self.0.field(entry.name.as_os_str().as_bytes());
        self.0.0.update(&entry.metadata.mode().to_be_bytes());
        match content {
            Content::Nothing => {}
            Content::Link(target) => self.0.field(target.as_os_str().as_bytes()),
            Content::File(digest) => self.0.field(digest),
        }
    }

    /// Adds the Dockerfile that lies outside.
    pub fn add_dockerfile(&mut self, content: &Content) {
        self.0.list(["Dockerfile"]);
        if let Content::File(digest) = content {
            self.0.field(digest);
        }
    }

    /// Returns `sha256:…`.
    pub fn finish(self) -> String {
        self.0.finish()
    }
}

impl ContentHash {
    /// The hash of nothing yet.
    #[allow(clippy::new_without_default, reason = "nobody wants one by default")]
    pub fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Adds what was read.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns what a file holds that was read to its end.
    pub fn finish(self) -> Content {
        let mut digest = [0; SHA256_OUTPUT_LEN];
        digest.copy_from_slice(self.0.finish().as_ref());
        Content::File(digest)
    }
}

impl Content {
    /// Returns what a file with these bytes holds.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut hash = ContentHash::new();
        hash.update(bytes);
        hash.finish()
    }

    /// Reads an entry.
    pub(super) fn read(entry: &Entry<'_>) -> Outcome<Self> {
        let kind = entry.metadata.file_type();
        let read = if kind.is_symlink() {
            std::fs::read_link(entry.path).map(Self::Link)
        } else if kind.is_file() {
            Self::read_file(entry.path)
        } else {
            Ok(Self::Nothing)
        };
        read.map_err(|error| unreadable(entry.path, error))
    }

    pub(super) fn read_file(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut hash = ContentHash::new();
        let mut buffer = vec![0; BUFFER];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(hash.finish()),
                read => hash.update(&buffer[..read]),
            }
        }
    }
}
