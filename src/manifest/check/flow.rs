//! Where messages go: routes that lead in a circle.
//!
//! Only what is sure is told. A condition may end a circle, so routes with one never make one here; and two modules that
//! ask and answer each other by outputs of their own do not pass on what they get.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::parts::{Parts, Way};
use crate::manifest::finding::Finding;
use crate::route::Sink;

/// What a route takes from a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// Whatever the module sends.
    All,
    /// One of its outputs.
    Output,
}

/// A route from a module to a module, by their places in the list.
struct Edge<'p, 'd> {
    from: usize,
    to: usize,
    takes: Takes,
    way: &'p Way<'d>,
}

/// Reports circles.
pub(super) fn check(parts: &Parts<'_>, findings: &mut Vec<Finding>) {
    let names: Vec<&str> = parts.user_modules().map(|module| module.name.as_str()).collect();
    let by_name: BTreeMap<String, usize> =
        names.iter().enumerate().map(|(at, name)| (name.to_ascii_lowercase(), at)).collect();
    let mut edges = Vec::new();
    let mut fed_from_outside = BTreeSet::new();
    for way in &parts.routes {
        let Sink::Input { module, .. } = way.route.sink() else { continue };
        let Some(to) = names.iter().position(|name| *name == module.as_str()) else { continue };
        let (from, takes, others) = sources(way.route.source(), &by_name);
        if others || !way.route.is_unconditional() {
            fed_from_outside.insert(to);
        }
        if way.route.is_unconditional() {
            edges.extend(from.into_iter().map(|from| Edge { from, to, takes, way }));
        }
    }
    let mut next = vec![BTreeSet::new(); names.len()];
    for edge in &edges {
        next[edge.from].insert(edge.to);
    }
    let reach: Vec<BTreeSet<usize>> = (0..names.len()).map(|start| reached(start, &next)).collect();
    let mut told = BTreeSet::new();
    for start in 0..names.len() {
        let circle: BTreeSet<usize> =
            reach[start].iter().copied().filter(|other| reach[*other].contains(&start)).collect();
        if circle.contains(&start) && told.insert(circle.clone()) {
            let is_fed = edges.iter().any(|edge| circle.contains(&edge.to) && !circle.contains(&edge.from))
                || circle.iter().any(|module| fed_from_outside.contains(module));
            findings.extend(circle_of(&names, &edges, &circle, is_fed));
        }
    }
}

/// The modules that a source selects, and whether it selects messages of others (leaf devices, twin changes), too.
fn sources(source: &str, modules: &BTreeMap<String, usize>) -> (Vec<usize>, Takes, bool) {
    let segments: Vec<String> = source.split('/').filter(|s| !s.is_empty()).map(str::to_ascii_lowercase).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let one = |name: &str| modules.get(name).copied().into_iter().collect();
    match segments[..] {
        [] | ["messages"] => (modules.values().copied().collect(), Takes::All, true),
        ["messages", "modules"] => (modules.values().copied().collect(), Takes::All, false),
        ["messages", "modules", name] | ["messages", "modules", name, "outputs"] => (one(name), Takes::All, false),
        ["messages", "modules", name, "outputs", _] => (one(name), Takes::Output, false),
        _ => (Vec::new(), Takes::All, true),
    }
}

/// The modules that messages of one may come to, itself only if they come back; `next` are those one step away.
fn reached(start: usize, next: &[BTreeSet<usize>]) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        open.extend(next[at].iter().copied().filter(|to| found.insert(*to)));
    }
    found
}

fn circle_of(names: &[&str], edges: &[Edge<'_, '_>], circle: &BTreeSet<usize>, is_fed: bool) -> Option<Finding> {
    let inside = || edges.iter().filter(|edge| circle.contains(&edge.from) && circle.contains(&edge.to));
    let wide = inside().find(|edge| edge.takes == Takes::All || edge.from == edge.to);
    let [first, .., last] = circle.iter().copied().collect::<Vec<_>>()[..] else {
        let edge = wide?;
        let told = edge.way.place.error(format!("`{}` gets back what it sends itself", names[edge.to]));
        let hint = "route only what the module is to get, or add a condition that ends the circle";
        return Some(Finding::warning("loop", told.hint(hint)));
    };
    if !is_fed {
        let who: Vec<String> = circle.iter().map(|module| format!("`{}`", names[*module])).collect();
        let told = inside().next()?.way.place.error(format!("only each other feeds {}", who.join(" and ")));
        let hint =
            format!("add a route into `{}` or `{}`, unless one of them begins by itself", names[first], names[last]);
        return Some(Finding::warning("never-fed", told.hint(hint)));
    }
    let edge = wide?;
    let path: Vec<String> = way_back(edge, edges).iter().map(|module| format!("`{}`", names[*module])).collect();
    let told = edge.way.place.error(format!("messages may go round for ever: {}", path.join(" → ")));
    let hint = "name the output that is meant instead of `*`, or add a condition that ends the circle";
    Some(Finding::warning("loop", told.hint(hint)))
}

/// The shortest way from the module that an edge leaves, along it and back.
fn way_back(edge: &Edge<'_, '_>, edges: &[Edge<'_, '_>]) -> Vec<usize> {
    let mut open = VecDeque::from([vec![edge.from, edge.to]]);
    let mut seen = BTreeSet::from([edge.to]);
    while let Some(path) = open.pop_front() {
        let at = path[path.len() - 1];
        if at == edge.from {
            return path;
        }
        for next in edges.iter().filter(|next| next.from == at && seen.insert(next.to)) {
            open.push_back(path.iter().copied().chain([next.to]).collect());
        }
    }
    Vec::new()
}
