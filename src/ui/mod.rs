//! Everything said to a person or a pipe. Owns stdout, stderr and the terminal; the only place that prints.
//!
//! Callers state an intent ([`Ui::result`], [`Ui::step`], [`Ui::warn`], [`Ui::hint`]); where it goes and how it looks
//! is decided here. stdout holds the result and nothing else, stderr everything else.

mod progress;
mod prompt;
mod style;

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::failure::{Failure, Kind, Outcome};
use crate::text::TextError;

pub use progress::Task;
pub use style::Paint;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Lines for a person.
    Text,
    /// One JSON document, or one record a line for streams.
    Json,
}

/// How much is said besides results, warnings and errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// No steps and no hints.
    Quiet,
    /// Steps and hints.
    Normal,
    /// Details that help to see why something was decided.
    Verbose,
}

/// How questions are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Questions {
    /// A person at a terminal answers.
    Ask,
    /// The default, or yes, is taken without asking (`--yes`).
    AssumeYes,
    /// Nobody is there: a question is an error that names the flag.
    Refuse,
}

/// What the global flags and the terminal decide about output.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    /// How results are written.
    pub format: Format,
    /// How much is said.
    pub verbosity: Verbosity,
    /// How questions are answered.
    pub questions: Questions,
    /// How stderr is coloured.
    pub paint: Paint,
}

impl Ui {
    /// Prints a result as text, with a line end.
    pub fn result(&self, text: impl AsRef<str>) -> Outcome {
        self.bytes(format!("{}\n", text.as_ref()).as_bytes())
    }

    /// Prints a result as one indented JSON document.
    pub fn document(&self, document: &impl Serialize) -> Outcome {
        let text = serde_json::to_string_pretty(document).map_err(|e| Failure::new(Kind::Bug, e))?;
        self.result(text)
    }

    /// Prints one record of a stream: JSON on one line, flushed.
    pub fn record(&self, record: &impl Serialize) -> Outcome {
        let mut text = serde_json::to_string(record).map_err(|e| Failure::new(Kind::Bug, e))?;
        text.push('\n');
        self.bytes(text.as_bytes())
    }

    /// Prints bytes of a result as they are.
    pub fn bytes(&self, bytes: &[u8]) -> Outcome {
        let write = || {
            let mut out = io::stdout().lock();
            out.write_all(bytes).and_then(|()| out.flush())
        };
        told(progress::above_lines(write))
    }

    /// Says whether results are JSON.
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Tells a step: a verb in the past tense when done, in the present participle while running.
    pub fn step(&self, verb: &str, what: impl AsRef<str>) {
        if self.verbosity >= Verbosity::Normal {
            self.tell(&format!("{} {}", self.paint.verb(&format!("{verb:>12}")), what.as_ref()));
        }
    }

    /// Tells a table beside a result that goes to stdout.
    pub fn table(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.tell(text);
        }
    }

    /// Tells a detail that only `--verbose` shows.
    pub fn detail(&self, text: impl AsRef<str>) {
        if self.verbosity >= Verbosity::Verbose {
            self.tell(text.as_ref());
        }
    }

    /// Tells something that deserves attention though the command goes on.
    pub fn warn(&self, text: impl AsRef<str>) {
        self.tell(&format!("{} {}", self.paint.warning("warning:"), text.as_ref()));
    }

    /// Warns of something at a place in a file, which is shown; `code` names its kind.
    pub fn warn_at(&self, code: &str, place: &TextError) {
        self.tell_at(&self.paint.warning(&format!("warning[{code}]:")), place);
    }

    /// Tells a mistake at a place in a file, which is shown; `code` names its kind.
    pub fn mistake_at(&self, code: &str, place: &TextError) {
        self.tell_at(&self.paint.error(&format!("error[{code}]:")), place);
    }

    fn tell_at(&self, heading: &str, place: &TextError) {
        self.tell(&format!("{heading} {}\n{}", place.message, place.excerpt));
        if let Some(hint) = &place.hint {
            self.hint(hint);
        }
    }

    /// Tells what could be done next.
    pub fn hint(&self, text: impl AsRef<str>) {
        if self.verbosity >= Verbosity::Normal {
            self.tell(&format!("{} {}", self.paint.hint("hint:"), text.as_ref()));
        }
    }

    /// Tells a line of a module's log; `tag` is padded to `width` and coloured by module.
    pub fn log(&self, tag: &str, width: usize, text: &str) {
        self.tell(&format!("{} {text}", self.paint.module(tag, &format!("{tag:<width$} |"))));
    }

    /// Passes on a line that another edgectl has told already, unless `--quiet` or `--json` was given.
    pub fn relay(&self, line: &str) {
        if self.verbosity >= Verbosity::Normal && !self.is_json() {
            self.tell(line);
        }
    }

    /// Tells a failure: message, causes, excerpt, hints; or the JSON document.
    pub fn fail(&self, failure: &Failure) {
        if self.is_json() {
            if let Ok(text) = serde_json::to_string(&failure.to_document()) {
                self.tell(&text);
            }
            return;
        }
        self.tell(&format!("{} {}", self.paint.error("error:"), failure.message()));
        for cause in failure.causes() {
            self.tell(&format!("  caused by: {cause}"));
        }
        if let Some(excerpt) = failure.excerpt_text() {
            self.tell(excerpt.trim_end());
        }
        failure.hints().iter().for_each(|hint| self.hint(hint));
    }

    /// Starts a progress line, for example `("filter", "Building filter:0.1.0-amd64")`, drawn only if stderr is a terminal
    /// and `--quiet` was not given.
    pub fn task(&self, name: &str, what: impl Into<String>) -> Task {
        let shown = self.verbosity >= Verbosity::Normal && !self.is_json() && io::stderr().is_terminal();
        Task::new(shown, *self, name, what.into())
    }

    fn tell(&self, text: &str) {
        // In one piece, since stderr has no buffer: others write to the same terminal. Nobody is left to tell when it is
        // gone.
        let _ = progress::above_lines(|| io::stderr().lock().write_all(format!("{text}\n").as_bytes()));
    }
}

/// A reader that went away ends the command silently; any other write error is the machine's.
fn told(written: io::Result<()>) -> Outcome {
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::new(Kind::ReaderGone, "the reader of stdout is gone"),
        _ => Failure::machine("cannot write to stdout")
            .cause(error)
            .hint("send the output to a file on a disk with room, or to the terminal"),
    })
}
