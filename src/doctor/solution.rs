//! The solution in the folder: its deployment, and what its modules are built from.

use std::path::Path;
use std::time::Duration;

use super::{Area, Check, Status};
use crate::environment::Environment;
use crate::failure::{Failure, Outcome};
use crate::manifest::Finding;
use crate::solution::{Manifest, Module, Solution, Wanted};
use crate::text::counted;

/// A folder without a solution is none of the doctor's business but to say so.
pub(super) fn check(project: &Path, environment: &Environment, today: Duration) -> Vec<Check> {
    let solution = match Solution::open(project, environment, &[]) {
        Ok(solution) => solution,
        Err(failure) => return vec![error(&failure)],
    };
    let Some(template) = solution.find_template() else {
        let message = format!("`{}` holds no deployment template", solution.name());
        let hint = "change to a solution's folder, or start one with `edgectl new solution NAME`";
        return vec![Check { fixes: vec![hint.to_owned()], ..Check::ok(Area::Solution, message) }];
    };
    let mut checks = Vec::new();
    for file in [Some(template), solution.find_debug_template()].into_iter().flatten() {
        match examine(&solution, &file, today) {
            Ok(found) => checks.extend(found),
            Err(failure) => checks.push(error(&failure)),
        }
    }
    checks.extend(solution.modules().iter().flat_map(without_dockerfile));
    checks
}

fn examine(solution: &Solution, file: &Path, today: Duration) -> Outcome<Vec<Check>> {
    let manifest = solution.manifest(&Wanted { file: Some(file.to_owned()), today, ..Wanted::default() })?;
    let mut checks = vec![summary(&manifest)?];
    checks.extend(manifest.warnings.iter().map(suspicious));
    Ok(checks)
}

fn summary(manifest: &Manifest) -> Outcome<Check> {
    let deployment = manifest.checked()?;
    let modules = counted(deployment.modules.len() as u64, "module");
    let routes = counted(deployment.routes.len() as u64, "route");
    Ok(Check::ok(Area::Solution, format!("`{}`: {modules}, {routes}", manifest.document.file())))
}

fn suspicious(finding: &Finding) -> Check {
    let at = &finding.at;
    Check {
        status: Status::Warning,
        fixes: at.hint.iter().map(|hint| hint.to_string()).collect(),
        ..Check::ok(Area::Solution, format!("`{}`, line {}, column {}: {}", at.file, at.line, at.column, at.message))
    }
}

fn without_dockerfile(module: &Module) -> Vec<Check> {
    let named = module.images().filter_map(|(platform, variant)| module.dockerfile(platform, variant).ok());
    let missing = named.filter(|dockerfile| !dockerfile.is_file()).map(|dockerfile| {
        let message = format!("module `{}` has no Dockerfile `{}`", module.name(), dockerfile.display());
        let hint = "add it, or take its platform out of the module's `module.json`";
        Check::of_failure(Area::Solution, Status::Warning, &Failure::request(message).hint(hint))
    });
    missing.collect()
}

fn error(failure: &Failure) -> Check {
    Check::of_failure(Area::Solution, Status::Error, failure)
}
