//! Every failure that a user can meet: its kind, its words, its hints and its exit code.
//!
//! A [`Failure`] carries its hints from where the facts are known; nothing looks for them later by
//! down-casting. The kind alone decides the exit code.

use std::fmt::Display;
use std::io;

use serde::Serialize;

/// What a command returns.
pub type Outcome<T = ()> = Result<T, Failure>;

/// Whose turn it is to act, and so the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request or a file is wrong, a damaged one under `.edgectl/` too: exit code 1.
    Request,
    /// The command line is wrong: exit code 2.
    Usage,
    /// This machine is not ready (engine, port, permission, disk): exit code 3.
    Machine,
    /// Someone else refused (a registry, a build step, a module): exit code 4.
    Refused,
    /// A defect of edgectl: exit code 70.
    Bug,
    /// Ctrl-C: exit code 130.
    Interrupted,
    /// SIGTERM, or the terminal was closed: exit code 143, as a shell shows a process that SIGTERM ended.
    Terminated,
    /// The reader of stdout went away, as in `edgectl monitor | head`: nothing is told, exit code 0.
    ReaderGone,
}

impl Kind {
    /// Returns the documented exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Request => 1,
            Self::Usage => 2,
            Self::Machine => 3,
            Self::Refused => 4,
            Self::Bug => 70,
            Self::Interrupted => 130,
            Self::Terminated => 143,
            Self::ReaderGone => 0,
        }
    }

    /// Returns the kind of failure that another edgectl ended with, or `None` if it did not end by a failure.
    pub fn of_exit_code(code: u8) -> Option<Self> {
        const ALL: [Kind; 7] =
            [Kind::Request, Kind::Usage, Kind::Machine, Kind::Refused, Kind::Bug, Kind::Interrupted, Kind::Terminated];
        ALL.into_iter().find(|kind| kind.exit_code() == code)
    }
}

/// A failure in the words it is told with.
///
/// Messages are lower case without a full stop; `hints` are whole imperative sentences without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    kind: Kind,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
    excerpt: Option<String>,
}

/// Whether failures that are summed up were told each by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// In full.
    Already,
    /// Not at all, as under `--json`, where stderr has one document.
    NotYet,
}

impl Failure {
    /// Creates a failure that says what edgectl was doing or what is wrong.
    pub fn new(kind: Kind, message: impl Display) -> Self {
        Self { kind, message: message.to_string(), causes: Vec::new(), hints: Vec::new(), excerpt: None }
    }

    /// The request or a file is wrong.
    pub fn request(message: impl Display) -> Self {
        Self::new(Kind::Request, message)
    }

    /// The command line is wrong in a way that the parser cannot see.
    pub fn usage(message: impl Display) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// This machine is not ready.
    pub fn machine(message: impl Display) -> Self {
        Self::new(Kind::Machine, message)
    }

    /// Someone else refused.
    pub fn refused(message: impl Display) -> Self {
        Self::new(Kind::Refused, message)
    }

    /// Ctrl-C was pressed.
    pub fn interrupted() -> Self {
        Self::new(Kind::Interrupted, "interrupted")
    }

    /// SIGTERM came, or the terminal was closed.
    pub fn terminated() -> Self {
        Self::new(Kind::Terminated, "terminated")
    }

    /// The system refuses to write; `place` is what has to be made writable, in the user's words.
    pub fn unwritable(doing: impl Display, place: impl Display, error: &io::Error) -> Self {
        use io::ErrorKind::{AlreadyExists, FileTooLarge, IsADirectory, NotADirectory, QuotaExceeded, StorageFull};
        let failure = Self::machine(doing).cause(error);
        match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => failure.hint("make room on the disk and try again"),
            AlreadyExists | IsADirectory | NotADirectory => failure.hint("move away what is in its way"),
            _ => failure.hint(format!("make {place} writable")),
        }
    }

    /// Adds why it happened, innermost last.
    #[must_use]
    pub fn cause(mut self, cause: impl Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Adds what to do, in the imperative, with a command that can be pasted where there is one.
    #[must_use]
    pub fn hint(mut self, hint: impl Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// Adds the excerpt of a file with carets, printed as it is below the message.
    #[must_use]
    pub fn excerpt(mut self, excerpt: impl Display) -> Self {
        self.excerpt = Some(excerpt.to_string());
        self
    }

    /// Puts what we were doing in front; the message so far becomes the first cause.
    #[must_use]
    pub fn context(mut self, doing: impl Display) -> Self {
        let was = std::mem::replace(&mut self.message, doing.to_string());
        self.causes.insert(0, was);
        self
    }

    /// Sums up the failures of work that went on side by side; of those that were not told yet it says everything.
    ///
    /// Its kind is `Refused` if that of one is, else that of the first.
    pub fn sum_up(doing: impl Display, failures: &[Self], told: Told) -> Self {
        let mut kinds = failures.iter().map(Self::kind);
        let first = failures.first().map_or(Kind::Bug, Self::kind);
        let kind = kinds.find(|kind| *kind == Kind::Refused).unwrap_or(first);
        failures.iter().fold(Self::new(kind, doing), |sum, failure| match told {
            Told::Already => sum.cause(&failure.message),
            Told::NotYet => {
                let causes = failure.causes.iter().map(|cause| format!(": {cause}")).collect::<String>();
                let sum = sum.cause(format!("{}{causes}", failure.message));
                failure.hints.iter().fold(sum, Self::hint)
            }
        })
    }

    /// Returns whose turn it is to act.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the first line, without `error:`.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns why it happened, outermost first.
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// Returns what to do about it.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// Returns the excerpt of the file that is wrong, if one was attached.
    pub fn excerpt_text(&self) -> Option<&str> {
        self.excerpt.as_deref()
    }

    /// Returns the document that `--json` prints on stderr.
    pub fn to_document(&self) -> FailureDocument<'_> {
        FailureDocument { error: FailureBody { message: &self.message, causes: &self.causes, hints: &self.hints } }
    }
}

/// `{"error":{"message","causes":[],"hints":[]}}`: what stderr gets on failure under `--json`.
#[derive(Debug, Serialize)]
pub struct FailureDocument<'a> {
    error: FailureBody<'a>,
}

#[derive(Debug, Serialize)]
struct FailureBody<'a> {
    message: &'a str,
    causes: &'a [String],
    hints: &'a [String],
}

/// Turns the error of a lower layer into a [`Failure`], saying what we were doing.
pub trait OrFail<T> {
    /// Wraps the error: `doing()` becomes the message, the error and its sources the causes.
    fn or_fail<D: Display>(self, kind: Kind, doing: impl FnOnce() -> D) -> Outcome<T>;
}

impl<T, E: Into<anyhow::Error>> OrFail<T> for Result<T, E> {
    fn or_fail<D: Display>(self, kind: Kind, doing: impl FnOnce() -> D) -> Outcome<T> {
        self.map_err(|error| {
            let error = error.into();
            error.chain().fold(Failure::new(kind, doing()), Failure::cause)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_turns_the_message_into_the_first_cause() {
        let failure = Failure::request("the port is taken").cause("address in use").context("cannot start `s`");
        assert_eq!(failure.message(), "cannot start `s`");
        assert_eq!(failure.causes(), ["the port is taken", "address in use"]);
    }

    #[test]
    fn what_cannot_be_written_has_the_remedy_of_its_reason() {
        let hint = |kind| Failure::unwritable("cannot write `x`", "the folder", &kind).hints().join("");
        let error = io::Error::from;
        assert_eq!(hint(error(io::ErrorKind::StorageFull)), "make room on the disk and try again");
        assert_eq!(hint(error(io::ErrorKind::NotADirectory)), "move away what is in its way");
        assert_eq!(hint(error(io::ErrorKind::ReadOnlyFilesystem)), "make the folder writable");
    }

    #[test]
    fn every_exit_code_tells_its_kind() {
        for code in [1, 2, 3, 4, 70, 130, 143] {
            assert_eq!(Kind::of_exit_code(code).map(Kind::exit_code), Some(code));
        }
        assert_eq!([0, 5].map(Kind::of_exit_code), [None, None]);
    }

    #[test]
    fn a_lower_error_brings_its_whole_chain() {
        let lower: anyhow::Result<()> = Err(anyhow::anyhow!("inner").context("outer"));
        let failure = lower.or_fail(Kind::Machine, || "cannot do it").expect_err("it is an error");
        assert_eq!((failure.kind(), failure.causes()), (Kind::Machine, &["outer".to_owned(), "inner".to_owned()][..]));
    }
}
