//! What the debug variant of a module wants from its surroundings: `debug.json.hbs` of a template.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::answers::Answers;
use super::error::TemplateError;
use super::manifest::Template;
use super::render::render;

const FILE: &str = "debug.json.hbs";

/// What the debug variant of a module wants.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Debugging {
    /// The createOptions of its container, for the deployment template with debug images.
    pub create_options: Value,
    /// The configurations that `.vscode/launch.json` gets.
    pub launch: Vec<Value>,
}

/// Renders what a template says about debugging, if it says something.
///
/// The text knows the module's `folder` besides the answers.
pub(super) fn debugging(
    template: &Template,
    answers: &Answers,
    folder: &Path,
) -> Result<Option<Debugging>, TemplateError> {
    let Some(text) = &template.debugging else { return Ok(None) };
    let mut values = answers.values().clone();
    values.insert("folder".to_owned(), folder.display().to_string().replace('\\', "/"));
    let text = render(&template.name, FILE, text, &values)?;
    serde_json::from_str(&text).map(Some).map_err(|error| TemplateError::Render {
        template: template.name.clone(),
        file: FILE.to_owned(),
        cause: error.to_string(),
    })
}
