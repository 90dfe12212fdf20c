//! `edgectl deploy --apply`: to one device of a real IoT Hub, or to all that meet a condition.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::super::Context;
use super::super::hub::HubArgs;
use super::super::input::parse_assignment;
use crate::azure::{Applied, Configuration, ConfigurationId, Hub};
use crate::failure::{Failure, Outcome};
use crate::manifest::diff_content;
use crate::solution::Variables;
use crate::text::counted;

/// Where to deploy to.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "With --apply")]
pub(super) struct CloudArgs {
    /// IoT Hub [default: that of the connection string], or `simulation` for the running one
    #[arg(long, value_name = "HUB", requires = "apply")]
    pub(super) hub: Option<String>,
    /// Device to deploy to [default: in the simulation the main one]
    #[arg(short, long, value_name = "ID", requires = "apply", conflicts_with = "target_condition")]
    pub(super) device: Option<String>,
    /// Devices to deploy to: a condition on their twins such as `tags.site='hall1'`, or `*`
    #[arg(long, value_name = "EXPR", requires_all = ["apply", "id", "priority"])]
    target_condition: Option<String>,
    /// Name of the deployment; one that exists gets the new condition, priority, labels and metrics
    #[arg(long, value_name = "NAME", requires = "target_condition", value_parser = ConfigurationId::parse)]
    id: Option<ConfigurationId>,
    /// Its priority: of several deployments for a device the highest wins
    #[arg(long, value_name = "N", requires = "target_condition")]
    priority: Option<u32>,
    /// Label of the deployment (can be repeated)
    #[arg(long, value_name = "NAME=VALUE", requires = "target_condition", value_parser = parse_assignment, hide_short_help = true)]
    label: Vec<(String, String)>,
    /// Query that counts devices, under a name (can be repeated)
    #[arg(long, value_name = "NAME=QUERY", requires = "target_condition", value_parser = parse_assignment, hide_short_help = true)]
    metric: Vec<(String, String)>,
    #[command(flatten)]
    access: HubArgs,
}

/// What is deployed.
#[derive(Debug)]
pub(super) struct Content<'a> {
    /// `modulesContent` of the manifest, with its secrets.
    pub(super) modules: &'a Value,
    /// In words: `2 modules, 1 route`.
    pub(super) summary: String,
    /// Whether it is a layer over other deployments.
    pub(super) is_layer: bool,
}

/// What `deploy --apply --device --json` prints.
#[derive(Debug, Serialize)]
struct ToDevice<'a> {
    hub: String,
    device: &'a str,
    deployed: bool,
}

/// What `deploy --apply --target-condition --json` prints.
#[derive(Debug, Serialize)]
struct ToMany<'a> {
    hub: String,
    id: &'a str,
    result: Change,
    layered: bool,
    #[serde(rename = "targetCondition")]
    target_condition: &'a str,
    priority: u64,
    etag: &'a str,
}

impl CloudArgs {
    /// Says whether the running simulation is meant.
    pub(super) fn is_simulation(&self) -> Outcome<bool> {
        let is_simulation = self.hub.as_deref() == Some("simulation");
        if is_simulation && self.target_condition.is_some() {
            return Err(Failure::usage("the simulation has no deployments at scale")
                .hint("leave `--target-condition` out, or name one of its devices with `--device`"));
        }
        Ok(is_simulation)
    }
}

/// Deploys, after a question that names the hub.
pub(super) fn apply(cx: &Context, variables: &Variables, args: &CloudArgs, content: &Content<'_>) -> Outcome {
    match (&args.device, &args.target_condition) {
        (Some(_), _) if content.is_layer => {
            Err(Failure::usage("a layer is for all devices that meet a condition, not for one")
                .hint("pass `--target-condition \"deviceId='ID'\"` with `--id` and `--priority`"))
        }
        (Some(device), _) => to_device(cx, &args.access.open(cx, variables, args.hub.as_deref())?, device, content),
        (None, Some(condition)) => {
            let wanted = wanted(args, condition, content)?;
            to_many(cx, &args.access.open(cx, variables, args.hub.as_deref())?, &wanted, content)
        }
        (None, None) => Err(Failure::usage("nothing says where to deploy to")
            .hint("pass `--device ID`, or `--target-condition EXPR --id NAME --priority N`, or `--hub simulation`")),
    }
}

fn to_device(cx: &Context, hub: &Hub, device: &str, content: &Content<'_>) -> Outcome {
    let place = format!("device `{device}` of `{}`", hub.host());
    confirm(cx, hub, &format!("Deploy {} to {place}", content.summary))?;
    let applied = cx.block_on(async { Ok(hub.apply(device, content.modules).await?) });
    applied.map_err(|failure| failure.context(format!("cannot deploy to {place}")))?;
    if cx.ui().is_json() {
        cx.ui().document(&ToDevice { hub: hub.host().to_string(), device, deployed: true })?;
    }
    cx.ui().step("Deployed", format!("{} to {place}", content.summary));
    Ok(())
}

fn wanted(args: &CloudArgs, condition: &str, content: &Content<'_>) -> Outcome<Configuration> {
    let (Some(id), Some(priority)) = (&args.id, args.priority) else {
        return Err(Failure::usage("`--target-condition` needs `--id NAME` and `--priority N`").hint("pass both"));
    };
    let pairs = |pairs: &[(String, String)]| pairs.iter().cloned().collect::<BTreeMap<_, _>>();
    let (labels, metrics) = (pairs(&args.label), pairs(&args.metric));
    Ok(Configuration::new(id, content.modules).aimed(condition, priority, &labels, &metrics))
}

/// What became of a deployment for many devices.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Change {
    Created,
    Updated,
    Unchanged,
}

impl Change {
    fn verb(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::Updated => "Updated",
            Self::Unchanged => "Unchanged",
        }
    }
}

fn to_many(cx: &Context, hub: &Hub, wanted: &Configuration, content: &Content<'_>) -> Outcome {
    let place = format!("`{}` of `{}`", wanted.id(), hub.host());
    let aim = format!("for `{}` with priority {}", wanted.target_condition(), wanted.priority());
    let (result, kept) = establish(cx, hub, wanted, &content.summary, (&place, &aim))?;
    if cx.ui().is_json() {
        let (hub, layered) = (hub.host().to_string(), content.is_layer);
        let (id, target_condition, priority, etag) = (kept.id(), kept.target_condition(), kept.priority(), kept.etag());
        cx.ui().document(&ToMany { hub, id, result, layered, target_condition, priority, etag })?;
    }
    cx.ui().step(result.verb(), format!("deployment {place}, {aim}"));
    cx.ui().hint(format!("a hub looks for devices every few minutes; see `edgectl deployment show {}`", kept.id()));
    Ok(())
}

/// Creates the deployment, or gives one that is there its new condition, priority, labels and metrics.
fn establish(
    cx: &Context,
    hub: &Hub,
    wanted: &Configuration,
    summary: &str,
    (place, aim): (&str, &str),
) -> Outcome<(Change, Configuration)> {
    let doing = |failure: Failure| failure.context(format!("cannot make the deployment {place}"));
    let asked = cx.block_on(async {
        let wrong = hub.test_queries(wanted.target_condition(), &wanted.metrics()).await?;
        Ok((wrong, hub.configuration(wanted.id()).await?))
    });
    let (wrong, known) = asked.map_err(doing)?;
    refuse_queries(&wrong).map_err(doing)?;
    let Some(known) = known else {
        confirm(cx, hub, &format!("Create the deployment {place}: {summary}, {aim}"))?;
        return Ok((Change::Created, put(cx, hub, wanted, None).map_err(doing)?));
    };
    refuse_other_content(&known, wanted)?;
    if known.is_aimed_like(wanted) {
        return Ok((Change::Unchanged, known));
    }
    confirm(cx, hub, &format!("Change the deployment {place}: {aim}"))?;
    Ok((Change::Updated, put(cx, hub, &readdressed(&known, wanted), Some(&known)).map_err(doing)?))
}

/// What the hub keeps, with the new condition, priority, labels and metrics.
fn readdressed(known: &Configuration, wanted: &Configuration) -> Configuration {
    let texts = |value: Option<&Value>| -> BTreeMap<String, String> {
        let members = value.and_then(Value::as_object).into_iter().flatten();
        members.filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned()))).collect()
    };
    let metrics = Value::Object(wanted.metrics());
    let labels = texts(wanted.document().get("labels"));
    let priority = u32::try_from(wanted.priority()).unwrap_or(u32::MAX);
    known.clone().aimed(wanted.target_condition(), priority, &labels, &texts(Some(&metrics)))
}

fn put(cx: &Context, hub: &Hub, wanted: &Configuration, known: Option<&Configuration>) -> Outcome<Configuration> {
    match cx.block_on(async { Ok(hub.put(wanted, known).await?) })? {
        Applied::Done(kept) => Ok(kept),
        Applied::Overtaken(refused) => Err((*refused).into()),
    }
}

fn refuse_queries(wrong: &[(String, String)]) -> Outcome {
    if wrong.is_empty() {
        return Ok(());
    }
    let failure = Failure::refused("the hub does not understand what it is asked for");
    let failure = wrong.iter().fold(failure, |failure, (name, why)| failure.cause(format!("`{name}`: {why}")));
    Err(failure.hint(
        "write a condition such as \"tags.site='hall1' AND tags.floor=2\", and a query such as \
                      \"SELECT deviceId FROM devices WHERE …\"",
    ))
}

/// A hub never changes what a deployment consists of (protocol.md §10.5).
fn refuse_other_content(known: &Configuration, wanted: &Configuration) -> Outcome {
    let content = |of: &Configuration| of.modules_content().cloned().unwrap_or(json!({}));
    let differences = diff_content(&content(known), &content(wanted))?;
    if differences.is_empty() {
        return Ok(());
    }
    let id = wanted.id();
    let count = counted(differences.len() as u64, "place");
    Err(Failure::request(format!("the deployment `{id}` is there with other content, which a hub never changes"))
        .cause(format!("the content differs in {count}"))
        .hint(format!(
            "make a new one with another `--id` and a higher `--priority`, then run `edgectl deployment delete {id}`"
        )))
}

fn confirm(cx: &Context, hub: &Hub, what: &str) -> Outcome {
    let question = format!("{what}, as {}?", hub.caller());
    if cx.ui().confirm_risk(&question, "`--yes` to deploy without being asked")? {
        return Ok(());
    }
    Err(Failure::request("nothing was deployed: the answer was no").hint("run the same command again to deploy"))
}

/// `modulesContent` of a manifest, whichever way it is wrapped.
pub(super) fn modules_of(document: &crate::document::Document) -> Outcome<Value> {
    let pointer = crate::manifest::modules_content(document)?;
    Ok(document.node(&pointer).map_or(Value::Object(Map::new()), |node| node.value().clone()))
}
