//! The words of a manifest that say how the agent treats a module (protocol.md §10.2).

/// When the agent starts a module again that has ended.
///
/// A manifest that says nothing means [`OnUnhealthy`](Self::OnUnhealthy).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RestartPolicy {
    /// Whenever it ended, whatever its exit code.
    Always,
    /// When it ended with an exit code other than 0.
    OnFailure,
    /// When it ended with an exit code other than 0, or is unhealthy.
    #[default]
    OnUnhealthy,
    /// Never.
    Never,
}

/// Whether the agent is to keep a module running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DesiredStatus {
    /// The module is started.
    #[default]
    Running,
    /// The module is created but not started.
    Stopped,
}

/// When the agent pulls a module's image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PullPolicy {
    /// Before the module is created.
    #[default]
    OnCreate,
    /// Never: the image must already be there.
    Never,
}

macro_rules! words {
    ($($type:ident { $($variant:ident = $word:literal),+ })*) => {$(
        impl $type {
            /// Every word, in the order that messages list them.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// Returns the value of a manifest's word, or `None` if it is none.
            pub fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// Returns the word that stands for it in a manifest.
            pub fn as_word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    )*};
}
words! {
    RestartPolicy { Always = "always", OnFailure = "on-failure", OnUnhealthy = "on-unhealthy", Never = "never" }
    DesiredStatus { Running = "running", Stopped = "stopped" }
    PullPolicy { OnCreate = "on-create", Never = "never" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_comes_back_as_itself() {
        for word in RestartPolicy::WORDS {
            assert_eq!(RestartPolicy::from_word(word).map(RestartPolicy::as_word), Some(*word));
        }
        assert_eq!(RestartPolicy::from_word("Always"), None);
    }
}
