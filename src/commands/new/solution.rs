//! `edgectl new solution`: a folder to start from.

use std::path::Path;

use clap::ValueEnum;

use super::tell::{Made, Written};
use crate::commands::Context;
use crate::failure::Outcome;
use crate::solution::check_solution_name;
use crate::template::{self, Answers, Plan, PlannedFile, Purpose};

/// Start a solution in a new folder
///
/// Makes a deployment template without modules and one for debug images, `modules/`, `.env`, `.gitignore` and a README,
/// as iotedgedev and Visual Studio Code lay them out.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  edgectl new solution factory && cd factory")]
pub(super) struct NewSolution {
    /// Name of the solution and its folder
    name: String,
    /// Format of the deployment template: `json` or `yaml` [default: json]
    ///
    /// Other tools read JSON only.
    #[arg(long, value_name = "FORMAT", default_value = "json", hide_default_value = true, hide_possible_values = true)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    Yaml,
}

pub(super) fn run(cx: &Context, args: &NewSolution) -> Outcome {
    check_solution_name(&args.name)?;
    let root = cx.project_absolute()?;
    let template = template::find(Purpose::Solution, "solution")?;

    let mut answers = Answers::new(&args.name);
    let format = match args.format {
        Format::Json => "json",
        Format::Yaml => "yaml",
    };
    answers.set(&template, "format", format)?;
    answers.complete(&template)?;
    let mut plan = template::plan(&template, &answers, &root, Path::new(&args.name))?;
    plan.files.extend(debug_template(&plan));

    template::write(&plan)?;

    cx.ui().step("Created", format!("the solution `{}`", args.name));
    cx.ui().hint(format!("`cd {}`, then add a module with `edgectl new module filter`", args.name));
    Made::new(&args.name, &template.name, &plan, Vec::new(), Written::Yes).print(cx.ui())
}

/// The deployment template once more, for images with debuggers.
fn debug_template(plan: &Plan) -> Option<PlannedFile> {
    plan.files.iter().find_map(|file| {
        let format = file.path.to_str()?.strip_prefix("deployment.template.")?;
        Some(PlannedFile { path: format!("deployment.debug.template.{format}").into(), ..file.clone() })
    })
}
