//! Every option of `docker build` and of `docker buildx build`, and what becomes of it.

use super::Variable;
use crate::image::plan::{Bases, BuildPlan, Cache, Layers};
use crate::image::secret::{parse_agent, parse_secret};

/// An option and what becomes of it.
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) short: Option<&'static str>,
    pub(super) effect: Effect,
}

/// What becomes of an option.
pub(super) enum Effect {
    /// Acts on the plan, unless its value is not of this form.
    Value(&'static str, Apply),
    /// Acts on the plan.
    Switch(fn(&mut BuildPlan, bool)),
    /// Takes a value and changes nothing, for this reason.
    Unused(&'static str),
    /// A switch that changes nothing, for this reason.
    UnusedSwitch(&'static str),
    /// Is refused, for this reason.
    Refused(&'static str),
}

type Apply = fn(&mut BuildPlan, &str, Variable<'_>) -> Option<()>;

const NUMBER: &str = "a number";
const LIST: &str = "a list like `0-3,5`";
const SIZE: &str = "a size like `512m`";

pub(super) const RULES: &[Rule] = &[
    value("--add-host", "`name:address`", |plan, text, _| {
        text.contains([':', '=']).then(|| plan.extra_hosts.push(text.replacen('=', ":", 1)))
    }),
    refused("--allow", "engines grant their builds `--network host`, and no other entitlement"),
    refused("--annotation", "images in an engine have labels (`--label`) and no annotations"),
    refused("--attest", "builders inside engines attest nothing"),
    value("--build-arg", "`NAME=value` or `NAME`", add_build_arg),
    refused(
        "--build-context",
        "a Dockerfile names other images itself (`COPY --from=IMAGE`), and `image.contextPath` the folder",
    ),
    refused("--builder", "`edgectl build --builder` chooses `buildkit` or `classic`"),
    value("--cache-from", "an image", |plan, text, _| {
        let image = text.strip_prefix("type=registry,ref=").unwrap_or(text);
        (!image.contains([',', '='])).then(|| plan.cache_from.push(image.to_owned()))
    }),
    value("--cache-to", "`type=inline`", |plan, text, _| {
        let inline = || plan.args.insert("BUILDKIT_INLINE_CACHE".to_owned(), "1".to_owned());
        (text == "type=inline").then(inline).map(drop)
    }),
    refused("--call", "it builds nothing"),
    value("--cgroup-parent", "a control group's path", |plan, text, _| {
        set_limit(plan, "cgroupparent", text.to_owned()).filter(|()| !text.is_empty())
    }),
    refused("--check", "it builds nothing"),
    unused_switch("--compress", "the context goes to the engine as it is"),
    value("--cpu-period", NUMBER, |plan, text, _| set_number(plan, "cpuperiod", text)),
    value("--cpu-quota", NUMBER, |plan, text, _| set_number(plan, "cpuquota", text)),
    Rule { short: Some("-c"), ..value("--cpu-shares", NUMBER, |plan, text, _| set_number(plan, "cpushares", text)) },
    value("--cpuset-cpus", LIST, |plan, text, _| set_limit(plan, "cpusetcpus", text.to_owned())),
    value("--cpuset-mems", LIST, |plan, text, _| set_limit(plan, "cpusetmems", text.to_owned())),
    unused_switch(
        "--disable-content-trust",
        "signatures are not asked for; a digest, `FROM image@sha256:…`, is checked",
    ),
    Rule { short: Some("-f"), ..unused("--file", "`image.tag.platforms` names the Dockerfile") },
    switch("--force-rm", |_, _| ()),
    refused("--iidfile", "`edgectl build --json` prints the id"),
    value("--isolation", "`default`, the only one of Linux containers", |_, text, _| is(text, "default")),
    value("--label", "`name=value`", |plan, text, _| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        plan.labels.insert(name.to_owned(), value.to_owned());
        (!name.is_empty()).then_some(())
    }),
    unused_switch("--load", "a built image is always in the engine"),
    Rule { short: Some("-m"), ..value("--memory", SIZE, |plan, text, _| set_size(plan, "memory", text)) },
    value("--memory-swap", SIZE, |plan, text, _| match text {
        "-1" => set_limit(plan, "memswap", text.to_owned()),
        _ => set_size(plan, "memswap", text),
    }),
    refused("--metadata-file", "`edgectl build --json` prints what is known of an image"),
    value("--network", "a network's name", |plan, text, _| set(&mut plan.network, text)),
    switch("--no-cache", |plan, on| plan.cache = if on { Cache::Skip } else { Cache::Use }),
    refused("--no-cache-filter", "`--no-cache` runs every step"),
    Rule { short: Some("-o"), ..refused("--output", "a build leaves an image in the engine, and nothing else") },
    value("--platform", "a platform like `linux/arm64`", |plan, text, _| set(&mut plan.platform, text)),
    unused("--progress", "`edgectl build` shows its own, and every line with `--verbose`"),
    value("--provenance", "`false`: builders inside engines attest nothing", |_, text, _| is(text, "false")),
    switch("--pull", |plan, on| plan.bases = if on { Bases::Refresh } else { Bases::Local }),
    refused("--push", "`edgectl build --push` pushes"),
    Rule { short: Some("-q"), ..switch("--quiet", |_, _| ()) },
    switch("--rm", |plan, on| {
        if !on {
            plan.notes.push("build option `--rm=false` has no effect: containers of steps are removed".to_owned());
        }
    }),
    value("--sbom", "`false`: builders inside engines attest nothing", |_, text, _| is(text, "false")),
    value(
        "--secret",
        "`id=NAME,src=PATH` or `id=NAME,env=VARIABLE` of a variable that is set",
        |plan, text, variable| parse_secret(text, variable).map(|(id, secret)| drop(plan.secrets.insert(id, secret))),
    ),
    refused("--security-opt", "engines for Linux images take none in builds"),
    value("--shm-size", SIZE, |plan, text, _| set_size(plan, "shmsize", text)),
    switch("--squash", |plan, on| plan.layers = if on { Layers::Squash } else { Layers::Keep }),
    value("--ssh", "`default` with `SSH_AUTH_SOCK` set, or `ID=SOCKET` of an agent", |plan, text, variable| {
        parse_agent(text, variable).map(|(id, socket)| drop(plan.agents.insert(id, socket)))
    }),
    Rule { short: Some("-t"), ..unused("--tag", "`image.repository` and `image.tag` name the image") },
    value("--target", "a stage's name", |plan, text, _| set(&mut plan.target, text)),
    value("--ulimit", "`name=soft[:hard]` like `nofile=1024:2048`", add_ulimit),
];

const fn value(name: &'static str, expected: &'static str, apply: Apply) -> Rule {
    Rule { name, short: None, effect: Effect::Value(expected, apply) }
}

const fn switch(name: &'static str, apply: fn(&mut BuildPlan, bool)) -> Rule {
    Rule { name, short: None, effect: Effect::Switch(apply) }
}

const fn unused_switch(name: &'static str, why: &'static str) -> Rule {
    Rule { name, short: None, effect: Effect::UnusedSwitch(why) }
}

const fn refused(name: &'static str, why: &'static str) -> Rule {
    Rule { name, short: None, effect: Effect::Refused(why) }
}

const fn unused(name: &'static str, why: &'static str) -> Rule {
    Rule { name, short: None, effect: Effect::Unused(why) }
}

fn is(text: &str, expected: &str) -> Option<()> {
    (text == expected).then_some(())
}

fn add_build_arg(plan: &mut BuildPlan, text: &str, variable: Variable<'_>) -> Option<()> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, variable(text)),
    };
    if name.is_empty() {
        return None;
    }
    // Like docker: a name that the environment does not have keeps the Dockerfile's default.
    if let Some(value) = value {
        plan.args.insert(name.to_owned(), value);
    }
    Some(())
}

fn set(place: &mut Option<String>, text: &str) -> Option<()> {
    *place = Some(text.to_owned());
    (!text.is_empty()).then_some(())
}

fn set_limit(plan: &mut BuildPlan, parameter: &'static str, value: String) -> Option<()> {
    plan.limits.insert(parameter, value);
    Some(())
}

fn set_number(plan: &mut BuildPlan, parameter: &'static str, text: &str) -> Option<()> {
    let number: u64 = text.parse().ok()?;
    set_limit(plan, parameter, number.to_string())
}

/// Takes a number with an optional binary unit: `512m`, `1.5g`, `64KiB`.
fn set_size(plan: &mut BuildPlan, parameter: &'static str, text: &str) -> Option<()> {
    let lower = text.to_ascii_lowercase();
    let (number, unit) = lower.split_at(lower.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(lower.len()));
    let factor = match unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(unit) {
        "" => 1.0,
        "k" => 1024.0,
        "m" => 1024.0 * 1024.0,
        "g" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let bytes = number.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0)? * factor;
    set_limit(plan, parameter, format!("{bytes:.0}"))
}

/// The engine's API has them as a list in JSON.
fn add_ulimit(plan: &mut BuildPlan, text: &str, _: Variable<'_>) -> Option<()> {
    let (name, limits) = text.split_once('=').filter(|(name, _)| !name.is_empty())?;
    let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
    let (soft, hard): (i64, i64) = (soft.parse().ok()?, hard.parse().ok()?);
    let known = plan.limits.get("ulimits").map_or("[]", String::as_str);
    let mut all: Vec<serde_json::Value> = serde_json::from_str(known).unwrap_or_default();
    all.push(serde_json::json!({ "Name": name, "Soft": soft, "Hard": hard }));
    set_limit(plan, "ulimits", serde_json::Value::from(all).to_string())
}
