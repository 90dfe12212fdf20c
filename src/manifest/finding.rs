//! What is wrong, or suspicious, in a template or manifest.

use std::borrow::Cow;

use serde::Serialize;

use super::check::unread_secrets;
use crate::document::Syntax;
use crate::failure::Failure;
use crate::json::{self, Duplicate};
use crate::text::TextError;
use crate::yaml;

/// Whether a finding stops a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The deployment goes on.
    Warning,
    /// The cloud, the agent or the hub would refuse it, or misread it.
    Error,
}

/// One thing that is wrong or suspicious, at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable name of this kind of finding.
    pub code: &'static str,
    /// Whether it stops a deployment.
    pub severity: Severity,
    /// The place, the sentence and the fix.
    pub at: Box<TextError>,
}

impl Finding {
    /// Describes why a text is no document at all; keys that stand twice are told of all at once.
    pub fn unreadable(at: TextError, text: &str) -> Vec<Self> {
        let keys = match Syntax::of(&at.file) {
            Syntax::Json => json::duplicates(text),
            Syntax::Yaml => yaml::duplicates(text),
        };
        let secrets = unread_secrets(text);
        if keys.is_empty() {
            return vec![Self::error("syntax", at.hiding(text, &secrets))];
        }
        let told = |key: &Duplicate| key.explain(&at.file, text).hiding(text, &secrets);
        keys.iter().map(|key| Self::error("duplicate-key", told(key))).collect()
    }

    /// Says whether the file could not be read at all.
    fn is_unreadable(&self) -> bool {
        matches!(self.code, "duplicate-key" | "syntax")
    }

    /// Describes something that stops a deployment.
    pub fn error(code: &'static str, at: TextError) -> Self {
        Self { code, severity: Severity::Error, at: Box::new(at) }
    }

    /// Describes something suspicious.
    pub fn warning(code: &'static str, at: TextError) -> Self {
        Self { code, severity: Severity::Warning, at: Box::new(at) }
    }

    /// Returns the finding as `--json` prints it.
    pub fn to_record(&self) -> FindingRecord<'_> {
        FindingRecord {
            code: self.code,
            severity: self.severity,
            file: &self.at.file,
            line: self.at.line,
            column: self.at.column,
            message: &self.at.message,
            fix: self.fix(),
        }
    }

    /// Returns what to do about it.
    pub fn fix(&self) -> Cow<'_, str> {
        match &self.at.hint {
            Some(hint) => Cow::Borrowed(hint),
            None => Cow::Owned(format!("correct `{}` there", self.at.file)),
        }
    }
}

/// Returns the value, or keeps the finding.
pub(super) fn kept<T>(read: Result<T, Finding>, findings: &mut Vec<Finding>) -> Option<T> {
    read.map_err(|finding| findings.push(finding)).ok()
}

/// A finding as `deploy --check --json` prints it.
#[derive(Debug, Clone, Serialize)]
pub struct FindingRecord<'a> {
    code: &'static str,
    severity: Severity,
    file: &'a str,
    line: usize,
    column: usize,
    message: &'a str,
    fix: Cow<'a, str>,
}

/// How many mistakes a failure shows; more would push the first one off the screen.
const SHOWN: usize = 20;

/// Joins what stops a deployment into one failure that shows the places, the first [`SHOWN`] of them.
pub fn failure_of(file: &str, findings: &[Finding]) -> Failure {
    let errors: Vec<&TextError> = findings.iter().filter(|f| f.severity == Severity::Error).map(|f| &*f.at).collect();
    if let [finding] = findings
        && finding.is_unreadable()
    {
        return TextError::clone(&finding.at).into();
    }
    let message = match errors.len() {
        1 => format!("`{file}` has a mistake"),
        count => format!("`{file}` has {count} mistakes"),
    };
    let (shown, more) = errors.split_at(errors.len().min(SHOWN));
    let excerpts: Vec<&str> = shown.iter().map(|error| &*error.excerpt).collect();
    let mut failure = Failure::request(message).excerpt(excerpts.join("\n"));
    let mut hints: Vec<&str> = Vec::new();
    for error in shown {
        // What was composed of several files is wrong in one of them.
        let place = if *error.file == *file { String::new() } else { format!("`{}`, ", error.file) };
        failure = failure.cause(format!("{place}line {}, column {}: {}", error.line, error.column, error.message));
        hints.extend(error.hint.as_deref().filter(|hint| !hints.contains(hint)));
    }
    let failure = match hints.is_empty() {
        true => failure.hint(format!("correct `{}` there and try again", shown.first().map_or(file, |at| &at.file))),
        false => hints.into_iter().fold(failure, Failure::hint),
    };
    match more.len() {
        0 => failure,
        count => failure.hint(format!("see the other {count} with `edgectl deploy --check`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_mistakes_a_failure_shows_the_first() {
        let text = "a\n".repeat(30);
        let finding = |at: usize| Finding::error("route", TextError::at("t.json", &text, 2 * at..2 * at + 1, "wrong"));
        let findings: Vec<Finding> = (0..23).map(finding).collect();
        let failure = failure_of("t.json", &findings);
        assert_eq!(failure.message(), "`t.json` has 23 mistakes");
        assert_eq!((failure.causes().len(), failure.causes()[19].as_str()), (20, "line 20, column 1: wrong"));
        assert_eq!(failure.hints().last().map(String::as_str), Some("see the other 3 with `edgectl deploy --check`"));
        assert_eq!(failure_of("t.json", &findings[..20]).causes().len(), 20);
        assert_eq!(failure_of("t.json", &findings[..20]).hints(), ["correct `t.json` there and try again"]);
    }
}
