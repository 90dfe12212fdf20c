//! The answers that a template needs: from flags, from a person, or its defaults.

use crate::failure::{Failure, Outcome};
use crate::template::{self, Answers, Parameter, Purpose, Template};
use crate::ui::{Questions, Ui};

/// Returns the template that was named, or lets a person choose.
pub(super) fn template(ui: &Ui, named: Option<&str>) -> Outcome<Template> {
    if let Some(name) = named {
        return Ok(template::find(Purpose::Module, name)?);
    }
    let mut templates = template::all(Purpose::Module)?;
    let choices: Vec<_> = templates.iter().map(|t| format!("{:<8} {}", t.name, t.summary)).collect();
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
