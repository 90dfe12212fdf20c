//! `edgectl deployment`: the deployments that an IoT Hub keeps for many devices.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Context;
use super::hub::HubArgs;
use super::table::render_table;
use crate::azure::{Configuration, Hub};
use crate::document::Document;
use crate::failure::{Failure, Outcome};
use crate::manifest::{Hide, redact};
use crate::solution::Solution;

/// List, show and delete the deployments of an IoT Hub
///
/// A hub keeps them for all devices that meet a condition; `edgectl deploy --apply --target-condition` makes and changes
/// them. Every call is one to the hub's REST API; `az` is not needed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl deployment list\n  edgectl deployment show factory-1 --hub factory\n  \
    edgectl deployment delete factory-1")]
pub struct Deployment {
    #[command(subcommand)]
    command: DeploymentCommand,
}

#[derive(Debug, clap::Subcommand)]
enum DeploymentCommand {
    List(List),
    Show(Show),
    Delete(Delete),
}

/// Which hub, and how it is called.
#[derive(Debug, clap::Args)]
struct Place {
    /// IoT Hub [default: that of the connection string]
    #[arg(long, value_name = "HUB")]
    hub: Option<String>,
    #[command(flatten)]
    access: HubArgs,
}

/// List the deployments, the highest priority first
///
/// With `--json`: `[{"id", "priority", "targetCondition", "layered", "targeted", "applied", "created", "updated",
/// "etag"}]`; the numbers of devices are null until the hub has counted.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  edgectl deployment list --hub factory.azure-devices.net")]
struct List {
    #[command(flatten)]
    place: Place,
}

/// Show a deployment: what the hub keeps of it, as JSON
///
/// Passwords of registries are shown as `***`, unless `--with-secrets`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  edgectl deployment show factory-1")]
struct Show {
    /// Name of the deployment
    name: String,
    /// Show passwords of registries, too
    #[arg(long)]
    with_secrets: bool,
    #[command(flatten)]
    place: Place,
}

/// Delete a deployment, if nobody changes it meanwhile
///
/// Devices that it applied to get the deployment with the next lower priority, or keep what they have if there is none.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  edgectl deployment delete factory-1")]
struct Delete {
    /// Name of the deployment
    name: String,
    #[command(flatten)]
    place: Place,
}

/// A line of `deployment list --json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    id: &'a str,
    priority: u64,
    target_condition: &'a str,
    layered: bool,
    targeted: Option<u64>,
    applied: Option<u64>,
    created: &'a str,
    updated: &'a str,
    etag: &'a str,
}

impl<'a> Record<'a> {
    fn of(configuration: &'a Configuration) -> Self {
        Self {
            id: configuration.id(),
            priority: configuration.priority(),
            target_condition: configuration.target_condition(),
            layered: configuration.is_layered(),
            targeted: configuration.count("targetedCount"),
            applied: configuration.count("appliedCount"),
            created: configuration.text("createdTimeUtc"),
            updated: configuration.text("lastUpdatedTimeUtc"),
            etag: configuration.etag(),
        }
    }

    fn to_row(&self) -> [String; 6] {
        let count = |count: Option<u64>| count.map_or_else(|| "-".to_owned(), |count| count.to_string());
        let kind = if self.layered { "layer" } else { "base" };
        let (id, condition) = (self.id.to_owned(), self.target_condition.to_owned());
        [id, self.priority.to_string(), kind.to_owned(), count(self.targeted), count(self.applied), condition]
    }
}

pub(super) fn run(cx: &Context, args: &Deployment) -> Outcome {
    match &args.command {
        DeploymentCommand::List(args) => list(cx, args),
        DeploymentCommand::Show(args) => show(cx, args),
        DeploymentCommand::Delete(args) => delete(cx, args),
    }
}

impl Place {
    fn open(&self, cx: &Context) -> Outcome<Hub> {
        if self.hub.as_deref() == Some("simulation") {
            return Err(Failure::usage("the simulation keeps no deployments for many devices")
                .hint("name an IoT Hub with `--hub`; `edgectl ps` shows what the simulation runs"));
        }
        let solution = Solution::open(cx.project(), cx.environment(), &[])?;
        self.access.open(cx, solution.variables(), self.hub.as_deref())
    }
}

fn list(cx: &Context, args: &List) -> Outcome {
    let hub = args.place.open(cx)?;
    let doing = |failure: Failure| failure.context(format!("cannot list the deployments of `{}`", hub.host()));
    let mut found = cx.block_on(async { Ok(hub.configurations().await?) }).map_err(doing)?;
    // Configurations of devices that are no edge devices are not edgectl's business.
    found.retain(|configuration| configuration.modules_content().is_some());
    found.sort_by_key(|configuration| std::cmp::Reverse(configuration.priority()));
    let records: Vec<_> = found.iter().map(Record::of).collect();
    if cx.ui().is_json() {
        return cx.ui().document(&records);
    }
    if records.is_empty() {
        cx.ui().hint(format!("`{}` has no deployments for edge devices", hub.host()));
        return Ok(());
    }
    let rows: Vec<_> = records.iter().map(Record::to_row).collect();
    cx.ui().result(render_table(["NAME", "PRIORITY", "KIND", "TARGETED", "APPLIED", "CONDITION"], &rows))
}

fn show(cx: &Context, args: &Show) -> Outcome {
    let hub = args.place.open(cx)?;
    let found = find(cx, &hub, &args.name)?;
    let document = found.document();
    if args.with_secrets {
        return cx.ui().document(document);
    }
    cx.ui().document(&without_secrets(document)?)
}

/// Content of a deployment is a manifest, wrapped in `content`.
fn without_secrets(document: &Map<String, Value>) -> Outcome<Value> {
    let text = json!(document).to_string();
    Ok(redact(&Document::parse("deployment", &text)?, Hide::Registries).value)
}

fn delete(cx: &Context, args: &Delete) -> Outcome {
    let hub = args.place.open(cx)?;
    let found = find(cx, &hub, &args.name)?;
    let place = format!("`{}` of `{}`", args.name, hub.host());
    let aim = format!("for `{}` with priority {}", found.target_condition(), found.priority());
    let question = format!("Delete the deployment {place}, {aim}, as {}?", hub.caller());
    if !cx.ui().confirm_risk(&question, "`--yes` to delete without being asked")? {
        return Err(Failure::request("nothing was deleted: the answer was no").hint("run the same command again"));
    }
    let deleted = cx.block_on(async { Ok(hub.delete(found.id(), found.etag()).await?) });
    deleted.map_err(|failure| failure.context(format!("cannot delete the deployment {place}")))?;
    if cx.ui().is_json() {
        cx.ui().document(&json!({ "hub": hub.host().to_string(), "id": found.id(), "deleted": true }))?;
    }
    cx.ui().step("Deleted", format!("deployment {place}"));
    Ok(())
}

fn find(cx: &Context, hub: &Hub, name: &str) -> Outcome<Configuration> {
    let host = hub.host();
    let doing = |failure: Failure| failure.context(format!("cannot read the deployment `{name}` of `{host}`"));
    let found = cx.block_on(async { Ok(hub.configuration(name).await?) });
    found.map_err(doing)?.ok_or_else(|| {
        Failure::refused(format!("`{host}` has no deployment `{name}`"))
            .hint(format!("see `edgectl deployment list --hub {host}`"))
    })
}
