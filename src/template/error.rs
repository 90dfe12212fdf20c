//! What can be wrong with a template or with what it is asked for.

use crate::failure::Failure;
use crate::text::{TextError, did_you_mean};

/// What is wrong with a template or with what it is asked for.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// No template has this name.
    #[error("there is no template `{name}`")]
    UnknownTemplate {
        /// The name as given.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// The template has no parameter of this name.
    #[error("the template `{template}` has no parameter `{name}`")]
    UnknownParameter {
        /// The template.
        template: String,
        /// The name as given.
        name: String,
        /// The parameters that it has.
        known: Vec<String>,
    },
    /// A parameter does not take this value.
    #[error("`{name}` is `{value}`, where {expected} is expected")]
    Value {
        /// The parameter.
        name: String,
        /// The value as given.
        value: String,
        /// What it takes, with an example.
        expected: String,
    },
    /// A parameter without a default was not given.
    #[error("the template `{template}` needs a value for `{name}`")]
    MissingValue {
        /// The template.
        template: String,
        /// The parameter.
        name: String,
    },
    /// The description `template.yaml` is wrong.
    #[error(transparent)]
    Manifest(#[from] TextError),
    /// A file cannot be rendered.
    #[error("cannot render `{file}` of the template `{template}`: {cause}")]
    Render {
        /// The template.
        template: String,
        /// The file as the template names it.
        file: String,
        /// What the engine says.
        cause: String,
    },
    /// The path of a file leads out of the folder that is made, or two files have the same.
    #[error("the file `{file}` of the template `{template}` would be written to `{path}`, {problem}")]
    Path {
        /// The template.
        template: String,
        /// The file as the template names it.
        file: String,
        /// Its path as rendered.
        path: String,
        /// What is wrong with that.
        problem: &'static str,
    },
}

impl From<TemplateError> for Failure {
    fn from(error: TemplateError) -> Self {
        let told = error.to_string();
        match error {
            TemplateError::UnknownTemplate { name, known } => {
                let near = did_you_mean(&name, known.iter().map(String::as_str));
                Self::request(told).hint(near.unwrap_or_else(|| "see `edgectl new list`".to_owned()))
            }
            TemplateError::UnknownParameter { name, known, .. } => {
                let near = did_you_mean(&name, known.iter().map(String::as_str));
                Self::request(told).hint(near.unwrap_or_else(|| "leave `--set` out".to_owned()))
            }
            TemplateError::Value { name, .. } => Self::request(told).hint(format!("pass another `--set {name}=VALUE`")),
            TemplateError::MissingValue { name, .. } => Self::usage(told).hint(format!("pass `--set {name}=VALUE`")),
            TemplateError::Manifest(error) => error.into(),
            // Those inside the program render, as the tests show: this is somebody's own template.
            TemplateError::Render { .. } | TemplateError::Path { .. } => {
                Self::request(told).hint("correct the template")
            }
        }
    }
}
