//! `edgectl new ci`: a pipeline that checks, builds, tests and releases a solution.

use std::path::Path;

use clap::ValueEnum;

use super::tell::{Made, Written};
use super::{ask, parse_pair};
use crate::commands::Context;
use crate::document::read_text;
use crate::failure::{Failure, Outcome};
use crate::image::Platform;
use crate::solution::Solution;
use crate::template::{self, Answers, Edit, Plan, Purpose};

/// Write a pipeline that checks, builds, tests and releases the solution
///
/// The pipeline checks the deployment template, builds the images and runs the solution on a simulated device; on the
/// main branch it pushes the images, with credentials that the service keeps as secrets, and writes the manifests. A
/// file that is there already is replaced on consent only.
///
/// It builds edgectl with cargo from a git repository: `--set repository=URL` [default: the pipeline's variable
/// `EDGECTL_REPOSITORY`], at `--set tag=TAG` [default: `v` and the version of this edgectl]. `branch` is released
/// [default: main], for `platforms` [default: those that all modules have a Dockerfile for].
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  edgectl new ci github\n  edgectl new ci azure --set branch=release --set 'platforms=amd64 arm64v8'\n  \
    edgectl new ci github --set repository=https://git.example.com/tools/edgectl.git --set tag=v0.1.0"
)]
pub(super) struct NewPipeline {
    /// Service that runs it: `github` or `azure`
    #[arg(value_name = "SERVICE", hide_possible_values = true)]
    service: Service,
    /// Value of a parameter: `branch`, `platforms`, `repository` or `tag` (can be repeated)
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    set: Vec<(String, String)>,
    /// Show what would be made, and write nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Service {
    Github,
    Azure,
}

pub(super) fn run(cx: &Context, args: &NewPipeline) -> Outcome {
    let solution = Solution::open(cx.project(), cx.environment(), &[])?;
    solution.template()?;
    let name = match args.service {
        Service::Github => "github",
        Service::Azure => "azure",
    };
    let template = template::find(Purpose::Pipeline, name)?;
    let mut given = args.set.clone();
    if !given.iter().any(|(name, _)| name == "platforms") {
        given.extend(platforms(&solution).map(|platforms| ("platforms".to_owned(), platforms)));
    }
    let answers: Answers = ask::answers(cx.ui(), &template, &solution.name(), &given)?;
    let mut plan = template::plan(&template, &answers, solution.root(), Path::new(""))?;
    place(&mut plan);

    let written = if args.dry_run { Written::DryRun } else { Written::Yes };
    if written == Written::Yes {
        consent(cx, &plan)?;
        template::write(&plan)?;
        for file in plan.beside.iter().chain(&plan.edits) {
            cx.ui().step("Wrote", format!("`{}`", plan.shown(&file.path)));
        }
        cx.ui().hint("its first lines name the variables and secrets that it needs");
        if let Some(names) = named_variables(&solution)? {
            cx.ui().hint(format!(
                "the solution takes {names} from `.env`, which the pipeline doesn't have: define them there"
            ));
        }
    }
    Made::new(&solution.name(), &template.name, &plan, Vec::new(), written).print(cx.ui())
}

/// The platforms that all modules of the folder can be built for, as the first of them lists them; `None` without any.
fn platforms(solution: &Solution) -> Option<String> {
    let (first, others) = solution.modules().split_first()?;
    let common = |platform: &&Platform| others.iter().all(|module| module.platforms().contains(platform));
    let names: Vec<&str> = first.platforms().into_iter().filter(common).map(Platform::as_str).collect();
    (!names.is_empty()).then(|| names.join(" "))
}

/// Variables that every pipeline has.
const GIVEN: [&str; 3] = ["CONTAINER_REGISTRY_SERVER", "CONTAINER_REGISTRY_USERNAME", "CONTAINER_REGISTRY_PASSWORD"];

/// The variables of `.env` that the templates and modules name, besides those that every pipeline has.
fn named_variables(solution: &Solution) -> Outcome<Option<String>> {
    let templates = solution.find_template().into_iter().chain(solution.find_debug_template());
    let modules = solution.modules().iter().map(|module| module.folder().join("module.json"));
    let texts = templates.chain(modules).map(|path| read_text(&path, &solution.shown(&path)));
    let text = texts.collect::<Outcome<Vec<String>>>()?.join("\n");
    let is_named = |name: &&str| {
        let bare = format!("${name}");
        let ends = |at: usize| !text[at..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        text.contains(&format!("${{{name}}}")) || text.match_indices(&bare).any(|(at, _)| ends(at + bare.len()))
    };
    let names = solution.variables().of_file().filter(|name| !GIVEN.contains(name)).filter(is_named);
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    Ok((!names.is_empty()).then(|| names.join(", ")))
}

/// Puts the files into the solution's own folder, beside what is there.
fn place(plan: &mut Plan) {
    for file in std::mem::take(&mut plan.files) {
        let path = plan.root.join(&file.path);
        let exists = path.symlink_metadata().is_ok();
        let edit = Edit { path, text: String::from_utf8_lossy(&file.contents).into_owned() };
        if exists { plan.edits.push(edit) } else { plan.beside.push(edit) }
    }
}

/// Asks before anything of the user's is replaced.
fn consent(cx: &Context, plan: &Plan) -> Outcome {
    for edit in &plan.edits {
        let shown = plan.shown(&edit.path);
        if !cx.ui().confirm_risk(&format!("Replace `{shown}`?"), "`--yes`")? {
            return Err(
                Failure::request(format!("`{shown}` stays as it is")).hint("remove it, or compare with `--dry-run`")
            );
        }
    }
    Ok(())
}
