//! Where messages go: routes that lead in a circle, and modules that nothing from outside reaches.
//!
//! Only what is likely is told. A condition may end a circle, so routes with one never make one here; and two modules
//! that ask and answer each other by outputs of their own do not pass on what they get.

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

/// Every route between the modules that users write.
struct Flow<'p, 'd> {
    names: Vec<&'p str>,
    edges: Vec<Edge<'p, 'd>>,
    /// Modules that something other than modules feeds, too.
    fed: BTreeSet<usize>,
}

/// Modules that reach each other.
type Circle = BTreeSet<usize>;

/// Reports circles, and modules that only feed each other.
pub(super) fn check(parts: &Parts<'_>, findings: &mut Vec<Finding>) {
    let flow = Flow::of(parts);
    let closed: Vec<Circle> = flow.circles().into_iter().filter(|circle| flow.is_closed(circle)).collect();
    // What feeds the modules of a layer may stand in its base.
    if !parts.is_layer() {
        findings.extend(closed.iter().filter_map(|circle| flow.never_fed(circle)));
    }
    let next = flow.next(|edge| edge.way.route.is_unconditional());
    let mut told: Vec<Circle> = closed;
    for way in &parts.routes {
        let Some(path) = flow.way_round(way, &next) else { continue };
        let circle: Circle = path.iter().copied().collect();
        if !told.iter().any(|other| *other == circle || (other.len() > 1 && other.is_superset(&circle))) {
            findings.push(flow.loop_along(way, &path));
            told.push(circle);
        }
    }
}

impl<'p, 'd> Flow<'p, 'd> {
    fn of(parts: &'p Parts<'d>) -> Self {
        let names: Vec<&str> = parts.user_modules().map(|module| module.name.as_str()).collect();
        let by_name: BTreeMap<String, usize> =
            names.iter().enumerate().map(|(at, name)| (name.to_ascii_lowercase(), at)).collect();
        let mut flow = Self { names, edges: Vec::new(), fed: BTreeSet::new() };
        for way in &parts.routes {
            let Sink::Input { module, .. } = way.route.sink() else { continue };
            let Some(to) = flow.names.iter().position(|name| *name == module.as_str()) else { continue };
            let (from, takes, others) = sources(way.route.source(), &by_name);
            if others {
                flow.fed.insert(to);
            }
            flow.edges.extend(from.into_iter().map(|from| Edge { from, to, takes, way }));
        }
        flow
    }

    /// The modules one step away from each, by some of the routes.
    fn next(&self, is_taken: impl Fn(&Edge<'_, '_>) -> bool) -> Vec<BTreeSet<usize>> {
        let mut next = vec![BTreeSet::new(); self.names.len()];
        for edge in self.edges.iter().filter(|edge| is_taken(edge)) {
            next[edge.from].insert(edge.to);
        }
        next
    }

    /// The largest circles; a module alone is one if it feeds itself.
    fn circles(&self) -> BTreeSet<Circle> {
        let next = self.next(|_| true);
        let reach: Vec<Circle> = (0..self.names.len()).map(|start| reached(start, &next)).collect();
        let around =
            |start: usize| reach[start].iter().copied().filter(|other| reach[*other].contains(&start)).collect();
        (0..self.names.len()).map(around).filter(|circle: &Circle| !circle.is_empty()).collect()
    }

    /// Says whether two modules or more get messages of each other, and of nobody else.
    fn is_closed(&self, circle: &Circle) -> bool {
        let is_fed = !circle.is_disjoint(&self.fed)
            || self.edges.iter().any(|edge| circle.contains(&edge.to) && !circle.contains(&edge.from));
        circle.len() > 1 && !is_fed
    }

    fn never_fed(&self, circle: &Circle) -> Option<Finding> {
        let who: Vec<String> = circle.iter().map(|module| format!("`{}`", self.names[*module])).collect();
        let first = self.edges.iter().find(|edge| circle.contains(&edge.from) && circle.contains(&edge.to))?;
        let told = first.way.place.error(format!("only each other feeds {}", who.join(" and ")));
        let hint = format!("add a route into {}, unless one of them begins by itself", who.join(" or "));
        Some(Finding::warning("never-fed", told.hint(hint)))
    }

    /// The shortest circle that begins with a route: modules from the first to itself.
    ///
    /// Only a route that takes whatever a module sends passes on for sure, or one that leads straight back.
    fn way_round(&self, way: &Way<'_>, next: &[BTreeSet<usize>]) -> Option<Vec<usize>> {
        let is_begin =
            |edge: &&Edge<'_, '_>| std::ptr::eq(edge.way, way) && (edge.takes == Takes::All || edge.from == edge.to);
        let begins = self.edges.iter().filter(|_| way.route.is_unconditional()).filter(is_begin);
        begins.filter_map(|edge| way_back(edge, next)).min_by_key(Vec::len)
    }

    fn loop_along(&self, way: &Way<'_>, path: &[usize]) -> Finding {
        let names: Vec<String> = path.iter().map(|at| format!("`{}`", self.names[*at])).collect();
        let told = match &names[..] {
            [name, _] => way
                .place
                .error(format!("{name} gets back what it sends itself"))
                .hint("route only what the module is to get, or add a condition that ends the circle"),
            _ => way
                .place
                .error(format!("messages may go round for ever: {}", names.join(" → ")))
                .hint("name the output that is meant instead of `*`, or add a condition that ends the circle"),
        };
        Finding::warning("loop", told)
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

/// The shortest way from the module that an edge leaves, along it and back.
fn way_back(edge: &Edge<'_, '_>, next: &[BTreeSet<usize>]) -> Option<Vec<usize>> {
    let mut open = VecDeque::from([vec![edge.from, edge.to]]);
    let mut seen = BTreeSet::from([edge.to]);
    while let Some(path) = open.pop_front() {
        let at = path[path.len() - 1];
        if at == edge.from {
            return Some(path);
        }
        for to in next[at].iter().copied().filter(|to| seen.insert(*to)) {
            open.push_back(path.iter().copied().chain([to]).collect());
        }
    }
    None
}
