//! A layer: what it changes in the deployment below it (protocol.md §10.5).
//!
//! What a layer leaves open stands in a base that isn't known here: routes may name modules that the layer doesn't
//! have, and keys that lead into a module (`….modules.filter.env.LEVEL`) are taken as they are.

use super::deployment::{self, ModuleSpec, RegistryCredential, RouteSpec};
use super::finding::{Finding, Severity, kept};
use super::{modules, routes, shape};
use crate::document::{Document, Node};
use crate::identity::ModuleId;

/// The whole modules and routes that a layer brings, and whose twins it changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// The modules that users write, in the layer's order.
    pub modules: Vec<ModuleSpec>,
    /// The routes, in the layer's order; each one compiles.
    pub routes: Vec<RouteSpec>,
    /// The registries that it brings credentials of.
    pub registries: Vec<RegistryCredential>,
    /// The modules whose desired properties it changes, those of the runtime left out.
    pub twins: Vec<ModuleId>,
}

impl Layer {
    /// Reads a layer; `None` if the document is a whole deployment, or no deployment at all.
    ///
    /// `warnings` gets what is only suspicious, as in [`Deployment::parse`](super::Deployment::parse).
    pub fn parse(document: &Document, warnings: &mut Vec<Finding>) -> Option<Result<Self, Vec<Finding>>> {
        let content = document.node(&shape::modules_content(document).ok()?)?;
        shape::layer_key(&content)?;
        let mut findings = Vec::new();
        let layer = Self::read(&content, &mut findings);
        let (errors, suspicious): (Vec<_>, Vec<_>) = findings.into_iter().partition(|f| f.severity == Severity::Error);
        warnings.extend(suspicious);
        Some(if errors.is_empty() { Ok(layer) } else { Err(errors) })
    }

    fn read(content: &Node<'_>, findings: &mut Vec<Finding>) -> Self {
        let mut layer = Self { modules: Vec::new(), routes: Vec::new(), registries: Vec::new(), twins: Vec::new() };
        if let Some(agent) = content.get(ModuleId::EDGE_AGENT) {
            for (name, node) in shape::members_of(&agent, &["modules"]) {
                layer.modules.extend(modules::read_named(name, &node, findings));
            }
            for (_, node) in shape::members_of(&agent, &["runtime", "settings", "registryCredentials"]) {
                let registry = deployment::registry(&node).map_err(|at| Finding::error("registry", at));
                layer.registries.extend(kept(registry, findings));
            }
        }
        for (name, node) in content.members().unwrap_or_default() {
            if !matches!(name, ModuleId::EDGE_AGENT | ModuleId::EDGE_HUB) {
                layer.twins.extend(kept(modules::check_name(name, &node), findings));
            }
        }
        if let Some(hub) = content.get(ModuleId::EDGE_HUB) {
            layer.routes = read_routes(&hub, findings);
        }
        layer
    }
}

fn read_routes(hub: &Node<'_>, findings: &mut Vec<Finding>) -> Vec<RouteSpec> {
    let mut read = Vec::new();
    for (name, node) in shape::members_of(hub, &["routes"]) {
        // The schema is the base's; every one but the oldest knows routes that are objects.
        match routes::read_route(name, &node, "1.1") {
            Ok((place, route)) => {
                routes::compile(&place, &route.text, findings);
                read.push(route);
            }
            Err(at) => findings.push(Finding::error("route", at)),
        }
    }
    read
}
