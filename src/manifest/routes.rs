//! The routes of a manifest: `$edgeHub`'s `routes` (protocol.md §8.7).

use std::ops::Range;
use std::time::Duration;

use super::deployment::RouteSpec;
use super::finding::Finding;
use crate::document::Node;
use crate::route::{Route, RouteWarningKind, SYSTEM_PROPERTIES, Sink};
use crate::text::{TextError, did_you_mean};

const SHAPE: &str = "write `FROM <source> [WHERE <condition>] INTO <sink>`";

/// Says whether the `$` at a place of a route begins a word of the routing language, which no variable replaces.
pub(super) fn is_word(route: &str, dollar: usize) -> bool {
    let rest = &route[dollar + 1..];
    let token = rest.split(|c: char| c.is_whitespace() || "()<>@,;:\\\"/?={}".contains(c)).next().unwrap_or_default();
    let first = token.split(['.', '[']).next().unwrap_or_default();
    let is = |word: &str| word.eq_ignore_ascii_case(token) || word.eq_ignore_ascii_case(first);
    ["body", "upstream"].into_iter().chain(SYSTEM_PROPERTIES).any(is)
}

/// Reads and checks the routes; what is wrong with one doesn't hide what is wrong with the next.
pub(super) fn read(hub: &Node<'_>, schema: &str, modules: &[&str], findings: &mut Vec<Finding>) -> Vec<RouteSpec> {
    let Some(routes) = hub.get("routes") else { return Vec::new() };
    let members = match routes.members() {
        Ok(members) => members,
        Err(at) => {
            findings.push(Finding::error("routes", at));
            return Vec::new();
        }
    };
    let mut read = Vec::new();
    // A route that is null deletes one in a patch, and means nothing here.
    for (name, node) in members.into_iter().filter(|(_, node)| !node.value().is_null()) {
        match read_route(name, &node, schema) {
            Ok((_, text)) if schema == "1.0" && text.text.trim().is_empty() => {}
            Ok((place, route)) => {
                check(&place, &route.text, modules, findings);
                read.push(route);
            }
            Err(at) => findings.push(Finding::error("route", at)),
        }
    }
    read
}

pub(super) fn read_route<'d>(name: &str, node: &Node<'d>, schema: &str) -> Result<(Node<'d>, RouteSpec), TextError> {
    if name.is_empty() || name.contains(['.', '$', '#', ' ']) {
        return Err(node.key_error(format!("`{name}` is no name of a route")).hint("leave out blanks and . $ #"));
    }
    if !node.value().is_object() {
        let text = node.text().map_err(|_| node.wrong("a string, or an object with the member `route`"))?;
        let spec = RouteSpec { name: name.to_owned(), text: text.to_owned(), priority: None, ttl: None };
        return Ok((node.clone(), spec));
    }
    if schema == "1.0" {
        return Err(node.wrong("a string").hint("write \"schemaVersion\": \"1.1\" to give routes a priority"));
    }
    node.refuse_unknown(&["route", "priority", "timeToLiveSecs"])?;
    let place = node.need("route")?;
    let priority = node.get("priority").map(|priority| priority.whole_number(9)).transpose()?;
    let seconds = node.get("timeToLiveSecs").map(|ttl| ttl.whole_number(u64::from(u32::MAX))).transpose()?;
    let spec = RouteSpec {
        name: name.to_owned(),
        text: place.text()?.to_owned(),
        priority: priority.and_then(|priority| u8::try_from(priority).ok()),
        ttl: seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs),
    };
    Ok((place, spec))
}

/// Compiles one route; what is wrong or suspicious in it becomes findings.
pub(super) fn compile(place: &Node<'_>, text: &str, findings: &mut Vec<Finding>) -> Option<Route> {
    let route = match Route::parse(text) {
        Ok(route) => route,
        Err(error) => {
            let hint = error.hint().unwrap_or_else(|| SHAPE.to_owned());
            let told = place.error_inside(&error.span, &error).hint(hint);
            findings.push(Finding::error("route", told));
            return None;
        }
    };
    for warning in route.warnings() {
        let told = place.error_inside(&warning.span, warning).hint(warning.hint());
        findings.push(Finding::warning(warning_code(&warning.kind), told));
    }
    Some(route)
}

/// Checks one route: its syntax, and that the modules it names are there.
fn check(place: &Node<'_>, text: &str, modules: &[&str], findings: &mut Vec<Finding>) {
    let Some(route) = compile(place, text, findings) else { return };
    let from = route.source().strip_prefix("/messages/modules/").and_then(|rest| rest.split('/').next());
    if let Some(name) = from.filter(|name| !modules.iter().any(|module| module.eq_ignore_ascii_case(name))) {
        findings.extend(unknown_module(place, name, text.find(&format!("/{name}")), modules));
    }
    if let Sink::Input { module, .. } = route.sink()
        && !modules.contains(&module.as_str())
    {
        let name = module.as_str();
        findings.extend(unknown_module(place, name, text.rfind(&format!("/{name}/")), modules));
    }
}

fn warning_code(kind: &RouteWarningKind) -> &'static str {
    match kind {
        RouteWarningKind::StarInside { .. } | RouteWarningKind::PartialName { .. } => "route-star",
        RouteWarningKind::NoSuchSource { .. } => "route-source",
        RouteWarningKind::CommentInPath => "route-comment",
        RouteWarningKind::OperatorInName { .. } => "operator-in-name",
        RouteWarningKind::IsNull => "is-null",
        RouteWarningKind::NoSuchProperty { .. } => "unknown-property",
        RouteWarningKind::NeverTrue { .. } | RouteWarningKind::AlwaysFalse | RouteWarningKind::BodyOfTwinChange => {
            "never-matches"
        }
    }
}

/// `slash` is where the name stands in the route, with the slash in front.
fn unknown_module(place: &Node<'_>, name: &str, slash: Option<usize>, modules: &[&str]) -> Option<Finding> {
    // A `*` there has its own warning.
    if name.is_empty() || name.contains('*') {
        return None;
    }
    let span: Range<usize> = slash.map_or(0..0, |slash| slash + 1..slash + 1 + name.len());
    let hint = did_you_mean(name, modules.iter().copied())
        .unwrap_or_else(|| format!("add the module `{name}`, or take the route out"));
    let told = place.error_inside(&span, format!("the deployment has no module `{name}`"));
    Some(Finding::error("unknown-module", told.hint(hint)))
}
