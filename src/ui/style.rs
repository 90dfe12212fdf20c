//! Colours. Colour never carries meaning alone: every coloured word can be read without it.

/// Whether and how text on stderr is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// ANSI colours.
    Ansi,
    /// No escape sequence at all.
    Plain,
}

const MODULE_COLORS: [&str; 6] = ["36", "33", "32", "35", "34", "96"];

impl Paint {
    pub(super) fn error(self, text: &str) -> String {
        self.with("1;31", text)
    }

    pub(super) fn warning(self, text: &str) -> String {
        self.with("1;33", text)
    }

    pub(super) fn hint(self, text: &str) -> String {
        self.with("1;36", text)
    }

    pub(super) fn verb(self, text: &str) -> String {
        self.with("1;32", text)
    }

    /// Colours `text` by the module's name, so that a module keeps its colour from run to run.
    pub(super) fn module(self, name: &str, text: &str) -> String {
        let sum = name.bytes().fold(0usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        self.with(MODULE_COLORS[sum % MODULE_COLORS.len()], text)
    }

    fn with(self, code: &str, text: &str) -> String {
        match self {
            Self::Ansi => format!("\x1b[{code}m{text}\x1b[0m"),
            Self::Plain => text.to_owned(),
        }
    }
}
