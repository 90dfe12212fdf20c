//! `edgectl new ci`: a pipeline that checks, builds, tests and releases a solution.

use std::path::Path;

use clap::ValueEnum;

use super::tell::{Made, Written};
use super::{ask, parse_pair};
use crate::commands::Context;
use crate::failure::{Failure, Outcome};
use crate::solution::Solution;
use crate::template::{self, Answers, Edit, Plan, Purpose};

/// Write a pipeline that checks, builds, tests and releases the solution
///
/// The pipeline installs edgectl with cargo, checks the deployment template, builds the images and runs the solution
/// on a simulated device; on the main branch it pushes the images, with credentials that the service keeps as
/// secrets, and writes the manifests. A file that is there already is replaced on consent only.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  edgectl new ci github\n  edgectl new ci azure --set branch=release --set platforms=arm64v8"
)]
pub(super) struct NewPipeline {
    /// Service that runs it: `github` or `azure`
    #[arg(value_name = "SERVICE", hide_possible_values = true)]
    service: Service,
    /// Value of a parameter: `branch`, `platforms` or `install` (can be repeated)
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
    let answers: Answers = ask::answers(cx.ui(), &template, &solution.name(), &args.set)?;
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
    }
    Made::new(&solution.name(), &template.name, &plan, Vec::new(), written).print(cx.ui())
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
        if !cx.ui().confirm(&format!("Replace `{shown}`?"), "`--yes`")? {
            return Err(
                Failure::request(format!("`{shown}` stays as it is")).hint("remove it, or compare with `--dry-run`")
            );
        }
    }
    Ok(())
}
