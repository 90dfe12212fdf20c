//! `edgectl new solution`: a folder to start from.

use std::path::Path;

use clap::ValueEnum;

use super::tell::{Made, Written};
use crate::commands::Context;
use crate::failure::{Failure, Outcome};
use crate::image::Reference;
use crate::solution::check_solution_name;
use crate::template::{self, Answers, Plan, PlannedFile, Purpose, Template};

/// Start a solution in a new folder
///
/// Makes a deployment template without modules and one for debug images, `modules/`, `.env`, `.gitignore` and a README,
/// as iotedgedev and Visual Studio Code lay them out.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl new solution factory && cd factory\n  \
    edgectl new solution factory --registry example.azurecr.io")]
pub(super) struct NewSolution {
    /// Name of the solution and its folder
    name: String,
    /// Format of the deployment template: `json` or `yaml` [default: json]
    ///
    /// Other tools read JSON only.
    #[arg(long, value_name = "FORMAT", default_value = "json", hide_default_value = true, hide_possible_values = true)]
    format: Format,
    /// Registry of the images, such as `example.azurecr.io` [default: `localhost:5000`]
    ///
    /// It goes into `.env`. For one that is not on this machine, the template gives devices the login that
    /// `CONTAINER_REGISTRY_USERNAME` and `CONTAINER_REGISTRY_PASSWORD` hold.
    #[arg(long, value_name = "HOST[:PORT]")]
    registry: Option<String>,
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
    if let Some(registry) = &args.registry {
        set_registry(&mut answers, &template, registry)?;
    }
    answers.complete(&template)?;
    let mut plan = template::plan(&template, &answers, &root, Path::new(&args.name))?;
    plan.files.extend(debug_template(&plan));

    template::write(&plan)?;

    cx.ui().step("Created", format!("the solution `{}`", args.name));
    if answers.get("login") == Some("yes") {
        cx.ui().hint(format!("put the user and the password of the registry into `{}/.env`", args.name));
    }
    cx.ui().hint(format!("`cd {}`, then add a module with `edgectl new module filter`", args.name));
    Made::new(&args.name, &template.name, &plan, Vec::new(), Written::Yes).print(cx.ui())
}

/// Engines and devices log in to any registry but one on their own machine.
fn set_registry(answers: &mut Answers, template: &Template, registry: &str) -> Outcome {
    let wrong = |cause: String| {
        let failure = Failure::usage(format!("`--registry {registry}` names no registry")).cause(cause);
        failure.hint("pass a host, and its port if it has one, such as `example.azurecr.io`")
    };
    if answers.set(template, "registry", registry).is_err() {
        return Err(wrong("expected a host without scheme and path".to_owned()));
    }
    let image = Reference::parse(&format!("{registry}/image")).map_err(|error| wrong(error.to_string()))?;
    let login = if image.is_loopback() { "no" } else { "yes" };
    answers.set(template, "login", login)?;
    let key = registry.split(['.', ':']).next().unwrap_or_default();
    // An address literal begins with nothing that a name could be made of.
    if key.starts_with(|c: char| c.is_ascii_alphabetic()) {
        answers.set(template, "registry_key", key)?;
    }
    Ok(())
}

/// The deployment template once more, for images with debuggers.
fn debug_template(plan: &Plan) -> Option<PlannedFile> {
    plan.files.iter().find_map(|file| {
        let format = file.path.to_str()?.strip_prefix("deployment.template.")?;
        Some(PlannedFile { path: format!("deployment.debug.template.{format}").into(), ..file.clone() })
    })
}
