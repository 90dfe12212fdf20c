//! `edgectl new list`: the templates.

use serde::Serialize;

use super::ask;
use crate::commands::Context;
use crate::failure::Outcome;
use crate::template::{self, Answers, Parameter, Purpose, Template};

/// List the templates of modules
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  edgectl new list")]
pub(super) struct ListTemplates {}

/// A template as `new list --json` prints it, in an array.
#[derive(Debug, Serialize)]
struct TemplateDocument<'a> {
    name: &'a str,
    language: Option<&'a str>,
    summary: &'a str,
    parameters: Vec<ParameterDocument<'a>>,
}

/// A parameter, for `--set`.
#[derive(Debug, Serialize)]
struct ParameterDocument<'a> {
    name: &'a str,
    expects: String,
    /// The default for a module named `name`; null if a value is needed.
    default: Option<String>,
}

pub(super) fn run(cx: &Context, _: &ListTemplates) -> Outcome {
    let templates = template::all(Purpose::Module)?;
    if cx.ui().is_json() {
        let documents = templates.iter().map(template_document).collect::<Outcome<Vec<_>>>()?;
        return cx.ui().document(&documents);
    }
    for template in &templates {
        let language = template.language.as_deref().unwrap_or("-");
        cx.ui().result(format!("{:<10} {language:<11} {}", template.name, template.summary))?;
        for parameter in &template.parameters {
            cx.ui().result(format!("{:<22} {}", "", flag(template, parameter)?))?;
        }
    }
    cx.ui().hint("add a module with `edgectl new module NAME --template TEMPLATE`");
    Ok(())
}

fn flag(template: &Template, parameter: &Parameter) -> Outcome<String> {
    Ok(match default_of(template, parameter)? {
        Some(default) => format!("--set {}={default}", parameter.name),
        None => format!("{} (needed)", ask::flag_of(parameter)),
    })
}

fn template_document(template: &Template) -> Outcome<TemplateDocument<'_>> {
    let document = |parameter| {
        let default = default_of(template, parameter)?;
        Ok(ParameterDocument { name: &parameter.name, expects: parameter.accepts.expectation(), default })
    };
    Ok(TemplateDocument {
        name: &template.name,
        language: template.language.as_deref(),
        summary: &template.summary,
        parameters: template.parameters.iter().map(document).collect::<Outcome<_>>()?,
    })
}

/// Returns the default for a module named `name`.
fn default_of(template: &Template, parameter: &Parameter) -> Outcome<Option<String>> {
    Ok(Answers::new("name").default_of(template, parameter)?)
}
