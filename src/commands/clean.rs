//! `edgectl clean`: removes what edgectl made, and nothing else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Context;
use crate::engine::{Engine, Owned, What};
use crate::failure::{Failure, Outcome};
use crate::image::Reference;
use crate::simulator;
use crate::solution::Solution;

/// Remove what simulations and builds of this solution left
///
/// Without a flag: containers and networks, which are there only after edgectl or the engine was killed. Only what
/// carries edgectl's labels is ever removed, and nothing of a simulation that runs.
///
/// With `--json`: `{"containers", "networks", "images", "state", "dryRun"}`, each a list of names
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl clean --dry-run --images --state\n  edgectl clean --all")]
pub struct Clean {
    /// Remove the images that `edgectl build` made, too
    #[arg(long)]
    images: bool,
    /// Remove `.edgectl/`, too: identities, twins, waiting messages, child devices
    #[arg(long)]
    state: bool,
    /// Remove what was made for any solution, wherever it lies; `--state` stays with this one
    #[arg(long)]
    all: bool,
    /// Only tell what would be removed
    #[arg(long)]
    dry_run: bool,
}

/// What `clean --json` prints.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Removed {
    containers: Vec<String>,
    networks: Vec<String>,
    images: Vec<String>,
    state: Vec<String>,
    dry_run: bool,
}

pub(super) fn run(cx: &Context, args: &Clean) -> Outcome {
    let project = cx.project_absolute()?;
    // Held to the end: no simulation begins while its things are removed.
    let lock = simulator::hold(&project)?;
    let mut removed = Removed { dry_run: args.dry_run, ..Removed::default() };
    cx.block_on(clean_engine(cx, args, &project, &mut removed))?;
    let state = project.join(".edgectl");
    if args.state && lock.is_some() {
        tell(cx, args, "state", ".edgectl");
        removed.state.push(state.display().to_string());
        if !args.dry_run {
            std::fs::remove_dir_all(&state)
                .map_err(|error| Failure::unwritable("cannot remove `.edgectl`", "the solution's folder", &error))?;
        }
    }
    if cx.ui().is_json() {
        return cx.ui().document(&removed);
    }
    if [&removed.containers, &removed.networks, &removed.images, &removed.state].iter().all(|list| list.is_empty()) {
        cx.ui().step("Found", "nothing to remove");
    }
    Ok(())
}

async fn clean_engine(cx: &Context, args: &Clean, project: &Path, removed: &mut Removed) -> Outcome {
    let engine = match Engine::connect(cx.environment()).await {
        Ok(engine) => engine,
        // State can be removed without an engine; then nothing of it can be there, or nobody can tell.
        Err(failure) if args.state && !args.images => {
            cx.ui().warn(format!("containers and networks were not looked for: {}", failure.message()));
            return Ok(());
        }
        Err(failure) => return Err(failure),
    };
    let mut found = engine.owned_by_simulations().await?;
    match args.all {
        false => found.retain(|owned| owned.is_of(project)),
        true => spare_running(cx, &mut found, project),
    }
    if args.images {
        found.extend(images(cx, args, &engine, project).await?);
    }
    for owned in found {
        let (list, what) = match owned.what {
            What::Container => (&mut removed.containers, "container"),
            What::Network => (&mut removed.networks, "network"),
            What::Image => (&mut removed.images, "image"),
        };
        if !args.dry_run {
            engine.remove_owned(&owned).await?;
        }
        tell(cx, args, what, &owned.name);
        list.push(owned.name);
    }
    Ok(())
}

/// Leaves out what belongs to simulations that run now; this solution's lock is held already.
fn spare_running(cx: &Context, found: &mut Vec<Owned>, project: &Path) {
    let folders: BTreeSet<PathBuf> = found.iter().filter_map(|owned| owned.folder.clone()).map(PathBuf::from).collect();
    for folder in folders.iter().filter(|folder| *folder != project) {
        if simulator::hold(folder).is_err() {
            cx.ui().hint(format!("a simulation runs in `{}`: its containers stay", folder.display()));
            found.retain(|owned| !owned.is_of(folder));
        }
    }
}

/// Lists the images of the solution's modules, or of all.
async fn images(cx: &Context, args: &Clean, engine: &Engine, project: &Path) -> Outcome<Vec<Owned>> {
    let mut images = engine.owned_images().await?;
    if !args.all {
        let solution = Solution::open(project, cx.environment(), &[])?;
        let repositories: BTreeSet<String> = solution
            .modules()
            .iter()
            .flat_map(|module| module.images().filter_map(|(p, variant)| module.image(p, variant, None).ok()))
            .map(|image| image.repository())
            .collect();
        let is_ours =
            |owned: &Owned| Reference::parse(&owned.name).is_ok_and(|r| repositories.contains(&r.repository()));
        images.retain(is_ours);
    }
    Ok(images)
}

fn tell(cx: &Context, args: &Clean, what: &str, name: &str) {
    let verb = if args.dry_run { "Would remove" } else { "Removed" };
    cx.ui().step(verb, format!("{what} `{name}`"));
}
