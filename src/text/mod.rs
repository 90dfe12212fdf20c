//! Places in the user's files, and the one way in which a wrong place is shown. Owns `annotate-snippets`.
//!
//! Every parser of a file that a person writes (JSON, YAML, `.env`, routes) ends in a [`TextError`], so that all of
//! them look alike: file, line, column, the line itself, a caret.

mod count;
mod nearest;
mod pointer;

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::failure::Failure;

pub use count::{counted, size};
pub use nearest::{did_you_mean, nearest};
pub use pointer::Pointer;

/// What is wrong at one place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextError {
    /// The file as the user would name it.
    pub file: Box<str>,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// What is wrong: lower case, no full stop.
    pub message: Box<str>,
    /// The line with a caret under the place, without a line end.
    pub excerpt: Box<str>,
    /// What to do about it, in the imperative.
    pub hint: Option<Box<str>>,
    /// The value that is wrong, where it is one of a document.
    pub pointer: Option<Pointer>,
    /// The bytes of the text that the carets are under.
    span: Range<usize>,
}

impl TextError {
    /// Describes what is wrong at a range of bytes of `text`, which is the content of `file`.
    ///
    /// The range is cut to the line where it begins; an empty one, or one past the end, still gets a caret.
    pub fn at(file: &str, text: &str, span: Range<usize>, message: impl fmt::Display) -> Self {
        let span = first_line_of(text, span);
        let before = &text[..span.start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        let excerpt = excerpt(file, (line, &text[line_start..]), span.start - line_start..span.end - line_start);
        Self {
            file: file.into(),
            line,
            column: before[line_start..].chars().count() + 1,
            message: message.to_string().into(),
            excerpt: excerpt.into(),
            hint: None,
            pointer: None,
            span,
        }
    }

    /// Returns the same with asterisks for these bytes of `text`, in which it is; a word that it quotes is hidden, too.
    #[must_use]
    pub fn hiding(mut self, text: &str, places: &[Range<usize>]) -> Self {
        let shown = with_asterisks(text, places);
        let (word, hidden) = (&text[self.span.clone()], &shown[self.span.clone()]);
        if word != hidden {
            let hide = |told: &str| told.replace(&format!("`{word}`"), "`***`").into_boxed_str();
            (self.message, self.hint) = (hide(&self.message), self.hint.as_deref().map(hide));
        }
        Self { excerpt: Self::at(&self.file, &shown, self.span.clone(), "").excerpt, ..self }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string().into());
        self
    }

    /// Adds which value of a document is wrong.
    #[must_use]
    pub fn of(self, pointer: Pointer) -> Self {
        Self { pointer: Some(pointer), ..self }
    }

    /// Adds what to do about it, if there is something to say and nothing has been said.
    #[must_use]
    pub fn or_hint(mut self, hint: Option<impl fmt::Display>) -> Self {
        self.hint = self.hint.or_else(|| hint.map(|hint| hint.to_string().into()));
        self
    }

    /// Turns it into a failure that begins with what we were doing.
    pub fn into_failure(self, doing: impl fmt::Display) -> Failure {
        let cause = format!("line {}, column {}: {}", self.line, self.column, self.message);
        let failure = Failure::request(doing).cause(cause).excerpt(self.excerpt);
        match self.hint {
            Some(hint) => failure.hint(hint),
            None => failure.hint(format!("correct `{}` there and try again", self.file)),
        }
    }
}

/// Returns the text with asterisks for these bytes; every other place stays what it is, as a byte and as a column.
pub fn with_asterisks(text: &str, places: &[Range<usize>]) -> String {
    let mut shown = text.to_owned();
    for place in places {
        let hidden: String = shown[place.clone()].chars().map(asterisk_for).collect();
        shown.replace_range(place.clone(), &hidden);
    }
    shown
}

/// Returns a sign of as many bytes.
fn asterisk_for(hidden: char) -> char {
    match hidden.len_utf8() {
        1 if hidden == '\n' => '\n',
        1 => '*',
        2 => '×',
        3 => '∗',
        _ => '🞰',
    }
}

/// `file:line:column: message`, as editors and compilers write it.
impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

impl std::error::Error for TextError {}

impl From<TextError> for Failure {
    fn from(error: TextError) -> Self {
        let doing = format!("cannot read `{}`", error.file);
        error.into_failure(doing)
    }
}

/// Shows the first line of `text`, where `span` lies, with the file's name and place above and carets below.
///
/// The span must lie on that line and on character borders, see [`TextError::at`]. The library looks at every line that
/// it gets, so it gets one.
fn excerpt(file: &str, (number, text): (usize, &str), span: Range<usize>) -> String {
    let line = text.lines().next().unwrap_or_default();
    let snippet = Snippet::source(line).line_start(number).path(file).annotation(AnnotationKind::Primary.span(span));
    Renderer::plain().render(&[Group::with_level(Level::ERROR).element(snippet)])
}

/// Cuts a range to the line where it begins and to borders of characters.
fn first_line_of(text: &str, span: Range<usize>) -> Range<usize> {
    let end_of_text = text.trim_end().len();
    let border = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let start = border(span.start.min(end_of_text));
    let end_of_line = text[start..].find(['\n', '\r']).map_or(text.len(), |length| start + length);
    start..border(span.end).clamp(start, end_of_line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{\n  \"ä\": tru,\n}\n";

    #[test]
    fn the_line_is_shown_with_carets_under_the_place() {
        let error = TextError::at("module.json", TEXT, 10..13, "expected a value");
        assert_eq!(error.to_string(), "module.json:2:8: expected a value");
        assert_eq!(&*error.excerpt, " --> module.json:2:8\n  |\n2 |   \"ä\": tru,\n  |        ^^^");
    }

    #[test]
    fn the_end_of_the_file_is_the_end_of_its_last_line() {
        let error = TextError::at("module.json", TEXT, TEXT.len()..TEXT.len() + 9, "expected a value");
        assert_eq!((error.line, error.column), (3, 2));
    }

    #[test]
    fn a_place_of_many_lines_is_cut_to_the_first() {
        let error = TextError::at("module.json", TEXT, 0..TEXT.len(), "expected an array");
        assert_eq!(&*error.excerpt, " --> module.json:1:1\n  |\n1 | {\n  | ^");
    }

    #[test]
    fn what_is_hidden_keeps_every_other_place() {
        let (text, secret) = ("a: é€🙂x\ny, b", 3..15);
        let shown = with_asterisks(text, std::slice::from_ref(&secret));
        assert_eq!((&text[secret], shown.as_str()), ("é€🙂x\ny", "a: ×∗🞰*\n*, b"));
    }

    #[test]
    fn an_empty_file_has_a_place() {
        assert_eq!(TextError::at(".env", "", 0..0, "expected a name").to_string(), ".env:1:1: expected a name");
    }
}
