//! JSON pointers (RFC 6901), by which a value of a document is named whatever its syntax.

use std::fmt;

/// The way from the root of a document to one of its values.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Pointer(String);

impl Pointer {
    /// The longest way that a file may have, in bytes: with longer ones every value of it would cost too much.
    pub const LONGEST: usize = 16 * 1024;

    /// The pointer to the whole document.
    pub fn root() -> Self {
        Self::default()
    }

    /// Returns the pointer to a member of the object that this one points to.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        Self(format!("{}/{}", self.0, key.replace('~', "~0").replace('/', "~1")))
    }

    /// Returns the pointer to an item of the array that this one points to.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}/{index}", self.0))
    }

    /// Returns the pointer that goes on from here by another one.
    #[must_use]
    pub fn join(&self, inner: &Self) -> Self {
        Self(format!("{}{}", self.0, inner.0))
    }

    /// Returns the pointer to the value that holds this one, or `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        self.0.rfind('/').map(|at| Self(self.0[..at].to_owned()))
    }

    /// Returns the keys and indices on the way, unescaped.
    pub fn steps(&self) -> Vec<String> {
        self.0.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
    }

    /// Returns the pointer as RFC 6901 writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_slashes_and_tildes_come_back() {
        let pointer = Pointer::root().key("a/b~1").index(3);
        assert_eq!(pointer.as_str(), "/a~1b~01/3");
        assert_eq!(pointer.steps(), ["a/b~1", "3"]);
        assert_eq!(pointer.parent().map(|parent| parent.steps()), Some(vec!["a/b~1".to_owned()]));
    }
}
