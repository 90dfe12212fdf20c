//! `image.buildOptions` of a `module.json`: flags of `docker build`, applied to a [`BuildPlan`].
//!
//! An option is understood, or refused by name; none is dropped in silence. One entry may hold an option and its
//! value (`--build-arg A=b`), or they may stand in two entries, quoted as for a shell.

mod rules;
#[cfg(test)]
mod tests;

use thiserror::Error;

use super::plan::BuildPlan;
use rules::{Effect, RULES, Rule};

/// What is wrong with build options.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OptionError {
    /// No flag of `docker build` that edgectl knows.
    #[error("build option `{0}` is not supported")]
    Unknown(String),
    /// A flag of `docker build` that edgectl does not take.
    #[error("build option `{option}` is not supported: {why}")]
    Refused {
        /// The option's long name.
        option: &'static str,
        /// Why, or what does it.
        why: &'static str,
    },
    /// The option needs a value and stands last.
    #[error("build option `{0}` has no value")]
    NoValue(String),
    /// The value is not of the option's form.
    #[error("build option `{option}`: expected {expected}, found `{found}`")]
    Value {
        /// The option's long name.
        option: &'static str,
        /// The form that values have.
        expected: &'static str,
        /// The value as written.
        found: String,
    },
    /// A quote has no partner.
    #[error("a quote is not closed in build option `{0}`")]
    Quote(String),
    /// A word that is no option.
    #[error("expected a build option, found `{0}`")]
    Word(String),
}

/// Returns the value of an environment variable.
pub type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

impl BuildPlan {
    /// Applies build options in their order; `--build-arg NAME` without a value takes it from `variable`.
    pub fn apply_options(&mut self, options: &[String], variable: Variable<'_>) -> Result<(), OptionError> {
        let mut words = Vec::new();
        for option in options {
            words.extend(split_words(option)?);
        }
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            self.apply_option(&word, &mut words, variable)?;
        }
        Ok(())
    }

    fn apply_option(
        &mut self,
        word: &str,
        following: &mut impl Iterator<Item = String>,
        variable: Variable<'_>,
    ) -> Result<(), OptionError> {
        if !word.starts_with('-') {
            return Err(OptionError::Word(word.to_owned()));
        }
        let (name, attached) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        let rule = find_rule(name)?;
        let mut value = || {
            let value = attached.map(str::to_owned).or_else(|| following.next());
            value.ok_or_else(|| OptionError::NoValue(name.to_owned()))
        };
        match rule.effect {
            Effect::Value(expected, apply) => {
                let found = value()?;
                let applied = apply(self, &found, variable);
                applied.ok_or(OptionError::Value { option: rule.name, expected, found })
            }
            Effect::Switch(apply) => {
                let on = parse_switch(rule.name, attached)?;
                apply(self, on);
                Ok(())
            }
            Effect::Unused(why) => {
                let found = value()?;
                self.notes.push(format!("build option `{} {found}` has no effect: {why}", rule.name));
                Ok(())
            }
            Effect::UnusedSwitch(why) => {
                parse_switch(rule.name, attached)?;
                self.notes.push(format!("build option `{word}` has no effect: {why}"));
                Ok(())
            }
            Effect::Refused(why) => Err(OptionError::Refused { option: rule.name, why }),
        }
    }
}

fn find_rule(name: &str) -> Result<&'static Rule, OptionError> {
    let is_named = |rule: &&Rule| rule.name == name || rule.short == Some(name);
    RULES.iter().find(is_named).ok_or_else(|| OptionError::Unknown(name.to_owned()))
}

/// Returns the supported options, for a hint.
pub fn supported_options() -> String {
    let effective = RULES.iter().filter(|rule| matches!(rule.effect, Effect::Value(..) | Effect::Switch(_)));
    effective.map(|rule| format!("`{}`", rule.name)).collect::<Vec<_>>().join(", ")
}

fn parse_switch(option: &'static str, text: Option<&str>) -> Result<bool, OptionError> {
    match text.map(str::to_ascii_lowercase).as_deref() {
        None | Some("true" | "1") => Ok(true),
        Some("false" | "0") => Ok(false),
        Some(_) => Err(OptionError::Value {
            option,
            expected: "`true` or `false`",
            found: text.unwrap_or_default().to_owned(),
        }),
    }
}

/// Splits like a shell: blanks separate, quotes and backslashes keep.
fn split_words(text: &str) -> Result<Vec<String>, OptionError> {
    let unclosed = || OptionError::Quote(text.to_owned());
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next().ok_or_else(unclosed)? {
                        end if end == c => break,
                        '\\' if c == '"' => word.push(rest.next().ok_or_else(unclosed)?),
                        inner => word.push(inner),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(rest.next().ok_or_else(unclosed)?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}
