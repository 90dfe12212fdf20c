//! `edgectl new module`: a module's source, and its place in the deployment template.

use std::path::Path;

use super::ask::{self, Wanted};
use super::parse_pair;
use super::tell::{Made, Paste, Written};
use crate::commands::Context;
use crate::failure::{Failure, Outcome};
use crate::solution::{
    Known, Launch, Solution, WireSpec, Wiring, check_module_name, free_debug_port, plan_launch, wire_module,
};
use crate::template::{self, Answers, Edit, Plan, Template};

/// Add a module to the solution
///
/// Makes `modules/<NAME>` from a template, adds the module and a route from its outputs to `$upstream` to the
/// deployment templates, and its debugger to `.vscode/launch.json`. At a terminal, what no flag answers is asked for;
/// `--yes` takes the defaults.
///
/// A template in YAML with comments or a layout of its own is left as it is: what to add is printed, and the exit code
/// is 1 until then, though the module's source is made.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl new module filter --template python\n  \
    edgectl new module filter --template node --set base_image=node:22-trixie-slim\n  \
    edgectl new module filter --from https://git.example.com/team/templates.git#main:go-filter\n  \
    edgectl new module sensor --image mcr.microsoft.com/azureiotedge-simulated-temperature-sensor:1.6")]
pub(super) struct NewModule {
    /// Name of the module: a letter, then letters, digits, `_` and `-`
    name: String,
    /// Template to begin from, one of `edgectl new list`
    #[arg(short, long, value_name = "NAME")]
    template: Option<String>,
    /// Template of your own: a folder with `template.yaml` and `files/`, or a git repository
    ///
    /// `URL#REF` names a branch, a tag or a commit, `URL#REF:FOLDER` a folder inside. Nothing of it is executed.
    #[arg(long, value_name = "DIR|GIT-URL", conflicts_with_all = ["template", "image"])]
    from: Option<String>,
    /// Value of a parameter of the template (can be repeated)
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    set: Vec<(String, String)>,
    /// Existing image, taken as it is: no source is made
    #[arg(long, value_name = "REFERENCE")]
    image: Option<String>,
    /// Show what would be made, and write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(cx: &Context, args: &NewModule) -> Outcome {
    check_module_name(&args.name)?;
    let solution = Solution::open(cx.project(), cx.environment(), &[])?;
    solution.template()?;
    let template = ask::template(cx.ui(), &wanted_template(cx, args)?)?;
    let folder = solution.modules_folder().join(&args.name);
    let folder = folder.strip_prefix(solution.root()).unwrap_or(&folder);
    if template.has_files() {
        template::refuse_existing(solution.root(), folder)?;
    }

    let mut answers = ask::answers(cx.ui(), &template, &args.name, &given(args))?;
    if let Some(port) = template.debug_port {
        answers.set_debug_port(free_debug_port(&solution, port)?);
    }
    let mut plan = template::plan(&template, &answers, solution.root(), folder)?;
    let mut paste = wire(&solution, args, &answers, &mut plan)?;
    let left: Vec<String> = paste.iter().map(|paste| format!("`{}`", paste.file)).collect();
    paste.extend(configure_debugger(&solution, &mut plan)?);

    if args.dry_run {
        return Made::new(&args.name, &template.name, &plan, paste, Written::DryRun).print(cx.ui());
    }
    template::write(&plan)?;
    tell(cx, &args.name, &template, folder, &plan);
    Made::new(&args.name, &template.name, &plan, paste, Written::Yes).print(cx.ui())?;
    if !left.is_empty() {
        return Err(left_to_paste(&args.name, &left.join(" and ")));
    }
    cx.ui().hint("run the solution with `edgectl simulate`");
    Ok(())
}

/// The source is made, which nobody has to do again; that the module runs nowhere yet must not look like success.
fn left_to_paste(name: &str, files: &str) -> Failure {
    Failure::request(format!("`{name}` is not in {files} yet"))
        .cause("a YAML file is edited only if no comment and no layout of it is lost")
        .hint(format!("add what is printed above to {files}, then run `edgectl simulate`"))
}

/// Returns the template that the flags name; `--image` is the template `image`.
fn wanted_template<'a>(cx: &'a Context, args: &'a NewModule) -> Outcome<Wanted<'a>> {
    match (args.template.as_deref(), &args.image, &args.from) {
        (_, _, Some(place)) => Ok(Wanted::From { place, temporary: cx.environment().temporary() }),
        (None | Some("image"), Some(_), None) => Ok(Wanted::Named("image")),
        (Some(name), Some(_), None) => Err(Failure::usage(format!(
            "`--image` is an existing image, and the template `{name}` builds one of its own"
        ))
        .hint("leave out `--image` or `--template`")),
        (Some(name), None, None) => Ok(Wanted::Named(name)),
        (None, None, None) => Ok(Wanted::Any),
    }
}

fn given(args: &NewModule) -> Vec<(String, String)> {
    let image = args.image.iter().map(|image| ("image".to_owned(), image.clone()));
    args.set.iter().cloned().chain(image).collect()
}

/// Adds the module's place in the deployment templates to the plan; returns what edgectl cannot add itself.
fn wire(solution: &Solution, args: &NewModule, answers: &Answers, plan: &mut Plan) -> Outcome<Vec<Paste>> {
    let mut spec = match answers.get("image") {
        Some(image) => WireSpec::of_image(&args.name, image),
        None => WireSpec::of_module(&args.name),
    };
    spec.debug_options = plan.debugging.as_ref().map(|debugging| debugging.create_options.clone());
    let mut paste = Vec::new();
    for wiring in wire_module(solution, &args.name, &spec)? {
        match wiring {
            Wiring::Edit { path, text } => plan.edits.push(Edit { path, text }),
            Wiring::Paste { path, text } => paste.push(Paste { file: solution.shown(&path), text }),
        }
    }
    Ok(paste)
}

/// Adds the debugger's configurations to the plan; returns what edgectl cannot add itself.
fn configure_debugger(solution: &Solution, plan: &mut Plan) -> Outcome<Option<Paste>> {
    let configurations = plan.debugging.as_ref().map(|debugging| debugging.launch.as_slice());
    match plan_launch(solution, configurations.unwrap_or_default(), Known::Stays)? {
        Launch::Nothing => {}
        Launch::Create(path, text) => plan.beside.push(Edit { path, text }),
        Launch::Edit(path, text) => plan.edits.push(Edit { path, text }),
        Launch::Paste(path, text) => return Ok(Some(Paste { file: solution.shown(&path), text })),
    }
    Ok(None)
}

fn tell(cx: &Context, name: &str, template: &Template, folder: &Path, plan: &Plan) {
    if template.has_files() {
        cx.ui().step("Created", format!("`{}` from the template `{}`", folder.display(), template.name));
    }
    for edit in plan.edits.iter().chain(&plan.beside) {
        cx.ui().step("Wired", format!("`{name}` into `{}`", plan.shown(&edit.path)));
    }
}
