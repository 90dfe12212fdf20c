//! What the debug variant of a module wants from its surroundings: `debug.json.hbs` of a template.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::answers::Answers;
use super::embedded::find;
use super::error::TemplateError;
use super::manifest::{Purpose, Template};
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

/// What `language` of a `module.json` is called by other tools, and the template that is meant.
const ALIASES: [(&str, &str); 4] = [("c#", "csharp"), ("javascript", "node"), ("nodejs", "node"), ("js", "node")];

/// Returns the template of a language whose debugger is known.
pub fn debuggable(language: &str) -> Option<Template> {
    let language = language.to_ascii_lowercase();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == language).map(|(_, name)| *name);
    find(Purpose::Module, alias.unwrap_or(&language)).ok().filter(|template| template.debugging.is_some())
}

impl Template {
    /// Renders what the template says about debugging a module that exists: its name, its folder as an editor has it, and
    /// the port of this machine that leads to the debugger, if that has one.
    pub fn debugging(&self, name: &str, folder: &Path, port: Option<u16>) -> Result<Option<Debugging>, TemplateError> {
        let mut answers = Answers::new(name);
        port.into_iter().for_each(|port| answers.set_debug_port(port));
        debugging(self, &answers, folder)
    }
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
