//! The answers that a template needs: from flags, from a person, or its defaults.

use std::path::Path;

use crate::failure::{Failure, Outcome};
use crate::template::{self, Answers, Parameter, Purpose, Template};
use crate::ui::{Questions, Ui};

/// Which template is wanted.
pub(super) enum Wanted<'a> {
    /// The one of this name inside the program.
    Named(&'a str),
    /// One in a folder or a git repository.
    From {
        /// As the user names it.
        place: &'a str,
        /// Where a repository may lie for a while.
        temporary: &'a Path,
    },
    /// The one that a person chooses.
    Any,
}

/// Returns the template that is wanted.
pub(super) fn template(ui: &Ui, wanted: &Wanted) -> Outcome<Template> {
    match wanted {
        Wanted::Named(name) => return Ok(template::find(Purpose::Module, name)?),
        Wanted::From { place, temporary } => return template::load_from(place, temporary),
        Wanted::Any => {}
    }
    let mut templates = template::all(Purpose::Module)?;
    let choices: Vec<_> = templates.iter().map(|t| format!("{:<10} {}", t.name, t.summary)).collect();
    let chosen = ui.choose("Template", &choices, "`--template NAME`, one of those that `edgectl new list` shows")?;
    Ok(templates.swap_remove(chosen))
}

/// Returns the values of all parameters: those given, then what a person answers, then the defaults.
pub(super) fn answers(ui: &Ui, template: &Template, name: &str, given: &[(String, String)]) -> Outcome<Answers> {
    let mut answers = Answers::new(name);
    for (parameter, value) in given {
        answers.set(template, parameter, value)?;
    }
    for parameter in
        template.parameters.iter().filter(|parameter| !given.iter().any(|(name, _)| *name == parameter.name))
    {
        if let Some(prompt) = &parameter.prompt {
            ask(ui, template, parameter, prompt, &mut answers)?;
        }
    }
    answers.complete(template)?;
    Ok(answers)
}

/// Asks until the answer is acceptable; one that nobody typed is not asked for twice.
fn ask(ui: &Ui, template: &Template, parameter: &Parameter, prompt: &str, answers: &mut Answers) -> Outcome {
    let default = answers.default_of(template, parameter)?;
    loop {
        let answer = ui.input(prompt, default.as_deref(), &format!("`{}`", flag_of(parameter)))?;
        match answers.set(template, &parameter.name, &answer) {
            Err(error) if ui.questions == Questions::Ask => ui.warn(error.to_string()),
            outcome => return outcome.map_err(Failure::from),
        }
    }
}

/// Returns the flag that answers for a person.
pub(super) fn flag_of(parameter: &Parameter) -> String {
    match parameter.name.as_str() {
        "image" => "--image REF".to_owned(),
        name => format!("--set {name}=VALUE"),
    }
}
